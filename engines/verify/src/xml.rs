//! Reads XML data back: the one declaration, elements, attributes and texts; nothing that a browser draws, runs or
//! fetches.

use crate::{
    Format, Limits, VerifyFailure,
    ooxml::{Reader, Token},
    text,
};

pub(super) fn verify(output: &[u8], limits: &Limits) -> Result<(), VerifyFailure> {
    let fail = |what: String| VerifyFailure::new("xml", what);
    text::verify(output, Format::Txt, limits)?;
    let mut reader = Reader::new(output).map_err(fail)?;
    while let Some(token) = reader.next(limits.nesting as usize).map_err(fail)? {
        let Token::Start { name, attributes, .. } = token else { continue };
        for (key, value) in attributes {
            let is_binding = key == "xmlns" || key.starts_with("xmlns:");
            if is_binding && is_drawn(&value) {
                return Err(VerifyFailure::new(format!("<{name}>"), "a page or a program"));
            }
            let lower = value.trim_start().to_ascii_lowercase();
            if key.ends_with("chemaLocation")
                || ["javascript:", "vbscript:"].iter().any(|start| lower.starts_with(start))
            {
                return Err(VerifyFailure::new(
                    format!("<{name} {key}>"),
                    "an address that is fetched or run",
                ));
            }
        }
    }
    Ok(())
}

fn is_drawn(namespace: &str) -> bool {
    let namespace = namespace.trim();
    ["http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1999/XSL/Transform"]
        .contains(&namespace)
}
