//! Events of every kind and version as they once were written: they stay readable for ever.
//!
//! `fixtures/<kind>.<v>.json` is the line that stands in the log, `….now.json` the body in today's form. A new version
//! adds a pair; a pair is never changed.

use std::{collections::BTreeSet, fs, path::PathBuf};

use kepi_govern::{
    Recorded,
    wire::{KINDS, write},
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

#[test]
fn every_version_ever_written_is_still_read() {
    for (kind, now) in KINDS {
        for v in (*now).min(1)..=*now {
            let path = folder().join(format!("{kind}.{v}.json"));
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|_| panic!("`{kind}` of version {v} has no fixture {}", path.display()));
            let line = text.trim_end();
            let recorded = Recorded::read_line(line).unwrap();
            assert_eq!((recorded.kind.as_str(), recorded.v), (*kind, v));
            assert_eq!(recorded.line().unwrap(), line, "{kind}.{v} is kept byte for byte");
            let event = recorded.event().unwrap();
            let expected = fs::read_to_string(folder().join(format!("{kind}.{v}.now.json"))).unwrap();
            let written = write(&event).unwrap();
            assert_eq!(written.body, expected.trim_end(), "{kind}.{v} means what it meant");
            assert_eq!(written.subject, recorded.subject);
        }
    }
}

#[test]
fn every_fixture_is_of_a_kind() {
    let known: BTreeSet<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.trim_end_matches(".json").trim_end_matches(".now");
        let (kind, v) = stem.rsplit_once('.').unwrap();
        assert!(known.contains(kind) && v.parse::<u32>().is_ok(), "{name}");
    }
}
