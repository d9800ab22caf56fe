//! Reads drawings back: DXF as pairs that the engine writes, ISO 10303-21 as statements a line; no object that shows or
//! fetches another file, no address of a share, a drive or the web.

use std::{collections::HashSet, sync::LazyLock};

use crate::{Format, Limits, VerifyFailure, text};

/// Objects of DXF that must not be there even if a list allowed them.
static NEVER: LazyLock<HashSet<&str>> = LazyLock::new(|| crate::lists::never(crate::lists::NEVER_CAD));

pub(super) fn verify(output: &[u8], format: Format, limits: &Limits) -> Result<(), VerifyFailure> {
    text::verify(output, Format::Txt, limits)?;
    let text = text::decoded(output).ok_or_else(|| VerifyFailure::new("cad", "encoding"))?;
    if format == Format::Dxf { dxf(&text) } else { part21(&text, format) }
}

fn dxf(text: &str) -> Result<(), VerifyFailure> {
    let mut lines = text.split("\r\n");
    let (mut object, mut number) = (String::new(), 0_usize);
    loop {
        number += 2;
        let fail = |what: &str| VerifyFailure::new(format!("{number}行目"), what);
        let (Some(code), Some(value)) = (lines.next(), lines.next()) else { return Err(fail("cut off")) };
        let known: u16 = code.trim_start().parse().map_err(|_| fail("group code"))?;
        if format!("{known:>3}") != code || value.contains('\n') {
            return Err(fail("not as it is written"));
        }
        match (known, object.as_str()) {
            (0, _) => {
                object = value.to_owned();
                if NEVER.contains(value) {
                    return Err(fail("object not allowed"));
                }
                if value == "EOF" {
                    return if lines.next() == Some("") && lines.next().is_none() {
                        Ok(())
                    } else {
                        Err(fail("after the end"))
                    };
                }
            }
            (70, "BLOCK") if value.trim().parse::<i64>().unwrap_or(0) & 0b10_1100 != 0 => {
                return Err(fail("external reference"));
            }
            (1, "BLOCK") if !value.is_empty() => return Err(fail("external reference")),
            (310..=319 | 1004, _) => return Err(fail("binary data")),
            (1001, _) if !value.starts_with("ACAD") && !value.starts_with("AcDb") => {
                return Err(fail("custom data"));
            }
            _ => {}
        }
        if reaches_out(value) {
            return Err(fail("address of another place"));
        }
    }
}

fn part21(text: &str, format: Format) -> Result<(), VerifyFailure> {
    let fail = |what: &str| VerifyFailure::new("cad", what);
    let text = text.strip_suffix("\r\n").ok_or_else(|| fail("end of line"))?;
    let mut inside = false;
    let mut last = "";
    for (index, line) in text.split("\r\n").enumerate() {
        if (index == 0) != (line == "ISO-10303-21;") || line.contains(['\r', '\n', '\t']) {
            return Err(fail("first line"));
        }
        if line.split('\'').any(|piece| reaches_out(piece.trim_start_matches("\\'").trim_end_matches('\\'))) {
            return Err(VerifyFailure::new(format!("{}行目", index + 1), "address of another place"));
        }
        match (line, inside) {
            ("/*SXF" | "/*SXF3" | "/*SXF3.1", false) if format == Format::Sfc => inside = true,
            ("SXF*/" | "SXF3*/" | "SXF3.1*/", true) => inside = false,
            (line, true) if line.starts_with('#') && line.ends_with(')') && !line.contains("*/") => {}
            (line, false) if line.ends_with(';') && !line.contains("/*") => {}
            _ => return Err(VerifyFailure::new(format!("{}行目", index + 1), "not as it is written")),
        }
        last = line;
    }
    if last == "END-ISO-10303-21;" && !inside { Ok(()) } else { Err(fail("last line")) }
}

fn reaches_out(value: &str) -> bool {
    let lower = value.trim_start().to_ascii_lowercase();
    let drive = lower.get(1..3).is_some_and(|two| matches!(two, ":\\" | ":/"))
        && lower.starts_with(|c: char| c.is_ascii_lowercase());
    drive
        || ["\\\\", "//", "file:", "javascript:"].iter().any(|start| lower.starts_with(start))
        || lower.contains("://")
}
