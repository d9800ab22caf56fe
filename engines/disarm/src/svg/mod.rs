//! SVG drawings: read as XML, written anew element by element from a positive list, text kept as text.
//!
//! A browser gives an SVG file all that it gives a page, so scripts, handlers, foreign markup, animation (which can
//! set links), links and every reference that leaves the file stay behind. What is referred to inside the file is
//! weighed before it is written: a few `use` in each other are a bomb. Document types are not read beyond the plain
//! entities that drawing programs put there. Under `image` the new file is rendered, never the input.

mod css;
mod data;
mod doctype;
mod weight;
mod write;

#[cfg(test)]
mod tests;

use std::io::Read as _;

use resvg::tiny_skia::{Pixmap, Transform};
use usvg::roxmltree::{Document, ParsingOptions};

use crate::{Refusal, RefusalCode, RemovalCode, TextPiece, context::Context, font, raster::Budget, text};

const NAMESPACE: &str = "http://www.w3.org/2000/svg";
/// Nodes of one document.
const MAX_NODES: u32 = 3_000_000;
/// No side of a rendered drawing is longer.
const MAX_SIDE: f32 = 8_000.0;

/// Whether the text is a drawing: its root element is `svg`, whatever stands before it.
pub(crate) fn is_svg(text: &str) -> bool {
    let mut rest = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    for _ in 0..100 {
        if let Some(after) = rest.strip_prefix("<?") {
            rest = after.split_once("?>").map_or("", |(_, rest)| rest);
        } else if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.split_once("-->").map_or("", |(_, rest)| rest);
        } else if rest.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("<!doctype")) {
            rest = doctype::after(rest).unwrap_or("");
        } else {
            break;
        }
        rest = rest.trim_start();
    }
    let name = rest.strip_prefix('<').unwrap_or("");
    let name = name.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or("");
    name.rsplit(':').next() == Some("svg")
}

/// The drawing in a packed file (`.svgz`), or none.
pub(crate) fn is_packed(input: &[u8]) -> bool {
    if !input.starts_with(&[0x1F, 0x8B, 8]) {
        return false;
    }
    let mut head = Vec::new();
    // A damaged end does not matter for what the beginning says.
    let _ = flate2::read::GzDecoder::new(input).take(64 << 10).read_to_end(&mut head);
    is_svg(&String::from_utf8_lossy(&head))
}

/// Writes the drawing anew.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    with_document(input, ctx, |document, ctx| {
        weight::check(document, ctx)?;
        write::document(document, ctx)
    })
    .map(String::into_bytes)
}

/// The text of the drawing: a piece a text element.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    with_document(input, ctx, |document, _| {
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        Ok(texts
            .filter_map(|node| {
                let parts: Vec<&str> =
                    node.descendants().filter(|n| n.is_text()).filter_map(|n| n.text()).collect();
                let text = parts.concat().split_whitespace().collect::<Vec<_>>().join(" ");
                (!text.is_empty()).then(|| TextPiece { location: "本文".to_owned(), text })
            })
            .collect())
    })
}

/// Rendered pixels: straight RGBA.
pub(crate) struct Rendered {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgba: Vec<u8>,
}

/// Writes the drawing anew and renders that.
pub(crate) fn render(input: &[u8], budget: &mut Budget, ctx: &mut Context<'_>) -> Result<Rendered, Refusal> {
    let svg = rebuild(input, ctx)?;
    let svg = String::from_utf8(svg).map_err(|e| malformed(e.to_string()))?;
    let mut options = usvg::Options { image_href_resolver: resolver(), ..usvg::Options::default() };
    if let Some((fonts, family)) = font::database() {
        options.fontdb = fonts;
        options.font_family = family;
    } else if svg.contains("</text>") {
        ctx.removed(RemovalCode::PictureText, "SVG の中の文字");
    }
    let tree = usvg::Tree::from_str(&svg, &options).map_err(|e| malformed(e.to_string()))?;
    let (width, height) = (tree.size().width(), tree.size().height());
    let wanted = ctx.options().dpi.clamp(36, 600) as f32 / 96.0;
    let scale = wanted.min(MAX_SIDE / width.max(height));
    let pixels = |side: f32| (side * scale).ceil().clamp(1.0, MAX_SIDE) as u32;
    let (across, down) = (pixels(width), pixels(height));
    budget.take(across, down)?;
    let mut pixmap = Pixmap::new(across, down).ok_or_else(|| malformed("大きさがありません"))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    Ok(Rendered { width: across, height: down, rgba: pixmap.take_demultiplied() })
}

/// Pictures inside the file only; no path is ever opened.
fn resolver() -> usvg::ImageHrefResolver<'static> {
    usvg::ImageHrefResolver {
        resolve_data: usvg::ImageHrefResolver::default_data_resolver(),
        resolve_string: Box::new(|_, _| None),
    }
}

fn with_document<T>(
    input: &[u8],
    ctx: &mut Context<'_>,
    work: impl FnOnce(&Document<'_>, &mut Context<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let unpacked;
    let bytes = if input.starts_with(&[0x1F, 0x8B]) {
        unpacked = unpack(input, ctx)?;
        unpacked.as_slice()
    } else {
        input
    };
    let decoded = text::decode(bytes).map(|decoded| decoded.text);
    // A drawing of another encoding keeps its shapes; only its letters may suffer.
    let source = decoded.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    let plain = doctype::resolve(source.trim_start_matches('\u{feff}').trim_start(), ctx)?;
    let nesting = ctx.limits().nesting as usize;
    if deepest(&plain) > nesting {
        return Err(malformed(format!("入れ子が {nesting} を超えています")));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&plain, options).map_err(|e| malformed(e.to_string()))?;
    work(&document, ctx)
}

/// How deep elements nest, as far as can be told before parsing: never less than the truth.
fn deepest(text: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0_usize);
    let mut bytes = text.bytes().peekable();
    let mut previous = 0;
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (b'<', Some(b'/')) => depth = depth.saturating_sub(1),
            (b'<', Some(next)) if next.is_ascii_alphabetic() || *next == b'_' || *next >= 0x80 => {
                depth += 1;
                most = most.max(depth);
            }
            (b'>', _) if previous == b'/' => depth = depth.saturating_sub(1),
            _ => {}
        }
        previous = byte;
    }
    most
}

fn unpack(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(input);
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = decoder.read(&mut chunk).map_err(|e| malformed(e.to_string()))?;
        if read == 0 {
            break;
        }
        ctx.charge_expanded(read as u64)?;
        out.extend_from_slice(chunk.get(..read).unwrap_or_default());
    }
    if !decoder.into_inner().is_empty() {
        ctx.removed(RemovalCode::TrailingData, "圧縮された SVG の後ろ");
    }
    Ok(out)
}

fn malformed(detail: impl Into<String>) -> Refusal {
    let words: String = detail.into().chars().filter(|c| !c.is_control()).take(120).collect();
    Refusal::new(RefusalCode::Malformed, format!("SVG: {words}"))
}
