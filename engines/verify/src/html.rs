//! Reads a page back: one fixed beginning, tags and attributes of a short list in lower case with double quotes, five
//! references and `&nbsp;`, balanced elements, links to the web, to mail or into the page, pictures inside the page.

use crate::{Format, Limits, VerifyFailure, base64, text};

const HEAD: &str = "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
     content=\"default-src 'none'; img-src data: cid:; style-src 'unsafe-inline'\"><title>";

const ELEMENTS: &str = " body a abbr address article aside b bdi bdo big blockquote caption center cite code col \
    colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup i ins kbd \
    li main mark menu nav ol p pre q rb rp rt rtc ruby s samp section small span strike strong sub summary sup table \
    tbody td tfoot th thead time tr tt u ul var br hr wbr img ";
const VOID: &str = " br hr wbr img col ";
const FREE: &str = " class id title alt summary abbr face name headers datetime ";
const WORDS: &str = " lang dir align valign width height bgcolor color size border cellpadding cellspacing colspan \
    rowspan span nowrap start type value reversed scope hspace vspace clear noshade rules frame char charoff open \
    bordercolor text ";

pub(super) fn verify(output: &[u8], limits: &Limits) -> Result<(), VerifyFailure> {
    check(output, limits, false)
}

/// The same for the body of a mail, whose pictures may be attachments (`cid:`).
pub(super) fn check(output: &[u8], limits: &Limits, cid: bool) -> Result<(), VerifyFailure> {
    let fail = |what: &str| VerifyFailure::new("html", what);
    text::verify(output, Format::Txt, limits)?;
    let text = std::str::from_utf8(output).map_err(|_| fail("not UTF-8"))?;
    let rest = text.strip_prefix(HEAD).ok_or_else(|| fail("beginning"))?;
    let (title, rest) = rest.split_once("</title>").ok_or_else(|| fail("title"))?;
    characters(title)?;
    let rest = match rest.strip_prefix("<style>\n") {
        Some(rest) => {
            let (sheet, rest) = rest.split_once("</style>").ok_or_else(|| fail("style"))?;
            style(sheet, true)?;
            rest
        }
        None => rest,
    };
    let body = rest.strip_prefix("</head><body").ok_or_else(|| fail("body"))?;
    let body = body.strip_suffix("</body></html>").ok_or_else(|| fail("end"))?;
    let mut rest = attributes(body, "body", limits, cid)?;
    let mut open: Vec<&str> = Vec::new();
    while let Some((before, tag)) = rest.split_once('<') {
        characters(before)?;
        if let Some(end) = tag.strip_prefix('/') {
            let (name, after) = end.split_once('>').ok_or_else(|| fail("end tag"))?;
            if open.pop() != Some(name) {
                return Err(fail(&format!("</{name}> without its beginning")));
            }
            rest = after;
            continue;
        }
        let length = tag.find([' ', '>']).ok_or_else(|| fail("tag"))?;
        let (name, after) = tag.split_at_checked(length).ok_or_else(|| fail("tag"))?;
        if !listed(ELEMENTS, name) {
            return Err(VerifyFailure::new(format!("<{name}>"), "element not on the list"));
        }
        if !listed(VOID, name) {
            open.push(name);
        }
        if open.len() > limits.nesting as usize * 2 {
            return Err(fail("nesting"));
        }
        rest = attributes(after, name, limits, cid)?;
    }
    characters(rest)?;
    if open.is_empty() { Ok(()) } else { Err(fail("elements left open")) }
}

fn listed(list: &str, name: &str) -> bool {
    !name.is_empty() && list.split_ascii_whitespace().any(|known| known == name)
}

/// Attributes up to `>`; gives what follows.
fn attributes<'t>(
    mut rest: &'t str,
    element: &str,
    limits: &Limits,
    cid: bool,
) -> Result<&'t str, VerifyFailure> {
    let fail = |what: &str| VerifyFailure::new(format!("<{element}>"), what);
    while let Some(attribute) = rest.strip_prefix(' ') {
        let (key, value) = attribute.split_once("=\"").ok_or_else(|| fail("attribute"))?;
        let (value, after) = value.split_once('"').ok_or_else(|| fail("attribute"))?;
        characters(value)?;
        let allowed = match key {
            "href" => element == "a" && is_address(value),
            "rel" => element == "a" && value == "noopener noreferrer",
            "src" => element == "img" && is_picture(value, limits, cid),
            "style" => style(&unescaped(value), false).is_ok(),
            key if listed(FREE, key) => !value.contains('<'),
            key if listed(WORDS, key) => {
                value.bytes().all(|b| b.is_ascii_alphanumeric() || b" #%.,_+-*".contains(&b))
            }
            _ => false,
        };
        if !allowed {
            return Err(fail(&format!("attribute {key}")));
        }
        rest = after;
    }
    rest.strip_prefix('>').ok_or_else(|| fail("tag"))
}

fn unescaped(value: &str) -> String {
    value
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn is_address(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    let is_web = rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !host.contains(['@', '\\'])
    });
    (is_web || lower.starts_with("mailto:") || value.starts_with('#')) && !value.contains(['\n', '\t', '\r'])
}

fn is_picture(value: &str, limits: &Limits, cid: bool) -> bool {
    let number = value.strip_prefix("cid:part").and_then(|rest| rest.strip_suffix("@sekisho.invalid"));
    let attached = number.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    (cid && attached) || base64::picture(value, limits).is_ok()
}

/// Nothing that begins a reference or a tag but the six that are written.
fn characters(text: &str) -> Result<(), VerifyFailure> {
    if text.contains(['<', '>', '\'']) {
        return Err(VerifyFailure::new("html", "a bare sign"));
    }
    let known = ["amp;", "lt;", "gt;", "quot;", "#39;", "nbsp;"];
    match text.split('&').skip(1).find(|rest| !known.iter().any(|reference| rest.starts_with(reference))) {
        Some(rest) => Err(VerifyFailure::new(
            "html",
            format!("reference &{}", rest.chars().take(8).collect::<String>()),
        )),
        None => Ok(()),
    }
}

/// Styles fetch nothing and compute only colours and lengths.
fn style(css: &str, rules: bool) -> Result<(), VerifyFailure> {
    let fail = || VerifyFailure::new("html", "style");
    if css.contains(['<', '&', '\\', '@', '[', ']', '`', '|', '=', '?']) || css.contains("/*") {
        return Err(fail());
    }
    if !rules && css.contains(['{', '}']) {
        return Err(fail());
    }
    let lower = css.to_ascii_lowercase();
    let mut pieces: Vec<&str> = lower.split('(').collect();
    pieces.pop();
    let harmless =
        ["rgb", "rgba", "hsl", "hsla", "calc", ":not", ":nth-child", ":nth-of-type", ":is", ":where"];
    let called = pieces.iter().all(|piece| harmless.iter().any(|name| piece.ends_with(name)));
    let forbidden = ["url(", "expression", "javascript", "behavior", "-moz-binding"];
    let overlays = lower.split([';', '{', '}']).map(str::trim).any(|declaration| {
        ["content:", "position:", "content :", "position :"]
            .iter()
            .any(|start| declaration.starts_with(start))
    });
    if called && !overlays && !forbidden.iter().any(|word| lower.contains(word)) {
        Ok(())
    } else {
        Err(fail())
    }
}
