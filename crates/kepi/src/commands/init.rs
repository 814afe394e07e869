//! `kepi init`: a small project to start from.

use std::{fs, path::Path};

use rust_embed::RustEmbed;

use crate::{cli::Init, failure::Failure, output::Output};

/// The project to start from.
#[derive(RustEmbed)]
#[folder = "../../examples/tiny"]
struct Tiny;

/// Writes the project.
pub fn init(what: &Init, out: Output) -> Result<(), Failure> {
    write::<Tiny>(&what.folder)?;
    out.remark(&format!(
        "wrote a project to {0}\nnext: kepi -C {0} check, kepi -C {0} run, kepi -C {0} serve",
        what.folder.display()
    ));
    Ok(())
}

/// Writes an embedded project into a new or empty folder.
pub fn write<E: RustEmbed>(folder: &Path) -> Result<(), Failure> {
    let taken = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken || folder.is_file() {
        let text = format!("`{}` is not empty; name a new folder", folder.display());
        return Err(Failure::Other(text));
    }
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
