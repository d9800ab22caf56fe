//! Files that crossed or want to cross: content-addressed, encrypted at rest, streamed in constant memory.
//!
//! A blob's id is the SHA-256 of its plaintext; its name on disk is an HMAC of the id, so that someone who holds
//! the disk but not the key can't confirm whether a known document is there. Nothing in this room ever writes
//! plaintext to the disk.

mod cipher;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use sha2::{Digest, Sha256};

use crate::keys::BlobKeys;
use crate::{StoreError, files};
use cipher::{CHUNK, HEADER, KeySet, Opener, Sealer};

/// A stored blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRef {
    /// SHA-256 of the plaintext, lower-case hex.
    pub id: String,
    /// Length of the plaintext.
    pub bytes: u64,
}

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationReport {
    /// The key version in use now.
    pub version: u32,
    /// Blobs that were encrypted anew.
    pub rewritten: u64,
}

/// The encrypted files of one data directory.
#[derive(Clone)]
pub struct BlobStore {
    inner: Arc<Inner>,
}

struct Inner {
    data: PathBuf,
    fsync: bool,
    keys: RwLock<KeySet>,
    rotating: Mutex<()>,
}

impl BlobStore {
    pub(crate) fn in_dir(data: &Path, fsync: bool, may_create_key: bool) -> Result<Self, StoreError> {
        let keys = KeySet::derive(&BlobKeys::load(data, may_create_key)?)?;
        let inner = Inner { data: data.to_owned(), fsync, keys: RwLock::new(keys), rotating: Mutex::new(()) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Stores what `reader` gives, at most `limit` bytes.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::Full`], or what the reader or the disk reports.
    pub fn put(&self, reader: &mut dyn Read, limit: u64) -> Result<BlobRef, StoreError> {
        let mut writer = self.writer()?;
        let mut buffer = vec![0u8; CHUNK];
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => return writer.finish(),
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(StoreError::io("read", Path::new("upload"), e)),
            };
            if writer.bytes().saturating_add(read as u64) > limit {
                return Err(StoreError::TooLarge { limit });
            }
            let chunk = buffer.get(..read).unwrap_or_default();
            writer.append(chunk)?;
        }
    }

    /// Stores bytes that are in memory anyway.
    ///
    /// # Errors
    /// [`StoreError::Full`] or what the disk reports.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<BlobRef, StoreError> {
        let mut writer = self.writer()?;
        writer.append(bytes)?;
        writer.finish()
    }

    /// Starts a blob whose bytes come bit by bit. Dropping the writer leaves nothing behind.
    ///
    /// # Errors
    /// [`StoreError::Full`] or what the disk reports.
    pub fn writer(&self) -> Result<BlobWriter, StoreError> {
        let dir = self.inner.data.join("tmp");
        files::make_dir(&dir)?;
        let path = dir.join(format!("blob-{}", hex::encode(files::random::<12>()?)));
        let mut file = files::create_private(&path)?;
        let sealer = {
            let keys = self.inner.keys.read().unwrap_or_else(PoisonError::into_inner);
            Sealer::new(keys.current(), files::random()?)
        };
        let started = file.write_all(&[0u8; HEADER]).map_err(|e| StoreError::io("written", &path, e));
        let writer = BlobWriter {
            store: self.clone(),
            file,
            path,
            sealer,
            hash: Sha256::new(),
            open: Vec::with_capacity(CHUNK + 16),
            bytes: 0,
        };
        started.map(|()| writer)
    }

    /// Opens a blob for reading. Each chunk is checked before it is handed out; reading to the end also checks the
    /// whole against the id.
    ///
    /// # Errors
    /// [`StoreError::BlobMissing`], or [`StoreError::Damaged`] if the file isn't the one of this id.
    pub fn open(&self, id: &str) -> Result<BlobReader, StoreError> {
        let digest = parse_id(id)?;
        let keys = self.inner.keys.read().unwrap_or_else(PoisonError::into_inner);
        for key in keys.newest_first() {
            let name = key.name(&digest);
            let path = self.path(&name);
            let mut file = match File::open(&path) {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(StoreError::io("opened", &path, e)),
            };
            let damaged = |what: &str| StoreError::damaged(format!("blob {name}"), what);
            let mut header = [0u8; HEADER];
            file.read_exact(&mut header).map_err(|_| damaged("it is shorter than its header"))?;
            let opener = Opener::new(key, &header, &digest).map_err(damaged)?;
            let length = file.metadata().map_err(|e| StoreError::io("read", &path, e))?.len();
            let size = cipher::plain_length(length).ok_or_else(|| damaged("its length is impossible"))?;
            return Ok(BlobReader::new(file, name, opener, Some(digest), size));
        }
        Err(StoreError::BlobMissing { id: id.to_owned() })
    }

    /// Reads a whole blob of at most `limit` bytes.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], or as [`BlobStore::open`].
    pub fn read(&self, id: &str, limit: u64) -> Result<Vec<u8>, StoreError> {
        let mut reader = self.open(id)?;
        if reader.size() > limit {
            return Err(StoreError::TooLarge { limit });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(reader.size()).unwrap_or(0));
        while reader.next_chunk()? {
            bytes.append(&mut reader.chunk);
        }
        Ok(bytes)
    }

    /// Is there such a blob?
    ///
    /// # Errors
    /// A malformed id, or what the disk reports.
    pub fn exists(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.find(id)?.is_some())
    }

    /// Length of the plaintext in bytes.
    ///
    /// # Errors
    /// As [`BlobStore::open`].
    pub fn size(&self, id: &str) -> Result<u64, StoreError> {
        Ok(self.open(id)?.size())
    }

    /// Removes a blob for good; false if there was none. Whoever calls this makes sure that nothing else refers to
    /// the same content.
    ///
    /// # Errors
    /// A malformed id, or what the disk reports.
    pub fn remove(&self, id: &str) -> Result<bool, StoreError> {
        let mut removed = false;
        while let Some(path) = self.find(id)? {
            fs::remove_file(&path).map_err(|e| StoreError::io("removed", &path, e))?;
            self.sync_parent(&path)?;
            removed = true;
        }
        Ok(removed)
    }

    /// Creates a new key, encrypts every blob anew with it and forgets the older keys. May be interrupted at any
    /// time: until it has finished both keys are kept, and the next call goes on. Reading and writing continue.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if a blob can't be read with its key (the old keys are kept then), or what the disk reports.
    pub fn rotate_key(&self) -> Result<RotationReport, StoreError> {
        let _one_at_a_time = self.inner.rotating.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = BlobKeys::load(&self.inner.data, false)?;
        // With two versions in the file an earlier rotation was interrupted: finish that one.
        if keys.versions.len() < 2 {
            let next = keys.versions.last().map_or(1, |(v, _)| v.saturating_add(1));
            keys.versions.push((next, zeroize::Zeroizing::new(files::random()?)));
            keys.save(&self.inner.data)?;
            self.use_keys(&keys)?;
        }
        let version = keys.versions.last().map_or(0, |(v, _)| *v);
        let newest = BlobKeys { versions: keys.versions.split_off(keys.versions.len().saturating_sub(1)) };
        let mut rewritten = 0u64;
        loop {
            for path in self.all_files()? {
                if self.version_of(&path)? != Some(version) {
                    self.rewrite(&path)?;
                    rewritten = rewritten.saturating_add(1);
                }
            }
            // A blob that was begun with an older key may have come in meanwhile. None can while this lock is held,
            // and later ones are encrypted anew when they finish.
            let mut in_use = self.inner.keys.write().unwrap_or_else(PoisonError::into_inner);
            let mut done = true;
            for path in self.all_files()? {
                done = done && self.version_of(&path)? == Some(version);
            }
            if done {
                newest.save(&self.inner.data)?;
                *in_use = KeySet::derive(&newest)?;
                return Ok(RotationReport { version, rewritten });
            }
        }
    }

    /// Reads a file under `blobs/` completely and says what is wrong with it.
    pub(crate) fn check_file(&self, path: &Path) -> Result<String, StoreError> {
        let (mut reader, name) = self.open_unnamed(path)?;
        let mut hash = Sha256::new();
        while reader.next_chunk_unchecked()? {
            hash.update(&reader.chunk);
            reader.chunk.clear();
        }
        let digest: [u8; 32] = hash.finalize().into();
        let keys = self.inner.keys.read().unwrap_or_else(PoisonError::into_inner);
        let right = keys.newest_first().any(|key| key.name(&digest) == name) && reader.opener.is_for(&digest);
        if !right {
            return Err(StoreError::damaged(
                format!("blob {name}"),
                "its content is not the one of its name",
            ));
        }
        Ok(hex::encode(digest))
    }

    /// All files under `blobs/`, absolute.
    pub(crate) fn all_files(&self) -> Result<Vec<PathBuf>, StoreError> {
        let root = self.inner.data.join("blobs");
        Ok(files::walk(&root)?.into_iter().map(|p| root.join(p)).collect())
    }

    /// Keeps key rotation away while the guard lives.
    pub(crate) fn hold(&self) -> MutexGuard<'_, ()> {
        self.inner.rotating.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn use_keys(&self, keys: &BlobKeys) -> Result<(), StoreError> {
        *self.inner.keys.write().unwrap_or_else(PoisonError::into_inner) = KeySet::derive(keys)?;
        Ok(())
    }

    fn version_of(&self, path: &Path) -> Result<Option<u32>, StoreError> {
        let mut header = [0u8; HEADER];
        match File::open(path).and_then(|mut f| f.read_exact(&mut header)) {
            Ok(()) => Ok(cipher::header_version(&header)),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(e) => Err(StoreError::io("read", path, e)),
        }
    }

    /// Encrypts a blob with the current key; the old file goes once the new one is durable.
    fn rewrite(&self, path: &Path) -> Result<(), StoreError> {
        let (mut reader, name) = self.open_unnamed(path)?;
        let mut writer = self.writer()?;
        while reader.next_chunk_unchecked()? {
            writer.append(&reader.chunk)?;
            reader.chunk.clear();
        }
        let digest: [u8; 32] = writer.hash.clone().finalize().into();
        if !reader.opener.is_for(&digest) {
            return Err(StoreError::damaged(
                format!("blob {name}"),
                "its content is not the one of its name",
            ));
        }
        writer.finish()?;
        fs::remove_file(path).map_err(|e| StoreError::io("removed", path, e))
    }

    /// Opens a file whose id isn't known; the caller compares the digest afterwards.
    fn open_unnamed(&self, path: &Path) -> Result<(BlobReader, String), StoreError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let damaged = |what: &str| StoreError::damaged(format!("blob {name}"), what);
        let mut file = File::open(path).map_err(|e| StoreError::io("opened", path, e))?;
        let mut header = [0u8; HEADER];
        file.read_exact(&mut header).map_err(|_| damaged("it is shorter than its header"))?;
        let version =
            cipher::header_version(&header).ok_or_else(|| damaged("it does not start as a blob does"))?;
        let keys = self.inner.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.version(version).ok_or_else(|| damaged("its key version is not in keys/blob.key"))?;
        let opener = Opener::without_id(key, &header).map_err(damaged)?;
        let length = file.metadata().map_err(|e| StoreError::io("read", path, e))?.len();
        let size = cipher::plain_length(length).ok_or_else(|| damaged("its length is impossible"))?;
        Ok((BlobReader::new(file, name.clone(), opener, None, size), name))
    }

    fn find(&self, id: &str) -> Result<Option<PathBuf>, StoreError> {
        let digest = parse_id(id)?;
        let keys = self.inner.keys.read().unwrap_or_else(PoisonError::into_inner);
        for key in keys.newest_first() {
            let path = self.path(&key.name(&digest));
            if path.try_exists().map_err(|e| StoreError::io("read", &path, e))? {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.inner.data.join("blobs").join(name.get(..2).unwrap_or_default()).join(name)
    }

    fn sync_parent(&self, path: &Path) -> Result<(), StoreError> {
        match path.parent() {
            Some(dir) if self.inner.fsync => files::sync_dir(dir),
            _ => Ok(()),
        }
    }
}

/// A blob being written.
pub struct BlobWriter {
    store: BlobStore,
    file: File,
    path: PathBuf,
    sealer: Sealer,
    hash: Sha256,
    /// Plaintext of the chunk that isn't full yet, or just became full.
    open: Vec<u8>,
    bytes: u64,
}

impl BlobWriter {
    /// Bytes taken so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`StoreError::Full`] or what the disk reports.
    pub fn append(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        while !bytes.is_empty() {
            if self.open.len() == CHUNK {
                self.seal(false)?;
            }
            let take = bytes.len().min(CHUNK.saturating_sub(self.open.len()));
            let (now, later) = bytes.split_at(take);
            self.open.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Makes the blob durable under its id.
    ///
    /// # Errors
    /// [`StoreError::Full`] or what the disk reports.
    pub fn finish(mut self) -> Result<BlobRef, StoreError> {
        self.seal(true)?;
        let digest: [u8; 32] = self.hash.clone().finalize().into();
        let failed = |e: io::Error| StoreError::io("written", &self.path, e);
        let header = self.sealer.header(&digest);
        self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(&header)).map_err(failed)?;
        if self.store.inner.fsync {
            self.file.sync_data().map_err(failed)?;
        }
        let store = self.store.clone();
        let keys = store.inner.keys.read().unwrap_or_else(PoisonError::into_inner);
        if keys.version(self.sealer.key().version()).is_none() {
            drop(keys);
            return self.again(&header);
        }
        let target = self.store.path(&self.sealer.name(&digest));
        if let Some(dir) = target.parent()
            && !dir.exists()
        {
            files::make_dir(dir)?;
            self.store.sync_parent(dir)?;
        }
        // The same content may be there already; replacing it also mends a damaged file.
        fs::rename(&self.path, &target).map_err(|e| StoreError::io("renamed", &target, e))?;
        self.store.sync_parent(&target)?;
        Ok(BlobRef { id: hex::encode(digest), bytes: self.bytes })
    }

    /// The key was rotated away while this blob was written: encrypts it anew.
    fn again(self, header: &[u8]) -> Result<BlobRef, StoreError> {
        let damaged = |what: &str| StoreError::damaged(format!("`{}`", self.path.display()), what);
        let header: &[u8; HEADER] =
            header.try_into().map_err(|_| damaged("its header has another length"))?;
        let opener = Opener::without_id(self.sealer.key(), header).map_err(damaged)?;
        let mut file = File::open(&self.path).map_err(|e| StoreError::io("opened", &self.path, e))?;
        file.seek(SeekFrom::Start(HEADER as u64)).map_err(|e| StoreError::io("read", &self.path, e))?;
        let name = self.path.display().to_string();
        let mut reader = BlobReader::new(file, name, opener, None, self.bytes);
        let mut writer = self.store.writer()?;
        while reader.next_chunk_unchecked()? {
            writer.append(&reader.chunk)?;
        }
        writer.finish()
    }

    fn seal(&mut self, last: bool) -> Result<(), StoreError> {
        let sealed = self
            .sealer
            .seal(&self.open, last)
            .ok_or_else(|| StoreError::invalid("the content is larger than a blob can be (256 TiB)"))?;
        self.open.clear();
        self.file.write_all(&sealed).map_err(|e| StoreError::io("written", &self.path, e))
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        // After `finish` the file has another name and this finds nothing.
        let _ = fs::remove_file(&self.path);
    }
}

/// A blob being read.
pub struct BlobReader {
    file: File,
    name: String,
    opener: Opener,
    hash: Sha256,
    /// The id, if it is known beforehand.
    expected: Option<[u8; 32]>,
    size: u64,
    /// Checked plaintext that wasn't handed out yet starts at `at`.
    chunk: Vec<u8>,
    at: usize,
    finished: bool,
}

impl BlobReader {
    fn new(file: File, name: String, opener: Opener, expected: Option<[u8; 32]>, size: u64) -> Self {
        Self {
            file,
            name,
            opener,
            hash: Sha256::new(),
            expected,
            size,
            chunk: Vec::new(),
            at: 0,
            finished: false,
        }
    }

    /// Length of the plaintext in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next piece of plaintext (at most 64 KiB), or `None` at the end. Better than `Read` where the error matters.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the blob's name on disk.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(if self.next_chunk()? { Some(std::mem::take(&mut self.chunk)) } else { None })
    }

    fn next_chunk(&mut self) -> Result<bool, StoreError> {
        let more = self.next_chunk_unchecked()?;
        if more {
            self.hash.update(&self.chunk);
        }
        if self.finished
            && let Some(expected) = self.expected
        {
            let digest: [u8; 32] = self.hash.clone().finalize().into();
            if digest != expected {
                return Err(StoreError::damaged(
                    format!("blob {}", self.name),
                    "its content is not the one of its id",
                ));
            }
        }
        Ok(more)
    }

    /// Decrypts the next chunk into `chunk`; false at the end.
    fn next_chunk_unchecked(&mut self) -> Result<bool, StoreError> {
        if self.finished {
            return Ok(false);
        }
        let name = &self.name;
        let mut sealed = vec![0u8; CHUNK + cipher::TAG];
        let mut filled = 0usize;
        while let Some(rest) = sealed.get_mut(filled..).filter(|r| !r.is_empty()) {
            match self.file.read(rest) {
                Ok(0) => break,
                Ok(read) => filled = filled.saturating_add(read),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(StoreError::io("read", Path::new(name), e)),
            }
        }
        sealed.truncate(filled);
        let last = self
            .file
            .stream_position()
            .and_then(|at| Ok(at >= self.file.metadata()?.len()))
            .map_err(|e| StoreError::io("read", Path::new(name), e))?;
        self.chunk = self.opener.open(&sealed, last).ok_or_else(|| {
            StoreError::damaged(format!("blob {name}"), "a part of it was changed, moved or cut off")
        })?;
        self.at = 0;
        self.finished = last;
        Ok(true)
    }
}

impl Read for BlobReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.chunk.len() {
            if !self.next_chunk().map_err(io::Error::other)? {
                return Ok(0);
            }
        }
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let take = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..take), rest.get(..take)) {
            to.copy_from_slice(from);
        }
        self.at = self.at.saturating_add(take);
        Ok(take)
    }
}

fn parse_id(id: &str) -> Result<[u8; 32], StoreError> {
    let mut digest = [0u8; 32];
    let canonical = id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match hex::decode_to_slice(id, &mut digest) {
        Ok(()) if canonical => Ok(digest),
        _ => Err(StoreError::invalid("a blob's id is 64 lower-case hexadecimal digits")),
    }
}

#[cfg(test)]
mod tests;
