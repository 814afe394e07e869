//! Periods that are frozen by themselves: what the rules of the governance say, once their day has come.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use kepi_govern::{
    Command, Content, DocumentId, Open, Permit,
    periods::{ByRule, Freeze, PeriodId},
};
use kepi_model::{
    governance::FreezeRule,
    id::{FreezeId, KpiId, ScorecardId},
    project::Project,
};
use kepi_store::{Asked, NewText, StoreError, door::new_key};

use crate::{
    archive::NewTexts,
    deciding::{Deciding, clock},
    error::AppError,
};

impl Deciding<'_> {
    /// Freezes the newest period that is over and whose day has come, where a rule says so.
    ///
    /// # Errors
    /// The database refuses, or what is in force cannot be read.
    pub(crate) async fn freeze_by_rule(&self, at: i64) -> Result<(), AppError> {
        let organisation = self.0.organisation().await?;
        if organisation.governance.freezes.is_empty() {
            return Ok(());
        }
        let project = self.in_force_project(&organisation).await?;
        for (name, rule) in &organisation.governance.freezes {
            let Some(freeze) = due(&project, name, rule, at)? else { continue };
            let Some(by) = &freeze.rule else { continue };
            let was =
                |content: &Content| matches!(content, Content::Freeze(was) if was.rule.as_ref() == Some(by));
            if organisation.periods.closes(by.period, freeze.until).next().is_some()
                || organisation.items.all().any(|item| was(&item.content))
            {
                continue;
            }
            let why = NewText::new(format!("The rule `{name}` of the governance: the period is over."));
            let command = Command::Open(Open { content: Content::Freeze(freeze), why: why.commitment });
            let (permit, key) = (Permit::open(clock()), new_key("freeze"));
            match self.0.perform(Asked::new(&permit, &key, at), &command, &mut NewTexts(vec![why])).await {
                // Somebody else was first.
                Ok(_) | Err(StoreError::Forbidden(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }
}

/// What a rule freezes at an instant; none: the day of no period has come.
fn due(project: &Project, name: &FreezeId, rule: &FreezeRule, at: i64) -> Result<Option<Freeze>, AppError> {
    let calendar = &project.calendar;
    let zone = TimeZone::get(&calendar.zone).unwrap_or(TimeZone::UTC);
    let Ok(now) = Timestamp::from_microsecond(at) else { return Ok(None) };
    let today = now.to_zoned(zone).date();
    let hours = rule.business_hours.as_ref().and_then(|id| project.business_hours.get(id));
    let Some(over) = rule.due(calendar, today, hours.map(|named| &named.hours))? else { return Ok(None) };
    let first = calendar.first_day(over)?;
    let Ok(until) = calendar.last_day(over)?.tomorrow() else { return Ok(None) };
    let scope = rule.scope.as_ref().map(|of| within(project, of)).unwrap_or_default();
    let period = PeriodId { grain: rule.period, first };
    let by = ByRule { rule: name.clone(), period };
    Ok(Some(Freeze { from: first, until, aspects: rule.aspects.clone(), scope, rule: Some(by) }))
}

/// A scorecard, its KPIs, and what these are computed of.
fn within(project: &Project, scorecard: &ScorecardId) -> BTreeSet<DocumentId> {
    let card = project.scorecards.get(scorecard);
    let mut kpis: Vec<&KpiId> =
        card.into_iter().flat_map(|card| card.wordings()).flat_map(|card| card.kpis()).collect();
    let mut found: BTreeSet<DocumentId> =
        DocumentId::named("scorecard", scorecard.as_str()).into_iter().collect();
    while let Some(id) = kpis.pop() {
        // As a scorecard of another calendar reads it, it is written where it is defined.
        let written = project.kpis.get(id).and_then(|kpi| Some(&kpi.elsewhere.as_ref()?.of)).unwrap_or(id);
        let is_new = DocumentId::named("kpi", written.as_str()).is_some_and(|id| found.insert(id));
        if let Some(kpi) = project.kpis.get(id).filter(|_| is_new) {
            let inputs = kpi.wordings().flat_map(|kpi| kpi.measure.kind().inputs());
            kpis.extend(inputs.map(|input| &input.kpi.id));
        }
    }
    found
}
