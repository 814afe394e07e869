//! The folder follows the register: what was decided on a page or by others is written into its files, and what was edited here
//! stays as it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Component, Path, PathBuf},
};

use kepi_model::{
    check::{self, Options},
    finding::Severity,
    governance::Mode,
    merge::{Merged, merged},
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_store::{EventFilter, Store};
use serde::Serialize;

use crate::{
    archive::{self, FORGOTTEN},
    error::AppError,
    open::STATE_FOLDER,
    project_files,
};

/// The file in the state's folder that says at which event the folder was the same as what was in force.
const PULLED: &str = "pulled";
/// Findings of a file of which it is not known which definitions stand in it.
const UNREAD: [&str; 4] = ["K0101", "K0102", "K0103", "K0104"];
/// So many former states are looked at for what a file was, where nothing says when the folder was followed last.
const MOST_FORMER: usize = 200;

/// What became of following.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pulled {
    /// The position of the register that was followed.
    pub register: u64,
    /// Files that were written, from the project's folder on.
    pub written: Vec<String>,
    /// Files that were removed: nothing of them is in force any more.
    pub removed: Vec<String>,
    /// Files that differ from what is in force, because they were edited here.
    pub edited: Vec<String>,
    /// Where they were edited otherwise than what was decided since; they are as they were.
    pub contradictions: Vec<String>,
    /// Files that are not written, and why.
    pub unwritten: Vec<String>,
}

/// Writes what is in force into the files of a folder. What was edited there and not decided stays, and is put together with what
/// was decided since where both touch other lines; `settled`: contradictions that were shown before stand as they are.
///
/// A file that is no YAML is left as it is, and what was decided of it is not written yet.
///
/// # Errors
/// Files lead here, nothing is in force, or a file or the database refuses.
pub async fn pull(store: &Store, root: &Path, settled: bool) -> Result<Pulled, AppError> {
    if store.organisation().await?.governance.mode == Mode::Open {
        let why = "in an open project the folder leads: `kepi run` puts in force what stands in it";
        return Err(AppError::NotFound(why.to_owned()));
    }
    let ours = match project_files::read(root) {
        Err(project_files::ReadError::NoDefinitions(_)) => SourceMap::new(Vec::new()),
        read => read?,
    };
    // What cannot be read cannot be put together with anything; what is merely wrong can, and the folder is where it is mended.
    let findings = check::check(&ours, &Options::default()).findings;
    let unread = findings.iter().filter(|of| UNREAD.contains(&of.code.0));
    let unread = unread.filter_map(|of| ours.file(of.at.span.file)).map(|file| file.path.clone());
    let unread: BTreeSet<String> = unread.collect();
    let readable = |files: &SourceMap| {
        let files = files.iter().map(|(_, file)| file).filter(|file| !unread.contains(&file.path));
        SourceMap::new(files.cloned().collect())
    };
    let Some((theirs, in_force)) = archive::in_force(store).await? else {
        return Err(AppError::NotFound("nothing is in force yet: `kepi run`".to_owned()));
    };
    let base = match recorded(root).filter(|at| *at <= in_force.register) {
        Some(at) => archive::of(store, &store.organisation_at(at).await?.register).await?.0,
        None => former(store, &ours).await?,
    };
    // Unless nothing of such a file was decided since: then there is nothing to write into it.
    let (then, now) = (by_path(&base), by_path(&theirs));
    let left: Vec<String> = unread
        .iter()
        .filter(|path| then.get(path.as_str()) != now.get(path.as_str()))
        .map(|path| format!("{path}: it is no YAML: `kepi check` says where"))
        .collect();
    let (base, ours, theirs) = (readable(&base), readable(&ours), readable(&theirs));
    let Merged { files, contradictions } = merged(&base, &ours, &theirs);
    let mut pulled = Pulled {
        edited: unread.iter().cloned().collect(),
        unwritten: left,
        register: in_force.register,
        contradictions: contradictions.iter().map(ToString::to_string).collect(),
        ..Pulled::default()
    };
    let (before, after, decided) = (by_path(&ours), by_path(&files), by_path(&theirs));
    for path in before.keys().chain(after.keys()).copied().collect::<BTreeSet<&str>>() {
        let (was, is) = (before.get(path), after.get(path));
        if path == FORGOTTEN
            || was.is_some() && is.is_none() && kepi_model::documents::documents(&one(path, was)).is_empty()
        {
            continue;
        }
        if is != decided.get(path) {
            pulled.edited.push(path.to_owned());
        }
        if was == is {
            continue;
        }
        match is.map_or_else(|| remove(root, path), |text| write(root, path, text)) {
            Ok(()) if is.is_some() => pulled.written.push(path.to_owned()),
            Ok(()) => pulled.removed.push(path.to_owned()),
            Err(why) => pulled.unwritten.push(format!("{path}: {why}")),
        }
    }
    if pulled.unwritten.is_empty() && (settled || pulled.contradictions.is_empty()) {
        record(root, in_force.register);
        pulled.contradictions.clear();
    }
    Ok(pulled)
}

/// A folder with what was decided since it was the same as what was in force.
#[derive(Debug)]
pub struct TakenIn {
    /// Its files.
    pub files: SourceMap,
    /// The project that they are.
    pub project: Project,
    /// Files of which something was decided since, and not written here yet.
    pub decided: Vec<String>,
}

/// What of a folder differs from what it was when it was followed last, laid over what is in force: proposing it undoes nothing that
/// was decided meanwhile. Where it is not known when that was, the folder is taken as it stands.
///
/// # Errors
/// Both contradict each other or do not go together, or the database refuses.
pub async fn taken_in(
    store: &Store,
    root: &Path,
    files: SourceMap,
    project: Project,
) -> Result<TakenIn, AppError> {
    let as_it_stands = TakenIn { files, project, decided: Vec::new() };
    let organisation = store.organisation().await?;
    let position = organisation.register.position();
    let Some(at) = recorded(root).filter(|at| *at < position) else { return Ok(as_it_stands) };
    let base = archive::of(store, &store.organisation_at(at).await?.register).await?.0;
    let theirs = archive::of(store, &organisation.register).await?.0;
    if [&base, &theirs].into_iter().any(|files| files.iter().any(|(_, file)| file.path == FORGOTTEN)) {
        return Ok(as_it_stands);
    }
    let Merged { files, contradictions } = merged(&base, &as_it_stands.files, &theirs);
    if !contradictions.is_empty() {
        return Err(AppError::Contradicts(contradictions.iter().map(ToString::to_string).collect()));
    }
    let (was, is) = (by_path(&as_it_stands.files), by_path(&files));
    let paths: BTreeSet<&str> = was.keys().chain(is.keys()).copied().collect();
    let decided: Vec<String> =
        paths.into_iter().filter(|path| was.get(path) != is.get(path)).map(str::to_owned).collect();
    if decided.is_empty() {
        return Ok(as_it_stands);
    }
    let checked = check::check(&files, &Options::default());
    let errors = checked.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    match checked.value.filter(|_| errors == 0) {
        Some(project) => Ok(TakenIn { files, project, decided }),
        None => Err(AppError::Contradicts(vec![format!(
            "together with what was decided since they have {errors} errors, which `kepi pull` and `kepi check` show"
        )])),
    }
}

/// Notes that a folder is what is in force, if it is: whoever decides in it goes on from there.
pub async fn note(store: &Store, root: &Path) {
    let (Ok(files), Ok(Some((decided, in_force)))) =
        (project_files::read(root), archive::in_force(store).await)
    else {
        return;
    };
    if by_path(&files) == by_path(&decided) {
        record(root, in_force.register);
    }
}

/// Notes that a folder is the same as what was in force at a position. Where that cannot be written, following finds it out.
pub(crate) fn record(root: &Path, register: u64) {
    let path = root.join(STATE_FOLDER).join(PULLED);
    if recorded(root) != Some(register) && fs::write(&path, format!("{register}\n")).is_err() {
        tracing::debug!("{} was not written", path.display());
    }
}

fn recorded(root: &Path) -> Option<u64> {
    fs::read_to_string(root.join(STATE_FOLDER).join(PULLED)).ok()?.trim().parse().ok()
}

/// The files of a folder as they were in force some time, as far as they were; the others are not known to have been.
async fn former(store: &Store, ours: &SourceMap) -> Result<SourceMap, AppError> {
    let adopted = EventFilter { kind: Some("definition.adopted".to_owned()), ..EventFilter::default() };
    let mut left: Vec<&SourceFile> = ours.iter().map(|(_, file)| file).collect();
    let mut found = Vec::new();
    for event in store.events(&adopted).await?.iter().rev().take(MOST_FORMER) {
        if left.is_empty() {
            break;
        }
        // One whose texts were erased says nothing.
        let register = store.organisation_at(event.seq).await?.register;
        let Ok((then, _)) = archive::of(store, &register).await else { continue };
        let then = by_path(&then);
        let is = |file: &&SourceFile| then.get(file.path.as_str()).is_some_and(|text| **text == *file.text);
        let (same, others): (Vec<_>, Vec<_>) = left.into_iter().partition(is);
        found.extend(same.into_iter().cloned());
        left = others;
    }
    Ok(SourceMap::new(found))
}

fn by_path(files: &SourceMap) -> BTreeMap<&str, &str> {
    files.iter().map(|(_, file)| (file.path.as_str(), &*file.text)).collect()
}

fn one(path: &str, text: Option<&&str>) -> SourceMap {
    let text = text.copied().unwrap_or_default().into();
    SourceMap::new(vec![SourceFile { path: path.to_owned(), text }])
}

/// Where a file of definitions is. A path comes from the log, which others write, too: it leads nowhere else than into the folder.
fn place(root: &Path, path: &str) -> io::Result<PathBuf> {
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why.to_owned()));
    let parts: Vec<Component<'_>> = Path::new(path).components().collect();
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(name) if !name.to_string_lossy().starts_with('.'));
    let is_definition = Path::new(path).extension().is_some_and(|e| e == "yml" || e == "yaml");
    if !is_definition || path.contains('\\') || parts.is_empty() || !parts.iter().all(plain) {
        return refused("that is no file of definitions in the project's folder");
    }
    let place = root.join(path);
    if fs::symlink_metadata(&place).is_ok_and(|of| of.file_type().is_symlink()) {
        return refused("it is a link");
    }
    let there = place.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(root);
    if !there.canonicalize()?.starts_with(root.canonicalize()?) {
        return refused("it is reached by a link that leads out of the project's folder");
    }
    Ok(place)
}

/// Puts a text in the place of a file in one step.
fn write(root: &Path, path: &str, text: &str) -> io::Result<()> {
    let place = place(root, path)?;
    let folder = place.parent().unwrap_or(root);
    fs::create_dir_all(folder)?;
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = folder.join(format!(".{name}.pulled"));
    fs::write(&beside, text)?;
    fs::rename(&beside, &place)
}

fn remove(root: &Path, path: &str) -> io::Result<()> {
    fs::remove_file(place(root, path)?)
}
