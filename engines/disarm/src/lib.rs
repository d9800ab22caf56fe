//! Content disarm and reconstruction (無害化): an untrusted document goes in, a new document comes out that was
//! written from a positive list, and a second reader agrees with it before anybody may use it.
//!
//! The room never passes input bytes through, never opens a file or a socket, and never decides policy: which
//! method applies, which limits hold and who approves is the caller's matter. Parsing is meant to run inside the
//! sandbox of `services/worker`; nothing here relies on that.
//!
//! [`disarm`] detects the type by content, rebuilds and reports; [`verify`] re-reads an output with code that
//! shares nothing with the writers; [`extract_text`] gives the text for searches and previews.

mod archive;
mod catalogue;
mod context;
mod detect;
mod format;
mod ooxml;
mod options;
mod outcome;
mod pdf;
mod raster;
mod text;
mod verify;
mod zip;

pub use catalogue::{Explanation, explain, explanations};
pub use detect::{Detection, detect};
pub use format::Format;
pub use options::{Lang, Limits, Method, Options};
pub use outcome::{Disarmed, Refusal, RefusalCode, RemovalCode, Removed, TextPiece, Threat, VerifyFailure};

use context::Context;

/// Disarms one document.
///
/// The declared name in `options.name` serves only for reporting a mismatch; the type is taken from the content.
///
/// # Errors
/// A [`Refusal`] says why nothing was written and what the sender can do instead. A refused input has no output:
/// there is no partial result.
pub fn disarm(input: &[u8], options: &Options) -> Result<Disarmed, Refusal> {
    let mut ctx = Context::new(options);
    disarm_in(input, &options.name, &mut ctx)
}

/// The same within a running budget, so that members of an archive share the limits of the whole.
pub(crate) fn disarm_in(input: &[u8], name: &str, ctx: &mut Context<'_>) -> Result<Disarmed, Refusal> {
    if input.is_empty() {
        return Err(Refusal::new(RefusalCode::Empty, ""));
    }
    ctx.charge_input(input.len() as u64)?;
    let detection = detect(input, name);
    ctx.note_mismatch(&detection);
    let format = detection.supported()?;
    let (bytes, format) = match (ctx.options().method, format) {
        (Method::Text, Format::Txt | Format::Csv) => (text::rebuild(input, Format::Txt, ctx)?, Format::Txt),
        (Method::Text, _) => text::render(extract_pieces(input, format, ctx)?, ctx)?,
        (Method::Image, f) if !f.is_raster() && f != Format::Zip => {
            return Err(Refusal::new(RefusalCode::MethodUnsupported, f.extension()));
        }
        (_, f) if f.is_ooxml() => ooxml::rebuild(input, f, ctx)?,
        (_, f) if f.is_raster() => raster::rebuild(input, f, ctx)?,
        (_, Format::Pdf) => (pdf::rebuild(input, ctx)?, Format::Pdf),
        (_, f @ (Format::Txt | Format::Csv)) => (text::rebuild(input, f, ctx)?, f),
        (_, Format::Zip) => (archive::rebuild(input, ctx)?, Format::Zip),
        (_, f) => return Err(Refusal::new(RefusalCode::UnsupportedFormat, f.extension())),
    };
    // An archive's members were charged one by one.
    if format != Format::Zip {
        ctx.charge_output(bytes.len() as u64)?;
    }
    Ok(Disarmed { bytes, format, method: ctx.options().method, removed: ctx.take_removed() })
}

/// Re-reads an output with independent code and checks it against the positive list of its format.
///
/// # Errors
/// [`VerifyFailure`] names the first thing that the list does not allow; such an output must not be released.
pub fn verify(output: &[u8], format: Format, limits: &Limits) -> Result<(), VerifyFailure> {
    verify::verify(output, format, limits)
}

/// The text of a document, piece by piece with its place, for searches and previews.
///
/// # Errors
/// As [`disarm`].
pub fn extract_text(input: &[u8], options: &Options) -> Result<Vec<TextPiece>, Refusal> {
    let mut ctx = Context::new(options);
    let format = detect(input, &options.name).supported()?;
    extract_pieces(input, format, &mut ctx)
}

pub(crate) fn extract_pieces(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<Vec<TextPiece>, Refusal> {
    match format {
        f if f.is_ooxml() => ooxml::extract_text(input, f, ctx),
        Format::Pdf => pdf::extract_text(input, ctx),
        Format::Txt | Format::Csv => text::extract_text(input, format, ctx),
        Format::Zip => archive::extract_text(input, ctx),
        f => Err(Refusal::new(RefusalCode::MethodUnsupported, f.extension())),
    }
}
