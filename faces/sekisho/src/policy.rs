//! `sekisho policy`: check a declaration, show it, print its schema.

use std::fs;
use std::path::Path;

use sekisho_policy::{Lang, Policy, SourceFile, json_schema, render_all};

use crate::args::PolicyVerb;
use crate::failure::Failure;
use crate::say;

pub(crate) fn run(verb: &PolicyVerb, lang: Lang) -> Result<(), Failure> {
    match verb {
        PolicyVerb::Check { dir } => {
            let policy = load(dir, lang)?;
            println!(
                "{}: {} ({}), {} {}",
                dir.display(),
                say(lang, "誤りはありません", "no errors"),
                policy.municipality.name.get(lang),
                say(lang, "版", "version"),
                policy.version
            );
            println!("digest {}", policy.digest());
        }
        PolicyVerb::Show { dir, svg } => {
            let policy = load(dir, lang)?;
            print!("{}", policy.show_text(lang));
            if let Some(file) = svg {
                fs::write(file, policy.show_svg(lang))
                    .map_err(|error| Failure::misuse(format!("{}: {error}", file.display())))?;
            }
        }
        PolicyVerb::Schema => println!("{:#}", json_schema()),
    }
    Ok(())
}

/// Reads the `.toml` files of a folder and parses them; all errors are printed at once.
pub(crate) fn load(dir: &Path, lang: Lang) -> Result<Policy, Failure> {
    let unreadable = |path: &Path, error: std::io::Error| {
        let hint = say(
            lang,
            "ポリシーの TOML ファイルがあるフォルダーを指定してください",
            "give the folder that holds the policy's TOML files",
        );
        Failure::misuse(format!("{}: {error}; {hint}", path.display()))
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| unreadable(dir, error))? {
        let path = entry.map_err(|error| unreadable(dir, error))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            files.push(SourceFile { path: path.display().to_string(), text });
        }
    }
    if files.is_empty() {
        return Err(Failure::misuse(format!(
            "{}: {}",
            dir.display(),
            say(lang, "TOML ファイルがありません", "there is no TOML file here")
        )));
    }
    Policy::parse(&files).map_err(|found| {
        eprint!("{}", render_all(&found, lang));
        Failure::refused(match lang {
            Lang::Ja => format!("{}: {}件の誤りがあります", dir.display(), found.len()),
            Lang::En => format!("{}: {} errors", dir.display(), found.len()),
        })
    })
}
