//! Paragraphs, runs and tables as WordprocessingML.

use std::fmt::Write as _;
use std::rc::Rc;

use super::properties::{escape, shade, sides};
use super::{Block, Cell, Inline, Merge, Paragraph, Picture, Piece, Place, Row, Table, TextBox, Wrap};

/// Twips to English metric units.
const EMU: i64 = 635;
/// The widest and highest that Word draws.
const MAX_LENGTH: i32 = 31_680;
/// Edges of cells nearer than this are one.
const SAME_EDGE: i32 = 12;
const MAX_COLUMNS: usize = 63;

/// Pictures of the whole package, and the relationships of the part that is being written.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    /// Each picture once.
    pub(super) files: Vec<Rc<Vec<u8>>>,
    /// Those that the current part shows.
    pub(super) shown: Vec<usize>,
    drawings: usize,
}

impl Pictures {
    fn show(&mut self, bytes: &Rc<Vec<u8>>) -> usize {
        let known = self.files.iter().position(|file| Rc::ptr_eq(file, bytes) || file == bytes);
        let at = known.unwrap_or_else(|| {
            self.files.push(Rc::clone(bytes));
            self.files.len() - 1
        });
        if !self.shown.contains(&at) {
            self.shown.push(at);
        }
        at
    }
}

/// Writes blocks; `last` goes into the properties of the last paragraph, which is added where there is none.
pub(super) fn blocks(out: &mut String, blocks: &[Block], last: &str, pictures: &mut Pictures) {
    let mut rest = blocks.iter().peekable();
    let mut needs_end = true;
    while let Some(block) = rest.next() {
        needs_end = true;
        match block {
            Block::Paragraph(block) => {
                let is_last = rest.peek().is_none();
                paragraph(out, block, if is_last { last } else { "" }, pictures);
                needs_end = false;
            }
            Block::Table(block) => table(out, block, pictures),
        }
    }
    if needs_end {
        paragraph(out, &Paragraph::default(), last, pictures);
    }
}

fn paragraph(out: &mut String, paragraph: &Paragraph, section: &str, pictures: &mut Pictures) {
    out.push_str("<w:p>");
    let inner = paragraph.props.xml() + &paragraph.mark.element() + section;
    if !inner.is_empty() {
        _ = write!(out, "<w:pPr>{inner}</w:pPr>");
    }
    let mut rest = paragraph.inlines.iter().peekable();
    while let Some(first) = rest.next() {
        if let Some(mark) = bookmark(&first.piece) {
            out.push_str(&mark);
            continue;
        }
        _ = write!(out, "<w:r>{}", first.props.element());
        piece(out, first, pictures);
        // Pieces of one look share a run.
        while let Some(next) = rest.peek() {
            if bookmark(&next.piece).is_some()
                || (!Rc::ptr_eq(&first.props, &next.props) && first.props != next.props)
            {
                break;
            }
            piece(out, next, pictures);
            rest.next();
        }
        out.push_str("</w:r>");
    }
    out.push_str("</w:p>");
}

fn bookmark(piece: &Piece) -> Option<String> {
    match piece {
        Piece::BookmarkStart(id, name) => {
            let name: String = name.chars().take(40).collect();
            Some(format!("<w:bookmarkStart w:id=\"{id}\" w:name=\"{}\"/>", escape(&name)))
        }
        Piece::BookmarkEnd(id) => Some(format!("<w:bookmarkEnd w:id=\"{id}\"/>")),
        _ => None,
    }
}

fn piece(out: &mut String, inline: &Inline, pictures: &mut Pictures) {
    match &inline.piece {
        Piece::Text(text) => _ = write!(out, "<w:t xml:space=\"preserve\">{}</w:t>", escape(text)),
        Piece::Tab => out.push_str("<w:tab/>"),
        Piece::LineBreak => out.push_str("<w:br/>"),
        Piece::PageBreak => out.push_str("<w:br w:type=\"page\"/>"),
        Piece::ColumnBreak => out.push_str("<w:br w:type=\"column\"/>"),
        Piece::NoBreakHyphen => out.push_str("<w:noBreakHyphen/>"),
        Piece::SoftHyphen => out.push_str("<w:softHyphen/>"),
        Piece::FieldBegin => out.push_str("<w:fldChar w:fldCharType=\"begin\"/>"),
        Piece::Instruction(text) => {
            _ = write!(out, "<w:instrText xml:space=\"preserve\">{}</w:instrText>", escape(text));
        }
        Piece::FieldSeparate => out.push_str("<w:fldChar w:fldCharType=\"separate\"/>"),
        Piece::FieldEnd => out.push_str("<w:fldChar w:fldCharType=\"end\"/>"),
        Piece::Picture(value) => picture(out, value, pictures),
        Piece::TextBox(value) => text_box(out, value, pictures),
        Piece::Footnote(index, own) => note(out, "footnote", *index, *own),
        Piece::Endnote(index, own) => note(out, "endnote", *index, *own),
        Piece::FootnoteMark => out.push_str("<w:footnoteRef/>"),
        Piece::EndnoteMark => out.push_str("<w:endnoteRef/>"),
        Piece::Ruby(base, reading) => ruby(out, inline, base, reading),
        Piece::BookmarkStart(..) | Piece::BookmarkEnd(_) => {}
    }
}

fn note(out: &mut String, kind: &str, index: usize, own: bool) {
    let own = if own { " w:customMarkFollows=\"1\"" } else { "" };
    _ = write!(out, "<w:{kind}Reference{own} w:id=\"{}\"/>", index + 1);
}

fn ruby(out: &mut String, inline: &Inline, base: &str, reading: &str) {
    let size = inline.props.size.unwrap_or(21).clamp(2, 400);
    let mut small = (*inline.props).clone();
    small.size = Some(size / 2);
    _ = write!(
        out,
        "<w:ruby><w:rubyPr><w:rubyAlign w:val=\"distributeSpace\"/><w:hps w:val=\"{}\"/><w:hpsRaise w:val=\"{}\"/>\
         <w:hpsBaseText w:val=\"{size}\"/><w:lid w:val=\"ja-JP\"/></w:rubyPr>\
         <w:rt><w:r>{}<w:t>{}</w:t></w:r></w:rt><w:rubyBase><w:r>{}<w:t>{}</w:t></w:r></w:rubyBase></w:ruby>",
        size / 2,
        size.saturating_sub(2),
        small.element(),
        escape(reading),
        inline.props.element(),
        escape(base),
    );
}

fn emu(twips: i32) -> i64 {
    i64::from(twips.clamp(-MAX_LENGTH, MAX_LENGTH)) * EMU
}

fn picture(out: &mut String, picture: &Picture, pictures: &mut Pictures) {
    let file = pictures.show(&picture.bytes) + 1;
    pictures.drawings += 1;
    let id = pictures.drawings;
    let (width, height) = (emu(picture.width.max(15)), emu(picture.height.max(15)));
    let frame = match &picture.place {
        None => "<wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\">".to_owned(),
        Some(place) => anchor(place),
    };
    let wrap = picture.place.as_ref().map_or("", |place| match place.wrap {
        Wrap::Around => "<wp:wrapSquare wrapText=\"bothSides\"/>",
        Wrap::Beside => "<wp:wrapTopAndBottom/>",
        Wrap::None => "<wp:wrapNone/>",
    });
    let end = if picture.place.is_some() { "anchor" } else { "inline" };
    _ = write!(
        out,
        "<w:drawing>{frame}<wp:extent cx=\"{width}\" cy=\"{height}\"/>{wrap}<wp:docPr id=\"{id}\" name=\"Picture {id}\"/>\
         <a:graphic><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic>\
         <pic:nvPicPr><pic:cNvPr id=\"{id}\" name=\"Picture {id}\"/><pic:cNvPicPr/></pic:nvPicPr>\
         <pic:blipFill><a:blip r:embed=\"p{file}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>\
         <pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm>\
         <a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:{end}></w:drawing>"
    );
}

fn anchor(place: &Place) -> String {
    let (x, y) = (emu(place.x), emu(place.y));
    let (behind, from_x, from_y) =
        (u8::from(place.behind), from(place.from_x, "column"), from(place.from_y, "paragraph"));
    format!(
        "<wp:anchor distT=\"0\" distB=\"0\" distL=\"114300\" distR=\"114300\" simplePos=\"0\" relativeHeight=\"1\" \
         behindDoc=\"{behind}\" locked=\"0\" layoutInCell=\"1\" allowOverlap=\"1\"><wp:simplePos x=\"0\" y=\"0\"/>\
         <wp:positionH relativeFrom=\"{from_x}\"><wp:posOffset>{x}</wp:posOffset></wp:positionH>\
         <wp:positionV relativeFrom=\"{from_y}\"><wp:posOffset>{y}</wp:posOffset></wp:positionV>"
    )
}

fn from(code: u8, text: &'static str) -> &'static str {
    match code {
        0 => "margin",
        1 => "page",
        _ => text,
    }
}

fn text_box(out: &mut String, text_box: &TextBox, pictures: &mut Pictures) {
    pictures.drawings += 1;
    let points = |twips: i32| f64::from(twips.clamp(-MAX_LENGTH, MAX_LENGTH)) / 20.0;
    let (width, height) = (points(text_box.width.max(200)), points(text_box.height.max(200)));
    let mut style = String::new();
    if let Some(place) = &text_box.place {
        let relative = |code: u8| from(code, "text");
        _ = write!(
            style,
            "position:absolute;margin-left:{}pt;margin-top:{}pt;mso-position-horizontal-relative:{};\
             mso-position-vertical-relative:{};z-index:{};",
            points(place.x),
            points(place.y),
            relative(place.from_x),
            relative(place.from_y),
            if place.behind { "-1" } else { "1" },
        );
    }
    _ = write!(
        out,
        "<w:pict><v:rect id=\"box{}\" style=\"{style}width:{width}pt;height:{height}pt\" filled=\"f\" stroked=\"f\">\
         <v:textbox inset=\"0,0,0,0\"><w:txbxContent>",
        pictures.drawings
    );
    blocks(out, &text_box.blocks, "", pictures);
    out.push_str("</w:txbxContent></v:textbox></v:rect></w:pict>");
}

/// The vertical lines of a table: where its columns end.
struct Grid {
    edges: Vec<i32>,
}

impl Grid {
    fn of(table: &Table) -> Self {
        let mut edges: Vec<i32> = Vec::new();
        for row in &table.rows {
            let mut at = row.left;
            edges.push(at);
            for cell in &row.cells {
                at = at.saturating_add(cell.width.max(0));
                edges.push(at);
            }
        }
        edges.sort_unstable();
        let mut kept: Vec<i32> = Vec::new();
        for edge in edges {
            if kept.last().is_none_or(|last| edge.saturating_sub(*last) > SAME_EDGE) {
                kept.push(edge);
            }
        }
        Self { edges: kept }
    }

    /// Index of the line at or nearest before a place.
    fn line(&self, at: i32) -> usize {
        let after = self.edges.partition_point(|edge| *edge <= at.saturating_add(SAME_EDGE));
        after.saturating_sub(1)
    }

    fn left(&self) -> i32 {
        self.edges.first().copied().unwrap_or(0)
    }

    fn widths(&self) -> Vec<i32> {
        self.edges.iter().zip(self.edges.iter().skip(1)).map(|(a, b)| b.saturating_sub(*a)).collect()
    }
}

fn table(out: &mut String, table: &Table, pictures: &mut Pictures) {
    let Some(first) = table.rows.first() else { return };
    let has_widths = table.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.width > 0);
    let grid = has_widths.then(|| Grid::of(table));
    out.push_str("<w:tbl><w:tblPr>");
    match &grid {
        Some(grid) => {
            let width: i32 = grid.widths().iter().fold(0, |sum: i32, width| sum.saturating_add(*width));
            _ = write!(out, "<w:tblW w:w=\"{}\" w:type=\"dxa\"/>", width.clamp(0, MAX_LENGTH));
        }
        None => out.push_str("<w:tblW w:w=\"5000\" w:type=\"pct\"/>"),
    }
    if let Some(align) = first.align {
        _ = write!(out, "<w:jc w:val=\"{}\"/>", align.name());
    }
    let gap = first.gap.clamp(0, 1_000);
    let left = grid.as_ref().map_or(0, |grid| grid.left().saturating_add(gap));
    _ = write!(out, "<w:tblInd w:w=\"{}\" w:type=\"dxa\"/>", left.clamp(-MAX_LENGTH, MAX_LENGTH));
    let layout = if has_widths { "fixed" } else { "autofit" };
    _ = write!(
        out,
        "<w:tblLayout w:type=\"{layout}\"/><w:tblCellMar><w:left w:w=\"{gap}\" w:type=\"dxa\"/>\
         <w:right w:w=\"{gap}\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr><w:tblGrid>"
    );
    let columns = |row: &Row| row.cells.iter().map(|cell| usize::from(cell.columns.max(1))).sum::<usize>();
    let widths = match &grid {
        Some(grid) => grid.widths(),
        None => {
            let count = table.rows.iter().map(columns).max().unwrap_or(1).clamp(1, MAX_COLUMNS);
            vec![9_000 / i32::try_from(count).unwrap_or(1); count]
        }
    };
    for width in &widths {
        _ = write!(out, "<w:gridCol w:w=\"{}\"/>", (*width).clamp(0, MAX_LENGTH));
    }
    out.push_str("</w:tblGrid>");
    for line in &table.rows {
        row(out, line, grid.as_ref(), pictures);
    }
    out.push_str("</w:tbl>");
}

fn row(out: &mut String, row: &Row, grid: Option<&Grid>, pictures: &mut Pictures) {
    out.push_str("<w:tr>");
    let mut inner = String::new();
    let before = grid.map_or(0, |grid| grid.line(row.left));
    if before > 0 {
        let width = grid.map_or(0, |grid| row.left.saturating_sub(grid.left()));
        _ = write!(
            inner,
            "<w:gridBefore w:val=\"{before}\"/><w:wBefore w:w=\"{}\" w:type=\"dxa\"/>",
            width.max(0)
        );
    }
    if row.keep {
        inner.push_str("<w:cantSplit/>");
    }
    if row.height != 0 {
        let rule = if row.height < 0 { "exact" } else { "atLeast" };
        let height = row.height.saturating_abs().min(MAX_LENGTH);
        _ = write!(inner, "<w:trHeight w:val=\"{height}\" w:hRule=\"{rule}\"/>");
    }
    if row.is_header {
        inner.push_str("<w:tblHeader/>");
    }
    if !inner.is_empty() {
        _ = write!(out, "<w:trPr>{inner}</w:trPr>");
    }
    let mut at = row.left;
    for one in row.cells.iter().take(MAX_COLUMNS) {
        let end = at.saturating_add(one.width.max(0));
        let span = match grid {
            Some(grid) => grid.line(end).saturating_sub(grid.line(at)).max(1),
            None => usize::from(one.columns.max(1)),
        };
        at = end;
        cell(out, one, span, pictures);
    }
    if row.cells.is_empty() {
        cell(out, &Cell::default(), 1, pictures);
    }
    out.push_str("</w:tr>");
}

fn cell(out: &mut String, cell: &Cell, span: usize, pictures: &mut Pictures) {
    out.push_str("<w:tc><w:tcPr>");
    if cell.width > 0 {
        _ = write!(out, "<w:tcW w:w=\"{}\" w:type=\"dxa\"/>", cell.width.min(MAX_LENGTH));
    } else {
        out.push_str("<w:tcW w:w=\"0\" w:type=\"auto\"/>");
    }
    if span > 1 {
        _ = write!(out, "<w:gridSpan w:val=\"{span}\"/>");
    }
    match cell.merge {
        Merge::First => out.push_str("<w:vMerge w:val=\"restart\"/>"),
        Merge::More => out.push_str("<w:vMerge/>"),
        Merge::No => {}
    }
    sides(out, "tcBorders", &cell.borders);
    if let Some(value) = &cell.shade {
        shade(out, value);
    }
    if let Some(direction) = cell.direction {
        _ = write!(out, "<w:textDirection w:val=\"{direction}\"/>");
    }
    match cell.align {
        1 => out.push_str("<w:vAlign w:val=\"center\"/>"),
        2 => out.push_str("<w:vAlign w:val=\"bottom\"/>"),
        _ => {}
    }
    out.push_str("</w:tcPr>");
    blocks(out, &cell.blocks, "", pictures);
    out.push_str("</w:tc>");
}
