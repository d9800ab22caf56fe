use super::*;
use crate::{Limits, Options, verify};

fn text(text: &str) -> Block {
    let inline = Inline { props: Rc::default(), piece: Piece::Text(text.to_owned()) };
    Block::Paragraph(Paragraph { inlines: vec![inline], ..Paragraph::default() })
}

fn rebuilt(document: &Document) -> (Vec<u8>, String) {
    let options = Options::default();
    let mut ctx = Context::new(&options);
    let (bytes, format) = rebuild(document, &mut ctx).unwrap();
    verify(&bytes, format, &Limits::default()).unwrap();
    let pieces = extract_text(document, &mut Context::new(&options)).unwrap();
    (bytes, pieces.into_iter().map(|piece| format!("{}={}\n", piece.location, piece.text)).collect())
}

#[test]
fn an_empty_document_is_a_document() {
    rebuilt(&Document::default());
}

#[test]
fn everything_that_the_model_knows_passes_the_positive_list() {
    let props = Rc::new(RunProps {
        bold: Some(true),
        color: Some(Some([1, 2, 3])),
        font: Some("ＭＳ 明朝".to_owned()),
        underline: Some(Underline { style: "double", color: None }),
        highlight: Some("yellow"),
        vertical: Some(Vertical::Superscript),
        emphasis: Some("dot"),
        ..RunProps::default()
    });
    let inline = |piece: Piece| Inline { props: Rc::clone(&props), piece };
    let line = Some(Border { style: "single", width: 4, color: None, space: 1 });
    let paragraph = Paragraph {
        props: Rc::new(ParagraphProps {
            align: Some(Align::Justify),
            borders: Some([line; 5]),
            number: Some((1, 0)),
            tabs: Some(vec![Tab { at: 500, kind: "right", leader: "dot" }]),
            line: Some((240, LineRule::Exact)),
            first: Some(-200),
            shade: Some(Shade { fill: Some([9, 9, 9]), color: None, pattern: "clear" }),
            ..ParagraphProps::default()
        }),
        mark: Rc::clone(&props),
        inlines: vec![
            inline(Piece::BookmarkStart(0, "ここ".to_owned())),
            inline(Piece::Text("本文 <&>\u{1}".to_owned())),
            inline(Piece::Ruby("漢字".to_owned(), "かんじ".to_owned())),
            inline(Piece::FieldBegin),
            inline(Piece::Instruction(" HYPERLINK \"https://example.jp/\" ".to_owned())),
            inline(Piece::FieldSeparate),
            inline(Piece::Text("リンク".to_owned())),
            inline(Piece::FieldEnd),
            inline(Piece::BookmarkEnd(0)),
            inline(Piece::Footnote(0, false)),
            inline(Piece::Picture(Picture {
                bytes: Rc::new(vec![1, 2, 3]),
                width: 100,
                height: 100,
                place: None,
            })),
            inline(Piece::TextBox(TextBox {
                blocks: vec![text("箱の中")],
                width: 1_000,
                height: 500,
                place: Some(Place::default()),
            })),
        ],
    };
    let cell = |width: i32, words: &str| Cell {
        width,
        blocks: vec![text(words)],
        borders: [line; 5],
        ..Cell::default()
    };
    let rows = vec![
        Row { cells: vec![cell(1_000, "ア"), cell(2_000, "イ")], ..Row::default() },
        Row {
            cells: vec![Cell { merge: Merge::First, ..cell(3_000, "ウ") }], height: 400, ..Row::default()
        },
    ];
    let mut section = Section::new(
        Page { vertical: true, columns: 2, ..Page::default() },
        vec![Block::Paragraph(paragraph), Block::Table(Table { rows })],
    );
    section.headers = [Some(vec![text("見出し")]), None, None];
    let level = Level { start: 1, text: "%1.".to_owned(), ..Level::default() };
    let document = Document {
        styles: vec![Style { name: "標準".to_owned(), is_default: true, ..Style::default() }],
        lists: vec![List { levels: vec![level] }],
        numbers: vec![Number { list: 0, starts: vec![(0, 3)] }],
        sections: vec![section, Section::new(Page::default(), vec![text("後")])],
        footnotes: vec![vec![text("注")]],
        ..Document::default()
    };
    let (bytes, words) = rebuilt(&document);
    for wanted in ["本文=本文 <&>漢字リンク", "箱の中", "ウ", "ヘッダー 1=見出し", "脚注=注", "後"]
    {
        assert!(words.contains(wanted), "{wanted}: {words}");
    }
    let bare = crate::cases::bare(&bytes);
    for wanted in ["w:gridSpan w:val=\"2\"", "tbRl", "startOverride", "HYPERLINK", "wp:inline", "かんじ"] {
        assert!(bare.contains(wanted), "{wanted}");
    }
}
