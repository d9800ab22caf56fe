//! A municipality's information-security policy as data: read it, check it, ask it, show it.
//!
//! The files of `policies/NAME/*.toml` come in as text; a [`Policy`] that passed every check, or all findings at once,
//! goes out. This room never reads a file, a clock or an environment, and it holds no rule about a single transfer
//! beyond "who may decide a step": services ask it and act.

mod assemble;
mod cidr;
mod code;
mod color;
mod date;
mod definition;
mod diagnostic;
mod id;
mod model;
mod query;
mod read;
mod resolve;
mod rules;
mod schema;
mod show;
mod svg;

#[cfg(test)]
mod tests;

use sha2::{Digest as _, Sha256};

pub use cidr::{Network, NetworkError};
pub use color::Color;
pub use date::Date;
pub use definition::FORMATS;
pub use diagnostic::{Diagnostic, render_all};
pub use id::{BodyId, ClassId, ConduitId, IdError, RoleId, RouteId, SchemeId, UnitId, ZoneId};
pub use model::*;
pub use query::{Applicant, Candidate, Eligibility};
pub use schema::json_schema;

/// One file of a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as shown in findings; the part after the last `/` is the file's name and must be unique.
    pub path: String,
    /// The content.
    pub text: String,
}

impl SourceFile {
    /// A file from its path and content.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    fn name(&self) -> &str {
        self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path)
    }
}

impl Policy {
    /// Reads and checks a declaration. The order of the files and their division do not matter.
    ///
    /// # Errors
    /// Every finding at once, in the order of path, line and column.
    pub fn parse(files: &[SourceFile]) -> Result<Self, Vec<Diagnostic>> {
        let mut files = files.to_vec();
        files.sort_by(|a, b| a.name().cmp(b.name()).then_with(|| a.path.cmp(&b.path)));
        let mut reporter = diagnostic::Reporter::new(&files);
        file_names(&files, &mut reporter);
        let (root, readable) = read::read_files(&files, &mut reporter);
        // A file that is not TOML hides what it declares; going on would report its contents as missing.
        if readable {
            resolve::resolve(&root, &files, &mut reporter);
            rules::check(&root, &mut reporter);
        }
        if reporter.is_clean() {
            match assemble::assemble(&root, digest(&files)) {
                Some(policy) => return Ok(policy),
                None => {
                    reporter.report(
                        root.at,
                        "internal",
                        "検査を通過した宣言を組み立てられませんでした。不具合ですので、宣言を添えて開発元に報告してください。",
                        "the declaration passed every check and still could not be assembled; please report this defect with the files",
                    );
                }
            }
        }
        Err(reporter.finish())
    }
}

fn file_names(files: &[SourceFile], reporter: &mut diagnostic::Reporter<'_>) {
    for (index, pair) in files.windows(2).enumerate() {
        let [first, second] = pair else { continue };
        if first.name() == second.name() {
            let at = diagnostic::At { file: index.saturating_add(1), start: 0, end: 0 };
            reporter
                .report(
                    at,
                    "duplicate-file",
                    format!("`{}` という名前のファイルが2つあります。", second.name()),
                    format!("two files are named `{}`", second.name()),
                )
                .with_help(
                    "1つのフォルダーにまとめ、名前を変えてください。",
                    "put the files into one folder under different names",
                );
        }
    }
}

fn digest(files: &[SourceFile]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"sekisho-policy/v1\0");
    for file in files {
        for part in [file.name(), &file.text] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
