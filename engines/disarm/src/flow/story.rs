//! Stories (body, headers, notes, text boxes): paragraphs come in, nested tables are put together.

use std::rc::Rc;

use super::{Block, Border, Cell, Inline, Paragraph, ParagraphProps, Row, RunProps, Table};

/// Tables deeper than this are joined with the one around them.
const MAX_TABLES: usize = 16;

/// Where a story belongs, in words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Body,
    Header,
    Footer,
    Footnote,
    Endnote,
    TextBox,
}

impl Kind {
    pub(crate) fn place(self) -> &'static str {
        match self {
            Self::Body => "本文",
            Self::Header => "ヘッダー",
            Self::Footer => "フッター",
            Self::Footnote => "脚注",
            Self::Endnote => "文末脚注",
            Self::TextBox => "テキストボックス",
        }
    }
}

/// A table that is not complete yet.
#[derive(Debug, Default)]
struct Open {
    rows: Vec<Row>,
    cells: Vec<Vec<Block>>,
    blocks: Vec<Block>,
}

/// What a row looks like, as its source describes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowState {
    pub(crate) row: Row,
    /// Right edges and what is known of the cells.
    pub(crate) cells: Vec<(i32, CellState)>,
    pub(crate) cell: CellState,
    pub(crate) borders: [Option<Border>; 6],
}

#[derive(Debug, Clone, Default)]
pub(crate) struct CellState {
    pub(crate) cell: Cell,
    /// Joined with the cell before.
    pub(crate) joined: bool,
}

#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) kind: Kind,
    blocks: Vec<Block>,
    tables: Vec<Open>,
    pub(crate) inlines: Vec<Inline>,
    /// The number that a reader without lists would show before the current paragraph.
    pub(crate) number: Vec<Inline>,
}

impl Story {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, blocks: Vec::new(), tables: Vec::new(), inlines: Vec::new(), number: Vec::new() }
    }

    /// Ends the current paragraph at a depth of tables.
    pub(crate) fn end_paragraph(&mut self, props: Rc<ParagraphProps>, mark: Rc<RunProps>, depth: usize) {
        self.reach(depth.min(MAX_TABLES));
        let mut inlines = std::mem::take(&mut self.inlines);
        let mut number = std::mem::take(&mut self.number);
        if props.number.is_none_or(|(number, _)| number == 0) && !number.is_empty() {
            number.append(&mut inlines);
            inlines = number;
        }
        self.place(Block::Paragraph(Paragraph { props, mark, inlines }));
    }

    /// Opens or closes tables until the depth is right.
    fn reach(&mut self, depth: usize) {
        while self.tables.len() > depth {
            self.close_table();
        }
        while self.tables.len() < depth {
            self.tables.push(Open::default());
        }
    }

    fn place(&mut self, block: Block) {
        match self.tables.last_mut() {
            Some(table) => table.blocks.push(block),
            None => self.blocks.push(block),
        }
    }

    fn close_table(&mut self) {
        let Some(mut table) = self.tables.pop() else { return };
        // What was not ended by a row is kept as paragraphs.
        let loose: Vec<Block> = table.cells.drain(..).flatten().chain(table.blocks.drain(..)).collect();
        if !table.rows.is_empty() {
            self.place(Block::Table(Table { rows: table.rows }));
        }
        loose.into_iter().for_each(|block| self.place(block));
    }

    /// Ends a cell; its last paragraph has been ended before.
    pub(crate) fn end_cell(&mut self, depth: usize) {
        self.reach(depth.clamp(1, MAX_TABLES));
        if let Some(table) = self.tables.last_mut() {
            let blocks = std::mem::take(&mut table.blocks);
            table.cells.push(blocks);
        }
    }

    /// Ends a row that looks as described.
    pub(crate) fn end_row(&mut self, depth: usize, described: &RowState) {
        self.reach(depth.clamp(1, MAX_TABLES));
        let Some(table) = self.tables.last_mut() else { return };
        let mut texts = std::mem::take(&mut table.cells);
        if !table.blocks.is_empty() {
            texts.push(std::mem::take(&mut table.blocks));
        }
        if texts.is_empty() && described.cells.is_empty() {
            return;
        }
        table.rows.push(row(texts, described));
    }

    /// What the story holds; text that no paragraph mark ended counts as a paragraph.
    pub(crate) fn finish(&mut self) -> Vec<Block> {
        self.reach(0);
        std::mem::take(&mut self.blocks)
    }
}

fn row(texts: Vec<Vec<Block>>, described: &RowState) -> Row {
    let mut row = described.row.clone();
    let mut edge = row.left;
    let mut texts = texts.into_iter();
    for (right, state) in &described.cells {
        let width = right.saturating_sub(edge).max(0);
        edge = edge.max(*right);
        let mut blocks = texts.next().unwrap_or_default();
        if state.joined
            && let Some(first) = row.cells.last_mut()
        {
            first.width = first.width.saturating_add(width);
            if blocks.iter().any(has_content) {
                first.blocks.append(&mut blocks);
            }
            continue;
        }
        let mut cell = state.cell.clone();
        for (side, default) in cell.borders.iter_mut().zip(&described.borders) {
            *side = side.or(*default);
        }
        cell.width = width;
        cell.blocks = blocks;
        row.cells.push(cell);
    }
    // More texts than descriptions: they go on below, in the last cell.
    for mut blocks in texts {
        match row.cells.last_mut() {
            Some(last) => last.blocks.append(&mut blocks),
            None => row.cells.push(Cell { width: 9_000, blocks, ..Default::default() }),
        }
    }
    row
}

fn has_content(block: &Block) -> bool {
    match block {
        Block::Paragraph(paragraph) => !paragraph.inlines.is_empty(),
        Block::Table(_) => true,
    }
}
