//! Structured texts and archives: whatever is written must pass the second reader.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_disarm::{Options, disarm, verify};

const NAMES: &[&str] = &[
    "a.html", "a.xml", "a.json", "a.ics", "a.vcf", "a.dxf", "a.sfc", "a.p21", "a.csv", "a.tsv", "a.txt", "a.7z", "a.lzh", "a.tar", "a.gz",
];

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let Some(name) = NAMES.get(usize::from(*first) % NAMES.len()) else { return };
    let options = Options { name: (*name).to_owned(), password: Some("key1".to_owned()), ..Options::default() };
    if let Ok(out) = disarm(rest, &options) {
        assert_eq!(verify(&out.bytes, out.format, &options.limits), Ok(()), "{name}");
    }
});
