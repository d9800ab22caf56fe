//! Records and elements behind a sound beginning, so that the fuzzer reaches the players of EMF, WMF and SVG: never a
//! panic, and whatever is written is accepted by the second reader.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_disarm::{Limits, Method, Options, disarm, verify};

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, body) = input;
    let mut bytes = Vec::new();
    match kind % 3 {
        0 => {
            for field in [1_u32, 108, 0, 0, 99, 99, 0, 0, 2540, 2540] {
                bytes.extend_from_slice(&field.to_le_bytes());
            }
            bytes.extend_from_slice(b" EMF");
            for field in [0x10000_u32, 0, 0, 0, 0, 0, 0, 1000, 1000, 254, 254, 0, 0, 0, 0, 0] {
                bytes.extend_from_slice(&field.to_le_bytes());
            }
        }
        1 => {
            bytes.extend_from_slice(b"\xd7\xcd\xc6\x9a\0\0\0\0\0\0\x64\0\x64\0\x64\0\0\0\0\0\0\0");
            bytes.extend_from_slice(&[1, 0, 9, 0, 0, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
        }
        _ => bytes.extend_from_slice(b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>"),
    }
    bytes.extend_from_slice(body);
    if kind % 3 == 2 {
        bytes.extend_from_slice(b"</svg>");
    }
    let method = if kind & 0x80 == 0 { Method::Rebuild } else { Method::Image };
    let limits = Limits { pixels: 4_000_000, expanded_bytes: 16 << 20, ..Limits::default() };
    let options = Options { method, limits, ..Options::default() };
    if let Ok(out) = disarm(&bytes, &options) {
        assert_eq!(verify(&out.bytes, out.format, &options.limits), Ok(()));
    }
});
