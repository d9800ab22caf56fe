//! Files that are either wholly there or not there at all: written beside, flushed, renamed into place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// Creates a directory and its parents, readable by the owner only.
pub(crate) fn make_dir(path: &Path) -> Result<(), StoreError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| StoreError::io("created", path, e))
}

/// Opens a new file for writing, mode 0600; fails if it exists.
pub(crate) fn create_private(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .write(true)
        .read(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| StoreError::io("created", path, e))
}

/// Replaces `path` by `bytes` in one step. Mode 0600.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8], fsync: bool) -> Result<(), StoreError> {
    let temp = temporary(path)?;
    let result = (|| {
        let mut file = create_private(&temp)?;
        file.write_all(bytes).map_err(|e| StoreError::io("written", path, e))?;
        if fsync {
            file.sync_data().map_err(|e| StoreError::io("flushed", path, e))?;
        }
        fs::rename(&temp, path).map_err(|e| StoreError::io("renamed", path, e))
    })();
    if result.is_err() {
        let _ = fs::remove_file(&temp);
    }
    result
}

/// Makes renames in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|d| d.sync_all()).map_err(|e| StoreError::io("flushed", path, e))
}

/// The bytes of a file, or `None` if there is no such file.
pub(crate) fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::io("read", path, e)),
    }
}

/// All regular files below `root`, as paths relative to it, sorted. A missing root has none.
pub(crate) fn walk(root: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(StoreError::io("read", &dir, e)),
        };
        for entry in entries {
            let entry = entry.map_err(|e| StoreError::io("read", &dir, e))?;
            let kind = entry.file_type().map_err(|e| StoreError::io("read", &entry.path(), e))?;
            if kind.is_dir() {
                dirs.push(entry.path());
            } else if let Ok(relative) = entry.path().strip_prefix(root) {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes)
        .map_err(|e| StoreError::Unavailable { reason: format!("the system's random numbers: {e}") })?;
    Ok(bytes)
}

fn temporary(path: &Path) -> Result<PathBuf, StoreError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", hex::encode(random::<6>()?)));
    Ok(path.with_file_name(name))
}
