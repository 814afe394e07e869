//! Policies of a project: `policies/*.cedar`, read and checked.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use jiff::civil::Date;
use kepi_access::policy::{Bound, Holder, Policies, PolicyFile, Sight, beside, check};
use kepi_model::{
    finding::{Finding, Severity},
    governance::Mode,
    id::UnitId,
    project::Project,
    render,
    source_text::{FileId, SourceMap},
};

use crate::failure::Failure;

/// The folder of policies in a project.
const FOLDER: &str = "policies";
/// More files than these, or larger ones, nobody writes.
const MOST_FILES: usize = 100;
const LONGEST: u64 = 256 * 1024;

/// What tells whether files have changed: path, length and time of each.
pub type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// The files there are, in order, with what tells whether they have changed.
pub fn stamp(root: &Path) -> io::Result<Stamp> {
    let entries = match fs::read_dir(root.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "cedar") {
            let found = fs::metadata(&path)?;
            all.push((path, found.len(), found.modified().ok()));
        }
    }
    all.sort();
    Ok(all)
}

/// What stands in the files of a project.
pub fn files(root: &Path) -> Result<Vec<PolicyFile>, Failure> {
    let failed = |path: &Path| Failure::io(format!("the policies `{}` could not be read", path.display()));
    let stamp = stamp(root).map_err(failed(&root.join(FOLDER)))?;
    if stamp.len() > MOST_FILES || stamp.iter().any(|(_, length, _)| *length > LONGEST) {
        let why =
            format!("`{FOLDER}` holds more than {MOST_FILES} files, or one of more than {LONGEST} bytes");
        return Err(Failure::Other(why));
    }
    let read = |(path, ..): &(PathBuf, _, _)| {
        let text = fs::read_to_string(path).map_err(failed(path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(PolicyFile { path: format!("{FOLDER}/{name}"), text })
    };
    stamp.iter().map(read).collect()
}

/// Those that hold: what definitions say, else the files of the folder.
pub fn of(root: &Path, project: Option<&Project>) -> Result<Vec<PolicyFile>, Failure> {
    let said = project.into_iter().flat_map(|project| &project.policies);
    let said: Vec<PolicyFile> =
        said.map(|(id, text)| PolicyFile { path: format!("policy/{id}"), text: text.clone() }).collect();
    if said.is_empty() { files(root) } else { Ok(said) }
}

/// What is wrong with the policies of a project.
pub fn findings(root: &Path, project: Option<&Project>) -> Result<(SourceMap, Vec<Finding>), Failure> {
    let (mut map, mut findings) = check(&of(root, project)?, project);
    let Some(project) = project else { return Ok((map, findings)) };
    let decided = project.governance.as_ref().is_some_and(|governance| governance.mode != Mode::Open);
    let aside = files(root)?;
    if aside.is_empty() || project.policies.is_empty() && !decided {
        return Ok((map, findings));
    }
    let (others, why) = match project.policies.is_empty() {
        true => (None, "this holds as it stands in the folder: nobody who decides on definitions is asked"),
        false => (Some(check(&aside, None).0), "this does not hold: policies stand in definitions"),
    };
    let first = others.map_or(0, |others| map.append(others));
    findings.extend((first..).take(aside.len()).map(|file| beside(FileId(file), why)));
    Ok((map, findings))
}

/// The policies of a project, if nothing is wrong with them; else what is.
pub fn right(root: &Path, project: &Project) -> Result<Policies, Failure> {
    let files = of(root, Some(project))?;
    let (map, mut findings) = check(&files, Some(project));
    findings.retain(|finding| finding.severity == Severity::Error);
    match Policies::of(&files).filter(|_| findings.is_empty()) {
        Some(policies) => Ok(policies),
        None => Err(Failure::Other(format!(
            "policies have errors, so nobody can be told what they may see; `kepi check` says more\n{}",
            render::body(&findings, &map, false).trim_end()
        ))),
    }
}

/// So many things are named of which somebody gains or loses an action.
const NAMED: usize = 3;

/// What somebody may do with what: the word of an action, and of what.
type May = BTreeSet<(&'static str, String)>;

/// Who gains or loses which action, in words, where policies, roles or seats differ.
pub fn gained(
    root: &Path,
    (before, after): (&Project, &Project),
    holders: Vec<Holder>,
    day: Date,
) -> Result<Vec<String>, Failure> {
    let seats = |project: &Project| -> Vec<_> {
        let units = project.units.values().flat_map(|unit| unit.wordings());
        units.map(|unit| (unit.id.clone(), unit.from, unit.seats.clone())).collect()
    };
    let roles = |project: &Project| -> Vec<_> { project.roles.keys().cloned().collect() };
    if before.policies == after.policies && roles(before) == roles(after) && seats(before) == seats(after) {
        return Ok(Vec::new());
    }
    let bound = |project: &Project| -> Result<Arc<Bound>, Failure> {
        Ok(Arc::new(Bound::new(right(root, project)?, Arc::new(project.clone()), day)))
    };
    let (then, now) = (bound(before)?, bound(after)?);
    let mut said = Vec::new();
    for holder in holders {
        let may = |bound: &Arc<Bound>| may(&Sight::new(Arc::clone(bound), holder.clone()), bound.project());
        let (then, now) = (may(&then), may(&now));
        for (word, one, other) in [("gains", &now, &then), ("loses", &then, &now)] {
            let differ: Vec<&(&str, String)> = one.difference(other).collect();
            for action in differ.iter().map(|(action, _)| *action).collect::<BTreeSet<_>>() {
                let of: Vec<&str> =
                    differ.iter().filter(|(own, _)| *own == action).map(|(_, of)| of.as_str()).collect();
                let more = match of.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let of: Vec<&str> = of.into_iter().take(NAMED).collect();
                said.push(format!("{} {word} `{action}`: {}{more}", holder.name, of.join(", ")));
            }
        }
    }
    Ok(said)
}

/// All that somebody may do.
fn may(sight: &Sight, project: &Project) -> May {
    let mut all = May::new();
    let units = || [None].into_iter().chain(project.units.keys().map(Some));
    let of = |what: &str, unit: Option<&UnitId>| match unit {
        Some(unit) => format!("{what} in {unit}"),
        None => what.to_owned(),
    };
    for kpi in project.kpis.keys() {
        for unit in units() {
            all.extend(sight.kpi(kpi, unit).then(|| ("see_value", of(kpi.as_str(), unit))));
            all.extend(sight.explained(kpi, unit).then(|| ("see_explanation", of(kpi.as_str(), unit))));
        }
    }
    for source in project.sources.keys() {
        all.extend(sight.data(source).then(|| ("see_data", source.to_string())));
        all.extend(sight.rows(source).then(|| ("see_rows", source.to_string())));
    }
    all.extend(sight.decisions().then(|| ("see_decisions", "what is decided".to_owned())));
    all.extend(sight.decides().then(|| ("decide", "all".to_owned())));
    all
}
