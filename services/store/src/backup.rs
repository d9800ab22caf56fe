//! Backup and restore. A backup is a directory of its own that is laid out as a data directory with SQLite, whatever
//! database it came from, plus a manifest of SHA-256 sums that `sha256sum -c MANIFEST.sha256` checks as well.
//!
//! **The keys are inside**: whoever has a backup can read its blobs and sign in the ledger's name. Keep it as
//! protected as the data directory itself.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::db::sqlite::{Role, Sqlite};
use crate::db::{self, Database, Db};
use crate::store::{OpenOptions, Store};
use crate::tiles::Publisher;
use crate::verify::VerifyReport;
use crate::{StoreError, chain, files, rebuild, schema};

const MANIFEST: &str = "MANIFEST.sha256";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// Events under the backup's checkpoint.
    pub events: u64,
    /// Encrypted blobs.
    pub blobs: u64,
    /// Files in the manifest.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// Files that were copied.
    pub files: u64,
    /// The check of the restored data; it has no problems, or restoring would have failed.
    pub verified: VerifyReport,
}

impl Store {
    /// Copies everything into `dir`, which must be empty or new, while others go on working.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if `dir` holds something, [`StoreError::Full`], or what the database reports.
    pub fn backup(&self, dir: &Path) -> Result<BackupReport, StoreError> {
        files::make_dir(dir)?;
        if !files::walk(dir)?.is_empty() {
            return Err(StoreError::invalid(format!(
                "`{}` is not empty: give a new directory",
                dir.display()
            )));
        }
        let _no_rotation = self.blobs().hold();
        // Blobs before and after the rows: whatever the copied rows refer to is there.
        self.copy_blobs(dir)?;
        let target = db::sqlite_path(dir);
        match self.shared().database() {
            Database::Sqlite => {
                Sqlite::open(&db::sqlite_path(self.data()), Role::Copier)?.copy_into(&target)?;
            }
            Database::Postgres(_) => self.export(&target)?,
        }
        let blobs = self.copy_blobs(dir)?;
        let key_dir = dir.join("keys");
        files::make_dir(&key_dir)?;
        // Every key of the data folder, also those of other services: a backup without them could not be used.
        let keys = self.data().join("keys");
        for name in files::walk(&keys)? {
            copy(&keys.join(&name), &key_dir.join(&name))?;
        }
        let mut copied = Sqlite::open(&target, Role::Copier)?;
        let state = chain::load(&mut copied, &self.verifier_key(), self.shared().origin())?
            .ok_or_else(|| StoreError::contradiction("table checkpoint", "it is empty"))?;
        let events = state.chain.frontier.size();
        Publisher::open(dir, true, &mut copied, (events, state.root), None, 0)?.sign(&state.note)?;
        drop(copied);
        let (files, bytes) = write_manifest(dir)?;
        Ok(BackupReport { events, blobs, files, bytes })
    }

    /// Puts a backup into the data directory (and database) that `options` names; both must be empty. The copy is
    /// checked against the manifest and then verified as a whole before this reports success.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if the backup isn't what its manifest says, [`StoreError::Contradiction`] with the
    /// first problem if the verification fails (nothing is left in place then), [`StoreError::Invalid`] if the target
    /// holds something.
    pub fn restore(backup: &Path, options: &OpenOptions) -> Result<RestoreReport, StoreError> {
        let listed = check_manifest(backup)?;
        if !files::walk(&options.data)?.is_empty() {
            let what = format!("`{}` is not empty: restore into a new directory", options.data.display());
            return Err(StoreError::invalid(what));
        }
        let staging = staging_beside(&options.data)?;
        let result = restore_into(backup, &listed, &staging, options);
        if result.is_err() {
            // What is left of the attempt is of no use to anyone.
            let _ = fs::remove_dir_all(&staging);
        }
        let verified = result?;
        if options.data.exists() {
            fs::remove_dir_all(&options.data).map_err(|e| StoreError::io("replaced", &options.data, e))?;
        }
        fs::rename(&staging, &options.data).map_err(|e| StoreError::io("renamed", &options.data, e))?;
        options.data.parent().filter(|p| !p.as_os_str().is_empty()).map_or(Ok(()), files::sync_dir)?;
        Ok(RestoreReport { files: listed.len() as u64, verified })
    }

    fn copy_blobs(&self, dir: &Path) -> Result<u64, StoreError> {
        let mut count = 0u64;
        for path in self.blobs().all_files()? {
            let Ok(relative) = path.strip_prefix(self.data()) else { continue };
            let target = dir.join(relative);
            if !target.exists() {
                if let Some(parent) = target.parent() {
                    files::make_dir(parent)?;
                }
                match copy(&path, &target) {
                    Ok(()) => {}
                    // Disposed of since the list was made.
                    Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            count = count.saturating_add(1);
        }
        Ok(count)
    }

    /// Writes the rows of another database as a SQLite file.
    fn export(&self, target: &Path) -> Result<(), StoreError> {
        drop(files::create_private(target)?);
        let mut out = Sqlite::open(target, Role::Copier)?;
        out.begin_write()?;
        create_all(&mut out, &self.shared().options)?;
        self.read(|tx| copy_tables(tx.db.borrow_mut().as_mut(), &mut out))?;
        out.commit()
    }
}

fn restore_into(
    backup: &Path,
    listed: &[(String, PathBuf)],
    staging: &Path,
    options: &OpenOptions,
) -> Result<VerifyReport, StoreError> {
    for (_, path) in listed {
        let target = staging.join(path);
        if let Some(parent) = target.parent() {
            files::make_dir(parent)?;
        }
        copy(&backup.join(path), &target)?;
    }
    let postgres = matches!(options.database, Database::Postgres(_));
    let mut imported = None;
    if postgres {
        let mut db = db::open_writer(&options.database, staging, true)?;
        if !schema::all_tables(db.as_mut())?.is_empty() {
            return Err(StoreError::invalid(
                "the PostgreSQL database holds tables already: give an empty one",
            ));
        }
        db.begin_write()?;
        let mut source = Sqlite::open(&db::sqlite_path(staging), Role::Copier)?;
        let done = create_all(db.as_mut(), options)
            .and_then(|()| copy_tables(&mut source, db.as_mut()))
            .and_then(|()| db.commit());
        if done.is_err() {
            db.rollback();
        }
        done?;
        drop(source);
        let file = db::sqlite_path(staging);
        fs::remove_file(&file).map_err(|e| StoreError::io("removed", &file, e))?;
        imported = Some(db);
    }
    let checked = check_restored(staging, options);
    if checked.is_err()
        && let Some(mut db) = imported
    {
        for table in schema::all_tables(db.as_mut())? {
            db.script(&format!("DROP TABLE IF EXISTS {table} CASCADE"))?;
        }
        db.script("DROP FUNCTION IF EXISTS sekisho_events_guard()")?;
    }
    checked
}

fn check_restored(staging: &Path, options: &OpenOptions) -> Result<VerifyReport, StoreError> {
    let mut staged = options.clone();
    staged.data = staging.to_owned();
    let report = Store::inspect(staged)?.verify()?;
    // The scratch space of the check is not part of the backup.
    let _ = fs::remove_dir_all(staging.join("tmp"));
    match report.problems.first() {
        None => Ok(report),
        Some(first) => Err(StoreError::contradiction(
            format!("the backup ({} problems), first {}", report.problems.len(), first.place),
            first.what.clone(),
        )),
    }
}

fn create_all(db: &mut dyn Db, options: &OpenOptions) -> Result<(), StoreError> {
    schema::create_core(db)?;
    for module in &options.modules {
        schema::migrate(db, module.as_ref())?;
    }
    schema::shape(db, &options.projections).map(|_| ())
}

/// Copies the rows of every table that both sides have.
fn copy_tables(from: &mut dyn Db, to: &mut dyn Db) -> Result<(), StoreError> {
    // The new side's own bookkeeping is replaced by the copied one.
    to.execute("DELETE FROM meta", &[])?;
    let known = schema::all_tables(to)?;
    for table in schema::all_tables(from)? {
        if !known.contains(&table) {
            return Err(StoreError::contradiction(
                format!("table {table}"),
                "no module or projection of this version declares it: use the version that made it",
            ));
        }
        rebuild::copy_rows(from, to, &table, "")?;
    }
    Ok(())
}

fn write_manifest(dir: &Path) -> Result<(u64, u64), StoreError> {
    let (mut text, mut count, mut total) = (String::new(), 0u64, 0u64);
    for path in files::walk(dir)? {
        let (digest, bytes) = digest(&dir.join(&path))?;
        text.push_str(&format!("{digest}  {}\n", path.display()));
        count = count.saturating_add(1);
        total = total.saturating_add(bytes);
    }
    files::write_atomic(&dir.join(MANIFEST), text.as_bytes(), true)?;
    files::sync_dir(dir)?;
    Ok((count, total))
}

/// Compares a backup with its manifest; gives the digest and path of every file.
fn check_manifest(backup: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let text = files::read_optional(&backup.join(MANIFEST))?.ok_or_else(|| {
        StoreError::invalid(format!("`{}` is no backup: it has no {MANIFEST}", backup.display()))
    })?;
    let text = String::from_utf8(text).map_err(|_| StoreError::damaged(MANIFEST, "it is not text"))?;
    let mut listed = Vec::new();
    for line in text.lines() {
        let (digest, path) = line
            .split_once("  ")
            .filter(|(d, p)| d.len() == 64 && is_plain(Path::new(p)))
            .ok_or_else(|| StoreError::damaged(MANIFEST, "a line is not `SHA-256  path`"))?;
        listed.push((digest.to_owned(), PathBuf::from(path)));
    }
    listed.sort_by(|a, b| a.1.cmp(&b.1));
    let mut found = files::walk(backup)?;
    found.retain(|p| p.as_path() != Path::new(MANIFEST));
    for path in &found {
        if listed.binary_search_by(|(_, p)| p.cmp(path)).is_err() {
            return Err(StoreError::damaged(path.display().to_string(), "the manifest does not list it"));
        }
    }
    for (wanted, path) in &listed {
        let place = path.display().to_string();
        if !found.contains(path) {
            return Err(StoreError::damaged(place, "it is missing from the backup"));
        }
        if digest(&backup.join(path))?.0 != *wanted {
            return Err(StoreError::damaged(place, "its SHA-256 is not the one in the manifest"));
        }
    }
    Ok(listed)
}

/// A relative path that stays inside.
fn is_plain(path: &Path) -> bool {
    path.components().all(|c| matches!(c, std::path::Component::Normal(_)))
}

fn staging_beside(data: &Path) -> Result<PathBuf, StoreError> {
    let mut name = std::ffi::OsString::from(".");
    name.push(data.file_name().unwrap_or_default());
    name.push(format!(".restoring-{}", hex::encode(files::random::<6>()?)));
    let staging = data.with_file_name(name);
    files::make_dir(&staging)?;
    Ok(staging)
}

/// Copies a file, mode 0600, flushed.
fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source = File::open(from).map_err(|e| StoreError::io("opened", from, e))?;
    let mut target = files::create_private(to)?;
    std::io::copy(&mut source, &mut target)
        .and_then(|_| target.flush())
        .and_then(|()| target.sync_data())
        .map_err(|e| StoreError::io("written", to, e))
}

fn digest(path: &Path) -> Result<(String, u64), StoreError> {
    let mut file = File::open(path).map_err(|e| StoreError::io("opened", path, e))?;
    let (mut hash, mut total) = (Sha256::new(), 0u64);
    let mut buffer = vec![0u8; 65_536];
    loop {
        let read = file.read(&mut buffer).map_err(|e| StoreError::io("read", path, e))?;
        if read == 0 {
            return Ok((hex::encode(hash.finalize()), total));
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        total = total.saturating_add(read as u64);
    }
}
