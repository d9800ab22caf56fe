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
