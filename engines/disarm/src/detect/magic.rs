//! The table of kinds that are refused by name: by magic number, by the beginning of a text, by extension.

use crate::{
    Format,
    RefusalCode::{self, Encrypted, Executable, UnsupportedFormat},
    archive,
};

/// A refused kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) code: RefusalCode,
    pub(super) label: &'static str,
}

const fn row(id: &'static str, code: RefusalCode, label: &'static str) -> Row {
    Row { id, code, label }
}

/// Offset, bytes there, kind. The first match holds.
const BINARY: &[(usize, &[u8], Row)] = &[
    (0, b"\x7fELF", row("elf", Executable, "Linux のプログラム")),
    (0, b"\xfe\xed\xfa\xce", row("macho", Executable, "macOS のプログラム")),
    (0, b"\xfe\xed\xfa\xcf", row("macho", Executable, "macOS のプログラム")),
    (0, b"\xce\xfa\xed\xfe", row("macho", Executable, "macOS のプログラム")),
    (0, b"\xcf\xfa\xed\xfe", row("macho", Executable, "macOS のプログラム")),
    (0, b"\xca\xfe\xba\xbe", row("class", Executable, "Java・macOS のプログラム")),
    (0, b"\0asm", row("wasm", Executable, "WebAssembly")),
    (0, b"dex\n", row("dex", Executable, "Android のプログラム")),
    (0, b"L\0\0\0\x01\x14\x02\0", row("lnk", Executable, "ショートカット")),
    (0, b"ITSF\x03\0\0\0", row("chm", Executable, "コンパイル済みヘルプ")),
    (0, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", row("one", UnsupportedFormat, "OneNote")),
    (0, b"Rar!\x1a\x07", row("rar", UnsupportedFormat, "RAR 圧縮。ZIP で圧縮し直してください")),
    (0, b"BZh", row("bz2", UnsupportedFormat, "bzip2 圧縮。ZIP で圧縮し直してください")),
    (0, b"\xfd7zXZ\0", row("xz", UnsupportedFormat, "xz 圧縮。ZIP で圧縮し直してください")),
    (0, b"\x28\xb5\x2f\xfd", row("zst", UnsupportedFormat, "Zstandard 圧縮。ZIP で圧縮し直してください")),
    (0, b"MSCF\0\0\0\0", row("cab", UnsupportedFormat, "CAB 圧縮。ZIP で圧縮し直してください")),
    (7, b"**ACE**", row("ace", UnsupportedFormat, "ACE 圧縮。ZIP で圧縮し直してください")),
    (
        32_769,
        b"CD001",
        row("iso", UnsupportedFormat, "ディスクイメージ。中のファイルを ZIP にして送ってください"),
    ),
    (0, b"conectix", row("vhd", UnsupportedFormat, "仮想ディスク。中のファイルを ZIP にして送ってください")),
    (0, b"vhdxfile", row("vhdx", UnsupportedFormat, "仮想ディスク。中のファイルを ZIP にして送ってください")),
    (4, b"ftypmif1", row("heic", UnsupportedFormat, "HEIF 画像")),
    (4, b"ftypmsf1", row("heic", UnsupportedFormat, "HEIF 画像")),
    (4, b"ftypavif", row("avif", UnsupportedFormat, "AVIF 画像")),
    (4, b"ftypavis", row("avif", UnsupportedFormat, "AVIF 画像")),
    (4, b"ftyp", row("mp4", UnsupportedFormat, "動画・音声")),
    (0, b"\0\0\0\x0cjP  ", row("jp2", UnsupportedFormat, "JPEG 2000 画像")),
    (0, b"\xff\x4f\xff\x51", row("jp2", UnsupportedFormat, "JPEG 2000 画像")),
    (0, b"\0\0\0\x0cJXL ", row("jxl", UnsupportedFormat, "JPEG XL 画像")),
    (0, b"8BPS", row("psd", UnsupportedFormat, "Photoshop 画像")),
    (0, b"\0\0\x01\0", row("ico", UnsupportedFormat, "アイコン")),
    (0, b"\0\0\x02\0", row("cur", UnsupportedFormat, "カーソル")),
    (0, b"ID3", row("mp3", UnsupportedFormat, "音声")),
    (0, b"\xff\xfb", row("mp3", UnsupportedFormat, "音声")),
    (8, b"WAVE", row("wav", UnsupportedFormat, "音声")),
    (8, b"AVI ", row("avi", UnsupportedFormat, "動画")),
    (0, b"OggS", row("ogg", UnsupportedFormat, "音声・動画")),
    (0, b"fLaC", row("flac", UnsupportedFormat, "音声")),
    (0, b"\x1a\x45\xdf\xa3", row("mkv", UnsupportedFormat, "動画")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", row("wmv", UnsupportedFormat, "動画・音声")),
    (0, b"FLV\x01", row("flv", UnsupportedFormat, "動画")),
    (0, b"\0\x01\0\0\0", row("ttf", UnsupportedFormat, "フォント")),
    (0, b"OTTO", row("otf", UnsupportedFormat, "フォント")),
    (0, b"ttcf", row("ttc", UnsupportedFormat, "フォント")),
    (0, b"wOFF", row("woff", UnsupportedFormat, "フォント")),
    (0, b"wOF2", row("woff2", UnsupportedFormat, "フォント")),
    (0, b"SQLite format 3\0", row("sqlite", UnsupportedFormat, "データベース")),
    (4, b"Standard Jet DB", row("mdb", UnsupportedFormat, "Access データベース")),
    (4, b"Standard ACE DB", row("accdb", UnsupportedFormat, "Access データベース")),
    (0, b"AC10", row("dwg", UnsupportedFormat, "AutoCAD 図面。DXF か PDF で書き出してください")),
    (0, b"JwwData.", row("jww", UnsupportedFormat, "Jw_cad 図面。DXF・SFC か PDF で書き出してください")),
    (0, b"!BDN", row("pst", UnsupportedFormat, "Outlook データ")),
    (0, b"%!PS", row("ps", UnsupportedFormat, "PostScript")),
    (0, b"\xc5\xd0\xd3\xc6", row("eps", UnsupportedFormat, "EPS")),
    (0, b"Salted__", row("enc", Encrypted, "OpenSSL で暗号化されたファイル")),
    (0, b"-----BEGIN PGP MESSAGE", row("pgp", Encrypted, "PGP で暗号化されたファイル")),
];

/// Archives that are opened and written as ZIP.
pub(super) fn archive(bytes: &[u8], declared: &str) -> Option<Format> {
    if bytes.starts_with(b"7z\xbc\xaf\x27\x1c") {
        return Some(Format::SevenZ);
    }
    if bytes.starts_with(b"\x1f\x8b\x08") {
        return Some(Format::Gz);
    }
    if matches!(bytes.get(2..7), Some([b'-', b'l', b'h' | b'z', _, b'-']))
        && bytes.get(20).is_some_and(|l| *l <= 3)
    {
        return Some(Format::Lzh);
    }
    let is_ustar = bytes.get(257..).is_some_and(|rest| rest.starts_with(b"ustar"));
    ((is_ustar || declared == "tar") && archive::is_tar(bytes)).then_some(Format::Tar)
}

/// Matches the table. `MZ` alone also begins words, so it counts with a NUL near it only.
pub(super) fn binary(bytes: &[u8]) -> Option<Row> {
    let head = bytes.get(..bytes.len().min(128)).unwrap_or_default();
    if bytes.starts_with(b"MZ") && head.contains(&0) {
        return Some(row("exe", Executable, "Windows のプログラム"));
    }
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    BINARY.iter().find(|(offset, magic, _)| at(*offset, magic)).map(|(_, _, row)| *row)
}

/// Office documents as one XML text. Their applications open them like their packages, with all that those can hold.
const OFFICE_XML: &[(&str, Row)] = &[
    (
        "http://schemas.microsoft.com/office/2006/xmlpackage",
        row("flat-opc", UnsupportedFormat, "単一 XML の Office 文書"),
    ),
    (
        "http://schemas.microsoft.com/office/word/2003/wordml",
        row("wordml", UnsupportedFormat, "Word 2003 XML 文書"),
    ),
    (
        "urn:schemas-microsoft-com:office:spreadsheet",
        row("spreadsheetml", UnsupportedFormat, "XML スプレッドシート 2003"),
    ),
    (
        "urn:oasis:names:tc:opendocument:xmlns:office",
        row("odf", UnsupportedFormat, "単一 XML の OpenDocument"),
    ),
];

/// Texts that are recognised by how they begin.
pub(super) fn text(text: &str) -> Option<Row> {
    let begin: String = text.trim_start().chars().take(4096).collect();
    let lower = begin.to_ascii_lowercase();
    let starts = |word: &str| lower.starts_with(word);
    if starts("#!") {
        return Some(row("script", Executable, "スクリプト"));
    }
    if starts("<?xml")
        && let Some((_, row)) = OFFICE_XML.iter().find(|(marker, _)| lower.contains(marker))
    {
        return Some(*row);
    }
    if starts("<?php") {
        return Some(row("php", Executable, "スクリプト"));
    }
    if starts("[internetshortcut]") || starts("[{000214a0") {
        return Some(row("url", Executable, "ショートカット"));
    }
    if starts("windows registry editor") || starts("regedit4") {
        return Some(row("reg", Executable, "レジストリ登録"));
    }
    if starts("id;p") && begin.lines().any(|line| line.starts_with("C;") || line.starts_with("B;")) {
        return Some(row("slk", Executable, "SYLK（数式を実行できる表）"));
    }
    None
}

/// Header blocks beyond this many bytes are cut before they are looked at.
const MAX_HEADER: usize = 64 << 10;

/// A header block (RFC 5322) that names the version of MIME or a relay; under a mail's extension the usual fields do.
/// Looked at as bytes, since mails hold several encodings at once.
pub(super) fn is_mail(bytes: &[u8], declared: &str) -> bool {
    let head = bytes.get(..bytes.len().min(MAX_HEADER)).unwrap_or_default();
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let whole = head.len() == bytes.len();
    let mut fields = 0;
    let mut telling = 0;
    let usual = ["from", "to", "subject", "date", "message-id", "content-type"];
    let mut lines = text.trim_start_matches("\u{ef}\u{bb}\u{bf}").lines().peekable();
    // The separator of mailbox files.
    let _ = lines.next_if(|line| line.starts_with("From "));
    while let Some(line) = lines.next() {
        if line.is_empty() || (lines.peek().is_none() && !whole) {
            break;
        }
        if line.starts_with([' ', '\t']) && fields > 0 {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else { return false };
        let name = name.trim_end().to_ascii_lowercase();
        if name.is_empty()
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        {
            return false;
        }
        fields += 1;
        if ["mime-version", "received", "return-path", "delivered-to", "dkim-signature"]
            .contains(&name.as_str())
            || (declared == "eml" && usual.contains(&name.as_str()))
        {
            telling += 1;
        }
    }
    telling > 0 && (fields >= 2 || declared == "eml")
}

/// Kinds that only their extension tells: scripts and structured texts, and closed formats.
pub(super) fn by_extension(extension: &str) -> Option<Row> {
    Some(match extension {
        "bat" | "cmd" | "ps1" | "psm1" | "psd1" | "vbs" | "vbe" | "js" | "jse" | "mjs" | "wsf" | "wsh"
        | "wsc" | "sct" | "sh" | "bash" | "py" | "pyw" | "rb" | "pl" | "php" | "lua" | "tcl" | "bas"
        | "cls" => row("script", Executable, "スクリプト"),
        "hta" => row("hta", Executable, "HTML アプリケーション"),
        "reg" | "inf" => row("reg", Executable, "設定の登録"),
        "url" | "desktop" | "scf" | "lnk" | "webloc" | "rdp" | "library-ms" | "search-ms"
        | "searchconnector-ms" | "settingcontent-ms" | "appref-ms" | "jnlp" | "theme" => {
            row("url", Executable, "ショートカット・接続設定")
        }
        "iqy" | "slk" | "dqy" | "oqy" | "rqy" | "odc" => row("slk", Executable, "外部データを読み込む表"),
        "exe" | "dll" | "scr" | "com" | "cpl" | "msi" | "msp" | "pif" | "xll" | "ocx" | "sys" => {
            row("exe", Executable, "Windows のプログラム")
        }
        "mht" | "mhtml" => {
            row("mht", UnsupportedFormat, "Web アーカイブ。HTML か PDF で保存し直してください")
        }
        "xsl" | "xslt" => row("xslt", UnsupportedFormat, "XSLT スタイルシート"),
        "ipynb" => row("ipynb", UnsupportedFormat, "ノートブック"),
        "rtf" => row("rtf", UnsupportedFormat, "リッチテキスト"),
        "mbox" => row("mbox", UnsupportedFormat, "メールボックス"),
        "css" => row("css", UnsupportedFormat, "スタイルシート"),
        "sql" => row("sql", UnsupportedFormat, "SQL"),
        "eps" | "ps" => row("ps", UnsupportedFormat, "PostScript"),
        "fodt" | "fods" | "fodp" => row("odf", UnsupportedFormat, "OpenDocument"),
        "xdw" | "xbd" | "xct" => {
            row("xdw", UnsupportedFormat, "DocuWorks 文書。PDF に変換して送ってください")
        }
        "jtd" | "jtt" | "jtdc" | "jttc" | "jhd" => row("jtd", UnsupportedFormat, "一太郎文書"),
        "jww" | "jwc" => row("jww", UnsupportedFormat, "Jw_cad 図面。DXF・SFC か PDF で書き出してください"),
        "dwg" => row("dwg", UnsupportedFormat, "AutoCAD 図面。DXF か PDF で書き出してください"),
        "mdb" | "accdb" => row("mdb", UnsupportedFormat, "Access データベース"),
        "pub" => row("pub", UnsupportedFormat, "Publisher"),
        "one" => row("one", UnsupportedFormat, "OneNote"),
        "wmf" => row("wmf", UnsupportedFormat, "Windows メタファイル"),
        "p7m" | "pgp" | "gpg" => row("p7m", Encrypted, "暗号化されたメール・ファイル"),
        _ => return None,
    })
}
