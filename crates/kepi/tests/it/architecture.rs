//! The invariants of ARCHITECTURE.md, checked over `cargo metadata` and the sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Every workspace crate that a crate may depend on, development dependencies left out.
const MAY_USE: &[(&str, &[&str])] = &[
    ("kepi-proof", &[]),
    ("kepi-model", &[]),
    ("kepi-stats", &[]),
    ("kepi-query", &["kepi-model", "kepi-stats"]),
    ("kepi-score", &["kepi-model", "kepi-stats", "kepi-query"]),
    ("kepi-report", &["kepi-model", "kepi-stats", "kepi-query", "kepi-score"]),
    ("kepi-govern", &["kepi-model", "kepi-proof"]),
    ("kepi-store", &["kepi-model", "kepi-govern", "kepi-proof"]),
    ("kepi-lake", &["kepi-model", "kepi-stats", "kepi-query", "kepi-govern", "kepi-proof", "kepi-store"]),
    ("kepi-engine", &["kepi-model", "kepi-stats", "kepi-query"]),
    ("kepi-app", &["kepi-model", "kepi-stats", "kepi-query", "kepi-score", "kepi-store", "kepi-report"]),
    ("kepi-web", &["kepi-model", "kepi-report"]),
    ("kepi-testkit", &["kepi-model", "kepi-stats", "kepi-query"]),
    (
        "kepi",
        &[
            "kepi-app",
            "kepi-engine",
            "kepi-lake",
            "kepi-model",
            "kepi-query",
            "kepi-report",
            "kepi-score",
            "kepi-stats",
            "kepi-store",
            "kepi-web",
        ],
    ),
];

/// Crates that do no I/O, read no clock, hold no randomness of their own and know no async runtime.
const PURE: &[&str] =
    &["kepi-proof", "kepi-model", "kepi-stats", "kepi-query", "kepi-score", "kepi-govern", "kepi-report"];

/// The one file of a pure crate that starts threads: they share out work whose result cannot depend on them, and end
/// before it returns.
const PARALLEL: &str = "kepi-query/src/parallel.rs";

/// What a pure crate may not depend on.
const IMPURE_DEPENDENCIES: &[&str] = &[
    "tokio",
    "sqlx",
    "axum",
    "arrow",
    "parquet",
    "datafusion",
    "rand",
    "rand_chacha",
    "uuid",
    "tempfile",
    "reqwest",
];

/// What the sources of a pure crate may not name.
const IMPURE_NAMES: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "thread_rng",
    "println!(",
    "eprintln!(",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Crate → names of its normal and build dependencies.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for package in metadata()["packages"].as_array().unwrap() {
        let of = package["dependencies"].as_array().unwrap();
        let names = of.iter().filter(|d| d["kind"] != "dev").map(|d| d["name"].as_str().unwrap().to_owned());
        all.insert(package["name"].as_str().unwrap().to_owned(), names.collect());
    }
    all
}

fn sources(krate: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                walk(&entry, found);
            } else if entry.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&entry).unwrap();
                found.push((entry, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("crates").join(krate).join("src"), &mut found);
    found
}

#[test]
fn crates_depend_only_on_what_the_map_allows() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        MAY_USE.iter().map(|(name, of)| (*name, of.iter().copied().collect())).collect();
    for (name, uses) in dependencies() {
        let Some(may) = allowed.get(name.as_str()) else {
            panic!("`{name}` is not on the map: add it to ARCHITECTURE.md and to MAY_USE")
        };
        for used in uses.iter().filter(|u| u.starts_with("kepi")) {
            assert!(may.contains(used.as_str()), "`{name}` may not depend on `{used}`");
        }
    }
}

#[test]
fn only_lake_and_engine_name_arrow_and_only_engine_names_datafusion() {
    for (name, uses) in dependencies() {
        for used in &uses {
            let columns = used == "parquet" || used == "arrow" || used.starts_with("arrow-");
            assert!(
                !columns || ["kepi-lake", "kepi-engine"].contains(&name.as_str()),
                "`{name}` names `{used}`"
            );
            let engine = used.starts_with("datafusion") || used.starts_with("ballista");
            assert!(!engine || name == "kepi-engine", "`{name}` names `{used}`");
        }
    }
}

#[test]
fn pure_crates_touch_nothing_outside() {
    let dependencies = dependencies();
    for name in PURE {
        for used in &dependencies[*name] {
            assert!(!IMPURE_DEPENDENCIES.contains(&used.as_str()), "`{name}` depends on `{used}`");
        }
        for (path, text) in sources(name) {
            let code = text.split("#[cfg(test)]").next().unwrap();
            for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
                for word in IMPURE_NAMES {
                    if *word == "std::thread" && path.ends_with(PARALLEL) {
                        continue;
                    }
                    assert!(!line.contains(word), "{}: `{word}` in a pure crate", path.display());
                }
            }
        }
    }
}

#[test]
fn no_crate_is_called_common_utils_or_types() {
    for name in dependencies().keys() {
        let last = name.rsplit('-').next().unwrap();
        assert!(!["common", "util", "utils", "types", "core", "shared"].contains(&last), "`{name}`");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for name in dependencies().keys() {
        for (path, text) in sources(name) {
            assert!(text.starts_with("//!"), "{} does not open with `//!`", path.display());
        }
    }
}
