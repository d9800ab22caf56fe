//! RTF and Word 97-2003 behind their own beginnings: no panic, and whatever comes out passes the second reader.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_disarm::{Limits, Options, disarm, verify};

fuzz_target!(|input: &[u8]| {
    let limits = Limits { pixels: 1 << 20, expanded_bytes: 64 << 20, ..Limits::default() };
    let options = Options { name: "a.doc".to_owned(), limits, ..Options::default() };
    for beginning in [&b"{\\rtf1"[..], b""] {
        let mut document = beginning.to_vec();
        document.extend_from_slice(input);
        if let Ok(out) = disarm(&document, &options) {
            verify(&out.bytes, out.format, &options.limits).expect("the second reader agrees");
        }
    }
});
