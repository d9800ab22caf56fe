//! `sekisho register`: definitions and rows for whoever holds the server. What is written here is written without an
//! approval, and the ledger says so.

mod exchange;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use sekisho_policy::Lang;
use sekisho_register::{Catalogue, Definition, Env, Vocabulary};
use sekisho_registers::{Caller, Registers, RegistersError};
use sekisho_store::{EventFilter, Store};
use sekisho_worker::Sandbox;

use crate::args::{DeclaredArgs, RegisterVerb};
use crate::failure::Failure;
use crate::place::{self, Services, Surroundings};
use crate::{policy, say};

pub(crate) fn run(verb: &RegisterVerb, lang: Lang) -> Result<(), Failure> {
    match verb {
        RegisterVerb::Check { dir, policy } => check(dir.as_deref(), policy.as_deref(), lang),
        RegisterVerb::List { place, json } => list(place, *json, lang),
        RegisterVerb::Export { name, place, output, encoding, as_of } => {
            exchange::export(name, place, output, *encoding, as_of.as_deref(), lang)
        }
        RegisterVerb::Import { name, file, place, dry_run, json, remove_missing, unsandboxed } => {
            let wish = exchange::Wish {
                dry_run: *dry_run,
                json: *json,
                remove_missing: *remove_missing,
                unsandboxed: *unsandboxed,
            };
            exchange::import(name, file, place, wish, lang)
        }
        RegisterVerb::Migrate { place, dry_run } => migrate(place, *dry_run, lang),
    }
}

fn check(dir: Option<&Path>, declaration: Option<&Path>, lang: Lang) -> Result<(), Failure> {
    let words = match declaration {
        Some(folder) => sekisho_registers::vocabulary(&policy::load(folder, lang)?),
        None => Vocabulary::any(),
    };
    let (files, name) = match dir {
        None => (sekisho_registers::built_in(), say(lang, "内蔵の定義", "built-in definitions").to_owned()),
        Some(dir) => {
            if !dir.is_dir() {
                let hint = say(lang, "フォルダーがありません", "there is no such folder");
                return Err(Failure::misuse(format!("{}: {hint}", dir.display())));
            }
            let own =
                sekisho_registers::folder(dir).map_err(|error| place::register_failure(&error, lang))?;
            if own.is_empty() {
                let hint = say(lang, "TOML ファイルがありません", "there is no TOML file here");
                return Err(Failure::misuse(format!("{}: {hint}", dir.display())));
            }
            // A city's own files lie over the built-in ones, to which they refer.
            let mut files = sekisho_registers::built_in();
            files.extend(own);
            (files, dir.display().to_string())
        }
    };
    match Catalogue::from_files(files, &words) {
        Ok(catalogue) => {
            println!(
                "{name}: {}, {} {}",
                say(lang, "誤りはありません", "no errors"),
                catalogue.len(),
                say(lang, "台帳", "registers")
            );
            println!("digest {}", catalogue.digest());
            Ok(())
        }
        Err(findings) => {
            for finding in &findings {
                eprintln!("{}", finding.render(place::register_lang(lang)));
            }
            Err(Failure::refused(match lang {
                Lang::Ja => format!("{name}: {}件の誤りがあります", findings.len()),
                Lang::En => format!("{name}: {} errors", findings.len()),
            }))
        }
    }
}

fn list(args: &DeclaredArgs, as_json: bool, lang: Lang) -> Result<(), Failure> {
    let services = open(args, None, lang)?;
    let caller = Caller::system("sekisho register list");
    let said = |error: RegistersError| place::register_failure(&error, lang);
    let counts: BTreeMap<String, u64> = services
        .registers
        .counts(&caller)
        .map_err(said)?
        .into_iter()
        .map(|count| (count.register.to_string(), count.rows))
        .collect();
    let mut lines = Vec::new();
    for definition in services.registers.visible(&caller).map_err(said)? {
        let rows = counts.get(definition.id.as_str()).copied().unwrap_or(0);
        if as_json {
            lines.push(json!({
                "id": definition.id.as_str(), "label": definition.label.get(place::register_lang(lang)),
                "group": definition.group.as_str(), "rows": rows, "digest": definition.digest,
            }));
        } else {
            println!("{}\t{}\t{rows}", definition.id, definition.label.get(place::register_lang(lang)));
        }
    }
    if as_json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    }
    Ok(())
}

fn migrate(args: &DeclaredArgs, dry_run: bool, lang: Lang) -> Result<(), Failure> {
    let declared = place::policy_of(args, lang)?;
    let said = |error: RegistersError| place::register_failure(&error, lang);
    let wanted = sekisho_registers::load(&declared, &args.store.data).map_err(said)?;
    let options = place::options(&args.store.data, &args.store.database, &declared.municipality.origin)?;
    let store = Store::inspect(options)?;
    let before = adopted(&store)?;
    let env = Env {
        today: sekisho_registers::local(store.clock().now_ms()).date(),
        classes: sekisho_registers::vocabulary(&declared).classes,
    };
    let (mut changes, mut misfits) = (0_usize, Vec::new());
    for (id, old) in &before {
        let new = wanted.get(id);
        let word = match new {
            Some(new) if new.digest == old.digest => continue,
            Some(_) => say(lang, "変更", "changed"),
            None => say(lang, "廃止", "gone"),
        };
        println!("{id}\t{word}");
        changes = changes.saturating_add(1);
        misfits.extend(sekisho_registers::migrate_check(&store, old, new, &env).map_err(said)?);
    }
    for new in wanted.iter().filter(|new| !before.contains_key(new.id.as_str())) {
        println!("{}\t{}", new.id, say(lang, "追加", "new"));
        changes = changes.saturating_add(1);
    }
    if !misfits.is_empty() {
        return Err(said(RegistersError::Misfits(misfits)));
    }
    if changes == 0 {
        println!("{}", say(lang, "定義に変更はありません", "no definition has changed"));
        return Ok(());
    }
    drop(store);
    if dry_run {
        println!("{}", say(lang, "すべての行が新しい定義に合います", "every row fits the new definitions"));
        return Ok(());
    }
    // Opening the registers adopts, all definitions or none.
    open(args, None, lang)?;
    println!("{}", say(lang, "新しい定義を採用し、記録しました", "adopted, and recorded in the ledger"));
    Ok(())
}

/// The definitions under which the rows were written, as the ledger has them.
fn adopted(store: &Store) -> Result<BTreeMap<String, Definition>, Failure> {
    let mut found = BTreeMap::new();
    let filter =
        EventFilter { kind_prefix: Some("register.definition-".to_owned()), ..EventFilter::default() };
    let mut after = 0;
    loop {
        let events = store.events(after, 500, &filter)?;
        let Some(last) = events.last() else { return Ok(found) };
        after = last.seq;
        for event in &events {
            let text = event.body.as_ref().and_then(|body| body.get("text")).and_then(|text| text.as_str());
            match text {
                Some(text) if event.kind == "register.definition-adopted" => {
                    let file = format!("{}.toml", event.subject);
                    let definition = Definition::parse(&file, text).map_err(|findings| {
                        Failure::refused(findings.first().map(ToString::to_string).unwrap_or_default())
                    })?;
                    found.insert(event.subject.clone(), definition);
                }
                _ => {
                    found.remove(&event.subject);
                }
            }
        }
    }
}

/// Every service, with a sandbox when a foreign file is going to be read.
pub(crate) fn open(args: &DeclaredArgs, sandbox: Option<Sandbox>, lang: Lang) -> Result<Services, Failure> {
    let policy = place::policy_of(args, lang)?;
    place::open_all(policy, &args.store, Surroundings { sandbox, ..Surroundings::default() }, lang)
}

/// The register's identifier, or the nearest ones that exist.
fn known(registers: &Registers, name: &str, lang: Lang) -> Result<(), Failure> {
    if registers.catalogue().get(name).is_some() {
        return Ok(());
    }
    let mut near: Vec<(usize, String)> = registers
        .catalogue()
        .iter()
        .map(|definition| {
            let id = definition.id.to_string();
            let apart = apart(name, &id).min(if definition.label.ja == name { 0 } else { usize::MAX });
            (apart, id)
        })
        .collect();
    near.sort();
    let near: Vec<String> = near.into_iter().take(3).map(|(_, id)| id).collect();
    Err(Failure::misuse(match lang {
        Lang::Ja => format!(
            "台帳「{name}」はありません。近い名前: {}（register list で確認できます）",
            near.join("、")
        ),
        Lang::En => {
            format!("there is no register `{name}`; nearest: {} (see register list)", near.join(", "))
        }
    }))
}

/// How many characters have to be put in, taken out or changed.
fn apart(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let here = diagonal
                .saturating_add(usize::from(x != *y))
                .min(left.saturating_add(1))
                .min(above.saturating_add(1));
            diagonal = *above;
            left = here;
            next.push(here);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn names_are_near_when_few_characters_differ() {
        let check = |a: &str, b: &str, expect: usize| assert_eq!(apart(a, b), expect, "{a} {b}");
        check("usb-loan", "usb-loans", 1);
        check("usb_loans", "usb-loans", 1);
        check("", "abc", 3);
        check("abc", "", 3);
        check("kitten", "sitting", 3);
        check("staff", "staff", 0);
    }
}
