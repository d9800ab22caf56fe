use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::model::{DateKind, HistoryDate, Mark};

const POLICY: &str = include_str!("../fixtures/basic-policy.ja.md");

fn numbers(content: &Content) -> Vec<String> {
    content.walk().map(|clause| clause.number.clone()).collect()
}

fn policy() -> ParsedDocument {
    import_text(POLICY)
}

#[test]
fn the_policy_comes_in_with_its_cover_and_five_dates() {
    let content = policy().content;
    assert_eq!(content.title, "情報セキュリティ基本方針");
    assert_eq!(content.cover, ["伊万里市", "情報セキュリティポリシー", "(基本方針)"]);
    assert_eq!(content.imprint, ["伊万里市 総合政策部 情報政策課"]);
    assert!(content.preamble.is_empty());
    let amended = |date| HistoryDate { date, kind: DateKind::Amended };
    assert_eq!(
        content.history,
        [
            HistoryDate { date: date(2011, 10, 13), kind: DateKind::Effective },
            amended(date(2014, 4, 1)),
            amended(date(2016, 1, 1)),
            amended(date(2024, 7, 18)),
            amended(date(2026, 4, 1)),
        ]
    );
}

#[test]
fn the_policy_comes_in_with_every_clause() {
    let content = policy().content;
    let mut expected: Vec<String> = vec!["1".into(), "2".into()];
    expected.extend((1..=12).map(|n| format!("2({n})")));
    expected.push("3".into());
    expected.extend((1..=6).map(|n| format!("3({n})")));
    expected.extend(
        ["4", "4(1)", "4(2)", "4(2)ア", "4(2)イ", "4(2)ウ", "5", "6", "6(1)", "6(2)", "6(3)"]
            .map(String::from),
    );
    expected.extend(
        ["6(3)ア", "6(3)イ", "6(3)ウ", "6(4)", "6(5)", "6(6)", "6(7)", "6(8)", "6(9)"].map(String::from),
    );
    expected.extend(["7", "8", "9", "10"].map(String::from));
    assert_eq!(numbers(&content), expected);
    let headings: Vec<&str> = content.clauses.iter().map(|clause| clause.heading.as_str()).collect();
    assert_eq!(
        headings,
        [
            "目的",
            "定義",
            "対象とする脅威",
            "適用範囲",
            "職員等の遵守義務",
            "情報セキュリティ対策",
            "情報セキュリティ監査及び自己点検の実施",
            "情報セキュリティポリシーの見直し",
            "情報セキュリティ対策基準の策定",
            "情報セキュリティ実施手順の策定",
        ]
    );
}

#[test]
fn every_definition_has_its_term_and_one_sentence() {
    let content = policy().content;
    let terms: Vec<&str> =
        content.numbered("2").unwrap().children.iter().map(|c| c.heading.as_str()).collect();
    assert_eq!(
        terms,
        [
            "情報ネットワーク",
            "情報システム",
            "情報セキュリティ",
            "情報セキュリティポリシー",
            "機密性",
            "完全性",
            "可用性",
            "マイナンバー利用事務系（個人番号利用事務系）",
            "LGWAN接続系",
            "インターネット接続系",
            "通信経路の分割",
            "無害化通信",
        ]
    );
    for clause in &content.numbered("2").unwrap().children {
        assert_eq!(clause.paragraphs.len(), 1, "{}", clause.number);
        assert!(
            clause.text().ends_with("をいう。") || clause.text().ends_with("除く。）。"),
            "{}",
            clause.text()
        );
    }
}

#[test]
fn threats_and_items_are_text_and_headed_clauses_have_headings() {
    let content = policy().content;
    for (number, heading, start, end) in [
        ("3(1)", "", "不正アクセス、ウイルス攻撃", "内部不正等"),
        ("3(6)", "", "その他、本市の情報資産", "脅かす脅威"),
        (
            "4(1)",
            "行政機関の範囲",
            "本基本方針が適用される行政機関は、市長、教育委員会",
            "議会事務局及び上下水道部とする。",
        ),
        ("4(2)ア", "", "ネットワーク及び情報システム", "電磁的記録媒体"),
        ("4(2)ウ", "", "情報システムの仕様書", "システム関連文書"),
        ("6(3)イ", "", "LGWAN接続系においては", "無害化通信を実施する。"),
        ("6(9)", "評価・見直し", "情報セキュリティポリシーの遵守状況", "見直しを行う。"),
        ("6", "情報セキュリティ対策", "上記3の脅威から", "以下の情報セキュリティ対策を講じる。"),
    ] {
        let clause = content.numbered(number).unwrap();
        assert_eq!(clause.heading, heading, "{number}");
        assert!(
            clause.text().starts_with(start) && clause.text().ends_with(end),
            "{number}: {}",
            clause.text()
        );
    }
    let bodies = content.numbered("4(1)").unwrap().text();
    let bodies = bodies.split_once('は').unwrap().1;
    assert_eq!(bodies.trim_start_matches('、').replace("及び", "、").split('、').count(), 9);
}

#[test]
fn broken_lines_are_joined_and_said_so_and_further_paragraphs_stay_in_their_clause() {
    let parsed = policy();
    let content = &parsed.content;
    let outsourcing = content.numbered("6(8)").unwrap();
    assert_eq!(outsourcing.paragraphs.len(), 1);
    assert!(outsourcing.text().contains("情報セキュリティ要件を明記した契約を締結し、委託事業者において"));
    let joined: Vec<&str> = parsed.notes.iter().map(|note| note.excerpt.as_str()).collect();
    assert_eq!(parsed.notes.len(), 1, "{joined:?}");
    assert_eq!(parsed.notes[0].what, NoteKind::Joined);
    assert!(joined[0].starts_with("を締結し、"));
    for (number, second) in [
        ("6(7)", "また、情報資産に対する"),
        ("9", "なお、情報セキュリティ対策基準は"),
        ("10", "なお、情報セキュリティ実施手順は"),
    ] {
        let clause = content.numbered(number).unwrap();
        assert_eq!(clause.paragraphs.len(), 2, "{number}");
        assert!(clause.paragraphs[1].starts_with(second));
    }
}

#[test]
fn a_plain_text_without_any_markdown_gives_the_same_clauses() {
    let plain: String = POLICY
        .lines()
        .map(|line| line.trim_start_matches(['#', ' ']).trim_start_matches("- ").to_owned() + "\n")
        .collect();
    assert_eq!(import_text(&plain).content, policy().content);
    // As paragraphs of a word processor: no blank lines.
    let dense: Vec<&str> = plain.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(import_lines(dense).content, policy().content);
}

#[test]
fn numbers_in_full_width_are_the_same_numbers() {
    let wide: String = POLICY
        .replace("### 1. ", "１．　")
        .replace("### 2. ", "２　")
        .replace("(1) ", "（１）")
        .replace("(2) ", "（２）　");
    assert_eq!(numbers(&import_text(&wide).content), numbers(&policy().content));
}

fn check(text: &str, expect: &[(&str, &str, &str)]) {
    let content = import_text(text).content;
    let found: Vec<(String, String, String)> =
        content.walk().map(|c| (c.number.clone(), c.heading.clone(), c.text())).collect();
    let expect: Vec<(String, String, String)> =
        expect.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect();
    assert_eq!(found, expect);
}

#[test]
fn articles_have_captions_paragraphs_and_items() {
    check(
        "○伊万里市情報セキュリティ規程\n第１章　総則\n（目的）\n第1条　この規程は、必要な事項を定める。\n（定義）\n\
         第２条　この規程において用語は、次のとおりとする。\n一　情報　記録された事項をいう。\n二　媒体　記録するものをいう。\n\
         ２　前項の規定は、準用する。\n(1) 第三者による場合\n(2) その他の場合\n第二条の二　市長は、定める。\n\
         第2章 運用\n第3条（監査）　監査を行う。\n附　則\n第1条　この規程は、令和8年4月1日から施行する。\n",
        &[
            ("第1章", "総則", ""),
            ("第1条", "目的", "この規程は、必要な事項を定める。"),
            ("第2条", "定義", "この規程において用語は、次のとおりとする。"),
            ("第2条第1号", "", "情報　記録された事項をいう。"),
            ("第2条第2号", "", "媒体　記録するものをいう。"),
            ("第2条第2項", "", "前項の規定は、準用する。"),
            ("第2条第2項(1)", "", "第三者による場合"),
            ("第2条第2項(2)", "", "その他の場合"),
            ("第2条の2", "", "市長は、定める。"),
            ("第2章", "運用", ""),
            ("第3条", "監査", "監査を行う。"),
            ("附則", "", ""),
            ("附則第1条", "", "この規程は、令和8年4月1日から施行する。"),
        ],
    );
}

#[test]
fn an_empty_item_before_an_article_is_no_caption() {
    check("1. 甲\n(ア)\n第1条　定める。\n", &[("1", "甲", ""), ("1(ア)", "", ""), ("第1条", "", "定める。")]);
}

#[test]
fn nested_forms_follow_the_use_of_the_document() {
    check(
        "# 手順書\n1 準備\n(1) 機器を用意する。\nア 端末\nイ 媒体\n① 白いもの\n② 黒い機器\n(ア) 予備\n2 実施\n2.1 開始\n本文です。\n2.2 終了\n本文です。\n",
        &[
            ("1", "準備", ""),
            ("1(1)", "", "機器を用意する。"),
            ("1(1)ア", "", "端末"),
            ("1(1)イ", "媒体", ""),
            ("1(1)イ①", "", "白いもの"),
            ("1(1)イ②", "黒い機器", ""),
            ("1(1)イ②(ア)", "", "予備"),
            ("2", "実施", ""),
            ("2.1", "開始", "本文です。"),
            ("2.2", "終了", "本文です。"),
        ],
    );
}

#[test]
fn words_that_look_like_numbers_stay_text() {
    check(
        "1. 目的\n本文です。\n第3条の規定により行う。\n30 日以内に報告する。\n2026年4月1日から行う。\nア行の文字を用いる。\n(注) 注意すること。\n第三者に渡さない。\n",
        &[(
            "1",
            "目的",
            "本文です。\n第3条の規定により行う。\n30 日以内に報告する。\n2026年4月1日から行う。\nア行の文字を用いる。\n(注) 注意すること。\n第三者に渡さない。",
        )],
    );
}

#[test]
fn gaps_and_repeated_numbers_are_noted_and_kept() {
    let parsed = import_text("1. 甲\n本文。\n3. 乙\n本文。\n3. 丙\n本文。\n");
    let whats: Vec<(usize, NoteKind)> =
        parsed.notes.iter().map(|note| (note.line, note.what.clone())).collect();
    assert_eq!(
        whats,
        [(3, NoteKind::OutOfSequence), (5, NoteKind::OutOfSequence), (5, NoteKind::DuplicateNumber)]
    );
    assert_eq!(parsed.content.clauses.len(), 3);
}

#[test]
fn a_date_that_does_not_exist_is_noted_and_never_guessed() {
    let parsed = import_text("基本方針\n平成26年13月1日改正\n令和元年5月1日施行\n1. 目的\n本文。\n");
    assert_eq!(parsed.content.history, [HistoryDate { date: date(2019, 5, 1), kind: DateKind::Effective }]);
    assert_eq!(parsed.notes[0].what, NoteKind::UnreadableDate);
    assert_eq!(parsed.notes[0].line, 2);
}

#[test]
fn a_text_without_numbers_is_noted() {
    let parsed = import_text("対策基準\n目的\n本文です。\n");
    assert!(parsed.notes.iter().any(|note| note.what == NoteKind::NoNumbers));
    assert_eq!(import_text("").notes.len(), 1);
}

#[test]
fn a_table_of_contents_without_page_numbers_is_skipped() {
    let text = "方針\n目次\n1. 目的\n2. 定義\n\n1. 目的\n本文。\n2. 定義\n本文。\n";
    assert_eq!(numbers(&import_text(text).content), ["1", "2"]);
}

#[test]
fn marks_are_read_as_they_are_written() {
    for (line, kind, n, branch) in [
        ("6. 対策", MarkKind::Arabic, 6, 0),
        ("（１２）無害化", MarkKind::Paren, 12, 0),
        ("⑶ 対策", MarkKind::Paren, 3, 0),
        ("ｳ 対策", MarkKind::Kana, 3, 0),
        ("ン　対策", MarkKind::Kana, 46, 0),
        ("㉑ 対策", MarkKind::Circled, 21, 0),
        ("第百二十三条　対策", MarkKind::Article, 123, 0),
        ("第10条の3　対策", MarkKind::Article, 10, 3),
        ("十一　対策", MarkKind::KanjiNumeral, 11, 0),
        ("（イ）対策", MarkKind::ParenKana, 2, 0),
    ] {
        assert_eq!(mark::read(line).unwrap().mark, Mark { kind, n, branch }, "{line}");
    }
    for n in 1..=999 {
        let shown = Mark::new(MarkKind::KanjiNumeral, n).shown();
        assert_eq!(mark::number(&shown), Some((n, "")), "{shown}");
    }
    for line in ["", "対策", "第", "第一に、", "()", "(1", "ア", "1", "（注）", "第条"] {
        assert!(mark::read(line).is_none_or(|found| !found.strong), "{line}");
    }
}

#[test]
fn ids_survive_renumbering_and_a_new_clause_gets_a_new_one() {
    let old = policy().content;
    let text = POLICY
        .replace(
            "### (5) 人的セキュリティ",
            "### (5) 新しい対策\n\n機器の調達に当たり、必要な対策を講じる。\n\n### (6) 人的セキュリティ",
        )
        .replace("### (6) 技術的セキュリティ", "### (7) 技術的セキュリティ")
        .replace("### (7) 運用", "### (8) 運用");
    let mut new = import_text(&text).content;
    let next = inherit_ids(&old.clauses, &mut new.clauses, 100);
    assert_eq!(next, 101);
    let id = |content: &Content, number: &str| content.numbered(number).unwrap().id;
    assert_eq!(id(&new, "6(5)"), crate::ClauseId(100));
    assert_eq!(id(&new, "6(6)"), id(&old, "6(5)"));
    assert_eq!(id(&new, "6(8)"), id(&old, "6(7)"));
    assert_eq!(id(&new, "10"), id(&old, "10"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn reading_never_panics(text in "(\\PC|[\n\t　])*") {
        let parsed = import_text(&text);
        let _ = crate::render::text(&parsed.content);
    }

    #[test]
    fn reading_lines_that_look_like_clauses_never_panics(
        parts in proptest::collection::vec("(#{1,3} |- )?(第[0-9一二十百]{1,5}[条章項](の[0-9])?|[0-9０-９.]{1,6}|[(（][0-9ア-ン]{1,3}[)）]|[ア-ン]|[①-⑳]|附則|目次|平成[0-9]{1,3}年[0-9]{1,2}月[0-9]{1,2}日改正)?[ 　]?[あ-ん。、（）]{0,12}", 0..30)
    ) {
        let text = parts.join("\n");
        let first = import_text(&text);
        let again = import_text(&crate::render::text(&first.content));
        prop_assert!(again.content.walk().count() <= parts.len() * 2 + 1);
    }
}
