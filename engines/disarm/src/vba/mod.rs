//! VBA projects ([MS-OVBA]) for people who approve macros: which modules there are and what their source says.
//!
//! Nothing is run and nothing of a project is changed: it stays byte for byte when it is approved (its SHA-256 stands
//! on the list), else it goes. The source is what the editor shows; Office may run the compiled form that lies beside
//! it, which can differ ("VBA stomping"), so an approval names the bytes and not the text.

mod compression;
mod project;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::compound::{self, Compound, Entry};
use crate::{Refusal, context::Context, zip::Archive};

/// A VBA project of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MacroProject {
    /// What an approval names: the SHA-256 (lower-case hexadecimal) of the whole `vbaProject.bin`, or of the project's
    /// streams where an older format keeps it among others (such a project can be looked at, not kept).
    pub sha256: String,
    /// Its modules, in the project's order.
    pub modules: Vec<MacroModule>,
}

/// A module of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MacroModule {
    /// Its name in the editor.
    pub name: String,
    /// What it belongs to.
    pub kind: MacroKind,
    /// Its source text.
    pub source: String,
}

/// What a module belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MacroKind {
    /// 標準モジュール
    Standard,
    /// A sheet, a workbook, a document: its events run by themselves.
    Document,
    /// クラスモジュール
    Class,
    /// ユーザーフォーム
    Form,
}

/// A project file by itself ends here; more modules than this no application makes.
const MAX_MODULES: usize = 2_000;
/// A document has one project; some Word templates carry a second.
const MAX_PROJECTS: usize = 16;

/// The projects of a document, whatever holds it.
pub(crate) fn projects(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<MacroProject>, Refusal> {
    if input.starts_with(&compound::MAGIC) {
        return in_compound(input, ctx);
    }
    let mut found = Vec::new();
    if input.starts_with(b"PK") {
        let archive = Archive::read(input, ctx)?;
        let names =
            archive.entries().iter().filter(|entry| entry.name.to_lowercase().ends_with("vbaproject.bin"));
        for entry in names.take(MAX_PROJECTS) {
            found.push(of_part(&archive.bytes(entry, ctx)?, ctx)?);
        }
    }
    Ok(found)
}

/// The project of a `vbaProject.bin`.
pub(crate) fn of_part(part: &[u8], ctx: &mut Context<'_>) -> Result<MacroProject, Refusal> {
    let file = Compound::read(part)?;
    let root = file.root().ok_or_else(|| project::broken("root"))?;
    let modules = project::modules(&file, &root, ctx)?;
    Ok(MacroProject { sha256: hash(part), modules })
}

/// The name that an approval gives to a `vbaProject.bin`.
pub(crate) fn hash(part: &[u8]) -> String {
    hex::encode(Sha256::digest(part))
}

/// Word 97-2003 keeps the project in `Macros`, Excel 97-2003 in `_VBA_PROJECT_CUR`.
fn in_compound(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<MacroProject>, Refusal> {
    let file = Compound::read(input)?;
    let mut found = Vec::new();
    for name in ["Macros", "_VBA_PROJECT_CUR"] {
        let Some(storage) = file.find(name).filter(|entry| entry.is_storage) else { continue };
        if file.find(&format!("{name}/VBA/dir")).is_none() {
            continue;
        }
        let modules = project::modules(&file, &storage, ctx)?;
        found.push(MacroProject { sha256: hash_of_streams(&file, &storage, ctx)?, modules });
    }
    if found.is_empty() && file.find("VBA/dir").is_some() {
        found.push(of_part(input, ctx)?);
    }
    Ok(found)
}

fn hash_of_streams(file: &Compound<'_>, storage: &Entry, ctx: &mut Context<'_>) -> Result<String, Refusal> {
    let mut streams = Vec::new();
    for child in file.children(storage) {
        if child.is_storage {
            for inner in file.children(&child).into_iter().filter(|inner| !inner.is_storage) {
                streams.push((format!("{}/{}", child.name, inner.name), inner));
            }
        } else {
            streams.push((child.name.clone(), child));
        }
    }
    streams.sort_by(|a, b| a.0.cmp(&b.0));
    let mut digest = Sha256::new();
    for (name, stream) in streams {
        digest.update(name.as_bytes());
        digest.update([0]);
        digest.update(stream.size.to_le_bytes());
        digest.update(file.bytes_of(&stream, ctx)?);
    }
    Ok(hex::encode(digest.finalize()))
}
