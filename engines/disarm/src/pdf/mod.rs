//! PDF (ISO 32000-1): the pages are rebuilt object by object into a new file.
//!
//! [`source`] reads, [`graph`] and its neighbours rebuild by type, [`write`] writes. Nothing goes from the input to
//! the output except through a function that knows what it is; actions, scripts, forms, attachments, metadata and
//! whatever nobody asked for have no such function. [`text`] reads the text for searches.

mod action;
mod cmap;
mod codecs;
mod color;
mod content;
mod field;
mod filters;
mod font;
mod fontfile;
mod graph;
mod image;
mod lexer;
mod matrix;
mod mend;
mod page;
mod picture;
mod profile;
mod source;
mod text;
mod write;

#[cfg(test)]
mod tests;

use lopdf::{Dictionary, Object};

use crate::{Refusal, RefusalCode, RemovalCode, TextPiece, context::Context};
use graph::Graph;
use source::{Reading, Source, as_dict};
use write::{Dict, Val};

/// Rebuilds a PDF. The result is PDF 1.7 with a plain cross-reference table.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    write_anew(input, ctx, Strictness::Whole)
}

/// 画像化: the pages as pictures, drawn from what a rebuild keeps. Damage that a reader would draw around does not
/// refuse the file here, as nobody edits a picture.
pub(crate) fn picture_of(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let rebuilt = write_anew(input, ctx, Strictness::Shown)?;
    picture::pictures_of(rebuilt, ctx)
}

/// What damage refuses a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// Whatever would lose content unseen.
    Whole,
    /// Only what leaves nothing to show; every loss is noted.
    Shown,
}

fn write_anew(input: &[u8], ctx: &mut Context<'_>, strictness: Strictness) -> Result<Vec<u8>, Refusal> {
    with_source(input, ctx, |src, ctx| write_from(src, ctx, strictness))
}

/// Reads the file by its table, and where that leads nowhere, by looking for its objects, as every viewer does: tables
/// are damaged by line ends that mail programs change, by bytes before the header, by tools that cut and paste.
fn with_source<T>(
    input: &[u8],
    ctx: &mut Context<'_>,
    work: impl Fn(&Source, &mut Context<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let noted = ctx.removed_so_far().len();
    let first = Source::load(input, ctx, Reading::ByTable).and_then(|src| work(&src, ctx));
    match first {
        Err(refusal) if refusal.code == RefusalCode::Malformed => {
            ctx.forget_since(noted);
            let mended = mend::mend(input);
            let second = Source::load(&mended, ctx, Reading::ByLooking).and_then(|src| work(&src, ctx));
            // The first reason says more about the file than what the search stumbled on.
            second.map_err(|second| if second.code == RefusalCode::Malformed { refusal } else { second })
        }
        other => other,
    }
}

fn write_from(src: &Source, ctx: &mut Context<'_>, strictness: Strictness) -> Result<Vec<u8>, Refusal> {
    let catalog = src.catalog()?;
    let mut graph = Graph::new(ctx, src);
    graph.strictness = strictness;
    note_document(&mut graph, catalog);
    graph.read_optional_content(catalog);

    let pages = graph.collect_pages(catalog)?;
    let root = graph.out.reserve();
    let tree = graph.out.reserve();
    let mut kids = Vec::with_capacity(pages.len());
    for page in &pages {
        let id = graph.out.reserve();
        kids.push(id);
        if let Some(old) = page.id {
            graph.pages.insert(old, id);
        }
    }
    for (index, (page, id)) in pages.iter().zip(&kids).enumerate() {
        graph.place = format!("p.{}", index + 1);
        graph.page(page, *id, tree)?;
    }
    graph.place = "文書".to_owned();
    let dict = Dict::typed("Pages")
        .with("Count", Val::int(kids.len()))
        .with("Kids", Val::Arr(kids.into_iter().map(Val::Ref).collect()));
    graph.out.put(tree, Val::Dict(dict));

    let mut out = Dict::typed("Catalog").with("Pages", Val::Ref(tree));
    let outlines = graph.outlines(catalog);
    if outlines.is_some() && src.name(catalog, "PageMode") == Some(b"UseOutlines") {
        out.set("PageMode", Val::name("UseOutlines"));
    }
    out.set_some("Outlines", outlines);
    let labels = graph.page_labels(catalog);
    out.set_some("PageLabels", labels);
    copy_view(src, catalog, &mut out);
    graph.out.put(root, Val::Dict(out));
    let info = graph.out.add(Val::Dict(Dict::new().with("Producer", Val::Str(b"Sekisho".to_vec()))));
    if strictness == Strictness::Whole {
        src.nothing_lost()?;
    }
    note_the_rest(&mut graph);
    let writer = std::mem::take(&mut graph.out);
    Ok(writer.finish(root, info))
}

/// The text of each page. Text that no character map explains is left out.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    with_source(input, ctx, text_of)
}

fn text_of(src: &Source, ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    let catalog = src.catalog()?;
    let mut graph = Graph::new(ctx, src);
    let pages = graph.collect_pages(catalog)?;
    let mut pieces = Vec::with_capacity(pages.len());
    for (index, page) in pages.iter().enumerate() {
        graph.place = format!("p.{}", index + 1);
        let text = graph.page_text(page)?;
        pieces.push(TextPiece { location: graph.place.clone(), text });
    }
    src.nothing_lost()?;
    Ok(pieces)
}

/// How the document wants to be shown: only what neither runs nor hides anything.
fn copy_view(src: &Source, catalog: &Dictionary, out: &mut Dict) {
    let language = match src.value(catalog, "Lang") {
        Object::String(bytes, _) => Some(bytes.clone()),
        _ => None,
    };
    out.set_some("Lang", language.filter(|tag| is_language(tag)).map(Val::Str));
    let layouts: &[&[u8]] =
        &[b"SinglePage", b"OneColumn", b"TwoColumnLeft", b"TwoColumnRight", b"TwoPageLeft", b"TwoPageRight"];
    let layout = src.name(catalog, "PageLayout").filter(|layout| layouts.contains(layout));
    out.set_some("PageLayout", layout.map(|layout| Val::Name(layout.to_vec())));
    let Some(preferences) = src.dict(catalog, "ViewerPreferences") else { return };
    let mut kept = Dict::new();
    for (key, values) in [
        ("Direction", [b"L2R".as_slice(), b"R2L", b""]),
        ("PrintScaling", [b"None", b"AppDefault", b""]),
        ("Duplex", [b"Simplex", b"DuplexFlipShortEdge", b"DuplexFlipLongEdge"]),
    ] {
        let value = src.name(preferences, key).filter(|value| !value.is_empty() && values.contains(value));
        kept.set_some(key, value.map(|value| Val::Name(value.to_vec())));
    }
    if !kept.is_empty() {
        out.set("ViewerPreferences", Val::Dict(kept));
    }
}

/// A tag of a language (RFC 5646): a word of two or three letters, and further short words.
fn is_language(tag: &[u8]) -> bool {
    let mut words = tag.split(|byte| *byte == b'-');
    let first = words.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.iter().all(u8::is_ascii_alphabetic)
        && tag.len() <= 35
        && words.all(|word| (1..=8).contains(&word.len()) && word.iter().all(u8::is_ascii_alphanumeric))
}

/// Notes what hangs on the catalogue and the trailer.
fn note_document<'d>(graph: &mut Graph<'_, 'd, '_>, catalog: &'d Dictionary) {
    let src = graph.src;
    if src.trailer().has(b"Info") {
        graph.note(RemovalCode::Metadata, "文書情報");
    }
    if let Ok(action) = catalog.get(b"OpenAction") {
        match src.get(action) {
            // A bare destination only says which page to show first.
            Object::Array(_) => {}
            _ => {
                graph.note(RemovalCode::Action, "OpenAction");
                graph.note_action(action);
            }
        }
    }
    if let Some(actions) = src.dict(catalog, "AA") {
        graph.note_additional(actions);
    }
    if let Some(names) = src.dict(catalog, "Names") {
        for (key, code, what) in [
            ("JavaScript", RemovalCode::Script, "JavaScript"),
            ("EmbeddedFiles", RemovalCode::EmbeddedFile, "添付ファイル"),
            ("Renditions", RemovalCode::Media, "Renditions"),
            ("URLS", RemovalCode::ExternalLink, "URLS"),
            ("AlternatePresentations", RemovalCode::UnknownPart, "AlternatePresentations"),
        ] {
            if names.has(key.as_bytes()) {
                graph.note(code, what);
            }
        }
    }
    if let Some(form) = src.dict(catalog, "AcroForm") {
        graph.note(RemovalCode::FormField, "入力フォーム");
        if form.has(b"XFA") {
            graph.note(RemovalCode::Script, "XFA");
        }
        if src.integer(form, "SigFlags").is_some_and(|flags| flags & 1 != 0) {
            graph.note(RemovalCode::Signature, "");
        }
    }
    graph.note_private(catalog);
    for (key, code, what) in [
        ("StructTreeRoot", RemovalCode::Metadata, "タグ構造"),
        ("Collection", RemovalCode::EmbeddedFile, "ポートフォリオ"),
        ("Perms", RemovalCode::Signature, "権限"),
        ("DSS", RemovalCode::Signature, "検証情報"),
        ("Threads", RemovalCode::UnknownPart, "スレッド"),
        ("SpiderInfo", RemovalCode::ExternalLink, "Web 取り込み"),
        ("OutputIntents", RemovalCode::Metadata, "出力条件"),
        ("Legal", RemovalCode::Metadata, "法的記載"),
        ("Requirements", RemovalCode::Script, "要件"),
        ("URI", RemovalCode::ExternalLink, "基準 URI"),
        ("Extensions", RemovalCode::UnknownPart, "拡張"),
    ] {
        if catalog.has(key.as_bytes()) {
            graph.note(code, what);
        }
    }
}

/// Notes what no page leads to: the search sees every object, wherever it hangs. It only reports; what it finds was
/// never copied.
fn note_the_rest(graph: &mut Graph<'_, '_, '_>) {
    let src = graph.src;
    for (_, object) in src.objects() {
        let mut open = vec![object];
        let mut steps = 0;
        while let Some(object) = open.pop() {
            steps += 1;
            if steps > 100_000 {
                break;
            }
            if let Object::Array(items) = object {
                open.extend(items);
            }
            let Some(dict) = as_dict(object) else { continue };
            open.extend(dict.iter().map(|(_, value)| value));
            note_dictionary(graph, dict);
        }
    }
}

fn note_dictionary(graph: &mut Graph<'_, '_, '_>, dict: &Dictionary) {
    let name = |key: &[u8]| dict.get(key).ok().and_then(|value| value.as_name().ok()).unwrap_or_default();
    if dict.has(b"JS") {
        graph.note(RemovalCode::Script, "JavaScript");
    }
    if let kind @ (b"JavaScript" | b"Launch" | b"GoToR" | b"GoToE" | b"SubmitForm" | b"ImportData"
    | b"Rendition" | b"RichMediaExecute" | b"Movie" | b"Sound") = name(b"S")
    {
        // `Movie` and `Sound` are names elsewhere too, but no page is drawn with them.
        let (code, what) = action::removal(kind);
        graph.note(code, what);
    }
    match name(b"Type") {
        b"EmbeddedFile" => graph.note(RemovalCode::EmbeddedFile, "添付ファイル"),
        b"Filespec" | b"F" if dict.has(b"EF") => graph.note(RemovalCode::EmbeddedFile, "添付ファイル"),
        b"Sig" => graph.note(RemovalCode::Signature, ""),
        b"Metadata" => graph.note(RemovalCode::Metadata, "メタデータ"),
        _ => {}
    }
    if dict.has(b"XFA") {
        graph.note(RemovalCode::Script, "XFA");
    }
    if dict.has(b"FFilter") {
        graph.note(RemovalCode::ExternalLink, "外部ストリーム");
    }
}
