//! Pages as pictures: what is seen, what can be searched, and where the budget ends it.

use super::*;
use crate::Method;

fn options() -> Options {
    Options { method: Method::Image, ..Options::default() }
}

fn pictures(input: &[u8], options: &Options) -> Disarmed {
    let disarmed = disarm(input, options).unwrap();
    if let Err(failure) = verify(&disarmed.bytes, Format::Pdf, &Limits::default()) {
        panic!("{failure}\n{}", String::from_utf8_lossy(&disarmed.bytes));
    }
    disarmed
}

#[test]
fn page_becomes_one_picture_with_its_words_over_it() {
    let disarmed = pictures(&document("/OpenAction 5 0 R", "", HELLO, &[JS]), &options());
    let shown = String::from_utf8_lossy(&disarmed.bytes);
    assert!(shown.contains("/Subtype /Image/Width 625/Height 833"), "{shown}");
    assert!(!shown.contains("Helvetica") && !shown.contains("JavaScript"), "{shown}");
    assert_eq!(text(&disarmed.bytes), ["Hello"]);
    assert_eq!(disarmed.method, Method::Image);
    assert!(disarmed.removed.iter().any(|removed| removed.what == RemovalCode::Script));
}

#[test]
fn words_stay_out_where_nobody_wants_them() {
    let disarmed = pictures(&document("", "", HELLO, &[]), &Options { text_layer: false, ..options() });
    assert_eq!(text(&disarmed.bytes), [""]);
    assert!(!String::from_utf8_lossy(&disarmed.bytes).contains("/Font"));
}

#[test]
fn japanese_words_can_be_searched_on_a_turned_page() {
    let disarmed = pictures(&japanese(), &options());
    assert_eq!(text(&disarmed.bytes), ["伊万里市役"]);
    // The page is turned upright: its sides are changed, and nothing is left to turn.
    let shown = String::from_utf8_lossy(&disarmed.bytes);
    assert!(shown.contains("/MediaBox [0 0 290 190]"), "{shown}");
    assert!(!shown.contains("/Rotate"));
}

#[test]
fn colours_of_flat_areas_stay_exact() {
    let disarmed = pictures(&document("", "", "1 0.2 0 rg 0 0 300 400 re f", &[]), &options());
    let shown = String::from_utf8_lossy(&disarmed.bytes);
    assert!(shown.contains("/Indexed /DeviceRGB 0 <FF3300>"), "{shown}");
}

#[test]
fn marks_that_turn_the_direction_of_text_are_no_words() {
    let map = "1 begincodespacerange <00> <FF> endcodespacerange 2 beginbfchar <41> <202E0041> <42> <0007> endbfchar";
    let page = "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 5 0 R >> >> >>";
    let input = document("", page, "BT /F1 12 Tf 20 300 Td (AB) Tj ET", &[&stream("", map)]);
    assert_eq!(text(&pictures(&input, &options()).bytes), ["A"]);
}

#[test]
fn huge_sheet_is_drawn_with_fewer_pixels() {
    let limits = Limits { pixels: 100_000, ..Limits::default() };
    let disarmed = pictures(&document("", "", HELLO, &[]), &Options { limits, ..options() });
    let shown = String::from_utf8_lossy(&disarmed.bytes);
    assert!(shown.contains("/Width 274/Height 365"), "{shown}");
    let limits = Limits { pixels: 5_000, ..Limits::default() };
    let refusal = disarm(&document("", "", HELLO, &[]), &Options { limits, ..options() }).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::TooLarge);
}

#[test]
fn more_pages_than_allowed_are_refused() {
    let limits = Limits { pages: 0, ..Limits::default() };
    let refusal = disarm(&document("", "", HELLO, &[]), &Options { limits, ..options() }).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::TooLarge);
}

#[test]
fn page_that_cannot_be_rebuilt_whole_is_still_shown() {
    let broken = stream("/Filter /FlateDecode", "this is not deflate");
    let input = document("", "/Contents [4 0 R 5 0 R]", HELLO, &[&broken]);
    refused(&input, RefusalCode::Malformed);
    let chain = Options { fallback: vec![Method::Image], ..Options::default() };
    let disarmed = pictures(&input, &chain);
    assert_eq!(disarmed.method, Method::Image);
    assert_eq!(disarmed.fell_back.len(), 1);
    assert_eq!(text(&disarmed.bytes), ["Hello"]);
    assert!(disarmed.removed.iter().any(|removed| removed.location.contains("壊れた描画内容")));
}

#[test]
fn deep_nesting_never_reaches_the_renderer() {
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    let input = document("", &format!("/Deep {deep}"), &format!("{deep} d {HELLO}"), &[&deep]);
    for method in [Method::Rebuild, Method::Image] {
        if let Ok(disarmed) = disarm(&input, &Options { method, ..Options::default() }) {
            assert!(!String::from_utf8_lossy(&disarmed.bytes).contains("[[["));
        }
    }
}

#[test]
fn noise_changes_the_pixels_and_nothing_else() {
    let input = document("", "", HELLO, &[]);
    let plain = pictures(&input, &options());
    let noisy = pictures(&input, &Options { noise: Some(7), ..options() });
    assert_ne!(plain.bytes, noisy.bytes);
    assert_eq!(text(&noisy.bytes), ["Hello"]);
}
