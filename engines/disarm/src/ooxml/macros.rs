//! The one part that may stay byte for byte: a VBA project whose SHA-256 a person has approved.
//!
//! Only in a macro-enabled document of its own, only the project that the main part names, only when it can be read as
//! one. Everything that hangs on it (signatures, toolbars, Word's event list) goes as ever.

use std::collections::HashMap;

use super::kinds::Kind;
use super::package::{Relationship, Target};
use super::rebuild::{Job, Rebuild, Relations};
use crate::{Format, Refusal, vba};

const RELATION: &str = "http://schemas.microsoft.com/office/2006/relationships/vbaProject";
const MEDIA_TYPE: &str = "application/vnd.ms-office.vbaProject";

impl Rebuild<'_, '_, '_> {
    /// Writes the approved project of the main part; its place in the output, if there is one.
    pub(super) fn keep_macros(
        &mut self,
        job: &Job,
        relationships: &HashMap<String, Relationship>,
    ) -> Result<Option<String>, Refusal> {
        let approves = !self.ctx.options().approved_macros.is_empty() && !self.wants_text();
        if !approves || !is_macro_enabled(self.read_as) || job.kind != Kind::main(self.family) {
            return Ok(None);
        }
        let named = relationships.values().filter(|relationship| relationship.segment == "vbaProject");
        let parts: Vec<String> = named
            .filter_map(|relationship| match &relationship.target {
                Target::Part(part) => Some(part.clone()),
                Target::External(_) => None,
            })
            .collect();
        let [part] = parts.as_slice() else { return Ok(None) };
        let Some(bytes) = self.package.bytes(part, self.ctx)? else { return Ok(None) };
        let hash = vba::hash(&bytes);
        if !self.ctx.approves_macro(&hash) || vba::of_part(&bytes, self.ctx).is_err() {
            return Ok(None);
        }
        self.ctx.kept_macro(hash);
        self.written_as = self.read_as;
        let folder = job.path.split('/').next().unwrap_or_default();
        let path = format!("{folder}/vbaProject.bin");
        self.add_part(part, path.clone(), MEDIA_TYPE, bytes)?;
        Ok(Some(path))
    }

    /// Do macros stay in what is written?
    pub(super) fn keeps_macros(&self) -> bool {
        is_macro_enabled(self.written_as)
    }
}

impl Relations {
    pub(super) fn add_macros(&mut self, path: String) {
        self.add(RELATION.to_owned(), path, false);
    }
}

/// The content type of a main part that has macros.
pub(super) fn main_media_type(written: Format) -> Option<&'static str> {
    Some(match written {
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

fn is_macro_enabled(format: Format) -> bool {
    main_media_type(format).is_some()
}

/// May a button call this? A procedure of the workbook's own project: `[0]!名前`, `Module1.名前`.
pub(super) fn is_own_procedure(name: &str) -> bool {
    let bare = name.strip_prefix("[0]!").unwrap_or(name);
    !bare.is_empty() && bare.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}
