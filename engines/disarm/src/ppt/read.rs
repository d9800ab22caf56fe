//! The document: its lists of masters, slides and notes, its fonts and links, and what it holds that is left behind.

use std::collections::HashMap;

use super::deck::{Deck, Master, Paragraph, Shape, Slide};
use super::malformed;
use super::persist::Persist;
use super::shapes::{self, Reader};
use super::text::{Looks, Raw, Surroundings};
use crate::officeart::{self, Record, Records};
use crate::workbook::Picture;
use crate::workbook::cursor::{Cursor, utf16};
use crate::{Refusal, RefusalCode, RemovalCode, context::Context};

const MAX_DEPTH: u32 = 32;
/// English metric units in a master unit, times two.
const UNIT_TWICE: i64 = 3_175;

/// A slide, a master or notes as the document lists them.
struct Listed {
    object: u32,
    id: u32,
    texts: Vec<Raw>,
}

/// A master with what its slides take from it.
struct MasterLooks {
    id: u32,
    looks: Looks,
    scheme: [u32; 8],
}

/// What all slides share.
struct Shared {
    fonts: Vec<String>,
    links: HashMap<u32, String>,
    pictures: Vec<Option<usize>>,
}

/// Reads the deck.
pub(super) fn deck(persist: &Persist<'_>, pictures: &[u8], ctx: &mut Context<'_>) -> Result<Deck, Refusal> {
    let document = persist
        .main()
        .filter(|record| record.kind == 0x03E8)
        .ok_or_else(|| malformed("DocumentContainer"))?;
    let mut deck = Deck { size: size(document).unwrap_or((9_144_000, 6_858_000)), ..Deck::default() };
    let mut shared = Shared { fonts: fonts(document), links: links(document), pictures: Vec::new() };
    report(document, ctx);
    if let Some(group) = document.child(0x040B) {
        for blip in officeart::pictures(group.data, pictures, ctx)? {
            shared.pictures.push(blip.map(|(bytes, extension)| {
                deck.pictures.push(Picture { bytes, extension });
                deck.pictures.len() - 1
            }));
        }
    }
    let masters = masters(persist, document, &shared, &mut deck, ctx)?;
    let notes = listed(document, 2, &shared.links);
    for (number, entry) in (1_usize..).zip(listed(document, 0, &shared.links)) {
        if number as u64 > u64::from(ctx.limits().pages) {
            return Err(Refusal::new(RefusalCode::LimitReached, format!("pages {}", ctx.limits().pages)));
        }
        let Some(object) = persist.object(entry.object).filter(|record| record.kind == 0x03EE) else {
            continue;
        };
        ctx.charge_expanded(object.data.len() as u64)?;
        let mut slide = slide(object, &entry, number, deck.size, &masters, &shared, ctx);
        let of_notes = object.child(0x03EF).and_then(|atom| Cursor::at(atom.data, 16).u32()).unwrap_or(0);
        if let Some(listed) = notes.iter().find(|listed| of_notes != 0 && listed.id == of_notes)
            && let Some(record) = persist.object(listed.object).filter(|record| record.kind == 0x03F0)
        {
            ctx.charge_expanded(record.data.len() as u64)?;
            slide.notes = note(record, &masters, &shared);
        }
        deck.slides.push(slide);
    }
    Ok(deck)
}

fn size(document: Record<'_>) -> Option<(i64, i64)> {
    let mut cursor = Cursor::new(document.child(0x03E9)?.data);
    let (width, height) = (i64::from(cursor.i32()?), i64::from(cursor.i32()?));
    // Slides are from one to 56 inches wide and high.
    let fits = |units: i64| (576..=32_256).contains(&units);
    (fits(width) && fits(height)).then_some((width * UNIT_TWICE / 2, height * UNIT_TWICE / 2))
}

fn fonts(document: Record<'_>) -> Vec<String> {
    let collection = document.child(0x03F2).and_then(|environment| environment.child(0x07D5));
    let Some(collection) = collection else { return Vec::new() };
    let fonts = collection.children().filter(|record| record.kind == 0x0FB7);
    fonts
        .map(|record| {
            let name = utf16(record.data.get(..64).unwrap_or(record.data));
            name.split('\0').next().unwrap_or_default().to_owned()
        })
        .collect()
}

/// Addresses by the number that texts and shapes know them by.
fn links(document: Record<'_>) -> HashMap<u32, String> {
    let mut found = HashMap::new();
    let Some(list) = document.child(0x0409) else { return found };
    for link in list.children().filter(|record| record.kind == 0x0FD7) {
        let id = link.child(0x0FD3).and_then(|atom| Cursor::new(atom.data).u32());
        let target = link.children().find(|record| record.kind == 0x0FBA && record.instance == 1);
        if let (Some(id), Some(target)) = (id, target) {
            found.insert(id, utf16(target.data).trim_end_matches('\0').to_owned());
        }
    }
    found
}

/// Names what the document holds beside its slides.
fn report(document: Record<'_>, ctx: &mut Context<'_>) {
    if let Some(info) = document.child(0x07D0).and_then(|list| list.child(0x03FF)) {
        let object = info.child(0x0400).and_then(|atom| Cursor::new(atom.data).u32()).unwrap_or(0);
        if object != 0 {
            ctx.removed(RemovalCode::Vba, "プレゼンテーション: VBA プロジェクト");
        }
    }
    if document.child(0x07E4).is_some() {
        ctx.removed(RemovalCode::Media, "プレゼンテーション: サウンド");
    }
    let Some(list) = document.child(0x0409) else { return };
    for record in list.children() {
        let (code, what) = match record.kind {
            0x0FCC => (RemovalCode::EmbeddedObject, "埋め込みオブジェクト"),
            0x0FCE => (RemovalCode::ExternalLink, "リンクされたオブジェクト"),
            0x0FEE => (RemovalCode::ActiveX, "コントロール"),
            0x1006 | 0x1007 | 0x100D..=0x1010 => (RemovalCode::Media, "音声・動画"),
            _ => continue,
        };
        ctx.removed(code, format!("プレゼンテーション: {what}"));
    }
}

/// A list of the document: 0 slides, 1 masters, 2 notes.
fn listed(document: Record<'_>, which: u16, links: &HashMap<u32, String>) -> Vec<Listed> {
    let mut found: Vec<Listed> = Vec::new();
    let list = document.children().find(|record| record.kind == 0x0FF0 && record.instance == which);
    let Some(list) = list else { return found };
    let mut texts: Vec<Record<'_>> = Vec::new();
    let settle = |found: &mut Vec<Listed>, texts: &mut Vec<Record<'_>>| {
        if let Some(last) = found.last_mut() {
            last.texts = shapes::texts(texts.drain(..), links);
        }
        texts.clear();
    };
    for record in list.children() {
        if record.kind == 0x03F3 {
            settle(&mut found, &mut texts);
            let mut cursor = Cursor::new(record.data);
            let (object, _, id) = (cursor.u32(), cursor.take(8), cursor.u32());
            if let (Some(object), Some(id)) = (object, id) {
                found.push(Listed { object, id, texts: Vec::new() });
            }
        } else {
            texts.push(record);
        }
    }
    settle(&mut found, &mut texts);
    found
}

const SCHEME: [u32; 8] =
    [0xFF_FFFF, 0x00_0000, 0x80_8080, 0x00_0000, 0x00_CC99, 0x33_33CC, 0xCC_CCFF, 0xB2_B2B2];

/// The colours of a slide or a master.
fn scheme(record: Record<'_>) -> Option<[u32; 8]> {
    let atom = record.children().find(|record| record.kind == 0x07F0 && record.instance == 1)?;
    let mut cursor = Cursor::new(atom.data);
    let mut colours = SCHEME;
    for colour in &mut colours {
        *colour = (cursor.u32()? & 0xFF_FFFF).swap_bytes() >> 8;
    }
    Some(colours)
}

fn masters(
    persist: &Persist<'_>,
    document: Record<'_>,
    shared: &Shared,
    deck: &mut Deck,
    ctx: &mut Context<'_>,
) -> Result<Vec<MasterLooks>, Refusal> {
    let mut found: Vec<MasterLooks> = Vec::new();
    let other = document.child(0x03F2);
    for entry in listed(document, 1, &shared.links).iter().take(200) {
        let Some(object) = persist.object(entry.object) else { continue };
        if !matches!(object.kind, 0x03F8 | 0x03EE) {
            continue;
        }
        ctx.charge_expanded(object.data.len() as u64)?;
        // A master for titles looks like the master that it belongs to.
        let parent = object.child(0x03EF).and_then(|atom| Cursor::at(atom.data, 12).u32()).unwrap_or(0);
        let above = found.iter().find(|master| master.id == parent);
        let mut looks = above.map(|master| master.looks.clone()).unwrap_or_default();
        let styles = other.into_iter().chain([object]).flat_map(|record| record.children());
        for style in styles.filter(|record| record.kind == 0x0FA3) {
            looks.read(u32::from(style.instance), style.data);
        }
        let scheme = scheme(object).or(above.map(|master| master.scheme)).unwrap_or(SCHEME);
        let mut reader = Reader {
            around: Surroundings { looks: &looks, scheme: &scheme, fonts: &shared.fonts },
            outline: &entry.texts,
            links: &shared.links,
            pictures: &shared.pictures,
            is_master: true,
            place: format!("スライドマスター {}", found.len() + 1),
            shapes: Vec::new(),
            background: None,
            ground_picture: None,
        };
        reader.drawing(object, ctx);
        let covered = cover(reader.ground_picture, deck.size);
        let shapes = covered.into_iter().chain(reader.shapes).collect();
        deck.masters.push(Master { shapes, background: reader.background, scheme });
        found.push(MasterLooks { id: entry.id, looks, scheme });
    }
    if found.is_empty() {
        deck.masters.push(Master { scheme: SCHEME, ..Master::default() });
        found.push(MasterLooks { id: 0, looks: Looks::default(), scheme: SCHEME });
    }
    Ok(found)
}

/// A picture over the whole slide.
fn cover(picture: Option<usize>, size: (i64, i64)) -> Option<Shape> {
    let picture = Some(picture?);
    Some(Shape { frame: (0, 0, size.0, size.1), picture, geometry: "rect", ..Shape::default() })
}

fn slide(
    object: Record<'_>,
    entry: &Listed,
    number: usize,
    size: (i64, i64),
    masters: &[MasterLooks],
    shared: &Shared,
    ctx: &mut Context<'_>,
) -> Slide {
    let atom = object.child(0x03EF).map_or(&[][..], |atom| atom.data);
    let master_id = Cursor::at(atom, 12).u32().unwrap_or(0);
    let flags = Cursor::at(atom, 20).u16().unwrap_or(7);
    let master = masters.iter().position(|master| master.id == master_id).unwrap_or(0);
    let none = Looks::default();
    let looks = masters.get(master).map_or(&none, |master| &master.looks);
    let own = if flags & 2 == 0 { scheme(object) } else { None };
    let scheme = own.or(masters.get(master).map(|master| master.scheme)).unwrap_or(SCHEME);
    let mut reader = Reader {
        around: Surroundings { looks, scheme: &scheme, fonts: &shared.fonts },
        outline: &entry.texts,
        links: &shared.links,
        pictures: &shared.pictures,
        is_master: false,
        place: format!("スライド {number}"),
        shapes: Vec::new(),
        background: None,
        ground_picture: None,
    };
    reader.drawing(object, ctx);
    let hidden = object
        .child(0x03F9)
        .and_then(|info| Cursor::at(info.data, 10).u16())
        .is_some_and(|flags| flags & 4 != 0);
    Slide {
        master,
        background: reader.background.filter(|_| flags & 4 == 0),
        shapes: cover(reader.ground_picture.filter(|_| flags & 4 == 0), size)
            .into_iter()
            .chain(reader.shapes)
            .collect(),
        shows_master: flags & 1 != 0,
        hidden,
        notes: Vec::new(),
    }
}

/// The text of a page of notes.
fn note(record: Record<'_>, masters: &[MasterLooks], shared: &Shared) -> Vec<Paragraph> {
    let none = Looks::default();
    let looks = masters.first().map_or(&none, |master| &master.looks);
    let around = Surroundings { looks, scheme: &SCHEME, fonts: &shared.fonts };
    let mut found = Vec::new();
    boxes(record, 0, &mut |text| {
        for raw in shapes::texts(Records::new(text.data), &shared.links) {
            if raw.kind == 2 && !raw.text.trim().is_empty() {
                found.extend(raw.paragraphs(&around));
            }
        }
    });
    found
}

fn boxes(record: Record<'_>, depth: u32, visit: &mut dyn FnMut(Record<'_>)) {
    if record.kind == 0xF00D {
        visit(record);
    } else if depth < MAX_DEPTH {
        for child in record.children() {
            boxes(child, depth + 1, visit);
        }
    }
}
