//! Every other text and bundle of the ledger: reading never panics, and each value has one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_ledger::tile::{Tile, decode_bundle, encode_bundle};
use sekisho_ledger::{Checkpoint, Entry, Hash, SigningKey, VerifierKey, note};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::decode(bytes) {
        assert_eq!(entry.encode(), bytes);
    }
    if let Ok(entries) = decode_bundle(bytes) {
        assert_eq!(encode_bundle(&entries).ok().as_deref(), Some(bytes));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(tile) = Tile::parse_path(text) {
        assert_eq!(tile.path(), text);
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = SigningKey::from_text(text) {
        assert_eq!(*key.to_text(), text);
    }
    if let Ok(hash) = text.parse::<Hash>() {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(key) = SigningKey::from_seed("demo.example/sekisho", &[42; 32]) {
        let _ = note::open(text, &[key.verifier()]);
    }
});
