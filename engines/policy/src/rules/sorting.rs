//! Clause 6(2): the classification is complete, its ranks follow its marks, and old marks are mapped.

use std::collections::BTreeMap;

use crate::diagnostic::Reporter;
use crate::read::Record;

const AXES: [(&str, &str); 3] =
    [("confidentiality", "機密性"), ("integrity", "完全性"), ("availability", "可用性")];
const OLD_MARKS: [&str; 3] = ["1", "2", "3"];

fn axis_ja(axis: &str) -> &str {
    AXES.iter().find(|(name, _)| *name == axis).map_or(axis, |(_, ja)| ja)
}

/// The marks of an axis from the weakest to the strictest.
fn expected(axis: &str, edition: &str) -> &'static [&'static str] {
    match (axis, edition) {
        ("confidentiality", "2024-10") => &["1", "2", "3C", "3B", "3A"],
        ("confidentiality", _) => &OLD_MARKS,
        _ => &["1", "2"],
    }
}

pub(super) fn classes(root: &Record, reporter: &mut Reporter<'_>) {
    let Some(edition) = root.one("classification").and_then(|table| table.text("edition")) else { return };
    for (axis, ja) in AXES {
        let mut of_axis: Vec<&Record> =
            root.many("class").iter().filter(|class| class.text("axis") == Some(axis)).collect();
        let marks = expected(axis, edition);
        let place = root.one("classification").map_or(root.at, |table| table.at("edition"));
        for mark in marks {
            let found = of_axis.iter().filter(|class| class.text("mark") == Some(mark)).count();
            if found == 0 {
                reporter
                    .report(
                        place,
                        "class-missing",
                        format!("{ja}{mark}の分類がありません。"),
                        format!("there is no class {mark} of {axis}"),
                    )
                    .with_help(
                        format!("`axis = \"{axis}\"`、`mark = \"{mark}\"` の [[class]] を追加してください。"),
                        format!("add a [[class]] with `axis = \"{axis}\"` and `mark = \"{mark}\"`"),
                    );
            }
        }
        for class in &of_axis {
            let Some(mark) = class.text("mark") else { continue };
            if !marks.contains(&mark) {
                reporter
                    .report(
                        class.at("mark"),
                        "class-unknown",
                        format!("{ja}に `{mark}` という分類はありません。"),
                        format!("{axis} has no class `{mark}` in this edition"),
                    )
                    .with_help(
                        format!("使える記号は {} です。", marks.join("、")),
                        format!("the marks are {}", marks.join(", ")),
                    );
            }
            if class.many("handling").is_empty()
                && class.field("handling").is_none()
                && marks.first() != Some(&mark)
            {
                reporter
                    .report(
                        class.at("mark"),
                        "handling-missing",
                        format!("{ja}{mark}に取扱制限がありません。"),
                        format!("class {mark} of {axis} has no handling restriction"),
                    )
                    .with_help("`handling` に取扱制限を書いてください。", "list restrictions in `handling`");
            }
        }
        of_axis.retain(|class| {
            class.text("mark").is_some_and(|mark| marks.contains(&mark)) && class.integer("rank").is_some()
        });
        of_axis.sort_by_key(|class| marks.iter().position(|mark| class.text("mark") == Some(mark)));
        for pair in of_axis.windows(2) {
            let [low, high] = pair else { continue };
            if low.text("mark") == high.text("mark") {
                let mark = low.text("mark").unwrap_or_default();
                reporter
                    .report(
                        high.at("mark"),
                        "class-twice",
                        format!("{ja}{mark}の分類が2つあります。"),
                        format!("there are two classes {mark} of {axis}"),
                    )
                    .with_help("一方を削除してください。", "remove one of the two");
            } else if low.integer("rank") >= high.integer("rank") {
                let (weak, strict) =
                    (low.text("mark").unwrap_or_default(), high.text("mark").unwrap_or_default());
                reporter
                    .report(
                        high.at("rank"),
                        "class-order",
                        format!("{ja}{strict}の順位は{ja}{weak}より大きくなければなりません。"),
                        format!("the rank of {strict} must be above that of {weak} ({axis})"),
                    )
                    .with_help(
                        "厳しい分類ほど `rank` を大きくしてください。",
                        "give stricter classes a higher `rank`",
                    );
            }
        }
    }
}

pub(super) fn schemes(root: &Record, reporter: &mut Reporter<'_>) {
    let axes: BTreeMap<&str, &str> = root
        .many("class")
        .iter()
        .filter_map(|class| Some((class.text("id")?, class.text("axis")?)))
        .collect();
    for scheme in root.many("scheme") {
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for mark in scheme.many("mark") {
            let (Some(axis), Some(from)) = (mark.text("axis"), mark.text("from")) else { continue };
            if seen.contains(&(axis, from)) {
                reporter
                    .report(
                        mark.at("from"),
                        "mark-twice",
                        format!("旧{}{from}の読替えが2つあります。", axis_ja(axis)),
                        format!("the old mark {from} of {axis} is mapped twice"),
                    )
                    .with_help("一方を削除してください。", "remove one of the two");
            }
            seen.push((axis, from));
            if let Some(target) = mark.text("to")
                && axes.get(target).is_some_and(|other| *other != axis)
            {
                reporter
                    .report(
                        mark.at("to"),
                        "mark-axis",
                        format!("分類 `{target}` は{}の分類ではありません。", axis_ja(axis)),
                        format!("class `{target}` is not one of {axis}"),
                    )
                    .with_help("同じ軸の分類を指定してください。", "name a class of the same axis");
            }
        }
        for old in OLD_MARKS {
            if !seen.contains(&("confidentiality", old)) {
                reporter
                    .report(
                        scheme.at("id"),
                        "mark-missing",
                        format!("旧機密性{old}の読替えがありません。"),
                        format!("the old mark {old} of confidentiality is not mapped"),
                    )
                    .with_help("[[scheme.mark]] を追加してください。", "add a [[scheme.mark]]");
            }
        }
    }
}
