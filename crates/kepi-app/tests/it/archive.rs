//! Definitions in force: adopted from a folder document by document, read back as they were, forgotten one by one.

use kepi_app::{archive, project_files};
use kepi_govern::{DocumentId, Event, Permit, Principal, event::DefinitionAdopted};
use kepi_model::{
    check::{Options, check},
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_proof::Commitment;
use kepi_store::{EventFilter, Location, Store};
use sqlx::Connection;

struct World {
    folder: tempfile::TempDir,
    store: Store,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("kepi.db"))).await.unwrap();
    World { folder, store }
}

impl World {
    async fn adopt(&self, files: &SourceMap) -> archive::InForce {
        let permit = Permit::open(Principal::Person(1));
        archive::adopt(&self.store, files, &project(files), &permit, 1).await.unwrap()
    }

    /// Every adoption, oldest first.
    async fn adoptions(&self) -> Vec<DefinitionAdopted> {
        let events = self.store.events(&EventFilter::default()).await.unwrap();
        let adopted = events.iter().map(|e| match e.event().unwrap() {
            Event::DefinitionAdopted(adoption) => adoption,
            other => panic!("{other:?}"),
        });
        adopted.collect()
    }

    /// Runs a statement beside the store.
    async fn meddle(&self, sql: &str) {
        let url = format!("sqlite://{}", self.folder.path().join("kepi.db").display());
        let mut beside = sqlx::AnyConnection::connect(&url).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut beside).await.unwrap();
    }
}

pub(crate) fn project(files: &SourceMap) -> Project {
    let checked = check(files, &Options::default());
    checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings))
}

pub(crate) fn example(name: &str) -> SourceMap {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    project_files::read(&examples.join(name)).unwrap()
}

pub(crate) fn edited(files: &SourceMap, path: &str, edit: impl Fn(&str) -> String) -> SourceMap {
    let edited = files.iter().map(|(_, f)| match f.path == path {
        true => SourceFile { path: f.path.clone(), text: edit(&f.text).into() },
        false => f.clone(),
    });
    SourceMap::new(edited.collect())
}

fn same(a: &SourceMap, b: &SourceMap) -> bool {
    let all = |m: &SourceMap| m.iter().map(|(_, f)| (f.path.clone(), f.text.clone())).collect::<Vec<_>>();
    all(a) == all(b)
}

/// A file of the project with a document of this kind in it.
fn file_with(files: &SourceMap, kind: &str) -> String {
    let documents = kepi_model::documents::documents(files);
    documents.iter().find(|d| d.kind == kind).unwrap().path.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_force_is_read_back_to_the_letter() {
    for name in ["airport", "retail", "saas", "tiny"] {
        let world = world().await;
        let files = example(name);
        let first = world.adopt(&files).await;
        assert_eq!(world.adopt(&files).await, first, "nothing differs: nothing is adopted");
        assert_eq!(world.adoptions().await.len(), 1);
        let found = archive::find(&world.store, first.register, &first.pin).await.unwrap();
        assert!(same(&found, &files), "{name}: every file, comment and line is where it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_differs_is_adopted_and_the_old_stays() {
    let world = world().await;
    let before = example("airport");
    let first = world.adopt(&before).await;
    let path = file_with(&before, "kpi");
    // A comment at the end of the file belongs to its last document.
    let after = edited(&before, &path, |text| format!("{}\n# more\n", text.trim_end()));
    let second = world.adopt(&after).await;
    assert!(second.register > first.register);
    assert_ne!(second.pin, first.pin);
    let adoptions = world.adoptions().await;
    assert_eq!(adoptions[1].texts.len(), 1, "{:?}", adoptions[1].texts);
    let old = archive::find(&world.store, first.register, &first.pin).await.unwrap();
    assert!(same(&old, &before));
    let new = archive::find(&world.store, second.register, &second.pin).await.unwrap();
    assert!(same(&new, &after));
    // Another name of a file is another place and no other meaning.
    let moved = SourceMap::new(
        after
            .iter()
            .map(|(_, f)| SourceFile {
                path: if f.path == path { format!("moved/{path}") } else { f.path.clone() },
                text: f.text.clone(),
            })
            .collect(),
    );
    let third = world.adopt(&moved).await;
    assert_eq!(third.pin, second.pin);
    assert!(world.adoptions().await[2].texts.is_empty());
    assert!(same(&archive::find(&world.store, third.register, &third.pin).await.unwrap(), &moved));
    assert!(
        archive::find(&world.store, first.register, &second.pin).await.is_err(),
        "the pin is held against it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_forgotten_alone_and_breaks_nothing() {
    let world = world().await;
    let files = example("airport");
    let adopted = world.adopt(&files).await;
    let documents = kepi_model::documents::documents(&files);
    let person = documents.iter().find(|d| d.kind == "person").expect("the example names persons");
    let adoption = &world.adoptions().await[0];
    let ids: Vec<Commitment> = adoption
        .texts
        .keys()
        .filter_map(|id| match id {
            DocumentId::Person(name) => Some(*name),
            DocumentId::Named { .. } => None,
        })
        .collect();
    assert_eq!(ids.len(), documents.iter().filter(|d| d.kind == "person").count());
    // No event says who it is.
    for event in world.store.events(&EventFilter::default()).await.unwrap() {
        assert!(!event.line().unwrap().contains(&person.name));
    }
    // A second adoption knows the person again.
    let path = person.path.clone();
    let changed = edited(&files, &path, |text| text.replacen("name: ", "name: Dr ", 1));
    let second = world.adopt(&changed).await;
    assert_eq!(second.pin, adopted.pin, "persons are left out of the pin");
    let adoptions = world.adoptions().await;
    assert!(adoptions[1].texts.keys().all(|id| matches!(id, DocumentId::Person(n) if ids.contains(n))));
    // All that was ever said of the persons is erased.
    for id in &ids {
        world.meddle(&format!("DELETE FROM kepi_text WHERE commitment = '{id}'")).await;
    }
    for adoption in &adoptions {
        for (id, adopted) in &adoption.texts {
            if let (DocumentId::Person(_), Some(text)) = (id, adopted.text) {
                world.meddle(&format!("DELETE FROM kepi_text WHERE commitment = '{text}'")).await;
            }
        }
    }
    let found = archive::find(&world.store, adopted.register, &adopted.pin).await.unwrap();
    let (then, now) = (project(&files), project(&found));
    let meanings = |p: &Project| p.kpis.values().map(|k| (k.id.clone(), k.hash)).collect::<Vec<_>>();
    assert_eq!(meanings(&now), meanings(&then), "what is computed from it is the same");
    let place = |files: &SourceMap, p: &Project| -> Vec<_> {
        p.kpis
            .values()
            .map(|k| (files.file(k.span.file).unwrap().path.clone(), files.line_column(k.span).line))
            .collect()
    };
    assert_eq!(place(&found, &now), place(&files, &then), "every KPI is at its line");
    // Other texts are not so forgiving.
    world.meddle("DELETE FROM kepi_text WHERE text LIKE '%kpi:%'").await;
    let refused = archive::find(&world.store, adopted.register, &adopted.pin).await.unwrap_err().to_string();
    assert!(refused.contains("was erased"), "{refused}");
}

/// A scorecard with a weight for each of two KPIs, as it stands from a day on.
fn wording(from: &str, first: u8) -> String {
    format!(
        "---\nscorecard: customers\nname: Customers\nunit: company\n{from}period: month\nperspectives:\n  customers:\n    weight: \
         100%\n    objectives:\n      customers_recommend_us:\n        weight: 100%\n        kpis: {{recommendation: {first}%, \
         answers: {}%}}\n",
        100 - first
    )
}

/// The example with these wordings of its scorecard, in this order.
fn with_wordings(wordings: &[(&str, u8)]) -> SourceMap {
    edited(&example("tiny"), "kepi.yml", |text| {
        let (before, rest) = text.split_once("---\nscorecard: customers").unwrap();
        let after = rest.split_once("---\nperson").unwrap().1;
        let all: String = wordings.iter().map(|(from, first)| wording(from, *first)).collect();
        format!("{before}{all}---\nperson{after}")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn wordings_of_a_scorecard_are_adopted_from_their_days_however_they_change() {
    let world = world().await;
    let (spring, summer) = ("from: 2026-03-01\n", "from: 2026-06-01\n");
    let steps: [&[(&str, u8)]; 9] = [
        &[("", 80)],
        // A later one is added, an earlier one edited, one between, the last taken out, all given a first day.
        &[("", 80), (summer, 60)],
        &[("", 70), (summer, 60)],
        &[(summer, 60), ("", 70), (spring, 65)],
        &[("", 70), (spring, 65)],
        &[(spring, 65), (summer, 50)],
        &[(summer, 50)],
        &[("", 80), (summer, 50)],
        &[("", 80)],
    ];
    let id = DocumentId::named("scorecard", "customers").unwrap();
    let mut known = Vec::new();
    for wordings in steps {
        let files = with_wordings(wordings);
        let adopted = world.adopt(&files).await;
        assert_eq!(world.adopt(&files).await, adopted, "nothing differs any more: {wordings:?}");
        let organisation = world.store.organisation().await.unwrap();
        let mut days: Vec<String> =
            organisation.register.wordings(&id).map(|(from, _)| from.to_string()).collect();
        let mut expected: Vec<String> = wordings
            .iter()
            .map(|(from, _)| from.trim().strip_prefix("from: ").unwrap_or("ever").to_owned())
            .collect();
        days.sort();
        expected.sort();
        assert_eq!(days, expected);
        known.push((adopted, files));
    }
    // Every state of the folder is read back to the letter, also that of long ago.
    for (adopted, files) in &known {
        let found = archive::find(&world.store, adopted.register, &adopted.pin).await.unwrap();
        assert!(same(&found, files));
    }
    let audited = world.store.audit(&kepi_store::Trusted::default()).await.unwrap();
    assert!(audited.holds(), "{:?}", audited.findings);
}
