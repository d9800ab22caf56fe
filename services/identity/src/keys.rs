//! The installation's identity key and what is derived from it. The key file is the only secret of this room that
//! is not in the database; a copy of the database alone reveals no TOTP secret and forges no token.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{IdentityError, Result};

type HmacSha256 = Hmac<Sha256>;

/// Keys derived from the key file, one per purpose.
pub(crate) struct Keys {
    seal: Zeroizing<[u8; 32]>,
    csrf: Zeroizing<[u8; 32]>,
    lookup: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Opens the key file, or creates it with mode 0600.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let trouble = |what: String| IdentityError::Key { path: path.display().to_string(), what };
        let master = match File::open(path) {
            Ok(file) => read_key(file).map_err(trouble)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                create_key(path).map_err(trouble)?
            }
            Err(error) => return Err(trouble(error.to_string())),
        };
        Self::derive(&master)
    }

    fn derive(master: &[u8; 32]) -> Result<Self> {
        let part = |purpose: &str| -> Result<Zeroizing<[u8; 32]>> {
            Ok(Zeroizing::new(mac(master, &[b"sekisho-identity/v1/", purpose.as_bytes()])?))
        };
        Ok(Self { seal: part("seal")?, csrf: part("csrf")?, lookup: part("lookup")? })
    }

    /// Encrypts a small secret; it opens only for the same `owner`.
    pub(crate) fn seal(&self, owner: &str, secret: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; 24] = random()?;
        let sealed = XChaCha20Poly1305::new(&Key::from(*self.seal))
            .encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: owner.as_bytes() })
            .map_err(|_| IdentityError::Crypto("a secret could not be encrypted"))?;
        Ok(nonce.iter().copied().chain(sealed).collect())
    }

    /// Opens what [`Keys::seal`] made.
    pub(crate) fn open_sealed(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let damaged =
            || IdentityError::Damaged("a sealed secret does not open with this key file".to_owned());
        let (nonce, body) = sealed.split_first_chunk::<24>().ok_or_else(damaged)?;
        XChaCha20Poly1305::new(&Key::from(*self.seal))
            .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: owner.as_bytes() })
            .map(Zeroizing::new)
            .map_err(|_| damaged())
    }

    /// The CSRF token of a session: bound to the cookie's value, which the database does not hold.
    pub(crate) fn csrf(&self, cookie: &str) -> Result<String> {
        Ok(URL_SAFE_NO_PAD.encode(mac(self.csrf.as_slice(), &[cookie.as_bytes()])?))
    }

    /// A keyed fingerprint for values that could be guessed from a plain hash (recovery codes, log-in names, addresses).
    pub(crate) fn fingerprint(&self, purpose: &str, value: &str) -> Result<String> {
        Ok(hex::encode(mac(self.lookup.as_slice(), &[purpose.as_bytes(), b"\0", value.as_bytes()])?))
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32]> {
    let mut mac = HmacSha256::new_from_slice(key).map_err(|_| IdentityError::Crypto("HMAC key"))?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

/// Fresh random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|_| IdentityError::Crypto("the operating system gave no randomness"))?;
    Ok(bytes)
}

/// A 256-bit bearer value: what goes out, and what is stored.
pub(crate) struct Bearer {
    pub(crate) value: String,
    pub(crate) stored: String,
}

impl Bearer {
    pub(crate) fn new(prefix: &str) -> Result<Self> {
        let value = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
        let stored = stored_form(&value);
        Ok(Self { value, stored })
    }
}

/// What the database keeps of a bearer value. A plain hash suffices: the value has 256 random bits.
pub(crate) fn stored_form(value: &str) -> String {
    hex::encode(Sha256::digest(value.as_bytes()))
}

/// Comparison whose time does not depend on where the texts differ.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0_u8, |diff, (x, y)| diff | (x ^ y)) == 0
}

fn read_key(file: File) -> std::result::Result<Zeroizing<[u8; 32]>, String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(|e| e.to_string())?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(format!("is open to others (mode {:o}); run `chmod 600` on it", mode & 0o777));
        }
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(64).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    <[u8; 32]>::try_from(bytes.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| "does not hold exactly 32 bytes; restore it from the backup".to_owned())
}

fn create_key(path: &Path) -> std::result::Result<Zeroizing<[u8; 32]>, String> {
    let key = Zeroizing::new(random::<32>().map_err(|e| e.to_string())?);
    let parent = path.parent().ok_or("has no directory")?;
    fs::create_dir_all(parent).map_err(|e| e.to_string())?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(|e| e.to_string())?;
    file.write_all(key.as_slice()).and_then(|()| file.sync_all()).map_err(|e| e.to_string())?;
    File::open(parent).and_then(|dir| dir.sync_all()).map_err(|e| e.to_string())?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_only_for_its_owner_and_unchanged() {
        let keys = Keys::derive(&[7; 32]).unwrap();
        let sealed = keys.seal("p_a", b"secret").unwrap();
        assert_eq!(keys.open_sealed("p_a", &sealed).unwrap().as_slice(), b"secret");
        assert!(keys.open_sealed("p_b", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert!(keys.open_sealed("p_a", &broken).is_err(), "byte {at}");
        }
        assert!(Keys::derive(&[8; 32]).unwrap().open_sealed("p_a", &sealed).is_err());
    }

    #[test]
    fn the_key_file_is_private_and_kept() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/identity.key");
        let first = Keys::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Keys::open(&path).unwrap().csrf("c").unwrap(), first.csrf("c").unwrap());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Keys::open(&path), Err(IdentityError::Key { .. })));
    }

    #[test]
    fn a_short_key_file_is_refused_rather_than_replaced() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.key");
        fs::write(&path, b"short").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(Keys::open(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"short");
    }
}
