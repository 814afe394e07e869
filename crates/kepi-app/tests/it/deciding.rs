//! Folders against the register where it is decided: what is proposed, by whom it is decided, and what of it comes into force.

use kepi_app::{
    AppError, archive,
    deciding::{Acting, Deciding, Stance, inbox},
};
use kepi_govern::{Permit, Principal};
use kepi_model::{
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_store::{Location, Store};

use crate::archive::{edited, example, project};

const DAY: i64 = 86_400_000_000;
const GOVERNANCE: &str = "governance: company\nmode: reviewed\nowners: [ann, bea]\n---\nperson: ann\nname: Ann\n---\nperson: bea\nname: \
                          Bea\n---\nperson: carl\nname: Carl\n";
const NPS: &str = "nps: {of: survey_response, answer: score}";

pub(crate) struct World {
    _folder: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) files: SourceMap,
}

/// The tiny example with a governance, in force.
pub(crate) async fn governed() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("kepi.db"))).await.unwrap();
    let mut files: Vec<SourceFile> = example("tiny").iter().map(|(_, file)| file.clone()).collect();
    files.push(SourceFile { path: "governance.yml".to_owned(), text: GOVERNANCE.into() });
    let files = SourceMap::new(files);
    let permit = Permit::open(Principal::Person(99));
    archive::adopt(&store, &files, &project(&files), &permit, 1).await.unwrap();
    World { _folder: folder, store, files }
}

impl World {
    fn deciding(&self) -> Deciding<'_> {
        Deciding(&self.store)
    }

    async fn propose(&self, files: &SourceMap, by: &str, item: Option<u64>) -> Result<u64, AppError> {
        let project: Project = project(files);
        self.deciding().propose(files, &project, acting(by), "because", item).await
    }

    async fn vote(&self, item: u64, stance: Stance, by: &str) -> Result<(), AppError> {
        self.deciding().vote(item, stance, None, acting(by), Some("looked at")).await
    }

    pub(crate) async fn state(&self, item: u64) -> &'static str {
        self.deciding().item(item).await.unwrap().0.state
    }

    /// Whether what stands in a folder is in force.
    pub(crate) async fn holds(&self, files: &SourceMap) -> bool {
        self.deciding().waiting(Some((files, &project(files)))).await.unwrap().is_none()
    }
}

pub(crate) fn acting(actor: &str) -> Acting<'_> {
    Acting { actor, at: 2, key: None }
}

pub(crate) fn changed(files: &SourceMap, from: &str, to: &str) -> SourceMap {
    let path = files.iter().find(|(_, file)| file.text.contains(from)).unwrap().1.path.clone();
    edited(files, &path, |text| text.replace(from, to))
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, AppError>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test]
async fn what_is_proposed_comes_into_force_to_the_letter_once_another_agrees() {
    let world = governed().await;
    let files =
        changed(&world.files, NPS, "nps: {of: survey_response, answer: score, where: region = 'north'}");
    assert!(refused(world.propose(&files, "mallory", None).await).contains("G0701"));
    assert!(refused(world.propose(&world.files, "ann", None).await).contains("G0102"));
    let permit = Permit::open(Principal::Person(99));
    let adopted = archive::adopt(&world.store, &files, &project(&files), &permit, 2).await;
    assert!(refused(adopted).contains("G0104"), "a run adopts nothing");
    let item = world.propose(&files, "carl", None).await.unwrap();
    let (view, said) = world.deciding().item(item).await.unwrap();
    assert_eq!((view.state, view.aspects.as_slice()), ("review", ["definition"].as_slice()));
    assert!(said[0].starts_with("kpi/recommendation: what is measured: "), "{said:?}");
    // The folder is what an open item proposes, to the letter, and nothing else.
    let waiting = world.deciding().waiting(Some((&files, &project(&files)))).await.unwrap().unwrap();
    assert_eq!((waiting.documents, waiting.item), (vec!["kpi/recommendation".to_owned()], Some(item)));
    let other = changed(&files, "name: Net promoter score", "name: NPS");
    let waiting = world.deciding().waiting(Some((&other, &project(&other)))).await.unwrap().unwrap();
    assert_eq!(waiting.item, None);
    assert!(refused(world.vote(item, Stance::Yes, "carl").await).contains("G0801"));
    assert!(inbox(&world.store, Some("bea"), false).await.unwrap().iter().any(|of| of.item == item));
    assert!(inbox(&world.store, Some("carl"), false).await.unwrap().is_empty());
    assert!(!world.holds(&files).await);
    world.vote(item, Stance::Yes, "owner").await.unwrap();
    assert_eq!(world.state(item).await, "done");
    assert!(world.holds(&files).await);
    let (now, _) = archive::in_force(&world.store).await.unwrap().unwrap();
    let texts = |files: &SourceMap| files.iter().map(|(_, f)| f.text.to_string()).collect::<Vec<_>>();
    assert_eq!(texts(&now), texts(&files));
    // The log says which vote led to it.
    let events = world.store.events(&Default::default()).await.unwrap();
    let adoption = events.iter().rfind(|e| e.kind.as_str() == "definition.adopted").unwrap();
    let vote = &events[usize::try_from(adoption.cause.unwrap()).unwrap() - 1];
    assert_eq!((vote.kind.as_str(), vote.subject.as_str()), ("item.voted", "item/1"));
    assert!(world.store.audit(&Default::default()).await.unwrap().holds());
}

#[tokio::test]
async fn what_a_source_owes_and_what_a_unit_is_to_reach_is_signed_by_both_sides() {
    let world = governed().await;
    // What a source owes is agreed on with whoever owns it.
    let owned = edited(&world.files, "kpis.yml", |text| {
        text.replacen(
            "into: survey_response",
            "into: survey_response\nowner: bea\nexpect: {every: month, by: \"09:00\"}",
            1,
        )
    });
    let item = world.propose(&owned, "bea", None).await.unwrap();
    let (view, _) = world.deciding().item(item).await.unwrap();
    assert!(view.aspects.contains(&"target") && view.aspects.contains(&"owner"), "{:?}", view.aspects);
    world.vote(item, Stance::Yes, "ann").await.unwrap();
    assert_eq!(world.state(item).await, "done");
    let sooner = changed(&owned, "09:00", "07:00");
    let item = world.propose(&sooner, "carl", None).await.unwrap();
    let (view, said) = world.deciding().item(item).await.unwrap();
    assert_eq!(view.concerned, ["bea"], "{said:?}");
    assert!(view.missing.iter().any(|of| of.what == "all" && of.of == ["bea"]), "{:?}", view.missing);
    world.deciding().withdraw(item, acting("carl")).await.unwrap();
    // What a unit delivers it owes: the service level is agreed on with whoever manages it, too.
    let of_unit = changed(&owned, "owner: bea", "owner: bea\nunit: company");
    let of_unit = changed(&of_unit, "name: The company\n", "name: The company\nmanager: ann\n");
    let item = world.propose(&of_unit, "bea", None).await.unwrap();
    world.vote(item, Stance::Yes, "ann").await.unwrap();
    assert_eq!(world.state(item).await, "done");
    let level = changed(&of_unit, "by: \"09:00\"", "by: \"09:00\", kept_at_least: 95%");
    let item = world.propose(&level, "bea", None).await.unwrap();
    let (view, said) = world.deciding().item(item).await.unwrap();
    assert_eq!(
        (view.aspects, view.concerned),
        (vec!["target"], vec!["ann".to_owned(), "bea".to_owned()]),
        "{said:?}"
    );
    assert!(refused(world.vote(item, Stance::Yes, "carl").await).contains("G0803"));
    world.vote(item, Stance::Yes, "ann").await.unwrap();
    assert_eq!(world.state(item).await, "done");
}

#[tokio::test]
async fn every_respect_asks_those_whom_it_has_to() {
    let world = governed().await;
    let target = changed(&world.files, "target: 40", "target: 30");
    let item = world.propose(&target, "carl", None).await.unwrap();
    let (view, _) = world.deciding().item(item).await.unwrap();
    assert_eq!((view.aspects, view.concerned), (vec!["target"], vec!["owner".to_owned()]));
    assert!(refused(world.vote(item, Stance::Yes, "ann").await).contains("G0803"));
    world.vote(item, Stance::Yes, "owner").await.unwrap();
    assert_eq!(world.state(item).await, "done");
    // Words are in force at once, also a comment and in which file a document stands.
    let words = changed(&target, "name: Net promoter score", "name: NPS # as it is called");
    let item = world.propose(&words, "carl", None).await.unwrap();
    assert_eq!(world.state(item).await, "done");
    // A person more, or another address of one, is who decides: an owner agrees.
    for (from, to) in [
        ("name: Carl\n", "name: Carl\n---\nperson: dan\nname: Dan\n"),
        ("name: Ann\n", "name: Ann\nemail: x@example.org\n"),
    ] {
        let files = changed(&words, from, to);
        let item = world.propose(&files, "ann", None).await.unwrap();
        let (view, _) = world.deciding().item(item).await.unwrap();
        assert!(view.aspects.contains(&"governance"), "{:?}", view.aspects);
        assert!(refused(world.vote(item, Stance::Yes, "carl").await).contains("G0803"));
        world.deciding().withdraw(item, acting("ann")).await.unwrap();
    }
    // So is the mode.
    let open = changed(&words, "mode: reviewed", "mode: open");
    let item = world.propose(&open, "ann", None).await.unwrap();
    world.vote(item, Stance::Yes, "bea").await.unwrap();
    assert_eq!(world.state(item).await, "done");
    let permit = Permit::open(Principal::Person(99));
    let files = changed(&open, "target: 30", "target: 35");
    archive::adopt(&world.store, &files, &project(&files), &permit, 2).await.unwrap();
    assert!(world.holds(&files).await, "open again: a run adopts");
}

#[tokio::test]
async fn two_proposals_take_effect_if_they_go_together() {
    let world = governed().await;
    let first =
        changed(&world.files, NPS, "nps: {of: survey_response, answer: score, where: region = 'north'}");
    let second = changed(&world.files, "mission: Customers recommend us.", "mission: They do.");
    let rival =
        changed(&world.files, NPS, "nps: {of: survey_response, answer: score, where: region = 'south'}");
    let items = [
        world.propose(&first, "carl", None).await.unwrap(),
        world.propose(&second, "carl", None).await.unwrap(),
        world.propose(&rival, "carl", None).await.unwrap(),
    ];
    for item in &items[..2] {
        world.vote(*item, Stance::Yes, "ann").await.unwrap();
    }
    assert!(refused(world.vote(items[2], Stance::Yes, "ann").await).contains("G0804"));
    assert_eq!([world.state(items[0]).await, world.state(items[1]).await], ["done", "done"]);
    let both = changed(&first, "mission: Customers recommend us.", "mission: They do.");
    assert!(world.holds(&both).await);
    // What was adopted otherwise meanwhile is its author's again, with what contradicts it, who writes it anew.
    let (view, _) = world.deciding().item(items[2]).await.unwrap();
    assert_eq!(view.state, "draft");
    assert!(
        view.contradicts[0].contains("region = 'south'}` here")
            && view.contradicts[0].contains("region = 'north'}` in force"),
        "{:?}",
        view.contradicts
    );
    let anew = changed(&both, "region = 'north'", "region = 'south'");
    assert!(refused(world.propose(&anew, "bea", Some(items[2])).await).contains("G0705"));
    world.propose(&anew, "carl", Some(items[2])).await.unwrap();
    world.vote(items[2], Stance::No, "bea").await.unwrap();
    assert_eq!(world.state(items[2]).await, "rejected");
    assert!(world.store.audit(&Default::default()).await.unwrap().holds());
}

#[tokio::test]
async fn silence_is_no() {
    let world = governed().await;
    let files =
        changed(&world.files, NPS, "nps: {of: survey_response, answer: score, where: region = 'north'}");
    let item = world.propose(&files, "carl", None).await.unwrap();
    let late = Acting { actor: "ann", at: 31 * DAY, key: None };
    let outcome = world.deciding().vote(item, Stance::Yes, None, late, None).await;
    assert!(refused(outcome).contains("G0702: item 1 has ended: lapsed"));
    assert!(!world.holds(&files).await);
    let events = world.store.events(&Default::default()).await.unwrap();
    assert_eq!(events.last().unwrap().by.to_string(), "job/tick");
}

#[tokio::test]
async fn a_proposal_beside_another_in_one_file_takes_in_what_was_decided() {
    let world = governed().await;
    let measure = "nps: {of: survey_response, answer: score, where: region = 'north'}";
    // Both change how many lines the file has, and the second another document of it.
    let first = changed(&world.files, NPS, &format!("# as agreed\n  {measure}"));
    let second =
        changed(&world.files, "mission: Customers recommend us.", "mission: They do.\n# said shortly");
    let third = changed(&world.files, "target: 40", "target: 30");
    let one = world.propose(&first, "carl", None).await.unwrap();
    let other = world.propose(&second, "carl", None).await.unwrap();
    let target = world.propose(&third, "carl", None).await.unwrap();
    for item in [one, other] {
        world.vote(item, Stance::Yes, "ann").await.unwrap();
    }
    assert_eq!([world.state(one).await, world.state(other).await], ["done", "done"]);
    let both = changed(&first, "mission: Customers recommend us.", "mission: They do.\n# said shortly");
    assert!(world.holds(&both).await, "to the letter");
    // The third touches the document of the first in other lines: it is asked about anew, as both together.
    let (view, said) = world.deciding().item(target).await.unwrap();
    assert_eq!(
        (view.state, view.ballots.len(), view.aspects.as_slice()),
        ("review", 0, ["target"].as_slice())
    );
    assert!(said.iter().all(|said| said.starts_with("kpi/recommendation: target")), "{said:?}");
    // Nobody has signed what nobody wrote: its author does, too.
    world.vote(target, Stance::Yes, "owner").await.unwrap();
    assert_eq!(world.state(target).await, "review");
    world.vote(target, Stance::Yes, "carl").await.unwrap();
    assert_eq!(world.state(target).await, "done");
    assert!(world.holds(&changed(&both, "target: 40", "target: 30")).await);
    let events = world.store.events(&Default::default()).await.unwrap();
    let rebased: Vec<_> = events.iter().filter(|e| e.kind.as_str() == "item.rebased").collect();
    assert!(rebased.iter().all(|e| e.by.to_string() == "job/tick"));
    assert!(
        rebased
            .iter()
            .any(|e| e.subject.as_str() == format!("item/{target}") && e.body.contains("\"kept\":false"))
    );
    assert!(world.store.audit(&Default::default()).await.unwrap().holds());
}

#[tokio::test]
async fn ballots_count_on_for_what_says_the_same() {
    let world = governed().await;
    let governance = changed(
        &world.files,
        "mode: reviewed",
        "mode: board\nboard:\n  members: {one: [ann], two: [bea], three: [owner]}\n  quorum: 2",
    );
    let item = world.propose(&governance, "carl", None).await.unwrap();
    world.vote(item, Stance::Yes, "ann").await.unwrap();
    let measure = changed(
        &governance,
        NPS,
        "nps: {of: survey_response, answer: score, where: region = 'north'} # north",
    );
    let more = changed(&governance, "name: Ann\n", "name: Ann\n---\nperson: dan\nname: Dan\n");
    let one = world.propose(&more, "carl", None).await.unwrap();
    let other = world.propose(&measure, "carl", None).await.unwrap();
    // Half of what it takes, then the register moves under it.
    world.vote(other, Stance::Yes, "ann").await.unwrap();
    let before = world.deciding().item(other).await.unwrap().0;
    for by in ["ann", "bea"] {
        world.vote(one, Stance::Yes, by).await.unwrap();
    }
    assert_eq!(world.state(one).await, "done");
    let after = world.deciding().item(other).await.unwrap().0;
    assert_eq!((after.state, after.ballots.len()), ("review", 1), "what ann agreed to is what is proposed");
    assert_eq!(before.touches, after.touches);
    world.vote(other, Stance::Yes, "bea").await.unwrap();
    assert_eq!(world.state(other).await, "done");
}

#[tokio::test]
async fn who_left_signs_nothing_and_owners_agree_that_they_go() {
    let world = governed().await;
    // The one who is accountable leaves, and another answers for it.
    let gone = changed(&world.files, "person: owner\nname: Your Name\n", "person: dan\nname: Dan\n");
    let gone = gone.iter().map(|(_, file)| file.clone()).map(|mut file| {
        file.text = file.text.replace("accountable: owner", "accountable: dan").into();
        file
    });
    let gone = SourceMap::new(gone.collect());
    let item = world.propose(&gone, "ann", None).await.unwrap();
    let (view, _) = world.deciding().item(item).await.unwrap();
    assert!(view.concerned.contains(&"owner".to_owned()), "{:?}", view.concerned);
    assert!(view.missing.iter().all(|of| !of.of.contains(&"owner".to_owned())), "{:?}", view.missing);
    // One other is not enough: that somebody goes is for an owner to agree to.
    world.vote(item, Stance::Yes, "carl").await.unwrap();
    assert_eq!(world.state(item).await, "review");
    world.vote(item, Stance::Yes, "bea").await.unwrap();
    assert_eq!(world.state(item).await, "done");
}

#[tokio::test]
async fn what_laws_refuse_stands_in_the_log_once_an_hour() {
    let world = governed().await;
    let files =
        changed(&world.files, NPS, "nps: {of: survey_response, answer: score, where: region = 'north'}");
    let item = world.propose(&files, "carl", None).await.unwrap();
    for _ in 0..3 {
        world.vote(item, Stance::Yes, "carl").await.unwrap_err();
    }
    world.propose(&files, "mallory", None).await.unwrap_err();
    // What merely moved on is no attempt at anything.
    world.vote(item + 7, Stance::Yes, "ann").await.unwrap_err();
    world.propose(&world.files, "ann", None).await.unwrap_err();
    let events = world.store.events(&Default::default()).await.unwrap();
    let kept: Vec<_> = events.iter().filter(|e| e.kind.as_str() == "attempt.forbidden").collect();
    let said: Vec<_> = kept.iter().map(|e| (e.subject.as_str(), e.event().unwrap().words())).collect();
    assert_eq!(
        said,
        [
            ("item/1", "refused to say yes: G0801".to_owned()),
            ("register", "refused to propose: G0701".to_owned())
        ]
    );
    assert_eq!(world.store.name_of(&kept[0].by).await.unwrap(), "carl");
    assert!(world.store.audit(&Default::default()).await.unwrap().holds());
}
