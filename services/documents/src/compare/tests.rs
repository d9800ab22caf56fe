use proptest::prelude::*;

use super::*;
use crate::parse::{import_text, inherit_ids};

const POLICY: &str = include_str!("../fixtures/basic-policy.ja.md");

fn table(old: &str, new: &str) -> Comparison {
    compare(&import_text(old).content, &import_text(new).content, MatchBy::Likeness)
}

fn check(old: &str, new: &str, expect: &[(Change, &str, &str, &str)]) {
    let table = table(old, new);
    let number = |cell: &Option<Cell>| cell.as_ref().map_or(String::new(), |cell| cell.number.clone());
    let found: Vec<(Change, String, String, String)> = table
        .changed()
        .map(|row| (row.change, number(&row.old), number(&row.new), row.remark.clone()))
        .collect();
    let expect: Vec<_> =
        expect.iter().map(|(c, a, b, r)| (*c, (*a).to_owned(), (*b).to_owned(), (*r).to_owned())).collect();
    assert_eq!(found, expect);
}

#[test]
fn a_text_compared_with_itself_has_no_change() {
    assert!(table(POLICY, POLICY).is_empty());
    assert_eq!(table(POLICY, POLICY).rows.len(), 45);
}

#[test]
fn an_inserted_clause_moves_the_following_ones_and_is_not_taken_for_them() {
    let new = POLICY
        .replace("### (5) 人的", "### (5) 調達\n\n機器の調達に当たり、必要な対策を講じる。\n\n### (6) 人的")
        .replace("### (6) 技術的", "### (7) 技術的")
        .replace("### (7) 運用", "### (8) 運用")
        .replace("### (8) 業務委託", "### (9) 業務委託")
        .replace("#### (9) 評価", "#### (10) 評価");
    let moved = |a: u32| {
        let (from, to) = (format!("6({a})"), format!("6({})", a + 1));
        (Change::Moved, from.clone(), to.clone(), format!("{from}を{to}とする。"))
    };
    let mut expect = vec![(Change::Added, String::new(), "6(5)".to_owned(), "新設".to_owned())];
    expect.extend((5..=9).map(moved));
    let expect: Vec<(Change, &str, &str, &str)> =
        expect.iter().map(|(c, a, b, r)| (*c, a.as_str(), b.as_str(), r.as_str())).collect();
    check(POLICY, &new, &expect);
}

#[test]
fn a_clause_that_moved_elsewhere_and_was_edited_is_found_again() {
    check(
        "1. 甲\n甲の本文です。\n2. 乙\n本文です。\n(1) 機器の管理\n機器は、台帳に記録し、施錠できる場所に置く。\n",
        "1. 甲\n甲の本文です。\n(1) 機器の管理\n機器は、台帳に記録し、施錠できる保管庫に置く。\n2. 乙\n本文です。\n",
        &[(Change::MovedAndChanged, "2(1)", "1(1)", "改正・2(1)を1(1)とする。")],
    );
}

#[test]
fn a_removed_clause_stands_where_it_was() {
    let old = "1. 甲\n甲の本文です。\n2. 乙\n要らなくなった規定です。\n3. 丙\n丙の本文です。\n";
    let new = "1. 甲\n甲の本文です。\n2. 丙\n丙の本文です。\n";
    check(old, new, &[(Change::Removed, "2", "", "削除"), (Change::Moved, "3", "2", "3を2とする。")]);
}

#[test]
fn changed_characters_are_marked_and_the_rest_is_not() {
    let table = table("1. 目的\n毎年度1回訓練を行う。\n", "1. 目的\n毎年度2回以上訓練を行う。\n");
    let row = table.changed().next().unwrap();
    let show = |cell: &Option<Cell>| -> String {
        cell.as_ref().unwrap().paragraphs[0]
            .iter()
            .map(|span| if span.changed { format!("[{}]", span.text) } else { span.text.clone() })
            .collect()
    };
    // A single character between two changes is marked with them.
    assert_eq!(show(&row.old), "毎年度[1回]訓練を行う。");
    assert_eq!(show(&row.new), "毎年度[2回以上]訓練を行う。");
}

#[test]
fn a_new_title_is_a_row_of_its_own() {
    let mut new = import_text(POLICY).content;
    new.title = "サイバーセキュリティ基本方針".to_owned();
    let table = compare(&import_text(POLICY).content, &new, MatchBy::Id);
    let rows: Vec<&str> = table.changed().map(|row| row.remark.as_str()).collect();
    assert_eq!(rows, ["題名の改正"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is cut, doubled or edited: every clause of both sides is in exactly one row, and the spans of each side
    /// put together are its text.
    #[test]
    fn every_clause_is_in_one_row_and_no_character_is_lost(
        cut in proptest::collection::vec(0_usize..120, 0..12),
        edit in proptest::collection::vec((0_usize..120, "[あ-お漢字、。]{0,5}"), 0..12),
    ) {
        let mut lines: Vec<String> = POLICY.lines().map(str::to_owned).collect();
        for (at, text) in edit {
            if let Some(line) = lines.get_mut(at) { line.push_str(&text); }
        }
        for at in cut {
            if at < lines.len() { lines.remove(at); }
        }
        let old = import_text(POLICY).content;
        let mut new = import_text(&lines.join("\n")).content;
        inherit_ids(&old.clauses, &mut new.clauses, 1_000);
        let table = compare(&old, &new, MatchBy::Id);
        for (content, side) in [(&old, 0), (&new, 1)] {
            let cells: Vec<&Cell> = table.rows.iter()
                .filter_map(|row| if side == 0 { row.old.as_ref() } else { row.new.as_ref() })
                .filter(|cell| cell.clause.is_some())
                .collect();
            prop_assert_eq!(cells.len(), content.walk().count());
            for cell in cells {
                let clause = content.clause(cell.clause.unwrap()).unwrap();
                let text: Vec<String> = cell.paragraphs.iter()
                    .map(|line| line.iter().map(|span| span.text.as_str()).collect()).collect();
                prop_assert_eq!(&text, &clause.paragraphs);
            }
        }
    }
}
