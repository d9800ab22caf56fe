//! Outlook messages ([MS-OXMSG]): a compound file with a storage for each recipient and attachment, whose streams are
//! MAPI properties. Nothing is carried over but the properties of a letter.

use super::letter::{Enclosure, Letter, Person, file_name, identifier, one_line};
use super::properties::{Properties, decompressed_rtf, id, kind};
use super::write;
use crate::{
    Refusal, RefusalCode, RemovalCode,
    compound::{Compound, Entry},
    context::Context,
};

/// Reads a message.
pub(super) fn read(input: &[u8], ctx: &mut Context<'_>) -> Result<Letter, Refusal> {
    let file = Compound::read(input)?;
    let root = file.root().ok_or_else(|| Refusal::new(RefusalCode::Malformed, "MSG"))?;
    storage(&file, &root, 0, ctx)
}

/// A message that is a storage: the whole file, or one embedded in another.
fn storage(file: &Compound<'_>, at: &Entry, depth: u32, ctx: &mut Context<'_>) -> Result<Letter, Refusal> {
    if depth > ctx.limits().depth {
        return Err(Refusal::new(RefusalCode::TooDeep, format!("depth {}", ctx.limits().depth)));
    }
    // The property stream of a message begins after a header whose length tells the outermost from the embedded.
    let properties = properties(file, at, if depth == 0 { 32 } else { 24 }, 0, ctx)?;
    let page = properties.code_page;
    let mut letter = letter_of(&properties, ctx);
    for child in file.children(at) {
        if child.is_storage && child.name.starts_with("__recip_version1.0_") {
            let found = self::properties(file, &child, 8, page, ctx)?;
            let address = [id::SMTP_ADDRESS, id::EMAIL_ADDRESS].map(|id| found.text(id));
            let address = address.iter().find(|address| address.contains('@')).cloned().unwrap_or_default();
            let person = Person::new(&found.text(id::DISPLAY_NAME), &address);
            match found.integer(id::RECIPIENT_TYPE) {
                Some(2) => letter.cc.push(person),
                Some(3) => {}
                _ => letter.to.push(person),
            }
        } else if child.is_storage && child.name.starts_with("__attach_version1.0_") {
            attachment(file, &child, page, depth, &mut letter, ctx)?;
        }
    }
    Ok(letter)
}

/// What the properties of a message say; TNEF has the same.
pub(super) fn letter_of(properties: &Properties, ctx: &mut Context<'_>) -> Letter {
    let address = [id::SENDER_SMTP_ADDRESS, id::SENDER_EMAIL].map(|id| properties.text(id));
    let address = address.iter().find(|address| address.contains('@')).cloned().unwrap_or_default();
    let sender = Person::new(&properties.text(id::SENDER_NAME), &address);
    let ids = |id: u16| -> Vec<String> {
        properties.text(id).split_whitespace().filter_map(identifier).take(50).collect()
    };
    if properties.has(id::REMINDER_FILE) {
        ctx.removed(RemovalCode::ExternalLink, "アラーム音の参照先");
    }
    let text = Some(properties.text(id::BODY)).filter(|text| !text.is_empty());
    let html = Some(properties.text(id::BODY_HTML)).filter(|html| !html.is_empty());
    let mut letter = Letter {
        from: vec![sender],
        date: properties.time(id::CLIENT_SUBMIT_TIME).or_else(|| properties.time(id::DELIVERY_TIME)),
        subject: one_line(&properties.text(id::SUBJECT), 900),
        message_id: identifier(&properties.text(id::INTERNET_MESSAGE_ID)),
        in_reply_to: ids(id::IN_REPLY_TO),
        references: ids(id::INTERNET_REFERENCES),
        text,
        html,
        ..Letter::default()
    };
    let most = usize::try_from(ctx.expandable()).unwrap_or(usize::MAX).min(64 << 20);
    // A body that exists as RTF only crosses as a document of its own.
    if letter.text.is_none()
        && letter.html.is_none()
        && let Some(rtf) =
            properties.bytes(id::RTF_COMPRESSED).and_then(|packed| decompressed_rtf(packed, most))
    {
        letter.enclosures.push(Enclosure { name: "本文.rtf".to_owned(), content_id: None, bytes: rtf });
    }
    letter
}

fn attachment(
    file: &Compound<'_>,
    at: &Entry,
    page: u32,
    depth: u32,
    letter: &mut Letter,
    ctx: &mut Context<'_>,
) -> Result<(), Refusal> {
    let found = properties(file, at, 8, page, ctx)?;
    let name = [id::ATTACH_LONG_FILENAME, id::ATTACH_FILENAME, id::DISPLAY_NAME].map(|id| found.text(id));
    let name = name.iter().find(|name| !name.is_empty()).cloned().unwrap_or_default();
    let content_id = Some(found.text(id::ATTACH_CONTENT_ID)).filter(|id| !id.is_empty());
    let embedded = file
        .children(at)
        .into_iter()
        .find(|child| child.is_storage && child.name.eq_ignore_ascii_case("__substg1.0_3701000D"));
    if let Some(embedded) = embedded {
        let children = file.children(&embedded);
        if !children.iter().any(|child| child.name.starts_with("__properties_version1.0")) {
            ctx.removed(RemovalCode::EmbeddedObject, one_line(&name, 120));
            return Ok(());
        }
        let inner = storage(file, &embedded, depth + 1, ctx)?;
        let name = file_name(&name, "転送メール");
        letter.enclosures.push(Enclosure {
            name: format!("{name}.eml"),
            content_id: None,
            bytes: raw(inner),
        });
        return Ok(());
    }
    match found.bytes(id::ATTACH_DATA) {
        Some(bytes) if found.kind(id::ATTACH_DATA) == Some(kind::BINARY) => {
            let name = file_name(&name, "添付");
            letter.enclosures.push(Enclosure { name, content_id, bytes: bytes.to_vec() });
        }
        // By reference: a path to a file elsewhere.
        _ => ctx.removed(RemovalCode::ExternalLink, one_line(&name, 120)),
    }
    Ok(())
}

/// An embedded message as a message, still with its attachments as they came: it is disarmed as an attachment is.
pub(super) fn raw(letter: Letter) -> Vec<u8> {
    let parts: Vec<write::Part> = letter
        .enclosures
        .iter()
        .map(|enclosure| write::Part {
            name: enclosure.name.clone(),
            media: "application/octet-stream",
            content_id: enclosure.content_id.as_deref().and_then(identifier),
            bytes: enclosure.bytes.clone(),
        })
        .collect();
    write::message(&letter, letter.html.as_deref(), &parts)
}

/// The fixed-length properties of the property stream and the others, each a stream of its own.
fn properties(
    file: &Compound<'_>,
    at: &Entry,
    header: usize,
    page: u32,
    ctx: &mut Context<'_>,
) -> Result<Properties, Refusal> {
    let mut found = Properties::in_page(page);
    let children = file.children(at);
    for child in &children {
        if !child.name.starts_with("__properties_version1.0") || child.is_storage {
            continue;
        }
        let bytes = file.bytes_of(child, ctx)?;
        for record in bytes.get(header..).unwrap_or_default().as_chunks::<16>().0 {
            let [k0, k1, i0, i1, _, _, _, _, value @ ..] = record;
            let (id, kind) = (u16::from_le_bytes([*i0, *i1]), u16::from_le_bytes([*k0, *k1]));
            if matches!(kind, kind::INTEGER | kind::TIME) {
                found.insert(id, kind, value.to_vec());
            }
        }
    }
    for code in [id::MESSAGE_CODEPAGE, id::INTERNET_CODEPAGE] {
        if let Some(page) = found.integer(code).filter(|page| *page != 0) {
            found.code_page = page;
            break;
        }
    }
    for child in children.iter().filter(|child| !child.is_storage) {
        let Some(tag) = child.name.strip_prefix("__substg1.0_").and_then(|tag| tag.get(..8)) else {
            continue;
        };
        let Ok(tag) = u32::from_str_radix(tag, 16) else { continue };
        let (id, kind) = ((tag >> 16) as u16, (tag & 0xFFFF) as u16);
        if matches!(kind, kind::STRING8 | kind::UNICODE | kind::BINARY) && is_wanted(id) {
            let bytes = file.bytes_of(child, ctx)?;
            found.insert(id, kind, bytes);
        }
    }
    Ok(found)
}

/// The rest (search keys, routing data, time zones, named properties) is never read.
fn is_wanted(id: u16) -> bool {
    matches!(
        id,
        id::SUBJECT
            | id::SENDER_NAME
            | id::SENDER_EMAIL
            | id::SENDER_SMTP_ADDRESS
            | id::BODY
            | id::BODY_HTML
            | id::RTF_COMPRESSED
            | id::INTERNET_MESSAGE_ID
            | id::INTERNET_REFERENCES
            | id::IN_REPLY_TO
            | id::DISPLAY_NAME
            | id::EMAIL_ADDRESS
            | id::SMTP_ADDRESS
            | id::ATTACH_DATA
            | id::ATTACH_FILENAME
            | id::ATTACH_LONG_FILENAME
            | id::ATTACH_CONTENT_ID
            | id::REMINDER_FILE
    )
}
