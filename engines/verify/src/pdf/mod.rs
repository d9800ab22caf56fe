//! The second reader of PDF: accepts the narrow form in which this engine writes, and nothing else.
//!
//! It shares no code with the writer. The file must be one run of numbered objects with a plain cross-reference
//! table and not a byte between them; every object must be reached from the catalogue in one role; every
//! dictionary may hold only the keys of its role; every content stream may hold only known operators.

mod content;
mod file;
mod keys;
mod roles;

use crate::{Limits, VerifyFailure};

pub(super) fn verify(output: &[u8], limits: &Limits) -> Result<(), VerifyFailure> {
    let file = file::read(output, limits)?;
    roles::check(&file, limits)
}

#[cfg(test)]
mod tests;
