//! The method `image` (画像化) for PDF: every page becomes one picture of its pixels, with the page's words laid
//! invisibly over it where the caller wants them.
//!
//! The renderer never sees the document as it came: it draws what [`rebuild`](super::rebuild) wrote, so its parsers
//! meet only this engine's own spelling, with the nesting that the writer has, and whatever the positive list leaves
//! out is left out before the first pixel. A renderer that fails or panics gives a refusal, not a page less.

mod glyphless;
mod sheet;
mod words;

use std::{panic::AssertUnwindSafe, sync::Arc};

use hayro::{
    PixmapSettings, RenderCache, RenderSettings,
    hayro_interpret::{
        InterpreterSettings,
        font::{FallbackFontQuery, FontData, FontQuery},
        hayro_cmap::CidFamily,
    },
    hayro_syntax::{Pdf, page::Page},
    vello_cpu::{Pixmap, color::palette::css::WHITE},
};

use super::write::{Dict, Val, Writer, write_number};
use crate::{Refusal, RefusalCode, context::Context};
use words::{Words, read_words};

/// Pages that share one cache of fonts and glyphs; a fresh one now and then bounds its memory.
const PAGES_A_CACHE: usize = 32;

/// A huge sheet is drawn with fewer pixels an inch rather than refused, down to this.
const LEAST_DPI: f64 = 36.0;

/// What drawing one pixel keeps in memory, roughly: the page, its layers and what is encoded.
const BYTES_A_PIXEL: u64 = 16;

/// Draws the pages of a document in this engine's own form, and writes the pictures as a new document.
pub(super) fn pictures_of(rebuilt: Vec<u8>, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let broken = |what: &str| Refusal::new(RefusalCode::Malformed, format!("PDF {what}"));
    let pdf = std::panic::catch_unwind(|| Pdf::new(rebuilt));
    let Ok(Ok(pdf)) = pdf else { return Err(broken("renderer")) };
    let settings = InterpreterSettings { font_resolver: Arc::new(resolve), ..Default::default() };
    let mut book = Book::new();
    for (chunk, pages) in pdf.pages().chunks(PAGES_A_CACHE).enumerate() {
        let cache = RenderCache::new();
        let mut words = ctx.options().text_layer.then(Words::default);
        for (index, page) in pages.iter().enumerate() {
            let number = chunk * PAGES_A_CACHE + index + 1;
            let drawn = std::panic::catch_unwind(AssertUnwindSafe(|| {
                let (size, dpi) = paper(page, ctx, number)?;
                let pixels = draw(page, &cache, &settings, dpi);
                let words = words.as_mut().map(|words| read_words(page, words, &settings, &mut book.font));
                Ok((size, pixels, words))
            }));
            let (size, pixels, words) = drawn.map_err(|_| broken(&format!("p.{number} renderer")))??;
            let noise = ctx.options().noise.map(|seed| seed.wrapping_add(number as u64));
            book.page(&size, &pixels, words.unwrap_or_default(), noise);
            if book.out.stream_bytes() > ctx.limits().output_bytes {
                let limit = format!("output_bytes {}", ctx.limits().output_bytes);
                return Err(Refusal::new(RefusalCode::TooLarge, limit));
            }
        }
    }
    Ok(book.finish())
}

fn resolve(query: &FontQuery) -> Option<(FontData, u32)> {
    match query {
        FontQuery::Standard(font) => Some(font.get_font_data()),
        FontQuery::Fallback(query) => match crate::font::fallback_font().filter(|_| eastern(query)) {
            Some(font) => Some((Arc::new(font), 0)),
            None => Some(query.pick_standard_font().get_font_data()),
        },
    }
}

/// Whether a font that isn't there would have had Chinese characters.
fn eastern(query: &FallbackFontQuery) -> bool {
    let family = query.character_collection.as_ref().map(|collection| &collection.family);
    if matches!(
        family,
        Some(CidFamily::AdobeJapan1 | CidFamily::AdobeGB1 | CidFamily::AdobeCNS1 | CidFamily::AdobeKorea1)
    ) {
        return true;
    }
    const FAMILIES: &[&str] = &[
        "gothic", "mincho", "meiryo", "hiragino", "kaku", "heisei", "kozuka", "ryumin", "yugoth", "yumin",
        "noto", "ipa", "takao", "biz", "cjk", "ud digi", "uddigi",
    ];
    let name = query.post_script_name.as_deref().unwrap_or_default().to_ascii_lowercase();
    // Shift_JIS names have no ASCII word in them at all.
    FAMILIES.iter().any(|family| name.contains(family)) || !name.is_ascii()
}

/// A page's size in points as it is seen, and its scale.
struct Size {
    width: f64,
    height: f64,
    unit: Option<f64>,
}

/// The size of a page and the pixels an inch that the budget allows for it.
fn paper(page: &Page<'_>, ctx: &Context<'_>, number: usize) -> Result<(Size, f64), Refusal> {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    let unit = page.raw().get::<f32>(b"UserUnit".as_slice()).map(f64::from).filter(|unit| *unit > 0.0);
    let inches = unit.unwrap_or(1.0) / 72.0;
    let wanted = f64::from(ctx.options().dpi.clamp(36, 600));
    let area = (width * height * inches * inches).max(f64::MIN_POSITIVE);
    let most = ctx.limits().pixels.min(ctx.limits().memory_bytes / BYTES_A_PIXEL) as f64;
    let side = f64::from(u16::MAX - 1) / (width.max(height) * inches).max(f64::MIN_POSITIVE);
    let dpi = wanted.min((most / area).sqrt()).min(side);
    let fits = dpi >= LEAST_DPI.min(wanted) && width * inches * dpi >= 1.0 && height * inches * dpi >= 1.0;
    if !fits {
        let limit = format!("p.{number} {width:.0}x{height:.0} pt, pixels {}", ctx.limits().pixels);
        return Err(Refusal::new(RefusalCode::TooLarge, limit));
    }
    Ok((Size { width, height, unit }, dpi * unit.unwrap_or(1.0)))
}

fn draw<'a>(page: &'a Page<'a>, cache: &RenderCache<'a>, settings: &InterpreterSettings, dpi: f64) -> Pixmap {
    let (width, height) = page.render_dimensions();
    // Whole pixels that cover the page exactly: the picture is stretched over the page by its own size.
    let scale = |length: f32| ((f64::from(length) * dpi / 72.0).round().max(1.0) / f64::from(length)) as f32;
    let pixmap = PixmapSettings { x_scale: scale(width), y_scale: scale(height), bg_color: WHITE };
    hayro::render(page, cache, settings, &RenderSettings::default(), &pixmap)
}

/// The new document: one picture a page.
struct Book {
    out: Writer,
    root: u32,
    tree: u32,
    kids: Vec<Val>,
    font: glyphless::Font,
}

impl Book {
    fn new() -> Self {
        let mut out = Writer::default();
        let (root, tree) = (out.reserve(), out.reserve());
        let font = glyphless::Font::new(&mut out);
        Self { out, root, tree, kids: Vec::new(), font }
    }

    fn page(&mut self, size: &Size, pixels: &Pixmap, words: Vec<u8>, noise: Option<u64>) {
        let picture = sheet::put(&mut self.out, pixels, noise);
        let mut content = b"q\n".to_vec();
        for number in [size.width, 0.0, 0.0, size.height, 0.0, 0.0] {
            write_number(&mut content, number);
            content.push(b' ');
        }
        content.extend_from_slice(b"cm\n/X0 Do\nQ\n");
        let mut resources = Dict::new().with("XObject", Val::Dict(Dict::new().with("X0", Val::Ref(picture))));
        if !words.is_empty() {
            content.extend_from_slice(&words);
            resources.set("Font", Val::Dict(self.font.resources()));
        }
        let contents = self.out.reserve();
        self.out.put_stream(contents, Dict::new(), &content);
        let mut page = Dict::typed("Page")
            .with("Parent", Val::Ref(self.tree))
            .with("MediaBox", Val::nums([0.0, 0.0, size.width, size.height]))
            .with("Contents", Val::Ref(contents))
            .with("Resources", Val::Dict(resources));
        page.set_some("UserUnit", size.unit.map(Val::Num));
        self.kids.push(Val::Ref(self.out.add(Val::Dict(page))));
    }

    fn finish(mut self) -> Vec<u8> {
        self.font.put(&mut self.out);
        let tree =
            Dict::typed("Pages").with("Count", Val::int(self.kids.len())).with("Kids", Val::Arr(self.kids));
        self.out.put(self.tree, Val::Dict(tree));
        let catalog = Dict::typed("Catalog").with("Pages", Val::Ref(self.tree));
        self.out.put(self.root, Val::Dict(catalog));
        let info = self.out.add(Val::Dict(Dict::new().with("Producer", Val::Str(b"Sekisho".to_vec()))));
        self.out.finish(self.root, info)
    }
}
