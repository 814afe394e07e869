//! A change that cannot wait: in force once two agree who are named for that, and ratified or taken back.

use kepi_app::{
    archive,
    deciding::{Acting, Deciding, Stance, inbox, unratified},
};
use kepi_model::source_text::SourceMap;

use crate::{
    archive::project,
    deciding::{World, acting, changed, governed},
};

const DAY: i64 = 86_400_000_000;
const NPS: &str = "nps: {of: survey_response, answer: score}";

fn texts(files: &SourceMap) -> Vec<String> {
    files.iter().map(|(_, file)| file.text.to_string()).collect()
}

async fn in_force(world: &World) -> Vec<String> {
    texts(&archive::in_force(&world.store).await.unwrap().unwrap().0)
}

/// The governed example with three who are named for emergencies, and a change of two documents that cannot wait.
async fn urgent() -> (World, SourceMap, SourceMap) {
    let world = governed().await;
    let named = "mode: reviewed\nemergency: {among: [ann, bea, carl], days: 7}";
    let files = changed(&world.files, "mode: reviewed", named);
    let deciding = Deciding(&world.store);
    let item = deciding.propose(&files, &project(&files), acting("ann"), "because", None).await.unwrap();
    deciding.vote(item, Stance::Yes, None, acting("bea"), None).await.unwrap();
    assert_eq!(world.state(item).await, "done");
    let urgent = changed(
        &files,
        NPS,
        "# a law from today on\n  nps: {of: survey_response, answer: score, where: region = 'north'}",
    );
    let urgent = changed(&urgent, "target: 40", "target: 30");
    (world, files, urgent)
}

async fn let_it_be(world: &World, files: &SourceMap) -> u64 {
    let deciding = Deciding(&world.store);
    let item = deciding.propose_at_once(files, &project(files), acting("carl"), "a law").await.unwrap();
    for by in ["ann", "bea"] {
        assert!(!world.holds(files).await);
        deciding.vote(item, Stance::Yes, None, acting(by), None).await.unwrap();
    }
    assert!(world.holds(files).await);
    item
}

#[tokio::test]
async fn what_is_ratified_stays() {
    let (world, _, urgent) = urgent().await;
    let item = let_it_be(&world, &urgent).await;
    let (view, said) = Deciding(&world.store).item(item).await.unwrap();
    assert_eq!((view.state, view.ballots.len()), ("ratification", 0));
    // Who ratifies sees what it changed, as who let it be saw what it would.
    assert!(
        said.iter().any(|of| of.contains("target") && of.contains("40") && of.contains("30")),
        "{said:?}"
    );
    assert_eq!(view.due, Some(2 + 7 * DAY));
    let loud = unratified(&world.store).await.unwrap();
    assert_eq!((loud.len(), loud[0].0, loud[0].2), (1, item, 2 + 7 * DAY));
    assert!(loud[0].1.iter().any(|of| of.starts_with("kpi/recommendation")));
    // Whose target it is signs, as for any such change; the inbox says so.
    assert!(inbox(&world.store, Some("owner"), false).await.unwrap().iter().any(|of| of.item == item));
    for by in ["owner", "ann", "carl"] {
        let _ = Deciding(&world.store).vote(item, Stance::Yes, None, acting(by), None).await;
    }
    assert_eq!(world.state(item).await, "done");
    assert!(world.holds(&urgent).await && unratified(&world.store).await.unwrap().is_empty());
    assert!(world.store.audit(&Default::default()).await.unwrap().holds());
}

#[tokio::test]
async fn what_is_not_ratified_is_taken_back_to_the_letter() {
    for rejected in [false, true] {
        let (world, before, urgent) = urgent().await;
        let item = let_it_be(&world, &urgent).await;
        assert_eq!(in_force(&world).await, texts(&urgent));
        if rejected {
            Deciding(&world.store).vote(item, Stance::No, None, acting("owner"), Some("no")).await.unwrap();
            assert_eq!(world.state(item).await, "rejected");
        } else {
            Deciding(&world.store).tick(2 + 7 * DAY - 1).await.unwrap();
            assert_eq!(world.state(item).await, "ratification");
            Deciding(&world.store).tick(2 + 7 * DAY).await.unwrap();
            assert_eq!(world.state(item).await, "lapsed");
        }
        assert_eq!(in_force(&world).await, texts(&before));
        assert!(world.holds(&before).await);
        assert!(world.store.audit(&Default::default()).await.unwrap().holds());
    }
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_no_emergency() {
    let (world, files, _) = urgent().await;
    let deciding = Deciding(&world.store);
    let propose = async |files: &SourceMap| {
        let refused = deciding.propose_at_once(files, &project(files), acting("carl"), "now").await;
        refused.unwrap_err().to_string()
    };
    let new = "kpi: more\nname: More\nbetter: higher\nmeasure: {count: {of: survey_response}}\nperiod: month\naccountable: owner\n---\nkpi: answers\n";
    assert!(propose(&changed(&files, "kpi: answers\n", new)).await.contains("G0707"));
    assert!(propose(&changed(&files, "mode: reviewed", "mode: open")).await.contains("G0707"));
    // Where nobody is named, there is none.
    let plain = governed().await;
    let other = changed(&plain.files, "target: 40", "target: 30");
    let late = Acting { actor: "carl", at: 3, key: None };
    let refused = Deciding(&plain.store).propose_at_once(&other, &project(&other), late, "now").await;
    assert!(refused.unwrap_err().to_string().contains("names nobody for emergencies"));
}
