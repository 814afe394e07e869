//! The promise of the budget of false call-outs, in few small worlds; `kepi evidence insight` runs many large ones.

use kepi_insight::evidence::{Shape, Tally, asked, doubts, links, outlooks, run};

/// How many worlds; `KEPI_COUNT` says otherwise.
fn worlds() -> u64 {
    std::env::var("KEPI_COUNT").ok().and_then(|n| n.parse().ok()).unwrap_or(12)
}

#[test]
fn clean_worlds_show_little_and_planted_shifts_are_found() {
    let shape = Shape { kpis: 40, on_scorecard: 10, members: vec![4, 3], periods: 24 };
    let worlds = worlds();
    let found = run(&shape, 0..worlds, 4, 2);
    eprintln!("{worlds} worlds: {found:?}");
    // At most a tenth is promised; with few worlds only a rate above what chance leaves of that is a failure.
    let (_, interval) = found.false_months.share().unwrap();
    assert!(interval.low <= 0.10, "{:?}", found.false_months);
    let (_, interval) = found.false_share.share().unwrap();
    assert!(interval.low <= 0.10, "{:?}", found.false_share);
    let (size, on_scorecard, _) = found.power.last().unwrap();
    let (share, _) = on_scorecard.share().unwrap();
    assert!(*size == 5 && share > 0.6, "{on_scorecard:?}");
}

#[test]
fn what_moves_what_is_found_in_members_and_not_made_up() {
    let worlds = worlds();
    let found = links(0..worlds);
    eprintln!("{worlds} worlds: {found:?}");
    let share = |tally: Tally| tally.share().unwrap().1;
    assert!(share(found.panel).high >= 0.91, "{:?}", found.panel);
    assert!(share(found.panel_no).high >= 0.9, "{:?}", found.panel_no);
    assert!(share(found.total_untold).high >= 0.6, "{:?}", found.total_untold);
    for clean in [found.panel_false, found.total_false] {
        assert!(share(clean).low <= 0.02, "{clean:?}");
    }
}

#[test]
fn faults_of_data_are_found_and_clean_deliveries_are_believed() {
    let worlds = worlds();
    let found = doubts(0..worlds);
    eprintln!("{worlds} worlds: {found:?}");
    let share = |tally: Tally| tally.share().unwrap().1;
    for planted in [found.halved, found.code, found.column, found.rows, found.covered] {
        assert!(share(planted).high >= 0.95, "{found:?}");
    }
    for clean in [found.deliveries_false, found.figures_false] {
        assert!(share(clean).low <= 0.01, "{found:?}");
    }
}

#[test]
fn what_was_to_be_expected_comes_and_targets_out_of_reach_are_told() {
    let worlds = worlds();
    let found = outlooks(0..worlds);
    eprintln!("{worlds} worlds: {found:?}");
    let share = |tally: Tally| tally.share().unwrap().1;
    assert!(share(found.covered).high >= 0.90 && share(found.later).high >= 0.85, "{found:?}");
    assert!(share(found.infeasible).high >= 0.90 && share(found.feasible_false).low <= 0.05, "{found:?}");
}

#[test]
fn what_is_asked_of_several_kpis_is_found_and_not_made_up() {
    let worlds = worlds();
    let found = asked(0..worlds.div_ceil(2), 6);
    eprintln!("{worlds} worlds: {found:?}");
    let share = |tally: Tally| tally.share().unwrap().1;
    assert!(share(found.duplicates).high >= 0.95, "{found:?}");
    assert!(share(found.tension).high >= 0.9 && share(found.style_real).high >= 0.8, "{found:?}");
    assert!(share(found.ended).high >= 0.9 && share(found.alive).high >= 0.62, "{found:?}");
    for clean in [found.duplicates_false, found.tension_false, found.style_false, found.ended_false] {
        assert!(share(clean).low <= 0.05, "{found:?}");
    }
}
