//! Compound files ([MS-CFB]): only the names in the root storage are read, to say which application wrote them.

use std::collections::HashSet;

use super::Kind;
use crate::RefusalCode;

/// The header signature.
pub(super) const MAGIC: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// Directory entries beyond this are not looked at; a document has a few hundred.
const MAX_ENTRIES: usize = 100_000;
const NO_ENTRY: u32 = u32::MAX;

/// The kind by the streams of the root storage.
pub(super) fn kind(bytes: &[u8]) -> Kind {
    let Some(directory) = Directory::read(bytes) else {
        return Kind::refused("cfb", RefusalCode::Malformed, "複合ファイル");
    };
    let names = directory.root_names();
    let has = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    if has("EncryptedPackage") {
        return Kind::refused("encrypted-office", RefusalCode::Encrypted, "パスワード付きの Office 文書");
    }
    let row = if has("WordDocument") {
        ("doc", "Word 97-2003 文書")
    } else if has("Workbook") || has("Book") {
        ("xls", "Excel 97-2003 ブック")
    } else if has("PowerPoint Document") || has("PP97_DUALSTORAGE") {
        ("ppt", "PowerPoint 97-2003 プレゼンテーション")
    } else if has("__properties_version1.0") {
        ("msg", "Outlook メッセージ")
    } else if has("DocumentText") || has("JSRV_SummaryInformation") {
        ("jtd", "一太郎文書")
    } else if has("VisioDocument") {
        ("vsd", "Visio 図面")
    } else if has("Quill") {
        ("pub", "Publisher 文書")
    } else if has("BodyText") && has("FileHeader") {
        ("hwp", "Hangul 文書")
    } else if directory.is_installer() {
        return Kind::refused("msi", RefusalCode::Executable, "Windows インストーラー");
    } else {
        ("cfb", "複合ファイル")
    };
    Kind::unsupported(row.0, row.1)
}

/// The directory stream, as raw entries of 128 bytes.
struct Directory {
    entries: Vec<[u8; 128]>,
}

impl Directory {
    fn read(bytes: &[u8]) -> Option<Self> {
        let u32_at = |at: usize| -> Option<u32> {
            Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
        };
        let shift = u16::from_le_bytes(bytes.get(30..32)?.try_into().ok()?);
        let size = match shift {
            9 => 512_usize,
            12 => 4096,
            _ => return None,
        };
        let offset = |sector: u32| (sector as usize).checked_add(1)?.checked_mul(size);

        // The sectors of the FAT: 109 in the header, the rest in a chain.
        let mut fat_sectors: Vec<u32> =
            (0..109).map_while(|i| u32_at(76 + i * 4)).filter(|s| *s < 0xFFFF_FFFA).collect();
        let mut difat = u32_at(68)?;
        let mut seen = HashSet::new();
        while difat < 0xFFFF_FFFA && seen.insert(difat) {
            let at = offset(difat)?;
            for index in 0..size / 4 - 1 {
                match u32_at(at.checked_add(index * 4)?) {
                    Some(sector) if sector < 0xFFFF_FFFA => fat_sectors.push(sector),
                    Some(_) => {}
                    None => break,
                }
            }
            difat = u32_at(at.checked_add(size - 4)?).unwrap_or(NO_ENTRY);
        }
        let next = |sector: u32| -> Option<u32> {
            let per_sector = size / 4;
            let fat = *fat_sectors.get(sector as usize / per_sector)?;
            u32_at(offset(fat)?.checked_add(sector as usize % per_sector * 4)?)
        };

        let mut entries = Vec::new();
        let mut sector = u32_at(48)?;
        let mut seen = HashSet::new();
        while sector < 0xFFFF_FFFA && seen.insert(sector) && entries.len() < MAX_ENTRIES {
            let at = offset(sector)?;
            let Some(data) = bytes.get(at..at.checked_add(size)?.min(bytes.len())) else { break };
            entries.extend_from_slice(data.as_chunks::<128>().0);
            sector = next(sector).unwrap_or(NO_ENTRY);
        }
        (!entries.is_empty()).then_some(Self { entries })
    }

    /// The names of the children of the root, found along the sibling tree.
    fn root_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<u32> = self.entries.first().map(|root| field(root, 76)).into_iter().collect();
        while let Some(index) = open.pop() {
            if index == NO_ENTRY || !seen.insert(index) {
                continue;
            }
            if let Some(entry) = self.entries.get(index as usize) {
                names.push(name(entry));
                open.push(field(entry, 68));
                open.push(field(entry, 72));
            }
        }
        names
    }

    /// The class of Windows Installer packages and patches, `{000C1084-…}` to `{000C1086-…}`.
    fn is_installer(&self) -> bool {
        let class = self.entries.first().and_then(|root| root.get(80..96));
        class.is_some_and(|class| {
            matches!(class, [0x82 | 0x84 | 0x86, 0x10, 0x0C, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46])
        })
    }
}

fn field(entry: &[u8; 128], at: usize) -> u32 {
    entry.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(NO_ENTRY, u32::from_le_bytes)
}

fn name(entry: &[u8; 128]) -> String {
    let length = entry.get(64..66).and_then(|two| two.try_into().ok()).map_or(0, u16::from_le_bytes);
    let units = entry.as_chunks::<2>().0.iter().take(usize::from(length.clamp(2, 64)) / 2 - 1);
    char::decode_utf16(units.map(|unit| u16::from_le_bytes(*unit))).map(|c| c.unwrap_or('\u{fffd}')).collect()
}
