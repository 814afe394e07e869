//! Where the signing key lies, and where checkpoints are kept outside the database.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use kepi_proof::{Key, PublicKey, checkpoint::notes};

use crate::{error::AppError, open::STATE_FOLDER};

/// Who may read the key: its owner.
const OWNER_ONLY: u32 = 0o600;

/// The files of the audit.
#[derive(Debug, Clone)]
pub struct Custody {
    folder: PathBuf,
    outside: PathBuf,
}

impl Custody {
    /// Those of the project in `root`; `outside`: another file for the checkpoints, better on another machine.
    pub fn of(root: &Path, outside: Option<&Path>) -> Self {
        let folder = root.join(STATE_FOLDER).join("audit");
        let outside = outside.map_or_else(|| folder.join("checkpoints"), Path::to_owned);
        Self { folder, outside }
    }

    /// The file of checkpoints outside the database.
    pub fn outside_path(&self) -> &Path {
        &self.outside
    }

    /// The file of keys that checkpoints are verified by, a line each.
    pub fn known_path(&self) -> PathBuf {
        self.folder.join("log.pub")
    }

    fn key_path(&self) -> PathBuf {
        self.folder.join("log.key")
    }

    /// The key that signs, made if there is none.
    pub(super) fn key(&self, origin: &str) -> Result<Key, AppError> {
        let path = self.key_path();
        match fs::read_to_string(&path) {
            Ok(text) => text.parse().map_err(|reason| AppError::Key { path, reason }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => self.make_key(origin),
            Err(source) => Err(AppError::File { path, doing: "read", source }),
        }
    }

    /// A new key in a file aside, under which nothing looks for it.
    fn new_key(&self, origin: &str) -> Result<(Key, PathBuf), AppError> {
        let mut seed = [0; 32];
        fs::create_dir_all(&self.folder).map_err(failed(&self.folder))?;
        let (path, known) = (self.key_path(), self.known_path());
        getrandom::fill(&mut seed).map_err(|e| failed(&path)(io::Error::other(e.to_string())))?;
        let key = Key::from_seed(origin, &seed).map_err(|reason| AppError::Key { path, reason })?;
        // The key that others know it by first: what is signed can be verified whenever this breaks off.
        append(&known, &format!("{}\n", key.public())).map_err(failed(&known))?;
        let aside = self.folder.join(format!("log.key.{}", std::process::id()));
        write_secret(&aside, &key).map_err(failed(&aside))?;
        Ok((key, aside))
    }

    fn make_key(&self, origin: &str) -> Result<Key, AppError> {
        let (key, aside) = self.new_key(origin)?;
        let path = self.key_path();
        // Under its name it stands whole or not at all, and never in place of another's.
        let written = fs::hard_link(&aside, &path);
        let removed = fs::remove_file(&aside);
        removed.map_err(failed(&aside))?;
        match written {
            // Another process was first: both of their public keys are known, and this one signs by its key.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => self.key(origin),
            written => written.and_then(|()| sync(&self.folder)).map(|()| key).map_err(failed(&path)),
        }
    }

    /// Puts a new key in place of the one that signs, which is not kept, once `hand_over` has written that the one before signed
    /// for it. Whatever breaks off before leaves the one that signs.
    pub(super) async fn replace_key(
        &self,
        origin: &str,
        hand_over: impl AsyncFnOnce(PublicKey) -> Result<(), AppError>,
    ) -> Result<PublicKey, AppError> {
        let (key, aside) = self.new_key(origin)?;
        if let Err(why) = hand_over(key.public()).await {
            fs::remove_file(&aside).map_err(failed(&aside))?;
            return Err(why);
        }
        self.take(&aside)?;
        Ok(key.public())
    }

    /// Keys that a process which broke off left aside, each where it lies; what is no key has none.
    pub(super) fn aside(&self) -> Result<Vec<(Option<Key>, PathBuf)>, AppError> {
        let failed = |source| AppError::File { path: self.folder.clone(), doing: "read", source };
        let entries = match fs::read_dir(&self.folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| name.starts_with("log.key.")) {
                found.push((read(&path)?.and_then(|text| text.parse().ok()), path));
            }
        }
        found.sort_by(|one, other| one.1.cmp(&other.1));
        Ok(found)
    }

    /// Puts a key that lies aside in place of the one that signs.
    pub(super) fn take(&self, aside: &Path) -> Result<(), AppError> {
        let path = self.key_path();
        fs::rename(aside, &path).and_then(|()| sync(&self.folder)).map_err(failed(&path))
    }

    /// Removes keys that lie aside, which nobody was handed over to.
    pub(super) fn sweep(&self) -> Result<(), AppError> {
        for (_, path) in self.aside()? {
            fs::remove_file(&path).map_err(failed(&path))?;
        }
        Ok(())
    }

    /// Keys whose signatures count.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn known(&self) -> Result<Vec<PublicKey>, AppError> {
        let path = self.known_path();
        let Some(text) = read(&path)? else { return Ok(Vec::new()) };
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| line.parse().map_err(|reason| AppError::Key { path: path.clone(), reason }))
            .collect()
    }

    /// The notes in the file outside; none: there is no such file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn outside(&self) -> Result<Option<Vec<String>>, AppError> {
        Ok(read(&self.outside)?.map(|text| notes(&text)))
    }

    /// The name of the log that was signed last in the file outside; none: nothing was.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn origin(&self) -> Result<Option<String>, AppError> {
        let notes = self.outside()?.unwrap_or_default();
        Ok(notes.last().and_then(|note| note.lines().next()).map(str::to_owned))
    }

    /// Adds notes to the file outside; they are on the disk when this returns.
    pub(super) fn append<'a>(&self, notes: impl Iterator<Item = &'a String>) -> Result<(), AppError> {
        let text: String = notes.map(|note| format!("{note}\n")).collect();
        if text.is_empty() {
            return Ok(());
        }
        append(&self.outside, &text).map_err(|source| AppError::File {
            path: self.outside.clone(),
            doing: "written",
            source,
        })
    }

    /// Whether others than its owner may read the key.
    pub(super) fn is_open(&self) -> Result<bool, AppError> {
        let path = self.key_path();
        match fs::metadata(&path) {
            Ok(found) => Ok(found.permissions().mode() & 0o077 != 0),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(AppError::File { path, doing: "looked at", source }),
        }
    }
}

/// A file that could not be written.
fn failed(path: &Path) -> impl Fn(io::Error) -> AppError + use<> {
    let path = path.to_owned();
    move |source| AppError::File { path: path.clone(), doing: "written", source }
}

fn read(path: &Path) -> Result<Option<String>, AppError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AppError::File { path: path.to_owned(), doing: "read", source }),
    }
}

/// One write at the end of a file, synced with its place in the folder.
fn append(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    sync(folder)
}

/// Forces the entries of a folder to the disk.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a key to a new file that its owner alone may read; synced.
fn write_secret(path: &Path, key: &Key) -> io::Result<()> {
    // What a process of the same number left behind when it was killed.
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    writeln!(file, "{}", key.secret())?;
    file.sync_all()
}
