//! Members under a password: the traditional cipher of PKWARE (APPNOTE 6.1) and the AES of WinZip (AE-1, AE-2).
//!
//! Reading only. The traditional cipher is broken and says little about a password; the CRC of the content decides.
//! AES is authenticated before anything of it is used.

use aes::{
    Aes128, Aes192, Aes256,
    cipher::{Array, BlockCipherEncrypt, KeyInit},
};
use encoding_rs::SHIFT_JIS;
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// The method of a member under AES; its extra field tells the real one.
pub(super) const AES: u16 = 99;
/// The extra field of AES.
pub(super) const AES_EXTRA: u16 = 0x9901;

const HEADER: usize = 12;
const MAC: usize = 10;
const ROUNDS: u32 = 1000;

/// How a member is locked.
#[derive(Debug, Clone)]
pub(super) enum Lock {
    /// The last byte of the header must be one of these two.
    Traditional([u8; 2]),
    /// Bytes of the key, the method inside, and whether the CRC is meant (AE-1).
    Aes { key: usize, method: u16, has_crc: bool },
}

/// The bytes that a password may have been typed as: Windows tools in Japan take CP932, others UTF-8.
pub(super) fn candidates(password: &str) -> Vec<Vec<u8>> {
    let mut found = vec![password.as_bytes().to_vec()];
    let (cp932, _, failed) = SHIFT_JIS.encode(password);
    if !failed && *cp932 != *password.as_bytes() {
        found.push(cp932.into_owned());
    }
    found
}

impl Lock {
    pub(super) fn traditional(crc: u32, time: u16) -> Self {
        Self::Traditional([(crc >> 24) as u8, (time >> 8) as u8])
    }

    /// From the body of the extra field.
    pub(super) fn aes(extra: Option<&[u8]>) -> Option<Self> {
        let [version @ 1..=2, 0, b'A', b'E', strength @ 1..=3, low, high] = extra? else { return None };
        Some(Self::Aes {
            key: 8 + usize::from(*strength) * 8,
            method: u16::from_le_bytes([*low, *high]),
            has_crc: *version == 1,
        })
    }

    /// The method of the content and whether its CRC is to be held against the directory.
    pub(super) fn inside(&self, method: u16) -> (u16, bool) {
        match self {
            Self::Traditional(_) => (method, true),
            Self::Aes { method, has_crc, .. } => (*method, *has_crc),
        }
    }

    /// Whether a wrong password may get past [`Self::open`].
    pub(super) fn is_weak(&self) -> bool {
        matches!(self, Self::Traditional(_))
    }

    /// The content, when the password fits.
    pub(super) fn open(&self, locked: &[u8], password: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Traditional(checks) => traditional(locked, password, *checks),
            Self::Aes { key, .. } => aes(locked, password, *key),
        }
    }
}

fn traditional(locked: &[u8], password: &[u8], checks: [u8; 2]) -> Option<Vec<u8>> {
    let mut keys = Keys([0x1234_5678, 0x2345_6789, 0x3456_7890]);
    for byte in password {
        keys.update(*byte);
    }
    let plain: Vec<u8> = locked.iter().map(|byte| keys.decrypt(*byte)).collect();
    let (header, content) = plain.split_at_checked(HEADER)?;
    header.last().filter(|last| checks.contains(last))?;
    Some(content.to_vec())
}

struct Keys([u32; 3]);

impl Keys {
    fn update(&mut self, byte: u8) {
        let [first, second, third] = &mut self.0;
        *first = crc_step(*first, byte);
        *second = second.wrapping_add(*first & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        *third = crc_step(*third, (*second >> 24) as u8);
    }

    fn decrypt(&mut self, byte: u8) -> u8 {
        let mixed = self.0[2] & 0xffff | 2;
        let plain = byte ^ ((mixed.wrapping_mul(mixed ^ 1) >> 8) & 0xff) as u8;
        self.update(plain);
        plain
    }
}

/// One byte of CRC-32, without the inversions around it.
fn crc_step(crc: u32, byte: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
}

fn aes(locked: &[u8], password: &[u8], key: usize) -> Option<Vec<u8>> {
    let (salt, rest) = locked.split_at_checked(key / 2)?;
    let (check, rest) = rest.split_at_checked(2)?;
    let (cipher, mac) = rest.split_at_checked(rest.len().checked_sub(MAC)?)?;
    let mut derived = vec![0; key * 2 + 2];
    pbkdf2::pbkdf2::<Hmac<Sha1>>(password, salt, ROUNDS, &mut derived).ok()?;
    let (encryption, rest) = derived.split_at_checked(key)?;
    let (authentication, expected) = rest.split_at_checked(key)?;
    if check != expected {
        return None;
    }
    let mut authenticator = <Hmac<Sha1> as KeyInit>::new_from_slice(authentication).ok()?;
    authenticator.update(cipher);
    authenticator.verify_truncated_left(mac).ok()?;
    match key {
        16 => Some(counted(cipher, &Aes128::new_from_slice(encryption).ok()?)),
        24 => Some(counted(cipher, &Aes192::new_from_slice(encryption).ok()?)),
        _ => Some(counted(cipher, &Aes256::new_from_slice(encryption).ok()?)),
    }
}

/// Counter mode as WinZip has it: little-endian, from one.
fn counted<C: BlockCipherEncrypt<BlockSize = aes::cipher::consts::U16>>(text: &[u8], cipher: &C) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (count, chunk) in (1_u128..).zip(text.chunks(16)) {
        let mut block = Array::from(count.to_le_bytes());
        cipher.encrypt_block(&mut block);
        out.extend(chunk.iter().zip(block.iter()).map(|(text, key)| text ^ key));
    }
    out
}
