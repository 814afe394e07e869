//! The library that is built in: complete, without loss of a wording, and what extends one of its KPIs.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use kepi_model::{
    check::{Options, check},
    finding::{Finding, Severity},
    library::{LIBRARY, Library, version},
    project::Project,
    source_text::{SourceFile, SourceMap},
};

/// The files of a folder and those below it, as (name, path below the root).
fn kpis(root: &Path, folder: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        match name.strip_suffix(".yml") {
            Some(name) => found.push((name.to_owned(), path)),
            None if root.join(&path).is_dir() => kpis(root, &path, found),
            None => {}
        }
    }
    found.sort();
}

const EARLIER: &str = "crates/kepi-model/src/library/earlier";

#[test]
fn the_library_is_built_in_and_forgets_no_wording() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut now, mut earlier) = (Vec::new(), Vec::new());
    kpis(&root, "library/kpis", &mut now);
    kpis(&root, EARLIER, &mut earlier);
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    // A file of before is named by its wording.
    for (name, path) in &earlier {
        let (_, said) = name.split_once('@').unwrap_or_else(|| panic!("{path} names no version"));
        assert_eq!(said, version(&read(path)), "{path} was changed");
    }
    let listed = |of: &[(String, String)]| {
        let mut text = String::new();
        for (name, path) in of {
            let name = name.split('@').next().unwrap();
            writeln!(text, "    (\"{name}\", include_str!(\"../../../../{path}\")),").unwrap();
        }
        text
    };
    let files = format!(
        "//! The files of the library, written by the test `the_library_is_built_in_and_forgets_no_wording`.\n\n/// By name what is said today.\npub(super) static NOW: &[(&str, &str)] = &[\n{}];\n\n/// By name what was said before.\npub(super) static EARLIER: &[(&str, &str)] = &[{}];\n",
        listed(&now),
        if earlier.is_empty() { String::new() } else { format!("\n{}", listed(&earlier)) }
    );
    // Every wording that there ever was, each line for ever.
    let known = read("library/versions.txt");
    let mut all: BTreeSet<String> = known.lines().map(str::to_owned).collect();
    let today = now.iter().map(|(name, path)| format!("{name} {}", version(&read(path))));
    let before = earlier.iter().map(|(name, _)| name.replace('@', " "));
    let there: BTreeSet<String> = today.chain(before).collect();
    let lost: Vec<&String> = all.difference(&there).collect();
    assert!(
        lost.is_empty(),
        "{lost:?}: projects may extend these wordings; put what the files said into {EARLIER}/NAME@VERSION.yml"
    );
    all.extend(there);
    let versions: String = all.iter().map(|line| format!("{line}\n")).collect();
    for (path, text) in
        [("crates/kepi-model/src/library/files.rs", files), ("library/versions.txt", versions)]
    {
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            fs::write(root.join(path), &text).unwrap();
        }
        assert_eq!(read(path), text, "{path}: UPDATE_GOLDENS=1 writes it anew");
    }
}

const RATE: &str = "kpi: reorders\nname: Orders again\nobjective: theirs\naccountable: them\nbetter: higher\nmeasure:\n  share: {of: order, which: again}\nperiod: month\nassumptions: [\"Today.\"]\n";
const BEFORE: &str = "kpi: reorders\nname: Orders again\nobjective: theirs\naccountable: them\nbetter: higher\nmeasure:\n  share: {of: order, which: again is not null}\nperiod: month\nassumptions: [\"Today.\"]\n";
static TEST: Library = Library { now: &[("reorders", RATE)], earlier: &[("reorders", BEFORE)] };

fn checked(extends: &str, attribute: &str) -> (Option<Project>, Vec<Finding>, String) {
    let text = format!(
        "project: shop\nname: Shop\nlanguage: 1\ntime_zone: UTC\n---\nentity: order\nattributes:\n  {attribute}: {{type: boolean}}\n---\nkpi: own\nname: Own\nextends: {extends}\nmeasure: {{share: {{where: not {attribute}}}}}\n"
    );
    let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".into(), text: text.as_str().into() }]);
    let found = check(&files, &Options { library: Some(&TEST), ..Options::default() });
    let findings = found
        .findings
        .into_iter()
        .filter(|of| of.code.0.starts_with("K066") || of.severity == Severity::Error);
    (found.value, findings.collect(), text)
}

#[test]
fn what_extends_the_library_is_as_the_wording_says_that_it_names() {
    let (now, before) = (version(RATE), version(BEFORE));
    let (project, findings, _) = checked(&format!("{{library: reorders, version: {now}}}"), "again");
    assert!(findings.is_empty(), "{findings:?}");
    let project = project.unwrap();
    let own = &project.kpis[&"own".parse().unwrap()];
    assert_eq!((own.name.as_str(), own.objective.clone(), own.accountable.clone()), ("Own", None, None));
    assert_eq!(own.assumptions, ["Today."]);
    assert!(
        own.measure.kind().readings()[0].rows.filter.is_some(),
        "options of the measure are put together"
    );

    // A newer library changes nothing by itself, and says that it is another.
    let (project, findings, text) = checked(&format!("{{library: reorders, version: {before}}}"), "again");
    let [moved] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((moved.code.0, moved.severity), ("K0665", Severity::Warning));
    assert!(moved.message.ends_with("otherwise by now: `measure`"), "{}", moved.message);
    let (at, with) = moved.fix.as_ref().unwrap().replace.clone().unwrap();
    assert_eq!(
        &text[at.start as usize..at.end as usize],
        format!("{{library: reorders, version: {before}}}")
    );
    assert_eq!(with, format!("{{library: reorders, version: {now}}}"));
    assert_ne!(project.unwrap().kpis[&"own".parse().unwrap()].hash, own.hash);

    // As it is written first; what is said is what to write.
    for first in ["library/reorders", "{library: reorders}"] {
        let (project, findings, text) = checked(first, "again");
        let [unsaid] = findings.as_slice() else { panic!("{findings:?}") };
        assert!(project.is_none() && unsaid.code.0 == "K0664", "{findings:?}");
        let (at, with) = unsaid.fix.as_ref().unwrap().replace.clone().unwrap();
        let mended = format!("{}{with}{}", &text[..at.start as usize], &text[at.end as usize..]);
        assert!(mended.contains(&format!("extends: {{library: reorders, version: {now}}}\n")), "{mended}");
    }
    let (project, findings, _) = checked(&format!("library/reorders@{now}"), "again");
    assert!(findings.is_empty() && project.is_some(), "{findings:?}");

    // Names and wordings that are not there.
    for (wrong, says) in [
        ("{library: reorder, version: 00000000}", "the library has no KPI `reorder`"),
        ("{library: reorders, version: 00000000}", "the library has no wording `00000000` of `reorders`"),
    ] {
        let (_, findings, _) = checked(wrong, "again");
        assert!(findings.iter().any(|of| of.code.0 == "K0664" && of.message == says), "{findings:?}");
    }
}

#[test]
fn what_is_wrong_with_what_was_taken_over_is_said_where_it_is_extended_and_mends_nothing_there() {
    // The attribute that the KPI of the library reads is spelt otherwise here.
    let extends = format!("{{library: reorders, version: {}}}", version(RATE));
    let (_, findings, text) = checked(&extends, "agains");
    let there: Vec<&Finding> = findings
        .iter()
        .filter(|of| text[of.at.span.start as usize..of.at.span.end as usize] == extends)
        .collect();
    assert!(there.iter().any(|of| of.message.contains("`again`")), "{findings:?}");
    assert!(there.iter().all(|of| of.fix.as_ref().is_none_or(|fix| fix.replace.is_none())), "{there:?}");
}

#[test]
fn every_kpi_of_the_library_can_be_extended() {
    let model =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../library/model.yml")).unwrap();
    let mut text = String::from(
        "project: shop\nname: Shop\nlanguage: 1\ntime_zone: UTC\n---\nbusiness_hours: office_hours\nname: Hours\nweek: {weekdays: [\"09:00-17:00\"]}\n",
    );
    for (name, of) in LIBRARY.now {
        let version = version(of);
        write!(text, "---\nkpi: {name}\nname: {name}\nextends: {{library: {name}, version: {version}}}\n")
            .unwrap();
    }
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let files = SourceMap::new(vec![file("kepi.yml", &text), file("model.yml", &model)]);
    let found = check(&files, &Options::default());
    let errors: Vec<&Finding> = found.findings.iter().filter(|of| of.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(found.value.unwrap().kpis.len(), LIBRARY.now.len());
}
