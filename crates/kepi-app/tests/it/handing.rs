//! Somebody leaves who answered for much: everything has a living owner, and the successor signs for all of it at once.

use std::fmt::Write;

use kepi_app::{
    acting::Doing,
    archive,
    deciding::{Deciding, Stance, inbox},
};
use kepi_govern::{Permit, Principal};
use kepi_model::source_text::{SourceFile, SourceMap};
use kepi_store::{Location, Store};

use crate::{
    archive::{edited, example, project},
    deciding::acting,
};

const PEOPLE: &str = "governance: company\nmode: reviewed\nowners: [ann, bea, eve]\n---\nperson: ann\nname: Ann\n---\nperson: bea\nname: \
                      Bea\nreports_to: ann\n---\nperson: eve\nname: Eve\n";
const CARL: &str = "---\nperson: carl\nname: Carl\nreports_to: ann\n";
const KPIS: usize = 12;

#[tokio::test]
async fn a_leaver_with_twelve_kpis_leaves_none_without_a_living_owner() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("kepi.db"))).await.unwrap();
    let mut files: Vec<SourceFile> = example("tiny").iter().map(|(_, file)| file.clone()).collect();
    let mut kpis = String::new();
    for n in 0..KPIS {
        write!(
            kpis,
            "kpi: k{n}\nname: K{n}\nobjective: customers_recommend_us\nindicator: leading\nbetter: higher\nmeasure: {{count: {{of: \
             survey_response}}}}\nperiod: month\naccountable: carl\n---\n"
        )
        .unwrap();
    }
    files.push(SourceFile { path: "more.yml".to_owned(), text: kpis.trim_end_matches("---\n").into() });
    files.push(SourceFile { path: "people.yml".to_owned(), text: format!("{PEOPLE}{CARL}").into() });
    let files = SourceMap::new(files);
    let permit = Permit::open(Principal::Person(99));
    archive::adopt(&store, &files, &project(&files), &permit, 1).await.unwrap();
    let deciding = Deciding(&store);
    deciding.tick(2).await.unwrap();
    assert!(
        inbox(&store, None, true).await.unwrap().is_empty(),
        "what is in force from the beginning is nobody's to hand over"
    );

    let without = edited(&files, "people.yml", |text| text.replace(CARL, ""));
    let without = edited(&without, "more.yml", |text| text.replace("accountable: carl", "accountable: bea"));
    let item =
        deciding.propose(&without, &project(&without), acting("ann"), "carl goes", None).await.unwrap();
    for by in ["bea", "eve"] {
        deciding.vote(item, Stance::Yes, None, acting(by), None).await.unwrap();
    }
    let all = inbox(&store, None, true).await.unwrap();
    assert_eq!(all.iter().find(|of| of.item == item).unwrap().state, "done", "{all:?}");
    // One handover, of all twelve, with the successor, whatever else comes of it.
    let handed: Vec<_> = all.iter().filter(|of| of.kind == "handover").collect();
    let [handed] = handed[..] else { panic!("{all:?}") };
    assert_eq!(handed.touches.iter().filter(|of| of.starts_with("kpi/k")).count(), KPIS);
    assert_eq!(handed.work.owner.as_ref().unwrap().person, "bea");
    let Principal::Person(bea) = store.person("bea").await.unwrap() else { panic!("bea is a person") };
    let organisation = store.organisation().await.unwrap();
    assert_eq!((organisation.left.len(), organisation.items.unaccepted().len()), (1, KPIS));
    // Whoever has anything is there.
    let owners: Vec<_> = organisation.items.open().filter_map(|item| item.owner()).collect();
    assert!(owners.iter().all(|owner| organisation.people.contains(&owner.person)));
    assert!(owners.iter().any(|owner| owner.person == bea));
    // Asked again, nothing is opened twice.
    deciding.tick(3).await.unwrap();
    assert_eq!(inbox(&store, None, true).await.unwrap().len(), all.len());
    deciding.act(handed.item, &Doing::Finish("accepted", None), acting("bea")).await.unwrap();
    assert!(store.organisation().await.unwrap().items.unaccepted().is_empty());
    assert!(store.audit(&Default::default()).await.unwrap().holds());
}
