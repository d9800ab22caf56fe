//! The formats this engine can write.

use serde::{Deserialize, Serialize};

/// A document format that the engine reads and writes. Macro-enabled inputs are written as their code-free successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the variants are the names of the formats")]
pub enum Format {
    Docx,
    Docm,
    Xlsx,
    Xlsm,
    Pptx,
    Pptm,
    Pdf,
    Jpeg,
    Png,
    Gif,
    Bmp,
    Tiff,
    Webp,
    Txt,
    Csv,
    Zip,
}

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::Docx,
        Self::Docm,
        Self::Xlsx,
        Self::Xlsm,
        Self::Pptx,
        Self::Pptm,
        Self::Pdf,
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::Bmp,
        Self::Tiff,
        Self::Webp,
        Self::Txt,
        Self::Csv,
        Self::Zip,
    ];

    /// The usual file-name extension without the dot, which is also the format's identifier in policies and reports.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Docm => "docm",
            Self::Xlsx => "xlsx",
            Self::Xlsm => "xlsm",
            Self::Pptx => "pptx",
            Self::Pptm => "pptm",
            Self::Pdf => "pdf",
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Tiff => "tif",
            Self::Webp => "webp",
            Self::Txt => "txt",
            Self::Csv => "csv",
            Self::Zip => "zip",
        }
    }

    /// The media type to serve an output with.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Docm => "application/vnd.ms-word.document.macroEnabled.12",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Xlsm => "application/vnd.ms-excel.sheet.macroEnabled.12",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Pptm => "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Webp => "image/webp",
            Self::Txt => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Zip => "application/zip",
        }
    }

    /// What the engine writes for this input under the `rebuild` method.
    #[must_use]
    pub const fn successor(self) -> Self {
        match self {
            Self::Docm => Self::Docx,
            Self::Xlsm => Self::Xlsx,
            Self::Pptm => Self::Pptx,
            other => other,
        }
    }

    /// Office Open XML (ECMA-376).
    #[must_use]
    pub const fn is_ooxml(self) -> bool {
        matches!(self, Self::Docx | Self::Docm | Self::Xlsx | Self::Xlsm | Self::Pptx | Self::Pptm)
    }

    /// Pixels.
    #[must_use]
    pub const fn is_raster(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Gif | Self::Bmp | Self::Tiff | Self::Webp)
    }

    /// The format whose usual extension (or a common alias of it) this is, whatever its case.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        let lower = extension.to_ascii_lowercase();
        match lower.as_str() {
            "jpeg" | "jpe" => Some(Self::Jpeg),
            "tiff" => Some(Self::Tiff),
            "text" | "log" => Some(Self::Txt),
            other => Self::ALL.into_iter().find(|format| format.extension() == other),
        }
    }
}
