//! Streams of old workbooks and presentations in a sound compound file: no panic, and what comes out passes the second reader.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_disarm::{Limits, Options, disarm, verify};

fuzz_target!(|input: &[u8]| {
    let limits = Limits { pixels: 1 << 20, expanded_bytes: 16 << 20, ..Limits::default() };
    let options = Options { name: "a.xls".to_owned(), limits, ..Options::default() };
    // The first byte chooses the kind.
    let [kind, rest @ ..] = input else { return };
    let file = if kind % 2 == 0 { compound(&[("Workbook", rest)]) } else { compound(&[("PowerPoint Document", rest)]) };
    if let Ok(out) = disarm(&file, &options) {
        verify(&out.bytes, out.format, &options.limits).expect("the second reader agrees");
    }
});

/// A compound file of one stream, which fills sectors of its own.
fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let (name, bytes) = streams[0];
    let mut body = bytes.to_vec();
    body.resize(bytes.len().max(4096).div_ceil(512) * 512, 0);
    let sectors = body.len() / 512;
    let tables = (sectors + 2).div_ceil(127).min(109);
    let mut file = vec![0_u8; 512];
    file[..8].copy_from_slice(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
    file[26] = 3;
    file[30] = 9;
    file[44] = tables as u8;
    file[48..52].copy_from_slice(&(tables as u32).to_le_bytes());
    for place in (60..512).step_by(4) {
        file[place..place + 4].copy_from_slice(&[0xFE, 0xFF, 0xFF, 0xFF]);
    }
    for table in 0..tables {
        file[76 + table * 4..80 + table * 4].copy_from_slice(&(table as u32).to_le_bytes());
    }
    let first = tables as u32 + 1;
    let mut fat = vec![0xFFFF_FFFD_u32; tables];
    fat.push(0xFFFF_FFFE);
    fat.extend((1..sectors as u32).map(|n| first + n));
    fat.push(0xFFFF_FFFE);
    fat.resize(tables * 128, u32::MAX);
    file.extend(fat.iter().flat_map(|number| number.to_le_bytes()));
    for (at, (name, start, size)) in [("Root Entry", u32::MAX - 1, 0), (name, first, body.len() as u32)].into_iter().enumerate() {
        let mut entry = [0_u8; 128];
        for (place, unit) in name.encode_utf16().enumerate() {
            entry[place * 2..place * 2 + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entry[64] = name.len() as u8 * 2 + 2;
        entry[66] = if at == 0 { 5 } else { 2 };
        entry[68..80].copy_from_slice(&[0xFF; 12]);
        if at == 0 {
            entry[76..80].copy_from_slice(&1_u32.to_le_bytes());
        }
        entry[116..120].copy_from_slice(&start.to_le_bytes());
        entry[120..124].copy_from_slice(&size.to_le_bytes());
        file.extend_from_slice(&entry);
    }
    file.resize(file.len().div_ceil(512) * 512, 0);
    file.extend(body);
    file
}
