//! Pictures.
use crate::{Format, Refusal, context::Context};
pub(crate) fn rebuild(
    _input: &[u8],
    _format: Format,
    _ctx: &mut Context<'_>,
) -> Result<(Vec<u8>, Format), Refusal> {
    Err(crate::Refusal::new(crate::RefusalCode::UnsupportedFormat, ""))
}
/// A picture inside another document (OOXML media, PDF image): decoded and written anew as PNG or JPEG.
pub(crate) fn reencode(_input: &[u8], _ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    Err(crate::Refusal::new(crate::RefusalCode::UnsupportedFormat, ""))
}
