use crate::{Format, Limits, Options};

#[test]
fn xml_holds_to_its_document() {
    crate::cases::run(include_str!("../../cases/xml.md"), &|_| Vec::new());
}

#[test]
fn an_original_does_not_pass_the_second_reader() {
    let verify = |text: &str| crate::verify(text.as_bytes(), Format::Xml, &Limits::default());
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
    assert_eq!(verify(&format!("{head}<a 属性=\"1\">本文</a>")), Ok(()));
    for body in [
        "<!DOCTYPE a><a/>",
        "<?xml-stylesheet href=\"a\"?><a/>",
        "<a>&x;</a>",
        "<x:a xmlns:x=\"http://www.w3.org/1999/xhtml\"/>",
    ] {
        assert!(verify(&format!("{head}{body}")).is_err(), "{body}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_is_written_passes_the_second_reader(text in "[<>/a-c=\"' &;:!?\\[\\]x#0-9あ\n]{0,60}") {
        let text = format!("<?xml version=\"1.0\"?><a>{text}</a>");
        let options = Options { name: "a.xml".to_owned(), ..Options::default() };
        if let Ok(out) = crate::disarm(text.as_bytes(), &options) {
            proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &Limits::default()), Ok(()), "{}", text);
        }
    }
}
