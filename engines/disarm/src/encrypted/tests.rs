use crate::{Options, disarm, extract_text};

const AGILE: &[u8] = include_bytes!("../../cases/encrypted/agile.xlsx");
const STANDARD: &[u8] = include_bytes!("../../cases/encrypted/standard.xlsx");

fn made(name: &str) -> Vec<u8> {
    match name {
        "agile" => AGILE.to_vec(),
        "standard" => STANDARD.to_vec(),
        "agile_changed" => {
            // Inside the encrypted package, far from the tables of the compound file.
            let mut bytes = AGILE.to_vec();
            let xml = bytes.windows(9).position(|window| window == b"spinCount").unwrap();
            let at = if xml > 6_000 { 4_000 } else { 7_000 };
            bytes[at] ^= 1;
            bytes
        }
        "agile_endless" => {
            let mut bytes = AGILE.to_vec();
            let at = bytes.windows(18).position(|window| window == b"spinCount=\"100000\"").unwrap();
            bytes[at + 11..at + 17].copy_from_slice(b"999999");
            // One digit more: the quote moves into the blank behind it.
            let next = bytes[at + 17..].iter().position(|byte| *byte == b' ').unwrap() + at + 17;
            assert_eq!(next, at + 18);
            bytes[at + 17..at + 19].copy_from_slice(b"9\"");
            bytes
        }
        other => panic!("{other}"),
    }
}

#[test]
fn encrypted_documents_are_opened_as_the_cases_say() {
    crate::cases::run(include_str!("../../cases/encrypted.md"), &made);
}

#[test]
fn the_text_of_an_encrypted_document_needs_its_password() {
    let options = Options { password: Some("合言葉-42".to_owned()), ..Options::default() };
    let pieces = extract_text(AGILE, &options).unwrap();
    assert!(pieces.iter().any(|piece| piece.location == "台帳!A1" && piece.text == "伊万里"), "{pieces:?}");
    assert!(extract_text(AGILE, &Options::default()).is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    #[test]
    fn a_changed_file_is_refused_or_opened_and_never_panics(at in 0_usize..10_000, with in 1_u8..=255) {
        for original in [AGILE, STANDARD] {
            let mut bytes = original.to_vec();
            let at = at % bytes.len();
            bytes[at] ^= with;
            let _ = disarm(&bytes, &Options::default());
        }
    }
}
