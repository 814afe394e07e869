//! Whether the peers found the same, cell by cell and aggregate by aggregate.

use std::{collections::HashMap, fs::File, path::Path};

use arrow::{
    array::{Array, AsArray, StringArray},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type},
};
use kepi_model::{calendar::Calendar, project::Project};
use kepi_query::{
    finish::MeasuredScan,
    lower::lower,
    side::{Role, Term},
    state::{Member, StateColumn},
    value::Value,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::BenchError;

/// Column of the peers → the KPI and role of the state that must equal it.
const PAIRS: [(&str, &str, Term, Role); 57] = {
    use Role::{Counted, Eligible, Group, Hits, Squares, Total};
    use Term::{First, Second};
    [
        ("n", "volume", First, Eligible),
        ("phone", "phone_volume", First, Eligible),
        ("web", "web_volume", First, Eligible),
        ("chat", "chat_volume", First, Eligible),
        ("urgent", "urgent_volume", First, Eligible),
        ("automated", "automated_share", First, Hits),
        ("solved", "solved_share", First, Hits),
        ("reopened_of_solved", "reopened_share", First, Hits),
        ("escalated", "escalated_share", First, Hits),
        ("first_contact", "first_contact_share", First, Hits),
        ("waited", "waiting", First, Counted),
        ("within_60", "within_60", First, Hits),
        ("within_300", "within_300", First, Hits),
        ("phone_waited", "phone_within_60", First, Counted),
        ("phone_within_60", "phone_within_60", First, Hits),
        ("gold", "gold_volume", First, Eligible),
        ("refunds", "refund_rate", First, Eligible),
        ("refunded", "refund_mean", First, Counted),
        ("promoters", "recommendation", First, Group(0)),
        ("passives", "recommendation", First, Group(1)),
        ("detractors", "recommendation", First, Group(2)),
        ("gold_promoters", "gold_recommendation", First, Group(0)),
        ("gold_detractors", "gold_recommendation", First, Group(2)),
        ("rated", "satisfied", First, Counted),
        ("satisfied", "satisfied", First, Hits),
        ("phone_rated", "phone_satisfied", First, Counted),
        ("phone_satisfied", "phone_satisfied", First, Hits),
        ("effort_rated", "easy", First, Counted),
        ("easy", "easy", First, Hits),
        ("detractors_escalated", "detractors_escalated", First, Hits),
        ("urgent_solved", "urgent_solved", First, Hits),
        ("urgent_waited", "urgent_waiting", First, Counted),
        ("self_service", "self_service_share", First, Hits),
        ("long", "long_share", First, Hits),
        ("automated_solved", "automated_solved", First, Hits),
        ("sum_contacts", "contacts_per_case", First, Total),
        ("sum_contacts_squares", "contacts_per_case", First, Squares),
        ("sum_handle", "handling", First, Total),
        ("sum_handle_squares", "handling", First, Squares),
        ("sum_phone_handle", "phone_handling", First, Total),
        ("sum_phone_handle_squares", "phone_handling", First, Squares),
        ("sum_gold_handle", "gold_handling", First, Total),
        ("sum_gold_handle_squares", "gold_handling", First, Squares),
        ("sum_wait", "waiting", First, Total),
        ("sum_wait_squares", "waiting", First, Squares),
        ("sum_urgent_wait", "urgent_waiting", First, Total),
        ("sum_urgent_wait_squares", "urgent_waiting", First, Squares),
        ("sum_cost", "cost_per_case", First, Total),
        ("sum_cost_squares", "cost_per_case", First, Squares),
        ("sum_solved_cost", "cost_per_solved", First, Total),
        ("sum_reopened_cost", "reopened_cost", First, Total),
        ("sum_refund", "refund_mean", First, Total),
        ("sum_refund_squares", "refund_mean", First, Squares),
        ("sum_satisfaction", "satisfaction_mean", First, Total),
        ("sum_satisfaction_squares", "satisfaction_mean", First, Squares),
        ("sum_effort", "effort_mean", First, Total),
        // Both terms of a ratio over the same rows.
        ("solved", "cost_per_solved", Second, Counted),
    ]
};

const DAY: i64 = 86_400_000_000;

type Cell = (i64, String, String, String);

/// Compares the finest table of a scan with a peer's result. None: they agree; else the first difference.
pub fn difference(project: &Project, scan: &MeasuredScan, peer: &Path) -> Result<Option<String>, BenchError> {
    let failed = |e: &dyn std::fmt::Display| BenchError::File(peer.into(), e.to_string());
    let place = scan.plan.key_sets.iter().position(|set| set.len() == scan.plan.keys.len());
    let Some(table) = place.and_then(|place| scan.measured.tables.get(place)) else {
        return Err(BenchError::Project("no key set holds all dimensions".into()));
    };
    let mut ours: HashMap<Cell, usize> = HashMap::with_capacity(table.buckets.len());
    for (cell, bucket) in table.buckets.iter().enumerate() {
        let day = scan.plan.edges.get(*bucket as usize).map_or(i64::MIN, |edge| edge.div_euclid(DAY));
        let member = |dimension: &str| {
            let key = table.keys.iter().find(|key| key.dimension.as_str() == dimension);
            let code = key.and_then(|key| Some((key, *key.codes.get(cell)? as usize)));
            match code.and_then(|(key, code)| key.members.get(code)) {
                Some(Member::Value(text)) => text.to_string(),
                _ => String::new(),
            }
        };
        ours.insert((day, member("region"), member("tier"), member("channel")), cell);
    }
    let mut columns = Vec::with_capacity(PAIRS.len());
    for (name, kpi, term, role) in PAIRS {
        let missing = || BenchError::Project(format!("`{kpi}` has no state for `{name}`"));
        let kpi = project.kpis.values().find(|k| k.id.as_str() == kpi).ok_or_else(missing)?;
        let lowered = lower(kpi, project)?;
        let side = lowered.side(term).ok_or_else(missing)?;
        let id = side
            .states
            .iter()
            .find(|(own, _)| *own == role)
            .map(|(_, state)| state.id)
            .ok_or_else(missing)?;
        let column = table.states.iter().find(|(own, _)| *own == id).ok_or_else(missing)?;
        columns.push((name, &column.1));
    }
    let file = File::open(peer).map_err(|e| failed(&e))?;
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(file).and_then(|b| b.build()).map_err(|e| failed(&e))?;
    let mut rows = 0;
    for batch in reader {
        let batch = batch.map_err(|e| failed(&e))?;
        let column = |name: &str, type_: &DataType| {
            let array = batch.column_by_name(name).ok_or_else(|| failed(&format!("no column `{name}`")))?;
            cast(array, type_).map_err(|e| failed(&e))
        };
        let days = column("day", &DataType::Int64)?;
        let days = days.as_primitive::<Int64Type>().clone();
        let text = |name| column(name, &DataType::Utf8).map(|array| array.as_string::<i32>().clone());
        let keys: [StringArray; 3] = [text("region")?, text("tier")?, text("channel")?];
        let [region, tier, channel] = &keys;
        let cells: Vec<Option<usize>> = (0..batch.num_rows())
            .map(|row| {
                let of = |array: &StringArray| array.value(row).to_owned();
                ours.get(&(days.value(row), of(region), of(tier), of(channel))).copied()
            })
            .collect();
        rows += batch.num_rows();
        for (name, own) in &columns {
            let theirs = column(name, &DataType::Int64)?;
            let theirs = theirs.as_primitive::<Int64Type>();
            for (row, cell) in cells.iter().enumerate() {
                let value = cell.and_then(|cell| match own {
                    StateColumn::Count(values) => values.get(cell).map(|v| i128::from(*v)),
                    StateColumn::Sum(values) => values.get(cell).copied(),
                    _ => None,
                });
                if value != Some(theirs.value(row).into()) || theirs.is_null(row) {
                    let day = days.value(row);
                    return Ok(Some(format!(
                        "`{name}` on day {day} for {}, {}, {}: {value:?} and {}",
                        region.value(row),
                        tier.value(row),
                        channel.value(row),
                        theirs.value(row)
                    )));
                }
            }
        }
    }
    Ok((rows != ours.len()).then(|| format!("{} cells and {rows}", ours.len())))
}

/// Compares values with those of a peer, one a row: KPI, month, segment, value. None: they agree; else the first difference. Where a peer has
/// nothing, there is nothing or 0.
pub fn values(values: &[Value], calendar: &Calendar, peer: &Path) -> Result<Option<String>, BenchError> {
    let failed = |e: &dyn std::fmt::Display| BenchError::File(peer.into(), e.to_string());
    let mut ours: HashMap<(&str, i64, String), f64> = HashMap::with_capacity(values.len());
    for value in values {
        let Some(point) = value.point() else { continue };
        let month = calendar.bounds(value.period).map_err(|e| failed(&e))?.start;
        ours.insert((value.kpi.as_str(), month, value.segment.to_string()), point);
    }
    let of_something = |point: f64| point.abs() > 0.0;
    let expected = ours.values().filter(|point| of_something(**point)).count();
    let file = File::open(peer).map_err(|e| failed(&e))?;
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(file).and_then(|b| b.build()).map_err(|e| failed(&e))?;
    let mut found = 0;
    for batch in reader {
        let batch = batch.map_err(|e| failed(&e))?;
        let column = |name: &str, type_: &DataType| {
            let array = batch.column_by_name(name).ok_or_else(|| failed(&format!("no column `{name}`")))?;
            cast(array, type_).map_err(|e| failed(&e))
        };
        let (kpis, segments) = (column("kpi", &DataType::Utf8)?, column("segment", &DataType::Utf8)?);
        let (months, theirs) = (column("month", &DataType::Int64)?, column("value", &DataType::Float64)?);
        let (kpis, segments) = (kpis.as_string::<i32>(), segments.as_string::<i32>());
        let (months, theirs) = (months.as_primitive::<Int64Type>(), theirs.as_primitive::<Float64Type>());
        for row in 0..batch.num_rows() {
            let (kpi, segment, theirs) = (kpis.value(row), segments.value(row), theirs.value(row));
            let own = ours.get(&(kpi, months.value(row), segment.to_owned())).copied();
            found += usize::from(of_something(theirs));
            if own.is_none_or(|own| (own - theirs).abs() > 1e-9 * own.abs().max(1.0)) {
                let month = months.value(row);
                return Ok(Some(format!(
                    "`{kpi}` in the month from {month} for `{segment}`: {own:?} and {theirs}"
                )));
            }
        }
    }
    Ok((found != expected).then(|| format!("{expected} values that are not 0, and {found}")))
}
