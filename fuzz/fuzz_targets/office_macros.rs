//! Compound files: VBA projects are listed and encrypted packages are opened, or refused, without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_disarm::{Limits, Options, disarm, macros};

fuzz_target!(|input: &[u8]| {
    let limits = Limits { expanded_bytes: 16 << 20, ..Limits::default() };
    let options = Options { limits, password: Some("password".to_owned()), ..Options::default() };
    let _ = macros(input, &options);
    let _ = disarm(input, &options);
});
