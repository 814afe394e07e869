//! Rules about data sets: where they do not hold, and which figures are withheld for it. Pure, of what is computed: a
//! reproduction withholds the same.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kepi_model::{
    calendar::{Calendar, CalendarError, Period},
    id::{KpiId, RuleId},
    measure::Measure,
    project::{Consequence, DataRule, Kpi, Project},
};
use kepi_stats::estimate::NotComputable;

use crate::value::Value;

/// A rule in a period in which it does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// The rule.
    pub rule: RuleId,
    /// The KPI that measures it.
    pub kpi: KpiId,
    /// The period, of that KPI.
    pub period: Period,
    /// What the KPI is there.
    pub value: f64,
    /// What follows.
    pub otherwise: Consequence,
}

/// Finds out where rules do not hold and withholds what is made of those data: its states stay, so that nothing has to be
/// computed anew when it is trusted again. Where a KPI has no value its rule says nothing. KPIs that measure a rule are
/// never withheld.
///
/// # Errors
/// A period lies beyond what the calendar can name.
pub fn withhold(project: &Project, values: &mut [Value]) -> Result<Vec<Broken>, CalendarError> {
    if project.rules.is_empty() {
        return Ok(Vec::new());
    }
    let mut broken: Vec<(Broken, &DataRule, (Date, Date))> = Vec::new();
    for rule in project.rules.values() {
        let Some(kpi) = project.kpis.get(&rule.kpi) else { continue };
        let own =
            values.iter().filter(|v| v.kpi == kpi.id && v.segment.is_total() && v.period.grain == kpi.period);
        for value in own {
            let Some(point) = value.point().filter(|point| !rule.holds(*point)) else { continue };
            let days = (project.calendar.first_day(value.period)?, project.calendar.last_day(value.period)?);
            let of = Broken {
                rule: rule.id.clone(),
                kpi: kpi.id.clone(),
                period: value.period,
                value: point,
                otherwise: rule.otherwise,
            };
            broken.push((of, rule, days));
        }
    }
    let distrusted = || broken.iter().filter(|(of, ..)| of.otherwise == Consequence::Distrust);
    for kpi in project.kpis.values() {
        let entities = kpi.entities();
        let measures_a_rule = project.rules.values().any(|rule| rule.kpi == kpi.id);
        let own: Vec<_> = distrusted().filter(|(_, rule, _)| !rule.about.is_disjoint(&entities)).collect();
        if measures_a_rule || own.is_empty() {
            continue;
        }
        for value in values.iter_mut().filter(|value| value.kpi == kpi.id && value.estimate.is_ok()) {
            let last = project.calendar.last_day(value.period)?;
            let first = first_day(kpi, value.period, &project.calendar)?;
            let hit = own
                .iter()
                .find(|(_, _, (from, until))| *from <= last && first.is_none_or(|first| *until >= first));
            if let Some((of, ..)) = hit {
                value.estimate = Err(NotComputable::NotTrusted { rule: of.rule.to_string() });
            }
        }
    }
    Ok(broken.into_iter().map(|(of, ..)| of).collect())
}

/// KPIs on whose data a rule that withholds cannot judge, because what measures it could not be renewed: they are not renewed
/// either, so that nothing is said that the rule might have withheld.
pub fn unjudged(project: &Project, not_renewed: &mut BTreeMap<KpiId, String>) {
    for rule in project.rules.values().filter(|rule| rule.otherwise == Consequence::Distrust) {
        let Some(why) = not_renewed.get(&rule.kpi) else { continue };
        let why = format!("the rule `{}` cannot judge its data: {why}", rule.id);
        let touched = project.kpis.values().filter(|kpi| !rule.about.is_disjoint(&kpi.entities()));
        for kpi in touched {
            not_renewed.entry(kpi.id.clone()).or_insert_with(|| why.clone());
        }
    }
}

/// The first day of which rows may be in a value; none: of any.
fn first_day(kpi: &Kpi, period: Period, calendar: &Calendar) -> Result<Option<Date>, CalendarError> {
    let kind = kpi.measure.kind();
    // What is there at the end of a period came at any time, and so did that of which rows are made.
    if matches!(kpi.measure, Measure::Stock(_)) || !kpi.made.is_empty() {
        return Ok(None);
    }
    let mut first = match kpi.over {
        Some(over) => over.first_day(period, calendar)?,
        None => calendar.first_day(period)?,
    };
    for input in kind.inputs() {
        if input.ago.is_some() {
            return Ok(None);
        }
        let own = calendar.period_of_day(input.kpi.period, calendar.last_day(period)?);
        match first_day(&input.kpi, own, calendar)? {
            Some(day) => first = first.min(day),
            None => return Ok(None),
        }
    }
    Ok(Some(first))
}
