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
mod zip;

pub(crate) use formula::formula_is_local;
pub(crate) use relations::is_address;
pub(crate) use xml::{Reader, Token};
pub(crate) use zip::members;

use std::collections::{HashMap, HashSet};

use crate::{Format, Limits, VerifyFailure};

/// Checks a whole package.
pub(super) fn verify(output: &[u8], format: Format, limits: &Limits) -> Result<(), VerifyFailure> {
    let members = zip::members(output, limits)?;
    let parts: HashMap<&str, &[u8]> = members.iter().map(|m| (m.name.as_str(), m.bytes.as_slice())).collect();
    let (main, folder) = match format {
        Format::Docx | Format::Dotx => ("word/document.xml", "word/"),
        Format::Xlsx | Format::Xltx => ("xl/workbook.xml", "xl/"),
        Format::Pptx | Format::Ppsx | Format::Potx => ("ppt/presentation.xml", "ppt/"),
        other => return Err(VerifyFailure::new("", format!("{} is never written", other.extension()))),
    };
    if !parts.contains_key(main) {
        return Err(VerifyFailure::new(main, "main part missing"));
    }
    let types = relations::content_types(&parts)?;
    let mut reached: HashSet<String> = HashSet::new();
    for member in &members {
        let name = member.name.as_str();
        if name == "[Content_Types].xml" {
            continue;
        }
        if name.ends_with(".rels") {
            relations::check(name, &member.bytes, &parts, main, &mut reached)?;
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
        rules::check_part(name, part, &member.bytes, &ids, limits)?;
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

fn at(name: &str, failure: VerifyFailure) -> VerifyFailure {
    VerifyFailure::new(format!("{name} {}", failure.location), failure.message)
}
