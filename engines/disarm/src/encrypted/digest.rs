//! The hashes that encryption names, and the rounds that make guessing slow.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A hash by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "SHA1" | "SHA-1" => Some(Self::Sha1),
            "SHA256" | "SHA-256" => Some(Self::Sha256),
            "SHA384" | "SHA-384" => Some(Self::Sha384),
            "SHA512" | "SHA-512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Bytes that it gives.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of two pieces in a row.
    pub(super) fn of(self, first: &[u8], second: &[u8]) -> Vec<u8> {
        fn run<D: Digest>(first: &[u8], second: &[u8]) -> Vec<u8> {
            let mut digest = D::new();
            digest.update(first);
            digest.update(second);
            digest.finalize().to_vec()
        }
        match self {
            Self::Sha1 => run::<Sha1>(first, second),
            Self::Sha256 => run::<Sha256>(first, second),
            Self::Sha384 => run::<Sha384>(first, second),
            Self::Sha512 => run::<Sha512>(first, second),
        }
    }

    /// Salt and password, then the number of each round and the hash of the one before.
    pub(super) fn rounds(self, salt: &[u8], password: &[u8], rounds: u32) -> Vec<u8> {
        (0..rounds).fold(self.of(salt, password), |hash, round| self.of(&round.to_le_bytes(), &hash))
    }

    /// Is this the keyed hash of the data?
    pub(super) fn proves(self, key: &[u8], data: &[u8], expected: &[u8]) -> bool {
        macro_rules! check {
            ($hash:ty) => {
                Hmac::<$hash>::new_from_slice(key)
                    .is_ok_and(|mac| mac.chain_update(data).verify_slice(expected).is_ok())
            };
        }
        match self {
            Self::Sha1 => check!(Sha1),
            Self::Sha256 => check!(Sha256),
            Self::Sha384 => check!(Sha384),
            Self::Sha512 => check!(Sha512),
        }
    }
}
