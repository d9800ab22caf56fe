//! Any bytes as an output of any format: the second reader answers and never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_disarm::{Format, Limits, verify};

fuzz_target!(|input: (u8, &[u8])| {
    let format = Format::ALL[usize::from(input.0) % Format::ALL.len()];
    let _ = verify(input.1, format, &Limits { expanded_bytes: 16 << 20, ..Limits::default() });
});
