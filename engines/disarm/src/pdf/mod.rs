//! PDF.
use crate::{Refusal, TextPiece, context::Context};
pub(crate) fn rebuild(_input: &[u8], _ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    Err(crate::Refusal::new(crate::RefusalCode::UnsupportedFormat, ""))
}
pub(crate) fn extract_text(_input: &[u8], _ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    Err(crate::Refusal::new(crate::RefusalCode::UnsupportedFormat, ""))
}
