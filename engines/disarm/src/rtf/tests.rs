use std::fmt::Write as _;

use proptest::prelude::*;

use crate::{Limits, Options, RefusalCode, disarm, extract_text, verify};

/// Location and text of each paragraph of what is written.
fn text_of(rtf: &[u8]) -> String {
    let options = Options { name: "a.rtf".to_owned(), ..Options::default() };
    let out = disarm(rtf, &options).unwrap();
    verify(&out.bytes, out.format, &Limits::default()).unwrap();
    let pieces = extract_text(rtf, &options).unwrap();
    let mut text = String::new();
    for piece in pieces {
        writeln!(text, "{}={}", piece.location, piece.text).unwrap();
    }
    text
}

#[test]
fn cases_hold() {
    crate::cases::run(include_str!("../../cases/rtf.md"), &|_| Vec::new());
}

#[test]
fn double_bytes_are_read_by_the_font_that_holds_them() {
    let head = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset128 MS Mincho;}{\f2\fcharset134 SimSun;}{\f3\fcharset2 Symbol;}}";
    let check = |body: &str, expect: &str| {
        let text = text_of(format!("{head}{body}\\par}}").as_bytes());
        assert_eq!(text, format!("本文={expect}\n"), "{body}");
    };
    check(r"\f1 \'93\'fa\'96\'7b", "日本");
    check(r"\f2 \'d6\'d0", "中");
    check(r"\f0 caf\'e9", "café");
    check(r"\loch\f0\hich\f0\dbch\f1 \'93\'fa\loch abc", "日abc");
    // A second byte that is a backslash, plain, escaped, or given by digits.
    check(r"\f1 \'83\\\'83\'5c", "ソソ");
    check(r"\f3 \'b7", "\u{f0b7}");
    check(r"\uc2\u26085\'93\'fa\u26412\'96\'7b", "日本");
    check(r"\u-10179?\u-8704?", "\u{1f600}");
    check(r"\uc0\u26085\uc1 x{\upr{ascii}{\*\ud \u26412?}}", "日x本");
    check(r"a\~b\_c\emdash\ldblquote", "a\u{a0}b\u{2011}c—“");
}

#[test]
fn groups_of_absurd_depth_neither_overflow_nor_pass_the_limit() {
    let deep = |count: usize| {
        let mut rtf = b"{\\rtf1 start".to_vec();
        rtf.extend(std::iter::repeat_n(b'{', count));
        rtf.extend_from_slice(b" text\\par");
        rtf.extend(std::iter::repeat_n(b'}', count + 1));
        rtf
    };
    assert_eq!(text_of(&deep(50_000)), "本文=start text\n");
    let refusal = disarm(&deep(200_000), &Options::default()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Bomb);
}

#[test]
fn notes_boxes_and_tables_may_nest_without_end() {
    for opener in [
        "{\\footnote x",
        "{\\shp{\\*\\shpinst{\\shptxt x",
        "{\\field{\\*\\fldinst x",
        "{\\object{\\result x",
        "{\\header x",
        "\\pard\\intbl\\itap900 x\\par",
    ] {
        let rtf = format!("{{\\rtf1 {}end\\par", opener.repeat(3_000));
        text_of(rtf.as_bytes());
    }
}

#[test]
fn a_file_that_is_cut_off_keeps_what_it_has() {
    assert_eq!(text_of(b"{\\rtf1{\\b first\\par second"), "本文=first\n本文=second\n");
    assert_eq!(text_of(b"{\\rtf1 a\\bin99999999 b"), "本文=a\n");
}

#[test]
fn the_style_does_not_show_through_what_the_paragraph_does_not_say() {
    let out = disarm(
        br"{\rtf1{\stylesheet{\s0 Normal;}{\s1\b\sb240 heading 1;}}\pard\plain\s1\b\sb240 bold\par\pard\plain\s1 plain\par}",
        &Options::default(),
    )
    .unwrap();
    let bare = crate::cases::bare(&out.bytes);
    assert!(bare.contains("<w:b w:val=\"0\"/>"), "{bare}");
    assert!(bare.contains("w:before=\"0\""), "{bare}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn tokens_in_any_order_never_panic_and_what_is_written_verifies(picks in prop::collection::vec(0_usize..WORDS.len(), 0..80)) {
        let mut rtf = b"{\\rtf1".to_vec();
        picks.iter().filter_map(|at| WORDS.get(*at)).for_each(|word| rtf.extend_from_slice(word.as_bytes()));
        check(&rtf);
    }

    #[test]
    fn bytes_in_any_order_never_panic(tail in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut rtf = b"{\\rtf1".to_vec();
        rtf.extend(tail);
        check(&rtf);
    }
}

fn check(rtf: &[u8]) {
    if let Ok(out) = disarm(rtf, &Options::default()) {
        verify(&out.bytes, out.format, &Limits::default()).unwrap();
    }
}

const WORDS: &[&str] = &[
    "{",
    "{",
    "}",
    "}",
    "\\*",
    "\\par ",
    "\\cell ",
    "\\row ",
    "\\trowd ",
    "\\cellx100 ",
    "\\cellx-5 ",
    "\\intbl ",
    "\\itap3 ",
    "\\nestcell ",
    "\\nestrow ",
    "\\nesttableprops ",
    "\\field ",
    "\\fldinst ",
    "\\fldrslt ",
    "\\object ",
    "\\result ",
    "\\objdata ",
    "\\pict ",
    "\\dibitmap0 ",
    "\\bin5 ",
    "0a0b",
    "\\footnote ",
    "\\ftnalt ",
    "\\header ",
    "\\shp ",
    "\\shpinst ",
    "\\shptxt ",
    "\\sp ",
    "\\sv ",
    "\\fonttbl ",
    "\\f1 ",
    "\\fcharset128 ",
    "name;",
    "\\'82",
    "\\'a0",
    "\\u-10179 ?",
    "\\uc2 ",
    "\\stylesheet ",
    "\\s1 ",
    "\\cs2 ",
    "\\sbasedon1 ",
    "\\colortbl ",
    "\\red9 ",
    ";",
    "\\cf1 ",
    "\\listtable ",
    "\\list ",
    "\\listlevel ",
    "\\leveltext ",
    "\\listoverridetable ",
    "\\listoverride ",
    "\\listid1 ",
    "\\ls1 ",
    "\\ilvl9 ",
    "\\listtext ",
    "\\sect ",
    "\\sectd ",
    "\\pard ",
    "\\plain ",
    "\\b ",
    "\\fs-9 ",
    "\\bkmkstart ",
    "\\bkmkend ",
    "\\upr ",
    "\\ud ",
    "\\brdrt\\brdrs ",
    "\\clmrg ",
    "\\clvmrg ",
    "\\chftn ",
    "\\chpgn ",
    "\\tx99999999 ",
    "text",
    "日本",
    "\\deleted ",
    "\\paperw-1 ",
];
