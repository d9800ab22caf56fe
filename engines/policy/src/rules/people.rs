//! Clause 4(1) and 6(1): bodies, units, roles, and the separation of duties (兼務の禁止).

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Reporter;
use crate::read::Record;

pub(super) fn bodies_and_units(root: &Record, reporter: &mut Reporter<'_>) {
    let units: BTreeMap<&str, &Record> =
        root.many("unit").iter().filter_map(|unit| Some((unit.text("id")?, unit))).collect();
    let staffed: BTreeSet<&str> = units.values().filter_map(|unit| unit.text("body")).collect();
    for body in root.many("body") {
        if let Some(id) = body.text("id")
            && !staffed.contains(id)
        {
            reporter
                .report(
                    body.at("id"),
                    "body-without-unit",
                    format!("行政機関 `{id}` に属する組織がありません。責任者を定められません。"),
                    format!("no unit belongs to body `{id}`, so nobody is responsible there"),
                )
                .with_help(
                    format!("`body = \"{id}\"` の [[unit]] を追加してください。"),
                    format!("add a [[unit]] with `body = \"{id}\"`"),
                );
        }
    }
    for unit in root.many("unit") {
        let Some(parent) = unit.text("parent").and_then(|id| units.get(id)) else { continue };
        if let (Some(own), Some(above)) = (unit.text("body"), parent.text("body"))
            && own != above
        {
            reporter
                .report(
                    unit.at("parent"),
                    "parent-of-other-body",
                    format!(
                        "上位の組織は行政機関 `{above}` に属しますが、この組織は `{own}` に属しています。"
                    ),
                    format!("the unit above belongs to body `{above}`, this one to `{own}`"),
                )
                .with_help(
                    "同じ行政機関の組織を上位に指定してください。",
                    "name a unit of the same body as the parent",
                );
        }
        if let (Some(own), Some(above)) =
            (unit.text("kind").and_then(rank), parent.text("kind").and_then(rank))
            && own <= above
        {
            reporter
                .report(
                    unit.at("parent"),
                    "parent-not-above",
                    "上位の組織の段階が、この組織と同じか下です（部の下に課、課の下に係を置きます）。",
                    "the parent is not of a higher rank (department, section, team)",
                )
                .with_help("`kind` 又は `parent` を確かめてください。", "check `kind` or `parent`");
        }
    }
    cycles(&units, reporter);
}

fn rank(kind: &str) -> Option<u8> {
    ["department", "section", "team"].iter().zip(0..).find(|(name, _)| **name == kind).map(|(_, rank)| rank)
}

fn cycles(units: &BTreeMap<&str, &Record>, reporter: &mut Reporter<'_>) {
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    for start in units.keys() {
        let mut path: Vec<&str> = vec![start];
        while let Some(next) = path.last().and_then(|id| units.get(id)).and_then(|unit| unit.text("parent")) {
            if next == *start {
                path.push(next);
                break;
            }
            if path.contains(&next) {
                // The cycle does not pass through `start`; it is found from one of its own members.
                path.clear();
                break;
            }
            path.push(next);
        }
        let closed = path.len() > 1 && path.last() == Some(start);
        if !closed || reported.contains(start) {
            continue;
        }
        reported.extend(&path);
        let Some(unit) = units.get(start) else { continue };
        let chain = path.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" → ");
        reporter
            .report(
                unit.at("parent"),
                "unit-cycle",
                format!("上位の組織をたどると元に戻ります（{chain}）。"),
                format!("the units above form a cycle ({chain})"),
            )
            .with_help("いずれかの `parent` を改めてください。", "change one of these `parent`s");
    }
}

pub(super) fn roles(root: &Record, reporter: &mut Reporter<'_>) {
    let mut granted: BTreeSet<&str> = BTreeSet::new();
    for role in root.many("role") {
        let permissions: BTreeSet<&str> = role.list("permissions").iter().filter_map(|p| p.text()).collect();
        let acts: Vec<&str> = ["submit-transfer", "approve-transfer", "manage-people", "administer"]
            .into_iter()
            .filter(|p| permissions.contains(p))
            .collect();
        if permissions.contains("audit") && !acts.is_empty() {
            let list = acts.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>();
            reporter
                .report(
                    role.at("permissions"),
                    "auditor-acts",
                    format!("監査の役割に、監査の対象となる権限（{}）が含まれています。", list.join("、")),
                    format!("a role that audits also holds what is audited ({})", list.join(", ")),
                )
                .with_help(
                    "監査する者と監査される者を分けるため（兼務の禁止）、別の役割にしてください。",
                    "make them separate roles: the auditor must not be the audited",
                );
        }
        granted.extend(permissions);
    }
    if root.many("role").is_empty() {
        return;
    }
    for (permission, ja, en) in [
        ("submit-transfer", "申請する", "submit transfers"),
        ("receive-transfer", "受け取る", "receive transfers"),
        ("administer", "管理する", "administer the system"),
        ("audit", "監査する", "audit"),
    ] {
        if !granted.contains(permission) {
            let at = root.many("role").first().map_or(root.at, |role| role.at("permissions"));
            reporter
                .report(
                    at,
                    "permission-unused",
                    format!("{ja}権限 `{permission}` を持つ役割がありません。"),
                    format!("no role may {en} (`{permission}`)"),
                )
                .with_help("いずれかの役割に権限を加えてください。", "grant the permission to a role");
        }
    }
}
