//! Findings lie on characters, in order, apart from each other, and show four digits at most.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_detect::{ScanOptions, scan};

fuzz_target!(|text: &str| {
    let mut end = 0;
    for finding in scan(text, &ScanOptions::default()) {
        assert!(finding.start >= end && finding.start < finding.end);
        assert!(text.get(finding.start..finding.end).is_some());
        assert_eq!(finding.masked.chars().filter(char::is_ascii_digit).count(), 4);
        end = finding.end;
    }
});
