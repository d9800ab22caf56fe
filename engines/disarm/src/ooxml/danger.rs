//! What unlisted things are called in a report, and the few listed attributes whose value decides.

use super::allow::{Ns, Spec};
use crate::RemovalCode::{self, *};

/// Elements that deserve a better word than "unknown".
const ELEMENTS: &[(Ns, &[&str], RemovalCode)] = &[
    (Ns::W, &["altChunk"], EmbeddedFile),
    (Ns::W, &["object", "objectEmbed", "objectLink"], EmbeddedObject),
    (Ns::O, &["OLEObject"], EmbeddedObject),
    (Ns::P, &["oleObj", "embed", "link"], EmbeddedObject),
    (Ns::X, &["oleObjects", "oleObject"], EmbeddedObject),
    (Ns::W, &["control"], ActiveX),
    (Ns::P, &["controls", "control"], ActiveX),
    (Ns::X, &["controls", "control"], ActiveX),
    (Ns::W, &["subDoc", "attachedTemplate", "linkToQuery"], ExternalLink),
    (Ns::W, &["frameset", "src"], ExternalLink),
    (Ns::W, &["mailMerge"], DataConnection),
    (Ns::X, &["pivotCaches", "connections", "dataConsolidate"], DataConnection),
    (Ns::X, &["externalReferences"], ExternalLink),
    (Ns::W, &["ffData"], FormField),
    (Ns::W, &["fldData"], Field),
    (Ns::W, &["customXml", "dataBinding", "docVars", "smartTag"], CustomXml),
    (Ns::X, &["customProperties", "smartTags"], CustomXml),
    (Ns::P, &["custDataLst", "custData", "tags"], CustomXml),
    (Ns::W, &["embedRegular", "embedBold", "embedItalic", "embedBoldItalic"], EmbeddedFont),
    (Ns::P, &["embeddedFontLst"], EmbeddedFont),
    (Ns::P, &["cmd", "sndAc"], Action),
    (Ns::P, &["audio", "video"], Media),
    (Ns::A, &["audioFile", "videoFile", "wavAudioFile", "audioCd", "quickTimeFile", "snd"], Media),
    (Ns::X, &["legacyDrawingHF"], DrawingReplaced),
    (Ns::C, &["externalData"], EmbeddedFile),
];

/// Elements that say how an application was used. Without them the document is the same.
const INCIDENTAL: &[(Ns, &[&str])] = &[
    (
        Ns::W,
        &[
            "rsids",
            "proofErr",
            "proofState",
            "documentProtection",
            "placeholder",
            "stylePaneFormatFilter",
            "numberingChange",
            "hdrShapeDefaults",
            "shapeDefaults",
            "updateFields",
            "activeWritingStyle",
            "removePersonalInformation",
            "permStart",
            "permEnd",
            "captions",
            "stylePaneSortMethod",
            "doNotEmbedSmartTags",
            "doNotValidateAgainstSchema",
            "removeDateAndTime",
            "formsDesign",
            "saveSubsetFonts",
            "embedTrueTypeFonts",
            "embedSystemFonts",
            "optimizeForBrowser",
            "allowPNG",
            "customXmlPr",
            "smartTagPr",
            "forceUpgrade",
            "docPartBody",
        ],
    ),
    (
        Ns::X,
        &[
            "fileVersion",
            "fileRecoveryPr",
            "cellWatches",
            "customWorkbookViews",
            "customSheetViews",
            "extLst",
            "fileSharing",
            "functionGroups",
            "webPublishing",
            "oleSize",
            "smartTagPr",
        ],
    ),
    (Ns::P, &["extLst", "modifyVerifier", "prnPr", "webPr", "htmlPubPr", "smartTags", "kinsoku"]),
    (Ns::A, &["extLst", "custDataLst"]),
    (Ns::C, &["extLst", "printSettings", "pivotSource", "pivotFmts"]),
    (Ns::DGM, &["extLst"]),
    (Ns::DSP, &["extLst"]),
    (Ns::WPS, &["extLst"]),
    (Ns::WPG, &["extLst"]),
    (
        Ns::O,
        &["idmap", "shapedefaults", "relationtable", "regrouptable", "colormru", "colormenu", "forcedash"],
    ),
];

/// The code for an element of a known namespace that is not on the list.
pub(super) fn of_element(ns: Ns, local: &str) -> RemovalCode {
    if INCIDENTAL.iter().any(|row| row.0 == ns && row.1.contains(&local)) {
        return Metadata;
    }
    ELEMENTS.iter().find(|row| row.0 == ns && row.1.contains(&local)).map_or(UnknownElement, |row| row.2)
}

/// The code for an element of a namespace that is not on the list.
pub(super) fn of_unknown(local: &str) -> RemovalCode {
    match local {
        "ocx" => ActiveX,
        "OLEObject" | "oleObj" => EmbeddedObject,
        _ => UnknownElement,
    }
}

/// May a listed attribute carry this value?
pub(super) fn value_is_allowed(spec: &Spec, attribute: &str, value: &str) -> bool {
    match attribute {
        // CSS of VML shapes: measures and keywords, no functions and no addresses.
        "style" if spec.ns == Ns::V => {
            let lower = value.to_ascii_lowercase();
            !["url", "expression", "import", "//", "\\", "javascript", "behavior"]
                .iter()
                .any(|bad| lower.contains(bad))
        }
        // The extension is judged with what it holds.
        "uri" if spec.ns == Ns::X => true,
        "uri" => spec.ns == Ns::A && graphic_uri(value).is_some(),
        // Positions in the document itself.
        "location" | "w:anchor" => !value.contains(['\\', '|', '[', '\n']) && !value.contains("//"),
        _ => true,
    }
}

/// What a graphic frame may hold, as the transitional URI.
pub(super) fn graphic_uri(value: &str) -> Option<&'static str> {
    const TABLE: &str = "http://schemas.openxmlformats.org/drawingml/2006/table";
    const OLE: &str = "http://schemas.openxmlformats.org/presentationml/2006/ole";
    if value == TABLE || value == "http://purl.oclc.org/ooxml/drawingml/table" {
        return Some(TABLE);
    }
    if value == OLE || value == "http://purl.oclc.org/ooxml/presentationml/ole" {
        return Some(OLE);
    }
    Ns::of(value).filter(|ns| [Ns::PIC, Ns::C, Ns::DGM, Ns::WPS, Ns::WPG].contains(ns)).map(Ns::uri)
}
