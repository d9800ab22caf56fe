//! The positive list: which elements and attributes of which namespaces may be written.
//!
//! One file a namespace in `engines/verify/lists/ooxml/`, one element a line: its name, `$` when it holds text, its attributes. The
//! names are those of ISO/IEC 29500 and of Microsoft's published extensions, less everything that runs, fetches or
//! hides. To allow something, add it there and ask what a reader would do with it.

use std::collections::HashMap;
use std::sync::OnceLock;

use sekisho_verify::lists;

/// A namespace that is read or written, an index into [`NAMESPACES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ns(u8);

macro_rules! namespaces {
    ($($name:ident $index:literal $prefix:literal $uri:literal $strict:literal $list:expr;)*) => {
        #[allow(dead_code, reason = "some namespaces are known by their lists only")]
        impl Ns { $(pub(super) const $name: Ns = Ns($index);)* }
        const NAMESPACES: &[(&str, &str, &str, &str)] = &[$(($prefix, $uri, $strict, $list),)*];
    };
}

namespaces! {
    X 0 "" "http://schemas.openxmlformats.org/spreadsheetml/2006/main" "http://purl.oclc.org/ooxml/spreadsheetml/main" lists::X;
    W 1 "w" "http://schemas.openxmlformats.org/wordprocessingml/2006/main" "http://purl.oclc.org/ooxml/wordprocessingml/main" lists::W;
    P 2 "p" "http://schemas.openxmlformats.org/presentationml/2006/main" "http://purl.oclc.org/ooxml/presentationml/main" lists::P;
    A 3 "a" "http://schemas.openxmlformats.org/drawingml/2006/main" "http://purl.oclc.org/ooxml/drawingml/main" lists::A;
    R 4 "r" "http://schemas.openxmlformats.org/officeDocument/2006/relationships" "http://purl.oclc.org/ooxml/officeDocument/relationships" "";
    M 5 "m" "http://schemas.openxmlformats.org/officeDocument/2006/math" "http://purl.oclc.org/ooxml/officeDocument/math" lists::M;
    PIC 6 "pic" "http://schemas.openxmlformats.org/drawingml/2006/picture" "http://purl.oclc.org/ooxml/drawingml/picture" lists::PIC;
    WP 7 "wp" "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" "http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing" lists::WP;
    WPS 8 "wps" "http://schemas.microsoft.com/office/word/2010/wordprocessingShape" "" lists::WPS;
    WPG 9 "wpg" "http://schemas.microsoft.com/office/word/2010/wordprocessingGroup" "" lists::WPG;
    V 10 "v" "urn:schemas-microsoft-com:vml" "" lists::V;
    O 11 "o" "urn:schemas-microsoft-com:office:office" "" lists::O;
    W10 12 "w10" "urn:schemas-microsoft-com:office:word" "" lists::W10;
    C 13 "c" "http://schemas.openxmlformats.org/drawingml/2006/chart" "http://purl.oclc.org/ooxml/drawingml/chart" lists::C;
    CDR 14 "cdr" "http://schemas.openxmlformats.org/drawingml/2006/chartDrawing" "http://purl.oclc.org/ooxml/drawingml/chartDrawing" lists::CDR;
    DGM 15 "dgm" "http://schemas.openxmlformats.org/drawingml/2006/diagram" "http://purl.oclc.org/ooxml/drawingml/diagram" lists::DGM;
    DSP 16 "dsp" "http://schemas.microsoft.com/office/drawing/2008/diagram" "" lists::DSP;
    XDR 17 "xdr" "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" "http://purl.oclc.org/ooxml/drawingml/spreadsheetDrawing" lists::XDR;
    MC 18 "mc" "http://schemas.openxmlformats.org/markup-compatibility/2006" "" "";
    XML 19 "xml" "http://www.w3.org/XML/1998/namespace" "" "";
    W14 20 "w14" "http://schemas.microsoft.com/office/word/2010/wordml" "" lists::W14;
    WP14 21 "wp14" "http://schemas.microsoft.com/office/word/2010/wordprocessingDrawing" "" lists::WP14;
    X14 22 "x14" "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" "" lists::X14;
    XM 23 "xm" "http://schemas.microsoft.com/office/excel/2006/main" "" lists::XM;
}

impl Ns {
    /// The namespace of a URI; a strict URI means its transitional sister.
    pub(super) fn of(uri: &str) -> Option<Self> {
        let at = NAMESPACES.iter().position(|row| row.1 == uri || (!row.2.is_empty() && row.2 == uri))?;
        u8::try_from(at).ok().map(Self)
    }

    /// The prefix that outputs use; empty for the default namespace.
    pub(super) fn prefix(self) -> &'static str {
        self.row().map_or("", |row| row.0)
    }

    /// The transitional URI.
    pub(super) fn uri(self) -> &'static str {
        self.row().map_or("", |row| row.1)
    }

    fn row(self) -> Option<&'static (&'static str, &'static str, &'static str, &'static str)> {
        NAMESPACES.get(usize::from(self.0))
    }

    /// The bit of this namespace in a set.
    pub(super) fn bit(self) -> u32 {
        1 << self.0
    }

    /// The namespaces in a set of bits.
    pub(super) fn in_set(bits: u32) -> impl Iterator<Item = Self> {
        (0..NAMESPACES.len())
            .filter_map(|at| u8::try_from(at).ok())
            .map(Self)
            .filter(move |ns| bits & ns.bit() != 0)
    }

    /// The namespace that outputs write under this prefix.
    pub(super) fn of_prefix(prefix: &str) -> Option<Self> {
        let at = NAMESPACES.iter().position(|row| row.0 == prefix)?;
        u8::try_from(at).ok().map(Self)
    }
}

/// An element that may be written.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) ns: Ns,
    pub(super) local: &'static str,
    /// Text in it is content; elsewhere text is white space between elements.
    pub(super) text: bool,
    /// Names as they are written: `w:val`, `val`, `r:id`, `xml:space`.
    pub(super) attributes: Vec<&'static str>,
}

impl Spec {
    /// Is it this element?
    pub(super) fn is(&self, ns: Ns, local: &str) -> bool {
        self.ns == ns && self.local == local
    }

    /// The written name of an attribute, if it is on the list. `ns` is `None` for an unqualified attribute.
    pub(super) fn attribute(&self, ns: Option<Ns>, local: &str) -> Option<&'static str> {
        self.attributes.iter().copied().find(|written| match (written.split_once(':'), ns) {
            (None, None) => *written == local,
            (Some((prefix, name)), Some(ns)) => prefix == ns.prefix() && name == local,
            _ => false,
        })
    }
}

/// The listed element of this name.
pub(super) fn element(ns: Ns, local: &str) -> Option<&'static Spec> {
    lists().get(usize::from(ns.0)).and_then(|list| list.get(local))
}

/// Elements of Word that are read for what they show and never written; the second reader refuses them.
const READ_ONLY: &[&str] = &["ffData"];

fn lists() -> &'static [HashMap<&'static str, Spec>] {
    static LISTS: OnceLock<Vec<HashMap<&'static str, Spec>>> = OnceLock::new();
    LISTS.get_or_init(|| {
        NAMESPACES
            .iter()
            .zip(0..)
            .map(|(row, at)| {
                let read_only = if Ns(at) == Ns::W { READ_ONLY } else { &[] };
                let lines = row.3.lines().chain(read_only.iter().copied());
                lines.filter_map(|line| parse(Ns(at), line)).map(|s| (s.local, s)).collect()
            })
            .collect()
    })
}

fn parse(ns: Ns, line: &'static str) -> Option<Spec> {
    let mut words = line.split_ascii_whitespace().take_while(|word| *word != "#");
    let name = words.next()?;
    let local = name.strip_suffix('$').unwrap_or(name);
    Some(Spec { ns, local, text: local.len() != name.len(), attributes: words.collect() })
}
