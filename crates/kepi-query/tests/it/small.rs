//! Small cells: what somebody knows who knows all that is published of a period, by linear programmes of their own over random tables.

use std::{collections::BTreeMap, fmt::Write as _};

use kepi_model::{
    calendar::Grain,
    check::{Options, check},
    source_text::{SourceFile, SourceMap},
};
use kepi_query::value::Value;
use kepi_stats::{estimate::NotComputable, optimise::LinearProgramme};
use kepi_testkit::{
    road::Road,
    tables::{inputs, project, table},
};
use proptest::{prelude::*, test_runner::TestRunner};

const DESK: &str = "project: desk\nname: Desk\nlanguage: 1\ntime_zone: UTC\n---\nentity: job\nname: Job\nkey: [id]\ntime: at\nattributes:\n  \
    id: {type: text}\n  at: {type: timestamp}\n  region: {type: text}\n  kind: {type: text}\n  done: {type: boolean}\n---\n\
    kpi: done\nname: Done\nbetter: higher\nmeasure: {share: {of: job, which: done}}\nperiod: month\nby: [region, kind]\ncross: [[region, kind]]\n\
    publish_if: {cells: 5}\n---\nkpi: open_eyes\nname: The same, all of it\nbetter: higher\nmeasure: {share: {of: job, which: done}}\n\
    period: month\nby: [region, kind]\ncross: [[region, kind]]\n";

const LEAST: f64 = 5.0;

/// Values of January, as they are published and as they are.
fn values(counts: &[Vec<usize>]) -> (Vec<Value>, Vec<Value>) {
    let mut rows = String::from("id:text at:instant region:text kind:text done:boolean _valid_to:instant\n");
    for (region, kinds) in counts.iter().enumerate() {
        for (kind, n) in kinds.iter().enumerate() {
            for of in 0..*n {
                let _ = writeln!(rows, "{region}.{kind}.{of} 2026-01-05 r{region} k{kind} {} -", of % 2 == 0);
            }
        }
    }
    let project = project(DESK);
    let inputs = inputs(vec![("job", table(&project.calendar, &rows))]);
    let month = |of: &Value| of.period.grain == Grain::Month;
    let all = Road::by_reference(&project, &inputs).values(&project).into_iter().filter(month);
    all.partition(|of| of.kpi.as_str() == "done")
}

/// What of a hidden figure's cases can be: cells of the cross that are not shown may be anything, and every figure that is shown is a sum of cells.
fn ranges(shown: &[Value]) -> BTreeMap<String, (f64, f64)> {
    let is_hidden = |of: &Value| of.estimate == Err(NotComputable::SmallGroup);
    let cells: Vec<&Value> = shown.iter().filter(|of| of.segment.0.len() == 2).collect();
    let mut programme = LinearProgramme::new(cells.len());
    let within =
        |whole: &Value, cell: &Value| whole.segment.0.iter().all(|member| cell.segment.0.contains(member));
    let row =
        |whole: &Value| cells.iter().map(|cell| f64::from(u8::from(within(whole, cell)))).collect::<Vec<_>>();
    for of in shown.iter().filter(|of| !is_hidden(of)) {
        programme.equal(&row(of), of.coverage.cases as f64).unwrap();
    }
    let hidden = shown.iter().filter(|of| is_hidden(of)).map(|of| {
        let low = programme.minimise(&row(of)).unwrap().value;
        let high = programme.maximise(&row(of)).map_or(f64::INFINITY, |of| of.value);
        (of.segment.to_string(), (low, high))
    });
    hidden.collect()
}

#[test]
fn nobody_who_knows_all_that_is_published_can_work_out_a_small_cell() {
    // By hand: of 3, 7, 20 and 30 cases the first is small, 7 goes with it, and 10 for the two together say between none and ten of each.
    let (shown, _) = values(&[vec![3], vec![7], vec![20], vec![30]]);
    let of_region = |of: &&Value| of.segment.to_string().starts_with("region");
    let hidden: Vec<String> = shown
        .iter()
        .filter(of_region)
        .filter(|of| of.estimate == Err(NotComputable::SmallGroup))
        .map(|of| of.segment.to_string())
        .collect();
    assert_eq!(hidden, ["region=r0", "region=r1"]);
    assert!(shown.iter().any(|of| of.segment.is_total() && of.coverage.cases == 60));

    let (all, small) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let tables =
        proptest::collection::vec(proptest::collection::vec(prop_oneof![0..8usize, 0..40usize], 3), 2..5);
    let config = proptest::test_runner::Config { cases: 40, failure_persistence: None, ..Default::default() };
    TestRunner::new(config)
        .run(&tables, |counts| {
            let (shown, whole) = values(&counts);
            let known = ranges(&shown);
            for (published, real) in shown.iter().zip(&whole) {
                prop_assert_eq!(&published.segment, &real.segment);
                let (cases, name) = (real.coverage.cases as f64, published.segment.to_string());
                let Some((low, high)) = known.get(&name) else {
                    // What is shown is as it is, and no small cell.
                    prop_assert_eq!(&published.estimate, &real.estimate);
                    prop_assert!(cases == 0.0 || cases >= LEAST, "{} of {} cases is shown", name, cases);
                    continue;
                };
                all.set(all.get() + 1);
                prop_assert!(high - low >= 1.0 - 1e-6, "{} is {} to {}", name, low, high);
                prop_assert_eq!((published.coverage.counted, published.coverage.eligible), (0, 0));
                prop_assert!(published.states != real.states);
                if cases < LEAST {
                    small.set(small.get() + 1);
                    prop_assert!(
                        *low <= 1e-6 && *high >= cases + LEAST - 1e-6,
                        "{} is {} to {}",
                        name,
                        low,
                        high
                    );
                }
            }
            Ok(())
        })
        .unwrap();
    let (all, small) = (all.get(), small.get());
    assert!(all > small && small > 50, "{all} hidden, {small} of them small");
}

#[test]
fn small_cells_are_kept_only_where_all_is_looked_at_together() {
    let codes = |from: &str, to: &str| -> Vec<String> {
        let text = DESK.replacen(from, to, 1);
        assert!(from.is_empty() || text != DESK);
        let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".to_owned(), text: text.into() }]);
        let found = check(&files, &Options::default()).findings;
        found.iter().map(|finding| finding.code.0.to_owned()).filter(|code| code == "K0644").collect()
    };
    assert!(codes("", "").is_empty());
    for (from, to) in [
        ("period: month", "period: [month, quarter]"),
        ("period: month", "period: month\nover: 3 months"),
        ("by: [region, kind]\ncross: [[region, kind]]\n", ""),
    ] {
        assert_eq!(codes(from, to), ["K0644"], "{to}");
    }
}
