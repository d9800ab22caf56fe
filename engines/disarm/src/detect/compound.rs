//! Compound files ([MS-CFB]): only the names in the root storage are read, to say which application wrote them.

use super::Kind;
pub(super) use crate::compound::MAGIC;
use crate::{Format, RefusalCode, compound::Compound};

/// The kind by the streams of the root storage.
pub(super) fn kind(bytes: &[u8]) -> Kind {
    let root =
        Compound::read(bytes).ok().and_then(|file| file.root().map(|root| (file.children(&root), root)));
    let Some((children, root)) = root else {
        return Kind::refused("cfb", RefusalCode::Malformed, "複合ファイル");
    };
    let has = |name: &str| children.iter().any(|child| child.name.eq_ignore_ascii_case(name));
    if has("EncryptedPackage") {
        return Kind::refused(
            super::ENCRYPTED_OFFICE,
            RefusalCode::Encrypted,
            "パスワード付きの Office 文書",
        );
    }
    let row = if has("WordDocument") {
        return Kind::supported(Format::Doc);
    } else if has("Workbook") || has("Book") {
        return Kind::supported(Format::Xls);
    } else if has("PowerPoint Document") || has("PP97_DUALSTORAGE") {
        return Kind::supported(Format::Ppt);
    } else if has("__properties_version1.0") {
        return Kind::supported(Format::Msg);
    } else if has("DocumentText") || has("JSRV_SummaryInformation") {
        ("jtd", "一太郎文書。PDF か Word（docx）で送るよう依頼してください")
    } else if has("VisioDocument") {
        ("vsd", "Visio 図面")
    } else if has("Quill") {
        ("pub", "Publisher 文書")
    } else if has("BodyText") && has("FileHeader") {
        ("hwp", "Hangul 文書")
    } else if is_installer(root.class) {
        return Kind::refused("msi", RefusalCode::Executable, "Windows インストーラー");
    } else {
        ("cfb", "複合ファイル")
    };
    Kind::unsupported(row.0, row.1)
}

/// The class of Windows Installer packages and patches, `{000C1084-…}` to `{000C1086-…}`.
fn is_installer(class: [u8; 16]) -> bool {
    matches!(class, [0x82 | 0x84 | 0x86, 0x10, 0x0C, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46])
}
