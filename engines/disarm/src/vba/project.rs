//! The directory of a project ([MS-OVBA] 2.3.4.2), which names the modules and where their source begins.

use encoding_rs::{Encoding, WINDOWS_1252};

use super::compression::unpack;
use super::{MAX_MODULES, MacroKind, MacroModule};
use crate::compound::{Compound, Entry};
use crate::{Refusal, RefusalCode, context::Context};

/// Source of one module; a person can't read more.
const MAX_SOURCE: usize = 16 << 20;

// Records of the directory.
const CODE_PAGE: u16 = 0x0003;
const VERSION: u16 = 0x0009;
const MODULE_NAME: u16 = 0x0019;
const MODULE_STREAM: u16 = 0x001A;
const MODULE_STANDARD: u16 = 0x0021;
const MODULE_OTHER: u16 = 0x0022;
const MODULE_END: u16 = 0x002B;
const MODULE_OFFSET: u16 = 0x0031;
const MODULE_STREAM_UNICODE: u16 = 0x0032;
const MODULE_NAME_UNICODE: u16 = 0x0047;

/// A module as the directory describes it.
#[derive(Default)]
struct Listed {
    name: String,
    stream: String,
    offset: usize,
    standard: bool,
}

/// The modules of the project in a storage (`VBA` and `PROJECT` lie in it).
pub(super) fn modules(
    file: &Compound<'_>,
    storage: &Entry,
    ctx: &mut Context<'_>,
) -> Result<Vec<MacroModule>, Refusal> {
    let named = |parent: &Entry, name: &str| {
        file.children(parent).into_iter().find(|child| child.name.eq_ignore_ascii_case(name))
    };
    let vba = named(storage, "VBA").ok_or_else(|| broken("VBA"))?;
    let directory = named(&vba, "dir").ok_or_else(|| broken("dir"))?;
    let directory = unpacked(&file.bytes_of(&directory, ctx)?, ctx, "dir")?;
    let (listed, encoding) = read_directory(&directory).ok_or_else(|| broken("dir"))?;
    let outline = match named(storage, "PROJECT").filter(|entry| !entry.is_storage) {
        Some(entry) => encoding.decode(&file.bytes_of(&entry, ctx)?).0.into_owned(),
        None => String::new(),
    };
    let mut found = Vec::new();
    for module in listed {
        let stream = named(&vba, &module.stream).ok_or_else(|| broken(&module.stream))?;
        let bytes = file.bytes_of(&stream, ctx)?;
        let packed = bytes.get(module.offset..).unwrap_or_default();
        let source = unpacked(packed, ctx, &module.name)?;
        found.push(MacroModule {
            kind: kind(&module, &outline),
            source: encoding.decode(&source).0.into_owned(),
            name: module.name,
        });
    }
    Ok(found)
}

fn unpacked(packed: &[u8], ctx: &mut Context<'_>, name: &str) -> Result<Vec<u8>, Refusal> {
    let bytes = unpack(packed, MAX_SOURCE).ok_or_else(|| broken(name))?;
    ctx.charge_expanded(bytes.len() as u64)?;
    Ok(bytes)
}

/// Each record: a number, a length, so many bytes. One record's length is not its own.
fn read_directory(bytes: &[u8]) -> Option<(Vec<Listed>, &'static Encoding)> {
    let mut encoding = WINDOWS_1252;
    let mut found: Vec<Listed> = Vec::new();
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_first_chunk::<6>() {
        let id = u16::from_le_bytes([head[0], head[1]]);
        let length = usize::try_from(u32::from_le_bytes([head[2], head[3], head[4], head[5]])).ok()?;
        let length = if id == VERSION { 6 } else { length };
        let (data, tail) = tail.split_at_checked(length)?;
        rest = tail;
        if id == CODE_PAGE {
            encoding = code_page(u16::from_le_bytes(data.first_chunk::<2>().copied()?));
        }
        if id == MODULE_NAME {
            if found.len() >= MAX_MODULES {
                return None;
            }
            found.push(Listed { name: encoding.decode(data).0.into_owned(), ..Listed::default() });
        }
        let Some(module) = found.last_mut() else { continue };
        match id {
            MODULE_NAME_UNICODE => module.name = utf16(data),
            MODULE_STREAM => module.stream = encoding.decode(data).0.into_owned(),
            MODULE_STREAM_UNICODE => module.stream = utf16(data),
            MODULE_OFFSET => {
                module.offset =
                    usize::try_from(u32::from_le_bytes(data.first_chunk::<4>().copied()?)).ok()?;
            }
            MODULE_STANDARD => module.standard = true,
            MODULE_OTHER => module.standard = false,
            MODULE_END if module.stream.is_empty() => return None,
            _ => {}
        }
    }
    Some((found, encoding))
}

/// The outline says what the directory does not: `Document=ThisWorkbook/&H00000000`, `Class=…`, `BaseClass=…`.
fn kind(module: &Listed, outline: &str) -> MacroKind {
    if module.standard {
        return MacroKind::Standard;
    }
    let named = outline.lines().filter_map(|line| line.trim().split_once('=')).find(|(_, value)| {
        value.split('/').next().is_some_and(|name| name.eq_ignore_ascii_case(&module.name))
    });
    match named.map(|(key, _)| key) {
        Some("Class") => MacroKind::Class,
        Some("BaseClass") => MacroKind::Form,
        _ => MacroKind::Document,
    }
}

fn code_page(number: u16) -> &'static Encoding {
    let label = match number {
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        1250 => "windows-1250",
        1251 => "windows-1251",
        1253 => "windows-1253",
        1254 => "windows-1254",
        1255 => "windows-1255",
        1256 => "windows-1256",
        1257 => "windows-1257",
        10_001 => "shift_jis",
        65_001 => "utf-8",
        _ => "windows-1252",
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}

fn utf16(bytes: &[u8]) -> String {
    encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0.into_owned()
}

pub(super) fn broken(what: &str) -> Refusal {
    let what: String = what.chars().filter(|c| !c.is_control()).take(60).collect();
    Refusal::new(RefusalCode::Malformed, format!("VBA: {what}"))
}
