//! What is said of periods without data can be said of the KPI.

use super::super::Context;
use crate::{
    calendar::{Calendar, Grain},
    codes, definitions as written,
    measure::{Aggregate, Imputation},
    project::{Kpi, Measure, WithoutData},
    window::Over,
    word::Word,
};

/// The policy of a KPI that is read but for it.
pub(super) fn read(
    written: &written::Kpi,
    kpi: &Kpi,
    calendar: &Calendar,
    context: &mut Context<'_>,
) -> WithoutData {
    let Some(policy) = written.without_data.get().and_then(WithoutData::read) else {
        return WithoutData::default();
    };
    if !policy.fills() {
        return policy;
    }
    let at = written.without_data.span;
    let mut report = |message: String, fix: &str| {
        context.report(codes::WITHOUT_DATA, at, message).fix(fix);
    };
    match &kpi.measure {
        // A sum of nothing is nothing known: whether it is 0 is what this says.
        Measure::Total(total) if matches!(total.aggregate, Aggregate::Sum(_)) => {}
        Measure::Total(_) | Measure::Stock(_) => report(
            "what is counted has a value in every period: nothing of it is 0".to_owned(),
            "remove `without_data`",
        ),
        Measure::Formula(_) | Measure::Composite(_) => report(
            format!("`{}` is computed of other KPIs, and has a value where they have one", kpi.id),
            "say it of the KPIs that it is computed of; of this one only `block`",
        ),
        Measure::Entered(_) if policy == WithoutData::Zero => report(
            "a figure that people enter is awaited and then late, and nobody knows that it is 0".to_owned(),
            "let it be entered as 0, or write `{carry: {at_most: 1 year}}`",
        ),
        measure if policy == WithoutData::Zero => {
            let (low, high) = measure.kind().range(&kpi.unit);
            if !(low..=high).contains(&0.0) {
                report(
                    format!("0 is no value of `{}`, which lies between {low} and {high}", kpi.id),
                    "write `{carry: {at_most: 3 months}}`, or remove `without_data`",
                );
            }
        }
        _ => {}
    }
    if let Some(over) = policy.at_most()
        && reaches_nothing(over, kpi.period, calendar)
    {
        let period = kpi.period.word();
        report(
            format!("{} after a {period} there is not yet another one", over.label()),
            &format!("write a length of one {period} at least"),
        );
    }
    if matches!(policy, WithoutData::Impute(Imputation::Season(_), _)) && kpi.period == Grain::Year {
        report(
            format!("years have no season: `{}` has one value each", kpi.id),
            "write `{impute: {mean: {last: 3, at_most: 1 year}}}`",
        );
    }
    policy
}

/// Whether no period lies within so long after another one: looked at on a year of periods, since lengths differ.
fn reaches_nothing(over: Over, grain: Grain, calendar: &Calendar) -> bool {
    let some = calendar.period_of_day(grain, jiff::civil::date(2025, 1, 15));
    let reaches = |ordinal: i32| {
        let (before, period) = (some.offset(ordinal), some.offset(ordinal + 1));
        over.reaches(before, period, calendar).unwrap_or(true)
    };
    !(0..54).any(reaches)
}
