//! The folder follows what was decided, and nothing that was edited there is written over.

use std::{fs, path::Path};

use kepi_app::{
    deciding::{Deciding, Stance},
    project_files,
    pull::{Pulled, pull, taken_in},
};
use kepi_model::source_text::SourceMap;

use crate::{
    archive::project,
    deciding::{World, acting, changed, governed},
};

/// A folder with the files of a world, and the texts in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn of(files: &SourceMap) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".kepi")).unwrap();
        for (_, file) in files.iter() {
            let path = folder.path().join(&file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &*file.text).unwrap();
        }
        Self(folder)
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn files(&self) -> SourceMap {
        project_files::read(self.root()).unwrap()
    }

    fn write(&self, files: &SourceMap) {
        for (_, file) in files.iter() {
            fs::write(self.root().join(&file.path), &*file.text).unwrap();
        }
    }
}

async fn follow(world: &World, folder: &Folder, settled: bool) -> Pulled {
    pull(&world.store, folder.root(), settled).await.unwrap()
}

/// Puts files in force, by two persons.
async fn decide(world: &World, files: &SourceMap) {
    let deciding = Deciding(&world.store);
    let item = deciding.propose(files, &project(files), acting("carl"), "because", None).await.unwrap();
    if world.state(item).await != "done" {
        for by in ["owner", "bea"] {
            let _ = deciding.vote(item, Stance::Yes, None, acting(by), None).await;
        }
    }
    assert_eq!(world.state(item).await, "done");
}

fn same(a: &SourceMap, b: &SourceMap) -> bool {
    let of = |files: &SourceMap| {
        files.iter().map(|(_, f)| (f.path.clone(), f.text.to_string())).collect::<Vec<_>>()
    };
    of(a) == of(b)
}

#[tokio::test]
async fn a_folder_that_nobody_touched_becomes_what_is_in_force() {
    let world = governed().await;
    let folder = Folder::of(&world.files);
    let target = changed(&world.files, "target: 40", "target: 30");
    decide(&world, &target).await;
    let pulled = follow(&world, &folder, false).await;
    assert_eq!(
        (pulled.written.len(), pulled.edited.len(), pulled.contradictions.len()),
        (1, 0, 0),
        "{pulled:?}"
    );
    assert!(same(&folder.files(), &target));
    assert!(world.holds(&folder.files()).await);
    // Once more, and nothing is to be done.
    let again = follow(&world, &folder, false).await;
    assert_eq!(again, Pulled { register: pulled.register, ..Pulled::default() });
}

#[tokio::test]
async fn edits_are_put_together_with_what_was_decided_or_shown_and_never_written_over() {
    let world = governed().await;
    let folder = Folder::of(&world.files);
    follow(&world, &folder, false).await;
    // Here the name, decided the target: both.
    let edited = changed(&world.files, "name: Net promoter score", "name: NPS");
    folder.write(&edited);
    decide(&world, &changed(&world.files, "target: 40", "target: 30")).await;
    let pulled = follow(&world, &folder, false).await;
    assert!(pulled.contradictions.is_empty() && pulled.edited == pulled.written, "{pulled:?}");
    let both = changed(&edited, "target: 40", "target: 30");
    assert!(same(&folder.files(), &both));
    // Here and decided the same line.
    let mine = changed(&both, "target: 30", "target: 45");
    folder.write(&mine);
    decide(&world, &changed(&world.files, "target: 40", "target: 20")).await;
    for settled in [false, false, true] {
        let pulled = follow(&world, &folder, settled).await;
        assert!(same(&folder.files(), &mine), "it is as it was");
        assert_eq!(pulled.contradictions.len(), usize::from(!settled), "{pulled:?}");
        if !settled {
            let said = &pulled.contradictions[0];
            assert!(
                said.starts_with("kpi/recommendation (kpis.yml): ") && said.ends_with(" in force since"),
                "{said}"
            );
            let (here, since) = said.split_once(" here, ").unwrap();
            assert!(here.contains("target: 45") && since.contains("target: 20"), "{said}");
        }
    }
    // What was settled is an edit like others.
    let pulled = follow(&world, &folder, false).await;
    assert!(pulled.contradictions.is_empty() && pulled.edited.len() == 1, "{pulled:?}");
    // A file that cannot be read is left alone, and does not keep others from following.
    let broken = changed(&mine, "better: higher", "better: [");
    folder.write(&broken);
    let pulled = pull(&world.store, folder.root(), false).await.unwrap();
    assert!(same(&folder.files(), &broken) && pulled.unwritten.is_empty(), "{pulled:?}");
    decide(&world, &changed(&world.files, "target: 40", "target: 25")).await;
    decide(&world, &changed(&changed(&world.files, "target: 40", "target: 25"), "name: Carl", "name: Karl"))
        .await;
    let pulled = pull(&world.store, folder.root(), false).await.unwrap();
    assert_eq!(pulled.written, ["governance.yml"], "{pulled:?}");
    assert!(pulled.unwritten[0].starts_with("kpis.yml: it is no YAML"), "{pulled:?}");
    assert!(same(&folder.files(), &changed(&broken, "name: Carl", "name: Karl")));
    // Merely wrong, it is followed.
    let wrong = changed(&mine, "better: higher", "better: hihger");
    folder.write(&wrong);
    let pulled = pull(&world.store, folder.root(), false).await.unwrap();
    assert!(pulled.unwritten.is_empty(), "{pulled:?}");
}

#[tokio::test]
async fn proposing_from_a_folder_undoes_nothing_that_was_decided_since() {
    let world = governed().await;
    let folder = Folder::of(&world.files);
    follow(&world, &folder, false).await;
    decide(&world, &changed(&world.files, "target: 40", "target: 30")).await;
    // Another KPI is renamed here: the old target that stands beside it is not put back.
    let edited = changed(&world.files, "name: Answers", "name: How many answered");
    let both = taken_in(&world.store, folder.root(), edited.clone(), project(&edited)).await.unwrap();
    assert_eq!(both.decided, ["kpis.yml"]);
    assert!(same(&both.files, &changed(&edited, "target: 40", "target: 30")));
    // Where it says something else of the same, that is said.
    let other = changed(&world.files, "target: 40", "target: 45");
    let refused = taken_in(&world.store, folder.root(), other.clone(), project(&other)).await.unwrap_err();
    assert!(
        refused.to_string().contains("target: 45") && refused.to_string().contains("kepi pull --settled")
    );
    // Where nobody knows when the folder was followed, it is taken as it stands.
    fs::remove_file(folder.root().join(".kepi/pulled")).unwrap();
    let as_is = taken_in(&world.store, folder.root(), edited.clone(), project(&edited)).await.unwrap();
    assert!(as_is.decided.is_empty() && same(&as_is.files, &edited));
}

#[tokio::test]
async fn nothing_is_written_outside_the_folder() {
    let world = governed().await;
    let folder = Folder::of(&world.files);
    let outside = tempfile::tempdir().unwrap();
    follow(&world, &folder, false).await;
    let path = world.files.iter().next().unwrap().1.path.clone();
    let text = fs::read_to_string(folder.root().join(&path)).unwrap();
    let elsewhere = outside.path().join("elsewhere.yml");
    fs::write(&elsewhere, &text).unwrap();
    fs::remove_file(folder.root().join(&path)).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&elsewhere, folder.root().join(&path)).unwrap();
    // A new file whose path leads out, as the log of somebody else could say.
    let mut files: Vec<_> = world.files.iter().map(|(_, file)| file.clone()).collect();
    let touched = files.iter_mut().find(|file| file.path == path).unwrap();
    touched.text = format!("{}# decided elsewhere\n", touched.text).into();
    files.push(kepi_model::source_text::SourceFile {
        path: "../escaped.yml".to_owned(),
        text: "person: eve\nname: Eve\n".into(),
    });
    decide(&world, &SourceMap::new(files)).await;
    let pulled = follow(&world, &folder, false).await;
    assert_eq!(pulled.unwritten.len(), 2, "{pulled:?}");
    assert!(!folder.root().parent().unwrap().join("escaped.yml").exists());
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), text);
}
