//! Changes that wait for approval (決裁): the case holds the change whole, the approval binds to its digest, and the change
//! is made in the unit of work of the last decision. If a row moved on in the meantime, the case goes back instead.

use std::sync::{Arc, Weak};

use sekisho_approval::{Case, CaseId, Effect, EffectError, NewCase};
use sekisho_policy::RouteId;
use sekisho_register::{Axis, Definition, FieldType, Lang, Value as Field, Values};
use sekisho_store::WriteTx;
use serde_json::{Value as Json, json};

use crate::caller::Caller;
use crate::unit::{self, Origin};
use crate::write::{Checked, Op};
use crate::{Inner, Override, RegistersError, Result, RowId, model};

/// The kind of these cases.
const KIND: &str = "register.change";

/// Drafts one case for changes of one register.
pub(crate) fn draft(
    inner: &Inner,
    tx: &mut WriteTx,
    definition: &Definition,
    caller: &Caller,
    ops: &[Op],
    checked: &[Checked],
    reason: &str,
) -> Result<CaseId> {
    let Some(person) = &caller.person else {
        return Err(RegistersError::invalid("起案者がいません。", "nobody drafts this change"));
    };
    let route: RouteId = definition.route.as_deref().unwrap_or_default().parse().map_err(|_| {
        RegistersError::invalid(
            "承認経路の名前が正しくありません。",
            "the route of the definition has no proper name",
        )
    })?;
    let content = json!({
        "register": definition.id.as_str(),
        "definition": definition.digest,
        "reason": reason,
        "via": caller.way,
        "ops": ops.iter().zip(checked).map(|(op, checked)| describe(definition, op, checked)).collect::<Vec<_>>(),
    });
    let all =
        || checked.iter().flat_map(|one| one.values.iter().chain(one.old.iter().map(|old| &old.values)));
    let case = NewCase {
        kind: KIND.to_owned(),
        title: title(definition, ops, checked),
        content,
        link: "/cases/{case}".to_owned(),
        route,
        drafter: person.id.clone(),
        unit: person.unit.clone(),
        amount: all().filter_map(|values| amount(definition, values)).max(),
        class_rank: class_rank(inner, definition, all()),
        due: None,
    };
    Ok(inner.approval.draft_in(tx, case)?)
}

fn describe(definition: &Definition, op: &Op, checked: &Checked) -> Json {
    let old = checked.old.as_ref();
    match op {
        Op::Save { row, base_version, overrides, .. } => {
            let values = checked.values.clone().unwrap_or_default();
            let before = old.map(|old| old.values.clone()).unwrap_or_default();
            json!({
                "action": if row.is_some() { "change" } else { "add" },
                "row": row.as_ref().map(RowId::as_str),
                "base_version": base_version,
                "values": values.to_json(definition),
                "changes": unit::changes(definition, &before, &values),
                "overrides": overrides,
            })
        }
        Op::Remove { row, base_version } => json!({
            "action": "remove",
            "row": row.as_str(),
            "base_version": base_version,
            "last": old.map(|old| old.values.to_json(definition)),
        }),
    }
}

/// 件名: what happens to which row of which register.
fn title(definition: &Definition, ops: &[Op], checked: &[Checked]) -> String {
    let verb = match ops.first() {
        Some(Op::Save { row: None, .. }) => "追加",
        Some(Op::Save { .. }) => "変更",
        Some(Op::Remove { .. }) | None => "削除",
    };
    let name = checked.first().and_then(|one| {
        let values = one.values.as_ref().or(one.old.as_ref().map(|old| &old.values))?;
        Some(model::plain(values.get(definition.title.as_str())))
    });
    let name: String = name.unwrap_or_default().chars().take(80).collect();
    let more = match ops.len() {
        0 | 1 => String::new(),
        count => format!("ほか{}行", count.saturating_sub(1)),
    };
    format!("{}「{name}」{more}の{verb}", definition.label.get(Lang::Ja))
}

/// The largest amount in yen.
fn amount(definition: &Definition, values: &Values) -> Option<i64> {
    let yen = definition.stored_fields().filter(|field| matches!(field.kind, FieldType::Yen));
    yen.filter_map(|field| values.get(field.id.as_str()).as_int()).max()
}

/// The highest class of 機密性 among the rows, else that of the register.
fn class_rank<'a>(
    inner: &Inner,
    definition: &Definition,
    rows: impl Iterator<Item = &'a Values>,
) -> Option<u8> {
    let rank = |id: &str| inner.words.classes.iter().find(|class| class.id == id).map(|class| class.rank);
    let fields: Vec<&str> = definition
        .stored_fields()
        .filter(|field| field.kind == FieldType::Class(Axis::Confidentiality))
        .map(|field| field.id.as_str())
        .collect();
    let highest = rows
        .flat_map(|values| fields.iter().filter_map(|field| values.get(field).as_text()))
        .filter_map(rank)
        .max();
    highest.or_else(|| rank(&definition.tier))
}

/// What the last decision brings about.
pub(crate) fn effect(inner: &Arc<Inner>) -> Arc<dyn Effect> {
    Arc::new(Change { inner: Arc::downgrade(inner) })
}

struct Change {
    /// The approvals live inside the registers, so they must not keep them alive.
    inner: Weak<Inner>,
}

impl Effect for Change {
    fn kind(&self) -> &str {
        KIND
    }

    fn apply(&self, tx: &mut WriteTx, case: &Case, actor: &str) -> Result<(), EffectError> {
        let Some(inner) = self.inner.upgrade() else {
            return Err(EffectError::refused("台帳が閉じられています。", "the registers are closed"));
        };
        carry_out(&inner, tx, case, actor).map_err(|error| match error {
            RegistersError::Store(error) => EffectError::Store(error),
            RegistersError::Conflict { theirs } => EffectError::refused(
                format!(
                    "起案のあとで「{}」が更新されたため、この起案は無効です。現在の内容を確認して起案し直してください。",
                    theirs.title
                ),
                format!("`{}` was changed after the draft; look at it and draft again", theirs.title),
            ),
            other => EffectError::refused(
                other.message(Lang::Ja),
                other.message(Lang::En),
            ),
        })
    }
}

fn carry_out(inner: &Inner, tx: &mut WriteTx, case: &Case, actor: &str) -> Result<()> {
    let text = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let definition = inner.definition(&text(&case.content, "register"))?;
    let mut ops = Vec::new();
    for op in case.content.get("ops").and_then(Json::as_array).into_iter().flatten() {
        let row = op.get("row").and_then(Json::as_str).and_then(|row| row.parse::<RowId>().ok());
        let base_version =
            op.get("base_version").and_then(Json::as_u64).and_then(|v| u32::try_from(v).ok()).unwrap_or(0);
        if text(op, "action") == "remove" {
            let row = row.ok_or_else(|| RegistersError::NotFound("the row of the case".to_owned()))?;
            ops.push(Op::Remove { row, base_version });
            continue;
        }
        let json = op.get("values").cloned().unwrap_or(Json::Null);
        let mut values = Values::from_json(definition, &json)
            .map_err(|violations| RegistersError::refused(ops.len(), violations))?;
        // Computed anew when it is written.
        for field in definition.fields.iter().filter(|field| field.derive.is_some()) {
            values.set(field.id.as_str(), Field::Null);
        }
        let overrides: Vec<Override> = op
            .get("overrides")
            .and_then(|json| serde_json::from_value(json.clone()).ok())
            .unwrap_or_default();
        ops.push(Op::Save { row, base_version, values, overrides });
    }
    let origin = Origin {
        actor: actor.to_owned(),
        via: text(&case.content, "via"),
        reason: text(&case.content, "reason"),
        case: Some(case.id.to_string()),
    };
    inner.apply_approved(tx, definition, origin, ops).map(|_| ())
}
