//! Clause 6(1): routes of approval. Whoever decides may decide, whoever audits does not, every case ends in a decision,
//! and a conduit's route is one that a transfer can walk (it has no amount and no class of its own).

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Reporter;
use crate::read::Record;

pub(super) fn routes(root: &Record, reporter: &mut Reporter<'_>) {
    let roles = Roles::of(root);
    let conduits: BTreeSet<&str> =
        root.many("conduit").iter().filter_map(|conduit| conduit.text("approval")).collect();
    for route in root.many("route") {
        let of_conduit = route.text("id").is_some_and(|id| conduits.contains(id));
        for step in route.many("step") {
            deciders(step, &roles, of_conduit, reporter);
            form(root, step, reporter);
        }
        if of_conduit {
            plain(route, reporter);
        }
        parallel(route, reporter);
        covered(root, route, reporter);
    }
}

struct Roles<'a> {
    declared: BTreeSet<&'a str>,
    approve: BTreeSet<&'a str>,
    audit: BTreeSet<&'a str>,
}

impl<'a> Roles<'a> {
    fn of(root: &'a Record) -> Self {
        let with = |permission: &str| {
            root.many("role")
                .iter()
                .filter(|role| role.list("permissions").iter().any(|p| p.text() == Some(permission)))
                .filter_map(|role| role.text("id"))
                .collect()
        };
        Self {
            declared: root.many("role").iter().filter_map(|role| role.text("id")).collect(),
            approve: with("approve-transfer"),
            audit: with("audit"),
        }
    }
}

fn deciders(step: &Record, roles: &Roles<'_>, of_conduit: bool, reporter: &mut Reporter<'_>) {
    let decides = of_conduit || step.text("action") != Some("agree");
    for decider in step.field("role").into_iter().chain(step.list("deputies")) {
        let Some(id) = decider.text() else { continue };
        if roles.audit.contains(id) {
            reporter
                .report(
                    decider.at,
                    "auditor-decides",
                    format!("監査の役割 `{id}` が決裁又は合議に加わっています。"),
                    format!("role `{id}` audits and takes part in a decision"),
                )
                .with_help(
                    "監査する者は、監査の対象となる決裁に加われません（兼務の禁止）。別の役割を指定してください。",
                    "an auditor takes no part in what is audited; name another role",
                );
        } else if decides && roles.declared.contains(id) && !roles.approve.contains(id) {
            reporter
                .report(
                    decider.at,
                    "step-cannot-approve",
                    format!("役割 `{id}` には承認の権限 `approve-transfer` がありません。"),
                    format!("role `{id}` lacks the permission `approve-transfer`"),
                )
                .with_help(
                    "役割に権限を加えるか、別の役割を指定してください。",
                    "grant the permission or name another role",
                );
        }
    }
    for deputy in step.list("deputies") {
        if deputy.text().is_some() && deputy.text() == step.text("role") {
            reporter
                .report(
                    deputy.at,
                    "own-deputy",
                    "決裁する役割そのものが代行に指定されています。",
                    "the deciding role is named as its own deputy",
                )
                .with_help("代行には別の役割を指定してください。", "name another role as the deputy");
        }
    }
}

/// Keys of one step that contradict each other.
fn form(root: &Record, step: &Record, reporter: &mut Reporter<'_>) {
    if step.field("unit").is_some() && step.text("scope").is_some_and(|scope| scope != "any") {
        reporter
            .report(
                step.at("scope"),
                "unit-and-scope",
                "`unit` で組織を定めた段階の `scope` が `any` ではありません。",
                "a step with a `unit` of its own has a `scope` other than `any`",
            )
            .with_help("`scope = \"any\"` としてください。", "set `scope = \"any\"`");
    }
    if step.flag("delegated") == Some(true) && step.text("action") == Some("agree") {
        reporter
            .report(
                step.at("delegated"),
                "delegated-consent",
                "専決は決裁にだけ付けられます。この段階は合議です。",
                "only a decision can be a delegated one; this step is a consent",
            )
            .with_help("`delegated` 又は `action` を改めてください。", "change `delegated` or `action`");
    }
    if let (Some(from), Some(below)) = (step.integer("amount_from"), step.integer("amount_below"))
        && from >= below
    {
        reporter
            .report(
                step.at("amount_below"),
                "bounds",
                format!("`amount_from`（{from}）が `amount_below`（{below}）以上のため、この段階を通る金額がありません。"),
                format!("`amount_from` ({from}) is not less than `amount_below` ({below}), so no amount passes this step"),
            )
            .with_help("どちらかを改めてください。", "change one of the two");
    }
    if let Some(class) = step.text("class_from")
        && root.many("class").iter().any(|declared| {
            declared.text("id") == Some(class)
                && declared.text("axis").is_some_and(|axis| axis != "confidentiality")
        })
    {
        reporter
            .report(
                step.at("class_from"),
                "not-confidentiality",
                format!("分類 `{class}` は機密性の分類ではありません。"),
                format!("class `{class}` is not one of confidentiality"),
            )
            .with_help("機密性の分類を指定してください。", "name a class of confidentiality");
    }
}

/// A transfer knows neither an amount nor parallel steps, so a conduit's route must not depend on them.
fn plain(route: &Record, reporter: &mut Reporter<'_>) {
    for key in ["drafters", "separate_from"] {
        if route.field(key).is_some() {
            not_plain(route, key, reporter);
        }
    }
    for step in route.many("step") {
        for key in ["parallel", "amount_from", "amount_below", "class_from"] {
            if step.field(key).is_some() {
                not_plain(step, key, reporter);
            }
        }
    }
}

fn not_plain(record: &Record, key: &str, reporter: &mut Reporter<'_>) {
    reporter
        .report(
            record.at(key),
            "conduit-route",
            format!("通信経路の承認に使う承認経路では `{key}` を使えません。"),
            format!("a route that a conduit uses can't have `{key}`"),
        )
        .with_help("通信経路には別の承認経路を設けてください。", "make a route of its own for the conduit");
}

fn parallel(route: &Record, reporter: &mut Reporter<'_>) {
    let mut ended: BTreeSet<&str> = BTreeSet::new();
    let mut running: Option<(&str, Option<&str>)> = None;
    for step in route.many("step") {
        let name = step.text("parallel");
        let action = step.text("action");
        if let (Some((open, of)), Some(name)) = (running, name)
            && open == name
            && (of == Some("agree")) != (action == Some("agree"))
        {
            reporter
                .report(
                    step.at("parallel"),
                    "parallel-mixed",
                    format!("同時に回す段階 `{name}` に、合議と決裁が混ざっています。"),
                    format!("the parallel steps `{name}` mix consents and decisions"),
                )
                .with_help("合議と決裁は別の段階にしてください。", "put consents before the decision");
        }
        if let Some((open, _)) = running
            && name != Some(open)
        {
            ended.insert(open);
        }
        if let Some(name) = name
            && ended.contains(name)
        {
            reporter
                .report(
                    step.at("parallel"),
                    "parallel-apart",
                    format!("同時に回す段階 `{name}` が離れて書かれています。"),
                    format!("the parallel steps `{name}` do not stand next to each other"),
                )
                .with_help("続けて書いてください。", "put them next to each other");
        }
        running = name.map(|name| (name, action));
    }
}

/// Whatever the amount and the class, the last step that applies must be a decision.
fn covered(root: &Record, route: &Record, reporter: &mut Reporter<'_>) {
    let steps = route.many("step");
    if steps.is_empty() {
        // Reported where the steps were read.
        return;
    }
    let ranks: BTreeMap<&str, i64> = root
        .many("class")
        .iter()
        .filter_map(|class| Some((class.text("id")?, class.integer("rank")?)))
        .collect();
    let amounts: BTreeSet<i64> = std::iter::once(0)
        .chain(
            steps
                .iter()
                .flat_map(|step| [step.integer("amount_from"), step.integer("amount_below")])
                .flatten(),
        )
        .collect();
    let rank_of = |step: &Record| step.text("class_from").and_then(|id| ranks.get(id)).copied();
    let classes: BTreeSet<i64> = std::iter::once(0).chain(steps.iter().filter_map(rank_of)).collect();
    for (amount, rank) in amounts.iter().flat_map(|amount| classes.iter().map(move |rank| (*amount, *rank))) {
        let last = steps.iter().rfind(|step| {
            step.integer("amount_from").is_none_or(|from| amount >= from)
                && step.integer("amount_below").is_none_or(|below| amount < below)
                && rank_of(step).is_none_or(|from| rank >= from)
        });
        if last.is_some_and(|step| step.text("action") != Some("agree")) {
            continue;
        }
        let class =
            steps.iter().find(|step| rank_of(step) == Some(rank)).and_then(|step| step.text("class_from"));
        let (class_ja, class_en) = match class {
            Some(id) => (format!("分類 {id} 以上"), format!("of class {id} or above")),
            None => ("最も低い分類".to_owned(), "of the lowest class".to_owned()),
        };
        reporter
            .report(
                route.at("step"),
                "route-without-decision",
                format!("金額{amount}円・{class_ja}の案件では、最後の段階が決裁になりません。"),
                format!("a case of {amount} yen {class_en} does not end in a decision"),
            )
            .with_help(
                "どの金額と分類でも最後に決裁（action = \"decide\"）の段階を通るようにしてください。",
                "let every amount and class end in a step with `action = \"decide\"`",
            );
        return;
    }
}
