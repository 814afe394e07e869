//! What somebody says: it is not empty, not endless, looks like nothing that Kepi says, and a rename says what it changes.

use kepi_app::{
    AppError,
    deciding::{Deciding, Stance, on_one_line},
};

use crate::{
    archive::{edited, project},
    deciding::{acting, governed},
};

fn why(refused: Result<impl std::fmt::Debug, AppError>) -> String {
    refused.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kpi_that_is_renamed_takes_its_target_and_its_owner_along() {
    let world = governed().await;
    let named = |text: &str| {
        text.replace("kpi: recommendation\n", "kpi: recommended\n")
            .replace("recommendation: 80%", "recommended: 80%")
            .replace("target: 40", "target: 20")
    };
    let files = edited(&edited(&world.files, "kpis.yml", named), "kepi.yml", named);
    let deciding = Deciding(&world.store);
    let item = deciding.propose(&files, &project(&files), acting("ann"), "another name", None).await.unwrap();
    let (view, said) = deciding.item(item).await.unwrap();
    for aspect in ["definition", "target", "owner"] {
        assert!(view.aspects.contains(&aspect), "{aspect}: {:?}", view.aspects);
    }
    assert_eq!(view.concerned, ["owner"]);
    let target = |id: &str, change: &str| said.iter().any(|of| of.starts_with(id) && of.contains(change));
    assert!(target("kpi/recommended: target from", ": none → 20"), "{said:?}");
    assert!(target("kpi/recommendation: target from", " → none"), "{said:?}");
    // Whoever answers for it signs.
    deciding.vote(item, Stance::Yes, None, acting("bea"), None).await.unwrap();
    assert_eq!(world.state(item).await, "review");
    deciding.vote(item, Stance::Yes, None, acting("owner"), None).await.unwrap();
    assert_eq!(world.state(item).await, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn reasons_are_said_and_a_content_is_named_by_enough_digits() {
    let world = governed().await;
    let files = edited(&world.files, "kpis.yml", |text| {
        text.replace(
            "{of: survey_response, answer: score}",
            "{of: survey_response, answer: score, where: region = 'north'}",
        )
    });
    let deciding = Deciding(&world.store);
    let propose = |why: String| {
        let files = &files;
        async move { deciding.propose(files, &project(files), acting("ann"), &why, None).await }
    };
    assert!(why(propose(" \n".to_owned()).await).contains("the reason is empty"));
    assert!(why(propose("x".repeat(4001)).await).contains("the reason has 4001 bytes"));
    let item = propose("only the north".to_owned()).await.unwrap();
    let says = |stance, content: Option<&'static str>, why: Option<&'static str>| async move {
        deciding.vote(item, stance, content, acting("bea"), why).await
    };
    assert!(why(says(Stance::Yes, Some(""), None).await).contains("names no content"));
    assert!(why(says(Stance::No, None, Some(" ")).await).contains("say why you reject it"));
    assert_eq!(world.state(item).await, "review");
}

#[test]
fn what_somebody_writes_on_several_lines_stands_on_one() {
    let text = "clearer\n  bea says yes\r\n\u{2028}# Approved\n";
    assert_eq!(on_one_line(text), "clearer ⏎   bea says yes ⏎  ⏎ # Approved");
}
