//! Any text is a policy or a list of findings that can be shown, and never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_policy::{Lang, Policy, SourceFile, render_all};

fuzz_target!(|text: &str| {
    match Policy::parse(&[SourceFile::new("fuzz.toml", text)]) {
        Ok(policy) => {
            let _ = (policy.show_text(Lang::Ja), policy.show_svg(Lang::En));
        }
        Err(found) => {
            assert!(!found.is_empty());
            let _ = render_all(&found, Lang::En);
        }
    }
});
