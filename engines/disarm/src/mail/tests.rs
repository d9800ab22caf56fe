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

fn picture() -> String {
    use base64::Engine as _;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&[200, 10, 10]).unwrap();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn page() -> String {
    format!(
        "From: a@example.jp\r\nTo: b@example.jp\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <p onclick=\"SEKISHO-LIVE\"><b>太字</b><img src=\"cid:p1@x\" width=\"9\"><img src=\"http://127.0.0.1/t.gif\"></p>\r\n\
         --r\r\nContent-Type: image/png; name=\"logo.png\"\r\nContent-ID: <p1@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--r--\r\n",
        picture()
    )
}

/// The parts of base64 in a message of our own.
fn decoded(mail: &[u8]) -> String {
    let parsed = mail_parser::MessageParser::default().parse(mail).unwrap();
    parsed.parts.iter().filter_map(|part| part.text_contents()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_html_text_stays_with_its_pictures_and_without_its_dangers() {
    let done = disarm(page().as_bytes(), &options("a.eml")).unwrap();
    verify(&done.bytes, Format::Eml, &Limits::default()).unwrap();
    let raw = String::from_utf8(done.bytes.clone()).unwrap();
    assert!(raw.contains("multipart/alternative") && raw.contains("multipart/related"), "{raw}");
    assert!(raw.contains("Content-ID: <part0@sekisho.invalid>"), "{raw}");
    let text = decoded(&done.bytes);
    assert!(text.contains("<b>太字</b><img width=\"9\" src=\"cid:part0@sekisho.invalid\">"), "{text}");
    assert!(!text.contains("SEKISHO-LIVE") && !text.contains("t.gif\""), "{text}");
    let codes: Vec<&str> = done.removed.iter().map(|removed| removed.what.id()).collect();
    assert!(codes.contains(&"script") && codes.contains(&"external-link"), "{codes:?}");
}

#[test]
fn a_plain_html_text_is_kept_without_a_word() {
    let mail = "From: a@example.jp\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
                <html><body><p>本文<a href=\"https://example.jp/\">案内</a></p></body></html>\r\n";
    let done = disarm(mail.as_bytes(), &options("a.eml")).unwrap();
    verify(&done.bytes, Format::Eml, &Limits::default()).unwrap();
    assert_eq!(done.removed, []);
    assert!(decoded(&done.bytes).contains("https://example.jp/"));
}

#[test]
fn a_nested_message_stands_in_its_own_lines() {
    let inner = page();
    // The same headers and the same text outside and inside.
    let nested = |inner: &str| {
        format!(
            "From: a@example.jp\r\nTo: b@example.jp\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=m{0}\r\n\r\n--m{0}\r\nContent-Type: text/plain\r\n\r\nfwd\r\n--m{0}\r\n\
             Content-Type: message/rfc822\r\n\r\n{inner}\r\n--m{0}--\r\n",
            inner.len()
        )
    };
    let mail = nested(&nested(&inner));
    let done = disarm(mail.as_bytes(), &options("a.eml")).unwrap();
    verify(&done.bytes, Format::Eml, &Limits::default()).unwrap();
    let raw = String::from_utf8(done.bytes.clone()).unwrap();
    assert_eq!(raw.matches("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit").count(), 2);
    let boundaries: std::collections::HashSet<&str> =
        raw.split("boundary=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(boundaries.len(), raw.matches("boundary=\"").count());
    assert!(text_of(&done.bytes).contains("太字"));
    let deep = nested(&nested(&nested(&nested(&inner))));
    assert_eq!(disarm(deep.as_bytes(), &options("a.eml")).unwrap_err().code.id(), "too-deep");
}

#[test]
fn what_is_in_the_second_readers_nested_message_is_read_too() {
    let mail = page()
        .replace("multipart/related; boundary=r", "multipart/mixed; boundary=r")
        .replace("image/png; name=\"logo.png\"", "message/rfc822");
    verify(mail.as_bytes(), Format::Eml, &Limits::default()).unwrap_err();
    let done = disarm(
        b"From: a@example.jp\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\nFrom: b@example.jp\r\nSubject: y\r\n\r\nhi\r\n",
        &options("a.eml"),
    )
    .unwrap();
    let raw = String::from_utf8(done.bytes).unwrap();
    verify(raw.as_bytes(), Format::Eml, &Limits::default()).unwrap();
    let at = raw.rfind("Subject: ").unwrap();
    let (before, after) = raw.split_at(at);
    verify(format!("{before}X-Live: 1\r\n{after}").as_bytes(), Format::Eml, &Limits::default()).unwrap_err();
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
