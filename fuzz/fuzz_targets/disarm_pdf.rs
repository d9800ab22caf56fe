//! Any bytes behind a PDF header, in each method: no panic, and whatever comes out passes the second reader.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_disarm::{Limits, Method, Options, disarm, verify};

fuzz_target!(|input: (u8, &[u8])| {
    let method = match input.0 % 4 {
        0 => Method::Image,
        1 => Method::Text,
        _ => Method::Rebuild,
    };
    let limits = Limits { pixels: 1 << 18, expanded_bytes: 16 << 20, pages: 8, ..Limits::default() };
    let name = "a.pdf".to_owned();
    let options = Options { name, method, limits, dpi: 36, password: Some("a".to_owned()), ..Options::default() };
    let document = if input.1.starts_with(b"%PDF-") { input.1.to_vec() } else { [b"%PDF-1.7\n", input.1].concat() };
    if let Ok(out) = disarm(&document, &options) {
        verify(&out.bytes, out.format, &options.limits).expect("the second reader agrees");
    }
});
