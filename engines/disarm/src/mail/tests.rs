//! Mail as it comes: each danger gone, text and names in Japanese kept, and whatever is written passes the second
//! reader.

use proptest::prelude::*;

use crate::{Format, Limits, Options, disarm, extract_text, verify};

const ALTERNATIVE: &str = "Received: from relay.example.jp by mx.example.jp; Mon, 6 Apr 2026 09:00:00 +0900\r\n\
From: =?ISO-2022-JP?B?GyRCOjRGIxsoQg==?= <sato@example.jp>\r\nTo: hall@example.lg.jp\r\nSubject: =?UTF-8?B?6KaL56mN5pu4?=\r\n\
Date: Mon, 6 Apr 2026 09:00:00 +0900\r\nMessage-ID: <1@example.jp>\r\nX-Mailer: SEKISHO-LIVE\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nお世話になります。\r\n\
--b\r\nContent-Type: text/csv; name=\"list.csv\"\r\nContent-Disposition: attachment; filename=\"list.csv\"\r\n\r\na,=cmd|'/c calc'!A0\r\n\
--b\r\nContent-Type: application/octet-stream; name=\"tool.exe\"\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA//8AALgAAAA=\r\n--b--\r\n";

fn options(name: &str) -> Options {
    Options { name: name.to_owned(), ..Options::default() }
}

fn text_of(bytes: &[u8]) -> String {
    let pieces = extract_text(bytes, &options("a.eml")).unwrap();
    pieces.into_iter().map(|piece| format!("{}: {}\n", piece.location, piece.text)).collect()
}

#[test]
fn attachments_are_disarmed_in_place_and_the_report_names_what_stayed_behind() {
    let done = disarm(ALTERNATIVE.as_bytes(), &options("a.eml")).unwrap();
    assert_eq!(done.format, Format::Eml);
    verify(&done.bytes, Format::Eml, &Limits::default()).unwrap();
    let raw = String::from_utf8(done.bytes.clone()).unwrap();
    assert!(!raw.contains("X-Mailer") && !raw.contains("Received") && !raw.contains("tool.exe"));
    let text = text_of(&done.bytes);
    assert!(text.contains("件名: 見積書") && text.contains("佐藤 <sato@example.jp>"), "{text}");
    assert!(text.contains("お世話になります") && text.contains("× tool.exe"), "{text}");
    let codes: Vec<&str> = done.removed.iter().map(|removed| removed.what.id()).collect();
    assert!(codes.contains(&"attachment") && codes.contains(&"csv-formula"), "{codes:?}");
}

#[test]
fn a_message_without_a_charset_is_read_as_japanese_mail_is() {
    let (body, ..) = encoding_rs::ISO_2022_JP.encode("電子メールの本文です。");
    let mut mail =
        b"From: a@example.jp\r\nTo: b@example.jp\r\nMIME-Version: 1.0\r\nSubject: x\r\n\r\n".to_vec();
    mail.extend_from_slice(&body);
    let done = disarm(&mail, &options("a.eml")).unwrap();
    assert!(text_of(&done.bytes).contains("電子メールの本文です"));
}

#[test]
fn the_original_of_a_mail_is_never_in_the_output_grammar() {
    verify(ALTERNATIVE.as_bytes(), Format::Eml, &Limits::default()).unwrap_err();
}

#[test]
fn signed_and_encrypted_wrappers_are_refused_with_the_reason() {
    let mail = "From: a@example.jp\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\
                Content-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3\r\n";
    let refusal = disarm(mail.as_bytes(), &options("a.eml")).unwrap_err();
    assert_eq!(refusal.code.id(), "encrypted");
}

fn attribute(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
    let mut out = vec![level];
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
    out.extend_from_slice(data);
    let sum = data.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

fn winmail() -> Vec<u8> {
    let mut tnef = vec![0x78, 0x9F, 0x3E, 0x22, 1, 0];
    tnef.extend(attribute(1, 0x0006_9007, &932_u32.to_le_bytes()));
    tnef.extend(attribute(1, 0x0001_8004, &encoding_rs::SHIFT_JIS.encode("通知\0").0));
    tnef.extend(attribute(1, 0x0002_800C, &encoding_rs::SHIFT_JIS.encode("本文です\0").0));
    tnef.extend(attribute(2, 0x0006_9002, &[0; 14]));
    tnef.extend(attribute(2, 0x0001_8010, &encoding_rs::SHIFT_JIS.encode("一覧.csv\0").0));
    tnef.extend(attribute(2, 0x0006_800F, "氏名,備考\r\n佐藤,=1+1\r\n".as_bytes()));
    tnef
}

#[test]
fn winmail_dat_gives_up_its_body_and_its_attachments() {
    let done = disarm(&winmail(), &options("winmail.dat")).unwrap();
    verify(&done.bytes, Format::Eml, &Limits::default()).unwrap();
    let text = text_of(&done.bytes);
    assert!(text.contains("件名: 通知") && text.contains("本文です") && text.contains("一覧.csv"), "{text}");
}

#[test]
fn mail_holds_to_its_document() {
    crate::cases::run(include_str!("../../cases/mail.md"), &|_| winmail());
}

proptest! {
    #[test]
    fn no_message_makes_it_panic(cut in 0_usize..900, at in 0_usize..900, byte: u8) {
        let mut mail = ALTERNATIVE.as_bytes().to_vec();
        if let Some(slot) = mail.get_mut(at) {
            *slot = byte;
        }
        mail.truncate(mail.len() - cut.min(mail.len() - 1));
        if let Ok(done) = disarm(&mail, &options("a.eml")) {
            prop_assert_eq!(verify(&done.bytes, done.format, &Limits::default()), Ok(()));
        }
    }

    #[test]
    fn no_tnef_stream_makes_it_panic(at in 0_usize..250, byte: u8) {
        let mut tnef = winmail();
        if let Some(slot) = tnef.get_mut(at) {
            *slot = byte;
        }
        let _ = disarm(&tnef, &options("winmail.dat"));
    }
}
