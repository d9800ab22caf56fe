//! The format of an encrypted blob: XChaCha20-Poly1305 in the STREAM construction (Hoang, Reyhanitabar, Rogaway and
//! Vizár 2015). Pure: bytes in, bytes out.
//!
//! ```text
//! magic 8 | key version u32 | chunk size u32 | nonce prefix 19 | id tag 32 | chunk, chunk, … last chunk
//! ```
//! A chunk is 64 KiB of plaintext (the last one may be shorter) and 16 bytes of tag. Its nonce is
//! prefix ‖ counter u32 ‖ last-chunk flag, so that cutting off, repeating or moving a chunk is found; the header up
//! to and with the prefix is authenticated with every chunk. The id tag is an HMAC over header and id: a file that
//! was put in another's place is refused before its first byte is handed out.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::StoreError;
use crate::keys::BlobKeys;

/// Plaintext bytes of a full chunk.
pub(super) const CHUNK: usize = 65_536;
/// Bytes that a chunk grows by.
pub(super) const TAG: usize = 16;
/// Bytes of the header.
pub(super) const HEADER: usize = FIXED + 32;

const MAGIC: &[u8; 8] = b"SKBLOB1\n";
const PREFIX: usize = 19;
/// Header without the id tag.
const FIXED: usize = 8 + 4 + 4 + PREFIX;

/// The keys made from one master key.
#[derive(Clone)]
pub(super) struct Key {
    version: u32,
    encrypt: Zeroizing<[u8; 32]>,
    name: Zeroizing<[u8; 32]>,
    tag: Zeroizing<[u8; 32]>,
}

impl Key {
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// The file name of a blob.
    pub(super) fn name(&self, digest: &[u8; 32]) -> String {
        hex::encode(mac(&self.name, &[digest]))
    }
}

/// All key versions, oldest first; never empty.
pub(super) struct KeySet {
    older: Vec<Key>,
    current: Key,
}

impl KeySet {
    pub(super) fn derive(keys: &BlobKeys) -> Result<Self, StoreError> {
        let mut all: Vec<Key> = keys
            .versions
            .iter()
            .map(|(version, master)| {
                let part =
                    |purpose: &str| Zeroizing::new(mac(master, &[b"sekisho-blob/v1/", purpose.as_bytes()]));
                Key { version: *version, encrypt: part("encrypt"), name: part("name"), tag: part("tag") }
            })
            .collect();
        let current = all.pop().ok_or_else(|| StoreError::damaged("keys/blob.key", "it holds no key"))?;
        Ok(Self { older: all, current })
    }

    pub(super) fn current(&self) -> &Key {
        &self.current
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(self.older.iter().rev())
    }

    pub(super) fn version(&self, version: u32) -> Option<&Key> {
        self.newest_first().find(|k| k.version == version)
    }
}

/// Encrypts one blob, chunk after chunk.
pub(super) struct Sealer {
    key: Key,
    cipher: XChaCha20Poly1305,
    fixed: [u8; FIXED],
    counter: Option<u32>,
}

impl Sealer {
    pub(super) fn new(key: &Key, prefix: [u8; PREFIX]) -> Self {
        let mut fixed = [0u8; FIXED];
        let parts = MAGIC.iter().copied();
        let parts = parts.chain(key.version.to_be_bytes()).chain((CHUNK as u32).to_be_bytes()).chain(prefix);
        fixed.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        Self { cipher: cipher(key), key: key.clone(), fixed, counter: Some(0) }
    }

    /// The next chunk; `None` once the counter is used up.
    pub(super) fn seal(&mut self, plain: &[u8], last: bool) -> Option<Vec<u8>> {
        let counter = self.counter?;
        self.counter = counter.checked_add(1);
        self.cipher.encrypt(&nonce(&self.fixed, counter, last), Payload { msg: plain, aad: &self.fixed }).ok()
    }

    pub(super) fn header(&self, digest: &[u8; 32]) -> Vec<u8> {
        let mut header = self.fixed.to_vec();
        header.extend(mac(&self.key.tag, &[&self.fixed, digest]));
        header
    }

    /// The key that this blob is encrypted with.
    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    pub(super) fn name(&self, digest: &[u8; 32]) -> String {
        self.key.name(digest)
    }
}

/// Decrypts one blob, chunk after chunk.
pub(super) struct Opener {
    key: Key,
    cipher: XChaCha20Poly1305,
    fixed: [u8; FIXED],
    tag: [u8; 32],
    counter: Option<u32>,
}

impl Opener {
    /// Opens the blob with this id; says what is wrong otherwise.
    pub(super) fn new(key: &Key, header: &[u8; HEADER], digest: &[u8; 32]) -> Result<Self, &'static str> {
        let this = Self::without_id(key, header)?;
        if this.is_for(digest) {
            Ok(this)
        } else {
            Err("its header was changed, or it is another blob's file")
        }
    }

    /// Opens a blob whose id will be compared at the end.
    pub(super) fn without_id(key: &Key, header: &[u8; HEADER]) -> Result<Self, &'static str> {
        let (fixed, tag) = header.split_first_chunk::<FIXED>().ok_or("it has no header")?;
        let tag: [u8; 32] = tag.try_into().map_err(|_| "it has no header")?;
        let expected = Sealer::new(key, [0; PREFIX]).fixed;
        let same = expected.iter().zip(fixed).take(FIXED - PREFIX).all(|(a, b)| a == b);
        if !same {
            return Err("its header names another format, key version or chunk size");
        }
        Ok(Self { cipher: cipher(key), key: key.clone(), fixed: *fixed, tag, counter: Some(0) })
    }

    /// Does the id tag belong to this id? Compared in constant time.
    pub(super) fn is_for(&self, digest: &[u8; 32]) -> bool {
        let mut hmac = keyed(&self.key.tag);
        hmac.update(&self.fixed);
        hmac.update(digest);
        hmac.verify_slice(&self.tag).is_ok()
    }

    /// The plaintext of the next chunk; `None` if it was changed, moved or isn't the last one as claimed.
    pub(super) fn open(&mut self, sealed: &[u8], last: bool) -> Option<Vec<u8>> {
        let counter = self.counter?;
        self.counter = counter.checked_add(1);
        self.cipher
            .decrypt(&nonce(&self.fixed, counter, last), Payload { msg: sealed, aad: &self.fixed })
            .ok()
    }
}

/// The key version that a header names.
pub(super) fn header_version(header: &[u8; HEADER]) -> Option<u32> {
    let rest = header.strip_prefix(MAGIC.as_slice())?;
    rest.first_chunk::<4>().map(|v| u32::from_be_bytes(*v))
}

/// Length of the plaintext in a file of this length.
pub(super) fn plain_length(file: u64) -> Option<u64> {
    let body = file.checked_sub(HEADER as u64)?;
    let chunks = body.div_ceil((CHUNK + TAG) as u64).max(1);
    body.checked_sub(chunks.checked_mul(TAG as u64)?)
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.encrypt).into())
}

fn nonce(fixed: &[u8; FIXED], counter: u32, last: bool) -> XNonce {
    let mut nonce = [0u8; 24];
    let prefix = fixed.iter().skip(FIXED - PREFIX).copied();
    let parts = prefix.chain(counter.to_be_bytes()).chain([u8::from(last)]);
    nonce.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    nonce.into()
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new(&{
        // HMAC pads a key to the block size of 64 bytes with zeros (RFC 2104 §2).
        let mut block = [0u8; 64];
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        block.into()
    })
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut hmac = keyed(key);
    parts.iter().for_each(|part| hmac.update(part));
    hmac.finalize().into_bytes().into()
}
