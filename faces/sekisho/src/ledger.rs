//! `sekisho ledger`: what an auditor or an administrator asks of the ledger.

use std::fs;
use std::path::Path;

use sekisho_ledger::{Receipt, VerifierKey};
use sekisho_policy::Lang;

use crate::args::LedgerVerb;
use crate::failure::Failure;
use crate::{place, say};

pub(crate) fn run(verb: &LedgerVerb, lang: Lang) -> Result<(), Failure> {
    match verb {
        LedgerVerb::Verify(data) => {
            let report = place::inspect(data, lang)?.verify()?;
            for problem in &report.problems {
                println!("{problem}");
            }
            println!(
                "{}: {} {}, {} {}, {} {}, {} {}",
                if report.ok() { say(lang, "合格", "ok") } else { say(lang, "不合格", "FAILED") },
                report.events,
                say(lang, "件の記録", "events"),
                report.disposed,
                say(lang, "件は廃棄済", "disposed"),
                report.tiles,
                say(lang, "個のタイル", "tiles"),
                report.blobs,
                say(lang, "個のファイル", "blobs"),
            );
            if !report.ok() {
                return Err(Failure::refused(match lang {
                    Lang::Ja => format!("{}件の問題が見つかりました", report.problems.len()),
                    Lang::En => format!("{} problems found", report.problems.len()),
                }));
            }
        }
        LedgerVerb::Rebuild(data) => {
            let report = place::open(data, lang)?.rebuild()?;
            let mut changed = 0_u32;
            for table in &report.tables {
                println!(
                    "{}: {} {}, sha256 {}{}",
                    table.table,
                    table.rows,
                    say(lang, "行", "rows"),
                    table.after,
                    if table.changed {
                        say(lang, " （異なっていたため直しました）", " (differed, repaired)")
                    } else {
                        ""
                    }
                );
                changed = changed.saturating_add(u32::from(table.changed));
            }
            if changed > 0 {
                return Err(Failure::refused(say(
                    lang,
                    "記録と一致しない表がありました（記録から作り直しました）",
                    "some tables differed from the events (they were rebuilt)",
                )));
            }
        }
        LedgerVerb::Receipt { store, entry, output } => {
            let text = place::inspect(store, lang)?.receipt(*entry)?.encode();
            match output {
                Some(path) => {
                    fs::write(path, text)
                        .map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?;
                }
                None => print!("{text}"),
            }
        }
        LedgerVerb::Check { receipt, key } => check(receipt, key, lang)?,
        LedgerVerb::Key(data) => println!("{}", place::inspect(data, lang)?.verifier_key()),
        LedgerVerb::Checkpoint(data) => print!("{}", place::inspect(data, lang)?.checkpoint()?),
    }
    Ok(())
}

fn check(path: &Path, key: &str, lang: Lang) -> Result<(), Failure> {
    let text =
        fs::read_to_string(path).map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?;
    // A verifier key holds `+`, a file name of one's own rarely does; an existing file wins.
    let key = fs::read_to_string(key).unwrap_or_else(|_| key.to_owned());
    let key =
        VerifierKey::parse(key.trim_end()).map_err(|error| Failure::misuse(format!("--key: {error}")))?;
    let bad = |error: &dyn std::fmt::Display| {
        Failure::refused(format!(
            "{}: {} ({error})",
            path.display(),
            say(lang, "証明書は正しくありません", "the receipt is not valid")
        ))
    };
    let receipt = Receipt::decode(&text).map_err(|error| bad(&error))?;
    let verified = receipt.verify(&key).map_err(|error| bad(&error))?;
    println!("{}", say(lang, "証明書は正しいものです", "the receipt is valid"));
    println!("entry {} of {}, kind {}", verified.entry.seq, verified.checkpoint.size, verified.entry.kind);
    println!("{}", String::from_utf8_lossy(&receipt.payload));
    Ok(())
}
