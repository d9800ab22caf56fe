use super::*;
use crate::{Options, RefusalCode, context::Context};

pub(super) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new();
    for (name, bytes) in members {
        writer.add(name, bytes, Storage::Deflate).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn what_is_written_is_read() {
    let long = "あ".repeat(5000);
    let file = zip(&[("a.txt", b"x"), ("様式/申請書.txt", long.as_bytes())]);
    let options = Options::default();
    let mut ctx = Context::new(&options);
    let archive = Archive::read(&file, &mut ctx).unwrap();
    let names: Vec<_> = archive.entries().iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["a.txt", "様式/申請書.txt"]);
    let entry = archive.find("様式/申請書.TXT").unwrap();
    assert_eq!(archive.bytes(entry, &mut ctx).unwrap(), long.as_bytes());
    assert!(ctx.take_removed().is_empty());
}

fn code(file: &[u8]) -> Option<RefusalCode> {
    let options = Options::default();
    let mut ctx = Context::new(&options);
    let archive = match Archive::read(file, &mut ctx) {
        Ok(archive) => archive,
        Err(refusal) => return Some(refusal.code),
    };
    archive.entries().iter().find_map(|entry| archive.bytes(entry, &mut ctx).err()).map(|r| r.code)
}

fn replace(file: &[u8], from: &[u8], to: &[u8], nth: usize) -> Vec<u8> {
    let at = file.windows(from.len()).enumerate().filter(|(_, w)| *w == from).nth(nth).unwrap().0;
    let mut copy = file.to_vec();
    copy.splice(at..at + from.len(), to.iter().copied());
    copy
}

#[test]
fn local_name_other_than_the_directory_is_ambiguous() {
    let file = zip(&[("word.xml", b"content")]);
    assert_eq!(code(&replace(&file, b"word.xml", b"evil.xml", 0)), Some(RefusalCode::Ambiguous));
}

#[test]
fn unsafe_names_are_refused() {
    for name in ["../a.txt", "/abc.xml", "C:a.xmls", "a/../b.x", "ab\0c.xml", "a//b.xml"] {
        assert_eq!(name.len(), 8, "{name}");
        let file = zip(&[("word.xml", b"content")]);
        let file = replace(&file, b"word.xml", name.as_bytes(), 0);
        let file = replace(&file, b"word.xml", name.as_bytes(), 0);
        assert_eq!(code(&file), Some(RefusalCode::Ambiguous), "{name}");
    }
}

#[test]
fn names_that_differ_in_case_only_are_refused() {
    let file = zip(&[("a.xml", b"1"), ("b.xml", b"2")]);
    let file = replace(&file, b"b.xml", b"A.xml", 0);
    let file = replace(&file, b"b.xml", b"A.xml", 0);
    assert_eq!(code(&file), Some(RefusalCode::Ambiguous));
    let mut writer = Writer::new();
    writer.add("a.xml", b"", Storage::Store).unwrap();
    assert!(writer.add("A.xml", b"", Storage::Store).is_err());
}

#[test]
fn bytes_before_or_between_members_are_refused_and_after_them_noted() {
    let file = zip(&[("a.xml", b"1")]);
    let mut prefixed = b"MZ".to_vec();
    prefixed.extend_from_slice(&file);
    assert!(code(&prefixed).is_some());
    let mut doubled = file.clone();
    doubled.extend_from_slice(&file);
    assert_eq!(code(&doubled), Some(RefusalCode::Ambiguous));
    let mut trailed = file.clone();
    trailed.extend_from_slice(b"extra");
    let options = Options::default();
    let mut ctx = Context::new(&options);
    Archive::read(&trailed, &mut ctx).unwrap();
    assert_eq!(ctx.take_removed().len(), 1);
}

#[test]
fn wrong_crc_is_malformed_and_encryption_is_named() {
    let file = zip(&[("a.xml", b"1")]);
    let crc = crc32fast::hash(b"1").to_le_bytes();
    let broken = replace(&replace(&file, &crc, &[1, 2, 3, 4], 0), &crc, &[1, 2, 3, 4], 0);
    assert_eq!(code(&broken), Some(RefusalCode::Malformed));
    let locked = replace(&file, b"PK\x01\x02\x14\x00\x14\x00\x00", b"PK\x01\x02\x14\x00\x14\x00\x01", 0);
    assert_eq!(code(&locked), Some(RefusalCode::Ambiguous));
    let locked = replace(&locked, b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01", 0);
    assert_eq!(code(&locked), Some(RefusalCode::Encrypted));
}

#[test]
fn expansion_is_limited() {
    let file = zip(&[("a.xml", &vec![0; 1 << 20])]);
    let mut options = Options::default();
    options.limits.expanded_bytes = 1 << 16;
    let mut ctx = Context::new(&options);
    let archive = Archive::read(&file, &mut ctx).unwrap();
    let entry = &archive.entries()[0];
    assert_eq!(archive.bytes(entry, &mut ctx).unwrap_err().code, RefusalCode::Bomb);
}

#[test]
fn name_without_flag_is_read_as_cp932() {
    let (raw, _, _) = encoding_rs::SHIFT_JIS.encode("表.txt");
    assert_eq!(names::decode(&raw, false).as_deref(), Some("表.txt"));
    assert_eq!(names::decode(&raw, true), None);
}

proptest::proptest! {
    #[test]
    fn reading_never_panics(at in 0_usize..400, byte in 0_u8..=255, cut in 0_usize..400) {
        let mut file = zip(&[("a.xml", b"one"), ("b/c.xml", &[7; 300])]);
        let length = file.len();
        file[at % length] = byte;
        file.truncate(length - cut % length);
        let _ = code(&file);
    }
}

fn check(name: &str, file: &[u8], expect: Option<RefusalCode>) {
    assert_eq!(code(file), expect, "{name}");
}

#[test]
fn each_known_ambiguity_is_met() {
    use RefusalCode::*;
    check("absolute-name", include_bytes!("fixtures/absolute-name.zip"), Some(Ambiguous));
    check("same-names", include_bytes!("fixtures/same-names.zip"), Some(Ambiguous));
    check("concatenated", include_bytes!("fixtures/concatenated.zip"), Some(Ambiguous));
    check("zip_password", include_bytes!("fixtures/zip_password.zip"), Some(Encrypted));
    check("streaming", include_bytes!("fixtures/streaming.zip"), None);
    check("test-trailing-junk", include_bytes!("fixtures/test-trailing-junk.zip"), None);
    check("zip64", include_bytes!("fixtures/zip64.zip"), None);
    check("cp-437", include_bytes!("fixtures/cp-437.zip"), None);
}
