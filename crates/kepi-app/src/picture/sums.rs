//! Figures of longer periods than any run computed: added up from the states that are kept beside those of a KPI's own.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::{Grain, ordinal_of_day},
    derived::Rows,
    id::EntityId,
    project::{Kpi, Project},
};
use kepi_query::{
    finish,
    measure::{Finished, kind_of},
    published::{Table, TableBuilder, VALUE, figure, grain_text, push_value, states_of},
    reach,
    state::wire::CellStates,
    value::Value,
};

use kepi_stats::estimate::NotComputable;

use super::cube::Cube;

/// The figures of a KPI at a longer grain, or why they do not add up. `rank` orders runs.
pub(super) fn at(
    grain: Grain,
    kpi: &Kpi,
    cube: &Cube,
    project: &Project,
    watermarks: &BTreeMap<EntityId, i64>,
    rank: impl Fn(i64) -> i64,
) -> Result<Table, String> {
    let words = |grain: Grain| grain_text(grain).replace('_', "-");
    if kpi.is_dated() {
        return Err(format!(
            "it changed with time, and a {0} is computed by one wording; on a scorecard by {0}, or with `period: [{1}, {0}]`, it is",
            words(grain),
            words(kpi.period)
        ));
    }
    if !kpi.measure.kind().inputs().is_empty() {
        return Err(format!(
            "it is computed of other KPIs, and not of its values by {}; on a scorecard by {} it is",
            words(kpi.period),
            words(grain)
        ));
    }
    if kpi.minimum_cell.is_some() {
        return Err(format!("segments that are withheld by {} would be given away", words(kpi.period)));
    }
    if kpi.design.is_some() && kpi.over.is_none() {
        return Err(format!(
            "its weights and errors are made for each period of all its rows; on a scorecard by {1}, or with `period: [{0}, {1}]`, it \
             is computed from those of a {1}",
            words(kpi.period),
            words(grain)
        ));
    }
    if let Some((dimension, _)) = kpi.split() {
        return Err(format!(
            "the codes of `{dimension}` are shared out in each {0}; on a scorecard by {1}, or with `period: [{0}, {1}]`, it is computed \
             from the rows of a {1}",
            words(kpi.period),
            words(grain)
        ));
    }
    if !kpi.period.divides(grain) {
        return Err(format!("a {} does not consist of {}s", words(grain), words(kpi.period)));
    }
    let by_period = |base: &EntityId| {
        project.entities.get(base).and_then(|entity| entity.rows.as_ref()).is_some_and(Rows::by_period)
    };
    if kpi.measure.bases().into_iter().any(by_period) {
        return Err(format!(
            "its rows are of {0}s, and a {1} has other ones; on a scorecard by {1} it is computed from those",
            words(kpi.period),
            words(grain)
        ));
    }
    let calendar = project.calendar_of(kpi);
    let mut rows = TableBuilder::new(&VALUE);
    for segment in cube.segments(kpi.period) {
        if !kind_of(&kpi.measure).keeps_all(kpi, segment.is_total()) {
            continue;
        }
        let mut parts: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for (ordinal, row) in cube.series(kpi.period, segment) {
            let own = calendar.period(kpi.period, *ordinal);
            let day = calendar.first_day(own).map_err(|e| e.to_string())?;
            parts.entry(calendar.period_of_day(grain, day).ordinal).or_default().push(*row as usize);
        }
        for (ordinal, mut of) in parts {
            let period = calendar.period(grain, ordinal);
            if kpi.over.is_some() {
                // The window that ends with the longer period is that of its last part, and of no other.
                let last = calendar.last_day(period).map_err(|e| e.to_string())?;
                let last = calendar.period_of_day(kpi.period, last);
                match cube.row(last, segment) {
                    Some(row) => of = vec![row],
                    None => continue,
                }
            }
            let states = of.iter().map(|row| CellStates::decode(states_of(cube.rows(), *row)));
            let states: Vec<CellStates> = states.collect::<Result<_, _>>().map_err(|e| e.to_string())?;
            let mut sum = CellStates::sum(&states).ok_or_else(|| {
                format!(
                    "it counts different values, and those of {0}s do not add up to those of a {1}; on a scorecard by {1} it \
                     is computed from the rows",
                    words(kpi.period),
                    words(grain)
                )
            })?;
            let days = calendar.first_day(period).and_then(|first| Ok((first, calendar.last_day(period)?)));
            let (first, last) = days.map_err(|e| e.to_string())?;
            // The data of a rate's terms may reach the longer period where they reach none of its parts with rows.
            sum.outside = sum.outside.filter(|of| of.is_beyond(ordinal_of_day(first), ordinal_of_day(last)));
            let end = calendar.bounds(period).map_err(|e| e.to_string())?.end;
            let finished = finish::finished_again(kpi, &sum, project.confidence);
            let Finished { estimate, coverage } = finished.map_err(|e| e.to_string())?;
            // The whole of what is partly not trusted is not trusted either.
            let withheld = of.iter().find_map(|row| match figure(cube.rows(), *row).ok()?.estimate {
                Err(why @ NotComputable::NotTrusted { .. }) => Some(why),
                _ => None,
            });
            let estimate = withheld.map_or(estimate, Err);
            let value = Value {
                kpi: kpi.id.clone(),
                period,
                segment: segment.clone(),
                estimate,
                coverage,
                finality: reach::finality(kpi, end, calendar, watermarks).map_err(|e| e.to_string())?,
                states: sum.encode().into(),
            };
            let runs = of.iter().map(|row| cube.rows().run(*row));
            let run = runs.max_by_key(|run| rank(*run)).unwrap_or_default();
            push_value(&mut rows, run, calendar.first_day(period).map_err(|e| e.to_string())?, &value);
        }
    }
    Ok(rows.finish().sorted(|run| run))
}
