//! How a verb ends other than well: which exit code, and what is said about it.

use std::fmt::Display;

/// An end with an exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    /// 1: refused or failed, 2: misuse.
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl Failure {
    /// The work was done and the answer is no.
    pub(crate) fn refused(message: impl Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    /// The call can't be carried out as given.
    pub(crate) fn misuse(message: impl Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }
}

/// Whatever a service reports ends the verb as failed.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::refused(error)
    }
}
