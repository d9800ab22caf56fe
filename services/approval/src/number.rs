//! 文書番号: the unit's mark and a number that counts up within the fiscal year, for instance 情政第12号.

use sekisho_policy::{Policy, Unit, UnitId};
use sekisho_store::{Value, WriteTx};
use serde_json::json;

use crate::ApprovalError;
use crate::day;
use crate::rows::Now;

/// The next number of a unit, taken for good in this unit of work: the text and its fiscal year.
pub(crate) fn take(
    tx: &mut WriteTx,
    policy: &Policy,
    unit: &UnitId,
    actor: &str,
) -> Result<(String, i16), ApprovalError> {
    let year = day::fiscal_year(Now::at(tx.now_ms()).today);
    let series = format!("{unit}/{year}");
    let rows = tx.query("SELECT last FROM approval_numbers WHERE series = ?1", &[Value::from(&series)])?;
    let last = rows.first().map_or(Ok(0), |row| row.get_i64("last"))?;
    let count = last.saturating_add(1);
    tx.emit("approval.numbered", actor, &format!("{series}/{count}"), json!({}))?;
    Ok((format!("{}第{count}号", mark(policy, unit)), year))
}

/// The unit's declared mark, or else one made of its name: without the ending, the first character of each pair, as
/// offices do (情報政策課 → 情政). Where another unit could come to the same, the name without its ending, or the whole
/// name; units of the same name should declare a `document_mark`.
pub(crate) fn mark(policy: &Policy, unit: &UnitId) -> String {
    let Some(own) = policy.unit(unit) else { return unit.to_string() };
    let free = |mark: &String| {
        !policy.units.iter().any(|other| other.id != own.id && candidates(other).contains(mark))
    };
    let candidates = candidates(own);
    candidates
        .iter()
        .find(|mark| free(mark))
        .or(candidates.last())
        .map_or_else(|| own.name.ja.clone(), Clone::clone)
}

/// The marks that a unit may have, the best first.
fn candidates(unit: &Unit) -> Vec<String> {
    if let Some(mark) = &unit.document_mark {
        return vec![mark.clone()];
    }
    let stem = stem(&unit.name.ja);
    let whole = [stem.to_owned(), unit.name.ja.clone()];
    shortened(stem).into_iter().chain(whole).collect()
}

fn stem(name: &str) -> &str {
    ["事務局", "書記局", "課", "部", "室", "係", "局", "所"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .filter(|stem| !stem.is_empty())
        .unwrap_or(name)
}

/// The first character of each pair of Chinese characters, if the name has nothing else.
fn shortened(stem: &str) -> Option<String> {
    let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    stem.chars().all(chinese).then(|| stem.chars().step_by(2).collect())
}
