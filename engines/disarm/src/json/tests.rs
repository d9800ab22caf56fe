use crate::{Limits, Options, RefusalCode};

#[test]
fn json_holds_to_its_document() {
    crate::cases::run(include_str!("../../cases/json.md"), &|_| Vec::new());
}

#[test]
fn deep_nesting_is_refused() {
    let options = Options { name: "a.json".to_owned(), ..Options::default() };
    let deep = "[".repeat(100_000);
    assert_eq!(crate::disarm(deep.as_bytes(), &options).unwrap_err().code, RefusalCode::TooDeep);
}

proptest::proptest! {
    #[test]
    fn whatever_is_written_verifies_and_means_the_same(text in "[\\[\\]{}:,\"0-9eE.+\\-a-z\\\\u \n\u{202e}あ]{0,60}") {
        let options = Options { name: "a.json".to_owned(), ..Options::default() };
        if let Ok(out) = crate::disarm(text.as_bytes(), &options) {
            proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &Limits::default()), Ok(()));
            if let Ok(theirs) = serde_json::from_str::<serde_json::Value>(&text) {
                let ours: serde_json::Value = serde_json::from_slice(&out.bytes).unwrap();
                proptest::prop_assert_eq!(ours, theirs);
            }
        }
    }
}
