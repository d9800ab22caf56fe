//! CSV for Excel and for other programs: one line of headers, then the rows, lines ending with CR LF.

use serde::{Deserialize, Serialize};

use super::spelling::{Names, spell_iso};
use super::{ExportMeta, WriteError, columns};
use crate::book::{encode_cp932, neutralise};
use crate::compare::key_text;
use crate::definition::{Definition, FieldType};
use crate::value::{Lookup, Values};

/// How the characters of a CSV file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CsvEncoding {
    /// UTF-8 with the mark by which Excel knows it.
    Utf8Bom,
    /// CP932, Microsoft's Shift JIS. A character that it lacks is an error.
    Cp932,
}

/// Writes rows as CSV. Texts that a spreadsheet would take for formulas get an apostrophe, which reading takes away.
///
/// # Errors
/// [`WriteError::NotInCp932`].
pub fn write_csv(
    definition: &Definition,
    rows: &mut dyn Iterator<Item = Values>,
    meta: &ExportMeta,
    lookup: &dyn Lookup,
    encoding: CsvEncoding,
) -> Result<Vec<u8>, WriteError> {
    let columns = columns(definition, meta);
    let mut names: Vec<Names<'_>> = columns.iter().map(|(_, field)| Names::new(field)).collect();
    let mut out = Vec::new();
    if encoding == CsvEncoding::Utf8Bom {
        out.extend_from_slice(b"\xef\xbb\xbf");
    }
    let mut line = String::new();
    for (place, (column, _)) in columns.iter().enumerate() {
        field(&mut line, place, &neutralise(&column.header));
    }
    end_line(&mut out, &line, encoding).map_err(|character| WriteError::NotInCp932 {
        row: 1,
        key: String::new(),
        header: columns
            .iter()
            .map(|(c, _)| c.header.as_str())
            .find(|h| h.contains(character))
            .unwrap_or_default()
            .to_owned(),
        character,
    })?;
    for (number, values) in rows.enumerate() {
        line.clear();
        for (place, ((_, kind), names)) in columns.iter().zip(&mut names).enumerate() {
            let text = names.spell(values.get(kind.id.as_str()), lookup, spell_iso);
            // A negative number is a number to a spreadsheet too.
            if matches!(kind.kind, FieldType::Integer | FieldType::Yen | FieldType::Number) {
                field(&mut line, place, &text);
            } else {
                field(&mut line, place, &neutralise(&text));
            }
        }
        end_line(&mut out, &line, encoding).map_err(|character| {
            let at = columns
                .iter()
                .find(|(_, kind)| spell_iso(kind, values.get(kind.id.as_str()), lookup).contains(character));
            WriteError::NotInCp932 {
                row: number.saturating_add(2),
                key: key_text(definition, &values).unwrap_or_default(),
                header: at.map(|(column, _)| column.header.clone()).unwrap_or_default(),
                character,
            }
        })?;
    }
    Ok(out)
}

fn field(line: &mut String, place: usize, text: &str) {
    if place > 0 {
        line.push(',');
    }
    // Spaces at the ends are kept by quotation marks; a tab would be taken for a separator in the first line.
    if text.contains([',', '"', '\n', '\r', '\t']) || text.starts_with(' ') || text.ends_with(' ') {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

fn end_line(out: &mut Vec<u8>, line: &str, encoding: CsvEncoding) -> Result<(), char> {
    match encoding {
        CsvEncoding::Utf8Bom => out.extend_from_slice(line.as_bytes()),
        CsvEncoding::Cp932 => out.append(&mut encode_cp932(line)?),
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}
