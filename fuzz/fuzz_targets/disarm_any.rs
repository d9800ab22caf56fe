//! Any bytes: no panic, and whatever comes out passes the second reader.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_disarm::{Limits, Options, disarm, verify};

fuzz_target!(|input: (u8, &[u8])| {
    let names = ["a.bin", "a.csv", "a.txt", "a.zip", "a.png", "a.docx"];
    let limits = Limits { pixels: 1 << 20, expanded_bytes: 16 << 20, ..Limits::default() };
    let name = names[usize::from(input.0) % names.len()].to_owned();
    let options = Options { name, limits, ..Options::default() };
    if let Ok(out) = disarm(input.1, &options) {
        verify(&out.bytes, out.format, &options.limits).expect("the second reader agrees");
    }
});
