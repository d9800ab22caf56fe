//! Markup of Word, PowerPoint and OpenDocument inside a sound package: no panic, and what is written verifies.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_disarm::{Limits, Options, disarm, verify};

const TYPES: &str = "application/vnd.openxmlformats-officedocument.";

fuzz_target!(|input: (u8, &str, &str)| {
    let (kind, main, second) = input;
    let relations = |target: &str, kind: &str| {
        format!(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
             Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    let office = |part: &str, media: &str, other: &str, relation: &str| {
        let (folder, file) = part.split_once('/').unwrap_or(("", part));
        package(&[
            ("[Content_Types].xml", &format!("<Types><Override PartName=\"/{part}\" ContentType=\"{TYPES}{media}.main+xml\"/></Types>")),
            ("_rels/.rels", &relations(part, "officeDocument")),
            (part, main),
            (&format!("{folder}/_rels/{file}.rels"), &relations(other, relation)),
            (&format!("{folder}/{other}"), second),
        ])
    };
    let file = match kind % 4 {
        0 => office("word/document.xml", "wordprocessingml.document", "styles.xml", "styles"),
        1 => office("ppt/presentation.xml", "presentationml.presentation", "slides/slide1.xml", "slide"),
        2 => package(&[("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", main), ("styles.xml", second)]),
        _ => package(&[("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", main), ("settings.xml", second)]),
    };
    if let Ok(done) = disarm(&file, &Options::default()) {
        verify(&done.bytes, done.format, &Limits::default()).expect("what is written verifies");
    }
});

/// A ZIP of stored members.
fn package(members: &[(&str, &str)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in members {
        let offset = file.len() as u32;
        let mut header = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];
        header.extend_from_slice(&crc(text.as_bytes()).to_le_bytes());
        header.extend_from_slice(&(text.len() as u32).to_le_bytes());
        header.extend_from_slice(&(text.len() as u32).to_le_bytes());
        header.extend_from_slice(&(name.len() as u16).to_le_bytes());
        header.extend_from_slice(&[0, 0]);
        file.extend_from_slice(b"PK\x03\x04");
        file.extend_from_slice(&header);
        file.extend_from_slice(name.as_bytes());
        file.extend_from_slice(text.as_bytes());
        directory.extend_from_slice(b"PK\x01\x02\x14\0");
        directory.extend_from_slice(&header);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let (count, size, offset) = (members.len() as u16, directory.len() as u32, file.len() as u32);
    file.extend_from_slice(&directory);
    file.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    file.extend_from_slice(&count.to_le_bytes());
    file.extend_from_slice(&count.to_le_bytes());
    file.extend_from_slice(&size.to_le_bytes());
    file.extend_from_slice(&offset.to_le_bytes());
    file.extend_from_slice(&[0, 0]);
    file
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
