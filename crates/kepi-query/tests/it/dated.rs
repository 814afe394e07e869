//! KPIs that change on a day: every period has what the KPI that is in force on its last day has alone.

use std::collections::BTreeMap;

use jiff::civil::date;
use kepi_model::{
    calendar::Grain,
    id::{Hash, KpiId},
    project::{Kpi, Project},
};
use kepi_query::{finish::AtGrain, value::Value};
use kepi_testkit::{
    definitions::case,
    road::{Road, made, number},
};

const RUN: i64 = 1_893_456_000_000_000;

fn shown(value: &Value) -> String {
    format!(
        "{:?} {} {:?} {:?} {:?} {:?}",
        value.period, value.segment, value.estimate, value.coverage, value.finality, value.states
    )
}

#[test]
fn a_kpi_that_changes_has_the_figures_of_each_wording_in_its_time() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 25));
    let (mut before, mut after, mut pairs) = (0, 0, 0);
    for seed in first..first + count {
        let case = case(seed);
        let inputs = made(&case.project, &case.inputs, RUN);
        let road = Road::by_reference(&case.project, &inputs);
        let mut alone: BTreeMap<&KpiId, Vec<Value>> = BTreeMap::new();
        let values = road.values(&case.project);
        for value in &values {
            let kpi = &case.project.kpis[&value.kpi];
            if value.period.grain == kpi.period {
                alone.entry(&kpi.id).or_default().push(value.clone());
            }
        }
        let kpis: Vec<&Kpi> = case.project.kpis.values().collect();
        for (then, now) in
            kpis.iter().zip(kpis.iter().skip(1)).filter(|(then, now)| then.period == now.period)
        {
            let days = alone.get(&now.id).into_iter().flatten().map(|value| value.period.ordinal);
            let Some(middle) = days.clone().min().zip(days.max()).map(|(a, b)| (a + b) / 2) else { continue };
            let calendar = &case.project.calendar;
            let period = calendar.period(now.period, middle);
            // On the last day of a period: it is the period's, and that before keeps what it had.
            let from = calendar.last_day(period).unwrap();
            let earlier = Kpi { id: now.id.clone(), ..(*then).clone() };
            let dated =
                Kpi { from: Some(from), earlier: vec![earlier], hash: Hash([9; 32]), ..(*now).clone() };
            let mut project: Project = case.project.clone();
            project.kpis = BTreeMap::from([(dated.id.clone(), dated.clone())]);
            let road = Road::by_reference(&project, &inputs);
            let at = AtGrain::new(road.context(&project), now.period).unwrap();
            let mut found: Vec<String> = at.values(&dated).unwrap().iter().map(shown).collect();
            let own = |id: &KpiId, of: fn(i32, i32) -> bool| -> Vec<String> {
                let all = alone.get(id).into_iter().flatten();
                all.filter(|value| of(value.period.ordinal, middle)).map(shown).collect()
            };
            let (old, new) =
                (own(&then.id, |of, middle| of < middle), own(&now.id, |of, middle| of >= middle));
            (before, after, pairs) = (before + old.len(), after + new.len(), pairs + 1);
            let mut expected = [old, new].concat();
            found.sort();
            expected.sort();
            // Those by year are asked for twice.
            expected.dedup();
            assert_eq!(found, expected, "seed {seed}: {} then {}\n{}", then.id, now.id, case.text);
        }
    }
    eprintln!("{pairs} pairs: {before} values before, {after} after");
    assert!(pairs > 20 && before > 300 && after > 500, "{pairs} pairs, {before} before, {after} after");
}

#[test]
fn before_its_first_day_a_kpi_has_no_figures() {
    let case = case(3);
    let inputs = made(&case.project, &case.inputs, RUN);
    let road = Road::by_reference(&case.project, &inputs);
    for kpi in case.project.kpis.values() {
        let at = AtGrain::new(road.context(&case.project), Grain::Year).unwrap();
        let dated = Kpi { from: Some(date(9000, 1, 1)), ..kpi.clone() };
        assert!(at.values(&dated).unwrap().is_empty());
        let dated = Kpi { from: Some(date(1, 1, 1)), ..kpi.clone() };
        let (dated, undated) = (at.values(&dated).unwrap(), at.values(kpi).unwrap());
        assert_eq!(
            dated.iter().map(shown).collect::<Vec<_>>(),
            undated.iter().map(shown).collect::<Vec<_>>()
        );
    }
}
