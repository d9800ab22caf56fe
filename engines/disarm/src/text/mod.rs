//! Plain text and CSV.
mod encoding;
pub(crate) use encoding::decode;
use crate::{Format, Refusal, TextPiece, context::Context};
pub(crate) fn rebuild(_input: &[u8], _format: Format, _ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    Err(crate::Refusal::new(crate::RefusalCode::UnsupportedFormat, ""))
}
pub(crate) fn render(_pieces: Vec<TextPiece>, _ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    Err(crate::Refusal::new(crate::RefusalCode::UnsupportedFormat, ""))
}
pub(crate) fn extract_text(
    _input: &[u8],
    _format: Format,
    _ctx: &mut Context<'_>,
) -> Result<Vec<TextPiece>, Refusal> {
    Err(crate::Refusal::new(crate::RefusalCode::UnsupportedFormat, ""))
}
