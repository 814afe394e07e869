//! `kepi init`: a small project to start from, or a first one over files that are there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use kepi_lake::draft::{draft, look};
use rust_embed::RustEmbed;

use crate::{
    cli::Init,
    failure::Failure,
    output::{Output, counted},
};

/// The project to start from.
#[derive(RustEmbed)]
#[folder = "../../examples/tiny"]
struct Tiny;

/// Writes the project.
pub fn init(what: &Init, out: Output) -> Result<(), Failure> {
    if !what.from.is_empty() {
        return from_files(&what.folder, &what.from, out);
    }
    write::<Tiny>(&what.folder)?;
    out.remark(&format!(
        "wrote a project to {0}\nnext: kepi -C {0} check, kepi -C {0} run, kepi -C {0} serve",
        what.folder.display()
    ));
    Ok(())
}

/// Writes a first project over files, which are copied into it.
fn from_files(folder: &Path, files: &[PathBuf], out: Output) -> Result<(), Failure> {
    is_free(folder)?;
    let mut looked = Vec::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    // All are looked at before anything is written.
    for file in files {
        if !file.is_file() {
            return Err(Failure::Other(format!("there is no file `{}`", file.display())));
        }
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
        let mut name: String = name.chars().map(plain).collect();
        while !names.insert(name.clone()) {
            name.insert_str(0, "other_");
        }
        let path = format!("data/{name}");
        let found = look(file, &path).map_err(|e| {
            Failure::Other(e.to_string().replace(&format!("`{path}`"), &format!("`{}`", file.display())))
        })?;
        looked.push((file, found));
    }
    let project = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let (sources, found): (Vec<&PathBuf>, Vec<_>) = looked.into_iter().unzip();
    let drafted = draft(&project, &found);
    let data = folder.join("data");
    fs::create_dir_all(&data).map_err(Failure::io(format!("`{}` could not be made", data.display())))?;
    for (from, looked) in sources.iter().zip(&found) {
        let to = folder.join(&looked.path);
        fs::copy(from, &to).map_err(Failure::io(format!("`{}` could not be copied", from.display())))?;
    }
    for (path, text) in &drafted.files {
        let to = folder.join(path);
        fs::write(&to, text).map_err(Failure::io(format!("`{}` could not be written", to.display())))?;
    }
    for looked in &found {
        let more = if looked.more { "more than " } else { "" };
        let (columns, rows) =
            (counted(looked.columns.len() as u64, "column"), counted(looked.rows as u64, "row"));
        out.remark(&format!("{}: {columns}, {more}{rows}", looked.path));
    }
    out.remark(&format!(
        "wrote a first project to {0}; {1} in it, as comments: look for `# doubt`\n\
         next: kepi -C {0} check, kepi -C {0} run, kepi -C {0} serve",
        folder.display(),
        match drafted.doubts {
            1 => "1 doubt stands".to_owned(),
            n => format!("{n} doubts stand"),
        }
    ));
    Ok(())
}

/// Whether a project can be written into a folder.
fn is_free(folder: &Path) -> Result<(), Failure> {
    let taken = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken || folder.is_file() {
        let text = format!("`{}` is not empty; name a new folder", folder.display());
        return Err(Failure::Other(text));
    }
    Ok(())
}

/// Writes an embedded project into a new or empty folder.
pub fn write<E: RustEmbed>(folder: &Path) -> Result<(), Failure> {
    is_free(folder)?;
    // What our tests compare with is no part of a project.
    for path in E::iter().filter(|path| !path.starts_with("expected")) {
        let Some(file) = E::get(&path) else { continue };
        let target = folder.join(path.as_ref());
        let doing = || format!("`{}` could not be written", target.display());
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(Failure::io(doing()))?;
        }
        fs::write(&target, file.data).map_err(Failure::io(doing()))?;
    }
    Ok(())
}
