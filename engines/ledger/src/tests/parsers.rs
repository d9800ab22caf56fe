//! Each text has one spelling, and no bytes make a parser panic.

use proptest::prelude::*;

use super::{key, receipt};
use crate::tile::{Tile, decode_bundle, encode_bundle, entries_path};
use crate::{Checkpoint, Entry, Hash, Receipt, SigningKey, VerifierKey, note};

const ROOT: &str = "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=";

#[test]
fn entries_have_one_spelling() {
    let good = format!("sekisho-entry/v1\n10\n-5\nfile.in\n{ROOT}\n");
    let entry = Entry::decode(good.as_bytes()).unwrap();
    assert_eq!((entry.seq, entry.time_ms, entry.kind.as_str()), (10, -5, "file.in"));
    assert!(entry.is_valid());
    assert_eq!(entry.encode(), good.as_bytes());
    for (from, to) in [
        ("v1", "v2"),
        ("\n10\n", "\n010\n"),
        ("\n10\n", "\n+10\n"),
        ("\n10\n", "\n-10\n"),
        ("\n10\n", "\n\n"),
        ("\n10\n", "\n１０\n"),
        ("\n10\n", "\n9223372036854775808\n"),
        ("\n-5\n", "\n-05\n"),
        ("\n-5\n", "\n-0\n"),
        ("\n-5\n", "\n+5\n"),
        ("\n-5\n", "\n9223372036854775808\n"),
        ("file.in", "File.in"),
        ("file.in", ""),
        ("file.in", "file in"),
        ("file.in", "登録"),
        ("file.in", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("B0=\n", "B0=\n\n"),
        ("B0=\n", "B0="),
        ("B0=\n", "B0\n"),
        ("B0=\n", "B1=\n"),
        ("B0=\n", "=\n"),
        ("\n", "\r\n"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        assert!(Entry::decode(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert!(Entry::decode(b"\xff").is_err());
}

#[test]
fn checkpoints_have_one_spelling() {
    let good = format!("imari.example/sekisho\n7\n{ROOT}\n");
    assert_eq!(Checkpoint::parse(&good).unwrap().to_string(), good);
    for bad in [
        String::new(),
        "\n".to_owned(),
        format!("\n7\n{ROOT}\n"),
        format!("a\n07\n{ROOT}\n"),
        format!("a\n-7\n{ROOT}\n"),
        format!("a\n7 \n{ROOT}\n"),
        format!("a\n9223372036854775808\n{ROOT}\n"),
        format!("a\n7\n{ROOT}"),
        format!("a\r\n7\r\n{ROOT}\r\n"),
        format!("a\n7\n{ROOT}\n\n"),
        format!("a\n7\n{ROOT}\n\nx\n"),
        "a\n7\n\n".to_owned(),
        "a\n7\nAAAA\n".to_owned(),
        format!("a\n0\n{ROOT}\n"),
    ] {
        assert!(Checkpoint::parse(&bad).is_err(), "{bad:?}");
    }
    assert!(Checkpoint::parse(&format!("a\n0\n{}\n", Hash::empty_tree())).is_ok());
}

#[test]
fn tile_paths_have_one_spelling() {
    let check = |level, index, width, path: &str| {
        let tile = Tile { level, index, width };
        assert_eq!(tile.path(), path);
        assert_eq!(Tile::parse_path(path).unwrap(), tile);
    };
    check(0, 1_234, 5, "tile/0/x001/234.p/5");
    check(0, 1_234_067, 256, "tile/0/x001/x234/067");
    check(3, 0, 255, "tile/3/000.p/255");
    check(7, 999, 256, "tile/7/999");
    check(1, 1_000, 1, "tile/1/x001/000.p/1");
    assert_eq!(entries_path(1_234, 5), "tile/entries/x001/234.p/5");
    assert_eq!(entries_path(0, 256), "tile/entries/000");
    for bad in [
        "",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/00/000",
        "tile/8/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/05",
        "tile/0/000.p/",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "/tile/0/000",
        "tile/0/../000",
        "tile/0/x001/234/",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/entries/000",
    ] {
        assert!(Tile::parse_path(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn bundles_keep_their_limits() {
    let entries = vec![Vec::new(), vec![1; 65_535]];
    assert_eq!(decode_bundle(&encode_bundle(&entries).unwrap()).unwrap(), entries);
    assert!(encode_bundle(&[vec![0; 65_536]]).is_err());
    assert!(encode_bundle(&vec![Vec::new(); 257]).is_err());
    assert!(decode_bundle(&[0; 2 * 257]).is_err());
    assert_eq!(decode_bundle(&[0; 2 * 256]).unwrap().len(), 256);
    assert!(decode_bundle(&[0]).is_err());
    assert!(decode_bundle(&[0, 2, 1]).is_err());
    assert!(Tile { level: 0, index: 0, width: 2 }.decode(&[0; 63]).is_err());
}

proptest! {
    #[test]
    fn parsers_never_panic_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode(), bytes.clone());
        }
        if let Ok(entries) = decode_bundle(&bytes) {
            prop_assert_eq!(encode_bundle(&entries).unwrap(), bytes);
        }
    }

    #[test]
    fn parsers_never_panic_on_text(text in "(?s)[ -~\n\u{2014}\u{3042}\u{0}]{0,200}|.{0,200}") {
        let key = key().verifier();
        if let Ok(receipt) = Receipt::decode(&text) {
            prop_assert_eq!(receipt.encode(), text.clone());
        }
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.to_string(), text.clone());
        }
        if let Ok(tile) = Tile::parse_path(&text) {
            prop_assert_eq!(tile.path(), text.clone());
        }
        prop_assert!(note::open(&text, std::slice::from_ref(&key)).is_err());
        prop_assert!(VerifierKey::parse(&text).is_err() && SigningKey::from_text(&text).is_err());
        let _ = text.parse::<Hash>();
    }

    #[test]
    fn a_damaged_receipt_is_read_back_unchanged_or_refused(at in 0usize..1_000, byte in proptest::sample::select(b"\n =+/0Aze".to_vec()), cut in 0usize..1_000) {
        let mut text = receipt(2, 5, "{}").encode().into_bytes();
        let (at, cut) = (at % text.len(), cut % text.len());
        text[at] = byte;
        text.drain(cut..(cut + 3).min(text.len()));
        if let Ok(text) = String::from_utf8(text)
            && let Ok(receipt) = Receipt::decode(&text)
        {
            prop_assert_eq!(receipt.encode(), text);
            prop_assert!(receipt.verify(&key().verifier()).is_err());
        }
    }
}
