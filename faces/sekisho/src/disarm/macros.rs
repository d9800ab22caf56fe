//! `sekisho disarm --macros`: which VBA projects a file holds, by SHA-256, with their source laid open for the people who
//! are to approve them.

use std::fs;

use sekisho_disarm::{MacroKind, Options};
use sekisho_policy::Lang;

use super::Input;
use crate::args::DisarmArgs;
use crate::failure::Failure;
use crate::{say, worker};

pub(super) fn run(inputs: &[Input], options: &Options, args: &DisarmArgs, lang: Lang) -> Result<(), Failure> {
    let sandbox = worker::start(1, args.unsandboxed, lang)?;
    let mut refused = false;
    for input in inputs {
        let Some(path) = &input.path else { continue };
        let bytes =
            fs::read(path).map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let found = sandbox.macros(&bytes, &Options { name, ..options.clone() })?;
        match found.value {
            Err(refusal) => {
                refused = true;
                println!("{}: {}", path.display(), refusal.reason(super::disarm_lang(lang)));
            }
            Ok(projects) if projects.is_empty() => {
                println!("{}: {}", path.display(), say(lang, "マクロはありません", "no macros"));
            }
            Ok(projects) => {
                for project in projects {
                    println!("{}: SHA-256 {}", path.display(), project.sha256);
                    for module in project.modules {
                        println!(
                            "\n--- {} ({})\n{}",
                            shown(&module.name),
                            kind(module.kind, lang),
                            shown(&module.source)
                        );
                    }
                }
            }
        }
    }
    if refused { Err(Failure { code: 1, message: String::new() }) } else { Ok(()) }
}

fn kind(kind: MacroKind, lang: Lang) -> &'static str {
    match kind {
        MacroKind::Standard => say(lang, "標準モジュール", "standard module"),
        MacroKind::Document => say(lang, "文書・シートのモジュール", "module of a document or sheet"),
        MacroKind::Class => say(lang, "クラスモジュール", "class module"),
        MacroKind::Form => say(lang, "ユーザーフォーム", "form"),
    }
}

/// What the sender wrote must not steer the terminal of the person who reads it.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
