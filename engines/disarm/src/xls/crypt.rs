//! Workbooks with a password ([MS-XLS] 2.2.10, [MS-OFFCRYPTO] 2.3.5 to 2.3.7): they are read when the password is known.
//!
//! Excel opens workbooks that carry its own fixed password without asking, so that one is always tried.

use std::borrow::Cow;

use md5::{Digest as _, Md5};
use rc4::{KeyInit as _, Rc4, StreamCipher as _};
use sha1::Sha1;

use super::records::{BOF, EOF, Records};
use crate::workbook::cursor::Cursor;
use crate::{Refusal, RefusalCode, context::Context};

/// What Excel encrypts with when a workbook is only protected against changes.
const FIXED: &str = "VelvetSweatshop";
const BLOCK: usize = 1024;

/// The way a workbook is encrypted.
enum Cipher {
    /// MD5, 40 bits.
    Standard { salt: Vec<u8>, verifier: Vec<u8>, hash: Vec<u8> },
    /// SHA-1, 40 to 128 bits.
    CryptoApi { bits: u32, salt: Vec<u8>, verifier: Vec<u8>, hash: Vec<u8> },
    /// A password's hash and a key of two bytes.
    Xor { key: u16, hash: u16 },
}

/// The stream in the clear.
///
/// # Errors
/// `Encrypted` without a password that opens it, `WrongPassword` with one that doesn't.
pub(super) fn decrypted<'a>(stream: &'a [u8], ctx: &Context<'_>) -> Result<Cow<'a, [u8]>, Refusal> {
    let marked = Records::new(stream, 0).take_while(|r| r.id != EOF).take(64).find(|r| r.id == 0x2F);
    let Some(pass) = marked else { return Ok(Cow::Borrowed(stream)) };
    let refused = |code| Refusal::new(code, "xls");
    let cipher = cipher(pass.data, stream).ok_or_else(|| refused(RefusalCode::Encrypted))?;
    let given = ctx.options().password.as_deref();
    for password in given.into_iter().chain([FIXED]) {
        if let Some(open) = cipher.open(password) {
            return Ok(Cow::Owned(clear(stream, &open)));
        }
    }
    Err(refused(if given.is_some() { RefusalCode::WrongPassword } else { RefusalCode::Encrypted }))
}

fn cipher(data: &[u8], stream: &[u8]) -> Option<Cipher> {
    let mut cursor = Cursor::new(data);
    let version = Records::new(stream, 0).next()?.cursor().rest().first_chunk::<2>().copied();
    if version.map(u16::from_le_bytes)? < 0x600 || cursor.u16()? == 0 {
        // Excel 5 has the two numbers at the beginning.
        let mut cursor = Cursor::at(data, data.len().saturating_sub(4));
        return Some(Cipher::Xor { key: cursor.u16()?, hash: cursor.u16()? });
    }
    let major = cursor.u16()?;
    cursor.u16()?;
    if major == 1 {
        return Some(Cipher::Standard {
            salt: cursor.take(16)?.to_vec(),
            verifier: cursor.take(16)?.to_vec(),
            hash: cursor.take(16)?.to_vec(),
        });
    }
    cursor.u32()?;
    let size = cursor.u32()? as usize;
    let mut header = Cursor::new(cursor.take(size)?);
    header.take(8)?;
    let algorithm = header.u32()?;
    header.u32()?;
    let bits = header.u32()?;
    if algorithm != 0x6801 {
        return None;
    }
    let salt_size = cursor.u32()? as usize;
    let salt = cursor.take(salt_size)?.to_vec();
    let verifier = cursor.take(16)?.to_vec();
    let hash_size = cursor.u32()? as usize;
    let hash = cursor.take(hash_size)?.to_vec();
    let bits = if bits == 0 { 40 } else { bits };
    ((40..=128).contains(&bits)).then_some(Cipher::CryptoApi { bits, salt, verifier, hash })
}

/// A key that fits.
enum Key {
    Md5([u8; 5]),
    Sha1 { bits: u32, base: Vec<u8> },
    Xor([u8; 16]),
}

impl Cipher {
    fn open(&self, password: &str) -> Option<Key> {
        let units: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        match self {
            Self::Standard { salt, verifier, hash } => {
                let first = Md5::digest(&units);
                let mut mixed = Vec::with_capacity(336);
                for _ in 0..16 {
                    mixed.extend(first.iter().take(5));
                    mixed.extend(salt);
                }
                let key = Key::Md5(Md5::digest(&mixed).as_slice().first_chunk::<5>().copied()?);
                let mut both = [verifier.as_slice(), hash].concat();
                key.stream(0)?.apply_keystream(&mut both);
                let (verifier, hash) = both.split_at_checked(16)?;
                (Md5::digest(verifier).as_slice() == hash).then_some(key)
            }
            Self::CryptoApi { bits, salt, verifier, hash } => {
                let base = Sha1::digest([salt.as_slice(), &units].concat()).to_vec();
                let key = Key::Sha1 { bits: *bits, base };
                let mut both = [verifier.as_slice(), hash].concat();
                key.stream(0)?.apply_keystream(&mut both);
                let (verifier, hash) = both.split_at_checked(16)?;
                (Sha1::digest(verifier).as_slice() == hash.get(..20)?).then_some(key)
            }
            Self::Xor { key, hash } => {
                // Only characters of one byte can be in such a password.
                let bytes: Vec<u8> =
                    password.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).take(15).collect();
                (xor_hash(&bytes) == *hash).then(|| Key::Xor(xor_keys(&bytes, *key)))
            }
        }
    }
}

impl Key {
    /// The key stream of a block.
    fn stream(&self, block: u32) -> Option<Rc4> {
        let key = match self {
            Self::Md5(base) => Md5::digest([&base[..], &block.to_le_bytes()].concat()).to_vec(),
            Self::Sha1 { bits, base } => {
                let mut key = Sha1::digest([base.as_slice(), &block.to_le_bytes()].concat()).to_vec();
                key.truncate((*bits / 8) as usize);
                if *bits == 40 {
                    key.resize(16, 0);
                }
                key
            }
            Self::Xor(_) => return None,
        };
        Rc4::new_from_slice(&key).ok()
    }
}

fn xor_hash(password: &[u8]) -> u16 {
    let mut hash = 0_u16;
    for byte in password.iter().rev() {
        hash = turned(hash) ^ u16::from(*byte);
    }
    let length = u16::try_from(password.len()).unwrap_or(15);
    turned(hash) ^ length ^ 0xCE4B
}

/// Fifteen bits, turned left by one.
fn turned(hash: u16) -> u16 {
    ((hash << 1) & 0x7FFF) | ((hash >> 14) & 1)
}

fn xor_keys(password: &[u8], key: u16) -> [u8; 16] {
    const FILL: [u8; 15] =
        [0xBB, 0xFF, 0xFF, 0xBA, 0xFF, 0xFF, 0xB9, 0x80, 0x00, 0xBE, 0x0F, 0x00, 0xBF, 0x0F, 0x00];
    let [low, high] = key.to_le_bytes();
    let mut keys = [0_u8; 16];
    let source = password.iter().chain(FILL.iter());
    for (at, (slot, byte)) in keys.iter_mut().zip(source).enumerate() {
        let part = if at % 2 == 0 { low } else { high };
        *slot = (byte ^ part).rotate_left(2);
    }
    keys
}

/// The stream with every record's data in the clear; heads of records and a few whole ones always are.
fn clear(stream: &[u8], key: &Key) -> Vec<u8> {
    let mut out = stream.to_vec();
    let mut at = 0_usize;
    let mut hidden = vec![false; stream.len()];
    let mut spans = Vec::new();
    loop {
        let mut cursor = Cursor::at(stream, at);
        let (Some(id), Some(size)) = (cursor.u16(), cursor.u16()) else { break };
        let start = at + 4;
        let end = (start + usize::from(size)).min(stream.len());
        let from = match id {
            // BOF, FILEPASS, INTERFACEHDR, INTERFACEEND, RRDHEAD, FILELOCK: never encrypted.
            id if BOF.contains(&id) => end,
            0x2F | 0xE1 | 0xE2 | 0x138 | 0x195 | 0x194 => end,
            // Where a sheet begins must be known before.
            0x85 => (start + 4).min(end),
            _ => start,
        };
        for flag in hidden.get_mut(from..end).unwrap_or_default() {
            *flag = true;
        }
        spans.push((start, from, end));
        at = end;
    }
    if let Key::Xor(keys) = key {
        for (start, from, end) in spans {
            for place in from..end {
                // The place of the key goes by the end of the record.
                let turn = keys.get((place + (end - start)) % 16).copied().unwrap_or(0);
                if let Some(byte) = out.get_mut(place) {
                    *byte = byte.rotate_left(3) ^ turn;
                }
            }
        }
        return out;
    }
    for (number, (block, marks)) in (0_u32..).zip(out.chunks_mut(BLOCK).zip(hidden.chunks(BLOCK))) {
        let Some(mut cipher) = key.stream(number) else { break };
        let mut keys = [0_u8; BLOCK];
        cipher.apply_keystream(&mut keys);
        for ((byte, marked), turn) in block.iter_mut().zip(marks).zip(keys) {
            if *marked {
                *byte ^= turn;
            }
        }
    }
    out
}
