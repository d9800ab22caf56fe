use super::*;
use crate::{Limits, Options};

fn make(name: &str) -> Vec<u8> {
    assert_eq!(name, "cp932");
    let page = "<html><head><meta charset=shift_jis></head><body><p>窓口のご案内①</p></body></html>";
    encoding_rs::SHIFT_JIS.encode(page).0.into_owned()
}

#[test]
fn html_holds_to_its_document() {
    crate::cases::run(include_str!("../../cases/html.md"), &make);
}

fn cleaned(page: &str) -> String {
    let options = Options { name: "a.html".to_owned(), ..Options::default() };
    let out = crate::disarm(page.as_bytes(), &options).unwrap();
    crate::verify(&out.bytes, out.format, &Limits::default()).unwrap();
    String::from_utf8(out.bytes).unwrap()
}

#[test]
fn what_was_written_is_written_again_alike() {
    let page = "<title>題</title><p class=x>A&amp;B <b>太字</b>&nbsp;<pre>\n\n行</pre><table width=100%><tr><td>1</table>";
    let once = cleaned(page);
    assert_eq!(cleaned(&once), once);
}

#[test]
fn a_picture_of_a_mail_gets_the_address_that_the_caller_knows() {
    let options = Options::default();
    let mut ctx = Context::new(&options);
    let page = clean("<img src='cid:a@b'><img src='cid:c'>", &mut ctx, &mut |source| {
        (source == "cid:a@b").then(|| "cid:new1".to_owned())
    });
    assert!(page.unwrap().contains("<img src=\"cid:new1\"></body>"));
}

#[test]
fn deep_nesting_is_flattened_and_absurd_nesting_refused() {
    let page = "<div>".repeat(1_000) + "底";
    assert!(cleaned(&page).contains('底'));
    let page = "<div>".repeat(200_000);
    let options = Options { name: "a.html".to_owned(), ..Options::default() };
    assert_eq!(crate::disarm(page.as_bytes(), &options).unwrap_err().code, RefusalCode::Bomb);
}

#[test]
fn an_original_page_does_not_pass_the_second_reader() {
    let good = cleaned("<p>本文</p>");
    let verify = |page: &str| crate::verify(page.as_bytes(), Format::Html, &Limits::default());
    assert_eq!(verify(&good), Ok(()));
    for (from, to) in [
        ("<p>", "<p onclick=\"x\">"),
        ("<p>", "<script>"),
        ("本文", "<img src=\"http://192.0.2.1/\">"),
        ("本文", "<a href=\"javascript:1\">x</a>"),
        ("default-src 'none'; ", ""),
    ] {
        assert!(verify(&good.replace(from, to)).is_err(), "{to}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_is_written_passes_the_second_reader(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "<p>", "</p>", "<table>", "<tr>", "<td style='color:red'>", "<a href='https://a.example/'>", "</a>", "text",
            "<svg>", "</svg>", "<math>", "<style>", "</style>", "<!--", "-->", "<img src=x onerror=1>", "&lt;", "\"", "'",
            "<title>", "</title>", "<textarea>", "<select>", "<option>", "<template>", "</template>", "<b><i>", "</b>",
            "<pre>", "\n", "<noscript>", "<iframe>", "<plaintext>", "<xmp>", "p{color:red}", "日本語", "<form>", "<input value='<'>",
            "</table>", "<frameset>", "<body bgcolor=red>", "<ruby>漢<rt>かん", "\u{202e}", "<p style=\"font-family:'ＭＳ 明朝'\">",
        ]), 0..25)
    ) {
        let page = format!("<html>{}", pieces.concat());
        let options = Options { name: "a.html".to_owned(), ..Options::default() };
        if let Ok(out) = crate::disarm(page.as_bytes(), &options) {
            proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &Limits::default()), Ok(()), "{}", page);
        }
    }
}
