//! What a case decides on, in words. A change of a register is shown field by field before and after, a transfer as its
//! plan, a document by the link to its text. What the viewer has no part in deciding is shown without secret fields.

use serde_json::Value as Json;

use sekisho_approval::{Case, CaseView};
use sekisho_policy::Lang;
use sekisho_register::{Definition, Lookup, Value};
use sekisho_registers::{Registers, RegistersError};

use crate::page::Page;
use crate::people::PlanView;
use crate::problem::Problem;
use crate::registers::lang;
use crate::state::Site;

/// What is decided on.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) rows: Vec<RowShown>,
    pub(super) facts: Vec<(String, String)>,
    pub(super) plan: Option<PlanView>,
    /// Where the text is.
    pub(super) link: Option<(String, String)>,
}

/// One row of a register that is added, changed or removed.
pub(super) struct RowShown {
    pub(super) action: String,
    pub(super) name: String,
    /// The row as it is now; empty for one to be added.
    pub(super) link: String,
    pub(super) adds: bool,
    pub(super) fields: Vec<FieldShown>,
    /// Reasons why a number is not an individual number.
    pub(super) overrides: Vec<(String, String)>,
}

pub(super) struct FieldShown {
    pub(super) label: String,
    pub(super) old: String,
    pub(super) new: String,
}

/// Puts the content into words.
pub(super) fn shown(site: &Site, page: &Page, view: &CaseView, me: &str) -> Result<Shown, Problem> {
    let case = &view.case;
    match case.kind.as_str() {
        "register.change" => Ok(changes(&site.registers, page, case, has_part(view, me))?),
        sekisho_people::TRANSFER_KIND => {
            let plan = site.people.plan_of(case)?;
            let mut facts = Vec::new();
            add(&mut facts, page.l("理由", "Reason"), text(&case.content, "reason"));
            Ok(Shown { plan: Some(PlanView::new(site, page, &plan)?), facts, ..Shown::default() })
        }
        "document.enact" => Ok(document(page, case)),
        _ => Ok(Shown { facts: plain(&case.content), ..Shown::default() }),
    }
}

/// Whether the viewer drafts, decides, has decided or re-reads the case.
fn has_part(view: &CaseView, me: &str) -> bool {
    view.is_mine
        || view.capacity.is_some()
        || view.to_reread
        || view.case.drafter.as_str() == me
        || view.marks.iter().any(|mark| mark.person.as_str() == me)
}

fn changes(registers: &Registers, page: &Page, case: &Case, whole: bool) -> Result<Shown, RegistersError> {
    let definition = match registers.definition(&text(&case.content, "register")) {
        Ok(definition) => definition,
        // The register is gone; the content still says what was asked.
        Err(_) => return Ok(Shown { facts: plain(&case.content), ..Shown::default() }),
    };
    let ops: Vec<&Json> = case.content.get("ops").and_then(Json::as_array).into_iter().flatten().collect();
    let rows = registers.with_lookup(|lookup| {
        ops.iter().map(|op| row(definition, op, page, lookup, whole)).collect::<Vec<_>>()
    })?;
    let mut facts = Vec::new();
    add(&mut facts, page.l("台帳", "Register"), definition.label.get(lang(page)).to_owned());
    add(&mut facts, page.l("変更の理由", "Reason"), text(&case.content, "reason"));
    let link =
        (format!("/registers/{}", definition.id), page.l("この台帳を開く", "Open the register").to_owned());
    Ok(Shown { rows, facts, link: Some(link), plan: None })
}

fn row(definition: &Definition, op: &Json, page: &Page, lookup: &dyn Lookup, whole: bool) -> RowShown {
    let lang = lang(page);
    let action = text(op, "action");
    let (adds, removes) = (action == "add", action == "remove");
    let values = op.get(if removes { "last" } else { "values" }).cloned().unwrap_or(Json::Null);
    let null = Json::Null;
    let side = |json: &Json, field: &sekisho_register::Field| {
        let value = field.from_json(json).unwrap_or(Value::Null);
        field.show(&value, lang, lookup)
    };
    let mut fields = Vec::new();
    for field in definition.fields.iter().filter(|field| field.derive.is_none()) {
        let id = field.id.as_str();
        let (old, new) = if adds {
            (&null, values.get(id).unwrap_or(&null))
        } else if removes {
            (values.get(id).unwrap_or(&null), &null)
        } else {
            match op.get("changes").and_then(|changes| changes.get(id)) {
                Some(pair) => (pair.get(0).unwrap_or(&null), pair.get(1).unwrap_or(&null)),
                None => continue,
            }
        };
        if old.is_null() && new.is_null() {
            continue;
        }
        let kept_back = field.confidentiality.is_some() && !whole;
        let hidden = || page.l("（閲覧できません）", "(kept back)").to_owned();
        fields.push(FieldShown {
            label: field.label.get(lang).to_owned(),
            old: if kept_back { hidden() } else { side(old, field) },
            new: if kept_back { hidden() } else { side(new, field) },
        });
    }
    let secret = |id: &str| definition.field(id).is_none_or(|field| field.confidentiality.is_some());
    let named = |id: &str| match definition.field(id) {
        Some(field) if whole || !secret(id) => side(values.get(id).unwrap_or(&null), field),
        _ => String::new(),
    };
    let (title, key) = (named(definition.title.as_str()), named(definition.key.as_str()));
    let overrides = op.get("overrides").and_then(Json::as_array).into_iter().flatten();
    RowShown {
        action: match action.as_str() {
            "add" => page.l("追加", "Added"),
            "remove" => page.l("削除", "Removed"),
            _ => page.l("変更", "Changed"),
        }
        .to_owned(),
        name: [key, title].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
        link: match text(op, "row") {
            row if row.is_empty() || adds => String::new(),
            row => format!("/registers/{}/rows/{row}", definition.id),
        },
        overrides: overrides
            .map(|one| {
                let id = text(one, "field");
                let label = definition.field(&id).map_or(id, |field| field.label.get(lang).to_owned());
                (label, text(one, "reason"))
            })
            .collect(),
        adds,
        fields,
    }
}

fn document(page: &Page, case: &Case) -> Shown {
    let content = &case.content;
    let mut facts = Vec::new();
    add(&mut facts, page.l("文書", "Document"), text(content, "title"));
    let tier = match (text(content, "tier").as_str(), page.lang) {
        ("public", Lang::Ja) => "基本方針",
        ("public", Lang::En) => "basic policy",
        ("standard", Lang::Ja) => "対策基準",
        ("standard", Lang::En) => "standard",
        ("procedure", Lang::Ja) => "実施手順",
        ("procedure", Lang::En) => "procedure",
        _ => "",
    };
    add(&mut facts, page.l("種別", "Tier"), tier.to_owned());
    let effective: Option<jiff::civil::Date> = text(content, "effective_from").parse().ok();
    add(
        &mut facts,
        page.l("施行日", "In force from"),
        effective.map(|day| page.day(day)).unwrap_or_default(),
    );
    add(&mut facts, page.l("理由", "Reason"), text(content, "reason"));
    add(&mut facts, page.l("本文のハッシュ値", "Digest of the text"), text(content, "digest"));
    let link = case.link.starts_with("/documents/").then(|| {
        (case.link.clone(), page.l("案文と新旧対照表を見る", "See the text and the comparison").to_owned())
    });
    Shown { facts, link, ..Shown::default() }
}

/// The content of a kind that this face does not know, name by name.
fn plain(content: &Json) -> Vec<(String, String)> {
    let Json::Object(map) = content else { return vec![("content".to_owned(), content.to_string())] };
    map.iter()
        .map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            (name.clone(), value)
        })
        .collect()
}

fn add(facts: &mut Vec<(String, String)>, label: &str, value: String) {
    if !value.is_empty() {
        facts.push((label.to_owned(), value));
    }
}

fn text(json: &Json, key: &str) -> String {
    json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
}
