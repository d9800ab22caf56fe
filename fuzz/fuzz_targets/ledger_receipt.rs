//! Receipts from strangers: reading never panics, and what is read is written back unchanged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_ledger::{Receipt, SigningKey};

fuzz_target!(|text: &str| {
    if let Ok(receipt) = Receipt::decode(text) {
        assert_eq!(receipt.encode(), text);
        if let Ok(key) = SigningKey::from_seed("demo.example/sekisho", &[42; 32]) {
            let _ = receipt.verify(&key.verifier());
        }
    }
});
