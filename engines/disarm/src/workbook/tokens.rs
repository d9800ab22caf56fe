//! Formulas of binary workbooks: tokens in reverse Polish order become text ([MS-XLS] 2.5.198, [MS-XLSB] 2.5.98).
//!
//! The text is then judged like that of any other formula. What has no text here (macro functions, other workbooks, DDE,
//! natural-language references) makes the whole formula unwritable, and its cell keeps the value that was computed.

use super::cursor::Cursor;
use super::functions::function;

/// Excel's own limit is 8192 characters.
const MAX_TEXT: usize = 16_384;

/// How tokens are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Excel 5.0 and 95, with a code page for texts.
    Biff5(&'static encoding_rs::Encoding),
    /// Excel 97 to 2003.
    Biff8,
    /// XLSB.
    Biff12,
}

/// What references of a formula may lead to.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) dialect: Dialect,
    /// By number of a reference to sheets: what it is written as (`'A'!`, `#REF!`); `None` leads outside.
    pub(crate) links: Vec<Option<String>>,
    /// Names of the workbook by their number, from 1.
    pub(crate) names: Vec<String>,
    /// By number of a reference: names of functions and so on that lie in an add-in.
    pub(crate) add_ins: Vec<Vec<String>>,
    /// Names of the workbook's sheets in order, for the references of Excel 5; `None` for one that is left out.
    pub(crate) sheets: Vec<Option<String>>,
}

/// Why a formula is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unwritable {
    /// It reaches outside of the workbook.
    Outside,
    /// It is broken, or made of what is not understood.
    Unknown,
}

/// A reference to another formula: the cell where a shared or an array formula is kept.
pub(crate) fn points_to(tokens: &[u8], dialect: Dialect) -> Option<(u32, u32)> {
    let mut cursor = Cursor::new(tokens);
    if cursor.u8()? != 0x01 {
        return None;
    }
    match dialect {
        Dialect::Biff12 => Some((cursor.u32()?, u32::MAX)),
        _ => Some((u32::from(cursor.u16()?), u32::from(cursor.u16()?))),
    }
}

/// The text of a formula at a cell.
///
/// # Errors
/// [`Unwritable`] says why there is none.
pub(crate) fn text(
    scope: &Scope,
    tokens: &[u8],
    extra: &[u8],
    base: (u32, u32),
) -> Result<String, Unwritable> {
    let mut writer =
        Writer { scope, cursor: Cursor::new(tokens), extra: Cursor::new(extra), stack: Vec::new(), base };
    while !writer.cursor.is_empty() {
        writer.token()?;
    }
    let text = writer.stack.pop().filter(|text| !text.is_empty()).ok_or(Unwritable::Unknown)?;
    if writer.stack.is_empty() { Ok(text) } else { Err(Unwritable::Unknown) }
}

struct Writer<'a> {
    scope: &'a Scope,
    cursor: Cursor<'a>,
    extra: Cursor<'a>,
    stack: Vec<String>,
    base: (u32, u32),
}

impl Writer<'_> {
    fn token(&mut self) -> Result<(), Unwritable> {
        let id = self.cursor.u8().ok_or(Unwritable::Unknown)?;
        // Classes (reference, value, array) of one token differ in bits 5 and 6.
        let base = if id >= 0x40 { (id & 0x1F) | 0x20 } else { id };
        match base {
            0x03..=0x11 => self.binary(base),
            0x12 => self.prefix("+"),
            0x13 => self.prefix("-"),
            0x14 => self.suffix("%"),
            0x15 => {
                let inner = self.pop()?;
                self.push(format!("({inner})"))
            }
            0x16 => self.push(String::new()),
            0x19 => self.attribute(),
            0x21 => self.fixed_function(),
            0x22 => self.variable_function(),
            0x26..=0x28 | 0x2E | 0x2F => self.skip(6),
            0x29 => self.skip(2),
            _ => {
                let operand = self.operand(base)?;
                self.push(operand)
            }
        }
    }

    fn operand(&mut self, id: u8) -> Result<String, Unwritable> {
        match id {
            0x17 => self.string().ok_or(Unwritable::Unknown),
            0x1C => Ok(error_text(self.byte()?).to_owned()),
            0x1D => Ok(if self.byte()? == 0 { "FALSE" } else { "TRUE" }.to_owned()),
            0x1E => self.cursor.u16().map(|n| n.to_string()).ok_or(Unwritable::Unknown),
            0x1F => self.cursor.f64().map(number).ok_or(Unwritable::Unknown),
            0x20 => self.array(),
            0x23 => self.name(),
            0x24 => self.reference(false),
            0x25 => self.area(false),
            0x2C => self.reference(true),
            0x2D => self.area(true),
            0x2A => self.skip(self.reference_size()).map(|()| "#REF!".to_owned()),
            0x2B => self.skip(self.reference_size().saturating_mul(2)).map(|()| "#REF!".to_owned()),
            0x39 => self.outside_name(),
            0x3A => {
                let sheet = self.sheet()?;
                let cell = self.reference(false)?;
                Ok(joined(sheet, &cell))
            }
            0x3B => {
                let sheet = self.sheet()?;
                let area = self.area(false)?;
                Ok(joined(sheet, &area))
            }
            0x3C => {
                self.sheet()?;
                self.skip(self.reference_size()).map(|()| "#REF!".to_owned())
            }
            0x3D => {
                self.sheet()?;
                self.skip(self.reference_size().saturating_mul(2)).map(|()| "#REF!".to_owned())
            }
            _ => Err(Unwritable::Unknown),
        }
    }

    fn byte(&mut self) -> Result<u8, Unwritable> {
        self.cursor.u8().ok_or(Unwritable::Unknown)
    }

    fn skip(&mut self, bytes: usize) -> Result<(), Unwritable> {
        self.cursor.take(bytes).map(|_| ()).ok_or(Unwritable::Unknown)
    }

    fn pop(&mut self) -> Result<String, Unwritable> {
        self.stack.pop().ok_or(Unwritable::Unknown)
    }

    fn push(&mut self, text: String) -> Result<(), Unwritable> {
        if text.len() > MAX_TEXT || self.stack.len() > 1_024 {
            return Err(Unwritable::Unknown);
        }
        self.stack.push(text);
        Ok(())
    }

    fn binary(&mut self, id: u8) -> Result<(), Unwritable> {
        const SIGNS: [&str; 15] =
            ["+", "-", "*", "/", "^", "&", "<", "<=", "=", ">=", ">", "<>", " ", ",", ":"];
        let sign = SIGNS.get(usize::from(id.saturating_sub(3))).ok_or(Unwritable::Unknown)?;
        let right = self.pop()?;
        let mut left = self.pop()?;
        left.push_str(sign);
        left.push_str(&right);
        self.push(left)
    }

    fn prefix(&mut self, sign: &str) -> Result<(), Unwritable> {
        let operand = self.pop()?;
        self.push(format!("{sign}{operand}"))
    }

    fn suffix(&mut self, sign: &str) -> Result<(), Unwritable> {
        let operand = self.pop()?;
        self.push(operand + sign)
    }

    /// Hints for the computation: only the sum of one argument has a text.
    fn attribute(&mut self) -> Result<(), Unwritable> {
        let kind = self.byte()?;
        let value = self.cursor.u16().ok_or(Unwritable::Unknown)?;
        if kind & 0x04 != 0 {
            return self.skip((usize::from(value) + 1) * 2);
        }
        if kind & 0x10 != 0 {
            let operand = self.pop()?;
            return self.push(format!("SUM({operand})"));
        }
        Ok(())
    }

    fn fixed_function(&mut self) -> Result<(), Unwritable> {
        let number = self.cursor.u16().ok_or(Unwritable::Unknown)?;
        let function = function(number).ok_or(Unwritable::Unknown)?;
        let count = function.arguments.ok_or(Unwritable::Unknown)?;
        self.call(function.name.to_owned(), usize::from(count))
    }

    fn variable_function(&mut self) -> Result<(), Unwritable> {
        let count = usize::from(self.byte()? & 0x7F);
        let number = self.cursor.u16().ok_or(Unwritable::Unknown)?;
        // Bit 15 stands for commands of macro sheets.
        if number == 0xFF {
            let count = count.checked_sub(1).ok_or(Unwritable::Unknown)?;
            let at = self.stack.len().checked_sub(count + 1).ok_or(Unwritable::Unknown)?;
            let name = self.stack.remove(at);
            return self.call(name, count);
        }
        let function = function(number).ok_or(Unwritable::Unknown)?;
        self.call(function.name.to_owned(), count)
    }

    fn call(&mut self, mut name: String, count: usize) -> Result<(), Unwritable> {
        let from = self.stack.len().checked_sub(count).ok_or(Unwritable::Unknown)?;
        let arguments = self.stack.split_off(from);
        name.push('(');
        name.push_str(&arguments.join(","));
        name.push(')');
        self.push(name)
    }

    fn string(&mut self) -> Option<String> {
        let text = match self.scope.dialect {
            Dialect::Biff5(encoding) => {
                let count = usize::from(self.cursor.u8()?);
                encoding.decode_without_bom_handling(self.cursor.take(count)?).0.into_owned()
            }
            Dialect::Biff8 => {
                let count = usize::from(self.cursor.u8()?);
                characters(&mut self.cursor, count)?
            }
            Dialect::Biff12 => {
                let count = usize::from(self.cursor.u16()?);
                self.cursor.utf16(count)?
            }
        };
        Some(quoted(&text))
    }

    fn name(&mut self) -> Result<String, Unwritable> {
        let number = match self.scope.dialect {
            Dialect::Biff5(_) => {
                let number = self.cursor.u16().map(u32::from);
                self.skip(12)?;
                number
            }
            _ => self.cursor.u32(),
        };
        let at = number.and_then(|n| n.checked_sub(1)).ok_or(Unwritable::Unknown)?;
        self.scope.names.get(at as usize).cloned().ok_or(Unwritable::Unknown)
    }

    fn outside_name(&mut self) -> Result<String, Unwritable> {
        let (link, number) = match self.scope.dialect {
            Dialect::Biff5(_) => {
                let link = self.cursor.i16().ok_or(Unwritable::Unknown)?;
                self.skip(8)?;
                let number = self.cursor.u16().map(u32::from);
                self.skip(12)?;
                (link.unsigned_abs(), number)
            }
            _ => (self.cursor.u16().ok_or(Unwritable::Unknown)?, self.cursor.u32()),
        };
        let at = number.and_then(|n| n.checked_sub(1)).ok_or(Unwritable::Unknown)? as usize;
        let add_in = self.scope.add_ins.get(usize::from(link)).and_then(|names| names.get(at));
        if let Some(name) = add_in.filter(|name| !name.is_empty()) {
            return Ok(name.clone());
        }
        // A name of this workbook that is reached through a reference to a sheet.
        match self.scope.links.get(usize::from(link)) {
            Some(Some(_)) if !matches!(self.scope.dialect, Dialect::Biff5(_)) => {
                self.scope.names.get(at).cloned().ok_or(Unwritable::Outside)
            }
            _ => Err(Unwritable::Outside),
        }
    }

    fn sheet(&mut self) -> Result<String, Unwritable> {
        if matches!(self.scope.dialect, Dialect::Biff5(_)) {
            let link = self.cursor.i16().ok_or(Unwritable::Unknown)?;
            self.skip(8)?;
            let first = self.cursor.i16().ok_or(Unwritable::Unknown)?;
            let last = self.cursor.i16().ok_or(Unwritable::Unknown)?;
            if link >= 0 {
                return Err(Unwritable::Outside);
            }
            return sheets_text(&self.scope.sheets, i32::from(first), i32::from(last))
                .ok_or(Unwritable::Outside);
        }
        let link = self.cursor.u16().ok_or(Unwritable::Unknown)?;
        self.scope.links.get(usize::from(link)).cloned().flatten().ok_or(Unwritable::Outside)
    }

    fn reference_size(&self) -> usize {
        match self.scope.dialect {
            Dialect::Biff5(_) => 3,
            Dialect::Biff8 => 4,
            Dialect::Biff12 => 6,
        }
    }

    /// `relative` references of shared formulas count from the cell that uses them.
    fn reference(&mut self, relative: bool) -> Result<String, Unwritable> {
        let corner = self.corners(1, relative).ok_or(Unwritable::Unknown)?;
        let corner = corner.first().ok_or(Unwritable::Unknown)?;
        Ok(corner.text())
    }

    fn area(&mut self, relative: bool) -> Result<String, Unwritable> {
        let corners = self.corners(2, relative).ok_or(Unwritable::Unknown)?;
        let [first, last] = corners.as_slice() else { return Err(Unwritable::Unknown) };
        let (rows, columns) = self.most();
        if first.row == 0 && last.row == rows {
            return Ok(format!("{}:{}", first.column_text(), last.column_text()));
        }
        if first.column == 0 && last.column == columns {
            return Ok(format!("{}:{}", first.row_text(), last.row_text()));
        }
        Ok(format!("{}:{}", first.text(), last.text()))
    }

    /// The last row and column.
    fn most(&self) -> (u32, u32) {
        match self.scope.dialect {
            Dialect::Biff5(_) => (0x3FFF, 0xFF),
            Dialect::Biff8 => (0xFFFF, 0xFF),
            Dialect::Biff12 => (0xF_FFFF, 0x3FFF),
        }
    }

    /// One corner of a cell, or two of an area: rows come first, columns after.
    fn corners(&mut self, count: usize, relative: bool) -> Option<Vec<Corner>> {
        let mut rows = Vec::with_capacity(count);
        for _ in 0..count {
            rows.push(match self.scope.dialect {
                Dialect::Biff12 => self.cursor.u32()?,
                _ => u32::from(self.cursor.u16()?),
            });
        }
        let (most_row, most_column) = self.most();
        let mut corners = Vec::with_capacity(count);
        for row in rows {
            let (row, column, flags) = match self.scope.dialect {
                Dialect::Biff5(_) => (row & 0x3FFF, u32::from(self.cursor.u8()?), row),
                _ => {
                    let column = u32::from(self.cursor.u16()?);
                    (row & most_row, column & most_column, column)
                }
            };
            let mut corner =
                Corner { row, column, row_moves: flags & 0x8000 != 0, column_moves: flags & 0x4000 != 0 };
            if relative && corner.row_moves {
                corner.row = corner.row.wrapping_add(self.base.0) & most_row;
            }
            if relative && corner.column_moves {
                corner.column = corner.column.wrapping_add(self.base.1) & most_column;
            }
            corners.push(corner);
        }
        Some(corners)
    }

    /// A constant array: its place is among the tokens, its values follow behind all of them.
    fn array(&mut self) -> Result<String, Unwritable> {
        match self.scope.dialect {
            Dialect::Biff12 => self.skip(14)?,
            _ => self.skip(7)?,
        }
        self.array_values().ok_or(Unwritable::Unknown)
    }

    fn array_values(&mut self) -> Option<String> {
        let (columns, rows) = match self.scope.dialect {
            Dialect::Biff12 => (self.extra.u32()?, self.extra.u32()?),
            _ => (u32::from(self.extra.u8()?) + 1, u32::from(self.extra.u16()?) + 1),
        };
        let mut text = String::from("{");
        for row in 0..rows {
            for column in 0..columns {
                if column > 0 {
                    text.push(',');
                } else if row > 0 {
                    text.push(';');
                }
                text.push_str(&self.array_value()?);
                if text.len() > MAX_TEXT {
                    return None;
                }
            }
        }
        text.push('}');
        Some(text)
    }

    fn array_value(&mut self) -> Option<String> {
        let kind = self.extra.u8()?;
        if self.scope.dialect == Dialect::Biff12 {
            return match kind {
                0 => self.extra.f64().map(number),
                1 => {
                    let count = usize::from(self.extra.u16()?);
                    self.extra.utf16(count).map(|text| quoted(&text))
                }
                2 => Some(if self.extra.u8()? == 0 { "FALSE" } else { "TRUE" }.to_owned()),
                4 => {
                    let code = self.extra.u8()?;
                    self.extra.take(3)?;
                    Some(error_text(code).to_owned())
                }
                _ => None,
            };
        }
        match kind {
            0 => self.extra.take(8).map(|_| "\"\"".to_owned()),
            1 => self.extra.f64().map(number),
            2 => {
                let text = match self.scope.dialect {
                    Dialect::Biff5(encoding) => {
                        let count = usize::from(self.extra.u8()?);
                        encoding.decode_without_bom_handling(self.extra.take(count)?).0.into_owned()
                    }
                    _ => {
                        let count = usize::from(self.extra.u16()?);
                        characters(&mut self.extra, count)?
                    }
                };
                Some(quoted(&text))
            }
            4 => {
                let value = self.extra.u8()?;
                self.extra.take(7)?;
                Some(if value == 0 { "FALSE" } else { "TRUE" }.to_owned())
            }
            0x10 => {
                let value = self.extra.u8()?;
                self.extra.take(7)?;
                Some(error_text(value).to_owned())
            }
            _ => None,
        }
    }
}

struct Corner {
    row: u32,
    column: u32,
    row_moves: bool,
    column_moves: bool,
}

impl Corner {
    fn text(&self) -> String {
        self.column_text() + &self.row_text()
    }

    fn column_text(&self) -> String {
        let fixed = if self.column_moves { "" } else { "$" };
        format!("{fixed}{}", super::column_name(self.column))
    }

    fn row_text(&self) -> String {
        let fixed = if self.row_moves { "" } else { "$" };
        format!("{fixed}{}", self.row.saturating_add(1))
    }
}

fn joined(sheet: String, cell: &str) -> String {
    // A sheet that was deleted leaves the error alone.
    if sheet.starts_with('#') { sheet } else { sheet + cell }
}

/// How a range of sheets of this workbook is written before a cell: `'A'!`, `'A:B'!`, `#REF!` for deleted ones.
pub(crate) fn sheets_text(sheets: &[Option<String>], first: i32, last: i32) -> Option<String> {
    if first < 0 || last < 0 {
        return Some("#REF!".to_owned());
    }
    let name = |at: i32| sheets.get(usize::try_from(at).ok()?).cloned().flatten();
    let (from, to) = (name(first)?, name(last)?);
    let span = if first == last { from } else { format!("{from}:{to}") };
    Some(format!("'{}'!", span.replace('\'', "''")))
}

/// A string with its flag byte: one or two bytes a character ([MS-XLS] 2.5.293).
pub(crate) fn characters(cursor: &mut Cursor<'_>, count: usize) -> Option<String> {
    let wide = cursor.u8()? & 1 != 0;
    if wide {
        cursor.utf16(count)
    } else {
        Some(cursor.take(count)?.iter().map(|byte| char::from(*byte)).collect())
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A number as formulas and cells write it.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-5..1e15).contains(&size) { format!("{value:E}") } else { value.to_string() }
}

/// The text of an error code.
pub(crate) fn error_text(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    }
}
