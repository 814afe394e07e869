//! What visitors of a server see: policies over what is published, asked once and kept until either changes.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::civil::Date;
use kepi_access::policy::{Action, Bound, Holder, Policies, Sight as Decisions};
use kepi_model::id::{KpiId, PolicyId, ScorecardId, SourceId, UnitId};
use kepi_report::{facts::Facts, reader::Reader, seen::Sight};

use crate::{
    compose,
    failure::Failure,
    policies::{self, Stamp},
};

/// What somebody sees, and who could change that.
struct Seeing {
    decisions: Decisions,
    owners: Vec<String>,
}

impl Sight for Seeing {
    fn kpi(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool {
        self.decisions.kpi(kpi, unit)
    }
    fn explained(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool {
        self.decisions.explained(kpi, unit)
    }
    fn scorecard(&self, scorecard: &ScorecardId, unit: Option<&UnitId>) -> bool {
        self.decisions.scorecard(scorecard, unit)
    }
    fn data(&self, source: &SourceId) -> bool {
        self.decisions.data(source)
    }
    fn rows(&self, source: &SourceId) -> bool {
        self.decisions.rows(source)
    }
    fn why_not(&self, source: &SourceId, rows: bool) -> String {
        let action = if rows { Action::SeeRows } else { Action::SeeData };
        self.decisions.why_not(action, Some(source))
    }
    fn decisions(&self) -> bool {
        self.decisions.decisions()
    }
    fn decides(&self) -> bool {
        self.decisions.decides()
    }
    fn why_no_decisions(&self, part: bool) -> String {
        self.decisions.why_not(if part { Action::Decide } else { Action::SeeDecisions }, None)
    }
    fn whom(&self) -> String {
        let roles: Vec<String> = self.decisions.holder().roles.iter().map(ToString::to_string).collect();
        let roles =
            if roles.is_empty() { "without a role".to_owned() } else { format!("as {}", roles.join(", ")) };
        let here = format!("you are here {roles}, and {} can change that", self.owners.join(" or "));
        // A token sees what its person sees and its scopes cover: another role is no help against them.
        let Some(scopes) = &self.decisions.holder().scopes else { return here };
        let scopes: Vec<String> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
        format!(
            "{here}; your token is for {} alone, and `kepi access token create` makes another",
            scopes.join(", ")
        )
    }
}

/// Policies bound to what is shown now.
struct Current {
    facts: Arc<dyn Facts>,
    stamp: Stamp,
    day: Date,
    bound: Arc<Bound>,
    sights: BTreeMap<Holder, Arc<dyn Sight>>,
}

/// Policies with what they were read of: files of the folder, and what definitions say.
struct Held {
    stamp: Stamp,
    said: BTreeMap<PolicyId, String>,
    policies: Policies,
}

/// The sights of all visitors.
pub struct Sights {
    root: PathBuf,
    reader: Arc<dyn Reader>,
    policies: Mutex<Held>,
    current: Mutex<Option<Current>>,
}

impl Sights {
    /// Over what a reader shows, by the policies of the project in `root`, which must be right.
    pub fn new(root: PathBuf, reader: Arc<dyn Reader>) -> Result<Self, Failure> {
        let stamp = policies::stamp(&root).map_err(Failure::io("the policies could not be read"))?;
        let facts = reader.now()?;
        let policies = policies::right(&root, facts.project())?;
        let held = Held { stamp, said: facts.project().policies.clone(), policies };
        Ok(Self { root, reader, policies: Mutex::new(held), current: Mutex::new(None) })
    }

    /// The policies as they stand; what was made wrong while the server runs does not hold.
    fn policies(&self, facts: &dyn Facts) -> (Stamp, Policies) {
        let mut held = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        match policies::stamp(&self.root) {
            Ok(stamp) if stamp == held.stamp && facts.project().policies == held.said => {}
            Ok(stamp) => {
                match policies::right(&self.root, facts.project()) {
                    Ok(policies) => held.policies = policies,
                    Err(failure) => {
                        tracing::error!(failure = failure.in_words(), "the policies before hold on");
                    }
                }
                held.stamp = stamp;
                held.said.clone_from(&facts.project().policies);
            }
            Err(error) => tracing::error!(%error, "the policies cannot be read; those before hold on"),
        }
        (held.stamp.clone(), held.policies.clone())
    }

    /// What somebody sees now.
    pub fn of(&self, holder: Holder, owners: &[String]) -> Result<Arc<dyn Sight>, Failure> {
        let facts = self.reader.now()?;
        let (stamp, policies) = self.policies(facts.as_ref());
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let day = compose::today();
        let same = |held: &&mut Current| {
            std::ptr::addr_eq(Arc::as_ptr(&held.facts), Arc::as_ptr(&facts))
                && held.stamp == stamp
                && held.day == day
        };
        if current.as_mut().filter(same).is_none() {
            let bound = Arc::new(Bound::new(policies, Arc::new(facts.project().clone()), day));
            *current = Some(Current { facts, stamp, day, bound, sights: BTreeMap::new() });
        }
        let Some(current) = current.as_mut() else {
            return Err(Failure::Other("nothing is shown".to_owned()));
        };
        let make = || -> Arc<dyn Sight> {
            let decisions = Decisions::new(Arc::clone(&current.bound), holder.clone());
            Arc::new(Seeing { decisions, owners: owners.to_vec() })
        };
        Ok(Arc::clone(current.sights.entry(holder.clone()).or_insert_with(make)))
    }
}
