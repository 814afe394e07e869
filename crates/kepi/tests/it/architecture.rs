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
    ("kepi-insight", &["kepi-model", "kepi-stats", "kepi-query", "kepi-score"]),
    ("kepi-report", &["kepi-model", "kepi-stats", "kepi-query", "kepi-score", "kepi-insight"]),
    ("kepi-govern", &["kepi-model", "kepi-proof"]),
    ("kepi-access", &["kepi-model", "kepi-govern", "kepi-proof", "kepi-store"]),
    ("kepi-oidc", &[]),
    ("kepi-store", &["kepi-model", "kepi-govern", "kepi-proof"]),
    ("kepi-lake", &["kepi-model", "kepi-stats", "kepi-query", "kepi-govern", "kepi-proof", "kepi-store"]),
    ("kepi-connect", &["kepi-model", "kepi-query", "kepi-govern", "kepi-store"]),
    ("kepi-engine", &["kepi-model", "kepi-stats", "kepi-query"]),
    ("kepi-cluster", &["kepi-model", "kepi-query", "kepi-engine"]),
    (
        "kepi-app",
        &[
            "kepi-proof",
            "kepi-model",
            "kepi-stats",
            "kepi-query",
            "kepi-score",
            "kepi-insight",
            "kepi-govern",
            "kepi-store",
            "kepi-report",
        ],
    ),
    ("kepi-web", &["kepi-model", "kepi-report"]),
    ("kepi-testkit", &["kepi-model", "kepi-stats", "kepi-query"]),
    (
        "kepi",
        &[
            "kepi-access",
            "kepi-app",
            "kepi-cluster",
            "kepi-connect",
            "kepi-engine",
            "kepi-govern",
            "kepi-insight",
            "kepi-lake",
            "kepi-model",
            "kepi-oidc",
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
const PURE: &[&str] = &[
    "kepi-proof",
    "kepi-model",
    "kepi-stats",
    "kepi-query",
    "kepi-score",
    "kepi-insight",
    "kepi-govern",
    "kepi-report",
];

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

/// Crates whose modules use each other in one direction only.
const NO_CIRCLES: &[&str] =
    &["kepi-model", "kepi-query", "kepi-score", "kepi-insight", "kepi-lake", "kepi-engine"];

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

/// Every test binary costs a link, and a crate compiled once more: unit tests run within `tests/it` where their file can
/// stand there (`#[path]`), a crate without other unit tests builds no binary for them, and examples in comments, of which
/// there are none, are not looked for.
#[test]
fn a_crate_has_no_test_binary_that_it_could_do_without() {
    for package in metadata()["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let main = root().join("crates").join(name).join("tests/it/main.rs");
        let main = fs::read_to_string(main).unwrap_or_default();
        let own = sources(name).into_iter().find(|(path, text)| {
            let tests = text.lines().any(|l| {
                let line = l.trim_start();
                line.starts_with("#[test]") || line.starts_with("#[tokio::test")
            });
            let inside = path.strip_prefix(root().join("crates").join(name)).unwrap();
            tests && !main.contains(&format!("\"../../{}\"", inside.display()))
        });
        for target in package["targets"].as_array().unwrap() {
            match target["kind"][0].as_str().unwrap() {
                "lib" => {
                    assert_eq!(target["doctest"], false, "`{name}`: say `doctest = false` under `[lib]`");
                    match &own {
                        None => {
                            assert_eq!(target["test"], false, "`{name}`: say `test = false` under `[lib]`")
                        }
                        Some((path, _)) => assert_eq!(
                            target["test"],
                            true,
                            "`{name}`: the tests in {} are never run: name the file in tests/it/main.rs",
                            path.display()
                        ),
                    }
                }
                "bin" => assert!(
                    own.is_none() && target["test"] == false,
                    "`{name}`: name the file with unit tests in tests/it/main.rs"
                ),
                _ => {}
            }
        }
    }
}

#[test]
fn only_lake_and_engine_name_arrow_and_only_engine_and_cluster_name_datafusion() {
    for (name, uses) in dependencies() {
        for used in &uses {
            // How Ballista's processes talk is no table.
            let wire = used == "arrow-flight" && name == "kepi-cluster";
            let columns = used == "parquet" || used == "arrow" || used.starts_with("arrow-") && !wire;
            assert!(
                !columns || ["kepi-lake", "kepi-engine"].contains(&name.as_str()),
                "`{name}` names `{used}`"
            );
            let engine = used.starts_with("datafusion");
            assert!(
                !engine || ["kepi-engine", "kepi-cluster"].contains(&name.as_str()),
                "`{name}` names `{used}`"
            );
            assert!(!used.starts_with("ballista") || name == "kepi-cluster", "`{name}` names `{used}`");
        }
    }
}

/// What nobody but the store says. A statement elsewhere would work on one database only, and past the one door.
const SQL: &[&str] =
    &["sqlx", "SELECT ", "INSERT INTO", "UPDATE kepi_", "DELETE FROM", "CREATE TABLE", "PRAGMA"];

#[test]
fn only_the_store_names_sqlx_and_says_sql() {
    for (name, uses) in dependencies() {
        let names_sqlx = uses.iter().any(|used| used.starts_with("sqlx"));
        assert_eq!(names_sqlx, name == "kepi-store", "`{name}` names sqlx");
    }
    for name in dependencies().keys().filter(|name| *name != "kepi-store") {
        for (path, text) in sources(name) {
            let code = text.split("#[cfg(test)]").next().unwrap();
            for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
                for word in SQL {
                    assert!(!line.contains(word), "{}: `{word}` outside the store", path.display());
                }
            }
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

/// The first words after `crate::`: one, or one of each member of a group in braces.
fn heads(rest: &str) -> Vec<&str> {
    let word = |text: &'_ str| {
        let text = text.trim_start();
        text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
    };
    let Some(group) = rest.strip_prefix('{') else { return vec![&rest[..word(rest)]] };
    let (mut depth, mut members) = (0, vec![group]);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(&group[at + 1..]),
            _ => {}
        }
    }
    members.into_iter().map(|m| &m.trim_start()[..word(m)]).collect()
}

/// Module → modules that it uses, of the modules that stand directly in a crate.
fn modules(krate: &str) -> BTreeMap<String, BTreeSet<String>> {
    let source = root().join("crates").join(krate).join("src");
    let mut files: Vec<(String, String)> = Vec::new();
    let mut exports: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in sources(krate) {
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code: String =
            code.lines().filter(|l| !l.trim_start().starts_with("//")).map(|l| format!("{l}\n")).collect();
        let inside = path.strip_prefix(&source).unwrap().with_extension("");
        let mut parts: Vec<&str> = inside.iter().map(|p| p.to_str().unwrap()).collect();
        parts.retain(|p| *p != "mod");
        if parts == ["lib"] || parts == ["main"] {
            for (module, rest) in code.split("use ").skip(1).filter_map(|u| u.split_once("::")) {
                exports.extend(heads(rest).into_iter().map(|item| (item.to_owned(), module.to_owned())));
            }
            continue;
        }
        // As many `super` as there are modules around lead to the crate.
        let code = code.replace(&"super::".repeat(parts.len()), "crate::");
        files.push((parts[0].to_owned(), code));
    }
    let names: BTreeSet<String> = files.iter().map(|(module, _)| module.clone()).collect();
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, code) in files {
        for head in code.split("crate::").skip(1).flat_map(heads) {
            let used = exports.get(head).map_or(head, String::as_str);
            if used != module && names.contains(used) {
                uses.entry(module.clone()).or_default().insert(used.to_owned());
            }
        }
    }
    uses
}

#[test]
fn modules_use_each_other_in_one_direction() {
    for krate in NO_CIRCLES {
        let mut uses = modules(krate);
        assert!(!uses.is_empty(), "{krate}: nothing was read");
        // What uses nothing that is left lies on no circle.
        loop {
            let left: BTreeSet<String> = uses.keys().cloned().collect();
            uses.values_mut().for_each(|used| used.retain(|u| left.contains(u)));
            let before = uses.len();
            uses.retain(|_, used| !used.is_empty());
            if uses.len() == before {
                break;
            }
        }
        // Nor does what nothing uses.
        loop {
            let used: BTreeSet<String> = uses.values().flatten().cloned().collect();
            let before = uses.len();
            uses.retain(|module, _| used.contains(module));
            if uses.len() == before {
                break;
            }
        }
        assert!(uses.is_empty(), "{krate}: modules use each other in a circle: {uses:#?}");
    }
}

/// Invariant 8: the door of the store is the only place at which an event is appended.
#[test]
fn only_the_door_appends_events() {
    for name in dependencies().keys() {
        for (path, text) in sources(name) {
            let of = |ending: &str| path.ends_with(ending);
            let statement = text.contains("INTO kepi_event ") || text.contains("INTO kepi_event(");
            assert!(
                !statement || of("kepi-store/src/sql/common/door.rs"),
                "{} appends events",
                path.display()
            );
            let append = text.contains("sql::APPEND") || text.contains("door::APPEND");
            assert!(!append || of("kepi-store/src/door.rs"), "{} appends events", path.display());
            // Whoever brings an old database up to date seals what stands there; nobody else goes round the decision.
            assert!(
                !text.contains("door::append") || of("kepi-store/src/migrate.rs"),
                "{} goes round the decision",
                path.display()
            );
        }
    }
}

/// Invariant 8: whoever holds the write lock outside the store changes nothing that is known.
#[test]
fn only_the_store_begins_a_change() {
    // They clear away files that no row names, make the catalogue's tables and allot the number of a run that begins; erasing strikes off
    // what is gone from the disk, and looks at the catalogue as it will be in a change that it drops, as a preview of messages enters what it
    // shows into one.
    const MAY: [&str; 5] = [
        "kepi-lake/src/erase.rs",
        "kepi-lake/src/sweep.rs",
        "kepi-lake/src/catalogue/mod.rs",
        "kepi-lake/src/published/mod.rs",
        "kepi-app/src/delivering/mod.rs",
    ];
    for name in dependencies().keys().filter(|name| *name != "kepi-store") {
        for (path, text) in sources(name) {
            let may = MAY.iter().any(|ending| path.ends_with(ending));
            assert!(may || !text.contains(".begin()"), "{} goes round the door", path.display());
        }
    }
}
