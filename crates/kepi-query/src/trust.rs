//! Rules about data sets: where they do not hold, and which figures are withheld for it. Pure, of what is computed: a
//! reproduction withholds the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, civil::Date};
use kepi_model::{
    calendar::{Calendar, CalendarError, Period},
    id::{EntityId, KpiId, RuleId},
    measure::Measure,
    project::{Bound, Consequence, DataRule, Dimension, Kpi, Project},
};
use kepi_stats::estimate::NotComputable;

use crate::{
    state::{Member, wire::CellStates},
    value::{Segment, Value},
};

/// A rule in a period in which it does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// The rule.
    pub rule: RuleId,
    /// The KPI that measures it.
    pub kpi: KpiId,
    /// The period, of that KPI.
    pub period: Period,
    /// The member of the rule's dimension, where its segments are judged apart.
    pub member: Option<Member>,
    /// What the KPI is there.
    pub value: f64,
    /// What follows.
    pub otherwise: Consequence,
}

/// What is withheld of a KPI, because of where a rule does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The KPI.
    pub kpi: KpiId,
    /// The rule.
    pub rule: RuleId,
    /// The periods that have no figure for it.
    pub periods: BTreeSet<Period>,
    /// The periods, of the KPI that measures the rule, in whose rows the doubt lies.
    pub because: BTreeSet<(Period, Option<Member>)>,
}

/// What rules about data sets come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judged {
    /// Rules, where they do not hold.
    pub broken: Vec<Broken>,
    /// What is withheld for it, by KPI and rule.
    pub withheld: Vec<Withheld>,
}

/// Periods that a reason names.
const MOST_NAMED: usize = 3;

/// A rule that withholds in a period in which it does not hold, and the days of that period.
struct Doubt<'a> {
    rule: &'a DataRule,
    /// Of a rule whose segments are judged apart: the dimension, and the member in whose rows the doubt lies.
    of: Option<(&'a Dimension, Member)>,
    period: Period,
    days: (Date, Date),
}

/// Finds out where rules do not hold and withholds what may be made of those rows: its states stay, so that nothing has to be
/// computed anew when it is trusted again. Where a KPI has no value its rule says nothing. KPIs that measure a rule are
/// never withheld. Where the segments of a rule are judged apart, figures of other segments stand, if it is sure that they are made
/// of other rows; what takes all of them together is withheld as ever.
///
/// # Errors
/// A period lies beyond what the calendar can name.
pub fn withhold(project: &Project, values: &mut [Value]) -> Result<Judged, CalendarError> {
    let mut judged = Judged::default();
    let calendar = &project.calendar;
    let mut doubts: Vec<Doubt<'_>> = Vec::new();
    for rule in project.rules.values() {
        let Some(kpi) = project.kpis.get(&rule.kpi) else { continue };
        let dimension = rule.apart.as_ref().map(|of| kpi.by.iter().find(|own| own.id == of.by));
        let own = values.iter().filter(|v| v.kpi == kpi.id && v.period.grain == kpi.period);
        for value in own {
            let Some((member, bound)) = judged_of(rule, value) else { continue };
            let Some(point) = value.point().filter(|point| !bound.holds(*point)) else { continue };
            judged.broken.push(Broken {
                rule: rule.id.clone(),
                kpi: kpi.id.clone(),
                period: value.period,
                member: member.cloned(),
                value: point,
                otherwise: rule.otherwise,
            });
            if rule.otherwise == Consequence::Distrust {
                let days = (calendar.first_day(value.period)?, calendar.last_day(value.period)?);
                let of = dimension.flatten().zip(member.cloned());
                doubts.push(Doubt { rule, of, period: value.period, days });
            }
        }
    }
    for kpi in project.kpis.values() {
        let (entities, own_calendar) = (kpi.entities(), project.calendar_of(kpi));
        let measures_a_rule = project.rules.values().any(|rule| rule.kpi == kpi.id);
        let own: Vec<_> = doubts.iter().filter(|doubt| !doubt.rule.about.is_disjoint(&entities)).collect();
        if measures_a_rule || own.is_empty() {
            continue;
        }
        // The doubts of a period, before it is asked which of its segments they touch.
        let mut of_period: BTreeMap<Period, Vec<&Doubt<'_>>> = BTreeMap::new();
        let mut withheld: BTreeMap<&RuleId, Withheld> = BTreeMap::new();
        for value in values.iter_mut().filter(|value| value.kpi == kpi.id && value.estimate.is_ok()) {
            let hits = match of_period.get(&value.period) {
                Some(hits) => hits,
                None => {
                    let mut hits = Vec::new();
                    for doubt in &own {
                        if touches(kpi, value.period, doubt, own_calendar)? {
                            hits.push(*doubt);
                        }
                    }
                    of_period.entry(value.period).or_insert(hits)
                }
            };
            let meets = |doubt: &&&Doubt<'_>| !is_spared(kpi, &value.segment, doubt);
            let mut hits: Vec<&Doubt<'_>> = hits.iter().filter(meets).copied().collect();
            if let Some(since) = filled_since(value).filter(|_| hits.is_empty()) {
                let own: Vec<_> = own.iter().filter(meets).copied().collect();
                hits = behind(kpi, value.period, since, &own, own_calendar)?;
            }
            for doubt in &hits {
                let id = &doubt.rule.id;
                let of = withheld.entry(id).or_insert_with(|| Withheld {
                    kpi: kpi.id.clone(),
                    rule: id.clone(),
                    periods: BTreeSet::new(),
                    because: BTreeSet::new(),
                });
                of.periods.insert(value.period);
                of.because.insert((doubt.period, doubt.of.as_ref().map(|(_, member)| member.clone())));
            }
            if let Some(first) = hits.first() {
                let of_rule = || hits.iter().filter(|doubt| doubt.rule.id == first.rule.id);
                let more = of_rule().count().saturating_sub(MOST_NAMED);
                let named = of_rule().take(MOST_NAMED).map(|doubt| {
                    let member = doubt.of.as_ref().map(|(_, member)| member);
                    named(&calendar.label(doubt.period), member)
                });
                let named: Vec<String> = named.collect();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                value.estimate = Err(NotComputable::NotTrusted {
                    rule: first.rule.name.clone(),
                    periods: format!("{}{more}", named.join(", ")),
                });
            }
        }
        judged.withheld.extend(withheld.into_values());
    }
    Ok(judged)
}

/// What a rule demands of a value of the KPI that measures it, and of which member it is; none: it does not judge it.
pub fn judged_of<'v>(rule: &DataRule, value: &'v Value) -> Option<(Option<&'v Member>, Bound)> {
    if rule.n.is_some_and(|n| value.coverage.cases < n) {
        return None;
    }
    let member = member_of(rule, &value.segment)?;
    Some((member, rule.bound_in(member.and_then(text))?))
}

/// Of which member of a rule's dimension a segment is, if any; none: the rule does not judge it.
pub fn member_of<'s>(rule: &DataRule, segment: &'s Segment) -> Option<Option<&'s Member>> {
    match (&rule.apart, segment.0.as_slice()) {
        (None, []) => Some(None),
        (Some(apart), [(by, member)]) if *by == apart.by => Some(Some(member)),
        _ => None,
    }
}

fn text(member: &Member) -> Option<&str> {
    match member {
        Member::Value(text) => Some(text),
        Member::Unknown => None,
    }
}

/// A period, and the member of a rule's dimension in which it does not hold there: `2026-03 (apac)`.
pub fn named(period: &str, member: Option<&Member>) -> String {
    match member {
        Some(member) => format!("{period} ({})", text(member).unwrap_or("unknown")),
        None => period.to_owned(),
    }
}

/// Whether a segment is sure to be made of other rows than those in doubt: it has another member of the dimension by which the rule is
/// judged, said by the same attribute of the same rows, and looks at no other rows of that table.
fn is_spared(kpi: &Kpi, segment: &Segment, doubt: &Doubt<'_>) -> bool {
    let Some((dimension, member)) = &doubt.of else { return false };
    segment.0.iter().any(|(by, own)| *by == dimension.id && own != member)
        && tells_apart(kpi, dimension, &doubt.rule.about)
}

fn tells_apart(kpi: &Kpi, dimension: &Dimension, about: &BTreeSet<EntityId>) -> bool {
    let inputs = kpi.measure.kind().inputs();
    if !inputs.is_empty() {
        return inputs.iter().all(|input| tells_apart(&input.kpi, dimension, about));
    }
    let entities = kpi.entities();
    let mut touched = about.iter().filter(|entity| entities.contains(*entity));
    let own = kpi.by.iter().find(|own| own.id == dimension.id);
    let is_same = |entity: &EntityId| {
        let ways = (own.and_then(|own| own.ways.get(entity)), dimension.ways.get(entity));
        matches!(ways, (Some(own), Some(of)) if own == of)
    };
    !kpi.bridged.contains_key(&dimension.id)
        && touched.all(|entity| is_same(entity) && !kpi.around.contains_key(entity))
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

/// The oldest period of which a figure is made that was filled in, or computed of such.
fn filled_since(value: &Value) -> Option<i32> {
    value.estimate.as_ref().ok()?.not_measured()?;
    CellStates::decode(&value.states).ok()?.filled_since()
}

/// The doubts about what a figure that was filled in is made of: the first period back that has any.
fn behind<'a, 'p>(
    kpi: &Kpi,
    period: Period,
    since: i32,
    doubts: &[&'a Doubt<'p>],
    calendar: &Calendar,
) -> Result<Vec<&'a Doubt<'p>>, CalendarError> {
    for ordinal in (since..period.ordinal).rev() {
        let mut hits = Vec::new();
        for doubt in doubts {
            if touches(kpi, Period { ordinal, ..period }, doubt, calendar)? {
                hits.push(*doubt);
            }
        }
        if !hits.is_empty() {
            return Ok(hits);
        }
    }
    Ok(Vec::new())
}

/// Whether rows that are in doubt may be in the value of a KPI for a period.
fn touches(kpi: &Kpi, period: Period, doubt: &Doubt<'_>, calendar: &Calendar) -> Result<bool, CalendarError> {
    let kpi = kpi.in_period(period, calendar).unwrap_or(kpi);
    let kind = kpi.measure.kind();
    if !kind.inputs().is_empty() {
        for input in kind.inputs() {
            let own = match input.ago {
                Some(ago) => ago.before(period, calendar)?,
                None => Some(period),
            };
            if let Some(own) = own
                && touches(&input.kpi, own, doubt, calendar)?
            {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let entities = kpi.entities();
    let begin = match kpi.over {
        Some(over) => over.first_day(period, calendar)?,
        None => calendar.first_day(period)?,
    };
    let last = calendar.last_day(period)?;
    // A row of a panel goes on for as long as its own period.
    let mut rows_last = last;
    for grain in &kpi.stretches {
        rows_last = rows_last.max(calendar.last_day(calendar.period_of_day(*grain, last))?);
    }
    let (from, until) = doubt.days;
    let mut about = doubt.rule.about.iter().filter(|entity| entities.contains(*entity));
    Ok(about.any(|entity| {
        let around = kpi.around.get(entity);
        let first = match around {
            // What is there at the end of a period came at any time.
            _ if matches!(kpi.measure, Measure::Stock(_)) => None,
            None => Some(begin),
            Some(back) => back.map(|back| begin.saturating_sub(days(back))),
        };
        let last = if around.is_some() { rows_last.saturating_add(days(kpi.reach)) } else { last };
        from <= last && first.is_none_or(|first| until >= first)
    }))
}

/// As many whole days as so many µs may touch.
fn days(micros: i64) -> SignedDuration {
    const DAY: i64 = 86_400_000_000;
    SignedDuration::from_hours(micros.max(0).saturating_add(DAY - 1) / DAY * 24)
}
