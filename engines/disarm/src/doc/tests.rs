use proptest::prelude::*;

use super::*;
use crate::{Limits, Options, disarm, extract_text, verify};

/// A compound file with these streams of at least 4096 bytes; `/` separates storages from streams.
fn compound(streams: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut entries: Vec<(String, u8, u32, u32, u32)> =
        vec![("Root Entry".to_owned(), 5, u32::MAX, 0, u32::MAX)];
    let mut body = Vec::new();
    let mut fat: Vec<u32> = Vec::new();
    for (name, bytes) in streams {
        let mut padded = bytes.clone();
        padded.resize(bytes.len().max(4096).next_multiple_of(512), 0);
        let (start, count) = (fat.len() as u32, (padded.len() / 512) as u32);
        fat.extend((1..=count).map(|i| if i == count { 0xFFFF_FFFE } else { start + i }));
        body.extend_from_slice(&padded);
        match name.strip_suffix('/') {
            Some(storage) => entries.push((storage.to_owned(), 1, u32::MAX, 0, u32::MAX)),
            None => entries.push(((*name).to_owned(), 2, start, padded.len() as u32, u32::MAX)),
        }
    }
    let directory_at = fat.len() as u32;
    let sectors = entries.len().div_ceil(4) as u32;
    fat.extend((1..=sectors).map(|i| if i == sectors { 0xFFFF_FFFE } else { directory_at + i }));
    let fat_sectors = (fat.len() + 16).div_ceil(128) as u32;
    let fat_at = fat.len() as u32;
    fat.extend((0..fat_sectors).map(|_| 0xFFFF_FFFD));
    fat.resize(fat_sectors as usize * 128, u32::MAX);

    let mut out = vec![0_u8; 512];
    out[..8].copy_from_slice(&crate::compound::MAGIC);
    out[24..32].copy_from_slice(&[0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0]);
    out[32..34].copy_from_slice(&6_u16.to_le_bytes());
    out[44..48].copy_from_slice(&fat_sectors.to_le_bytes());
    out[48..52].copy_from_slice(&directory_at.to_le_bytes());
    out[56..60].copy_from_slice(&4096_u32.to_le_bytes());
    out[60..64].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
    out[68..72].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
    out[76..].fill(0xFF);
    for i in 0..fat_sectors as usize {
        out[76 + i * 4..80 + i * 4].copy_from_slice(&(fat_at + i as u32).to_le_bytes());
    }
    out.extend(body);
    for (index, (name, kind, start, size, _)) in entries.iter().enumerate() {
        let mut raw = [0_u8; 128];
        for (i, unit) in name.encode_utf16().enumerate() {
            raw[i * 2..i * 2 + 2].copy_from_slice(&unit.to_le_bytes());
        }
        raw[64..66].copy_from_slice(&((name.encode_utf16().count() as u16 + 1) * 2).to_le_bytes());
        raw[66] = *kind;
        raw[68..72].fill(0xFF);
        // All entries in one chain to the right.
        let right = if index > 0 && index + 1 < entries.len() { index as u32 + 1 } else { u32::MAX };
        raw[72..76].copy_from_slice(&right.to_le_bytes());
        let child = if index == 0 && entries.len() > 1 { 1 } else { u32::MAX };
        raw[76..80].copy_from_slice(&child.to_le_bytes());
        raw[116..120].copy_from_slice(&start.to_le_bytes());
        raw[120..124].copy_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&raw);
    }
    out.resize(512 + (directory_at + sectors) as usize * 512, 0xFF);
    out.extend(fat.iter().flat_map(|n| n.to_le_bytes()));
    out
}

/// A document of one UTF-16 piece with the streams of `extra`.
fn document(text: &str, flags: u16, extra: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut main = vec![0_u8; 2048];
    main[..2].copy_from_slice(&0xA5EC_u16.to_le_bytes());
    main[2..4].copy_from_slice(&0xC1_u16.to_le_bytes());
    main[10..12].copy_from_slice(&(0x0200 | flags).to_le_bytes());
    main[0x4C..0x50].copy_from_slice(&(units.len() as u32).to_le_bytes());
    main.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    let mut clx = vec![2_u8, 16, 0, 0, 0];
    clx.extend_from_slice(&0_u32.to_le_bytes());
    clx.extend_from_slice(&(units.len() as u32).to_le_bytes());
    clx.extend_from_slice(&[0, 0]);
    clx.extend_from_slice(&2048_u32.to_le_bytes());
    clx.extend_from_slice(&[0, 0]);
    main[0x1A2..0x1A6].copy_from_slice(&64_u32.to_le_bytes());
    main[0x1A6..0x1AA].copy_from_slice(&(clx.len() as u32).to_le_bytes());
    let mut table = vec![0_u8; 64];
    table.extend(clx);
    let mut streams = vec![("WordDocument", main), ("1Table", table)];
    streams.extend(extra.iter().cloned());
    compound(&streams)
}

fn make(name: &str) -> Vec<u8> {
    match name {
        "plain" => document("市民の皆さまへ\rお知らせ\r", 0, &[]),
        "macros" => {
            document("本文\r", 0, &[("Macros/", Vec::new()), ("\u{5}SummaryInformation", b"SECRET".to_vec())])
        }
        "dde" => document("前\u{13}DDEAUTO c:\\\\cmd.exe \"/k calc\"\u{14}表示\u{15}後\r", 0, &[]),
        "link" => document("\u{13}HYPERLINK \"https://www.example.jp/\"\u{14}案内\u{15}\r", 0, &[]),
        "fast" => document("新しい文\r", 4, &[("Orphan", b"PAYLOAD".to_vec())]),
        "encrypted" => document("秘密\r", 0x0100, &[]),
        "word6" => {
            let text = [0x93, 0xFA, 0x96, 0x7B, 0x0D];
            let mut main = vec![0_u8; 1024];
            main[..2].copy_from_slice(&0xA5DC_u16.to_le_bytes());
            main[2..4].copy_from_slice(&0x68_u16.to_le_bytes());
            main[6..8].copy_from_slice(&0x0411_u16.to_le_bytes());
            main[0x18..0x1C].copy_from_slice(&1024_u32.to_le_bytes());
            main[0x34..0x38].copy_from_slice(&(text.len() as u32).to_le_bytes());
            main.extend_from_slice(&text);
            compound(&[("WordDocument", main)])
        }
        other => panic!("{other}"),
    }
}

#[test]
fn cases_hold() {
    crate::cases::run(include_str!("../../cases/doc.md"), &make);
}

#[test]
fn text_is_found_by_paragraph() {
    let pieces = extract_text(&make("plain"), &Options::default()).unwrap();
    let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
    assert_eq!(texts, ["市民の皆さまへ", "お知らせ"]);
    assert!(pieces.iter().all(|piece| piece.location == "本文"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_changed_file_never_panics_and_what_is_written_verifies(changes in prop::collection::vec((0_usize..12_000, any::<u8>()), 1..40)) {
        let mut bytes = make("dde");
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        if let Ok(out) = disarm(&bytes, &Options::default()) {
            verify(&out.bytes, out.format, &Limits::default()).unwrap();
        }
    }

    #[test]
    fn properties_of_any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut run = flow::RunProps::default();
        let fonts = ["A".to_owned()];
        sprm::run(&bytes, &mut run, &mut sprm::RunExtras::default(), &flow::RunProps::default(), &fonts);
        sprm::paragraph(&bytes, &mut flow::ParagraphProps::default(), &mut sprm::ParagraphExtras::default());
        sprm::row(&bytes);
        sprm::page(&bytes);
    }
}
