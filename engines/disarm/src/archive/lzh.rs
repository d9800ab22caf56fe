//! LZH (LHA), decoded by `delharc`: methods lh0 to lh7, lzs, lz5; header levels 0 to 3. Names are CP932 in practice,
//! their folders separated by 0xFF; each member's CRC is checked.

use delharc::LhaDecodeReader;

use super::walk::{Member, Visit, read_charged, special};
use crate::{Refusal, RefusalCode, context::Context, zip::names};

const FILE_NAME: u8 = 0x01;
const FOLDER: u8 = 0x02;

pub(super) fn walk(input: &[u8], ctx: &mut Context<'_>, visit: Visit<'_>) -> Result<(), Refusal> {
    let mut reader = LhaDecodeReader::new(input).map_err(|_| broken("見出し"))?;
    loop {
        ctx.charge_member()?;
        let header = reader.header();
        let name = name(header).ok_or_else(|| broken("名前"))?;
        let size = header.original_size;
        let is_folder = header.is_directory() || name.ends_with('/');
        // A symbolic link is a folder method with `name|target`.
        if name.contains('|') {
            let name = name.replace('|', " → ");
            visit(Member { name, content: Err(special("シンボリックリンク")) }, ctx)?;
        } else if !is_folder {
            let content = if reader.is_decoder_supported() {
                match read_charged(&mut reader, Some(size), ctx)? {
                    Ok(bytes) if bytes.len() as u64 == size && reader.crc_is_ok() => Ok(bytes),
                    _ => Err(broken("CRC")),
                }
            } else {
                let method = String::from_utf8_lossy(&reader.header().compression).into_owned();
                Err(Refusal::new(RefusalCode::UnsupportedFormat, format!("LZH の圧縮方式 {method}")))
            };
            visit(Member { name, content }, ctx)?;
        }
        match reader.next_file() {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(_) => return Err(broken("見出し")),
        }
    }
}

fn name(header: &delharc::LhaHeader) -> Option<String> {
    let mut folder = Vec::new();
    let mut file = header.filename.to_vec();
    for extra in header.iter_extra() {
        match extra {
            [FILE_NAME, name @ ..] => file = name.to_vec(),
            [FOLDER, path @ ..] => {
                // 0xFF never begins or ends a character of CP932.
                folder = path.iter().map(|byte| if *byte == 0xFF { b'/' } else { *byte }).collect();
                if folder.last().is_some_and(|last| *last != b'/') {
                    folder.push(b'/');
                }
            }
            _ => {}
        }
    }
    let file = file.split(|byte| *byte == 0).next().unwrap_or_default();
    let file: Vec<u8> = file.iter().map(|byte| if *byte == 0xFF { b'/' } else { *byte }).collect();
    Some(names::decode(&folder, false)? + &names::decode(&file, false)?)
}

fn broken(what: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("LZH: {what}"))
}
