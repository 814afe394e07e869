//! Whom a survey asks next: what a plan is made of, for pages and terminals alike.

use jiff::civil::Date;
use kepi_model::{
    calendar::{Calendar, CalendarError, Grain},
    project::{Kpi, ValueUnit},
};
use kepi_query::{
    sampling::{Asked, Person},
    value::Segment,
};
use kepi_stats::estimate::Level;

use crate::{facts::Facts, format};

/// The people and invitations behind a plan, as of the newest run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Behind {
    /// The people who may be asked, but for the caps.
    pub people: Vec<Person>,
    /// When whom invitations asked.
    pub asked: Asked,
    /// Invitations that say nobody whom they asked.
    pub of_nobody: u64,
}

/// The end of a day, in µs UTC: who was asked on it was asked.
///
/// # Errors
/// The day lies beyond what the calendar can name.
pub fn end_of(day: Date, calendar: &Calendar) -> Result<i64, CalendarError> {
    Ok(calendar.bounds(calendar.period_of_day(Grain::Day, day))?.end - 1)
}

/// How much answers differ: by the last final figure with an interval, else as much as they can; from what that is, in words.
///
/// # Errors
/// There is no such figure, and nothing says how much they can; in words.
pub fn deviation(facts: &dyn Facts, kpi: &Kpi) -> Result<(f64, String), String> {
    if let Some((first, last)) = facts.span(&kpi.id, kpi.period, &Segment::total()) {
        for ordinal in (first..=last).rev() {
            let period = facts.project().period(kpi, kpi.period, ordinal);
            let Some(entry) =
                facts.entry(&kpi.id, period, &Segment::total()).filter(|entry| entry.is_final())
            else {
                continue;
            };
            let Ok(estimate) = &entry.value.estimate else { continue };
            let Ok(interval) = &estimate.interval else { continue };
            let Ok(level) = Level::new(interval.level) else { continue };
            let deviation = 0.5 * (interval.high - interval.low) / level.z() * estimate.effective_n.sqrt();
            if estimate.effective_n >= 2.0 && deviation > 0.0 && deviation.is_finite() {
                let label = facts.project().calendar.label(period);
                let n = format::count(estimate.n);
                return Ok((deviation, format!("its figure of {label}, {n} cases")));
            }
        }
    }
    let most = match kpi.unit {
        ValueUnit::Share => 0.5,
        ValueUnit::NetPromoter => 100.0,
        ValueUnit::Rating { low, high } => 0.5 * (high - low) as f64,
        _ => {
            return Err(format!(
                "`{}` has no final figure with an interval yet, so nothing says how much answers differ",
                kpi.id
            ));
        }
    };
    Ok((most, "no figure yet: as much as they can".to_owned()))
}

/// A margin, with as many digits as the wanted one has, and one more.
pub fn off(margin: f64, wanted: f64, unit: &ValueUnit) -> String {
    let decimals = format::decimals(wanted, None, unit).max(1);
    format::difference(margin, unit, decimals).replace('+', "±")
}
