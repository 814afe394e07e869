//! The audit from the command line: a project that was run, its log verified, proved, taken out and verified by a program
//! that knows nothing of Kepi; and what they say of one that somebody has changed.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use serde_json::Value;

use crate::support::{Project, copy, root};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn codes(verified: &Value) -> Vec<&str> {
    let findings = verified["findings"].as_array().unwrap().iter();
    findings.filter(|f| f["severity"] == "error").map(|f| f["code"].as_str().unwrap()).collect()
}

/// What the independent verifier says; none, and said so, where there is no Python.
fn verifier(arguments: &[&str]) -> Option<(bool, String)> {
    let python = std::env::var("KEPI_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    match Command::new(python).arg(root().join("scripts/verify_audit.py")).args(arguments).output() {
        Ok(output) => Some((output.status.success(), String::from_utf8(output.stdout).unwrap())),
        Err(_) => {
            eprintln!("SKIPPED: there is no Python that could verify a bundle (1 test skipped)");
            None
        }
    }
}

fn path(of: &Path) -> &str {
    of.to_str().unwrap()
}

/// A project that was run twice, with something new between.
fn twice() -> Project {
    let project = Project::example("tiny");
    project.ok(&["run", "--quiet"]);
    let kpis = fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    project.write("kpis.yml", &kpis.replace("threshold: 10, target: 40", "threshold: 11, target: 41"));
    project.ok(&["run", "--quiet"]);
    project
}

#[test]
fn a_log_is_verified_shown_proved_taken_out_and_verified_elsewhere() {
    let project = twice();
    let verified = json(&project.ok(&["audit", "verify", "--format", "json"]));
    assert_eq!(verified["findings"], Value::Array(Vec::new()));
    let events = verified["events"].as_u64().unwrap();
    assert_eq!((&verified["covered"], &verified["outside"]), (&Value::from(events), &Value::from(2)));
    let said = project.ok(&["audit", "verify"]);
    assert!(said.contains("nothing was changed"), "{said}");
    // The key is its owner's alone, and nothing is signed twice.
    let key = project.path().join(".kepi/audit/log.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    project.ok(&["audit", "checkpoint"]);
    let outside = fs::read_to_string(project.path().join(".kepi/audit/checkpoints")).unwrap();
    assert_eq!(outside.matches("\n\n\u{2014} ").count(), 2, "{outside}");
    // Who did what.
    let log = project.ok(&["audit", "log"]);
    assert!(
        log.contains("tester") && log.contains("run.published") && log.contains("source/answers"),
        "{log}"
    );
    let adopted = json(&project.ok(&["audit", "log", "--kind", "definition.*", "--format", "json"]));
    assert_eq!(adopted.as_array().unwrap().len(), 2);
    // What there is none of is no empty table.
    let slip = project.fails(3, &["audit", "log", "--kind", "definition.adoptd"]).1;
    assert!(slip.contains("did you mean `definition.adopted`?"), "{slip}");
    let slip = project.fails(3, &["audit", "log", "--about", "kpi/nope"]).1;
    assert!(slip.contains("no event is about `kpi/nope`"), "{slip}");
    assert_eq!(project.ok(&["audit", "log", "--kind", "item.*", "--format", "json"]).trim(), "[]");
    let (_, said) = project.fails_or_not(&["audit", "proof", "--since", "1"]);
    assert!(
        said.contains("no checkpoint was signed at 1 event: ") && said.contains("the next one is of"),
        "{said}"
    );
    // One event, proved.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proof.json");
    let public = fs::read_to_string(project.path().join(".kepi/audit/log.pub")).unwrap();
    for seq in [1, events] {
        fs::write(&file, project.ok(&["audit", "proof", &seq.to_string(), "--format", "json"])).unwrap();
        let Some((whole, said)) = verifier(&[path(&file), "--key", public.trim()]) else { return };
        assert!(whole, "{said}");
        let other = fs::read_to_string(&file).unwrap().replacen("person/1", "person/2", 1);
        fs::write(&file, other).unwrap();
        let (whole, said) = verifier(&[path(&file), "--key", public.trim()]).unwrap();
        assert!(!whole && said.contains("not proved"), "{said}");
    }
    let first = json(&project.ok(&["audit", "proof", "1", "--format", "json"]))["size"].to_string();
    fs::write(&file, project.ok(&["audit", "proof", "--since", &first, "--format", "json"])).unwrap();
    let (whole, said) = verifier(&[path(&file), "--key", public.trim()]).unwrap();
    assert!(whole && said.contains("consistency"), "{said}");
    // All of it, with the texts.
    let bundle = folder.path().join("bundle");
    let exported = json(&project.ok(&["audit", "export", path(&bundle), "--texts", "--format", "json"]));
    assert_eq!((&exported["events"], &exported["checkpoints"]), (&Value::from(events), &Value::from(2)));
    let (whole, said) = verifier(&[path(&bundle), "--key", public.trim()]).unwrap();
    assert!(whole && said.contains(&format!("{events} events are under one that holds")), "{said}");
    let (_, refused) = project.fails(3, &["audit", "export", path(&bundle)]);
    assert!(refused.contains("new folder"), "{refused}");
    // Folding everything anew changes nothing.
    project.ok(&["audit", "rebuild"]);
    assert_eq!(json(&project.ok(&["audit", "verify", "--format", "json"])), verified);
}

/// Every line of a bundle changed, taken out, doubled or exchanged; keys and checkpoints of somebody else.
#[test]
fn a_bundle_that_was_changed_is_not_whole() {
    let project = twice();
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle");
    project.ok(&["audit", "export", path(&bundle), "--texts", "--quiet"]);
    let public = fs::read_to_string(bundle.join("log.pub")).unwrap();
    let whole = |of: &Path| verifier(&[path(of), "--key", public.trim()]).map(|(whole, _)| whole);
    if whole(&bundle) != Some(true) {
        return assert_eq!(whole(&bundle), None);
    }
    let events = fs::read_to_string(bundle.join("events.ndjson")).unwrap();
    let lines: Vec<&str> = events.lines().collect();
    let joined = |lines: &[&str]| lines.iter().map(|l| format!("{l}\n")).collect::<String>();
    let mut changed: Vec<(&str, String)> = Vec::new();
    for n in 0..lines.len() {
        let mut some = lines.clone();
        some.remove(n);
        changed.push(("events.ndjson", joined(&some)));
        some.insert(n, lines[n]);
        some.insert(n, lines[n]);
        changed.push(("events.ndjson", joined(&some)));
        let other = lines[n].replacen("\"v\":", "\"v\": ", 1);
        let mut some = lines.clone();
        some[n] = &other;
        changed.push(("events.ndjson", joined(&some)));
    }
    let mut swapped = lines.clone();
    swapped.swap(0, 1);
    changed.push(("events.ndjson", joined(&swapped)));
    changed.push(("events.ndjson", events.trim_end().to_owned()));
    let notes = fs::read_to_string(bundle.join("checkpoints")).unwrap();
    changed.push(("checkpoints", String::new()));
    let size = notes.lines().nth(1).unwrap();
    changed.push(("checkpoints", notes.replacen(&format!("\n{size}\n"), &format!("\n{size}0\n"), 1)));
    let texts = fs::read_to_string(bundle.join("texts.ndjson")).unwrap();
    changed.push(("texts.ndjson", texts.replace("threshold: 11", "threshold: 12")));
    for (name, text) in changed {
        let other = folder.path().join("other");
        copy(&bundle, &other);
        assert_ne!(fs::read_to_string(other.join(name)).unwrap(), text, "{name}");
        fs::write(other.join(name), &text).unwrap();
        assert_eq!(whole(&other), Some(false), "{name}: {text}");
        fs::remove_dir_all(&other).unwrap();
    }
    // A checkpoint that somebody kept, of a log that went on otherwise.
    let stranger = twice();
    let kept = stranger.path().join(".kepi/audit/checkpoints");
    let theirs = fs::read_to_string(stranger.path().join(".kepi/audit/log.pub")).unwrap();
    let (whole, said) = verifier(&[
        path(&bundle),
        "--key",
        public.trim(),
        "--key",
        theirs.trim(),
        "--checkpoints",
        path(&kept),
    ])
    .unwrap();
    assert!(!whole && said.contains("is of `kepi/"), "{said}");
}

#[test]
fn a_database_that_went_back_is_found_and_not_signed() {
    let project = Project::example("tiny");
    project.ok(&["run", "--quiet"]);
    let (state, folder) = (project.path().join(".kepi"), tempfile::tempdir().unwrap());
    let backup = folder.path().join("backup");
    fs::create_dir(&backup).unwrap();
    let database = ["kepi.db", "kepi.db-wal", "kepi.db-shm"];
    for file in database.iter().filter(|file| state.join(file).exists()) {
        fs::copy(state.join(file), backup.join(file)).unwrap();
    }
    let kept = folder.path().join("elsewhere/checkpoints");
    let kpis = fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    project.write("kpis.yml", &kpis.replace("threshold: 10, target: 40", "threshold: 11, target: 41"));
    project.ok(&["run", "--quiet", "--checkpoints", path(&kept)]);
    assert_eq!(
        json(&project.ok(&["audit", "verify", "--checkpoints", path(&kept), "--format", "json"]))["outside"],
        2
    );
    // An old backup, whole in itself.
    for file in database {
        let _ = fs::remove_file(state.join(file));
        if backup.join(file).exists() {
            fs::copy(backup.join(file), state.join(file)).unwrap();
        }
    }
    let (found, _) = project.fails(1, &["audit", "verify", "--checkpoints", path(&kept), "--format", "json"]);
    let found = json(&found);
    assert_eq!(codes(&found), ["A0203", "A0204"], "{found:#}");
    for finding in found["findings"].as_array().unwrap() {
        for part in ["place", "message", "expected", "fix"] {
            assert!(!finding[part].as_str().unwrap().is_empty(), "{finding}");
        }
    }
    let (said, _) = project.fails(1, &["audit", "verify", "--checkpoints", path(&kept)]);
    assert!(said.contains("error A0203 checkpoint over") && said.contains("what to do:"), "{said}");
    // It goes on from there: it is not signed for, and whoever looks is told.
    let (_, told) = project.fails_or_not(&["run", "--checkpoints", path(&kept)]);
    assert!(told.contains("could not be signed") && told.contains("audit verify"), "{told}");
    let (_, told) = project.fails(3, &["audit", "checkpoint", "--checkpoints", path(&kept)]);
    assert!(told.contains("not the one that was signed for"), "{told}");
}

#[test]
fn figures_and_keys_that_were_changed_are_found() {
    let project = twice();
    let published = project.path().join(".kepi/data/published/value");
    let mut files: Vec<_> = fs::read_dir(&published).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let bytes = fs::read(&files[0]).unwrap();
    fs::remove_file(&files[0]).unwrap();
    let (found, _) = project.fails(1, &["audit", "verify", "--format", "json"]);
    assert!(codes(&json(&found)).contains(&"A0404"), "{found}");
    project.ok(&["audit", "verify", "--no-figures"]);
    fs::write(&files[0], bytes).unwrap();
    project.ok(&["audit", "verify"]);
    // A key that anybody can read is said, and holds nothing up.
    let key = project.path().join(".kepi/audit/log.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let verified = json(&project.ok(&["audit", "verify", "--format", "json"]));
    assert_eq!(verified["findings"][0]["code"], "A0208");
    // Without the keys that signed, nothing is believed.
    let known = project.path().join(".kepi/audit/log.pub");
    let public = fs::read_to_string(&known).unwrap();
    fs::remove_file(&known).unwrap();
    let (found, _) = project.fails(1, &["audit", "verify", "--format", "json"]);
    assert_eq!(codes(&json(&found)), ["A0201", "A0201"]);
    project.ok(&["audit", "verify", "--key", public.trim()]);
    let (_, refused) = project.fails(3, &["audit", "verify", "--key", "nonsense"]);
    assert!(refused.contains("name+id+base64"), "{refused}");
}

#[test]
fn another_key_signs_from_then_on_and_who_knew_the_one_before_believes_it() {
    let project = twice();
    let at = |name: &str| project.path().join(".kepi/audit").join(name);
    let (before, secret) =
        (fs::read_to_string(at("log.pub")).unwrap(), fs::read_to_string(at("log.key")).unwrap());
    let rotated = json(&project.ok(&["audit", "rotate", "--format", "json"]));
    let known = fs::read_to_string(at("log.pub")).unwrap();
    assert_eq!(known, format!("{before}{}\n", rotated["key"].as_str().unwrap()));
    assert_ne!(fs::read_to_string(at("log.key")).unwrap(), secret);
    assert_eq!(fs::metadata(at("log.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = fs::read_dir(at("")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "the key before is kept nowhere: {left:?}");
    // Twice in a row, and what happens afterwards is signed by the newest.
    project.ok(&["audit", "rotate"]);
    project.ok(&["freeze", "2026-Q1", "-m", "while it is judged"]);
    project.ok(&["audit", "checkpoint"]);
    let verified = json(&project.ok(&["audit", "verify", "--format", "json"]));
    assert_eq!(
        (&verified["findings"], &verified["covered"]),
        (&Value::Array(Vec::new()), &verified["events"])
    );
    // Who has but the first key finds the others by it, here and without Kepi.
    let all = fs::read_to_string(at("log.pub")).unwrap();
    assert_eq!(all.lines().count(), 3);
    fs::write(at("log.pub"), "").unwrap();
    project.ok(&["audit", "verify", "--key", before.trim()]);
    let last = all.lines().last().unwrap();
    let (found, _) = project.fails(1, &["audit", "verify", "--key", last, "--format", "json"]);
    assert!(codes(&json(&found)).contains(&"A0201"), "nothing hands back: {found}");
    fs::write(at("log.pub"), &all).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (bundle, proof) = (folder.path().join("bundle"), folder.path().join("proof.json"));
    project.ok(&["audit", "export", path(&bundle)]);
    let events = verified["events"].to_string();
    fs::write(&proof, project.ok(&["audit", "proof", &events, "--format", "json"])).unwrap();
    let Some((whole, said)) = verifier(&[path(&bundle), "--key", before.trim()]) else { return };
    assert!(whole && said.contains(&format!("{events} events are under one that holds")), "{said}");
    let (whole, said) = verifier(&[path(&bundle), "--key", last]).unwrap();
    assert!(!whole && said.contains("no known key has signed it"), "{said}");
    let (whole, said) = verifier(&[path(&proof)]).unwrap();
    assert!(whole, "{said}");
    let kept = at("checkpoints");
    let (whole, said) =
        verifier(&[path(&proof), "--key", before.trim(), "--checkpoints", path(&kept)]).unwrap();
    assert!(whole, "{said}");
}

#[test]
fn before_the_first_run_there_is_nothing_to_audit() {
    let project = Project::example("tiny");
    for what in [&["audit", "verify"][..], &["audit", "log"], &["audit", "checkpoint"], &["audit", "rebuild"]]
    {
        let (_, told) = project.fails(3, what);
        assert!(told.contains("kepi run"), "{told}");
    }
    assert!(!project.path().join(".kepi").exists(), "looking leaves nothing");
}

/// The guide explains every code.
#[test]
fn every_code_of_an_audit_is_explained() {
    let guide = fs::read_to_string(root().join("docs/guides/audit.md")).unwrap();
    for kind in kepi_store::audit::KINDS {
        assert!(guide.contains(&format!("`{}`", kind.code)), "{} is not in docs/guides/audit.md", kind.code);
    }
}
