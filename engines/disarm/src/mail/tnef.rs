//! `winmail.dat` ([MS-OXTNEF]): attributes with checksums, some of which hold MAPI properties. Read for the body and
//! the attachments; everything else stays behind.

use super::letter::{Enclosure, Letter, file_name, one_line};
use super::msg::{letter_of, raw};
use super::properties::{Properties, decoded, id, kind};
use crate::{Refusal, RefusalCode, RemovalCode, context::Context};

const SIGNATURE: [u8; 4] = [0x78, 0x9F, 0x3E, 0x22];
const SUBJECT: u32 = 0x0001_8004;
const BODY: u32 = 0x0002_800C;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const CODE_PAGE: u32 = 0x0006_9007;
const ATTACHMENT_BEGINS: u32 = 0x0006_9002;
const ATTACHMENT_TITLE: u32 = 0x0001_8010;
const ATTACHMENT_DATA: u32 = 0x0006_800F;
const ATTACHMENT_PROPERTIES: u32 = 0x0006_9005;

/// Whether the bytes begin like a TNEF stream.
pub(super) fn is_tnef(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

#[derive(Default)]
struct Attachment {
    title: String,
    data: Vec<u8>,
    properties: Properties,
}

/// Reads a stream.
pub(super) fn read(input: &[u8], ctx: &mut Context<'_>) -> Result<Letter, Refusal> {
    ctx.charge_expanded(input.len() as u64)?;
    let mut page = 0;
    let mut letter = Letter::default();
    let mut attachments: Vec<Attachment> = Vec::new();
    let mut cursor = Cursor { bytes: input, at: 6 };
    while cursor.at < input.len() {
        let (attribute, data) = cursor.attribute()?;
        let last = attachments.last_mut();
        match attribute {
            CODE_PAGE => page = u32_of(data).unwrap_or(0),
            SUBJECT => letter.subject = one_line(decoded(data, page).trim_end_matches('\0'), 900),
            BODY => letter.text = Some(decoded(data, page).trim_end_matches('\0').to_owned()),
            MESSAGE_PROPERTIES => {
                let found = letter_of(&properties(data, page)?, ctx);
                letter = Letter {
                    subject: if found.subject.is_empty() { letter.subject } else { found.subject },
                    text: found.text.or(letter.text),
                    ..found
                };
            }
            ATTACHMENT_BEGINS => {
                ctx.charge_member()?;
                attachments.push(Attachment::default());
            }
            ATTACHMENT_TITLE => {
                if let Some(last) = last {
                    last.title = decoded(data, page).trim_end_matches('\0').to_owned();
                }
            }
            ATTACHMENT_DATA => {
                if let Some(last) = last {
                    last.data = data.to_vec();
                }
            }
            ATTACHMENT_PROPERTIES => {
                if let Some(last) = last {
                    last.properties = properties(data, page)?;
                }
            }
            _ => {}
        }
    }
    for attachment in attachments {
        enclose(attachment, &mut letter, ctx)?;
    }
    Ok(letter)
}

fn enclose(attachment: Attachment, letter: &mut Letter, ctx: &mut Context<'_>) -> Result<(), Refusal> {
    let long = attachment.properties.text(id::ATTACH_LONG_FILENAME);
    let name = if long.is_empty() { &attachment.title } else { &long };
    let content_id = Some(attachment.properties.text(id::ATTACH_CONTENT_ID)).filter(|id| !id.is_empty());
    if attachment.properties.kind(id::ATTACH_DATA) == Some(kind::OBJECT) {
        // An object begins with the identifier of its interface; a message is TNEF again.
        let inner = attachment.properties.bytes(id::ATTACH_DATA).and_then(|bytes| bytes.get(16..));
        match inner.filter(|inner| is_tnef(inner)) {
            Some(inner) => {
                let nested = ctx.within(name, |ctx| read(inner, ctx))?;
                let name = format!("{}.eml", file_name(name, "転送メール"));
                letter.enclosures.push(Enclosure { name, content_id: None, bytes: raw(nested) });
            }
            None => ctx.removed(RemovalCode::EmbeddedObject, one_line(name, 120)),
        }
        return Ok(());
    }
    let bytes = if attachment.data.is_empty() {
        attachment.properties.bytes(id::ATTACH_DATA).unwrap_or_default().to_vec()
    } else {
        attachment.data
    };
    if !bytes.is_empty() {
        letter.enclosures.push(Enclosure { name: file_name(name, "添付"), content_id, bytes });
    }
    Ok(())
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Refusal> {
        let end = self.at.checked_add(length);
        let taken = end.and_then(|end| self.bytes.get(self.at..end)).ok_or_else(broken)?;
        self.at = self.at.saturating_add(length);
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, Refusal> {
        u32_of(self.take(4)?).ok_or_else(broken)
    }

    /// Level, identifier, length, data, checksum.
    fn attribute(&mut self) -> Result<(u32, &'a [u8]), Refusal> {
        let level = self.take(1)?;
        if !matches!(level, [1 | 2]) {
            return Err(broken());
        }
        let attribute = self.u32()?;
        let length = self.u32()?;
        let data = self.take(length as usize)?;
        let sum = self.take(2)?;
        let expected = data.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        if sum != expected.to_le_bytes() {
            return Err(broken());
        }
        Ok((attribute, data))
    }
}

/// A list of properties ([MS-OXTNEF] 2.1.3.4).
fn properties(data: &[u8], page: u32) -> Result<Properties, Refusal> {
    let mut cursor = Cursor { bytes: data, at: 0 };
    let mut found = Properties::in_page(page);
    let count = cursor.u32()?;
    for _ in 0..count.min(10_000) {
        let tag = cursor.u32()?;
        let (id, kind) = ((tag >> 16) as u16, (tag & 0xFFFF) as u16);
        if id >= 0x8000 {
            // A named property: its set, then a number or a name.
            cursor.take(16)?;
            if cursor.u32()? == 0 {
                cursor.u32()?;
            } else {
                let length = cursor.u32()? as usize;
                cursor.take(length.div_ceil(4).saturating_mul(4))?;
            }
        }
        let is_many = kind & 0x1000 != 0;
        let fixed = match kind & !0x1000 {
            0x0001 | 0x0002 | 0x0003 | 0x0004 | 0x000A | 0x000B => Some(4),
            0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
            0x0048 => Some(16),
            0x000D | 0x001E | 0x001F | 0x0102 => None,
            _ => return Err(broken()),
        };
        let values = if is_many || fixed.is_none() { cursor.u32()? } else { 1 };
        for _ in 0..values.min(100_000) {
            let length = match fixed {
                Some(length) => length,
                None => cursor.u32()? as usize,
            };
            let value = cursor.take(length)?;
            if fixed.is_none() {
                cursor.take(length.div_ceil(4) * 4 - length)?;
            }
            if !is_many && id < 0x8000 {
                found.insert(id, kind, value.to_vec());
            }
        }
    }
    if let Some(page) =
        [id::MESSAGE_CODEPAGE, id::INTERNET_CODEPAGE].into_iter().find_map(|id| found.integer(id))
    {
        found.code_page = page;
    }
    Ok(found)
}

fn u32_of(bytes: &[u8]) -> Option<u32> {
    bytes.get(..4)?.try_into().ok().map(u32::from_le_bytes)
}

fn broken() -> Refusal {
    Refusal::new(RefusalCode::Malformed, "winmail.dat")
}
