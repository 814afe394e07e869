//! The example projects land as their `expected_rows.json` says, and fast enough.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use kepi_lake::{FileSources, Landing, LocalLake};
use kepi_model::{
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::landing::{RowCounts, Sources};
use kepi_store::Store;

use crate::support::*;

fn read(folder: &Path, root: &Path, into: &mut Vec<SourceFile>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "data" && !name.starts_with('.') {
            read(&path, root, into);
        } else if name.ends_with(".yml") {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            into.push(SourceFile { path: relative, text: std::fs::read_to_string(&path).unwrap().into() });
        }
    }
}

pub fn example(name: &str) -> Option<(PathBuf, Project)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    if !root.is_dir() {
        eprintln!("SKIPPED: there is no example `{name}`");
        return None;
    }
    let root = root.canonicalize().unwrap();
    let mut files = Vec::new();
    read(&root, &root, &mut files);
    let checked = kepi_model::check::check(&SourceMap::new(files), &Default::default());
    match checked.value {
        Some(project) => Some((root, project)),
        None => panic!("`{name}` does not check: {:?}", checked.findings),
    }
}

async fn lands_as_expected(name: &str) {
    let Some((root, project)) = example(name) else { return };
    let expected: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(root.join("expected_rows.json")).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kepi.db").into()).await.unwrap();
    let lake = by_position(LocalLake::open(store, &folder.path().join("data"), NOW).await.unwrap());
    let begun = Instant::now();
    let mut read = 0;
    for source in project.sources.values() {
        let mut sum = RowCounts::default();
        for file in FileSources::new(&root).offered(source).unwrap().raw {
            let landing = Landing { actor: "person/1", at: NOW, progress: &Silent };
            let report = lake.land_raw(&project, source, &file, landing).await.unwrap();
            let c = report.counts;
            assert_eq!(report.outcome, kepi_query::landing::LoadOutcome::Landed, "{}", report.file);
            assert_eq!(c.read, c.out_of_scope + c.landed());
            sum = RowCounts {
                read: sum.read + c.read,
                out_of_scope: sum.out_of_scope + c.out_of_scope,
                accepted: sum.accepted + c.accepted,
                superseding: sum.superseding + c.superseding,
                quarantined: sum.quarantined + c.quarantined,
                duplicate: sum.duplicate + c.duplicate,
                erased: sum.erased + c.erased,
            };
        }
        read += sum.read;
        println!("{name}/{}: {sum:?} after {:.2?}", source.id, begun.elapsed());
        let want = &expected[source.id.as_str()];
        let zero = |key: &str| want[key].as_u64().unwrap_or(0);
        let wanted = RowCounts {
            read: zero("read"),
            out_of_scope: zero("out_of_scope"),
            accepted: zero("accepted"),
            superseding: zero("superseding"),
            quarantined: zero("quarantined"),
            duplicate: zero("duplicate"),
            erased: 0,
        };
        assert_eq!(sum, wanted, "{name}/{}", source.id);
    }
    println!("{name}: {read} rows in {:.2?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn airport_lands_as_expected() {
    lands_as_expected("airport").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retail_lands_as_expected() {
    lands_as_expected("retail").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn saas_lands_as_expected() {
    lands_as_expected("saas").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn city_lands_as_expected() {
    lands_as_expected("city").await;
}
