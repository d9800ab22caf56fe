//! HTML pages and mail bodies: parsed as browsers do, written anew from the tree with an allow-list of elements,
//! attributes and style declarations, as UTF-8 under a policy that forbids everything else.
//!
//! Nothing of the source text is copied: what a browser makes of it is what is judged, and every character that means
//! something is escaped, so that no second parse finds other markup (mXSS). Scripts, frames, remote pictures, foreign
//! namespaces and redirections are never written.

mod allow;
mod links;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt::Write as _;

use allow::{Fate, Value, Why};
use links::Target;
use tree::{Data, Id, Tree};

use crate::{Format, Refusal, RefusalCode, RemovalCode, TextPiece, context::Context, raster, text};

/// What every page begins with; the policy lets nothing be fetched, run or sent.
const HEAD: &str = "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
     content=\"default-src 'none'; img-src data: cid:; style-src 'unsafe-inline'\">";

/// Rebuilds a page.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let text = decoded(input)?;
    ctx.charge_expanded(text.len() as u64)?;
    Ok(clean(&text, ctx, &mut |_| None)?.into_bytes())
}

/// A whole new page from a page or a fragment. `images` gives the address to write for a picture's source that the
/// caller knows (`cid:…`): a `data:` address of a re-encoded picture, or a `cid:` of the new message.
///
/// # Errors
/// `Bomb` for more nodes than a page can have, and the limits of the context.
pub(crate) fn clean(
    text: &str,
    ctx: &mut Context<'_>,
    images: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<String, Refusal> {
    let tree = parse(text)?;
    let mut page = Page { tree: &tree, out: String::from(HEAD), sheets: String::new(), open: 0 };
    let title = tree.find("title").map(|id| plain(&tree.text(id), ctx, "題名")).unwrap_or_default();
    let _ = write!(page.out, "<title>{}</title>", escaped(title.trim()));
    let body = page.body(ctx, images)?;
    if !page.sheets.is_empty() {
        let sheets = std::mem::take(&mut page.sheets);
        let _ = write!(page.out, "<style>\n{sheets}</style>");
    }
    page.out.push_str("</head>");
    page.out.push_str(&body);
    page.out.push_str("</html>");
    Ok(page.out)
}

/// The text of a page, a piece a block.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    let text = decoded(input)?;
    ctx.charge_expanded(text.len() as u64)?;
    Ok(plain_text(&text)?
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| TextPiece { location: "本文".to_owned(), text: text::clean_line(line).0 })
        .collect())
}

/// The text of a page as lines: blocks on lines of their own, cells separated by tabs.
///
/// # Errors
/// As [`clean`].
pub(crate) fn plain_text(text: &str) -> Result<String, Refusal> {
    let tree = parse(text)?;
    let mut out = String::new();
    let mut steps = vec![Step::Enter(0)];
    while let Some(step) = steps.pop() {
        let id = match step {
            Step::Write(text) => {
                out.push_str(&text);
                continue;
            }
            Step::Enter(id) => id,
        };
        match tree.data(id) {
            Data::Text(text) => {
                for word in text.split_inclusive(char::is_whitespace) {
                    let gap = word.ends_with(char::is_whitespace);
                    out.push_str(word.trim_end());
                    if gap && !out.ends_with(['\n', ' ', '\t']) {
                        out.push(' ');
                    }
                }
            }
            Data::Other => {}
            Data::Root => steps.extend(tree.children(id).iter().rev().map(|id| Step::Enter(*id))),
            Data::Element { name, .. } => {
                let name = &*name.local;
                if matches!(allow::fate(name), Fate::Drop(why) if name != "head" && why != Why::Silent)
                    || matches!(name, "style" | "title" | "meta" | "template" | "datalist")
                {
                    continue;
                }
                let after = match name {
                    "td" | "th" => "\t",
                    "br" | "p" | "div" | "tr" | "li" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table"
                    | "ul" | "ol" | "dt" | "dd" | "blockquote" | "pre" | "section" | "article" | "hr"
                    | "option" => "\n",
                    _ => "",
                };
                if after == "\n" && !out.is_empty() && !out.ends_with('\n') {
                    out.push('\n');
                }
                steps.push(Step::Write(after.to_owned()));
                steps.extend(tree.children(id).iter().rev().map(|id| Step::Enter(*id)));
            }
        }
    }
    Ok(out)
}

fn parse(text: &str) -> Result<Tree, Refusal> {
    let tree = Tree::parse(text);
    if tree.overflowed {
        Err(Refusal::new(RefusalCode::Bomb, "HTML の要素が多すぎます"))
    } else {
        Ok(tree)
    }
}

fn decoded(input: &[u8]) -> Result<String, Refusal> {
    text::decode_declared(input)
        .ok_or_else(|| Refusal::new(RefusalCode::Malformed, "HTML の文字コードを判別できません"))
}

enum Step {
    Enter(Id),
    Write(String),
}

struct Page<'t> {
    tree: &'t Tree,
    out: String,
    sheets: String,
    open: u32,
}

impl Page<'_> {
    /// The body from `<body>` to `</body>`.
    fn body(
        &mut self,
        ctx: &mut Context<'_>,
        images: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Result<String, Refusal> {
        let mut out = String::from("<body");
        if let Some(Data::Element { attributes, .. }) = self.tree.find("body").map(|id| self.tree.data(id)) {
            out.push_str(&kept_attributes("body", attributes, ctx));
        }
        out.push('>');
        let mut steps = vec![Step::Enter(0)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Write(text) => {
                    if text.starts_with("</") {
                        self.open = self.open.saturating_sub(1);
                    }
                    out.push_str(&text);
                }
                Step::Enter(id) => match self.tree.data(id) {
                    Data::Text(text) => out.push_str(&escaped(&plain(text, ctx, "本文"))),
                    Data::Other => {}
                    Data::Root => steps.extend(self.below(id)),
                    Data::Element { name, attributes } => {
                        let foreign = &*name.ns != "http://www.w3.org/1999/xhtml";
                        let name = name.local.to_string();
                        self.element(id, &name, foreign, attributes, &mut out, &mut steps, ctx, images)?;
                    }
                },
            }
            if out.len() as u64 > ctx.limits().output_bytes {
                return Err(Refusal::new(RefusalCode::TooLarge, "HTML"));
            }
        }
        out.push_str("</body>");
        Ok(out)
    }

    fn below(&self, id: Id) -> impl Iterator<Item = Step> + use<> {
        let children: Vec<Id> = self.tree.children(id).to_vec();
        children.into_iter().rev().map(Step::Enter)
    }

    #[expect(clippy::too_many_arguments, reason = "the state of the walk, in one place")]
    fn element(
        &mut self,
        id: Id,
        name: &str,
        foreign: bool,
        attributes: &[(String, String)],
        out: &mut String,
        steps: &mut Vec<Step>,
        ctx: &mut Context<'_>,
        images: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Result<(), Refusal> {
        report_handlers(name, attributes, ctx);
        let fate = if foreign { Fate::Drop(Why::Drawing) } else { allow::fate(name) };
        match fate {
            Fate::Drop(_) if name == "head" => {
                // Only its styles and what it drops matter.
                steps.extend(self.below(id));
            }
            Fate::Drop(why) => dropped(name, why, attributes, ctx),
            Fate::Style => {
                let (sheet, lost) = allow::sheet(&plain(&self.tree.text(id), ctx, "スタイル"));
                self.sheets.push_str(&sheet);
                if lost {
                    ctx.removed(RemovalCode::UnknownElement, "スタイルシートの一部");
                }
            }
            Fate::Image => image(attributes, out, ctx, images)?,
            Fate::Control => {
                ctx.removed(RemovalCode::FormField, format!("<{name}>"));
                let shown = plain(&self.shown_value(id, name, attributes), ctx, "入力欄");
                out.push_str(&escaped(&shown));
            }
            Fate::Void => {
                let _ = write!(out, "<{name}{}>", kept_attributes(name, attributes, ctx));
            }
            Fate::Keep if name == "a" => self.link(id, attributes, out, steps, ctx),
            Fate::Keep if self.open < ctx.limits().nesting => {
                let _ = write!(out, "<{name}{}>", kept_attributes(name, attributes, ctx));
                // A parser drops the first line break in `pre`; one more keeps it.
                if name == "pre" {
                    out.push('\n');
                }
                self.open = self.open.saturating_add(1);
                steps.push(Step::Write(format!("</{name}>")));
                steps.extend(self.below(id));
            }
            Fate::Keep => steps.extend(self.below(id)),
            Fate::Unwrap => {
                if matches!(name, "form" | "button" | "fieldset") {
                    ctx.removed(RemovalCode::FormField, format!("<{name}>"));
                } else if !allow::is_usual_wrapper(name) {
                    ctx.removed(RemovalCode::UnknownElement, format!("<{}>", text::clean_line(name).0));
                }
                steps.extend(self.below(id));
            }
        }
        Ok(())
    }

    fn link(
        &mut self,
        id: Id,
        attributes: &[(String, String)],
        out: &mut String,
        steps: &mut Vec<Step>,
        ctx: &mut Context<'_>,
    ) {
        let href = attributes.iter().find(|(key, _)| key == "href").map(|(_, value)| value.as_str());
        let mut opening = format!("<a{}", kept_attributes("a", attributes, ctx));
        let mut after = String::from("</a>");
        match href.map(links::target) {
            Some(Target::Inside(fragment)) => {
                let _ = write!(opening, " href=\"{}\"", escaped(&plain(&fragment, ctx, "リンク")));
            }
            Some(Target::Outside { address, host }) if !ctx.options().drop_links => {
                let shown = self.tree.text(id);
                if let Some(real) = links::to_show(&shown, &host) {
                    ctx.removed(RemovalCode::MisleadingLink, format!("{} → {real}", brief(&shown)));
                    let _ = write!(after, " [→ {}]", escaped(&text::clean_line(real).0));
                }
                let _ = write!(opening, " href=\"{}\" rel=\"noopener noreferrer\"", escaped(&address));
            }
            Some(_) => {
                ctx.removed(RemovalCode::Hyperlink, brief(href.unwrap_or_default()));
            }
            None => {}
        }
        out.push_str(&opening);
        out.push('>');
        self.open = self.open.saturating_add(1);
        steps.push(Step::Write(after));
        steps.extend(self.below(id));
    }

    /// What a control shows to the reader.
    fn shown_value(&self, id: Id, name: &str, attributes: &[(String, String)]) -> String {
        let get = |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
        match (name, get("type").unwrap_or("text").to_ascii_lowercase().as_str()) {
            ("input", "hidden" | "password" | "file" | "image") => String::new(),
            ("input", "checkbox" | "radio") => {
                if get("checked").is_some() {
                    "☑".to_owned()
                } else {
                    "☐".to_owned()
                }
            }
            ("input", _) => get("value").unwrap_or_default().to_owned(),
            ("textarea", _) => self.tree.text(id),
            ("select", _) => {
                let is_option = |id: &&Id| matches!(self.tree.data(**id), Data::Element { name, .. } if &*name.local == "option");
                let options: Vec<&Id> = self.tree.children(id).iter().filter(is_option).collect();
                let is_chosen = |id: &&&Id| matches!(self.tree.data(***id), Data::Element { attributes, .. } if attributes.iter().any(|(k, _)| k == "selected"));
                let chosen = options.iter().find(is_chosen).or(options.first());
                chosen.map(|id| self.tree.text(**id)).unwrap_or_default()
            }
            _ => String::new(),
        }
    }
}

/// Text without characters that falsify what is shown.
fn plain(text: &str, ctx: &mut Context<'_>, place: &str) -> String {
    let (clean, found) = text::clean_line(text);
    if let Some(found) = found.filter(|found| *found != "見えない文字") {
        ctx.removed(RemovalCode::Control, format!("{place}（{found}）"));
    }
    clean.replace('\r', "")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{a0}' => out.push_str("&nbsp;"),
            c => out.push(c),
        }
    }
    out
}

fn brief(text: &str) -> String {
    let line = text::clean_line(text).0.replace(['\r', '\n', '\t'], " ");
    line.trim().chars().take(80).collect()
}

/// The allowed attributes, each with a space before it; links and pictures are written by their own rules.
fn kept_attributes(element: &str, attributes: &[(String, String)], ctx: &mut Context<'_>) -> String {
    let mut out = String::new();
    for (key, value) in attributes {
        let kept = match allow::attribute(key) {
            None => {
                if key == "background" {
                    ctx.removed(RemovalCode::ExternalLink, format!("<{element} background>"));
                } else if !is_usual_attribute(key) && !key.starts_with("on") {
                    ctx.removed(RemovalCode::UnknownElement, format!("<{element} {}>", brief(key)));
                }
                continue;
            }
            Some(Value::Link) => continue,
            Some(Value::Text) => plain(value, ctx, key).replace('\n', " "),
            Some(Value::Word) if allow::is_word(value) => value.clone(),
            Some(Value::Word) => continue,
            Some(Value::Style) => {
                let (declarations, lost) = allow::declarations(&plain(value, ctx, "スタイル"));
                if lost && value.to_ascii_lowercase().contains("url(") {
                    ctx.removed(RemovalCode::ExternalLink, format!("<{element} style>"));
                }
                declarations
            }
        };
        let _ = write!(out, " {key}=\"{}\"", escaped(&kept));
    }
    out
}

/// Attributes that do nothing without scripts, or that are written by rules of their own.
fn is_usual_attribute(key: &str) -> bool {
    key.starts_with("data-")
        || key.starts_with("aria-")
        || key.starts_with("xmlns")
        || key.starts_with("xml:")
        || key.contains(':')
        || matches!(
            key,
            "src"
                | "href"
                | "target"
                | "rel"
                | "role"
                | "tabindex"
                | "srcset"
                | "loading"
                | "link"
                | "vlink"
                | "alink"
                | "topmargin"
                | "leftmargin"
                | "marginwidth"
                | "marginheight"
                | "language"
                | "contenteditable"
                | "itemprop"
                | "itemscope"
                | "itemtype"
                | "decoding"
                | "sizes"
                | "bordercolordark"
                | "bordercolorlight"
                | "for"
                | "accesskey"
                | "draggable"
                | "spellcheck"
                | "hidden"
        )
}

/// Scripts that wait in attributes.
fn report_handlers(element: &str, attributes: &[(String, String)], ctx: &mut Context<'_>) {
    for (key, _) in attributes {
        if key.len() > 2 && key.starts_with("on") {
            ctx.removed(RemovalCode::Script, format!("<{element} {}>", brief(key)));
        }
    }
}

fn dropped(name: &str, why: Why, attributes: &[(String, String)], ctx: &mut Context<'_>) {
    let get =
        |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, value)| value.to_ascii_lowercase());
    let code = match why {
        Why::Script => RemovalCode::Script,
        Why::Embedded => RemovalCode::EmbeddedObject,
        Why::Media => RemovalCode::Media,
        Why::External => RemovalCode::ExternalLink,
        Why::Drawing => RemovalCode::DrawingReplaced,
        Why::Silent if name == "meta" && get("http-equiv").is_some_and(|value| value == "refresh") => {
            RemovalCode::Action
        }
        Why::Silent => return,
    };
    ctx.removed(code, format!("<{name}>"));
}

/// Pictures that lie in the page are encoded anew; those elsewhere would tell the sender who read the page and when.
fn image(
    attributes: &[(String, String)],
    out: &mut String,
    ctx: &mut Context<'_>,
    images: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<(), Refusal> {
    let get = |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
    let source = get("src").unwrap_or_default().trim();
    let is_data = source.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    let address = if is_data { inline_picture(source, ctx)? } else { images(source) };
    let is_ours = |address: &String| {
        ["data:image/png;base64,", "data:image/jpeg;base64,", "cid:"]
            .iter()
            .any(|start| address.starts_with(start))
    };
    match address.filter(is_ours) {
        Some(address) => {
            let _ =
                write!(out, "<img{} src=\"{}\">", kept_attributes("img", attributes, ctx), escaped(&address));
        }
        None => {
            let code = if is_data { RemovalCode::DrawingReplaced } else { RemovalCode::ExternalLink };
            ctx.removed(code, format!("<img> {}", brief(source)));
            if let Some(alt) = get("alt").filter(|alt| !alt.trim().is_empty()) {
                let _ = write!(out, "[画像: {}]", escaped(&plain(alt, ctx, "画像")));
            }
        }
    }
    Ok(())
}

/// A `data:` picture decoded and encoded anew; `None` when it can't be.
fn inline_picture(source: &str, ctx: &mut Context<'_>) -> Result<Option<String>, Refusal> {
    let Some((kind, body)) = source.split_once(',') else { return Ok(None) };
    if !kind.to_ascii_lowercase().ends_with(";base64") {
        return Ok(None);
    }
    let compact: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let Some(bytes) = mail_parser::decoders::base64::base64_decode(&compact) else { return Ok(None) };
    ctx.charge_expanded(bytes.len() as u64)?;
    match raster::reencode(&bytes, ctx) {
        Ok((picture, format)) => Ok(Some(data_address(&picture, format))),
        Err(refusal) if crate::members::breaks_the_whole(refusal.code) => Err(refusal),
        Err(_) => Ok(None),
    }
}

/// The `data:` address of a picture that this engine encoded.
pub(crate) fn data_address(picture: &[u8], format: Format) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = format!("data:{};base64,", format.media_type());
    for group in picture.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4_usize {
            let digit = (bits >> (18 - 6 * place)) & 63;
            let digit = DIGITS.get(digit as usize).copied().unwrap_or(b'A');
            out.push(if place > group.len() { '=' } else { char::from(digit) });
        }
    }
    out
}
