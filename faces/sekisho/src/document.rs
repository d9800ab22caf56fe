//! `sekisho document`: texts in and the public one out. Only the public tier ever leaves through this verb; the
//! service decides what that is, not this file.

use std::fs;
use std::path::Path;

use serde_json::json;

use sekisho_documents::{Adoption, Caller, DocumentsError, ImportOptions, Tier};
use sekisho_policy::{Lang, Policy, UnitId};

use crate::args::{DeclaredArgs, DocumentVerb, TierArg};
use crate::failure::Failure;
use crate::{register, say, worker};

/// Largest file that is read.
const MOST_BYTES: u64 = 104_857_600;

pub(crate) fn run(verb: &DocumentVerb, lang: Lang) -> Result<(), Failure> {
    match verb {
        DocumentVerb::Import { file, place, tier, title, unit, enact, unsandboxed } => {
            let wish = Wish { tier: *tier, title: title.clone(), unit: unit.as_deref(), enact: *enact };
            import(file, place, wish, *unsandboxed, lang)
        }
        DocumentVerb::List { place, json } => list(place, *json, lang),
        DocumentVerb::Export { place, public: _, output } => export(place, output, lang),
    }
}

/// What the call says about the document.
struct Wish<'a> {
    tier: Option<TierArg>,
    title: Option<String>,
    unit: Option<&'a str>,
    enact: bool,
}

fn import(
    file: &Path,
    args: &DeclaredArgs,
    wish: Wish<'_>,
    unsandboxed: bool,
    lang: Lang,
) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| Failure::misuse(format!("{}: {error}", file.display()));
    let size = fs::metadata(file).map_err(unreadable)?.len();
    if size > MOST_BYTES {
        let hint = say(lang, "ファイルが大きすぎます", "the file is too large");
        return Err(Failure::misuse(format!("{}: {hint} ({size} > {MOST_BYTES})", file.display())));
    }
    let bytes = fs::read(file).map_err(unreadable)?;
    let sandbox = worker::start(1, unsandboxed, lang)?;
    let services = register::open(args, Some(sandbox), lang)?;
    let owner = match wish.unit {
        Some(unit) => {
            let unit: UnitId =
                unit.parse().map_err(|error| Failure::misuse(format!("--unit {unit}: {error}")))?;
            if !services.policy.units.iter().any(|known| known.id == unit) {
                let hint = say(lang, "その所属は宣言にありません", "the declaration has no such unit");
                return Err(Failure::misuse(format!("--unit {unit}: {hint}")));
            }
            unit
        }
        None => default_unit(&services.policy, lang)?,
    };
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let caller = Caller::System { reason: "sekisho document import".to_owned() };
    let options = ImportOptions {
        tier: wish.tier.map(tier),
        title: wish.title,
        owner,
        units: bound(&services.policy, wish.tier),
        effective_from: None,
    };
    let said = |error: DocumentsError| Failure::refused(error.message(lang));
    let imported = services.documents.import_file(&caller, &name, &bytes, options).map_err(said)?;
    for note in &imported.parsed.notes {
        println!("{}: {} ({})", note.line, note.what.sentence(lang), note.excerpt);
    }
    if wish.enact {
        let decided_on = imported.parsed.content.history.last().map(|entry| entry.date);
        let adoption = Adoption { decided_on, published_on: None };
        let number = services.documents.adopt(&caller, &imported.draft, adoption).map_err(said)?;
        println!("{}\t{}\t{number}", imported.document, imported.parsed.content.title);
    } else {
        println!("{}\t{}\t{}", imported.document, imported.parsed.content.title, imported.draft);
    }
    Ok(())
}

/// A procedure binds every unit until its pages say otherwise; who may read it follows from that.
fn bound(policy: &Policy, tier: Option<TierArg>) -> Vec<UnitId> {
    match tier {
        Some(TierArg::Public | TierArg::Standard) => Vec::new(),
        Some(TierArg::Procedure) | None => policy.units.iter().map(|unit| unit.id.clone()).collect(),
    }
}

/// The unit in charge when none is named: the one whose people administer (情報政策課), else the first section.
fn default_unit(policy: &Policy, lang: Lang) -> Result<UnitId, Failure> {
    let usual = policy.units.iter().find(|unit| unit.id.as_str() == "joho-seisaku");
    let unit = usual.or_else(|| policy.units.first());
    unit.map(|unit| unit.id.clone()).ok_or_else(|| {
        Failure::misuse(say(lang, "--unit に主管課を指定してください", "name the unit in charge with --unit"))
    })
}

const fn tier(tier: TierArg) -> Tier {
    match tier {
        TierArg::Public => Tier::Public,
        TierArg::Standard => Tier::Standard,
        TierArg::Procedure => Tier::Procedure,
    }
}

fn list(args: &DeclaredArgs, as_json: bool, lang: Lang) -> Result<(), Failure> {
    let services = register::open(args, None, lang)?;
    let caller = Caller::System { reason: "sekisho document list".to_owned() };
    let documents =
        services.documents.documents(&caller).map_err(|error| Failure::refused(error.message(lang)))?;
    let mut lines = Vec::new();
    for document in &documents {
        let latest = document.latest();
        let version = latest.map_or(0, |version| version.number);
        let since = latest.map(|version| version.effective_from.to_string()).unwrap_or_default();
        if as_json {
            lines.push(json!({
                "id": document.id.to_string(), "tier": document.tier.id(), "title": document.title,
                "version": version, "effective_from": since,
            }));
        } else {
            let tier = document.tier.label(lang);
            println!("{}\t{tier}\t{}\t{version}\t{since}", document.id, document.title);
        }
    }
    if as_json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    }
    Ok(())
}

fn export(args: &DeclaredArgs, output: &Path, lang: Lang) -> Result<(), Failure> {
    let services = register::open(args, None, lang)?;
    let written =
        services.documents.public_export(output).map_err(|error| Failure::refused(error.message(lang)))?;
    for path in written {
        println!("{}", path.display());
    }
    Ok(())
}
