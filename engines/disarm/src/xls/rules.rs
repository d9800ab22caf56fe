//! Rules for what may be entered and for how cells look ([MS-XLS] 2.4.89, 2.4.42, 2.4.43).

use super::Report;
use super::cells::{Reader, long_area};
use super::globals::place;
use crate::workbook::cursor::Cursor;
use crate::workbook::tokens;
use crate::workbook::{Area, Border, Colour, Condition, Difference, Fill, Validation, colour};
use crate::{RemovalCode, context::Context, ooxml};

fn areas(cursor: &mut Cursor<'_>) -> Option<Vec<Area>> {
    let count = cursor.u16()?;
    let mut areas = Vec::new();
    for _ in 0..count {
        let area = long_area(cursor)?;
        if area.is_sound() {
            areas.push(area);
        }
    }
    (!areas.is_empty()).then_some(areas)
}

/// A formula of a rule at its first cell; none when it may not stay, which is reported.
fn formula(reader: &Reader<'_>, code: &[u8], areas: &[Area], ctx: &mut Context<'_>) -> Option<String> {
    if code.is_empty() {
        return None;
    }
    let first = areas.first().map_or((0, 0), |area| (area.first_row, area.first_column));
    let text = tokens::text(&reader.globals.scope, code, &[], first).ok();
    // Choices in quotes are texts with zeros between them.
    let text = text.map(|text| if text.starts_with('"') { text.replace('\0', ",") } else { text });
    let allowed = text.filter(|text| ooxml::formula_is_allowed(text));
    if allowed.is_none() {
        let report = Report { sheet: &reader.sheet.name };
        ctx.removed(RemovalCode::Formula, place(&report, first.0, first.1));
    }
    allowed
}

/// A rule for entering.
pub(super) fn validation(reader: &mut Reader<'_>, bytes: &[u8], ctx: &mut Context<'_>) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    let flags = cursor.u32()?;
    let part = |shift: u32, mask: u32| u8::try_from((flags >> shift) & mask).unwrap_or_default();
    let mut validation = Validation {
        kind: part(0, 15),
        style: part(4, 7),
        ime: part(10, 0xFF),
        operator: part(20, 15),
        allow_blank: flags & 0x100 != 0,
        no_list: flags & 0x200 != 0,
        show_input: flags & 0x4_0000 != 0,
        show_error: flags & 0x8_0000 != 0,
        ..Validation::default()
    };
    let texts = reader.globals.texts;
    validation.prompt_title = long(texts, &mut cursor)?;
    validation.error_title = long(texts, &mut cursor)?;
    validation.prompt = long(texts, &mut cursor)?;
    validation.error = long(texts, &mut cursor)?;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let size = usize::from(cursor.u16()?);
        cursor.u16()?;
        codes.push(cursor.take(size)?);
    }
    validation.areas = areas(&mut cursor)?;
    for (slot, code) in validation.formulas.iter_mut().zip(codes) {
        *slot = formula(reader, code, &validation.areas, ctx);
    }
    reader.sheet.validations.push(validation);
    Some(())
}

/// A text of a rule: an empty one is a zero of its own.
fn long(texts: super::records::Texts, cursor: &mut Cursor<'_>) -> Option<String> {
    let count = usize::from(cursor.u16()?);
    if count == 0 && texts.biff8 {
        cursor.u8()?;
        return Some(String::new());
    }
    texts.of(cursor, count)
}

/// The cells that the next rules are for.
pub(super) fn condition(reader: &mut Reader<'_>, bytes: &[u8]) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    cursor.take(12)?;
    reader.condition_areas = areas(&mut cursor)?;
    Some(())
}

/// A rule for looks.
pub(super) fn rule(reader: &mut Reader<'_>, bytes: &[u8], ctx: &mut Context<'_>) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    let kind = cursor.u8()?;
    let operator = cursor.u8()?;
    let sizes = [usize::from(cursor.u16()?), usize::from(cursor.u16()?)];
    let format = difference(&mut cursor, &reader.globals.palette)?;
    let areas = reader.condition_areas.clone();
    let mut formulas = Vec::new();
    for size in sizes {
        let code = cursor.take(size)?;
        if !code.is_empty() {
            formulas.push(formula(reader, code, &areas, ctx)?);
        }
    }
    let wanted = if kind == 1 && matches!(operator, 1 | 2) { 2 } else { 1 };
    if areas.is_empty() || formulas.len() < wanted {
        return None;
    }
    let operator = (kind == 1).then_some(operator);
    reader.sheet.conditions.push(Condition { areas, operator, formulas, format, stop: true });
    Some(())
}

/// What a rule changes ([MS-XLS] 2.5.92): blocks follow as the flags say.
fn difference(cursor: &mut Cursor<'_>, palette: &[u32]) -> Option<Difference> {
    let flags = cursor.u32()?;
    let more = cursor.u16()?;
    let mut found = Difference::default();
    if flags & 0x0200_0000 != 0 {
        if more & 1 != 0 {
            let size = usize::from(cursor.u16()?);
            cursor.take(size.saturating_sub(2))?;
        } else {
            cursor.take(2)?;
        }
    }
    if flags & 0x0400_0000 != 0 {
        font(cursor.take(118)?, palette, &mut found)?;
    }
    if flags & 0x0800_0000 != 0 {
        cursor.take(8)?;
    }
    if flags & 0x1000_0000 != 0 {
        let (lines, sides) = (cursor.u32()?, cursor.u32()?);
        let tint = |bits: u32| colour(palette, u16::try_from(bits & 0x7F).unwrap_or_default());
        let style = |bits: u32| u8::try_from(bits & 15).unwrap_or_default();
        found.border = Some(Border {
            sides: [
                (style(lines), tint(lines >> 16)),
                (style(lines >> 4), tint(lines >> 23)),
                (style(lines >> 8), tint(sides)),
                (style(lines >> 12), tint(sides >> 7)),
                (0, Colour::Automatic),
            ],
            ..Border::default()
        });
    }
    if flags & 0x2000_0000 != 0 {
        let (pattern, colours) = (cursor.u16()?, cursor.u16()?);
        let pattern = u8::try_from(pattern >> 10).unwrap_or_default();
        let unset = |bit: u32| flags & bit != 0;
        found.fill = Some(Fill {
            // A pattern that is not set is solid when the ground has a colour.
            pattern: if unset(0x1_0000) || pattern == 0 { 1 } else { pattern },
            front: if unset(0x2_0000) { Colour::Automatic } else { colour(palette, colours & 0x7F) },
            back: if unset(0x4_0000) { Colour::Automatic } else { colour(palette, (colours >> 7) & 0x7F) },
        });
    }
    if flags & 0x4000_0000 != 0 {
        cursor.take(2)?;
    }
    Some(found)
}

fn font(block: &[u8], palette: &[u32], found: &mut Difference) -> Option<()> {
    let mut cursor = Cursor::at(block, 68);
    let options = cursor.u32()?;
    let weight = cursor.u16()?;
    cursor.take(6)?;
    let number = cursor.u32()?;
    cursor.take(4)?;
    let unset = cursor.u32()?;
    if unset & 2 == 0 {
        found.italic = Some(options & 2 != 0);
        found.bold = Some(weight >= 600);
    }
    if unset & 0x80 == 0 {
        found.strike = Some(options & 0x80 != 0);
    }
    if number < 64 {
        found.colour = Some(colour(palette, u16::try_from(number).ok()?));
    }
    Some(())
}
