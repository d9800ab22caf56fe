//! Rows to a file and from a file. The file is foreign: it is read in the sandbox. An import from the server is done by
//! whoever holds the server, without the register's route; the text says so, and so does the ledger.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use sekisho_policy::Lang;
use sekisho_register::era;
use sekisho_registers::{Caller, ExportFormat, ImportOptions, ImportReport, ListQuery, RegistersError};

use super::{known, open};
use crate::args::{DeclaredArgs, EncodingArg};
use crate::failure::Failure;
use crate::{place, say, worker};

/// Largest file that is read.
const MOST_BYTES: u64 = 209_715_200;

pub(super) fn export(
    name: &str,
    args: &DeclaredArgs,
    output: &Path,
    encoding: EncodingArg,
    as_of: Option<&str>,
    lang: Lang,
) -> Result<(), Failure> {
    let ending = output.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let format = match (ending.as_str(), encoding) {
        ("xlsx", _) => ExportFormat::Xlsx,
        ("csv", EncodingArg::Utf8) => ExportFormat::CsvUtf8,
        ("csv", EncodingArg::Cp932) => ExportFormat::CsvCp932,
        _ => {
            let hint = say(lang, "-o の末尾は .xlsx か .csv にしてください", "let -o end with .xlsx or .csv");
            return Err(Failure::misuse(format!("{}: {hint}", output.display())));
        }
    };
    let as_of = as_of.map(|text| date(text, "--as-of", lang)).transpose()?;
    let services = open(args, None, lang)?;
    known(&services.registers, name, lang)?;
    let query = ListQuery { as_of, ..ListQuery::of(name) };
    let caller = Caller::system("sekisho register export");
    let exported = services
        .registers
        .export(&caller, format, &query)
        .map_err(|error| place::register_failure(&error, lang))?;
    fs::write(output, &exported.bytes)
        .map_err(|error| Failure::misuse(format!("{}: {error}", output.display())))?;
    println!("{}: {} {}", output.display(), exported.rows, say(lang, "行", "rows"));
    Ok(())
}

/// A date as people write it.
pub(crate) fn date(text: &str, option: &str, lang: Lang) -> Result<jiff::civil::Date, Failure> {
    era::parse_date(text).map_err(|error| {
        Failure::misuse(format!(
            "{option} {text}: {}",
            if lang == Lang::Ja { error.ja() } else { error.en() }
        ))
    })
}

/// What the call asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) dry_run: bool,
    pub(super) json: bool,
    pub(super) remove_missing: bool,
    pub(super) unsandboxed: bool,
}

pub(super) fn import(
    name: &str,
    file: &Path,
    args: &DeclaredArgs,
    wish: Wish,
    lang: Lang,
) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| Failure::misuse(format!("{}: {error}", file.display()));
    let size = fs::metadata(file).map_err(unreadable)?.len();
    if size > MOST_BYTES {
        let hint = say(lang, "ファイルが大きすぎます。分けてください", "the file is too large; split it");
        return Err(Failure::misuse(format!("{}: {hint} ({size} > {MOST_BYTES})", file.display())));
    }
    let bytes = fs::read(file).map_err(unreadable)?;
    // Names and folders are looked at before a sandbox is started for nothing.
    place::policy_of(args, lang)?;
    let sandbox = worker::start(1, wish.unsandboxed, lang)?;
    let services = open(args, Some(sandbox), lang)?;
    known(&services.registers, name, lang)?;
    let said = |error: RegistersError| place::register_failure(&error, lang);
    let shown = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let caller = Caller::system("sekisho register import");
    let registers = &services.registers;
    let mut report = registers.dry_run(&caller, name, &shown, &bytes).map_err(said)?;
    if !wish.dry_run && report.is_clean() {
        let options = ImportOptions { remove_missing: wish.remove_missing };
        let digest = report.digest.clone();
        report = registers.import(&caller, name, &shown, &bytes, &digest, options).map_err(said)?;
    }
    if wish.json {
        println!("{}", serde_json::to_string_pretty(&contract(&report)?)?);
    } else {
        print_table(&report, wish, lang);
        let routed = registers.definition(name).is_ok_and(|definition| definition.route.is_some());
        if report.applied && routed {
            println!(
                "{}",
                say(
                    lang,
                    "この台帳の変更には決裁が要りますが、サーバー管理者の取込みとして決裁なしで反映し、その旨を記録しました。",
                    "Changes of this register need an approval; as an import by the holder of the server it was done without one, and is recorded so.",
                )
            );
        }
    }
    if report.is_clean() { Ok(()) } else { Err(Failure::refused(refused(&report, lang))) }
}

fn refused(report: &ImportReport, lang: Lang) -> String {
    let count = u64::try_from(report.refused.len()).unwrap_or(u64::MAX).saturating_add(report.refused_more);
    match lang {
        Lang::Ja => format!("{count}件の誤りがあるため、何も取り込んでいません"),
        Lang::En => format!("{count} refusals; nothing was imported"),
    }
}

/// The report with the keys of the contract first: added, changed, removed, refused.
fn contract(report: &ImportReport) -> Result<Json, Failure> {
    let Json::Object(mut all) = serde_json::to_value(report)? else { return Ok(json!({})) };
    let mut out = Map::new();
    for key in ["added", "changed", "removed", "refused"] {
        out.insert(key.to_owned(), all.shift_remove(key).unwrap_or_else(|| json!([])));
    }
    for edit in out.get_mut("changed").and_then(Json::as_array_mut).into_iter().flatten() {
        first(edit, &["row", "field", "old", "new"]);
    }
    out.extend(all);
    Ok(Json::Object(out))
}

/// Puts the named keys in front.
fn first(object: &mut Json, keys: &[&str]) {
    let Some(all) = object.as_object_mut() else { return };
    let mut out = Map::new();
    for key in keys {
        if let Some(value) = all.shift_remove(*key) {
            out.insert((*key).to_owned(), value);
        }
    }
    out.extend(std::mem::take(all));
    *all = out;
}

fn print_table(report: &ImportReport, wish: Wish, lang: Lang) {
    for refused in &report.refused {
        println!("× {}", if lang == Lang::Ja { &refused.message } else { &refused.message_en });
    }
    for warned in &report.warned {
        println!("! {}", if lang == Lang::Ja { &warned.message } else { &warned.message_en });
    }
    for edit in &report.changed {
        println!("{}\t{}\t{}\t{} → {}", edit.row, edit.cell, edit.field, edit.old, edit.new);
    }
    for row in &report.added {
        let values: Vec<&str> = row.values.values().take(6).map(String::as_str).collect();
        println!("+ {}\t{}", row.key, values.join("\t"));
    }
    for row in &report.removed {
        let note = if wish.remove_missing {
            ""
        } else {
            say(
                lang,
                "（ファイルにありません。--remove-missing で削除します）",
                " (not in the file; --remove-missing removes it)",
            )
        };
        println!("- {}{note}", row.key);
    }
    println!(
        "{}: {} {}, {} {}, {} {}, {} {}, {} {}",
        if report.applied {
            say(lang, "取込み済", "imported")
        } else {
            say(lang, "取込みの確認", "dry run")
        },
        say(lang, "追加", "added"),
        report.added.len(),
        say(lang, "変更", "changed"),
        report.changed.len(),
        say(lang, "削除", "removed"),
        report.removed.len(),
        say(lang, "変更なし", "unchanged"),
        report.unchanged,
        say(lang, "拒否", "refused"),
        report.refused.len(),
    );
}
