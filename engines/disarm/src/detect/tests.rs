use super::*;
use crate::zip::{Storage, Writer};

fn check(name: &str, bytes: &[u8], expected: &str, code: Option<RefusalCode>) {
    let found = detect(bytes, name);
    assert_eq!(found.detected, expected, "{name}");
    assert_eq!(found.supported().err().map(|refusal| refusal.code), code, "{name}");
}

fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = Writer::new();
    for (name, text) in parts {
        writer.add(name, text.as_bytes(), Storage::Deflate).unwrap();
    }
    writer.finish().unwrap()
}

fn office(media: &[&str]) -> Vec<u8> {
    let overrides: String =
        media.iter().map(|m| format!("<Override PartName=\"/a.xml\" ContentType=\"{m}\"/>")).collect();
    package(&[("[Content_Types].xml", &format!("<?xml version=\"1.0\"?><Types>{overrides}</Types>"))])
}

/// A compound file with one FAT sector, one directory sector and the given streams as a list of right siblings.
fn compound(streams: &[&str]) -> Vec<u8> {
    let mut file = vec![0_u8; 512];
    file[..8].copy_from_slice(&compound::MAGIC);
    file[30] = 9;
    file[44] = 1;
    file[48] = 1;
    file[60..64].copy_from_slice(&[0xFE, 0xFF, 0xFF, 0xFF]);
    file[68..76].copy_from_slice(&[0xFE, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]);
    for at in (76..512).step_by(4) {
        file[at..at + 4].copy_from_slice(&[0xFF; 4]);
    }
    file[76..80].copy_from_slice(&[0; 4]);
    let mut fat = vec![0xFF_u8; 512];
    fat[..8].copy_from_slice(&[0xFD, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF]);
    file.extend(fat);
    let names = std::iter::once("Root Entry").chain(streams.iter().copied());
    for (index, name) in names.enumerate() {
        let mut entry = [0_u8; 128];
        for (at, unit) in name.encode_utf16().enumerate() {
            entry[at * 2..at * 2 + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entry[64..66].copy_from_slice(&(name.encode_utf16().count() as u16 * 2 + 2).to_le_bytes());
        entry[66] = if index == 0 { 5 } else { 2 };
        entry[68..80].copy_from_slice(&[0xFF; 12]);
        entry[116..120].copy_from_slice(&[0xFE, 0xFF, 0xFF, 0xFF]);
        let next = (index + 1) as u32;
        if index == 0 {
            entry[76..80].copy_from_slice(&next.to_le_bytes());
        } else if index < streams.len() {
            entry[72..76].copy_from_slice(&next.to_le_bytes());
        }
        file.extend_from_slice(&entry);
    }
    file.resize(1536, 0);
    file
}

#[test]
fn office_packages_are_told_by_their_main_part() {
    let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
    let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
    check("a.docx", &office(&[word]), "docx", None);
    check("a.xlsx", &office(&[sheet]), "xlsx", None);
    check("a.docm", &office(&["application/vnd.ms-word.document.macroEnabled.main+xml"]), "docm", None);
    check("a.xlsb", &office(&["application/vnd.ms-excel.sheet.binary.macroEnabled.main"]), "xlsb", None);
    check("a.docx", &office(&[word, sheet]), "opc", Some(RefusalCode::Ambiguous));
}

#[test]
fn compound_files_are_told_by_their_streams() {
    let unsupported = Some(RefusalCode::UnsupportedFormat);
    check("a.doc", &compound(&["WordDocument"]), "doc", None);
    check("a.xls", &compound(&["Workbook"]), "xls", None);
    check("a.ppt", &compound(&["PowerPoint Document"]), "ppt", None);
    check("a.msg", &compound(&["__properties_version1.0"]), "msg", None);
    check("a.jtd", &compound(&["DocumentText"]), "jtd", unsupported);
    check(
        "a.docx",
        &compound(&["EncryptedPackage", "EncryptionInfo"]),
        "encrypted-office",
        Some(RefusalCode::Encrypted),
    );
}

#[test]
fn archives_of_other_kinds_are_named() {
    check("a.jar", &package(&[("META-INF/MANIFEST.MF", "x")]), "jar", Some(RefusalCode::Executable));
    let odt = package(&[("mimetype", "application/vnd.oasis.opendocument.text")]);
    check("a.odt", &odt, "odt", None);
    let master = package(&[("mimetype", "application/vnd.oasis.opendocument.text-master")]);
    check("a.odm", &master, "odf", Some(RefusalCode::UnsupportedFormat));
    check("a.zip", &package(&[("a.txt", "x")]), "zip", None);
}

#[test]
fn programs_and_scripts_are_refused_as_such() {
    let program = Some(RefusalCode::Executable);
    check("a.pdf", b"MZ\x90\0\x03\0\0\0", "exe", program);
    check("a.txt", b"#!/bin/sh\necho\n", "script", program);
    check("a.bat", b"@echo off\r\n", "script", program);
    check("a.lnk", b"L\0\0\0\x01\x14\x02\0\0", "lnk", program);
    check("a.csv", b"ID;PWXL;N;E\r\nC;Y1;X1;K1\r\nE\r\n", "slk", program);
}

#[test]
fn texts_are_told_apart() {
    let unsupported = Some(RefusalCode::UnsupportedFormat);
    check("a.txt", "MZ は文字列です\n".as_bytes(), "txt", None);
    check("a.csv", b"ID;Name\n1;x\n", "csv", None);
    check("a.txt", b"{\\rtf1 x}", "rtf", None);
    check("a.rtf", b"\r\n {\\rt\x82\xff}", "rtf", None);
    check("a.txt", b"<!DOCTYPE html><p>", "html", None);
    check("a", b"Received: from x\r\nSubject: y\r\n\r\nbody", "eml", None);
    check("a.eml", b"Content-Type: text/html\n\nbody", "eml", None);
    check("a.txt", b"Content-Type: text/html\n\nbody", "txt", None);
    check("a.txt", b"BM is how this begins, and it is long enough\n", "txt", None);
    check("a.xdw", b"\x60\x0e\x82\x00\x01", "xdw", unsupported);
    check("a.bin", b"\x60\x0e\x82\x00\x01", "unknown", Some(RefusalCode::Unrecognised));
}

#[test]
fn documents_behind_foreign_bytes_are_ambiguous() {
    let zip = package(&[("a.txt", "x")]);
    check("a.zip", &[b"\x01\x02\x00".as_slice(), &zip].concat(), "zip", Some(RefusalCode::Ambiguous));
    check("a.dat", b"\x01\0\x02%PDF-1.7\n%%EOF", "pdf", Some(RefusalCode::Ambiguous));
    check("a.pdf", b"\x01\0\x02%PDF-1.7\n%%EOF", "pdf", None);
    check("a.pdf", b"\n%PDF-1.7\nstartxref\n0\n%%EOF", "pdf", None);
}

#[test]
fn a_name_that_claims_another_kind_is_reported() {
    let mismatch = |name: &str, bytes: &[u8]| detect(bytes, name).mismatch();
    assert_eq!(mismatch("a.pdf", b"GIF89a"), Some(".pdf → gif".to_owned()));
    assert_eq!(mismatch("a.JPEG", b"\xff\xd8\xff"), None);
    assert_eq!(mismatch("a.log", b"text"), None);
    assert_eq!(mismatch("noname", b"text"), None);
}

proptest::proptest! {
    #[test]
    fn detection_never_panics(mut bytes in proptest::collection::vec(0_u8..=255, 0..300), at in 0_usize..1536, cfb in proptest::bool::ANY) {
        if cfb {
            let mut file = compound(&["WordDocument"]);
            file[at] ^= bytes.first().copied().unwrap_or(1);
            bytes = file;
        }
        let _ = detect(&bytes, "a.bin");
    }
}
