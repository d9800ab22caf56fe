//! Reads a drawing back as characters: tags, attributes and text in the writer's one plain form. Names must be on the
//! lists; no value may leave the file; what stands in a `data:` address is itself read back as a picture.

use crate::{Limits, VerifyFailure, base64, lists};

/// Words that no value has in the output, whatever else it is.
const NEVER: [&str; 7] = ["javascript", "vbscript", "expression(", "@import", "http:", "https:", "file:"];

pub(super) fn verify(output: &[u8], limits: &Limits) -> Result<(), VerifyFailure> {
    let text = std::str::from_utf8(output).map_err(|_| fail(0, "not UTF-8"))?;
    let mut rest = text.strip_suffix('\n').ok_or_else(|| fail(0, "no newline at the end"))?;
    let mut open: Vec<&str> = Vec::new();
    let mut first = true;
    loop {
        let at = text.len() - rest.len();
        let (between, tail) = rest.split_once('<').unwrap_or((rest, ""));
        characters(between, open.last().copied()).map_err(|message| fail(at, message))?;
        if tail.is_empty() {
            break;
        }
        let (tag, after) = tail.split_once('>').ok_or_else(|| fail(at, "tag without end"))?;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(fail(at, "end of an element that is not open"));
            }
        } else {
            if open.is_empty() && !first {
                return Err(fail(at, "a second root"));
            }
            let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let name = element(tag, first, limits).map_err(|message| fail(at, message))?;
            if !empty {
                open.push(name);
            }
            first = false;
        }
        if open.len() > limits.nesting as usize {
            return Err(fail(at, "nested too deep"));
        }
        rest = after;
    }
    if first || !open.is_empty() { Err(fail(text.len(), "ends too early")) } else { Ok(()) }
}

fn fail(at: usize, message: impl Into<String>) -> VerifyFailure {
    VerifyFailure::new(format!("svg @{at}"), message)
}

fn listed(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == name)
}

fn characters(text: &str, inside: Option<&str>) -> Result<(), String> {
    references(text)?;
    match inside {
        Some("style") => value("style", &text.replace("&gt;", ">"), true),
        Some("text" | "tspan" | "textPath" | "title") => Ok(()),
        _ if text.is_empty() => Ok(()),
        _ => Err("text outside of text".to_owned()),
    }
}

/// Only the four references that the writer makes; no control characters.
fn references(text: &str) -> Result<(), String> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || text.contains('>') {
        return Err("a character that is not allowed".to_owned());
    }
    for reference in text.split('&').skip(1) {
        if !["amp;", "lt;", "gt;", "quot;"].iter().any(|known| reference.starts_with(known)) {
            return Err("an entity".to_owned());
        }
    }
    Ok(())
}

fn element<'a>(tag: &'a str, first: bool, limits: &Limits) -> Result<&'a str, String> {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    if !listed(lists::SVG_ELEMENTS, name) || first != (name == "svg" && rest.contains("xmlns=")) {
        return Err(format!("element {name}"));
    }
    while !rest.is_empty() {
        let (attribute, after) = rest.split_once("=\"").ok_or("attribute without value")?;
        let (content, after) = after.split_once('"').ok_or("value without end")?;
        rest = match after.strip_prefix(' ') {
            Some(rest) if !rest.is_empty() => rest,
            None if after.is_empty() => "",
            _ => return Err("characters after a value".to_owned()),
        };
        references(content)?;
        match attribute {
            "xmlns" if first && content == "http://www.w3.org/2000/svg" => {}
            "xmlns:xlink" if first && content == "http://www.w3.org/1999/xlink" => {}
            "xml:space" if matches!(content, "preserve" | "default") => {}
            "xlink:href" if name == "image" => base64::picture(content, limits)?,
            "xlink:href" if content.starts_with('#') => value(attribute, content, false)?,
            _ if listed(lists::SVG_ATTRIBUTES, attribute) || listed(lists::SVG_PROPERTIES, attribute) => {
                value(attribute, content, attribute == "style")?;
            }
            _ => return Err(format!("attribute {attribute} of {name}")),
        }
    }
    Ok(name)
}

/// `rules`: declarations and braces may stand there.
fn value(name: &str, text: &str, rules: bool) -> Result<(), String> {
    let text = text.replace("&quot;", "\"").to_ascii_lowercase();
    let odd = |c: char| {
        matches!(c, '\\' | '@' | '`')
            || (!rules && (matches!(c, ';' | '{' | '}') || (c == ':' && !text.contains('#') && name != "id")))
    };
    if text.contains(odd) || text.contains("/*") || text.contains("//") || text.contains("&lt;") {
        return Err(format!("value of {name}"));
    }
    if NEVER.iter().any(|word| text.contains(word)) || name.starts_with("on") {
        return Err(format!("value of {name}"));
    }
    for call in text.split("url").skip(1) {
        let call = call.trim_start();
        if call.starts_with('(') && !call.starts_with("(#") {
            return Err(format!("{name} reaches out of the file"));
        }
    }
    if text.contains("image(") || text.contains("image-set") || text.contains("src(") || text.contains("var(")
    {
        return Err(format!("{name} calls what is not allowed"));
    }
    Ok(())
}
