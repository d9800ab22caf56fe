//! Reads an Office Open XML package back. It knows the narrow form that the writer uses and accepts no other: which
//! parts there may be, what each may refer to, which elements and attributes they hold, and what fields and formulas
//! may say. The ZIP and the XML are read by code that shares nothing with the writer; only the lists of names, which
//! are data, are the same, and [`rules`] names again what must never be in them.

mod formula;
mod notes;
mod relations;
mod rules;
#[cfg(test)]
mod tests;
mod xml;

pub(crate) use formula::formula_is_local;
pub(crate) use relations::is_address;
pub(crate) use xml::{Reader, Token};

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::{Format, Limits, VerifyFailure, zip};

/// Checks a whole package. A macro-enabled one must hold a VBA project that is approved.
pub(super) fn verify(
    output: &[u8],
    format: Format,
    limits: &Limits,
    approved: &[String],
) -> Result<(), VerifyFailure> {
    let keeping = main_type_with_macros(format).is_some() && !approved.is_empty();
    let members = zip::members(output, limits)?;
    let parts: HashMap<&str, &[u8]> = members.iter().map(|m| (m.name.as_str(), m.bytes.as_slice())).collect();
    let (main, folder) = match format {
        Format::Docx | Format::Dotx => ("word/document.xml", "word/"),
        Format::Xlsx | Format::Xltx => ("xl/workbook.xml", "xl/"),
        Format::Pptx | Format::Ppsx | Format::Potx => ("ppt/presentation.xml", "ppt/"),
        Format::Docm | Format::Dotm if keeping => ("word/document.xml", "word/"),
        Format::Xlsm | Format::Xltm if keeping => ("xl/workbook.xml", "xl/"),
        Format::Pptm | Format::Ppsm | Format::Potm if keeping => ("ppt/presentation.xml", "ppt/"),
        other => return Err(VerifyFailure::new("", format!("{} is never written", other.extension()))),
    };
    if !parts.contains_key(main) {
        return Err(VerifyFailure::new(main, "main part missing"));
    }
    let project = format!("{folder}vbaProject.bin");
    if keeping && !parts.contains_key(project.as_str()) {
        return Err(VerifyFailure::new(project, "macro-enabled without macros"));
    }
    let types = relations::content_types(&parts)?;
    let mut reached: HashSet<String> = HashSet::new();
    for member in &members {
        let name = member.name.as_str();
        if name == "[Content_Types].xml" {
            continue;
        }
        if name.ends_with(".rels") {
            relations::check(name, &member.bytes, &parts, main, keeping, &mut reached)?;
            continue;
        }
        if !name.starts_with(folder) {
            return Err(VerifyFailure::new(name, "part outside its folder"));
        }
        if let Some(extension) = rules::picture(name) {
            let format = if extension == "png" { Format::Png } else { Format::Jpeg };
            super::raster::verify(&member.bytes, format, limits).map_err(|f| at(name, f))?;
            continue;
        }
        if keeping && name == project {
            let hash = hex::encode(Sha256::digest(&member.bytes));
            if !approved.iter().any(|known| known.eq_ignore_ascii_case(&hash))
                || types.get(name).map(String::as_str) != Some("application/vnd.ms-office.vbaProject")
            {
                return Err(VerifyFailure::new(name, "macros that nobody approved"));
            }
            continue;
        }
        let part = rules::part(name).ok_or_else(|| VerifyFailure::new(name, "part not on the list"))?;
        let media = if name == main { main_type(format) } else { part.media_type() };
        if types.get(name) != Some(&media) {
            return Err(VerifyFailure::new(name, "content type"));
        }
        if name == "xl/metadata.xml" {
            if member.bytes != crate::lists::SPILL.as_bytes() {
                return Err(VerifyFailure::new(name, "wording"));
            }
            continue;
        }
        if name.ends_with(".vml") {
            notes::check(&member.bytes).ok_or_else(|| VerifyFailure::new(name, "wording"))?;
            continue;
        }
        let ids = relations::ids(name, &parts)?;
        rules::check_part(name, part, &member.bytes, &ids, limits, keeping)?;
    }
    if let Some(stray) = types.keys().find(|name| !parts.contains_key(name.as_str())) {
        return Err(VerifyFailure::new(stray.clone(), "content type of a part that is not there"));
    }
    let is_linked =
        |name: &str| name == "[Content_Types].xml" || name.ends_with(".rels") || reached.contains(name);
    if let Some(stray) = members.iter().find(|member| !is_linked(&member.name)) {
        return Err(VerifyFailure::new(stray.name.clone(), "nothing leads to this part"));
    }
    Ok(())
}

/// The content type that tells a document from a template and a show.
fn main_type(format: Format) -> String {
    if let Some(with_macros) = main_type_with_macros(format) {
        return with_macros.to_owned();
    }
    let kind = match format {
        Format::Dotx => "wordprocessingml.template",
        Format::Xlsx => "spreadsheetml.sheet",
        Format::Xltx => "spreadsheetml.template",
        Format::Pptx => "presentationml.presentation",
        Format::Ppsx => "presentationml.slideshow",
        Format::Potx => "presentationml.template",
        _ => "wordprocessingml.document",
    };
    format!("application/vnd.openxmlformats-officedocument.{kind}.main+xml")
}

fn main_type_with_macros(format: Format) -> Option<&'static str> {
    Some(match format {
        Format::Docm => "application/vnd.ms-word.document.macroEnabled.main+xml",
        Format::Dotm => "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
        Format::Xlsm => "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        Format::Xltm => "application/vnd.ms-excel.template.macroEnabled.main+xml",
        Format::Pptm => "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
        Format::Ppsm => "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
        Format::Potm => "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
        _ => return None,
    })
}

fn at(name: &str, failure: VerifyFailure) -> VerifyFailure {
    VerifyFailure::new(format!("{name} {}", failure.location), failure.message)
}
