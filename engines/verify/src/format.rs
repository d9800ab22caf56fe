//! The formats that the engine reads, and what it writes for each.

use serde::{Deserialize, Serialize};

macro_rules! formats {
    ($($variant:ident $extension:literal $successor:ident $media:literal)*) => {
        /// A document format that the engine reads. What it writes under `rebuild` is [`Format::successor`]: the same
        /// format, or the one that took its place and carries no code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the variants are the names of the formats")]
        pub enum Format { $(#[serde(rename = $extension)] $variant,)* }

        impl Format {
            /// Every format, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The usual file-name extension without the dot, which is also the format's identifier in policies and reports.
            #[must_use]
            pub const fn extension(self) -> &'static str {
                match self { $(Self::$variant => $extension,)* }
            }

            /// The media type to serve an output with.
            #[must_use]
            pub const fn media_type(self) -> &'static str {
                match self { $(Self::$variant => $media,)* }
            }

            /// What the engine writes for this input under the `rebuild` method.
            #[must_use]
            pub const fn successor(self) -> Self {
                match self { $(Self::$variant => Self::$successor,)* }
            }
        }
    };
}

formats! {
    Docx "docx" Docx "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    Docm "docm" Docx "application/vnd.ms-word.document.macroEnabled.12"
    Dotx "dotx" Dotx "application/vnd.openxmlformats-officedocument.wordprocessingml.template"
    Dotm "dotm" Dotx "application/vnd.ms-word.template.macroEnabled.12"
    Xlsx "xlsx" Xlsx "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    Xlsm "xlsm" Xlsx "application/vnd.ms-excel.sheet.macroEnabled.12"
    Xltx "xltx" Xltx "application/vnd.openxmlformats-officedocument.spreadsheetml.template"
    Xltm "xltm" Xltx "application/vnd.ms-excel.template.macroEnabled.12"
    Xlsb "xlsb" Xlsx "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
    Pptx "pptx" Pptx "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    Pptm "pptm" Pptx "application/vnd.ms-powerpoint.presentation.macroEnabled.12"
    Ppsx "ppsx" Ppsx "application/vnd.openxmlformats-officedocument.presentationml.slideshow"
    Ppsm "ppsm" Ppsx "application/vnd.ms-powerpoint.slideshow.macroEnabled.12"
    Potx "potx" Potx "application/vnd.openxmlformats-officedocument.presentationml.template"
    Potm "potm" Potx "application/vnd.ms-powerpoint.template.macroEnabled.12"
    Doc "doc" Docx "application/msword"
    Xls "xls" Xlsx "application/vnd.ms-excel"
    Ppt "ppt" Pptx "application/vnd.ms-powerpoint"
    Rtf "rtf" Docx "application/rtf"
    Odt "odt" Odt "application/vnd.oasis.opendocument.text"
    Ods "ods" Ods "application/vnd.oasis.opendocument.spreadsheet"
    Odp "odp" Odp "application/vnd.oasis.opendocument.presentation"
    Pdf "pdf" Pdf "application/pdf"
    Jpeg "jpg" Jpeg "image/jpeg"
    Png "png" Png "image/png"
    Gif "gif" Gif "image/gif"
    Bmp "bmp" Bmp "image/bmp"
    Tiff "tif" Tiff "image/tiff"
    Webp "webp" Webp "image/webp"
    Svg "svg" Svg "image/svg+xml"
    Emf "emf" Png "image/emf"
    Wmf "wmf" Png "image/wmf"
    Heic "heic" Jpeg "image/heic"
    Avif "avif" Jpeg "image/avif"
    Txt "txt" Txt "text/plain; charset=utf-8"
    Csv "csv" Csv "text/csv; charset=utf-8"
    Html "html" Html "text/html; charset=utf-8"
    Xml "xml" Xml "application/xml"
    Json "json" Json "application/json"
    Ics "ics" Ics "text/calendar; charset=utf-8"
    Vcf "vcf" Vcf "text/vcard; charset=utf-8"
    Dxf "dxf" Dxf "image/vnd.dxf"
    Sfc "sfc" Sfc "application/octet-stream"
    P21 "p21" P21 "application/step"
    Zip "zip" Zip "application/zip"
    SevenZ "7z" Zip "application/x-7z-compressed"
    Lzh "lzh" Zip "application/x-lzh-compressed"
    Tar "tar" Zip "application/x-tar"
    Gz "gz" Zip "application/gzip"
    Eml "eml" Eml "message/rfc822"
    Msg "msg" Eml "application/vnd.ms-outlook"
    Tnef "tnef" Eml "application/vnd.ms-tnef"
    Jtd "jtd" Txt "application/x-js-taro"
}

impl Format {
    /// Office Open XML (ECMA-376) as XML parts; the binary workbook is not.
    #[must_use]
    pub const fn is_ooxml(self) -> bool {
        use Format::{Docm, Docx, Dotm, Dotx, Potm, Potx, Ppsm, Ppsx, Pptm, Pptx, Xlsm, Xlsx, Xltm, Xltx};
        matches!(
            self,
            Docx | Docm | Dotx | Dotm | Xlsx | Xlsm | Xltx | Xltm | Pptx | Pptm | Ppsx | Ppsm | Potx | Potm
        )
    }

    /// OpenDocument (ISO/IEC 26300).
    #[must_use]
    pub const fn is_odf(self) -> bool {
        matches!(self, Self::Odt | Self::Ods | Self::Odp)
    }

    /// Pixels that the engine writes in the same format.
    #[must_use]
    pub const fn is_raster(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Gif | Self::Bmp | Self::Tiff | Self::Webp)
    }

    /// A container of files of any kind, written as a new ZIP.
    #[must_use]
    pub const fn is_archive(self) -> bool {
        matches!(self, Self::Zip | Self::SevenZ | Self::Lzh | Self::Tar | Self::Gz)
    }

    /// The format whose usual extension (or a common alias of it) this is, whatever its case.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        let lower = extension.to_ascii_lowercase();
        match lower.as_str() {
            "jpeg" | "jpe" | "jfif" => Some(Self::Jpeg),
            "tiff" => Some(Self::Tiff),
            "text" | "log" => Some(Self::Txt),
            "tsv" => Some(Self::Csv),
            "htm" | "xhtml" => Some(Self::Html),
            "dot" => Some(Self::Doc),
            "xlt" => Some(Self::Xls),
            "pps" | "pot" => Some(Self::Ppt),
            "jtt" => Some(Self::Jtd),
            "geojson" | "jsonl" | "ndjson" => Some(Self::Json),
            "kml" | "gml" | "gpx" | "xsd" | "rdf" | "rss" | "atom" => Some(Self::Xml),
            "stp" | "step" => Some(Self::P21),
            "vcard" => Some(Self::Vcf),
            "heif" => Some(Self::Heic),
            "lha" => Some(Self::Lzh),
            "tgz" => Some(Self::Gz),
            other => Self::ALL.iter().copied().find(|format| format.extension() == other),
        }
    }
}
