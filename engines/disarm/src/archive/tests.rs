use super::*;
use crate::{Disarmed, Limits, Options, zip::Archive};

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new();
    for (name, bytes) in members {
        writer.add(name, bytes, Storage::Deflate).unwrap();
    }
    writer.finish().unwrap()
}

fn disarm(bytes: &[u8]) -> Result<Disarmed, Refusal> {
    let out = crate::disarm(bytes, &Options { name: "a.zip".to_owned(), ..Options::default() })?;
    crate::verify(&out.bytes, out.format, &Limits::default()).unwrap();
    Ok(out)
}

fn names(zip: &[u8]) -> Vec<String> {
    let options = Options::default();
    let archive = Archive::read(zip, &mut Context::new(&options)).unwrap();
    archive.entries().iter().map(|entry| entry.name.clone()).collect()
}

#[test]
fn members_are_disarmed_and_a_report_is_added() {
    let out = disarm(&zip_of(&[("書類/一覧.csv", b"=1+1\n"), ("memo.txt", "メモ\n".as_bytes())])).unwrap();
    assert_eq!(names(&out.bytes), ["書類/一覧.csv", "memo.txt", REPORT_NAME]);
    assert_eq!(out.removed.len(), 1);
    assert_eq!(out.removed[0].location, "書類/一覧.csv > 1行目 A列");
}

#[test]
fn what_cannot_be_disarmed_is_left_out_and_named() {
    let out =
        disarm(&zip_of(&[("a.txt", b"text\n"), ("run.bat", b"del *\r\n"), ("x.exe", b"MZ\0\0\x01\x02")]))
            .unwrap();
    assert_eq!(names(&out.bytes), ["a.txt", REPORT_NAME]);
    assert!(out.removed.iter().all(|removed| removed.what == RemovalCode::Member));
    assert_eq!(out.removed.len(), 2);
    assert!(out.removed[0].location.starts_with("run.bat（"));
}

#[test]
fn an_archive_of_which_nothing_stays_is_refused() {
    assert_eq!(disarm(&zip_of(&[("run.bat", b"del *\r\n")])).unwrap_err().code, RefusalCode::Executable);
}

#[test]
fn nested_archives_are_disarmed_up_to_the_limit() {
    let mut zip = zip_of(&[("a.csv", b"@x\n")]);
    for _ in 0..2 {
        zip = zip_of(&[("inner.zip", &zip)]);
    }
    let out = disarm(&zip).unwrap();
    assert_eq!(out.removed[0].location, "inner.zip > inner.zip > a.csv > 1行目 A列");
    assert_eq!(disarm(&zip_of(&[("inner.zip", &zip)])).unwrap_err().code, RefusalCode::TooDeep);
}

#[test]
fn a_bomb_refuses_the_whole() {
    let limits = Limits { expanded_bytes: 100_000, ..Limits::default() };
    let options = Options { name: "a.zip".to_owned(), limits, ..Options::default() };
    let flat = zip_of(&[("ok.txt", b"ok"), ("big.txt", &vec![b'a'; 200_000])]);
    assert_eq!(crate::disarm(&flat, &options).unwrap_err().code, RefusalCode::Bomb);
    let part = zip_of(&[("a.txt", &vec![b'a'; 40_000])]);
    let nested = zip_of(&[("1.zip", &part), ("2.zip", &part), ("3.zip", &part)]);
    assert_eq!(crate::disarm(&nested, &options).unwrap_err().code, RefusalCode::Bomb);
}

#[test]
fn a_name_that_lies_is_corrected_without_collision() {
    let out = disarm(&zip_of(&[("a.pdf", b"text\n"), ("a.txt", b"other\n"), ("b.md", b"# x\n")])).unwrap();
    assert_eq!(names(&out.bytes), ["a.txt", "a (2).txt", "b.md.txt", REPORT_NAME]);
}

#[test]
fn a_changed_output_fails_the_second_reader() {
    let good = disarm(&zip_of(&[("a.txt", b"text\n")])).unwrap().bytes;
    let verify = |bytes: &[u8]| crate::verify(bytes, Format::Zip, &Limits::default());
    assert_eq!(verify(&good), Ok(()));
    let mut longer = good.clone();
    longer.push(0);
    assert!(verify(&longer).is_err());
    assert!(verify(&zip_of(&[("a.docm", b"x")])).is_err());
    assert!(verify(&zip_of(&[("a.csv", b"\xef\xbb\xbf=1\n")])).is_err());
}

#[test]
fn text_is_found_in_members() {
    let zip = zip_of(&[("a.txt", "個人番号\n".as_bytes()), ("b.exe", b"MZ\0\0")]);
    let pieces = crate::extract_text(&zip, &Options::default()).unwrap();
    assert_eq!(pieces, [TextPiece { location: "a.txt > 1行目".to_owned(), text: "個人番号".to_owned() }]);
}

/// The archive with one byte string replaced by another of the same length, in the local header and the directory.
fn replaced(mut zip: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    for at in 0..=zip.len() - from.len() {
        if &zip[at..at + from.len()] == from {
            zip[at..at + from.len()].copy_from_slice(to);
        }
    }
    zip
}

#[test]
fn names_that_leave_the_folder_are_never_written() {
    for name in [b"../x.txt", b"/a/x.txt", b"C:/x.txt"] {
        let zip = replaced(zip_of(&[("aa/x.txt", b"text\n"), ("ok.txt", b"text\n")]), b"aa/x.txt", name);
        if let Ok(out) = disarm(&zip) {
            assert!(
                names(&out.bytes)
                    .iter()
                    .all(|n| !n.contains("..") && !n.starts_with('/') && !n.contains(':'))
            );
        }
    }
}

#[test]
fn a_lying_size_refuses_the_whole() {
    let zip = zip_of(&[("a.txt", b"0123456789")]);
    let lying = replaced(zip, &[10, 0, 0, 0, 10, 0, 0, 0], &[10, 0, 0, 0, 9, 0, 0, 0]);
    assert!(disarm(&lying).is_err());
}

#[test]
fn an_encrypted_archive_is_refused_as_such() {
    let mut zip = zip_of(&[("a.txt", b"0123456789")]);
    for at in 0..zip.len() - 10 {
        match &zip[at..at + 4] {
            b"PK\x03\x04" => zip[at + 6] |= 1,
            b"PK\x01\x02" => zip[at + 8] |= 1,
            _ => {}
        }
    }
    assert_eq!(disarm(&zip).unwrap_err().code, RefusalCode::Encrypted);
}

#[test]
fn archives_hold_to_their_document() {
    crate::cases::run(include_str!("../../cases/archives.md"), &samples::make);
}

#[test]
fn a_name_that_windows_cannot_hold_is_made_safe() {
    assert_eq!(safe_name("12:30 memo?.txt"), ("12_30 memo_.txt".to_owned(), false));
    assert_eq!(safe_name("./a//nul.txt"), ("a/_nul.txt".to_owned(), false));
    assert_eq!(safe_name("/abs/a.txt . "), ("abs/a.txt".to_owned(), false));
    let long = safe_name(&format!("記録/{}.docx", "長".repeat(3_000))).0;
    assert!(long.starts_with("記録/長") && long.ends_with("長.docx") && long.len() < 260, "{long}");
    assert_eq!(safe_name(&format!("{}a.txt", "d/".repeat(900))).0, "a.txt");
}

proptest::proptest! {
    #[test]
    fn a_broken_archive_never_panics_and_never_passes_unverified(
        which in 0_usize..8, at in 0_usize..4096, byte in 0_u8..=255, cut in 0_usize..4096
    ) {
        let names = ["seven", "seven_aes", "lzh", "tar", "tar_gz", "gz", "zip_aes", "zip_traditional"];
        let mut file = samples::make(names[which]);
        let length = file.len();
        file[at % length] = byte;
        if cut % 3 == 0 {
            file.truncate(length - cut % length);
        }
        let options = Options { password: Some("key1".to_owned()), ..Options::default() };
        if let Ok(out) = crate::disarm(&file, &options) {
            proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &Limits::default()), Ok(()));
        }
    }
}
