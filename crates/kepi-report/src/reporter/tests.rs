//! What is shown hangs together, whoever asks.

use std::sync::LazyLock;

use kepi_query::{
    state::Member,
    value::{Finality, Segment},
};
use kepi_score::card::Card;
use kepi_stats::{
    estimate::{Level, NotComputable},
    estimation::proportion,
};

use super::Reporter;
use crate::{
    api::v1,
    facts::{Facts, Said},
    fixture::{self, Planted},
    reader::{KpiQuery, ScorecardQuery, ViewError},
    view::{ExplainNode, Flow, KpiRow, NodeKind, Shade, SourceState, Status},
};

fn airport() -> &'static Planted {
    static AIRPORT: LazyLock<Planted> = LazyLock::new(fixture::airport);
    &AIRPORT
}

fn asking(unit: &str, period: &str) -> ScorecardQuery {
    ScorecardQuery {
        unit: Some(unit.to_owned()),
        period: Some(period.to_owned()),
        ..ScorecardQuery::default()
    }
}

/// Value, status and score of a row, as shown.
fn figures(row: &KpiRow) -> impl PartialEq + std::fmt::Debug + use<> {
    (row.kpi.id.clone(), row.value.clone(), row.status, row.score.clone(), row.change.clone())
}

#[test]
fn a_figure_is_the_same_on_every_page_and_in_every_answer() {
    let at = Reporter::new(airport());
    let card = at.scorecard(&ScorecardQuery::default()).unwrap();
    assert_eq!(card.units.len(), 7);
    for unit in &card.units {
        let query = asking(&unit.id, "2015");
        let view = at.scorecard(&query).unwrap();
        assert_eq!((&view.overall.score, view.overall.status), (&unit.score, unit.status), "{}", unit.name);
        let answer = v1::scorecard(airport(), &query, None).unwrap();
        assert_eq!(
            answer.score.score.map(|points| (points * 1e6).round() as i64),
            view.overall.score.value().map(|p| p.micro)
        );
        let explained = at.explain(&query).unwrap().root;
        let told = answer.perspectives.iter().flat_map(|p| &p.objectives).flat_map(|o| &o.kpis);
        for (row, told) in view.rows().zip(told) {
            let asked = KpiQuery {
                unit: Some(unit.id.clone()),
                period: Some("2015".to_owned()),
                ..KpiQuery::default()
            };
            let page = at.kpi(&row.kpi.id, &asked).unwrap();
            assert_eq!(figures(&page.current), figures(row));
            // By segment on the page of the whole, where the unit is one.
            let whole = at.kpi(&row.kpi.id, &KpiQuery::default()).unwrap();
            if unit.depth > 0 {
                let member = unit.name.trim_start_matches("Boarding Area ");
                let segment = whole.dimensions[0].members.iter().find(|m| m.name == member).unwrap();
                assert_eq!((&segment.value, segment.status), (&row.value, row.status));
            }
            assert_eq!(told.value.as_ref().map(|v| v.point), row.value.value().map(|m| m.value.raw));
            assert_eq!((told.status.as_ref(), told.probability), (row.status.code(), row.status_probability));
            let leaf = leaf(&explained, &row.kpi.id).unwrap();
            assert_eq!(leaf.score.value().map(|p| p.micro), row.score.value().map(|p| p.micro));
        }
    }
}

fn leaf<'n>(node: &'n ExplainNode, kpi: &str) -> Option<&'n ExplainNode> {
    if node.kind == NodeKind::Kpi && node.of.id == kpi {
        return Some(node);
    }
    node.children.iter().find_map(|child| leaf(child, kpi))
}

#[test]
fn what_is_off_comes_worst_first_and_what_lacks_a_value_last() {
    let view = Reporter::new(airport()).scorecard(&ScorecardQuery::default()).unwrap();
    let shown: Vec<(&str, Status)> = view.deviations.iter().map(|d| (d.kpi.id.as_str(), d.status)).collect();
    assert_eq!(shown.last(), Some(&("recovery_training", Status::Grey)));
    let lacking = view.deviations.last().unwrap();
    assert_eq!(lacking.what, "No value: 18 observations, at least 30 are needed.");
    assert!(lacking.points_lost.is_none());
    assert!(shown.is_sorted_by_key(|(_, status)| *status), "{shown:?}");
    let lost: Vec<i64> = view
        .deviations
        .iter()
        .filter(|d| d.status == Status::Red)
        .map(|d| d.points_lost.as_ref().unwrap().micro)
        .collect();
    assert!(lost.len() >= 2 && lost.is_sorted_by(|a, b| a >= b), "{lost:?}");
    for deviation in &view.deviations {
        assert!(matches!(deviation.status, Status::Red | Status::Amber | Status::Grey));
    }
}

#[test]
fn a_provisional_value_is_called_so_and_not_compared() {
    let mut planted = fixture::airport();
    let observed = planted.entry_of("recommend", "2015").value.estimate.clone();
    let entry = planted.plant("recommend", "2015", &Segment::total(), observed, 0.95);
    entry.value.finality = Finality::Provisional { data_until: Some(1), final_at: 2 };
    let at = Reporter::new(&planted);
    // The newest period in which everything is final is the one before.
    assert_eq!(at.scorecard(&ScorecardQuery::default()).unwrap().period, "2014");
    let view = at.scorecard(&asking("sfo", "2015")).unwrap();
    assert!(!view.complete);
    assert_eq!(view.freshness.remark(), Some("provisional"));
    let row = view.rows().find(|r| r.kpi.id == "recommend").unwrap();
    assert_eq!(row.freshness.remark(), Some("provisional"));
    assert_eq!(row.change.reason().unwrap().code, "provisional");
    assert_eq!(
        row.recent.points.iter().map(|p| p.1).collect::<Vec<_>>(),
        [true, true, true, true, true, false]
    );
    let other = view.rows().find(|r| r.kpi.id == "problem_rate").unwrap();
    assert_eq!(other.freshness.remark(), None);
    assert_eq!(other.change.value().unwrap().since, "2014");
}

#[test]
fn a_gap_has_no_value_and_no_remark() {
    let mut planted = fixture::airport();
    planted.plant("problem_rate", "2014", &Segment::total(), Err(NotComputable::NoRows), 1.0);
    let view = Reporter::new(&planted).kpi("problem_rate", &KpiQuery::default()).unwrap();
    assert_eq!(view.trend.len(), 6);
    assert_eq!(view.trend[4].value.reason().unwrap().code, "no_rows");
    assert_eq!(view.current.change.value().unwrap().since, "2013", "the last value before");
}

#[test]
fn what_is_not_there_is_named_with_what_resembles_it() {
    let at = Reporter::new(airport());
    let Err(ViewError::NotFound { suggestions, .. }) = at.scorecard(&asking("area_x", "2015")) else {
        panic!("there is no such unit")
    };
    assert_eq!(suggestions.len(), 3);
    assert!(
        suggestions.iter().all(|(name, path)| name.starts_with("Boarding") && path.contains("?unit=area_"))
    );
    let Err(ViewError::NotFound { suggestions, .. }) = at.kpi("recomend", &KpiQuery::default()) else {
        panic!("there is no such KPI")
    };
    assert_eq!(suggestions[0].1, "/kpis/recommend");
}

#[test]
fn scores_of_units_are_those_of_the_card() {
    let scorecard = airport().project().scorecards.values().next().unwrap();
    let card: Card<'_, dyn Facts> = Card { project: airport().project(), scorecard, values: airport() };
    let period = airport().project().calendar.parse("2015").unwrap();
    assert_eq!(airport().unit_scores(&card, period), card.scores(period));
}

/// Some 70 % visited a shop for fifteen years, then 222 of 400: a proven fall to 55.5 %, and the target of 62 % is missed for certain. Only whether the
/// threshold of 55 % is reached is open, and that speaks against neither.
#[test]
fn a_proven_fall_near_the_edge_of_a_band_is_a_fall() {
    let mut planted = fixture::airport();
    let share = |hits: u64| proportion::wilson(hits, 400, Level::NINETY_FIVE);
    for year in 2000..2015 {
        let steady = share(280 + year % 3);
        planted.plant("shop_visits", &year.to_string(), &Segment::total(), steady, 1.0);
    }
    planted.plant("shop_visits", "2015", &Segment::total(), share(222), 1.0);
    let card = Reporter::new(&planted).scorecard(&ScorecardQuery::default()).unwrap();
    let of = card.deviations.iter().find(|d| d.kpi.id == "shop_visits").unwrap();
    assert_eq!(of.status, Status::Amber);
    assert_eq!(of.what, "6\u{202f}pt below the target of 62\u{202f}%.");
    assert!(
        of.why[0].starts_with("−15\u{202f}pt since 2014; 56\u{202f}% is below the usual ")
            && of.why[0].ends_with(": worse."),
        "{}",
        of.why[0]
    );
    assert!(
        of.why[1].starts_with(
            "Only 58\u{202f}% sure of “watch”: the interval reaches from “off target” to “watch”"
        )
    );
    assert_eq!(
        (of.action.as_str(), of.advice),
        ("Getting worse, beyond its usual variation: find the cause.", "find_cause")
    );
    // The page of the KPI and the interface say the same.
    let page = Reporter::new(&planted).kpi("shop_visits", &KpiQuery::default()).unwrap();
    assert_eq!(page.insight.action, of.action);
    let told = v1::scorecard(&planted, &ScorecardQuery::default(), None).unwrap();
    let told = told.deviations.iter().find(|d| d.kpi == "shop_visits").unwrap();
    assert_eq!((told.action.as_str(), told.advice.as_ref()), (of.action.as_str(), "find_cause"));
}

/// Four earlier years are needed; what has fewer says so, and is not compared.
#[test]
fn what_nobody_can_judge_yet_says_why() {
    let at = Reporter::new(airport());
    let page = |period: &str| {
        let query = KpiQuery { period: Some(period.to_owned()), ..KpiQuery::default() };
        at.kpi("complaints", &query).unwrap().current.change.value().unwrap().clone()
    };
    let early = page("2013");
    assert_eq!(early.by, "no verdict: 4 earlier periods are needed, there are 3");
    assert_eq!(early.usual.reason().unwrap().code, "too_few");
    let judged = page("2015");
    assert!(judged.by.starts_with("within its usual variation, "), "{}", judged.by);
    let usual = judged.usual.value().unwrap();
    assert!(usual.low.raw < usual.expected.raw && usual.expected.raw < usual.high.raw && usual.periods == 5);
}

/// A value without a target is a value.
#[test]
fn what_merely_has_no_target_is_not_called_without_a_value() {
    let mut planted = fixture::airport();
    // Its targets begin in 2010.
    planted.plant(
        "shop_visits",
        "2009",
        &Segment::total(),
        proportion::wilson(5, 400, Level::NINETY_FIVE),
        1.0,
    );
    let asked = KpiQuery { period: Some("2009".to_owned()), ..KpiQuery::default() };
    let view = Reporter::new(&planted).kpi("shop_visits", &asked).unwrap();
    assert_eq!((view.current.status, view.current.status.label()), (Status::NoTarget, "no target"));
    assert_eq!(view.current.status.code(), "grey");
    assert_eq!((view.insight.what.as_str(), view.insight.advice), ("No target is in force.", "none"));
    assert_eq!(view.trend[0].status, Status::NoTarget);
}

/// An airport in which restroom cleanliness is crossed with the language of the answers, and was restated in area A.
fn crossed() -> Planted {
    let mut planted = fixture::airport();
    let said = planted.entry_of("restroom_cleanliness", "2015").value.estimate.clone();
    let language = |of: &str| ("language".parse().unwrap(), Member::Value(of.into()));
    let area = |of: &str| ("boarding_area".parse().unwrap(), Member::Value(of.into()));
    for segment in [
        Segment::new(vec![language("german")]),
        Segment::new(vec![language("german"), area("A")]),
        Segment::new(vec![language("german"), area("B")]),
    ] {
        planted.plant("restroom_cleanliness", "2015", &segment, said.clone(), 1.0);
    }
    let before = Said { estimate: said, at: 0 };
    planted.plant_before("restroom_cleanliness", "2015", &Segment::new(vec![area("A")]), before);
    planted
}

#[test]
fn nothing_of_rows_that_are_not_shown_stands_on_the_page_of_a_segment() {
    let planted = crossed();
    let at = Reporter::new(&planted);
    let page = |segment: Option<&str>, unit: Option<&str>| {
        let (segment, unit) = (segment.map(str::to_owned), unit.map(str::to_owned));
        at.kpi("restroom_cleanliness", &KpiQuery { segment, unit, period: Some("2015".to_owned()) }).unwrap()
    };
    let shown = |view: &crate::view::KpiView| -> Vec<(String, Vec<String>)> {
        let members = |d: &crate::view::DimensionView| d.members.iter().map(|m| m.name.clone()).collect();
        view.dimensions.iter().map(|d| (d.dimension.name.clone(), members(d))).collect()
    };
    let all = page(None, None);
    assert_eq!(
        shown(&all).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["boarding area", "language", "boarding area and language"]
    );
    assert_eq!(shown(&all)[2].1, ["A · german", "B · german"]);
    // Of area A only what lies within it; the same whether it is asked for as a segment or as the unit.
    for view in [page(Some("boarding_area=A"), None), page(None, Some("area_a"))] {
        assert_eq!(shown(&view), [("language".to_owned(), vec!["german".to_owned()])]);
        assert_eq!(view.dimensions[0].members[0].id, "boarding_area=A;language=german");
        assert_eq!(view.restatements.len(), 1);
    }
    let segment = page(Some("boarding_area=A"), None);
    assert!(segment.units.is_empty() && segment.insight.located.is_none());
    // A combination has a page, with the way back to either of its members.
    let both = page(Some("boarding_area=A;language=german"), None);
    assert_eq!(both.wider.iter().map(|w| w.name.as_str()).collect::<Vec<_>>(), ["A", "german"]);
    assert!(both.dimensions.is_empty() && both.restatements.is_empty());
}

#[test]
fn a_restatement_that_is_counted_is_shown() {
    let planted = crossed();
    let view = Reporter::new(&planted).kpi("restroom_cleanliness", &KpiQuery::default()).unwrap();
    let told: Vec<(&str, &str)> =
        view.restatements.iter().map(|r| (r.period.as_str(), r.name.as_str())).collect();
    // The fixture has one of the total.
    assert_eq!(told, [("2014", ""), ("2015", "A")]);
    let told = v1::kpi(&planted, "restroom_cleanliness", &KpiQuery::default()).unwrap();
    let segments: Vec<&str> = told.restatements.iter().map(|r| r.segment.as_str()).collect();
    assert_eq!(segments, ["", "boarding_area=A"]);
}

#[test]
fn a_cohort_is_so_old_as_its_age_and_what_may_change_has_no_tint() {
    let facts = airport();
    let view = Reporter::new(facts).cohorts("members_return").unwrap();
    assert_eq!(view.ages, [0, 1, 2, 3]);
    let row = |place: usize| {
        let cohort = &view.cohorts[place];
        let cells = cohort.cells.iter().map(|cell| {
            let cell = cell.as_ref()?;
            let measured = cell.value.value()?;
            Some((cell.period.as_str(), measured.n, (measured.value.raw * 100.0).round() as u32, cell.shade))
        });
        (cohort.period.as_str(), cohort.n, cells.collect::<Vec<_>>())
    };
    // Who joined in 2013: 60, of whom 60, 39 and 33 came in 2013, 2014 and 2015. The last is provisional.
    let expected = vec![
        Some(("2013", 60, 100, Shade::Step(4))),
        Some(("2014", 60, 65, Shade::Step(1))),
        Some(("2015", 60, 55, Shade::Provisional)),
        None,
    ];
    assert_eq!(row(1), ("2013", Some(60), expected));
    assert_eq!(row(3).2[1..], [None, None, None]);
    let error = Reporter::new(facts).cohorts("problem_rate").unwrap_err().to_string();
    assert!(error.contains("by: [age]"), "{error}");
}

#[test]
fn a_funnel_has_its_stages_in_order_and_says_who_is_lost() {
    let facts = airport();
    let view = Reporter::new(facts).journey(None, None).unwrap();
    let names: Vec<&str> = view.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["looks around", "joins", "stays", "in no stage"]);
    let funnel = view.funnel.unwrap();
    let steps: Vec<_> = funnel
        .steps
        .iter()
        .map(|step| {
            (step.entries.value.value().unwrap().n, (step.share * 1000.0).round(), step.lost.as_deref())
        })
        .collect();
    // 240, 96, 61 came; 144 of 240 and 35 of 96 did not go on, and there is nowhere to go on to from the last.
    assert_eq!(
        steps,
        [(240, 1000.0, Some("60\u{202f}%")), (96, 400.0, Some("36\u{202f}%")), (61, 254.0, None)]
    );
    let mut map = view.maps[0].clone();
    assert_eq!((map.kpi.id.as_str(), map.dimension.id.as_str()), ("stage_entries", "came_by"));
    let web = map.members.iter().position(|member| member.id == "web").unwrap();
    assert_eq!(map.rows[0][web].as_ref().unwrap().value.value().unwrap().n, 180);
    assert!(map.rows[3].iter().all(Option::is_none));
    // What is not drawn is counted.
    assert_eq!((map.members.len(), map.not_drawn), (2, 0));
    map.draw(1);
    assert_eq!((map.members.len(), map.rows[0].len(), map.not_drawn), (1, 1, 1));
}

#[test]
fn the_end_of_a_period_is_the_start_of_the_next() {
    let facts = airport();
    let view = Reporter::new(facts).flow("open_claims").unwrap();
    let of = |flow: &Flow| {
        let of = flow.amounts.value().unwrap();
        (of.opening.0, of.came.0, of.went.0, of.closing.0)
    };
    let flows: Vec<_> = view.flows.iter().map(of).collect();
    assert_eq!(flows, [(12.0, 30.0, 25.0, 17.0), (17.0, 44.0, 31.0, 30.0), (30.0, 28.0, 40.0, 18.0)]);
    let csv = crate::tables::flow(facts, "open_claims").unwrap();
    assert!(csv.contains("open_claims,2014,17,44,31,30,,true"), "{csv}");
}

/// A desk whose tickets are expected every day by six in the morning, in Berlin.
fn desk(deliveries: &[(&str, u64)], now: &str) -> Planted {
    let text = "project: p\nname: P\nlanguage: 1\ntime_zone: UTC\n---\nsource: tickets\ninto: ticket\nfrom: {csv: {files: t.csv}}\n\
                mode: append\nexpect: {every: day, by: \"06:00\", time_zone: Europe/Berlin}\nmap:\n  id: {column: id, as: text}\n  \
                opened_at: {column: at, as: date}\n---\nkpi: requests\nname: Requests\nbetter: lower\nmeasure: {count: {of: ticket}}\n\
                period: month\n";
    let mut planted = Planted::new(&[("kepi.yml", text.to_owned())]);
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let deliveries: Vec<(i64, u64)> = deliveries.iter().map(|(when, rows)| (at(when), *rows)).collect();
    planted.plant_deliveries("tickets", &deliveries, at(now));
    planted
}

#[test]
fn a_source_is_late_in_the_minute_in_which_it_is_due() {
    let came = [("2026-03-01T04:00:00Z", 10), ("2026-03-02T04:00:00Z", 12), ("2026-03-03T04:00:00Z", 90)];
    // Six o'clock in Berlin is five in UTC.
    for (now, state, late) in [
        ("2026-03-04T04:59:59Z", SourceState::OnTime, None),
        ("2026-03-04T05:00:00Z", SourceState::Late, Some(0)),
        ("2026-03-04T07:30:00Z", SourceState::Late, Some(9_000)),
    ] {
        let planted = desk(&came, now);
        let view = Reporter::new(&planted).sources().unwrap();
        let of = &view.sources[0].delivery;
        assert_eq!((of.state, of.late), (state, late), "{now}");
        assert_eq!(of.due.as_deref(), Some("2026-03-04T05:00:00+00:00"));
        assert_eq!(of.expected.as_deref(), Some("every day by 06:00 (Europe/Berlin)"));
        assert_eq!((of.rows, of.usual_rows), (Some(90), None));
        let kpi = planted.project().kpis.values().next().unwrap();
        let said = Reporter::new(&planted).late_sources(kpi);
        let expected = late.map(|seconds| match seconds {
            0 => "`tickets` is late: due 4 March 2026, 05:00, 0 seconds ago",
            _ => "`tickets` is late: due 4 March 2026, 05:00, 2 hours ago",
        });
        assert_eq!(said, expected.into_iter().collect::<Vec<_>>());
    }
}

/// By six each day in Berlin, which is five in UTC: the 2nd came in time, the 3rd an hour late, the 4th not at all, the 5th in time.
#[test]
fn what_was_promised_is_counted_by_month_and_makes_a_source_reliable_or_not() {
    let came = [
        ("2026-02-28T04:00:00Z", 10),
        ("2026-03-01T04:00:00Z", 10),
        ("2026-03-02T04:00:00Z", 12),
        ("2026-03-03T06:00:00Z", 11),
        ("2026-03-05T04:00:00Z", 9),
    ];
    let planted = desk(&came, "2026-03-06T04:59:59Z");
    let view = Reporter::new(&planted).sources().unwrap();
    let [march] = &view.promises[..] else { panic!("one month: {:?}", view.promises) };
    assert_eq!(
        (march.period.as_str(), march.promise.as_str()),
        ("2026-03", "every day by 06:00 (Europe/Berlin)")
    );
    assert_eq!((march.due, march.kept, march.late, march.missed, march.longest), (5, 3, 1, 1, Some(3600)));
    let of = &view.reliability[0];
    // Four of five came, three of these in time; no row says anything against it: 100 × ⅘ × ¾.
    assert_eq!((of.complete, of.in_time), (Some(0.8), Some(0.75)));
    let rest = of.accepted.unwrap_or(1.0) * of.uncorrected.unwrap_or(1.0);
    assert!((of.score.unwrap() - 60.0 * rest).abs() < 1e-9, "{:?}", of.score);
    // In the minute in which the next is due it is late, as it may still come; once the one after it is due it did not.
    let missed = |now: &str| {
        let of = Reporter::new(&desk(&came, now)).sources().unwrap().promises.remove(0);
        (of.due, of.late, of.missed)
    };
    assert_eq!(missed("2026-03-06T05:00:00Z"), (6, 2, 1));
    assert_eq!(missed("2026-03-07T05:00:00Z"), (7, 2, 2));
}

/// The same deliveries of a unit that owes 60 % of them in time, beside a source of no unit that came once, on the day before.
#[test]
fn a_unit_that_is_below_its_service_level_is_said_by_month() {
    let text = "project: p\nname: P\nlanguage: 1\ntime_zone: UTC\n---\nunit: whole\nname: Whole\n---\nunit: north\nname: North\nlevel: region\nparent: whole\n---\n";
    let source = |name: &str, more: &str| {
        format!(
            "source: {name}\ninto: ticket\nfrom: {{csv: {{files: {name}.csv}}}}\nmode: append\n{more}map:\n  id: {{column: id, as: text}}\n  opened_at: {{column: at, as: date}}\n"
        )
    };
    let kpi = "kpi: requests\nname: Requests\nbetter: lower\nmeasure: {count: {of: ticket}}\nperiod: month\n";
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let service = |level: &str, now: &str| {
        let expect =
            |level: &str| format!("expect: {{every: day, by: \"06:00\", time_zone: Europe/Berlin{level}}}\n");
        let of_north =
            source("tickets", &format!("{}unit: north\n", expect(&format!(", kept_at_least: {level}"))));
        let text = [text, &of_north, "---\n", &source("calls", &expect("")), "---\n", kpi].concat();
        let mut planted = Planted::new(&[("kepi.yml", text)]);
        let came = [
            "2026-02-28T04:00:00Z",
            "2026-03-01T04:00:00Z",
            "2026-03-02T04:00:00Z",
            "2026-03-03T06:00:00Z",
            "2026-03-05T04:00:00Z",
        ];
        let came: Vec<(i64, u64)> = came.iter().map(|when| (at(when), 10)).collect();
        planted.plant_deliveries("tickets", &came, at(now));
        planted.plant_deliveries("calls", &[(at("2026-03-04T04:00:00Z"), 5)], at(now));
        Reporter::new(&planted).sources().unwrap()
    };
    let view = service("60%", "2026-03-06T04:59:59Z");
    let all: Vec<_> = view
        .service
        .iter()
        .map(|of| {
            (of.unit.as_ref().map(|unit| unit.id.as_str()), of.due, of.kept, of.late, of.missed, of.levels)
        })
        .collect();
    // Of north five were due in March so far, three came in time; of the other one, on the 5th, which is not there yet.
    assert_eq!(all, [(None, 1, 0, 1, 0, 0), (Some("north"), 5, 3, 1, 1, 1)]);
    assert!(view.service.iter().all(|of| of.below.is_empty() && !of.is_over), "three of five are 60 %");
    let view = service("60.1%", "2026-04-01T00:00:00Z");
    // By the end of March each of the other 26 days was missed: 3 of 31.
    let north = view.service.iter().find(|of| of.unit.is_some()).unwrap();
    assert!(north.is_over);
    assert_eq!((north.due, north.kept), (31, 3));
    assert_eq!(north.below.join("").replace('\u{202f}', " "), "Tickets: 3 of 31, 60.1 % agreed");
    let promise = view.promises.iter().find(|of| of.unit.is_some()).unwrap();
    assert_eq!((promise.level, promise.met()), (Some(0.601), Some(false)));
}

#[test]
fn what_never_came_is_not_late_and_what_nobody_expects_neither() {
    let never = desk(&[], "2026-03-04T07:30:00Z");
    assert_eq!(Reporter::new(&never).sources().unwrap().sources[0].delivery.state, SourceState::Nothing);
    let view = Reporter::new(airport()).sources().unwrap();
    assert!(view.sources.iter().all(|source| source.delivery.state == SourceState::Landed));
}

#[test]
fn what_is_usual_is_the_middle_of_those_before() {
    let came: Vec<(String, u64)> = [10, 30, 20, 15, 900]
        .iter()
        .enumerate()
        .map(|(day, rows)| (format!("2026-03-0{}T04:00:00Z", day + 1), *rows))
        .collect();
    let came: Vec<(&str, u64)> = came.iter().map(|(at, rows)| (at.as_str(), *rows)).collect();
    let view = Reporter::new(&desk(&came, "2026-03-05T05:00:00Z")).sources().unwrap().sources.remove(0);
    assert_eq!((view.delivery.rows, view.delivery.usual_rows), (Some(900), Some(15)));
}

#[test]
fn the_row_that_a_value_rests_on_is_named_only_when_asked_for() {
    let kpis = airport().project().kpis.values().filter(|kpi| kpi.measure.kind().inputs().is_empty());
    let mut named = 0;
    for kpi in kpis {
        let asked = |only| Reporter::new(airport()).analyse(kpi.id.as_str(), &KpiQuery::default(), only);
        let Ok((_, all)) = asked(None) else { continue };
        assert!(all.iter().all(|of| of.name != "influence"));
        for of in asked(Some("influence")).unwrap().1 {
            let wanted = "Yes: without row 2015-0007 (data/survey-2015.csv row 7) there would be no value.";
            assert_eq!((of.verdict, &of.says[..]), ("yes", &[wanted.to_owned()][..]));
            named += 1;
        }
    }
    assert!(named > 0);
}

#[test]
fn a_definition_that_is_to_be_confirmed_comes_with_what_speaks_for_it_and_against_it() {
    let planted = airport();
    let review = planted.items(true).unwrap().into_iter().find(|of| of.kind == "review").unwrap();
    let view = Reporter::new(planted).item(&review.number.to_string()).unwrap();
    let points = view.review.unwrap().points;
    let of_definition = points.iter().find(|of| of.of_definition).unwrap();
    let said = |about: &str| {
        let found = of_definition.evidence.iter().find(|(of, _)| *of == about);
        found
            .map(|(_, said)| said.as_str())
            .unwrap_or_else(|| panic!("{about}: {:?}", of_definition.evidence))
    };
    assert!(said("Usage").contains("scorecards: Passenger experience"), "{}", said("Usage"));
    assert!(said("Cost").ends_with(" are read for a period."), "{}", said("Cost"));
    assert!(said("Validity").contains("Passengers who visit a shop"), "{}", said("Validity"));
    assert!(points.iter().filter(|of| !of.of_definition).all(|of| of.evidence.is_empty()));
}
