//! Where outputs go, and under which name. An output appears under its name whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sekisho_disarm::Format;
use sekisho_policy::Lang;

use super::Input;
use crate::args::DisarmArgs;
use crate::failure::Failure;
use crate::say;

/// Where outputs go.
pub(super) enum Target {
    Stdout,
    File(PathBuf),
    Folder(PathBuf),
    /// Beside each input, as `name.disarmed.ext`.
    Beside,
}

impl Target {
    pub(super) fn choose(args: &DisarmArgs, inputs: &[Input], lang: Lang) -> Result<Self, Failure> {
        let single = inputs.len() == 1 && !args.inputs.iter().any(|path| path.is_dir());
        match &args.output {
            None if single && inputs.iter().all(|input| input.path.is_none()) => Ok(Self::Stdout),
            None if inputs.iter().any(|input| input.path.is_none()) => Err(Failure::misuse(say(
                lang,
                "標準入力とファイルを一緒に処理するときは -o で出力先のフォルダーを指定してください",
                "with standard input and files together, name an output folder with -o",
            ))),
            None => Ok(Self::Beside),
            Some(path) if path.as_os_str() == "-" && single => Ok(Self::Stdout),
            Some(path) if path.as_os_str() == "-" => Err(Failure::misuse(say(
                lang,
                "標準出力に書けるのは1ファイルだけです",
                "only one file can go to standard output",
            ))),
            Some(path) if single && !path.is_dir() && !path.to_string_lossy().ends_with('/') => {
                Ok(Self::File(path.clone()))
            }
            Some(path) if path.is_file() => Err(Failure::misuse(format!(
                "{}: {}",
                path.display(),
                say(lang, "フォルダーを指定してください", "this must be a folder")
            ))),
            Some(path) => Ok(Self::Folder(path.clone())),
        }
    }

    /// Writes an output and says where it is.
    pub(super) fn write(
        &self,
        input: &Input,
        taken: &BTreeSet<PathBuf>,
        format: Format,
        bytes: &[u8],
    ) -> io::Result<String> {
        let path = match self {
            Self::Stdout => {
                io::stdout().write_all(bytes)?;
                return Ok("-".to_owned());
            }
            Self::File(path) => path.clone(),
            Self::Folder(folder) => folder.join(free_name(&input.relative, taken, format)),
            Self::Beside => {
                let path = input.path.clone().unwrap_or_default();
                let stem =
                    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                path.with_file_name(format!("{stem}.disarmed.{}", format.extension()))
            }
        };
        write_whole(&path, bytes)?;
        Ok(path.display().to_string())
    }
}

/// Writes under another name first, so that nobody picks up half a file.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".part");
    fs::write(&unfinished, bytes)?;
    fs::rename(&unfinished, path)
}

/// `a.docm` becomes `a.docx`, unless an `a.docx` was given too: then `a.docm.docx`.
fn free_name(relative: &Path, taken: &BTreeSet<PathBuf>, format: Format) -> PathBuf {
    let extension = relative.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
    if Format::from_extension(&extension) == Some(format) {
        return relative.to_owned();
    }
    let replaced = relative.with_extension(format.extension());
    if !taken.contains(&replaced) && Format::from_extension(&extension).is_some() {
        return replaced;
    }
    let mut name = relative.as_os_str().to_owned();
    name.push(".");
    name.push(format.extension());
    PathBuf::from(name)
}
