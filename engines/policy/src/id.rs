//! Typed identifiers. A bare string never stands for a zone, a unit or a role outside this file.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an identifier; use 1 to 64 of a-z, 0-9 and `-`, and neither begin nor end with `-`")]
pub struct IdError(String);

/// 1 to 64 characters of `a-z`, `0-9` and `-`, not beginning or ending with `-`.
pub(crate) fn well_formed(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the form only; whether the thing is declared is the policy's business.
            ///
            /// # Errors
            /// When the text is not 1 to 64 of `a-z`, `0-9` and `-`, or begins or ends with `-`.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                if well_formed(&text) { Ok(Self(text)) } else { Err(IdError(text)) }
            }

            /// The identifier as written in the policy.
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

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
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

id! {
    /// A body of clause 4(1) (行政機関).
    BodyId
    /// A unit of the organisation (部・課・係).
    UnitId
    /// A zone (領域).
    ZoneId
    /// A conduit between two zones (通信経路).
    ConduitId
    /// A role (役割).
    RoleId
    /// A route of approval (承認経路).
    RouteId
    /// A class of information assets (情報資産の分類).
    ClassId
    /// An older classification scheme that is mapped to the classes (旧分類).
    SchemeId
}
