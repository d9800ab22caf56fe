//! What may stay: elements, attributes, and the declarations of styles. Everything else is not written.

/// What becomes of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Written, with its allowed attributes.
    Keep,
    /// Written without an end tag.
    Void,
    /// Its content stays.
    Unwrap,
    /// Nothing stays.
    Drop(Why),
    /// A control of a form: what it shows stays.
    Control,
    Image,
    Style,
}

/// The reason that the report gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Script,
    Embedded,
    Media,
    External,
    /// Part of every page's head; nobody misses it.
    Silent,
    Drawing,
}

pub(super) fn fate(element: &str) -> Fate {
    match element {
        "a" | "abbr" | "address" | "article" | "aside" | "b" | "bdi" | "bdo" | "big" | "blockquote"
        | "caption" | "center" | "cite" | "code" | "col" | "colgroup" | "dd" | "del" | "details" | "dfn"
        | "div" | "dl" | "dt" | "em" | "figcaption" | "figure" | "font" | "footer" | "h1" | "h2" | "h3"
        | "h4" | "h5" | "h6" | "header" | "hgroup" | "i" | "ins" | "kbd" | "li" | "main" | "mark"
        | "menu" | "nav" | "ol" | "p" | "pre" | "q" | "rb" | "rp" | "rt" | "rtc" | "ruby" | "s" | "samp"
        | "section" | "small" | "span" | "strike" | "strong" | "sub" | "summary" | "sup" | "table"
        | "tbody" | "td" | "tfoot" | "th" | "thead" | "time" | "tr" | "tt" | "u" | "ul" | "var" => {
            if element == "col" { Fate::Void } else { Fate::Keep }
        }
        "br" | "hr" | "wbr" => Fate::Void,
        "img" => Fate::Image,
        "style" => Fate::Style,
        "input" | "select" | "textarea" | "progress" | "meter" => Fate::Control,
        "script" => Fate::Drop(Why::Script),
        "iframe" | "object" | "embed" | "applet" | "frame" | "portal" | "fencedframe" => {
            Fate::Drop(Why::Embedded)
        }
        "audio" | "video" | "canvas" | "source" | "track" | "bgsound" => Fate::Drop(Why::Media),
        "link" | "base" => Fate::Drop(Why::External),
        "title" | "meta" | "head" | "template" | "param" | "datalist" => Fate::Drop(Why::Silent),
        "svg" | "math" => Fate::Drop(Why::Drawing),
        _ => Fate::Unwrap,
    }
}

/// Elements whose tags mean nothing without scripts or that `body` and `head` stand for; not worth a line.
pub(super) fn is_usual_wrapper(element: &str) -> bool {
    matches!(
        element,
        "html"
            | "body"
            | "noscript"
            | "noframes"
            | "frameset"
            | "picture"
            | "nobr"
            | "acronym"
            | "search"
            | "form"
            | "fieldset"
            | "legend"
            | "label"
            | "button"
            | "optgroup"
            | "option"
            | "output"
    )
}

/// How the value of an attribute is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// Any text for people or a name.
    Text,
    /// Letters, digits and a few signs.
    Word,
    Style,
    Link,
}

/// The rule for an attribute, if it may stay.
pub(super) fn attribute(name: &str) -> Option<Value> {
    match name {
        "class" | "id" | "title" | "alt" | "summary" | "abbr" | "face" | "name" | "headers" | "datetime" => {
            Some(Value::Text)
        }
        "lang" | "dir" | "align" | "valign" | "width" | "height" | "bgcolor" | "color" | "size"
        | "border" | "cellpadding" | "cellspacing" | "colspan" | "rowspan" | "span" | "nowrap" | "start"
        | "type" | "value" | "reversed" | "scope" | "hspace" | "vspace" | "clear" | "noshade" | "rules"
        | "frame" | "char" | "charoff" | "open" | "bordercolor" | "text" => Some(Value::Word),
        "style" => Some(Value::Style),
        "href" => Some(Value::Link),
        _ => None,
    }
}

pub(super) fn is_word(value: &str) -> bool {
    value.len() <= 64 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b" #%.,_+-*".contains(&b))
}

/// The declarations of a `style` that may stay, and whether one may not.
pub(super) fn declarations(style: &str) -> (String, bool) {
    let mut out = String::new();
    let mut dropped = false;
    for declaration in split_outside(style, ';') {
        if declaration.trim().is_empty() {
            continue;
        }
        match declaration.split_once(':') {
            Some((property, value)) if is_safe(property.trim(), value.trim()) => {
                out.push_str(&property.trim().to_ascii_lowercase());
                out.push(':');
                out.push_str(value.trim());
                out.push(';');
            }
            _ => dropped = true,
        }
    }
    (out, dropped)
}

/// Pieces between separators that stand neither in quotes nor in parentheses.
fn split_outside(text: &str, separator: char) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut quote, mut depth) = (None, 0_u32);
    for c in text.chars() {
        match (quote, c) {
            (None, c) if c == separator && depth == 0 => {
                pieces.push(String::new());
                continue;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '(') => depth = depth.saturating_add(1),
            (None, ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
    }
    pieces
}

fn is_safe(property: &str, value: &str) -> bool {
    is_property(&property.to_ascii_lowercase()) && is_plain_value(value)
}

/// Numbers, words, colours and quoted names; of functions only those that compute colours and lengths.
fn is_plain_value(value: &str) -> bool {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric()
            || " \t\r\n#%.,()+-*/'\"!_".contains(c)
            || (!c.is_ascii() && !c.is_control())
    };
    let lower = value.to_ascii_lowercase();
    let forbidden = ["expression", "javascript", "behavior"];
    if value.len() > 1000
        || !value.chars().all(is_plain)
        || value.contains("/*")
        || forbidden.iter().any(|word| lower.contains(word))
    {
        return false;
    }
    if !value.matches('"').count().is_multiple_of(2) || !value.matches('\'').count().is_multiple_of(2) {
        return false;
    }
    if value.matches('(').count() != value.matches(')').count() {
        return false;
    }
    let mut before = value.split('(').collect::<Vec<_>>();
    before.pop();
    before.iter().all(|part| {
        let lower = part.to_ascii_lowercase();
        ["rgb", "rgba", "hsl", "hsla", "calc"].iter().any(|function| lower.ends_with(function))
    })
}

fn is_property(property: &str) -> bool {
    const FAMILIES: &[&str] = &[
        "font",
        "text",
        "margin",
        "padding",
        "border",
        "list-style",
        "background",
        "ruby",
        "page-break",
        "break",
        "column",
        "flex",
        "grid",
        "align",
        "justify",
        "word",
        "line",
        "white-space",
        "min",
        "max",
        "outline",
        "mso-padding",
        "table-layout",
        "caption-side",
        "empty-cells",
        "writing-mode",
        "letter-spacing",
    ];
    const SINGLE: &[&str] = &[
        "color",
        "width",
        "height",
        "vertical-align",
        "display",
        "float",
        "clear",
        "direction",
        "unicode-range",
        "opacity",
        "box-sizing",
        "gap",
        "row-gap",
        "visibility",
        "overflow",
        "overflow-x",
        "overflow-y",
        "overflow-wrap",
        "hyphens",
        "orphans",
        "widows",
        "tab-size",
        "quotes",
    ];
    let is_of = |family: &&str| {
        property.strip_prefix(*family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    property.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        && (FAMILIES.iter().any(is_of) || SINGLE.contains(&property))
}

/// The rules of a style sheet that may stay: plain selectors and allowed declarations, no at-rules.
pub(super) fn sheet(css: &str) -> (String, bool) {
    let mut out = String::new();
    let mut dropped = false;
    let uncommented = without_comments(css);
    let mut rest = uncommented.as_str();
    while let Some((selector, after)) = rest.split_once('{') {
        let selector = selector.trim();
        let Some((body, tail)) = block(after) else {
            dropped = true;
            break;
        };
        // An at-rule without a block may stand before a selector: `@import …; p {…}`.
        let selector = match selector.rsplit_once(';') {
            Some((_, selector)) => {
                dropped = true;
                selector.trim()
            }
            None => selector,
        };
        rest = tail;
        if is_selector(selector) && !body.contains('{') {
            let (declarations, lost) = declarations(body);
            dropped |= lost;
            if !declarations.is_empty() {
                out.push_str(selector);
                out.push('{');
                out.push_str(&declarations);
                out.push_str("}\n");
            }
        } else {
            dropped = true;
        }
    }
    (out, dropped || !rest.trim().is_empty())
}

fn without_comments(css: &str) -> String {
    let css = css.replace("<!--", " ").replace("-->", " ");
    let mut out = String::with_capacity(css.len());
    let mut rest = css.as_str();
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        out.push(' ');
        rest = after.split_once("*/").map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}

/// The body of a block whose opening brace has been read, and what follows it.
fn block(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1_u32;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some((text.get(..at)?, text.get(at.checked_add(1)?..)?));
        }
    }
    None
}

fn is_selector(selector: &str) -> bool {
    !selector.is_empty()
        && selector.len() <= 1000
        && calls_are_harmless(selector)
        && selector
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " \t\r\n_.#,>+~*:()-".contains(c) || c.is_alphanumeric())
}

/// Functions of selectors that look at the tree only.
fn calls_are_harmless(selector: &str) -> bool {
    let lower = selector.to_ascii_lowercase();
    let mut before: Vec<&str> = lower.split('(').collect();
    before.pop();
    let known = [":not", ":nth-child", ":nth-of-type", ":is", ":where"];
    before.iter().all(|part| known.iter().any(|name| part.ends_with(name)))
        && !["expression", "javascript", "behavior", "-moz-binding"].iter().any(|word| lower.contains(word))
        && !["content:", "position:"].iter().any(|word| lower.starts_with(word))
}
