//! What Kepi can do is written down in `docs/capabilities.toml`, and nothing there is made up: tests exist, commands
//! parse, pages have routes. `UPDATE_GOLDENS=1` writes the page of the book anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use clap::Parser as _;
use serde::Deserialize;

use crate::{cli::Cli, support::root};

/// First letters of an id and what they stand for, in the order of the requirements.
const AREAS: &[(&str, &str)] = &[
    ("STR", "Strategy"),
    ("KPI", "KPI definitions"),
    ("SRV", "Survey programme"),
    ("DAT", "Data"),
    ("TXT", "Text"),
    ("SCD", "Scorecards and reporting"),
    ("ACT", "Acting"),
    ("INS", "Insight"),
    ("GOV", "Governance"),
    ("PRV", "Privacy and access"),
    ("SCL", "Scale"),
    ("INC", "People and incentives"),
];

/// How many capabilities the requirements name.
const CAPABILITIES: usize = 80;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Capabilities {
    capability: Vec<Capability>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
enum State {
    #[serde(rename = "works")]
    Works,
    #[serde(rename = "partly")]
    Partly,
    #[serde(rename = "not yet")]
    NotYet,
}

impl State {
    fn words(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Partly => "partly",
            Self::NotYet => "not yet",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Capability {
    id: String,
    title: String,
    state: State,
    works: Option<String>,
    #[serde(default)]
    missing: Vec<String>,
    #[serde(default)]
    commands: Vec<String>,
    #[serde(default)]
    pages: Vec<String>,
    #[serde(default)]
    proof: Vec<Proof>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    shows: String,
    #[serde(default)]
    tests: Vec<String>,
}

fn capabilities() -> Vec<Capability> {
    let text = fs::read_to_string(root().join("docs/capabilities.toml")).unwrap();
    let read: Capabilities = toml::from_str(&text).unwrap();
    read.capability
}

/// The names of all test functions of a crate.
fn tests_of(krate: &str) -> BTreeSet<String> {
    fn walk(folder: &Path, found: &mut BTreeSet<String>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for path in entries.map(|e| e.unwrap().path()) {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                collect(&fs::read_to_string(&path).unwrap(), found);
            }
        }
    }
    fn collect(text: &str, found: &mut BTreeSet<String>) {
        let mut marked = false;
        let mut rooms = false;
        for line in text.lines().map(str::trim) {
            let function = line.trim_start_matches("pub ").trim_start_matches("async ").strip_prefix("fn ");
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                marked = true;
            } else if let Some(name) = function {
                let name = name.split(['(', '<']).next().unwrap_or_default();
                if std::mem::take(&mut marked) {
                    found.insert(name.to_owned());
                }
            }
            // Tests that macros make: the rooms of the statistics, one line each, and what runs on both databases.
            rooms = (rooms || line.starts_with("rooms! {")) && line != "}";
            if let Some((room, _)) = line.split_once(": crate::").filter(|_| rooms) {
                found.insert(format!("reference_values::{room}"));
            }
        }
        for list in text.split("on_both![").skip(1) {
            let names = list.split(']').next().unwrap_or_default().split(',').map(str::trim);
            found.extend(names.map(str::to_owned));
        }
    }
    let mut found = BTreeSet::new();
    for part in ["src", "tests"] {
        walk(&root().join("crates").join(krate).join(part), &mut found);
    }
    found
}

#[test]
fn every_capability_is_there_once_and_says_what_it_must() {
    let capabilities = capabilities();
    let ids: BTreeSet<&str> = capabilities.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids.len(), capabilities.len(), "an id is there twice");
    assert_eq!(ids.len(), CAPABILITIES);
    for capability in &capabilities {
        let id = &capability.id;
        assert!(AREAS.iter().any(|(area, _)| id.split('-').next() == Some(area)), "{id}");
        assert!(!capability.proof.is_empty(), "{id} has no line of proof");
        match capability.state {
            State::Works => {
                assert!(capability.missing.is_empty(), "{id} works and something is missing");
                assert!(capability.proof.iter().all(|p| !p.tests.is_empty()), "{id} works without proof");
                assert!(
                    !capability.commands.is_empty() || !capability.pages.is_empty(),
                    "{id} is not to be seen"
                );
            }
            State::Partly => {
                assert!(capability.works.is_some() && !capability.missing.is_empty(), "{id}");
            }
            State::NotYet => assert!(!capability.missing.is_empty(), "{id}"),
        }
    }
    // Beside the project where it is developed.
    if let Ok(requirements) = fs::read_to_string(root().join("../shared/requirements.md")) {
        let wanted: Vec<&str> =
            requirements.lines().filter_map(|line| line.strip_prefix("### ")?.split(' ').next()).collect();
        let written: Vec<&str> = capabilities.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(written, wanted);
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut lost = Vec::new();
    for capability in capabilities() {
        for test in capability.proof.iter().flat_map(|p| &p.tests) {
            let (krate, name) = test.split_once(": ").unwrap_or_else(|| panic!("`{test}`: crate: function"));
            let tests = known.entry(krate.to_owned()).or_insert_with(|| tests_of(krate));
            if !tests.contains(name) {
                lost.push(format!("{}: `{test}`", capability.id));
            }
        }
    }
    assert!(lost.is_empty(), "no such tests; were they renamed? {lost:#?}");
}

#[test]
fn every_command_parses_and_every_page_has_its_route() {
    for capability in capabilities() {
        for command in &capability.commands {
            let parsed = Cli::try_parse_from(command.split(' '));
            let parsed = parsed.unwrap_or_else(|e| panic!("{}: `{command}`: {e}", capability.id));
            assert!(root().join(&parsed.project).is_dir(), "{}: `{command}`: no such project", capability.id);
        }
        for page in &capability.pages {
            let routes = kepi_web::pages::PAGES.iter().flat_map(|p| [Some(p.path), p.json]).flatten();
            assert!(routes.into_iter().any(|route| leads_to(route, page)), "{}: {page}", capability.id);
        }
    }
}

/// Whether `page` is an address of `route`, which may have places such as `{id}`.
fn leads_to(route: &str, page: &str) -> bool {
    let (route, page): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), page.split('/').collect());
    route.len() == page.len()
        && route.iter().zip(&page).all(|(r, p)| r == p || (r.starts_with('{') && !p.is_empty()))
}

#[test]
fn the_page_of_the_book_says_the_same() {
    let page = page(&capabilities());
    let path = root().join("docs/reference/capabilities.md");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/reference/capabilities.md is not what docs/capabilities.toml says; UPDATE_GOLDENS=1 rewrites it"
    );
}

fn page(capabilities: &[Capability]) -> String {
    let of = |state| capabilities.iter().filter(|c| c.state == state).count();
    let mut page = format!(
        "# What works today\n\n\
         Written from [capabilities.toml](../capabilities.toml); a test keeps both alike. Of {} capabilities {} work, {} \
         work partly, {} not yet. *Works* means that all of it does and every line of proof holds; *partly*, that a person \
         can do some of it today.\n",
        capabilities.len(),
        of(State::Works),
        of(State::Partly),
        of(State::NotYet),
    );
    for (area, title) in AREAS {
        let own: Vec<&Capability> =
            capabilities.iter().filter(|c| c.id.split('-').next() == Some(area)).collect();
        let _ = write!(page, "\n## {title}\n\n| | capability | state |\n|---|---|---|\n");
        for c in &own {
            let _ = writeln!(page, "| {} | {} | {} |", c.id, c.title, c.state.words());
        }
        for c in own {
            let _ = write!(page, "\n### {} {}\n", c.id, c.title);
            if let Some(works) = &c.works {
                let _ = write!(page, "{works}\n\n");
            }
            for missing in &c.missing {
                let _ = writeln!(page, "- Missing: {missing}");
            }
            let codes = |items: &[String]| {
                items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
            };
            if !c.commands.is_empty() {
                let _ = writeln!(page, "- Commands: {}", codes(&c.commands));
            }
            if !c.pages.is_empty() {
                let _ = writeln!(page, "- Pages: {}", codes(&c.pages));
            }
            for proof in &c.proof {
                let tests = if proof.tests.is_empty() { "no test".to_owned() } else { codes(&proof.tests) };
                let _ = writeln!(page, "- Proof: {} {tests}", proof.shows);
            }
        }
    }
    page
}

#[test]
fn every_attack_of_the_list_is_a_test_that_is_there() {
    let text = fs::read_to_string(root().join("docs/operations/attacks.md")).unwrap();
    let rows: Vec<&str> =
        text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| attack")).collect();
    assert!(rows.len() >= 16, "{rows:?}");
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let shown = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let tests: Vec<&str> = shown.split('`').filter(|part| part.contains(": ")).collect();
        assert!(!tests.is_empty() || row.contains("**open"), "nothing shows it, and nothing says so: {row}");
        for test in tests {
            let (krate, name) = test.split_once(": ").unwrap();
            let all = known.entry(krate.to_owned()).or_insert_with(|| tests_of(krate));
            assert!(all.contains(name), "there is no test `{name}` in {krate}: {row}");
        }
    }
}
