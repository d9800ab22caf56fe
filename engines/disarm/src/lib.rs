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
mod cad;
mod calendar;
#[cfg(test)]
mod cases;
mod catalogue;
mod compound;
mod context;
mod detect;
mod doc;
mod encrypted;
mod flow;
mod font;
mod html;
mod json;
mod mail;
mod members;
mod metafile;
mod odf;
mod officeart;
mod ooxml;
mod options;
mod outcome;
mod pdf;
mod ppt;
mod raster;
mod rtf;
mod svg;
mod text;
mod vba;
mod workbook;
mod xls;
mod xlsb;
mod xml_doc;
mod zip;

pub use catalogue::{Explanation, explain, explanations};
pub use detect::{Detection, detect};
pub use font::set_fallback_font;
pub use options::{Lang, Method, Options, TextEncoding};
pub use outcome::{Disarmed, Refusal, RefusalCode, RemovalCode, Removed, TextPiece, Threat};
pub use sekisho_verify::{Format, Limits, VerifyFailure, verify, verify_keeping};
pub use vba::{MacroKind, MacroModule, MacroProject};

use context::Context;

/// Disarms one document.
///
/// The declared name in `options.name` serves only for reporting a mismatch; the type is taken from the content.
///
/// # Errors
/// A [`Refusal`] says why nothing was written and what the sender can do instead. A refused input has no output:
/// there is no partial result.
pub fn disarm(input: &[u8], options: &Options) -> Result<Disarmed, Refusal> {
    let mut fell_back = Vec::new();
    let mut first = None;
    for method in std::iter::once(options.method).chain(options.fallback.iter().copied()) {
        let attempt = Options { method, ..options.clone() };
        let mut ctx = Context::new(&attempt);
        match disarm_in(input, &options.name, &mut ctx) {
            Ok(document) => return Ok(Disarmed { fell_back, ..document }),
            Err(refusal) if refusal.code.another_method_may_serve() => {
                first.get_or_insert_with(|| refusal.clone());
                fell_back.push((method, refusal));
            }
            Err(refusal) => return Err(refusal),
        }
    }
    Err(first.unwrap_or_else(|| Refusal::new(RefusalCode::MethodUnsupported, "")))
}

/// The same within a running budget, so that members of an archive share the limits of the whole.
pub(crate) fn disarm_in(input: &[u8], name: &str, ctx: &mut Context<'_>) -> Result<Disarmed, Refusal> {
    if input.is_empty() {
        return Err(Refusal::new(RefusalCode::Empty, ""));
    }
    ctx.charge_input(input.len() as u64)?;
    let detection = detect(input, name);
    ctx.note_mismatch(&detection);
    if detection.is_encrypted_office() {
        let inner = unlock(input, ctx)?;
        ctx.removed(RemovalCode::PasswordRemoved, "文書全体");
        return disarm_in(&inner, "", ctx);
    }
    let format = detection.supported()?;
    let (bytes, format) = match ctx.options().method {
        // Containers hold documents; the method is meant for those.
        _ if format.is_archive() => rebuild(input, format, ctx)?,
        Method::Rebuild => rebuild(input, format, ctx)?,
        Method::Image => picture_of(input, format, ctx)?,
        Method::Text => text_of(input, format, ctx)?,
    };
    // An archive's members were charged one by one.
    if !format.is_archive() {
        ctx.charge_output(bytes.len() as u64)?;
    }
    Ok(Disarmed {
        bytes,
        format,
        method: ctx.options().method,
        removed: ctx.take_removed(),
        fell_back: Vec::new(),
        kept_macros: ctx.take_kept_macros(),
    })
}

/// The package behind a password. It is a ZIP; a further compound file inside would only serve to nest.
fn unlock(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let inner = encrypted::open(input, ctx)?;
    if inner.starts_with(b"PK") {
        Ok(inner)
    } else {
        Err(Refusal::new(RefusalCode::Malformed, "EncryptedPackage"))
    }
}

/// サニタイズ: the same or the successor format.
fn rebuild(input: &[u8], format: Format, ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    match format {
        f if f.is_ooxml() => ooxml::rebuild(input, f, ctx),
        f if f.is_odf() => odf::rebuild(input, f, ctx),
        f if f.is_raster() => raster::rebuild(input, f, ctx),
        Format::Emf | Format::Wmf => raster::draw_metafile(input, ctx),
        Format::Heic => raster::from_heic(input, ctx),
        Format::Svg => Ok((svg::rebuild(input, ctx)?, Format::Svg)),
        Format::Pdf => Ok((pdf::rebuild(input, ctx)?, Format::Pdf)),
        Format::Rtf => rtf::rebuild(input, ctx),
        Format::Doc => doc::rebuild(input, ctx),
        f @ (Format::Txt | Format::Csv) => Ok((text::rebuild(input, f, ctx)?, f)),
        Format::Ppt => ppt::rebuild(input, ctx),
        Format::Xls => xls::rebuild(input, ctx),
        Format::Xlsb => xlsb::rebuild(input, ctx),
        Format::Json => Ok((json::rebuild(input, ctx)?, Format::Json)),
        f @ (Format::Ics | Format::Vcf) => Ok((calendar::rebuild(input, f, ctx)?, f)),
        Format::Xml => Ok((xml_doc::rebuild(input, ctx)?, Format::Xml)),
        f @ (Format::Dxf | Format::Sfc | Format::P21) => Ok((cad::rebuild(input, f, ctx)?, f)),
        Format::Html => Ok((html::rebuild(input, ctx)?, Format::Html)),
        f if f.is_archive() => Ok((archive::rebuild(input, f, ctx)?, Format::Zip)),
        f @ (Format::Eml | Format::Msg | Format::Tnef) => Ok((mail::rebuild(input, f, ctx)?, Format::Eml)),
        f => Err(Refusal::new(RefusalCode::UnsupportedFormat, f.extension())),
    }
}

/// 画像化: pixels.
fn picture_of(input: &[u8], format: Format, ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    match format {
        f if f.is_raster() => raster::rebuild(input, f, ctx),
        Format::Emf | Format::Wmf => raster::draw_metafile(input, ctx),
        Format::Heic => raster::from_heic(input, ctx),
        Format::Pdf => Ok((pdf::picture_of(input, ctx)?, Format::Pdf)),
        Format::Svg => raster::draw_svg(input, ctx),
        f => Err(Refusal::new(RefusalCode::MethodUnsupported, f.extension())),
    }
}

/// テキスト抽出: text only.
fn text_of(input: &[u8], format: Format, ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    match format {
        Format::Txt | Format::Csv => Ok((text::rebuild(input, Format::Txt, ctx)?, Format::Txt)),
        f => text::render(extract_pieces(input, f, ctx)?, ctx),
    }
}

/// The text of a document, piece by piece with its place, for searches and previews.
///
/// # Errors
/// As [`disarm`].
pub fn extract_text(input: &[u8], options: &Options) -> Result<Vec<TextPiece>, Refusal> {
    let mut ctx = Context::new(options);
    let detection = detect(input, &options.name);
    if detection.is_encrypted_office() {
        let inner = unlock(input, &mut ctx)?;
        return extract_pieces(&inner, detect(&inner, "").supported()?, &mut ctx);
    }
    extract_pieces(input, detection.supported()?, &mut ctx)
}

/// The VBA projects of a document with the source of their modules, for those who approve macros. A document without
/// macros, or of a format that has none, gives none.
///
/// # Errors
/// As [`disarm`]; a project that can't be read is `Malformed` and can't be approved.
pub fn macros(input: &[u8], options: &Options) -> Result<Vec<MacroProject>, Refusal> {
    let mut ctx = Context::new(options);
    ctx.charge_input(input.len() as u64)?;
    if detect(input, &options.name).is_encrypted_office() {
        return vba::projects(&unlock(input, &mut ctx)?, &mut ctx);
    }
    vba::projects(input, &mut ctx)
}

pub(crate) fn extract_pieces(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<Vec<TextPiece>, Refusal> {
    match format {
        f if f.is_ooxml() => ooxml::extract_text(input, f, ctx),
        f if f.is_odf() => odf::extract_text(input, f, ctx),
        Format::Ppt => ppt::extract_text(input, ctx),
        Format::Xls => xls::extract_text(input, ctx),
        Format::Xlsb => xlsb::extract_text(input, ctx),
        Format::Pdf => pdf::extract_text(input, ctx),
        Format::Svg => svg::extract_text(input, ctx),
        Format::Rtf => rtf::extract_text(input, ctx),
        Format::Doc => doc::extract_text(input, ctx),
        Format::Txt | Format::Csv => text::extract_text(input, format, ctx),
        Format::Html => html::extract_text(input, ctx),
        f @ (Format::Dxf | Format::Sfc | Format::P21) => cad::extract_text(input, f, ctx),
        Format::Xml => xml_doc::extract_text(input, ctx),
        f @ (Format::Ics | Format::Vcf) => calendar::extract_text(input, f, ctx),
        Format::Json => json::extract_text(input, ctx),
        f if f.is_archive() => archive::extract_text(input, f, ctx),
        f @ (Format::Eml | Format::Msg | Format::Tnef) => mail::extract_text(input, f, ctx),
        f => Err(Refusal::new(RefusalCode::MethodUnsupported, f.extension())),
    }
}
