//! A definition written anew on a page comes to what the same change of a file comes to.

use kepi_app::{
    AppError,
    deciding::{Acting, Deciding, Stance},
    editing::{Drafted, Edit},
};
use kepi_model::documents::documents;

use crate::deciding::{World, acting, changed, governed};

const NPS: &str = "kpi/recommendation";
const MEASURED: &str = "nps: {of: survey_response, answer: score}";
const NORTH: &str = "nps: {of: survey_response, answer: score, where: region = 'north'}";

/// The text of the definition as a page shows it.
fn text(world: &World) -> String {
    let all = documents(&world.files);
    let nps = all.into_iter().find(|d| d.name == "recommendation").unwrap();
    nps.text.trim().trim_start_matches("---").trim().to_owned()
}

async fn drafted(world: &World, edit: Edit<'_>) -> Result<Drafted, AppError> {
    Deciding(&world.store).drafted(NPS, None, edit, None).await
}

/// Proposes a draft, lets somebody agree who has to, and says whether what is in force is a folder with the same change.
async fn comes_to(world: &World, of: Drafted, by: &str, from: &str, to: &str) {
    let (files, project) = of.whole.unwrap();
    let deciding = Deciding(&world.store);
    let item = deciding.propose(&files, &project, acting("ann"), "because", None).await.unwrap();
    deciding.vote(item, Stance::Yes, None, Acting { actor: by, at: 3, key: None }, None).await.unwrap();
    assert_eq!(world.state(item).await, "done");
    assert!(world.holds(&changed(&world.files, from, to)).await);
}

#[tokio::test]
async fn a_text_written_anew_is_what_a_changed_file_is() {
    let world = governed().await;
    let written = text(&world).replace(MEASURED, NORTH);
    // As a browser sends it.
    let of = drafted(&world, Edit::Text(&format!("{}\r\n", written.replace('\n', "\r\n")))).await.unwrap();
    assert_eq!(of.draft.text, written);
    assert!(of.draft.findings.iter().all(|finding| finding.severity != "error"), "{:?}", of.draft.findings);
    let said: Vec<&str> = of.draft.documents.iter().map(|of| of.id.as_str()).collect();
    assert_eq!(said, [NPS], "the scorecard follows, and is not written otherwise");
    assert!(of.draft.documents[0].said[0].starts_with("what is measured: "), "{:?}", of.draft.documents);
    comes_to(&world, of, "bea", MEASURED, NORTH).await;
}

#[tokio::test]
async fn a_value_changed_by_a_form_is_a_patch_of_one_place() {
    let world = governed().await;
    let values = [(["targets", "0", "target"].map(str::to_owned).to_vec(), "50".to_owned())];
    let of = drafted(&world, Edit::Values(&values)).await.unwrap();
    let (was, is) = (text(&world), of.draft.text.clone());
    assert_eq!(is, was.replace("target: 40", "target: 50"));
    assert_eq!(of.draft.documents[0].aspects.iter().map(|a| a.word()).collect::<Vec<_>>(), ["target"]);
    assert!(of.draft.documents[0].said[0].contains("40"), "{:?}", of.draft.documents[0].said);
    comes_to(&world, of, "owner", "target: 40", "target: 50").await;
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_place_and_cannot_be_proposed() {
    let world = governed().await;
    let at = |needle: &str| text(&world).lines().position(|line| line.contains(needle)).unwrap() + 1;
    let broken = text(&world).replace("survey_response", "nothing");
    let of = drafted(&world, Edit::Text(&broken)).await.unwrap();
    let error = of.draft.findings.iter().find(|finding| finding.severity == "error").unwrap();
    assert_eq!(error.place, format!("line {}", at("nps: {of")), "{error:?}");
    assert!(error.message.contains("`nothing`") && error.fix.is_some(), "{error:?}");
    assert!(of.whole.is_none() && of.draft.documents.is_empty());
    for other in [
        text(&world).replace("kpi: recommendation", "kpi: recommended"),
        format!("{}\n---\nkpi: more\n", text(&world)),
        "entity: x".to_owned(),
        "{".to_owned(),
        String::new(),
    ] {
        let of = drafted(&world, Edit::Text(&other)).await.unwrap();
        assert!(of.draft.findings[0].message.contains("begins with `kpi: recommendation`"), "{other}");
        assert!(of.whole.is_none(), "{other}");
    }
    let refused = |outcome: Result<Drafted, AppError>| outcome.err().unwrap().to_string();
    assert!(refused(drafted(&world, Edit::Text(&text(&world))).await).contains("nothing differs"));
    let unknown = Deciding(&world.store).drafted("kpi/none", None, Edit::Text("kpi: none"), None).await;
    assert!(refused(unknown).contains("not in force"));
    let values = [(vec!["targets".to_owned()], "1".to_owned())];
    let of = drafted(&world, Edit::Values(&values)).await.unwrap();
    assert!(of.whole.is_none() && of.draft.findings[0].message.contains("there is no value at `targets`"));
}

#[tokio::test]
async fn another_first_day_adds_a_wording_and_leaves_the_one_before() {
    let world = governed().await;
    let later = text(&world).replace(MEASURED, NORTH) + "\nfrom: 2027-01-01";
    let of = drafted(&world, Edit::Text(&later)).await.unwrap();
    assert!(of.whole.is_some(), "{:?}", of.draft.findings);
    let (files, project) = of.whole.as_ref().unwrap();
    assert_eq!(project.kpis[&"recommendation".parse().unwrap()].wordings().count(), 2);
    let all = documents(files);
    let own: Vec<_> = all.iter().filter(|d| d.name == "recommendation").map(|d| d.from.as_deref()).collect();
    assert_eq!(own, [None, Some("2027-01-01")]);
    assert_eq!(all.len(), documents(&world.files).len() + 1, "nothing else is touched");
    assert!(
        of.draft.documents.iter().any(|of| of.from.as_deref() == Some("2027-01-01")),
        "{:?}",
        of.draft.documents
    );
}
