//! A folder that is watched: whatever is put into it is disarmed into another one, for as long as the program runs.
//!
//! The folder is looked through once a second; a file is taken when its size and time did not change between two looks,
//! so that a copy in progress is left alone. Originals stay where they are. A refused file leaves a note in the output
//! folder that says why and what to do.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sekisho_disarm::Lang as EngineLang;
use sekisho_policy::Lang;

use super::work::Work;
use super::{Input, target};
use crate::failure::Failure;
use crate::say;

const INTERVAL: Duration = Duration::from_secs(1);

type Stamp = (u64, Option<SystemTime>);

pub(super) fn run(folder: &Path, out: &Path, work: &Work, lang: Lang) -> Result<(), Failure> {
    if !folder.is_dir() {
        return Err(Failure::misuse(format!(
            "{}: {}",
            folder.display(),
            say(lang, "監視するフォルダーがありません", "there is no such folder to watch")
        )));
    }
    let inside = |inner: &Path, outer: &Path| {
        inner.canonicalize().ok().zip(outer.canonicalize().ok()).is_some_and(|(i, o)| i.starts_with(o))
    };
    std::fs::create_dir_all(out).map_err(|error| Failure::misuse(format!("{}: {error}", out.display())))?;
    if inside(out, folder) || inside(folder, out) {
        return Err(Failure::misuse(say(
            lang,
            "監視するフォルダーと出力先は、互いの中に置けません",
            "the watched folder and the output folder must not lie in one another",
        )));
    }
    eprintln!(
        "sekisho: {} {} → {} {}",
        say(lang, "監視を始めました:", "watching"),
        folder.display(),
        out.display(),
        say(lang, "（Ctrl+C で終了）", "(Ctrl+C ends it)")
    );
    let mut seen: HashMap<PathBuf, (Stamp, bool)> = HashMap::new();
    loop {
        let mut inputs = Vec::new();
        super::walk(folder, Path::new(""), &mut inputs, lang)?;
        seen.retain(|path, _| inputs.iter().any(|input| input.path.as_ref() == Some(path)));
        for input in &inputs {
            let Some(path) = input.path.clone() else { continue };
            let Ok(meta) = std::fs::metadata(&path) else { continue };
            let stamp = (meta.len(), meta.modified().ok());
            match seen.get(&path) {
                Some((before, taken)) if *before == stamp => {
                    if !taken {
                        seen.insert(path, (stamp, true));
                        one(input, out, work, lang)?;
                    }
                }
                _ => {
                    seen.insert(path, (stamp, false));
                }
            }
        }
        std::thread::sleep(INTERVAL);
    }
}

fn one(input: &Input, out: &Path, work: &Work, lang: Lang) -> Result<(), Failure> {
    let done = work.one(input).map_err(Failure::misuse)?;
    work.record(&done).map_err(Failure::misuse)?;
    let name = input.relative.display();
    match &done.refusal {
        None => eprintln!("{name}: {}", say(lang, "無害化しました", "disarmed")),
        Some(refusal) => {
            eprintln!("{name}: {}", refusal.reason(super::disarm_lang(lang)));
            let note = format!(
                "{name}\r\n{}\r\n{}\r\n\r\n{}\r\n{}\r\n",
                refusal.reason(EngineLang::Ja),
                refusal.hint(EngineLang::Ja),
                refusal.reason(EngineLang::En),
                refusal.hint(EngineLang::En)
            );
            let mut path = out.join(&input.relative).into_os_string();
            path.push(".refused.txt");
            target::write_whole(Path::new(&path), note.as_bytes()).map_err(Failure::misuse)?;
        }
    }
    Ok(())
}
