//! The matrix of the guideline's 図表41 (令和8年3月版): which way of destroying or erasing is good enough for which kind of
//! medium. It concerns media of the マイナンバー利用事務系 that hold residents' data, and media that hold information of
//! 自治体機密性2 or higher. Paper is not in the matrix; it is shredded, burnt or dissolved.

use sekisho_register::Text;
use serde::{Deserialize, Serialize};

/// Kind of medium (媒体の種別).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Medium {
    /// ハードディスク
    Hdd,
    /// SSD
    Ssd,
    /// USBメモリ, SD cards and other flash memory without an erase command of their own
    UsbMemory,
    /// CD, DVD, Blu-ray
    Optical,
    /// Magnetic tape
    Tape,
    /// Paper
    Paper,
}

impl Medium {
    /// Every kind, in the order of the matrix.
    pub const ALL: [Self; 6] =
        [Self::Hdd, Self::Ssd, Self::UsbMemory, Self::Optical, Self::Tape, Self::Paper];

    /// The identifier in registers.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Hdd => "hdd",
            Self::Ssd => "ssd",
            Self::UsbMemory => "usb",
            Self::Optical => "optical",
            Self::Tape => "tape",
            Self::Paper => "paper",
        }
    }

    /// The kind behind a choice of the registers; `None` for what the matrix knows nothing about (a cloud, for instance).
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Some(match id {
            "hdd" | "ext-hdd" => Self::Hdd,
            "ssd" | "ext-ssd" => Self::Ssd,
            "usb" | "sd" => Self::UsbMemory,
            "optical" => Self::Optical,
            "tape" => Self::Tape,
            "paper" => Self::Paper,
            _ => return None,
        })
    }

    /// The name for people.
    #[must_use]
    pub fn label(self) -> Text {
        let (ja, en) = match self {
            Self::Hdd => ("ハードディスク", "hard disk"),
            Self::Ssd => ("SSD", "SSD"),
            Self::UsbMemory => ("USBメモリ", "USB memory"),
            Self::Optical => ("光学媒体", "optical disc"),
            Self::Tape => ("磁気テープ", "magnetic tape"),
            Self::Paper => ("紙", "paper"),
        };
        Text { ja: ja.to_owned(), en: en.to_owned() }
    }
}

/// A way of disposal (廃棄方法).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// 破壊（HDD）: a dedicated device drives several points through down to the lowest platter.
    PlatterDestruction,
    /// 破壊（SSD・USBメモリ）: a dedicated device cuts the memory chips themselves.
    ChipDestruction,
    /// 破壊（光学媒体）: a shredder or crusher for media.
    MediaShredder,
    /// 暗号化消去: the key of a medium that was encrypted from the start is destroyed.
    CryptographicErase,
    /// ATA SECURITY ERASE UNIT in the enhanced mode.
    AtaSecurityErase,
    /// ATA BLOCK ERASE.
    AtaBlockErase,
    /// SCSI SANITIZE.
    ScsiSanitize,
    /// SCSI FORMAT UNIT.
    ScsiFormat,
    /// NVMe Format.
    NvmeFormat,
    /// NVMe Sanitize.
    NvmeSanitize,
    /// 消磁
    Degauss,
    /// 細断（紙）
    ShredPaper,
    /// 溶解（紙）
    DissolvePaper,
    /// 焼却（紙）
    BurnPaper,
    /// 上書き消去: writing over the whole medium by a program. Not in the matrix.
    Overwrite,
    /// Formatting by the operating system, resetting a device, deleting files. Never enough.
    FactoryReset,
}

impl Method {
    /// Every way, in the order of the matrix.
    pub const ALL: [Self; 16] = [
        Self::PlatterDestruction,
        Self::ChipDestruction,
        Self::MediaShredder,
        Self::CryptographicErase,
        Self::AtaSecurityErase,
        Self::AtaBlockErase,
        Self::ScsiSanitize,
        Self::ScsiFormat,
        Self::NvmeFormat,
        Self::NvmeSanitize,
        Self::Degauss,
        Self::ShredPaper,
        Self::DissolvePaper,
        Self::BurnPaper,
        Self::Overwrite,
        Self::FactoryReset,
    ];

    /// The identifier in registers.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::PlatterDestruction => "destroy-platter",
            Self::ChipDestruction => "destroy-chip",
            Self::MediaShredder => "destroy-optical",
            Self::CryptographicErase => "crypto-erase",
            Self::AtaSecurityErase => "ata-secure-erase",
            Self::AtaBlockErase => "ata-block-erase",
            Self::ScsiSanitize => "scsi-sanitize",
            Self::ScsiFormat => "scsi-format",
            Self::NvmeFormat => "nvme-format",
            Self::NvmeSanitize => "nvme-sanitize",
            Self::Degauss => "degauss",
            Self::ShredPaper => "shred-paper",
            Self::DissolvePaper => "dissolve-paper",
            Self::BurnPaper => "burn-paper",
            Self::Overwrite => "overwrite",
            Self::FactoryReset => "factory-reset",
        }
    }

    /// Reads an identifier.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.id() == id)
    }

    /// The name for people.
    #[must_use]
    pub fn label(self) -> Text {
        let (ja, en) = match self {
            Self::PlatterDestruction => (
                "物理破壊（専用装置で最下層の円盤まで複数箇所を破壊）",
                "destroying the platters down to the lowest",
            ),
            Self::ChipDestruction => ("物理破壊（専用装置で記憶素子を破断）", "destroying the memory chips"),
            Self::MediaShredder => {
                ("メディアシュレッダー等による裁断・破砕", "a shredder or crusher for media")
            }
            Self::CryptographicErase => ("暗号化消去", "cryptographic erase"),
            Self::AtaSecurityErase => {
                ("ATA SECURITY ERASE UNIT（Enhanced）", "ATA SECURITY ERASE UNIT (enhanced)")
            }
            Self::AtaBlockErase => ("ATA BLOCK ERASE", "ATA BLOCK ERASE"),
            Self::ScsiSanitize => ("SCSI SANITIZE", "SCSI SANITIZE"),
            Self::ScsiFormat => ("SCSI FORMAT UNIT", "SCSI FORMAT UNIT"),
            Self::NvmeFormat => ("NVMe Format", "NVMe Format"),
            Self::NvmeSanitize => ("NVMe Sanitize", "NVMe Sanitize"),
            Self::Degauss => ("消磁", "degaussing"),
            Self::ShredPaper => ("細断", "shredding"),
            Self::DissolvePaper => ("溶解", "dissolving"),
            Self::BurnPaper => ("焼却", "burning"),
            Self::Overwrite => ("上書き消去（ソフトウェア）", "overwriting by a program"),
            Self::FactoryReset => ("初期化・ファイルの削除", "resetting, formatting or deleting files"),
        };
        Text { ja: ja.to_owned(), en: en.to_owned() }
    }
}

/// What a way of disposal leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// 破壊: the medium can't be used again.
    Destroyed,
    /// 除去: the data are gone; the medium may be used again, unless degaussing made that impossible.
    Erased,
}

/// The ways that the matrix allows for a kind of medium, with what they leave behind.
#[must_use]
pub fn allowed(medium: Medium) -> &'static [(Method, Outcome)] {
    use Method as M;
    use Outcome::{Destroyed, Erased};
    match medium {
        Medium::Hdd => &[
            (M::PlatterDestruction, Destroyed),
            (M::CryptographicErase, Erased),
            (M::AtaSecurityErase, Erased),
            (M::ScsiSanitize, Erased),
            (M::ScsiFormat, Erased),
            (M::Degauss, Erased),
        ],
        Medium::Ssd => &[
            (M::ChipDestruction, Destroyed),
            (M::CryptographicErase, Erased),
            (M::AtaBlockErase, Erased),
            (M::ScsiSanitize, Erased),
            (M::ScsiFormat, Erased),
            (M::NvmeFormat, Erased),
            (M::NvmeSanitize, Erased),
        ],
        Medium::UsbMemory => &[(M::ChipDestruction, Destroyed)],
        Medium::Optical => &[(M::MediaShredder, Destroyed)],
        // Not in the matrix; magnetic like a hard disk.
        Medium::Tape => &[(M::Degauss, Erased)],
        Medium::Paper => {
            &[(M::ShredPaper, Destroyed), (M::DissolvePaper, Destroyed), (M::BurnPaper, Destroyed)]
        }
    }
}

/// Is this way good enough for this medium?
///
/// # Errors
/// A sentence that says why not and which ways are.
pub fn judge(medium: Medium, method: Method) -> Result<Outcome, Text> {
    if let Some((_, outcome)) = allowed(medium).iter().find(|(way, _)| *way == method) {
        return Ok(*outcome);
    }
    let ways = |ja: bool| {
        let labels: Vec<String> =
            allowed(medium).iter().map(|(way, _)| if ja { way.label().ja } else { way.label().en }).collect();
        labels.join(if ja { "、" } else { ", " })
    };
    let (medium_label, method_label) = (medium.label(), method.label());
    let hint = match (medium, method) {
        (Medium::Ssd | Medium::UsbMemory, Method::PlatterDestruction) => (
            "ハードディスク用の破砕機では記憶素子が残るおそれがあります。",
            " A device for hard disks may leave the chips whole.",
        ),
        (Medium::Ssd | Medium::UsbMemory, Method::Degauss) => (
            "磁気を用いない媒体に消磁の効果はありません。",
            " Degaussing does nothing to a medium without magnetism.",
        ),
        _ => ("", ""),
    };
    Err(Text {
        ja: format!(
            "{}の廃棄方法として「{}」は認められていません。{}次のいずれかを選んでください: {}。",
            medium_label.ja,
            method_label.ja,
            hint.0,
            ways(true)
        ),
        en: format!(
            "`{}` is not an accepted way of disposing of this medium ({}).{} Choose one of: {}",
            method_label.en,
            medium_label.en,
            hint.1,
            ways(false)
        ),
    })
}

/// Does the matrix bind this medium? It does for residents' data of the マイナンバー利用事務系 whatever their class, and for
/// information of confidentiality 2 or higher; an unknown class is taken as high.
#[must_use]
pub fn is_bound(
    residents_data_of_my_number_zone: bool,
    confidentiality_rank: Option<u8>,
    rank_of_c2: u8,
) -> bool {
    residents_data_of_my_number_zone || confidentiality_rank.is_none_or(|rank| rank >= rank_of_c2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usb_memory_and_optical_discs_can_only_be_destroyed() {
        for medium in [Medium::UsbMemory, Medium::Optical] {
            assert!(allowed(medium).iter().all(|(_, outcome)| *outcome == Outcome::Destroyed));
        }
        let refused = judge(Medium::UsbMemory, Method::AtaSecurityErase).unwrap_err();
        assert!(refused.ja.contains("記憶素子"), "{}", refused.ja);
    }

    #[test]
    fn a_crusher_for_hard_disks_is_not_enough_for_an_ssd() {
        let refused = judge(Medium::Ssd, Method::PlatterDestruction).unwrap_err();
        assert!(refused.ja.contains("破砕機"), "{}", refused.ja);
        assert_eq!(judge(Medium::Hdd, Method::PlatterDestruction), Ok(Outcome::Destroyed));
    }

    #[test]
    fn hard_disks_and_ssds_may_be_erased_by_their_own_commands() {
        assert_eq!(judge(Medium::Hdd, Method::AtaSecurityErase), Ok(Outcome::Erased));
        assert_eq!(judge(Medium::Ssd, Method::NvmeSanitize), Ok(Outcome::Erased));
        assert!(judge(Medium::Hdd, Method::AtaBlockErase).is_err());
        assert!(judge(Medium::Ssd, Method::Degauss).is_err());
    }

    #[test]
    fn formatting_is_never_enough() {
        for medium in Medium::ALL {
            assert!(judge(medium, Method::FactoryReset).is_err());
            assert!(judge(medium, Method::Overwrite).is_err());
            assert!(!allowed(medium).is_empty());
        }
    }

    #[test]
    fn identifiers_are_read_back() {
        for method in Method::ALL {
            assert_eq!(Method::from_id(method.id()), Some(method));
        }
        for medium in Medium::ALL {
            assert_eq!(Medium::from_id(medium.id()), Some(medium));
        }
    }

    #[test]
    fn the_matrix_binds_high_classes_residents_data_and_the_unknown() {
        assert!(is_bound(false, Some(2), 2));
        assert!(!is_bound(false, Some(1), 2));
        assert!(is_bound(true, Some(1), 2));
        assert!(is_bound(false, None, 2));
    }
}
