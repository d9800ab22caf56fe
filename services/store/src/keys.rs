//! The two secrets beside the data: the ledger's signing key and the blobs' encryption keys. Both are files of
//! mode 0600 under `keys/`, created once with `create_new`, never printed, never logged.

use std::io::Write;
use std::path::{Path, PathBuf};

use sekisho_ledger::SigningKey;
use zeroize::Zeroizing;

use crate::{StoreError, files};

const BLOB_HEADER: &str = "sekisho-blob-key/v1";

pub(crate) fn ledger_path(data: &Path) -> PathBuf {
    data.join("keys").join("ledger.key")
}

pub(crate) fn blob_path(data: &Path) -> PathBuf {
    data.join("keys").join("blob.key")
}

/// Reads the signing key, or creates it if there is none and `may_create`.
pub(crate) fn ledger_key(data: &Path, origin: &str, may_create: bool) -> Result<SigningKey, StoreError> {
    let path = ledger_path(data);
    if let Some(text) = read_secret(&path)? {
        return SigningKey::from_text(text.trim_end())
            .map_err(|e| StoreError::damaged(path.display().to_string(), e.to_string()));
    }
    if !may_create {
        return Err(missing(&path));
    }
    let seed = Zeroizing::new(files::random::<32>()?);
    let key = SigningKey::from_seed(origin, &seed).map_err(|e| StoreError::invalid(e.to_string()))?;
    create_secret(&path, &format!("{}\n", *key.to_text()))?;
    Ok(key)
}

/// The blobs' keys, oldest first; the last one encrypts.
pub(crate) struct BlobKeys {
    pub(crate) versions: Vec<(u32, Zeroizing<[u8; 32]>)>,
}

impl BlobKeys {
    pub(crate) fn load(data: &Path, may_create: bool) -> Result<Self, StoreError> {
        let path = blob_path(data);
        let Some(text) = read_secret(&path)? else {
            if !may_create {
                return Err(missing(&path));
            }
            let keys = Self { versions: vec![(1, Zeroizing::new(files::random::<32>()?))] };
            create_secret(&path, &keys.to_text())?;
            return Ok(keys);
        };
        Self::parse(&text)
            .ok_or_else(|| StoreError::damaged(path.display().to_string(), "it is no blob key file"))
    }

    /// Replaces the key file by this set.
    pub(crate) fn save(&self, data: &Path) -> Result<(), StoreError> {
        let path = blob_path(data);
        files::write_atomic(&path, self.to_text().as_bytes(), true)?;
        path.parent().map_or(Ok(()), files::sync_dir)
    }

    fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(96 * (1 + self.versions.len())));
        text.push_str(BLOB_HEADER);
        text.push('\n');
        for (version, key) in &self.versions {
            text.push_str(&format!("{version} {}\n", *Zeroizing::new(hex::encode(key.as_slice()))));
        }
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(BLOB_HEADER) {
            return None;
        }
        let mut versions: Vec<(u32, Zeroizing<[u8; 32]>)> = Vec::new();
        for line in lines {
            let (version, key) = line.split_once(' ')?;
            let version: u32 = version.parse().ok()?;
            let mut bytes = Zeroizing::new([0u8; 32]);
            hex::decode_to_slice(key, bytes.as_mut_slice()).ok()?;
            if versions.last().is_some_and(|(last, _)| *last >= version) {
                return None;
            }
            versions.push((version, bytes));
        }
        (!versions.is_empty()).then_some(Self { versions })
    }
}

fn missing(path: &Path) -> StoreError {
    StoreError::contradiction(
        path.display().to_string(),
        "the key file is missing although data made with it exists: put it back from a backup".to_owned(),
    )
}

fn read_secret(path: &Path) -> Result<Option<Zeroizing<String>>, StoreError> {
    let Some(bytes) = files::read_optional(path)? else { return Ok(None) };
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| StoreError::damaged(path.display().to_string(), "it is not text"))?
        .to_owned();
    Ok(Some(Zeroizing::new(text)))
}

fn create_secret(path: &Path, text: &str) -> Result<(), StoreError> {
    if let Some(dir) = path.parent() {
        files::make_dir(dir)?;
    }
    let mut file = files::create_private(path)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|e| StoreError::io("written", path, e))?;
    path.parent().map_or(Ok(()), files::sync_dir)
}
