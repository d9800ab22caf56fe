//! Mail: Internet messages (EML, RFC 5322 and MIME), Outlook messages (MSG, [MS-OXMSG]) and `winmail.dat` (TNEF,
//! [MS-OXTNEF]). Each is read into one [`letter::Letter`] and written as a new message.
//!
//! Threats: headers that inject or lie, boundaries and transfer encodings that two readers take differently, HTML that
//! runs or fetches (tracking pictures), attachments of any kind, nested messages, signed and encrypted wrappers,
//! external bodies, a reminder sound on a foreign server (CVE-2023-23397), RTF bodies. Nothing of the original's
//! structure is copied; attachments are disarmed in place, and a report for the recipient is enclosed.

mod eml;
mod letter;
mod msg;
mod properties;
mod tnef;
mod write;

#[cfg(test)]
mod tests;

use crate::{
    Format, Refusal, RefusalCode, RemovalCode, TextPiece,
    context::Context,
    detect, disarm_in, extract_pieces, html,
    members::{Names, REPORT_NAME, Report, breaks_the_whole, renamed},
};
use letter::{Enclosure, Letter, lines};
use write::Part;

/// Enclosures of one message; a mail has a handful.
const MAX_ENCLOSURES: usize = 1_000;

/// Writes the message anew.
pub(crate) fn rebuild(input: &[u8], format: Format, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let mut letter = read(input, format, ctx)?;
    let enclosures = std::mem::take(&mut letter.enclosures);
    let mut report = Report::default();
    let mut names = Names::default();
    let mut parts = Vec::new();
    for (index, enclosure) in enclosures.iter().enumerate() {
        if let Some(part) = enclose(enclosure, index, &mut names, &mut report, ctx)? {
            parts.push(part);
        }
    }
    let mut shown: Vec<usize> = Vec::new();
    let source = letter.html.take();
    let html = source.as_deref().map(|source| body(source, &parts, &mut shown, ctx)).transpose()?;
    if letter.text.as_deref().is_none_or(|text| text.trim().is_empty()) {
        letter.text = source.as_deref().map(html::plain_text).transpose()?;
    }
    letter.text = letter.text.as_deref().map(lines);
    // A picture that the text does not show would be lost behind it: it stays as an attachment.
    for (index, part) in parts.iter_mut().enumerate() {
        part.content_id = shown.contains(&index).then(|| format!("part{index}@sekisho.invalid"));
    }
    if !enclosures.is_empty() {
        parts.push(Part {
            name: names.unique(REPORT_NAME),
            media: bare_media(Format::Txt),
            content_id: None,
            bytes: report.text().as_bytes().to_vec(),
        });
    }
    Ok(write::message(&letter, html.as_deref(), &parts))
}

/// Sender, subject, text, and the text of what is enclosed.
pub(crate) fn extract_text(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<Vec<TextPiece>, Refusal> {
    let mut letter = read(input, format, ctx)?;
    let mut pieces = Vec::new();
    let mut piece = |location: &str, text: String| {
        if !text.trim().is_empty() {
            pieces.push(TextPiece { location: location.to_owned(), text });
        }
    };
    piece("件名", letter.subject.clone());
    for (location, people) in [("差出人", &letter.from), ("宛先", &letter.to), ("Cc", &letter.cc)] {
        piece(location, people.iter().map(letter::Person::shown).collect::<Vec<_>>().join(", "));
    }
    let text = match letter.text.take().filter(|text| !text.trim().is_empty()) {
        Some(text) => text,
        None => html::plain_text(letter.html.as_deref().unwrap_or_default())?,
    };
    piece("本文", lines(&text));
    for enclosure in &letter.enclosures {
        let found = ctx.within(&enclosure.name, |ctx| {
            let format = detect(&enclosure.bytes, &enclosure.name).supported()?;
            extract_pieces(&enclosure.bytes, format, ctx)
        });
        match found {
            Ok(found) => pieces.extend(found.into_iter().map(|piece| TextPiece {
                location: format!("{} > {}", enclosure.name, piece.location),
                text: piece.text,
            })),
            Err(refusal) if breaks_the_whole(refusal.code) => return Err(refusal),
            // A picture has no text; what can't be read at all is the rebuild's matter.
            Err(_) => {}
        }
    }
    Ok(pieces)
}

fn read(input: &[u8], format: Format, ctx: &mut Context<'_>) -> Result<Letter, Refusal> {
    let mut letter = match format {
        Format::Msg => msg::read(input, ctx)?,
        Format::Tnef => tnef::read(input, ctx)?,
        _ => eml::read(input, ctx)?,
    };
    unpack_outlook(&mut letter, ctx)?;
    if letter.enclosures.len() > MAX_ENCLOSURES {
        return Err(Refusal::new(RefusalCode::Bomb, format!("添付 {MAX_ENCLOSURES}")));
    }
    Ok(letter)
}

/// `winmail.dat` is Outlook's wrapping of body and attachments: what it holds takes its place.
fn unpack_outlook(letter: &mut Letter, ctx: &mut Context<'_>) -> Result<(), Refusal> {
    let (wrapped, plain): (Vec<_>, Vec<_>) =
        std::mem::take(&mut letter.enclosures).into_iter().partition(|e| tnef::is_tnef(&e.bytes));
    letter.enclosures = plain;
    for enclosure in wrapped {
        let inner = ctx.within(&enclosure.name, |ctx| tnef::read(&enclosure.bytes, ctx))?;
        letter.text = letter.text.take().filter(|text| !text.trim().is_empty()).or(inner.text);
        letter.html = letter.html.take().or(inner.html);
        letter.enclosures.extend(inner.enclosures);
    }
    Ok(())
}

/// An attachment, disarmed in place; `None` when it does not cross, which the report says.
fn enclose(
    enclosure: &Enclosure,
    index: usize,
    names: &mut Names,
    report: &mut Report,
    ctx: &mut Context<'_>,
) -> Result<Option<Part>, Refusal> {
    let name = letter::file_name(&enclosure.name, &format!("添付{}", index + 1));
    let mark = ctx.removed_so_far().len();
    ctx.charge_member()?;
    ctx.charge_expanded(enclosure.bytes.len() as u64)?;
    match ctx.within(&name, |ctx| disarm_in(&enclosure.bytes, &name, ctx)) {
        Ok(new) => {
            let written = names.unique(&renamed(&name, new.format));
            report.kept(&name, &written, ctx.removed_so_far().get(mark..).unwrap_or_default());
            Ok(Some(Part {
                name: written,
                media: bare_media(new.format),
                content_id: enclosure.content_id.clone(),
                bytes: new.bytes,
            }))
        }
        Err(refusal) if breaks_the_whole(refusal.code) => Err(refusal),
        Err(refusal) => {
            ctx.forget_since(mark);
            report.left_out(&name, &refusal);
            let reason = refusal.reason(crate::Lang::Ja);
            ctx.removed(RemovalCode::Attachment, format!("{name}（{reason}）"));
            Ok(None)
        }
    }
}

/// The media type without its parameters.
fn bare_media(format: Format) -> &'static str {
    format.media_type().split(';').next().unwrap_or("application/octet-stream")
}

/// The HTML text, written anew. Pictures that came with the message are shown by new identifiers; what lies elsewhere
/// would tell the sender who read the mail and when.
fn body(
    source: &str,
    parts: &[Part],
    shown: &mut Vec<usize>,
    ctx: &mut Context<'_>,
) -> Result<String, Refusal> {
    ctx.charge_expanded(source.len() as u64)?;
    html::clean(source, ctx, &mut |address| {
        let (scheme, id) = address.split_at_checked(4)?;
        let id = id.replace("%40", "@");
        if !scheme.eq_ignore_ascii_case("cid:") {
            return None;
        }
        let is_it = |part: &Part| {
            part.media.starts_with("image/")
                && part.media != "image/svg+xml"
                && part.content_id.as_deref() == Some(id.as_str())
        };
        let index = parts.iter().position(is_it)?;
        shown.push(index);
        Some(format!("cid:part{index}@sekisho.invalid"))
    })
}
