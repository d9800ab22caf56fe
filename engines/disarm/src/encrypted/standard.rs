//! Standard encryption ([MS-OFFCRYPTO] 2.3.4.5 to 2.3.4.9), as Office 2007 writes it: AES in codebook mode, SHA-1, 50 000
//! rounds. It can prove the password, not that the content is whole.

use super::block::{BLOCK, ecb};
use super::digest::Hash;
use super::{broken, split_package};
use crate::{Refusal, RefusalCode};

const ROUNDS: u32 = 50_000;

pub(super) struct Standard {
    key_bytes: usize,
    salt: Vec<u8>,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
}

impl Standard {
    /// What follows the version: flags, the header with its length, the verifier.
    pub(super) fn read(info: &[u8]) -> Result<Self, Refusal> {
        let fail = || broken("EncryptionInfo");
        let number = |at: usize| -> Option<u32> {
            info.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
        };
        let header = usize::try_from(number(4).ok_or_else(fail)?).map_err(|_| fail())?;
        // AES with 128, 192 or 256 bits; zero leaves it to the flags, which say AES here.
        if !matches!(number(16), Some(0 | 0x660E..=0x6610)) {
            return Err(Refusal::new(RefusalCode::Encrypted, "AES 以外の暗号"));
        }
        let key_bytes = match number(24) {
            Some(0 | 128) => 16,
            Some(192) => 24,
            Some(256) => 32,
            _ => return Err(fail()),
        };
        let verifier = info.get(header.checked_add(8).ok_or_else(fail)?..).ok_or_else(fail)?;
        let piece = |from: usize, to: usize| verifier.get(from..to).map(<[u8]>::to_vec).ok_or_else(fail);
        Ok(Self { key_bytes, salt: piece(4, 20)?, verifier: piece(20, 36)?, verifier_hash: piece(40, 72)? })
    }

    pub(super) fn open(&self, password: &[u8], package: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        let key = self.key(password);
        let mut verifier = self.verifier.clone();
        let mut expected = self.verifier_hash.clone();
        ecb(&key, &mut verifier)?;
        ecb(&key, &mut expected)?;
        if expected.get(..Hash::Sha1.size()) != Some(Hash::Sha1.of(&verifier, &[]).as_slice()) {
            return Ok(None);
        }
        let (size, data) = split_package(package)?;
        let mut content =
            data.get(..size.next_multiple_of(BLOCK).min(data.len())).unwrap_or_default().to_vec();
        ecb(&key, &mut content)?;
        content.truncate(size);
        Ok(Some(content))
    }

    fn key(&self, password: &[u8]) -> Vec<u8> {
        let hash = Hash::Sha1.rounds(&self.salt, password, ROUNDS);
        let hash = Hash::Sha1.of(&hash, &[0; 4]);
        let mixed = |pad: u8| {
            let mut bytes = [pad; 64];
            bytes.iter_mut().zip(&hash).for_each(|(byte, with)| *byte ^= with);
            Hash::Sha1.of(&bytes, &[])
        };
        let mut key = mixed(0x36);
        key.extend(mixed(0x5C));
        key.truncate(self.key_bytes);
        key
    }
}
