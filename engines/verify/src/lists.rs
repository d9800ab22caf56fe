//! The names that an output may use, as data: one file a namespace, one element a line with its attributes. They are
//! the one thing that writers and this second reader have in common; what must never be on them is named again in
//! `lists/never`, which only the readers use.

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
    NEVER_CAD "never/cad.list"
    NEVER_ODF "never/odf.list"
    NEVER_OOXML "never/ooxml.list"
    PDF_KEYS "pdf/keys.list"
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
    macro_rules! namespaces {
        ($($prefix:ident $uri:literal $($list:literal)?;)*) => {
            /// Prefix as written, namespace, its list (empty where only attributes are of it, or nothing is written).
            pub const NAMESPACES: &[(&str, &str, &str)] = &[
                $((stringify!($prefix), $uri, concat!($(include_str!(concat!("../lists/odf/", $list, ".list")))?))),*
            ];
        };
    }

    namespaces! {
        anim "urn:oasis:names:tc:opendocument:xmlns:animation:1.0" "anim";
        calcext "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" "calcext";
        chart "urn:oasis:names:tc:opendocument:xmlns:chart:1.0" "chart";
        chartooo "http://openoffice.org/2010/chart";
        css3t "http://www.w3.org/TR/css3-text/";
        dc "http://purl.org/dc/elements/1.1/" "dc";
        dr3d "urn:oasis:names:tc:opendocument:xmlns:dr3d:1.0" "dr3d";
        draw "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" "draw";
        drawooo "http://openoffice.org/2010/draw";
        fo "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0";
        form "urn:oasis:names:tc:opendocument:xmlns:form:1.0";
        loext "urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0" "loext";
        math "http://www.w3.org/1998/Math/MathML" "math";
        number "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" "number";
        office "urn:oasis:names:tc:opendocument:xmlns:office:1.0" "office";
        officeooo "http://openoffice.org/2009/office";
        of "urn:oasis:names:tc:opendocument:xmlns:of:1.2";
        oooc "http://openoffice.org/2004/calc";
        ooow "http://openoffice.org/2004/writer";
        presentation "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0" "presentation";
        script "urn:oasis:names:tc:opendocument:xmlns:script:1.0";
        smil "urn:oasis:names:tc:opendocument:xmlns:smil-compatible:1.0";
        style "urn:oasis:names:tc:opendocument:xmlns:style:1.0" "style";
        svg "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" "svg";
        table "urn:oasis:names:tc:opendocument:xmlns:table:1.0" "table";
        tableooo "http://openoffice.org/2009/table";
        text "urn:oasis:names:tc:opendocument:xmlns:text:1.0" "text";
        xlink "http://www.w3.org/1999/xlink";
        xml "http://www.w3.org/XML/1998/namespace";
    }
}

/// The words of a list of things that must not be in an output, even if another list allowed them.
pub(crate) fn never(list: &'static str) -> std::collections::HashSet<&'static str> {
    list.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace).collect()
}
