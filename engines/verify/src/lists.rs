//! The names that an output may use, as data: one file a namespace, one element a line with its attributes. They are
//! the one thing that writers and this second reader have in common; what must never be on them is named again in
//! the readers.

macro_rules! lists {
    ($($name:ident $file:literal)*) => {
        $(
            #[doc = concat!("Elements and attributes of `", $file, "`.")]
            pub const $name: &str = include_str!(concat!("../lists/", $file));
        )*
    };
}

lists! {
    A "ooxml/a.list"
    C "ooxml/c.list"
    CDR "ooxml/cdr.list"
    DGM "ooxml/dgm.list"
    DSP "ooxml/dsp.list"
    FUNCTIONS "ooxml/functions.list"
    M "ooxml/m.list"
    O "ooxml/o.list"
    P "ooxml/p.list"
    PIC "ooxml/pic.list"
    SVG_ATTRIBUTES "svg/attributes.list"
    SVG_ELEMENTS "svg/elements.list"
    SVG_PROPERTIES "svg/properties.list"
    V "ooxml/v.list"
    W "ooxml/w.list"
    W10 "ooxml/w10.list"
    W14 "ooxml/w14.list"
    WP "ooxml/wp.list"
    WP14 "ooxml/wp14.list"
    WPG "ooxml/wpg.list"
    WPS "ooxml/wps.list"
    X "ooxml/x.list"
    X14 "ooxml/x14.list"
    XDR "ooxml/xdr.list"
    XM "ooxml/xm.list"
}

/// The one wording of the part that says which array formulas spill; cells refer to it with `cm="1"`.
pub const SPILL: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    include_str!("../lists/ooxml/spill.xml")
);

/// OpenDocument.
pub mod odf {
    /// Prefix as written, namespace, its list (empty where only attributes are of it, or nothing is written).
    pub const NAMESPACES: &[(&str, &str, &str)] = &[
        (
            "anim",
            "urn:oasis:names:tc:opendocument:xmlns:animation:1.0",
            include_str!("../lists/odf/anim.list"),
        ),
        (
            "calcext",
            "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
            include_str!("../lists/odf/calcext.list"),
        ),
        ("chart", "urn:oasis:names:tc:opendocument:xmlns:chart:1.0", include_str!("../lists/odf/chart.list")),
        ("chartooo", "http://openoffice.org/2010/chart", ""),
        ("css3t", "http://www.w3.org/TR/css3-text/", ""),
        ("dc", "http://purl.org/dc/elements/1.1/", include_str!("../lists/odf/dc.list")),
        ("dr3d", "urn:oasis:names:tc:opendocument:xmlns:dr3d:1.0", include_str!("../lists/odf/dr3d.list")),
        ("draw", "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0", include_str!("../lists/odf/draw.list")),
        ("drawooo", "http://openoffice.org/2010/draw", ""),
        ("fo", "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0", ""),
        ("form", "urn:oasis:names:tc:opendocument:xmlns:form:1.0", ""),
        (
            "loext",
            "urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0",
            include_str!("../lists/odf/loext.list"),
        ),
        ("math", "http://www.w3.org/1998/Math/MathML", include_str!("../lists/odf/math.list")),
        (
            "number",
            "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0",
            include_str!("../lists/odf/number.list"),
        ),
        (
            "office",
            "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
            include_str!("../lists/odf/office.list"),
        ),
        ("officeooo", "http://openoffice.org/2009/office", ""),
        // Languages of formulas, which values name by their prefix.
        ("of", "urn:oasis:names:tc:opendocument:xmlns:of:1.2", ""),
        ("oooc", "http://openoffice.org/2004/calc", ""),
        ("ooow", "http://openoffice.org/2004/writer", ""),
        (
            "presentation",
            "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0",
            include_str!("../lists/odf/presentation.list"),
        ),
        ("script", "urn:oasis:names:tc:opendocument:xmlns:script:1.0", ""),
        ("smil", "urn:oasis:names:tc:opendocument:xmlns:smil-compatible:1.0", ""),
        ("style", "urn:oasis:names:tc:opendocument:xmlns:style:1.0", include_str!("../lists/odf/style.list")),
        (
            "svg",
            "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
            include_str!("../lists/odf/svg.list"),
        ),
        ("table", "urn:oasis:names:tc:opendocument:xmlns:table:1.0", include_str!("../lists/odf/table.list")),
        ("tableooo", "http://openoffice.org/2009/table", ""),
        ("text", "urn:oasis:names:tc:opendocument:xmlns:text:1.0", include_str!("../lists/odf/text.list")),
        ("xlink", "http://www.w3.org/1999/xlink", ""),
        ("xml", "http://www.w3.org/XML/1998/namespace", ""),
    ];
}
