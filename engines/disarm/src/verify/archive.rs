//! Reads back.
use crate::{Limits, VerifyFailure};
pub(super) fn verify(_o: &[u8], _l: &Limits) -> Result<(), VerifyFailure> {
    Err(VerifyFailure::new("", "no reader yet"))
}
