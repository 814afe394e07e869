//! What alerts led to, and what would ask less without losing anything that somebody acted on: made of what people did, as a change
//! of the alert's own text that others agree to.

use std::collections::{BTreeMap, BTreeSet};

use kepi_govern::{
    Content, Item, Organisation,
    items::{self, Outcome},
};
use kepi_insight::alarm::Looked;
use kepi_model::{
    acting::{Alert, Signal},
    documents::{DocumentText, documents},
    edit,
    governance::Mode,
    id::KpiId,
    project::Project,
};
use kepi_report::decided::Tuned;
use serde::Serialize;

use super::{
    follow::{Published, place, watched},
    period_of_kpi,
};
use crate::{
    archive,
    deciding::{self, Acting, Deciding},
    editing::Edit,
    error::AppError,
    open::App,
};

/// Fewer alerts that led to nothing say nothing of what raised them.
const FEWEST: usize = 3;
/// By so many periods more at most a tuned alert waits.
const LONGEST: u16 = 6;

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// Somebody acted: a plan, a repair, a decision to accept it.
    ActedOn,
    /// Somebody said that it needs nothing.
    Dismissed,
    /// It was over before anybody did anything.
    Ignored,
    /// It is open.
    Open,
}

impl Came {
    /// Of an alert.
    pub fn of(organisation: &Organisation, item: &Item) -> Self {
        let planned = organisation
            .items
            .children(item.number)
            .any(|child| matches!(child.content, Content::ActionPlan(_)));
        match item.ended {
            Some((Outcome::Dismissed, _)) => Self::Dismissed,
            _ if planned || item.work.finished.is_some() => Self::ActedOn,
            None => Self::Open,
            Some(_) => Self::Ignored,
        }
    }

    fn is_for_nothing(self) -> bool {
        matches!(self, Self::Dismissed | Self::Ignored)
    }
}

/// A change of an alert by which it asks less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What of it is written anew: `persistence`.
    pub field: &'static str,
    /// What stands there then.
    pub value: String,
    /// So many of the alerts that led to nothing would not have been raised.
    pub spared: usize,
    /// Why, in words.
    pub why: String,
}

/// What an alert led to, and what would tune it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tuning {
    /// The alert.
    pub alert: String,
    /// Alerts that somebody acted on.
    pub acted_on: usize,
    /// Alerts that somebody dismissed.
    pub dismissed: usize,
    /// Alerts that were over before anybody did anything.
    pub ignored: usize,
    /// Alerts that are open.
    pub open: usize,
    /// What would ask less, without losing one that somebody acted on.
    pub changes: Vec<Change>,
    /// The text of the alert with these changes; none: there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl From<Tuning> for Tuned {
    fn from(of: Tuning) -> Self {
        let count = |n: usize| n as u64;
        Self {
            alert: of.alert,
            acted_on: count(of.acted_on),
            dismissed: count(of.dismissed),
            ignored: count(of.ignored),
            open: count(of.open),
            changes: of.changes.into_iter().map(|change| (change.field, change.value, change.why)).collect(),
            text: of.text,
        }
    }
}

/// An alert that was raised, with what is known of its series.
struct Raised<'a> {
    of: &'a items::Alert,
    came: Came,
    /// For how many periods in a row it lasted, of a sign that has to last.
    lasted: usize,
}

/// For how many periods in a row, around the one in which it was raised, a series was as it was then.
fn lasted(looked: &[Looked], ordinal: i32, sign: Signal) -> usize {
    let is = |ordinal: i32| {
        let of = looked.iter().find(|of| of.ordinal == ordinal);
        of.is_some_and(|of| match sign {
            Signal::Bound => of.bound == Some(true),
            _ => of.red == Some(true),
        })
    };
    if !is(ordinal) {
        return 0;
    }
    let before = (1..).take_while(|ago| is(ordinal - ago)).count();
    let after = (0..).take_while(|later| is(ordinal + later)).count();
    before + after
}

/// What would tune an alert.
fn changes(alert: &Alert, all: &[Raised<'_>], watched: &BTreeSet<&KpiId>) -> Vec<Change> {
    let mut found = Vec::new();
    let mut spared: BTreeSet<usize> = BTreeSet::new();
    let split = |of: &dyn Fn(&Raised<'_>) -> bool| {
        let own = all.iter().enumerate().filter(|(_, one)| of(one));
        let (acted, nothing): (Vec<_>, Vec<_>) =
            own.filter(|(_, one)| one.came != Came::Open).partition(|(_, one)| !one.came.is_for_nothing());
        let places: Vec<usize> = nothing.into_iter().map(|(place, _)| place).collect();
        (acted.len(), places)
    };
    // A signal that nobody ever acted on.
    let mut on = alert.on.clone();
    for sign in &alert.on {
        let (acted, nothing) = split(&|one| one.of.sign == *sign);
        if acted == 0 && nothing.len() >= FEWEST && on.len() > 1 {
            on.remove(sign);
            spared.extend(nothing);
        }
    }
    if on.len() < alert.on.len() {
        let words = |of: &BTreeSet<Signal>| of.iter().map(|sign| sign.word()).collect::<Vec<_>>().join(", ");
        let gone: BTreeSet<Signal> = alert.on.difference(&on).copied().collect();
        found.push(Change {
            field: "on",
            value: format!("[{}]", words(&on)),
            spared: spared.len(),
            why: format!("nobody acted on any of {} raised by {}", spared.len(), words(&gone)),
        });
    }
    // What passes by itself before it has lasted as long as anything that somebody acted on.
    let lasting =
        |one: &Raised<'_>| matches!(one.of.sign, Signal::Red | Signal::Bound) && on.contains(&one.of.sign);
    let (acted, nothing): (Vec<_>, Vec<_>) = all
        .iter()
        .enumerate()
        .filter(|(_, one)| lasting(one) && one.came != Came::Open)
        .partition(|(_, one)| !one.came.is_for_nothing());
    let most = alert.persistence + LONGEST;
    let kept = acted.iter().map(|(_, one)| one.lasted).min().map_or(most, |least| most.min(least as u16));
    let would_spare = |persistence: u16| -> Vec<usize> {
        let short = nothing.iter().filter(|(_, one)| one.lasted < usize::from(persistence));
        short.map(|(place, _)| *place).collect()
    };
    let best = would_spare(kept);
    // Not longer than it takes to spare as many.
    let shortest = (alert.persistence + 1..=kept).find(|p| would_spare(*p).len() == best.len());
    if let Some(persistence) = shortest.filter(|_| best.len() >= FEWEST) {
        found.push(Change {
            field: "persistence",
            value: persistence.to_string(),
            spared: best.len(),
            why: format!(
                "{} that nobody acted on were over before {persistence} periods, and none that somebody acted on was",
                best.len()
            ),
        });
        spared.extend(best);
    }
    // KPIs of which nobody ever wanted to know.
    let mut quiet: Vec<&KpiId> = Vec::new();
    let mut places = Vec::new();
    for kpi in watched {
        let (acted, nothing) = split(&|one| one.of.kpi == **kpi);
        let nothing: Vec<usize> = nothing.into_iter().filter(|place| !spared.contains(place)).collect();
        if acted == 0 && nothing.len() >= FEWEST {
            quiet.push(kpi);
            places.extend(nothing);
        }
    }
    if !quiet.is_empty() && quiet.len() < watched.len() {
        let stay: Vec<&str> =
            watched.iter().filter(|kpi| !quiet.contains(kpi)).map(|kpi| kpi.as_str()).collect();
        let gone: Vec<&str> = quiet.iter().map(|kpi| kpi.as_str()).collect();
        found.push(Change {
            field: "kpis",
            value: format!("[{}]", stay.join(", ")),
            spared: places.len(),
            why: format!("nobody acted on any of {} about {}", places.len(), gone.join(", ")),
        });
    }
    found
}

impl App {
    /// What each alert in force led to, or the one of a name, and what would tune it.
    ///
    /// # Errors
    /// There is none of this name, or store or lake refused.
    pub async fn tunings(&self, name: Option<&str>) -> Result<Vec<Tuning>, AppError> {
        let Some((files, _)) = archive::in_force(&self.store).await? else { return Ok(Vec::new()) };
        let project = self.in_force().await?;
        let organisation = self.store.organisation().await?;
        if let Some(name) = name.filter(|name| !project.alerts.keys().any(|id| id.as_str() == *name)) {
            let all: Vec<&str> = project.alerts.keys().map(|id| id.as_str()).collect();
            let there = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
            return Err(AppError::NotFound(format!("there is no alert `{name}` in force, but {there}")));
        }
        let published = self.published(&project).await?;
        let texts = documents(&files);
        let mut found = Vec::new();
        for alert in project.alerts.values().filter(|of| name.is_none_or(|name| of.id.as_str() == name)) {
            let tuning = tuning(&project, &organisation, &published, alert);
            let is = |d: &&DocumentText| d.kind == "alert" && d.name == alert.id.as_str();
            let text = texts.iter().find(is).map(|document| document.text.clone());
            found.push(with_text(tuning, text)?);
        }
        Ok(found)
    }

    /// Proposes what would tune an alert.
    ///
    /// # Errors
    /// There is nothing to propose, a law forbids it, or the database refuses.
    pub async fn tune(&self, name: &str, acting: Acting<'_>) -> Result<u64, AppError> {
        if deciding::mode(&self.store).await? == Mode::Open {
            return Err(AppError::NotFound(format!(
                "this project is open: the next run puts in force what stands in its files; write what `kepi alert tune {name}` says there"
            )));
        }
        let tuning = self.tunings(Some(name)).await?.into_iter().next();
        let tuning = tuning.ok_or_else(|| AppError::NotFound("no alert is in force".to_owned()))?;
        let Some(text) = &tuning.text else {
            return Err(AppError::NotFound(format!(
                "nothing would tune `{name}`: {} of its alerts led to something, {} to nothing",
                tuning.acted_on,
                tuning.dismissed + tuning.ignored
            )));
        };
        let deciding = Deciding(&self.store);
        let drafted = deciding.drafted(&format!("alert/{name}"), None, Edit::Text(text), None).await?;
        let Some((files, project)) = drafted.whole else {
            let findings = drafted.draft.findings.iter().map(|of| of.message.clone());
            return Err(AppError::NotFound(findings.collect::<Vec<_>>().join("; ")));
        };
        let why: Vec<String> = tuning.changes.iter().map(|change| change.why.clone()).collect();
        deciding.propose(&files, &project, acting, &why.join("; "), None).await
    }
}

fn tuning(project: &Project, organisation: &Organisation, published: &Published, alert: &Alert) -> Tuning {
    let mut series: BTreeMap<(KpiId, Option<_>), Vec<Looked>> = BTreeMap::new();
    let mut raised = Vec::new();
    for item in organisation.items.all() {
        let Content::Alert(of) = &item.content else { continue };
        if of.rule.as_str() != alert.id.as_str() {
            continue;
        }
        let looked = series.entry((of.kpi.clone(), of.unit.clone())).or_insert_with(|| {
            let place = place(project, &of.kpi, of.unit.as_ref());
            place.map_or_else(Vec::new, |place| place.looked(project, Some(alert), published))
        });
        let lasted = lasted(looked, period_of_kpi(project, &of.kpi, of.period).ordinal, of.sign);
        raised.push(Raised { of, came: Came::of(organisation, item), lasted });
    }
    let all = watched(project, alert);
    let kpis: BTreeSet<&KpiId> = all.iter().map(|of| &of.kpi.id).collect();
    let n = |came| raised.iter().filter(|one| one.came == came).count();
    Tuning {
        alert: alert.id.to_string(),
        acted_on: n(Came::ActedOn),
        dismissed: n(Came::Dismissed),
        ignored: n(Came::Ignored),
        open: n(Came::Open),
        changes: changes(alert, &raised, &kpis),
        text: None,
    }
}

/// With the text of the alert as it would be.
fn with_text(tuning: Tuning, text: Option<String>) -> Result<Tuning, AppError> {
    let Some(mut text) = text.filter(|_| !tuning.changes.is_empty()) else { return Ok(tuning) };
    for change in &tuning.changes {
        text = edit::put(&text, change.field, &change.value)
            .map_err(|error| AppError::NotFound(error.to_string()))?;
    }
    Ok(Tuning { text: Some(text), ..tuning })
}

#[cfg(test)]
mod tests {
    use kepi_govern::periods::PeriodId;
    use kepi_model::{acting::Severity, calendar::Grain};

    use super::*;

    fn alert(on: &[Signal], persistence: u16) -> Alert {
        Alert {
            id: "attention".parse().unwrap(),
            name: "Attention".to_owned(),
            on: on.iter().copied().collect(),
            kpis: BTreeSet::new(),
            by_unit: false,
            bounds: BTreeMap::new(),
            capacity: None,
            worth: BTreeMap::new(),
            persistence,
            clear: 2,
            severity: Severity::Normal,
            ladder: None,
        }
    }

    fn item(kpi: &str, sign: Signal) -> items::Alert {
        items::Alert {
            rule: "attention".parse().unwrap(),
            kpi: kpi.parse().unwrap(),
            unit: None,
            period: PeriodId { grain: Grain::Month, first: jiff::civil::date(2026, 3, 1) },
            sign,
            severity: Severity::Normal,
            clear: 2,
            ladder: Vec::new(),
            run: 1,
        }
    }

    fn said(
        alert: &Alert,
        all: &[(&str, Signal, Came, usize)],
        kpis: &[&str],
    ) -> Vec<(&'static str, String, usize)> {
        let items: Vec<items::Alert> = all.iter().map(|(kpi, sign, ..)| item(kpi, *sign)).collect();
        let raised: Vec<Raised<'_>> = items
            .iter()
            .zip(all)
            .map(|(of, (.., came, lasted))| Raised { of, came: *came, lasted: *lasted })
            .collect();
        let kpis: Vec<KpiId> = kpis.iter().map(|kpi| kpi.parse().unwrap()).collect();
        let kpis: BTreeSet<&KpiId> = kpis.iter().collect();
        let found = changes(alert, &raised, &kpis);
        found.into_iter().map(|change| (change.field, change.value, change.spared)).collect()
    }

    #[test]
    fn what_people_dismissed_says_what_would_ask_less_and_nothing_that_they_acted_on_is_lost() {
        use Came::{ActedOn, Dismissed, Ignored, Open};
        use Signal::{Beyond, Red};
        let both = alert(&[Beyond, Red], 2);
        // Nobody ever acted on what is red: three times dismissed suffices, twice do not.
        let red = [("nps", Red, Dismissed, 2), ("nps", Red, Ignored, 3), ("csat", Red, Dismissed, 2)];
        let acted = [("csat", Beyond, ActedOn, 0)];
        assert_eq!(
            said(&both, &[&red[..], &acted[..]].concat(), &["csat", "nps"]),
            [("on", "[beyond]".to_owned(), 3)]
        );
        assert_eq!(said(&both, &[&red[1..], &acted[..]].concat(), &["csat", "nps"]), []);
        // What lasted four periods was acted on: to wait for four spares those of two and three, to wait for five would lose it.
        let lasted = [("nps", Red, ActedOn, 4), ("csat", Beyond, ActedOn, 0)];
        assert_eq!(
            said(&both, &[&red[..], &lasted[..]].concat(), &["csat", "nps"]),
            [("persistence", "4".to_owned(), 3)]
        );
        // One that lasted as long as those that led to nothing leaves nothing to gain.
        let short = [("nps", Red, ActedOn, 2), ("csat", Beyond, ActedOn, 0)];
        assert_eq!(said(&both, &[&red[..], &short[..]].concat(), &["csat", "nps"]), []);
        // A KPI of which nobody wants to know; those that are open say nothing.
        let quiet = [("waiting", Red, Dismissed, 9); 3];
        let used = [("nps", Red, ActedOn, 2), ("csat", Red, Open, 1)];
        assert_eq!(
            said(&alert(&[Red], 2), &[&quiet[..], &used[..]].concat(), &["csat", "nps", "waiting"]),
            [("kpis", "[csat, nps]".to_owned(), 3)]
        );
    }

    #[test]
    fn how_long_it_lasted_is_counted_around_the_period_in_which_it_was_raised() {
        let of = |ordinal, red| Looked { red: Some(red), ..Looked::nothing(ordinal) };
        let series = [of(1, false), of(2, true), of(3, true), of(4, true), of(5, false), of(6, true)];
        assert_eq!(lasted(&series, 3, Signal::Red), 3);
        assert_eq!(lasted(&series, 6, Signal::Red), 1);
        assert_eq!(lasted(&series, 5, Signal::Red), 0);
        assert_eq!(lasted(&series, 3, Signal::Bound), 0);
    }
}
