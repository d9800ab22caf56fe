//! Damage that every viewer reads past: users' mail is full of it.

use super::*;

/// The file with one text in place of another, tables left as they were.
fn with(from: &str, to: &str) -> Vec<u8> {
    let input = document("", "", HELLO, &[]);
    let text = String::from_utf8(input).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

fn opens(input: &[u8]) {
    assert_eq!(text(&rebuilt(input).bytes), ["Hello"], "{}", String::from_utf8_lossy(input));
    assert_eq!(text(input), ["Hello"]);
}

#[test]
fn wrong_start_of_the_table_is_looked_past() {
    opens(&with("startxref\n", "startxref\n9"));
    opens(&with("startxref\n", "startxref\n-"));
}

#[test]
fn missing_table_is_looked_past() {
    let input = with("xref\n0 5", "nothing");
    opens(&input);
}

#[test]
fn wrong_offsets_are_looked_past() {
    opens(&with("0000000009 00000 n", "0000000123 00000 n"));
    opens(&with("%PDF-1.7\n", "%PDF-1.7\n% a line that a tool added, so that every offset is wrong\n"));
}

#[test]
fn missing_end_of_a_stream_is_looked_past() {
    opens(&with("\nendstream", ""));
}

#[test]
fn wrong_length_of_a_stream_is_looked_past() {
    opens(&with(&format!("/Length {}", HELLO.len()), "/Length 3"));
    opens(&with(&format!("/Length {}", HELLO.len()), "/Length 99999"));
    opens(&with(&format!("/Length {}", HELLO.len()), ""));
}

#[test]
fn bytes_before_the_header_are_left_out_and_reported() {
    let junk = "X".repeat(900) + "\r\n";
    let input = with("%PDF-1.7\n", &(junk + "%PDF-1.7\n"));
    let options = Options { name: "書類.pdf".to_owned(), ..Options::default() };
    let disarmed = disarm(&input, &options).unwrap();
    assert_eq!(text(&disarmed.bytes), ["Hello"]);
    assert!(disarmed.removed.iter().any(|removed| removed.what == RemovalCode::TrailingData));
}

#[test]
fn changed_line_ends_are_looked_past() {
    let text = String::from_utf8(document("", "", HELLO, &[])).unwrap();
    opens(text.replace('\n', "\r\n").as_bytes());
    opens(text.replace('\n', "\r").as_bytes());
}

#[test]
fn short_names_of_filters_are_understood() {
    let content = format!(
        "<< /Filter /AHx /Length {} >>\nstream\n{}>\nendstream",
        2 * HELLO.len() + 1,
        hex::encode(HELLO)
    );
    opens(&document("", "/Contents 5 0 R", "", &[&content]));
}

#[test]
fn file_that_is_cut_off_is_refused() {
    let input = document("", "", HELLO, &["<< >>"]);
    let content = input.windows(6).position(|window| window == b"stream").unwrap();
    refused(&input[..content - 30], RefusalCode::Malformed);
}
