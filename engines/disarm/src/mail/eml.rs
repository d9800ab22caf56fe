//! Internet messages, read by `mail-parser`, which forgives what mail programs do; what two programs could read in two
//! ways is decided here once and written one way.

use encoding_rs::ISO_2022_JP;
use mail_parser::{
    Address, Encoding, HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders as _,
    PartType,
};

use super::letter::{Enclosure, Letter, Person, file_name, identifier, one_line};
use crate::{Format, Refusal, RefusalCode, RemovalCode, context::Context, text};

/// Reads a message.
pub(super) fn read(input: &[u8], ctx: &mut Context<'_>) -> Result<Letter, Refusal> {
    let message = MessageParser::default()
        .parse(input)
        .ok_or_else(|| Refusal::new(RefusalCode::Malformed, "メールのヘッダーがありません"))?;
    note_headers(&message, ctx);
    let mut letter = Letter {
        from: people(message.from()),
        to: people(message.to()),
        cc: people(message.cc()),
        reply_to: people(message.reply_to()),
        date: message.date().filter(|date| date.is_valid()).map(mail_parser::DateTime::to_rfc822),
        subject: subject(&message),
        message_id: message.message_id().and_then(identifier),
        in_reply_to: identifiers(message.in_reply_to()),
        references: identifiers(message.references()),
        ..Letter::default()
    };
    let first_text = message.text_body.iter().find(|id| message.part(**id).is_some_and(is_plain));
    let first_html = message.html_body.iter().find(|id| message.part(**id).is_some_and(is_html));
    letter.text = first_text.and_then(|id| message.part(*id)).map(|part| body(part, input));
    letter.html = first_html.and_then(|id| message.part(*id)).map(|part| body(part, input));
    for (index, part) in message.parts.iter().enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        if Some(&number) == first_text || Some(&number) == first_html || part.is_multipart() {
            continue;
        }
        enclose(part, index, input, &mut letter, ctx)?;
    }
    Ok(letter)
}

fn is_plain(part: &MessagePart<'_>) -> bool {
    matches!(part.body, PartType::Text(_))
}

fn is_html(part: &MessagePart<'_>) -> bool {
    matches!(part.body, PartType::Html(_))
}

/// A part that is no body: a file, a nested message, or a wrapper that can't cross.
fn enclose(
    part: &MessagePart<'_>,
    index: usize,
    input: &[u8],
    letter: &mut Letter,
    ctx: &mut Context<'_>,
) -> Result<(), Refusal> {
    let media = part.content_type().map(|found| {
        format!("{}/{}", found.ctype(), found.subtype().unwrap_or_default()).to_ascii_lowercase()
    });
    let media = media.unwrap_or_default();
    let name = part.attachment_name().unwrap_or_default();
    let shown = if name.is_empty() { media.clone() } else { one_line(name, 120) };
    match media.as_str() {
        "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-signature" => {
            ctx.removed(RemovalCode::Signature, shown);
            return Ok(());
        }
        "application/pkcs7-mime" | "application/x-pkcs7-mime" | "application/pgp-encrypted" => {
            return Err(Refusal::new(RefusalCode::Encrypted, "S/MIME・PGP で暗号化または署名されたメール"));
        }
        "message/external-body" | "message/partial" => {
            ctx.removed(RemovalCode::ExternalLink, shown);
            return Ok(());
        }
        "message/delivery-status" | "text/rfc822-headers" | "message/disposition-notification" => {
            let text = part
                .text_contents()
                .map_or_else(|| String::from_utf8_lossy(part.contents()).into_owned(), ToOwned::to_owned);
            letter.enclosures.push(Enclosure {
                name: "配送状況.txt".to_owned(),
                content_id: None,
                bytes: text.into_bytes(),
            });
            return Ok(());
        }
        _ => {}
    }
    let (bytes, otherwise): (Vec<u8>, String) = match &part.body {
        PartType::Message(inner) => (inner.raw_message().to_vec(), format!("転送メール{index}.eml")),
        PartType::Text(_) => (body(part, input).into_bytes(), format!("本文{index}.txt")),
        PartType::Html(_) => (body(part, input).into_bytes(), format!("本文{index}.html")),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            (bytes.to_vec(), format!("添付{index}{}", extension_of(&media)))
        }
        PartType::Multipart(_) => return Ok(()),
    };
    if bytes.is_empty() {
        return Ok(());
    }
    if !is_known(&media, name) || bytes.starts_with(b"ActiveMime") {
        ctx.removed(RemovalCode::Attachment, format!("{shown}（{}）", one_line(&media, 80)));
        return Ok(());
    }
    let mut name = file_name(name, &otherwise);
    if matches!(part.body, PartType::Message(_)) && !name.to_lowercase().ends_with(".eml") {
        name.push_str(".eml");
    }
    let content_id = part.content_id().map(|id| id.trim_matches(['<', '>']).to_owned());
    letter.enclosures.push(Enclosure { name, content_id, bytes });
    Ok(())
}

/// A part that says what it is, by a type or a name that this engine knows, or nothing. What only one program understands
/// (as `application/x-mso`, in which Word hides macros) is no attachment of a person's, whatever its bytes look like.
fn is_known(media: &str, name: &str) -> bool {
    let (kind, what) = media.split_once('/').unwrap_or_default();
    let named = name.rsplit_once('.').and_then(|(_, extension)| Format::from_extension(extension));
    let by_type = || Format::ALL.iter().any(|format| format.media_type().split(';').next() == Some(media));
    match kind {
        "application" => {
            named.is_some()
                || by_type()
                || what == "octet-stream"
                || (!what.contains("mso") && !name.is_empty())
        }
        _ => true,
    }
}

/// An extension for the few media types that come without a name.
fn extension_of(media: &str) -> &'static str {
    match media {
        "image/jpeg" => ".jpg",
        "image/png" => ".png",
        "image/gif" => ".gif",
        "application/pdf" => ".pdf",
        "application/ms-tnef" => ".tnef",
        _ => "",
    }
}

/// The text of a part; one that names no charset and is no UTF-8 is decoded as Japanese mail usually is.
fn body(part: &MessagePart<'_>, input: &[u8]) -> String {
    let declared = part.content_type().is_some_and(|found| found.has_attribute("charset"));
    let raw = usize::try_from(part.offset_body)
        .ok()
        .zip(usize::try_from(part.offset_end).ok())
        .and_then(|(start, end)| input.get(start..end));
    let decoded = match (declared, part.encoding, raw) {
        (false, Encoding::None, Some(raw)) => text::decode(raw).map(|found| found.text),
        _ => None,
    };
    decoded.or_else(|| part.text_contents().map(ToOwned::to_owned)).unwrap_or_default()
}

fn people(address: Option<&Address<'_>>) -> Vec<Person> {
    let Some(address) = address else { return Vec::new() };
    address
        .iter()
        .take(500)
        .map(|found| Person::new(found.name().unwrap_or_default(), found.address().unwrap_or_default()))
        .collect()
}

fn identifiers(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(text) => text.split_whitespace().filter_map(identifier).take(50).collect(),
        HeaderValue::TextList(list) => list.iter().filter_map(|id| identifier(id)).take(50).collect(),
        _ => Vec::new(),
    }
}

/// The subject; old Japanese programs write JIS into the header as it is.
fn subject(message: &Message<'_>) -> String {
    let found = message.subject().unwrap_or_default();
    let raw = message.header_raw(HeaderName::Subject).unwrap_or_default();
    let bare = raw
        .contains("\u{1b}$")
        .then(|| ISO_2022_JP.decode_without_bom_handling(raw.as_bytes()))
        .filter(|(_, broken)| !broken)
        .map(|(text, _)| text.into_owned());
    one_line(bare.as_deref().unwrap_or(found), 900)
}

/// Names what stays behind and what two programs would read in two ways.
fn note_headers(message: &Message<'_>, ctx: &mut Context<'_>) {
    let mut extra = 0_usize;
    for name in ["From", "Subject", "Date", "To", "Content-Type"] {
        let count =
            message.headers().iter().filter(|header| header.name().eq_ignore_ascii_case(name)).count();
        if count > 1 {
            ctx.removed(RemovalCode::Header, format!("{name} が {count} 個ありました"));
        }
    }
    let kept = [
        "from",
        "to",
        "cc",
        "reply-to",
        "date",
        "subject",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
    ];
    for header in message.headers() {
        if !kept.contains(&header.name().to_ascii_lowercase().as_str()) {
            extra += 1;
        }
    }
    if extra > 0 {
        ctx.removed(RemovalCode::Metadata, format!("配送経路などのヘッダー（{extra} 行）"));
    }
}
