//! How an application lays the document out is kept in its settings: yes-or-no switches of compatibility. Those are
//! read by name and written anew; printers, sources, protection, macros and views are not.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Switches that move lines, tables or pictures.
const SWITCHES: &[&str] = &[
    "AddExternalLeading",
    "AddFrameOffsets",
    "AddParaSpacingToTableCells",
    "AddParaTableSpacing",
    "AddParaTableSpacingAtStart",
    "AddVerticalFrameOffsets",
    "AllowPaddingWithoutBorders",
    "ApplyParagraphMarkFormatToNumbering",
    "BackgroundParaOverDrawings",
    "ClipAsCharacterAnchoredWriterFlyFrames",
    "ClippedPictures",
    "CollapseEmptyCellPara",
    "ConsiderTextWrapOnObjPos",
    "ContinuousEndnotes",
    "DisableOffPagePositioning",
    "DoNotBreakWrappedTables",
    "DoNotJustifyLinesWithManualBreak",
    "DoNotResetParaAttrsForNumFont",
    "EmptyDbFieldHidesPara",
    "FootnoteInColumnToPageEnd",
    "FrameAutowidthWithMorePara",
    "GutterAtTop",
    "HyphenateURLs",
    "IgnoreFirstLineIndentInNumbering",
    "IgnoreTabsAndBlanksForLineCalculation",
    "InvertBorderSpacing",
    "JustifyLinesWithShrinking",
    "MathBaselineAlignment",
    "MsWordCompMinLineHeightByFly",
    "MsWordCompTrailingBlanks",
    "NoGapAfterNoteNumber",
    "NoNumberingShowFollowBy",
    "OutlineLevelYieldsNumbering",
    "ParaSpaceMaxAtPages",
    "ParaSpaceMax",
    "PropLineSpacingShrinksFirstLine",
    "ProtectForm",
    "StylesNoDefault",
    "SubtractFlysAnchoredAtFlys",
    "SurroundTextWrapSmall",
    "TabAtLeftIndentForParagraphsInList",
    "TabOverMargin",
    "TabOverSpacing",
    "TableRowKeep",
    "TabsRelativeToIndent",
    "TreatSingleColumnBreakAsPageBreak",
    "UnbreakableNumberings",
    "UnxForceZeroExtLeading",
    "UseFormerLineSpacing",
    "UseFormerObjectPositioning",
    "UseFormerTextWrapping",
    "UseOldNumbering",
    "UseOldPrinterMetrics",
    "WrapAsCharFlysLikeInOOXML",
    "AutoFirstLineIndentDisregardLineSpace",
    "HeaderSpacingBelowLastPara",
    "DropCapPunctuation",
];

/// The switches of a document's settings, as a part of their own; `None` without any.
pub(super) fn rewrite(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    let mut name: Option<String> = None;
    let mut items = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) if element.local_name().into_inner() == "config-item" => {
                let value = |wanted: &str| {
                    let mut attributes = element.attributes().flatten();
                    let found = attributes.find(|a| a.key.local_name().into_inner() == wanted);
                    found.map(|attribute| attribute.value.into_owned())
                };
                let is_switch = value("type").as_deref() == Some("boolean");
                name = value("name").filter(|name| is_switch && SWITCHES.contains(&name.as_str()));
            }
            Event::Text(value) => {
                let value = value.xml10_content();
                if let Some(name) = name.take()
                    && matches!(value.as_ref(), "true" | "false")
                {
                    items.push_str(&format!(
                        "<config:config-item config:name=\"{name}\" config:type=\"boolean\">{value}</config:config-item>"
                    ));
                }
            }
            Event::End(_) => name = None,
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    (!items.is_empty()).then(|| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<office:document-settings \
             xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
             xmlns:config=\"urn:oasis:names:tc:opendocument:xmlns:config:1.0\" office:version=\"1.3\"><office:settings>\
             <config:config-item-set config:name=\"ooo:configuration-settings\">{items}</config:config-item-set>\
             </office:settings></office:document-settings>"
        )
    })
}
