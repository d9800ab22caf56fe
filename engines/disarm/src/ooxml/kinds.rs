//! The parts that a package may have, and which part may refer to which.

use super::allow::Ns;
use crate::Format;

/// The family of the main part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Word,
    Sheet,
    Slide,
}

impl Family {
    pub(super) fn of(format: Format) -> Self {
        match format {
            Format::Xlsx | Format::Xlsm | Format::Xltx | Format::Xltm => Self::Sheet,
            Format::Pptx | Format::Pptm | Format::Ppsx | Format::Ppsm | Format::Potx | Format::Potm => {
                Self::Slide
            }
            _ => Self::Word,
        }
    }
}

macro_rules! kinds {
    ($($kind:ident $ns:ident $root:literal $relation:literal $media:literal $path:literal [$($target:ident)*] [$($silent:ident)*];)*) => {
        /// A part that may be written.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(super) enum Kind { $($kind,)* }

        impl Kind {
            fn row(self) -> Row {
                match self { $(Kind::$kind => Row {
                    ns: Ns::$ns, root: $root, relation: $relation, media: $media, path: $path,
                    named: &[$(Kind::$target,)*], silent: &[$(Kind::$silent,)*],
                },)* }
            }
        }
    };
}

struct Row {
    ns: Ns,
    root: &'static str,
    relation: &'static str,
    media: &'static str,
    path: &'static str,
    named: &'static [Kind],
    silent: &'static [Kind],
}

// kind, root element, relationship type, content type, path (`#` is a number), parts that its XML names by an
// identifier, parts that belong to it without being named.
kinds! {
    WordDocument W "document" "officeDocument" "wordprocessingml.document.main" "word/document.xml"
        [WordHeader WordFooter Chart DiagramData DiagramLayout DiagramStyle DiagramColors]
        [WordStyles WordNumbering WordSettings WordFontTable WordFootnotes WordEndnotes WordComments Theme];
    WordStyles W "styles" "styles" "wordprocessingml.styles" "word/styles.xml" [] [];
    WordNumbering W "numbering" "numbering" "wordprocessingml.numbering" "word/numbering.xml" [] [];
    WordSettings W "settings" "settings" "wordprocessingml.settings" "word/settings.xml" [] [];
    WordFontTable W "fonts" "fontTable" "wordprocessingml.fontTable" "word/fontTable.xml" [] [];
    WordFootnotes W "footnotes" "footnotes" "wordprocessingml.footnotes" "word/footnotes.xml" [Chart] [];
    WordEndnotes W "endnotes" "endnotes" "wordprocessingml.endnotes" "word/endnotes.xml" [Chart] [];
    WordComments W "comments" "comments" "wordprocessingml.comments" "word/comments.xml" [Chart] [];
    WordHeader W "hdr" "header" "wordprocessingml.header" "word/header#.xml" [Chart DiagramData DiagramLayout DiagramStyle DiagramColors] [];
    WordFooter W "ftr" "footer" "wordprocessingml.footer" "word/footer#.xml" [Chart DiagramData DiagramLayout DiagramStyle DiagramColors] [];
    Workbook X "workbook" "officeDocument" "spreadsheetml.sheet.main" "xl/workbook.xml"
        [Worksheet Chartsheet] [SharedStrings SheetStyles Theme];
    Worksheet X "worksheet" "worksheet" "spreadsheetml.worksheet" "xl/worksheets/sheet#.xml" [SheetDrawing Table] [SheetComments];
    Chartsheet X "chartsheet" "chartsheet" "spreadsheetml.chartsheet" "xl/chartsheets/sheet#.xml" [SheetDrawing] [];
    SheetComments X "comments" "comments" "spreadsheetml.comments" "xl/comments#.xml" [] [];
    SharedStrings X "sst" "sharedStrings" "spreadsheetml.sharedStrings" "xl/sharedStrings.xml" [] [];
    SheetStyles X "styleSheet" "styles" "spreadsheetml.styles" "xl/styles.xml" [] [];
    Table X "table" "table" "spreadsheetml.table" "xl/tables/table#.xml" [] [];
    SheetDrawing XDR "wsDr" "drawing" "drawing" "xl/drawings/drawing#.xml" [Chart DiagramData DiagramLayout DiagramStyle DiagramColors] [];
    Presentation P "presentation" "officeDocument" "presentationml.presentation.main" "ppt/presentation.xml"
        [SlideMaster Slide NotesMaster HandoutMaster] [CommentAuthors PresentationProperties TableStyles Theme];
    SlideMaster P "sldMaster" "slideMaster" "presentationml.slideMaster" "ppt/slideMasters/slideMaster#.xml" [SlideLayout Chart Slide DiagramData DiagramLayout DiagramStyle DiagramColors] [Theme];
    SlideLayout P "sldLayout" "slideLayout" "presentationml.slideLayout" "ppt/slideLayouts/slideLayout#.xml" [Chart Slide DiagramData DiagramLayout DiagramStyle DiagramColors] [SlideMaster];
    Slide P "sld" "slide" "presentationml.slide" "ppt/slides/slide#.xml" [Chart Slide DiagramData DiagramLayout DiagramStyle DiagramColors] [SlideLayout NotesSlide SlideComments];
    NotesMaster P "notesMaster" "notesMaster" "presentationml.notesMaster" "ppt/notesMasters/notesMaster#.xml" [] [Theme];
    NotesSlide P "notes" "notesSlide" "presentationml.notesSlide" "ppt/notesSlides/notesSlide#.xml" [Slide] [NotesMaster Slide];
    HandoutMaster P "handoutMaster" "handoutMaster" "presentationml.handoutMaster" "ppt/handoutMasters/handoutMaster#.xml" [] [Theme];
    CommentAuthors P "cmAuthorLst" "commentAuthors" "presentationml.commentAuthors" "ppt/commentAuthors.xml" [] [];
    SlideComments P "cmLst" "comments" "presentationml.comments" "ppt/comments/comment#.xml" [] [];
    PresentationProperties P "presentationPr" "presProps" "presentationml.presProps" "ppt/presProps.xml" [] [];
    TableStyles A "tblStyleLst" "tableStyles" "presentationml.tableStyles" "ppt/tableStyles.xml" [] [];
    Theme A "theme" "theme" "theme" "theme/theme#.xml" [] [];
    Chart C "chartSpace" "chart" "drawingml.chart" "charts/chart#.xml" [ChartShapes] [];
    ChartShapes C "userShapes" "chartUserShapes" "drawingml.chartshapes" "drawings/chartshapes#.xml" [] [];
    DiagramData DGM "dataModel" "diagramData" "drawingml.diagramData" "diagrams/data#.xml" [] [];
    DiagramLayout DGM "layoutDef" "diagramLayout" "drawingml.diagramLayout" "diagrams/layout#.xml" [] [];
    DiagramStyle DGM "styleDef" "diagramQuickStyle" "drawingml.diagramStyle" "diagrams/quickStyle#.xml" [] [];
    DiagramColors DGM "colorsDef" "diagramColors" "drawingml.diagramColors" "diagrams/colors#.xml" [] [];
    DiagramDrawing DSP "drawing" "diagramDrawing" "vnd.ms-office.drawingml.diagramDrawing" "diagrams/drawing#.xml" [] [];
}

pub(super) const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
pub(super) const OFFICE_STRICT: &str = "http://purl.oclc.org/ooxml/officeDocument/relationships/";
pub(super) const DIAGRAM_DRAWING: &str =
    "http://schemas.microsoft.com/office/2007/relationships/diagramDrawing";

impl Kind {
    /// The main part of a family.
    pub(super) fn main(family: Family) -> Self {
        match family {
            Family::Word => Self::WordDocument,
            Family::Sheet => Self::Workbook,
            Family::Slide => Self::Presentation,
        }
    }

    /// Namespace and name of the root element.
    pub(super) fn root(self) -> (Ns, &'static str) {
        (self.row().ns, self.row().root)
    }

    /// The relationship type that is written.
    pub(super) fn relation(self) -> String {
        if self == Self::DiagramDrawing {
            DIAGRAM_DRAWING.to_owned()
        } else {
            format!("{OFFICE}{}", self.row().relation)
        }
    }

    /// Does a relationship type (its last segment, of either conformance class) lead to such a part?
    pub(super) fn is_relation(self, segment: &str) -> bool {
        self.row().relation == segment
    }

    /// The content type that is written; that of the main part depends on the document's kind.
    pub(super) fn media_type(self) -> String {
        if self == Self::DiagramDrawing {
            return "application/vnd.ms-office.drawingml.diagramDrawing+xml".to_owned();
        }
        format!("application/vnd.openxmlformats-officedocument.{}+xml", self.row().media)
    }

    /// The content type of the main part of a document, a template or a show.
    pub(super) fn main_media_type(family: Family, written: Format) -> String {
        let media = Self::main(family).media_type();
        if let Some(with_macros) = super::macros::main_media_type(written) {
            return with_macros.to_owned();
        }
        match written {
            Format::Dotx => media.replace(".document.main", ".template.main"),
            Format::Xltx => media.replace(".sheet.main", ".template.main"),
            Format::Potx => media.replace(".presentation.main", ".template.main"),
            Format::Ppsx => media.replace(".presentation.main", ".slideshow.main"),
            _ => media,
        }
    }

    /// Where the `number`-th part of this kind is written.
    pub(super) fn path(self, family: Family, number: usize) -> String {
        let path = self.row().path.replace('#', &number.to_string());
        let folder = match family {
            Family::Word => "word/",
            Family::Sheet => "xl/",
            Family::Slide => "ppt/",
        };
        if ["word/", "xl/", "ppt/"].iter().any(|known| path.starts_with(known)) {
            path
        } else {
            format!("{folder}{path}")
        }
    }

    /// Is there at most one in a package?
    pub(super) fn is_single(self) -> bool {
        !self.row().path.contains('#')
    }

    /// Parts that its XML may name.
    pub(super) fn named(self) -> &'static [Self] {
        self.row().named
    }

    /// Parts that belong to it without being named.
    pub(super) fn silent(self) -> &'static [Self] {
        self.row().silent
    }

    /// May it show pictures?
    pub(super) fn has_pictures(self) -> bool {
        !matches!(
            self,
            Self::WordStyles
                | Self::WordSettings
                | Self::WordFontTable
                | Self::Workbook
                | Self::SharedStrings
                | Self::SheetStyles
                | Self::Table
                | Self::CommentAuthors
                | Self::SlideComments
                | Self::SheetComments
        )
    }

    /// May it link to the web?
    pub(super) fn has_links(self) -> bool {
        self.has_pictures() && !matches!(self, Self::Theme | Self::WordNumbering | Self::TableStyles)
    }

    /// What people call the place.
    pub(super) fn place(self, number: usize) -> String {
        match self {
            Self::WordDocument => "本文".to_owned(),
            Self::WordHeader => format!("ヘッダー {number}"),
            Self::WordFooter => format!("フッター {number}"),
            Self::WordFootnotes => "脚注".to_owned(),
            Self::WordEndnotes => "文末脚注".to_owned(),
            Self::WordComments => "コメント".to_owned(),
            Self::SlideComments => format!("コメント {number}"),
            Self::Workbook => "ブック".to_owned(),
            Self::Worksheet | Self::Chartsheet => format!("シート {number}"),
            Self::Slide => format!("スライド {number}"),
            Self::NotesSlide => format!("ノート {number}"),
            Self::SlideMaster => format!("スライドマスター {number}"),
            Self::SlideLayout => format!("スライドレイアウト {number}"),
            Self::Presentation => "プレゼンテーション".to_owned(),
            Self::Chart => format!("グラフ {number}"),
            other => {
                other.row().path.rsplit('/').next().unwrap_or_default().replace('#', &number.to_string())
            }
        }
    }
}
