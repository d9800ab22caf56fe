//! Typed identifiers of registers and fields. Their forms are narrow on purpose: they become names of SQL tables
//! and columns, headers of files and parts of addresses, and must need no quoting in any of them.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::keywords;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The form is wrong.
    #[error(
        "`{0}` is not the id of a register; use a-z, then 1 to 40 of a-z, 0-9 and `-`, not ending with `-`"
    )]
    Register(String),
    /// The form is wrong.
    #[error("`{0}` is not the id of a field; use a-z, then up to 40 of a-z, 0-9 and `_`")]
    Field(String),
    /// SQL has another meaning for the word.
    #[error(
        "`{0}` is a word of SQL and can't be the id of a field; choose another word, for instance `{0}_name`"
    )]
    Keyword(String),
}

/// The id of a register (台帳): `[a-z][a-z0-9-]{1,40}`, neither ending with `-` nor with `-h`
/// (the table of the history of `NAME` is called `reg_NAME_h`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegisterId(String);

/// The id of a field (項目): `[a-z][a-z0-9_]{0,40}`, never a keyword of SQL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldId(String);

impl RegisterId {
    /// Checks the form.
    ///
    /// # Errors
    /// When the text is not of the form of a register's id.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let fit = (2..=41).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.ends_with('-')
            && !text.ends_with("-h");
        if fit { Ok(Self(text)) } else { Err(IdError::Register(text)) }
    }
}

impl FieldId {
    /// Checks the form and that SQL has no other meaning for it.
    ///
    /// # Errors
    /// When the text is not of the form of a field's id or is a keyword of SQL.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let fit = (1..=41).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !fit {
            return Err(IdError::Field(text));
        }
        if keywords::is_reserved(&text) { Err(IdError::Keyword(text)) } else { Ok(Self(text)) }
    }
}

macro_rules! text_like {
    ($($name:ident)*) => {$(
        impl $name {
            /// The identifier as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

text_like! { RegisterId FieldId }
