//! Character codes of fonts, and bytes to text.

use encoding_rs::Encoding;

/// How the bytes of a font are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Charset {
    Code(&'static Encoding),
    /// Bytes are numbers of glyphs, which Word keeps in a private area of Unicode.
    Symbol,
}

impl Charset {
    /// By the Windows character set of a font; `None` stands for the document's own.
    pub(crate) fn of_font(charset: i32) -> Option<Self> {
        let page = match charset {
            0 => 1252,
            2 => return Some(Self::Symbol),
            77 => 10_000,
            128 => 932,
            129 | 130 => 949,
            134 => 936,
            136 => 950,
            161 => 1253,
            162 => 1254,
            163 => 1258,
            177 => 1255,
            178..=181 => 1256,
            186 => 1257,
            204 => 1251,
            222 => 874,
            238 => 1250,
            _ => return None,
        };
        Some(Self::of_page(page))
    }

    /// By a code page; unknown ones are read as Western European.
    pub(crate) fn of_page(page: i32) -> Self {
        Self::Code(match page {
            932 | 10_001 => encoding_rs::SHIFT_JIS,
            936 | 10_008 => encoding_rs::GBK,
            949 | 1361 | 10_003 => encoding_rs::EUC_KR,
            950 | 10_002 => encoding_rs::BIG5,
            874 => encoding_rs::WINDOWS_874,
            866 => encoding_rs::IBM866,
            1250 => encoding_rs::WINDOWS_1250,
            1251 => encoding_rs::WINDOWS_1251,
            1253 => encoding_rs::WINDOWS_1253,
            1254 => encoding_rs::WINDOWS_1254,
            1255 => encoding_rs::WINDOWS_1255,
            1256 => encoding_rs::WINDOWS_1256,
            1257 => encoding_rs::WINDOWS_1257,
            1258 => encoding_rs::WINDOWS_1258,
            10_000 => encoding_rs::MACINTOSH,
            10_007 => encoding_rs::X_MAC_CYRILLIC,
            65_001 => encoding_rs::UTF_8,
            _ => encoding_rs::WINDOWS_1252,
        })
    }

    /// One character may be two bytes.
    pub(crate) fn is_double(self) -> bool {
        let double = [encoding_rs::SHIFT_JIS, encoding_rs::GBK, encoding_rs::EUC_KR, encoding_rs::BIG5];
        matches!(self, Self::Code(code) if double.contains(&code))
    }

    pub(crate) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Code(code) => code.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Symbol => bytes
                .iter()
                .filter_map(
                    |byte| if *byte < 0x20 { None } else { char::from_u32(0xF000 + u32::from(*byte)) },
                )
                .collect(),
        }
    }
}
