//! The log is signed: by a key that stands whole or not at all, beside whatever else lies where checkpoints are kept.

use std::{fs, os::unix::fs::PermissionsExt as _};

use kepi_app::{
    archive,
    audit::{self, Custody},
    deciding::Deciding,
};
use kepi_govern::{Permit, Principal};
use kepi_proof::{Checkpoint, Digest, Key};
use kepi_report::logged::LogAsked;
use kepi_store::{Location, Store};

use crate::archive::{edited, example, project};

async fn adopt(store: &Store, threshold: u32) {
    let files = edited(&example("tiny"), "kpis.yml", |text| {
        text.replace("threshold: 10, target: 40", &format!("threshold: {threshold}, target: 40"))
    });
    let permit = Permit::open(Principal::Person(1));
    archive::adopt(store, &files, &project(&files), &permit, 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_that_nobody_known_has_signed_do_not_stand_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("kepi.db"))).await.unwrap();
    let custody = Custody::of(folder.path(), None);
    adopt(&store, 10).await;
    // A process that was killed while it wrote the key left this behind.
    let keys = folder.path().join(".kepi/audit");
    fs::create_dir_all(&keys).unwrap();
    fs::write(keys.join(format!("log.key.{}", std::process::id())), "PRIVATE+KEY+").unwrap();
    let first = audit::sign(&store, &custody).await.unwrap().unwrap();
    assert_eq!(fs::metadata(keys.join("log.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let names = fs::read_dir(&keys).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, ["checkpoints", "log.key", "log.pub"]);

    // Longer logs that somebody else has signed, of this name and another, and what is no note.
    let stranger = Key::from_seed(&first.origin, &[7; 32]).unwrap();
    let of = |origin: &str, size| {
        let root = Digest::of(b"another");
        Checkpoint { origin: origin.to_owned(), size, root }.sign(&stranger).unwrap()
    };
    let mut outside = fs::read_to_string(custody.outside_path()).unwrap();
    for size in 1..40 {
        outside.push_str(&format!("{}\n{}\n", of(&first.origin, size), of("kepi/another", size)));
    }
    fs::write(custody.outside_path(), format!("{outside}no note\n")).unwrap();
    adopt(&store, 11).await;
    let second = audit::sign(&store, &custody).await.unwrap().unwrap();
    assert!(second.size > first.size);
    let covering = |seq| {
        let (store, custody) = (&store, &custody);
        async move { audit::covering(store, custody, seq).await.unwrap().map(|(checkpoint, _)| checkpoint) }
    };
    assert_eq!(covering(1).await.as_ref(), Some(&first));
    assert_eq!(covering(second.size).await.as_ref(), Some(&second));
    assert_eq!(covering(second.size + 1).await, None);
    assert_eq!(audit::newest(&store, &custody).await.unwrap().unwrap().0, second);

    // One by the own key over another beginning does.
    let key: Key = fs::read_to_string(keys.join("log.key")).unwrap().parse().unwrap();
    let other = Checkpoint { root: Digest::of(b"another"), ..second.clone() }.sign(&key).unwrap();
    fs::write(custody.outside_path(), other).unwrap();
    let refused = audit::sign(&store, &custody).await.unwrap_err().to_string();
    assert!(refused.contains(&format!("its first {} events are others", second.size)), "{refused}");
}

/// A change of keys that breaks off, wherever it does, is found, and gone through with by the next: nothing that was signed is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_keys_is_gone_through_with_wherever_it_broke_off() {
    // Known to others · aside · handed over to in the database · outside, too.
    for point in 1..=4 {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("kepi.db"))).await.unwrap();
        let custody = Custody::of(folder.path(), None);
        let at = |name: &str| folder.path().join(".kepi/audit").join(name);
        let read = |name: &str| fs::read_to_string(at(name)).unwrap();
        adopt(&store, 10).await;
        audit::sign(&store, &custody).await.unwrap();
        let (before, outside) = (read("log.key"), read("checkpoints"));
        if point < 3 {
            // Nobody was handed over to.
            let lost = Key::from_seed("kepi/lost", &[3; 32]).unwrap();
            fs::write(at("log.pub"), format!("{}{}\n", read("log.pub"), lost.public())).unwrap();
            if point == 2 {
                fs::write(at("log.key.99"), format!("{}\n", lost.secret())).unwrap();
            }
        } else {
            audit::rotate(&store, &custody).await.unwrap().unwrap();
            fs::rename(at("log.key"), at("log.key.99")).unwrap();
            fs::write(at("log.key"), &before).unwrap();
            fs::set_permissions(at("log.key"), fs::Permissions::from_mode(0o600)).unwrap();
            if point == 3 {
                fs::write(at("checkpoints"), &outside).unwrap();
            }
        }
        let aside = fs::read_to_string(at("log.key.99")).ok();
        let found = audit::verify(&store, &custody, &[]).await.unwrap();
        let codes: Vec<&str> = found.findings.iter().map(|of| of.code).collect();
        let expected: &[&str] = match point {
            1 => &[],
            3 => &["A0205", "A0209"],
            _ => &["A0209"],
        };
        assert_eq!(codes, expected, "at {point}");
        // Meanwhile the log goes on, signed by the key that was.
        adopt(&store, 11).await;
        audit::sign(&store, &custody).await.unwrap();
        assert_eq!(read("log.key"), before);
        let (signed, next) = audit::rotate(&store, &custody).await.unwrap().unwrap();
        let key: Key = read("log.key").parse().unwrap();
        assert_eq!(key.public(), next, "at {point}");
        assert_ne!(read("log.key"), before, "at {point}");
        if point > 2 {
            assert_eq!(Some(read("log.key")), aside, "the key that was handed over to");
        }
        let left = fs::read_dir(at("")).unwrap().count();
        assert_eq!(left, 3, "at {point}: nothing is left behind");
        adopt(&store, 12).await;
        audit::sign(&store, &custody).await.unwrap();
        // Who was given the first key finds all by it.
        let first = fs::read_to_string(at("log.pub")).unwrap();
        let first = audit::read_key(first.lines().next().unwrap()).unwrap();
        fs::write(at("log.pub"), "").unwrap();
        let verified = audit::verify(&store, &custody, &[first]).await.unwrap();
        assert!(verified.findings.is_empty(), "at {point}: {:?}", verified.findings);
        assert_eq!(verified.covered, verified.events, "at {point}");
        assert!(signed.size > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_the_log_has_every_event_once_whatever_is_asked_for() {
    let world = crate::deciding::governed().await;
    let folder = tempfile::tempdir().unwrap();
    let custody = Custody::of(folder.path(), None);
    let signed = audit::sign(&world.store, &custody).await.unwrap().unwrap();
    let deciding = Deciding(&world.store);
    let files = crate::deciding::changed(&world.files, "target: 40", "target: 30");
    for n in 0..45 {
        let by = if n % 3 == 0 { "ann" } else { "carl" };
        let acting = crate::deciding::acting(by);
        let item = deciding.propose(&files, &project(&files), acting, "because", None).await.unwrap();
        deciding.withdraw(item, acting).await.unwrap();
    }
    let all = world.store.events(&Default::default()).await.unwrap();
    for (about, by) in
        [(None, None), (Some("item/7"), None), (None, Some("ann")), (Some("register"), Some("ann"))]
    {
        let (about, by) = (about.map(str::to_owned), by.map(str::to_owned));
        let mut expected = Vec::new();
        for event in all.iter().rev() {
            let of = about.as_ref().is_none_or(|about| event.subject.as_str() == about);
            if of && by.as_ref().is_none_or(|by| *by == name(&world.store, event)) {
                expected.push(event.seq);
            }
        }
        let (mut found, mut before, mut pages) = (Vec::new(), None, 0);
        loop {
            let asked = LogAsked { about: about.clone(), by: by.clone(), before };
            let page = audit::listed(&world.store, &custody, &asked).await.unwrap();
            assert_eq!(page.size, all.len() as u64);
            assert!(page.events.len() <= 100 && page.events.iter().all(|of| !of.said.is_empty()));
            assert_eq!(page.signed.map(|of| (of.size, of.holds)), Some((signed.size, true)));
            found.extend(page.events.iter().map(|of| of.event));
            before = page.older;
            pages += 1;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{about:?} {by:?}");
        assert!(about.is_some() || by.is_some() || pages > 1);
    }
}

fn name(store: &Store, event: &kepi_govern::Recorded) -> String {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(store.name_of(&event.by)))
        .unwrap()
}
