//! Silences as somebody keeps and reads them.

use std::collections::BTreeSet;

use jiff::{civil::Date, tz::TimeZone};
use kepi_govern::{Command, Evidence, Permit, Principal, event::Subject, plain::Name, silences::Silence};
use kepi_model::{
    id::{KpiId, PersonId, UnitId},
    project::{Kpi, Project},
};
use kepi_store::{Asked, EventFilter, Store};
use serde::Serialize;

use crate::{
    archive::NewTexts,
    concerned,
    deciding::{Acting, Deciding, Looking, words},
    error::AppError,
};

/// What is to be silent.
#[derive(Debug, Clone, Copy)]
pub struct Silencing<'a> {
    /// The alert; none: whichever.
    pub alert: Option<&'a str>,
    /// The KPI; none: all of the alert.
    pub kpi: Option<&'a str>,
    /// The unit; none: all units, and all rows.
    pub unit: Option<&'a str>,
    /// The day on which it ends, in the project's zone.
    pub until: Date,
}

/// A silence as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SilenceView {
    /// Its number: `kepi silence end` takes it.
    pub silence: u64,
    /// The alert; none: whichever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// The KPI; none: all of the alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kpi: Option<String>,
    /// The unit; none: all units, and all rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Since when, µs UTC.
    pub since: i64,
    /// Until when, µs UTC.
    pub until: i64,
    /// Who keeps it.
    pub by: String,
    /// Why; none: the text was erased.
    pub why: Option<String>,
    /// Whether it holds.
    pub holds: bool,
}

impl Deciding<'_> {
    /// Lets nobody be asked about something until a day. The number of the silence.
    ///
    /// # Errors
    /// Something is named that is not in force, a law forbids it, or the database refuses.
    pub async fn silence(&self, of: Silencing<'_>, why: &str, acting: Acting<'_>) -> Result<u64, AppError> {
        let organisation = self.0.organisation().await?;
        let project = self.in_force_project(&organisation).await?;
        let unknown = |what: &str, name: &str| AppError::NotFound(format!("there is no {what} `{name}`"));
        let rule = match of.alert {
            None => None,
            Some(name) => {
                let known = name.parse().is_ok_and(|id| project.alerts.contains_key(&id));
                Some(name.parse().ok().filter(|_| known).ok_or_else(|| unknown("alert", name))?)
            }
        };
        let kpi = match of.kpi {
            None => None,
            Some(name) => {
                let kpi = name.parse().ok().filter(|id| project.kpis.contains_key(id));
                Some(kpi.ok_or_else(|| unknown("KPI", name))?)
            }
        };
        let unit = match of.unit {
            None => None,
            Some(name) => {
                let unit = name.parse().ok().filter(|id| project.units.contains_key(id));
                Some(unit.ok_or_else(|| unknown("unit", name))?)
            }
        };
        let people = answering(&project, rule.as_ref(), kpi.as_ref(), unit.as_ref());
        let own = || {
            "you answer for figures that these alerts are about: somebody else lets them ask nobody"
                .to_owned()
        };
        concerned::by_another(self, &organisation, acting.actor, &people, own).await?;
        let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
        let until = of
            .until
            .to_zoned(zone)
            .map_err(|_| AppError::NotFound(format!("`{}` is beyond the years that are known", of.until)))?;
        let why = words("the reason", why)?;
        let silence =
            Silence { rule, kpi, unit, until: until.timestamp().as_microsecond(), why: why.commitment };
        let number = organisation.silences.next();
        self.kept(&Command::Silence(silence), vec![why], acting).await?;
        Ok(number)
    }

    /// Ends a silence before its time.
    ///
    /// # Errors
    /// There is none, it is another's, or the database refuses.
    pub async fn end_silence(&self, silence: u64, acting: Acting<'_>) -> Result<(), AppError> {
        let organisation = self.0.organisation().await?;
        let project = self.in_force_project(&organisation).await?;
        let people = match organisation.silences.get(silence) {
            Some(kept) => {
                let of = &kept.of;
                answering(&project, of.rule.as_ref(), of.kpi.as_ref(), of.unit.as_ref())
            }
            None => BTreeSet::new(),
        };
        let people = Some(concerned::numbers(self.0, &people).await?);
        let found = Evidence::Answering { register: organisation.register.position(), people };
        let permit = Permit::open(self.0.person(acting.actor).await?);
        let (key, command) = (acting.key("kept"), Command::EndSilence(silence));
        let asked = Asked::new(&permit, &key, acting.at);
        match self.0.perform(asked, &command, &mut Looking { texts: Vec::new(), found }).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.refused(error, &permit, &command, acting.at).await),
        }
    }

    pub(crate) async fn kept(
        &self,
        command: &Command,
        texts: Vec<kepi_store::NewText>,
        acting: Acting<'_>,
    ) -> Result<(), AppError> {
        let permit = Permit::open(self.0.person(acting.actor).await?);
        let key = acting.key("kept");
        let asked = Asked::new(&permit, &key, acting.at);
        match self.0.perform(asked, command, &mut NewTexts(texts)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.refused(error, &permit, command, acting.at).await),
        }
    }
}

/// Who answers for figures that a silence is about: those of a KPI, or of all that an alert looks at, in a unit or anywhere.
fn answering<'a>(
    project: &'a Project,
    rule: Option<&Name>,
    kpi: Option<&KpiId>,
    unit: Option<&UnitId>,
) -> BTreeSet<&'a PersonId> {
    let kpis: Vec<&Kpi> = match kpi {
        Some(id) => project.kpis.get(id).into_iter().collect(),
        None => {
            let alert = rule.and_then(|rule| project.alerts.get(&rule.as_str().parse().ok()?));
            let named = alert.map(|alert| &alert.kpis).filter(|kpis| !kpis.is_empty());
            project.kpis.values().filter(|kpi| named.is_none_or(|of| of.contains(&kpi.id))).collect()
        }
    };
    let of_unit = |kpi| match unit {
        Some(unit) => concerned::of_unit(project, kpi, Some(unit)),
        None => concerned::of_any(project, kpi),
    };
    kpis.into_iter().flat_map(of_unit).collect()
}

/// The silences that hold at an instant, or all there ever were, the newest first.
///
/// # Errors
/// The database refuses.
pub async fn silences(store: &Store, at: i64, all: bool) -> Result<Vec<SilenceView>, AppError> {
    let organisation = store.organisation().await?;
    // A page asks for those that hold: it does not read what has been over for years.
    let listed = || organisation.silences.all().filter(|(_, kept)| all || kept.holds(at));
    let texts: Vec<_> = listed().map(|(_, kept)| kept.of.why).collect();
    let texts = store.read().await?.texts(&texts).await?;
    let mut found = Vec::new();
    for (number, kept) in listed() {
        let filter = EventFilter {
            subject: Some(Subject::silence(number).to_string()),
            limit: Some(1),
            ..EventFilter::default()
        };
        let begun = store.events(&filter).await?;
        let by = begun.first().map_or(Principal::Person(0), |recorded| recorded.by.clone());
        found.push(SilenceView {
            silence: number,
            alert: kept.of.rule.as_ref().map(ToString::to_string),
            kpi: kept.of.kpi.as_ref().map(ToString::to_string),
            unit: kept.of.unit.as_ref().map(ToString::to_string),
            since: kept.since,
            until: kept.of.until,
            by: store.name_of(&by).await?,
            why: texts.get(&kept.of.why).cloned(),
            holds: kept.holds(at),
        });
    }
    found.reverse();
    Ok(found)
}
