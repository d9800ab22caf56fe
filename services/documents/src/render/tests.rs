use proptest::prelude::*;
use sekisho_disarm::{Format, Limits, Options, disarm, extract_text, verify};

use super::*;
use crate::compare::{MatchBy, compare};
use crate::parse::{import_lines, import_text};

const POLICY: &str = include_str!("../fixtures/basic-policy.ja.md");
const ARTICLES: &str = "○情報セキュリティ規程\n令和8年4月1日施行\n第1章　総則\n（目的）\n第1条　この規程は、必要な事項を定める。\n\
    ２　前項の規定は、準用する。\n一　情報　記録された事項をいう。\n(1) 第三者による場合\n第2条の2　市長は、定める。\n附　則\nこの規程は、公布の日から施行する。\n別表第1\n1. 機器\n端末をいう。\n";

fn through_docx(content: &Content) -> Content {
    let bytes = docx(content, &Handling::default()).unwrap();
    let pieces = extract_text(&bytes, &Options::default()).unwrap();
    let body = pieces.iter().filter(|piece| piece.location == "本文");
    import_lines(body.map(|piece| piece.text.as_str())).content
}

#[test]
fn import_export_import_gives_the_same_document() {
    for text in [POLICY, ARTICLES] {
        let content = import_text(text).content;
        assert!(content.walk().count() >= 9);
        assert_eq!(through_docx(&content), content);
        assert_eq!(import_text(&super::text(&content)).content, content);
    }
}

#[test]
fn the_docx_passes_the_disarming_without_removals() {
    let handling =
        Handling { mark: Some("非公開".to_owned()), trace: Some("令和8年4月1日出力".to_owned()) };
    let bytes = docx(&import_text(POLICY).content, &handling).unwrap();
    let disarmed = disarm(&bytes, &Options { name: "policy.docx".to_owned(), ..Options::default() }).unwrap();
    assert_eq!(disarmed.format, Format::Docx);
    assert_eq!(disarmed.removed, []);
    verify(&disarmed.bytes, Format::Docx, &Limits::default()).unwrap();
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let content = import_text(POLICY).content;
    assert_eq!(docx(&content, &Handling::default()).unwrap(), docx(&content, &Handling::default()).unwrap());
}

#[test]
fn pages_have_no_inline_style_script_or_foreign_address_and_escape_everything() {
    let hostile = "<script>alert(\"1\")</script>&'";
    let mut content = import_text(POLICY).content;
    content.title = hostile.to_owned();
    content.clauses[0].paragraphs = vec![hostile.to_owned()];
    let handling = Handling { mark: Some(hostile.to_owned()), trace: Some(hostile.to_owned()) };
    let style = PageStyle { css_href: "document.css".to_owned(), print: true, handling };
    let table = compare(&import_text(POLICY).content, &content, MatchBy::Id);
    for html in [page(&content, &style), comparison_page(&table, &style)] {
        for bad in ["<script", "style=", "<style", "://", "onload"] {
            assert!(!html.contains(bad), "{bad}");
        }
        assert!(html.contains("&lt;script&gt;"));
    }
    assert!(!CSS.contains("://") && !CSS.contains("@import"));
}

#[test]
fn the_comparison_shows_changes_and_shortens_the_rest() {
    let new = POLICY.replace("緊急時対応計画を策定する。", "緊急時対応計画を策定し、訓練を行う。");
    let table = compare(&import_text(POLICY).content, &import_text(&new).content, MatchBy::Likeness);
    let style = PageStyle { css_href: "d.css".to_owned(), print: true, handling: Handling::default() };
    let html = comparison_page(&table, &style);
    assert_eq!(html.matches("（略）").count(), 4);
    assert!(html.contains("<ins>し、訓練を行う</ins>") && html.contains("<del>する</del>"), "{html}");
}

fn words() -> impl Strategy<Value = String> {
    "[あ-ん漢字情報資産A-Z]{1,12}"
}

fn clause(depth: u32) -> impl Strategy<Value = String> {
    (words(), proptest::collection::vec(words(), 0..3), proptest::collection::vec(words(), 0..3)).prop_map(
        move |(heading, paragraphs, items)| {
            let mut out = format!("\u{2003}{heading}\n");
            paragraphs.iter().for_each(|p| out.push_str(&format!("\u{2003}{p}\n")));
            for (item, n) in items.iter().zip(1..) {
                let mark = if depth == 0 {
                    format!("({n})")
                } else {
                    "アイウ".chars().nth(n - 1).unwrap().to_string()
                };
                out.push_str(&format!("{mark}\u{2002}{item}\n"));
            }
            out
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_document_survives_docx(clauses in proptest::collection::vec((0_u32..2).prop_flat_map(clause), 1..6)) {
        let mut text = String::from("○方針\n");
        for (clause, n) in clauses.iter().zip(1..) {
            text.push_str(&format!("{n}.{clause}"));
        }
        let content = import_text(&text).content;
        prop_assert_eq!(content.clauses.len(), clauses.len());
        prop_assert_eq!(through_docx(&content), content);
    }
}

/// Writes the files that a person opens with other programs: `SEKISHO_SHOW=DIR cargo test … for_other_programs`.
#[test]
fn for_other_programs() {
    let Some(dir) = std::env::var_os("SEKISHO_SHOW").map(std::path::PathBuf::from) else { return };
    let content = import_text(POLICY).content;
    let handling = Handling {
        mark: Some("非公開".to_owned()),
        trace: Some("令和8年4月1日出力　山田".to_owned()),
    };
    std::fs::write(dir.join("policy.docx"), docx(&content, &Handling::default()).unwrap()).unwrap();
    std::fs::write(dir.join("marked.docx"), docx(&import_text(ARTICLES).content, &handling).unwrap())
        .unwrap();
    let style = PageStyle { css_href: "document.css".to_owned(), print: true, handling: Handling::default() };
    std::fs::write(dir.join("document.css"), CSS).unwrap();
    std::fs::write(dir.join("policy.html"), page(&content, &style)).unwrap();
    let new = POLICY.replace("緊急時対応計画を策定する。", "緊急時対応計画を策定し、訓練を行う。");
    let table = compare(&content, &import_text(&new).content, MatchBy::Likeness);
    std::fs::write(dir.join("comparison.html"), comparison_page(&table, &style)).unwrap();
    std::fs::write(dir.join("policy.txt"), text(&content)).unwrap();
}
