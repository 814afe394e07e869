//! A period is frozen by itself on the day that a rule says, and no earlier.

use jiff::Timestamp;
use kepi_app::deciding::{Acting, Deciding, Stance};
use kepi_model::source_text::SourceMap;

use crate::{
    archive::project,
    deciding::{World, acting, changed, governed},
};

/// An instant in µs UTC.
fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

async fn propose(world: &World, files: &SourceMap, when: &str) -> Result<u64, String> {
    let acting = Acting { actor: "carl", at: at(when), key: None };
    let proposed = Deciding(&world.store).propose(files, &project(files), acting, "because", None).await;
    proposed.map_err(|error| error.to_string())
}

/// The governed example with a rule, in force.
async fn ruled(rule: &str) -> (World, SourceMap) {
    let world = governed().await;
    let files =
        changed(&world.files, "mode: reviewed", &format!("mode: reviewed\nfreezes: {{quarter_end: {rule}}}"));
    let deciding = Deciding(&world.store);
    let item = deciding.propose(&files, &project(&files), acting("ann"), "because", None).await.unwrap();
    deciding.vote(item, Stance::Yes, None, acting("bea"), None).await.unwrap();
    assert_eq!(world.state(item).await, "done");
    (world, files)
}

#[tokio::test]
async fn a_quarter_is_frozen_on_the_third_day_of_business_after_its_end() {
    let (world, files) = ruled("{period: quarter, after: 3, aspects: [target]}").await;
    let target = changed(&files, "target: 40", "target: 30");
    // The last quarter of 2025 has been over for long when the clock is asked for the first time: that is frozen at once. The first
    // quarter of 2026 ends on a Tuesday; its third day of business after that is Friday the 3rd, in London.
    let refused = propose(&world, &target, "2026-04-02T22:59:59Z").await.unwrap_err();
    assert!(refused.contains("G0901") && refused.contains("2025-10-01 and 2026-01-01"), "{refused}");
    let named = changed(&files, "name: Net promoter score", "name: Recommendation");
    let item = propose(&world, &named, "2026-04-02T22:59:59Z").await.unwrap();
    let frozen = world.store.organisation().await.unwrap().periods.frozen.clone();
    assert_eq!(frozen.len(), 1, "a second before");
    let refused = propose(&world, &target, "2026-04-02T23:00:00Z").await.unwrap_err();
    assert!(refused.contains("G0901") && refused.contains("2026-01-01 and 2026-04-01"), "{refused}");
    // It was frozen by the clock, once, and the log says by which rule.
    let freeze = item + 1;
    let (view, _) = Deciding(&world.store).item(freeze).await.unwrap();
    assert_eq!(
        (view.kind, view.state, view.authors.as_slice()),
        ("freeze", "done", ["job/tick".to_owned()].as_slice())
    );
    assert!(
        view.touches[0].contains("target") && view.touches[0].ends_with("by the rule quarter_end"),
        "{:?}",
        view.touches
    );
    // Other respects are free, and so is what begins afterwards.
    let words = changed(&files, "name: Net promoter score", "name: NPS");
    propose(&world, &words, "2026-05-01T12:00:00Z").await.unwrap();
    let frozen = world.store.organisation().await.unwrap().periods.frozen.clone();
    assert_eq!(frozen.len(), 2, "once a period");
    // The next quarter is frozen when it is over.
    propose(&world, &words, "2026-07-03T12:00:00Z").await.unwrap_err();
    let frozen = world.store.organisation().await.unwrap().periods.frozen.clone();
    assert_eq!(frozen.len(), 3);
    assert!(world.store.audit(&Default::default()).await.unwrap().holds());
}

#[tokio::test]
async fn a_rule_of_a_scorecard_freezes_its_kpis_alone_and_counts_its_own_days() {
    let (world, files) = ruled("{period: month, aspects: [definition], scope: customers}").await;
    let one = changed(
        &files,
        "count: {of: survey_response}",
        "count: {of: survey_response, where: region = 'north'}",
    );
    // May 2026 ends on a Sunday: the first day of business is Monday the 1st.
    let refused = propose(&world, &one, "2026-06-01T12:00:00Z").await.unwrap_err();
    assert!(refused.contains("G0901"), "{refused}");
    let more = changed(
        &files,
        "kpi: answers\n",
        "kpi: more\nname: More\nbetter: higher\nmeasure: {count: {of: survey_response}}\nperiod: month\naccountable: owner\n---\nkpi: answers\n",
    );
    propose(&world, &more, "2026-06-01T12:00:00Z").await.unwrap();
    // What the rule says is changed like all of the governance, also where nothing but a word of it differs.
    let comment = changed(&files, "freezes: {", "# by rule\nfreezes: {");
    let acting = Acting { actor: "ann", at: at("2026-06-01T13:00:00Z"), key: None };
    let item =
        Deciding(&world.store).propose(&comment, &project(&comment), acting, "because", None).await.unwrap();
    assert_eq!(world.state(item).await, "review");
}
