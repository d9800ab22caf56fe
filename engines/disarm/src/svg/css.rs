//! Values and style sheets: properties from a positive list, values without anything that reaches out of the file.

use sekisho_verify::lists;

/// Why a value does not stay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It refers to something outside the file.
    External,
    /// Nobody vouches for it.
    Unknown,
}

/// Functions that a value may call.
const FUNCTIONS: &[&str] = &[
    "url",
    "rgb",
    "rgba",
    "hsl",
    "hsla",
    "matrix",
    "translate",
    "translatex",
    "translatey",
    "scale",
    "scalex",
    "scaley",
    "rotate",
    "skewx",
    "skewy",
    "blur",
    "drop-shadow",
    "inset",
    "circle",
    "ellipse",
    "polygon",
    "calc",
    "grayscale",
    "opacity",
    "brightness",
    "contrast",
    "saturate",
    "sepia",
    "invert",
    "hue-rotate",
];

pub(super) fn is_property(name: &str) -> bool {
    lists::SVG_PROPERTIES.split_ascii_whitespace().any(|known| known == name)
}

/// The value as it may be written.
pub(super) fn value(value: &str) -> Result<String, Fault> {
    let value = value.trim();
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('(') {
        plain(before)?;
        let name: String = before
            .chars()
            .rev()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<String>()
            .to_ascii_lowercase();
        if !name.is_empty() && !FUNCTIONS.contains(&name.as_str()) {
            return Err(if name.contains("image") || name == "src" {
                Fault::External
            } else {
                Fault::Unknown
            });
        }
        out.push_str(before);
        out.push('(');
        rest = after;
        if name == "url" {
            let (target, tail) = after.split_once(')').ok_or(Fault::Unknown)?;
            let target = target.trim().trim_matches(['"', '\'']);
            let id = target.strip_prefix('#').filter(|id| is_id(id)).ok_or(Fault::External)?;
            out.push('#');
            out.push_str(id);
            out.push(')');
            rest = tail;
        }
    }
    plain(rest)?;
    out.push_str(rest);
    Ok(out)
}

/// Nothing that begins a rule, a comment, an escape or an address.
fn plain(text: &str) -> Result<(), Fault> {
    let odd = |c: char| {
        c.is_control() && !matches!(c, '\t' | '\n' | '\r')
            || matches!(c, '\\' | '<' | '>' | '{' | '}' | '@' | ';' | ':' | '`')
    };
    if text.contains(odd) || text.contains("/*") {
        return Err(if text.contains("//") { Fault::External } else { Fault::Unknown });
    }
    Ok(())
}

/// A name that can be referred to without quoting.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 1_000
        && id
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '+' | '~' | '・' | 'ー'))
}

/// Declarations, as they stand in a `style` attribute or a rule.
pub(super) fn declarations(text: &str, faults: &mut Vec<(String, Fault)>) -> String {
    let text = without_comments(text);
    let mut out = String::new();
    for declaration in text.split(';') {
        let Some((name, source)) = declaration.split_once(':') else { continue };
        let name = name.trim().to_ascii_lowercase();
        if !is_property(&name) {
            // Vendors' and editors' own properties show nothing.
            if !name.starts_with('-') {
                let fault = if source.contains("url") { Fault::External } else { Fault::Unknown };
                faults.push((name, fault));
            }
            continue;
        }
        match value(source) {
            Ok(value) if !value.is_empty() => {
                if !out.is_empty() {
                    out.push(';');
                }
                out.push_str(&name);
                out.push(':');
                out.push_str(&value);
            }
            Ok(_) => {}
            Err(fault) => faults.push((name, fault)),
        }
    }
    out
}

/// A style sheet: rules with plain selectors; at-rules are dropped whole.
pub(super) fn sheet(text: &str, faults: &mut Vec<(String, Fault)>) -> String {
    let text = without_comments(text).replace("<!--", "").replace("-->", "");
    let mut rest = text.as_str();
    let mut out = String::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return out;
        }
        if rest.starts_with('@') {
            let name: String =
                rest.chars().take_while(|c| !c.is_whitespace() && !matches!(c, '{' | ';')).collect();
            let fault = if matches!(name.as_str(), "@import" | "@font-face") {
                Fault::External
            } else {
                Fault::Unknown
            };
            faults.push((name, fault));
            rest = after_at_rule(rest);
            continue;
        }
        let Some((selector, after)) = rest.split_once('{') else { return out };
        let (body, tail) = after.split_once('}').unwrap_or((after, ""));
        rest = tail;
        let selector = selector.split_whitespace().collect::<Vec<_>>().join(" ");
        if !is_selector(&selector) {
            faults.push(("selector".to_owned(), Fault::Unknown));
            continue;
        }
        let body = declarations(body, faults);
        if !body.is_empty() {
            out.push_str(&selector);
            out.push('{');
            out.push_str(&body);
            out.push_str("}\n");
        }
    }
}

fn is_selector(selector: &str) -> bool {
    !selector.is_empty()
        && selector.chars().all(|c| {
            c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '#' | ',' | '*' | '>' | '+' | '~')
        })
}

fn after_at_rule(text: &str) -> &str {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            ';' if depth == 0 => return text.get(at + 1..).unwrap_or(""),
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.get(at + 1..).unwrap_or("");
                }
            }
            _ => {}
        }
    }
    ""
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        out.push(' ');
        rest = after.split_once("*/").map_or("", |(_, tail)| tail);
    }
    out.push_str(rest);
    out
}
