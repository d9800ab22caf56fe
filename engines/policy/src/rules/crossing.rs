//! Clause 6(3): the zones, and the conduits between them.

use std::collections::BTreeMap;

use crate::cidr::Network;
use crate::diagnostic::{At, Reporter};
use crate::read::Record;

pub(super) fn zones(root: &Record, reporter: &mut Reporter<'_>) {
    for (kind, ja, en) in [
        ("mynumber", "マイナンバー利用事務系", "MyNumber zone"),
        ("lgwan", "LGWAN接続系", "LGWAN zone"),
        ("internet", "インターネット接続系", "Internet zone"),
    ] {
        let zones = root.many("zone");
        // A zone whose kind could not be read has been reported; it may be the one that seems to be missing.
        if let Some(first) = zones.first()
            && zones.iter().all(|zone| zone.text("kind").is_some_and(|k| k != kind))
        {
            reporter
                .report(
                    first.at,
                    "tier-missing",
                    format!("{ja}（kind = \"{kind}\"）の領域がありません。"),
                    format!("there is no {en} (`kind = \"{kind}\"`)"),
                )
                .with_help(
                    "三層のそれぞれに領域を宣言してください。",
                    "declare a zone for each of the three tiers",
                );
        }
    }
    same_value(root, "color", "color-twice", "識別色", "colour", reporter);
    same_value(root, "port", "port-twice", "ポート", "port", reporter);
    overlaps(root, reporter);
}

fn same_value(root: &Record, key: &str, code: &'static str, ja: &str, en: &str, reporter: &mut Reporter<'_>) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for zone in root.many("zone") {
        let value = zone.text(key).map(str::to_owned).or_else(|| zone.integer(key).map(|n| n.to_string()));
        let (Some(value), Some(id)) = (value, zone.text("id")) else { continue };
        if let Some(other) = seen.get(&value) {
            reporter
                .report(
                    zone.at(key),
                    code,
                    format!("{ja} {value} は領域 `{other}` でも使われています。"),
                    format!("{en} {value} is used by zone `{other}` too"),
                )
                .with_help("領域ごとに異なる値にしてください。", "choose a different value for each zone");
        } else {
            seen.insert(value, id);
        }
    }
}

fn overlaps(root: &Record, reporter: &mut Reporter<'_>) {
    let mut seen: Vec<(Network, &str)> = Vec::new();
    for zone in root.many("zone") {
        let id = zone.text("id").unwrap_or("?");
        for field in zone.list("networks") {
            let Some(network) = field.text().and_then(|text| text.parse::<Network>().ok()) else { continue };
            for (other, owner) in seen.iter().filter(|(other, _)| other.overlaps(&network)) {
                reporter
                    .report(
                        field.at,
                        "networks-overlap",
                        format!("ネットワーク {network} は、領域 `{owner}` の {other} と重なっています。"),
                        format!("network {network} overlaps {other} of zone `{owner}`"),
                    )
                    .with_help(
                        "1つのアドレスが属する領域は1つだけにしてください。",
                        "let every address belong to one zone only",
                    );
            }
            seen.push((network, id));
        }
    }
}

pub(super) fn conduits(root: &Record, reporter: &mut Reporter<'_>) {
    let kinds: BTreeMap<&str, &str> =
        root.many("zone").iter().filter_map(|zone| Some((zone.text("id")?, zone.text("kind")?))).collect();
    let axes: BTreeMap<&str, &str> = root
        .many("class")
        .iter()
        .filter_map(|class| Some((class.text("id")?, class.text("axis")?)))
        .collect();
    for conduit in root.many("conduit") {
        let (from, to) = (conduit.text("from"), conduit.text("to"));
        if from.is_some() && from == to {
            reporter
                .report(
                    conduit.at("to"),
                    "conduit-loop",
                    "送り側と受け側が同じ領域です。",
                    "the conduit leads back to the zone that it comes from",
                )
                .with_help("`from` 又は `to` を改めてください。", "change `from` or `to`");
        }
        if !conduit.list("exceptions").is_empty() && conduit.field("approval").is_none() {
            reporter
                .report(
                    conduit.at("exceptions"),
                    "exception-unapproved",
                    "例外を認める経路に、承認経路（approval）がありません。",
                    "a conduit that knows exceptions has no route of approval",
                )
                .with_help(
                    "`approval` を書くか、`exceptions` を削除してください。",
                    "name a route under `approval`, or remove `exceptions`",
                );
        }
        if conduit.field("reason_ja").is_some() != conduit.field("reason_en").is_some() {
            let given = if conduit.field("reason_ja").is_some() { "reason_ja" } else { "reason_en" };
            reporter
                .report(
                    conduit.at(given),
                    "one-language",
                    "理由が一方の言語でしか書かれていません。",
                    "the reason is given in one language only",
                )
                .with_help(
                    "`reason_ja` と `reason_en` の両方を書いてください。",
                    "give both `reason_ja` and `reason_en`",
                );
        }
        if let Some(class) = conduit.text("max_confidentiality")
            && axes.get(class).is_some_and(|axis| *axis != "confidentiality")
        {
            reporter
                .report(
                    conduit.at("max_confidentiality"),
                    "not-confidentiality",
                    format!("分類 `{class}` は機密性の分類ではありません。"),
                    format!("class `{class}` is not one of confidentiality"),
                )
                .with_help("機密性の分類を指定してください。", "name a class of confidentiality");
        }
        let kind = |zone: Option<&str>| zone.and_then(|id| kinds.get(id)).copied();
        let (Some(from), Some(to)) = (kind(from), kind(to)) else { continue };
        if from == "mynumber" || to == "mynumber" {
            touching_mynumber(conduit, reporter);
        }
        if protection(from) > protection(to) {
            outgoing(conduit, reporter);
        }
    }
}

/// How much a tier is protected; what goes to a lower one leaves a protected place.
fn protection(kind: &str) -> u8 {
    match kind {
        "mynumber" => 2,
        "lgwan" => 1,
        _ => 0,
    }
}

fn touching_mynumber(conduit: &Record, reporter: &mut Reporter<'_>) {
    // Clause 6(3)ア: in principle no communication with other zones; what is needed is a 特定通信.
    let place = conduit.at(if conduit.field("to").is_some() { "to" } else { "from" });
    if conduit.field("specific_communication").is_none() {
        reporter
            .report(
                place,
                "mynumber-conduit",
                "マイナンバー利用事務系に接する通信経路に、特定通信の条件がありません。",
                "a conduit that touches a MyNumber zone lacks `specific_communication`",
            )
            .with_help(
                "[conduit.specific_communication] に相手方のIPアドレス、MACアドレス、ポート番号及び期限を書くか、この通信経路を削除してください。",
                "give addresses, MAC addresses, ports and expiry in [conduit.specific_communication], or remove the conduit",
            );
    }
    if conduit.field("reason_ja").is_none() && conduit.field("reason_en").is_none() {
        reporter
            .report(
                place,
                "mynumber-reason",
                "マイナンバー利用事務系に接する通信経路に、設ける理由がありません。",
                "a conduit that touches a MyNumber zone lacks `reason_ja` and `reason_en`",
            )
            .with_help("`reason_ja` と `reason_en` を書いてください。", "give `reason_ja` and `reason_en`");
    }
}

fn outgoing(conduit: &Record, reporter: &mut Reporter<'_>) {
    if conduit.field("approval").is_none() {
        reporter
            .report(
                conduit.at("to"),
                "outgoing-approval",
                "保護の弱い領域へ持ち出す通信経路に、承認経路がありません。",
                "a conduit to a less protected zone has no route of approval",
            )
            .with_help("`approval` に承認経路を指定してください。", "name a route in `approval`");
    }
    if conduit.flag("search_individual_numbers") == Some(false) {
        let at: At = conduit.at("search_individual_numbers");
        reporter
            .report(
                at,
                "outgoing-search",
                "保護の弱い領域へ持ち出す通信経路では、個人番号の検査を省略できません。",
                "a conduit to a less protected zone must search for Individual Numbers",
            )
            .with_help(
                "`search_individual_numbers = true` としてください。",
                "set `search_individual_numbers = true`",
            );
    }
}
