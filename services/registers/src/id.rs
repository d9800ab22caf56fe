//! Identifiers of rows. A row keeps its identifier for life, whatever happens to its number or name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::RegistersError;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Characters behind `r_`.
const LENGTH: usize = 26;

/// A row's identifier: `r_` and 26 lower-case base32 characters (48 bits of time, 80 random bits). Never reused.
///
/// The time in front keeps rows that were added together near each other in the database's index; nobody may rely on
/// it for anything else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RowId(String);

impl RowId {
    /// A new identifier.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub(crate) fn new(now_ms: i64) -> Result<Self, RegistersError> {
        let mut random = [0u8; 10];
        getrandom::fill(&mut random).map_err(|error| RegistersError::Machine(error.to_string()))?;
        let time = now_ms.max(0).to_be_bytes();
        let bytes = time.into_iter().skip(2).chain(random);
        let mut text = String::with_capacity(LENGTH + 2);
        text.push_str("r_");
        let (mut held, mut bits) = (0u32, 0u32);
        for byte in bytes {
            held = ((held << 8) | u32::from(byte)) & 0xffff;
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                push(&mut text, held >> bits);
            }
        }
        push(&mut text, held << (5 - bits));
        Ok(Self(text))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn push(text: &mut String, index: u32) {
    if let Some(letter) = ALPHABET.get((index & 31) as usize) {
        text.push(char::from(*letter));
    }
}

/// The text is not a row's identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a row's identifier; it begins with `r_` and has 26 characters after that")]
pub struct RowIdError(String);

impl FromStr for RowId {
    type Err = RowIdError;
    fn from_str(text: &str) -> Result<Self, RowIdError> {
        let fits = text
            .strip_prefix("r_")
            .is_some_and(|rest| rest.len() == LENGTH && rest.bytes().all(|b| ALPHABET.contains(&b)));
        if fits { Ok(Self(text.to_owned())) } else { Err(RowIdError(text.to_owned())) }
    }
}

impl TryFrom<String> for RowId {
    type Error = RowIdError;
    fn try_from(text: String) -> Result<Self, RowIdError> {
        text.parse()
    }
}

impl From<RowId> for String {
    fn from(id: RowId) -> Self {
        id.0
    }
}

impl AsRef<str> for RowId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_identifier_is_read_back_and_differs_from_the_next() {
        let one = RowId::new(1_795_392_000_000).unwrap();
        let two = RowId::new(1_795_392_000_000).unwrap();
        assert_ne!(one, two);
        assert_eq!(one.as_str().parse::<RowId>().unwrap(), one);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "r_", "r_ABC", "p_aaaaaaaaaaaaaaaaaaaaaaaaaa", "r_aaaaaaaaaaaaaaaaaaaaaaaaa1", "r_あ"]
        {
            assert!(text.parse::<RowId>().is_err(), "{text}");
        }
    }
}
