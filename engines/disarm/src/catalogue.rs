//! Every code that a report can carry, with its threat and its sentence in Japanese and English.
//!
//! One table row a code; `sekisho disarm --explain CODE` and the console read the same rows. To add a code, add a row.

use serde::{Deserialize, Serialize};

use crate::{Lang, Threat};

macro_rules! removals {
    ($($variant:ident $id:literal $threat:ident $ja:literal $en:literal)*) => {
        /// The kind of thing that was left out.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum RemovalCode { $(#[doc = $en] #[serde(rename = $id)] $variant,)* }
        const REMOVALS: &[(RemovalCode, &str, Threat, &str, &str)] =
            &[$((RemovalCode::$variant, $id, Threat::$threat, $ja, $en),)*];
    };
}

macro_rules! refusals {
    ($($variant:ident $id:literal $ja:literal $en:literal $hint_ja:literal $hint_en:literal)*) => {
        /// Why there is no output.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum RefusalCode { $(#[doc = $en] #[serde(rename = $id)] $variant,)* }
        const REFUSALS: &[(RefusalCode, &str, &str, &str, &str, &str)] =
            &[$((RefusalCode::$variant, $id, $ja, $en, $hint_ja, $hint_en),)*];
    };
}

removals! {
    NameMismatch "name-mismatch" Deception
        "ファイル名の拡張子と中身の種類が一致しません。中身の種類として処理しました。"
        "The name's extension does not match the content; the content decided."
    TrailingData "trailing-data" Deception
        "ファイルの前後に余分なデータがありました。別の種類のファイルを隠す手口に使われます。"
        "Bytes before or after the document proper, a way to hide a second file."
    Metadata "metadata" Disclosure
        "作成者、撮影場所、編集履歴などの付帯情報を取り除きました。"
        "Metadata such as author, position or editing history."
    Vba "vba-macro" Code
        "マクロ（VBA）を取り除きました。開いただけで不正な処理が動くおそれがあります。"
        "A VBA macro project, which can run when the document is opened."
    XlmMacro "xlm-macro" Code
        "Excel 4.0 マクロシートを取り除きました。"
        "An Excel 4.0 macro sheet."
    ActiveX "activex-control" Code
        "ActiveX などのコントロールを取り除きました。"
        "An ActiveX or form control."
    Script "script" Code
        "スクリプトを取り除きました。"
        "A script."
    EmbeddedObject "embedded-object" Embedded
        "埋め込みオブジェクト（OLE など）を取り除き、見た目の画像だけを残しました。"
        "An embedded object; only its preview picture can stay."
    EmbeddedFile "embedded-file" Embedded
        "添付・埋め込みファイルを取り除きました。"
        "An embedded or attached file."
    EmbeddedFont "embedded-font" Parser
        "埋め込みフォントを取り除きました。"
        "An embedded font."
    ExternalLink "external-link" External
        "外部のファイルやサーバーを自動で読みに行く参照を取り除きました。"
        "A reference that fetches another file or server by itself."
    Hyperlink "hyperlink" External
        "許可されていない宛先のリンクを取り除き、文字だけを残しました。"
        "A link to a target that is not allowed; its text stays."
    MisleadingLink "misleading-link" Deception
        "リンクの文字と実際の宛先が異なるため、本当の宛先を並べて書きました。"
        "A link whose text names another host; the real one is written beside it."
    Field "active-field" External
        "自動で外部を参照するフィールドを、表示中の値に置き換えました。"
        "An active field (DDE, INCLUDE…); its shown value stays."
    Formula "formula" External
        "許可されていない関数や外部参照を含む数式を、計算済みの値に置き換えました。"
        "A formula with a forbidden function or external reference; its cached value stays."
    DataConnection "data-connection" External
        "外部データ接続を取り除きました。"
        "A connection to external data."
    Action "action" Code
        "開いたときや操作したときに動く動作（アクション）を取り除きました。"
        "An action that runs on opening or on a click."
    FormField "form-field" Code
        "入力フォームを取り除き、見た目だけを残しました。"
        "An interactive form field; its appearance stays where it has one."
    Annotation "annotation" Disclosure
        "注釈を取り除きました。"
        "An annotation."
    Media "media" Embedded
        "音声・動画を取り除きました。"
        "Audio or video."
    Signature "signature" Deception
        "電子署名は作り直すと無効になるため取り除きました。"
        "A signature, void once the document is rebuilt."
    CustomXml "custom-xml" Disclosure
        "独自の XML データを取り除きました。"
        "Custom XML data."
    HiddenContent "hidden-content" Disclosure
        "隠された内容がありました。"
        "Hidden content."
    DrawingReplaced "picture-not-kept" Parser
        "安全に作り直せない形式の画像を取り除きました。"
        "A picture in a form that can't be rebuilt safely."
    PictureText "picture-text" Unknown
        "図の中の文字を描けませんでした。元の図で確かめてください。"
        "Text inside a drawing that could not be drawn; check it against the original."
    Chart "chart-not-kept" Unknown
        "旧形式のグラフは作り直せないため取り除きました。元のデータは表に残っています。"
        "A chart of an old format; its data stay in the cells."
    Member "archive-member" Unknown
        "圧縮ファイルの中で無害化できないファイルを取り除きました。"
        "A member of the archive that could not be disarmed."
    Attachment "attachment" Unknown
        "無害化できない添付ファイルを取り除きました。"
        "An attachment that could not be disarmed."
    Header "ambiguous-header" Deception
        "読み手によって解釈が変わるヘッダーを一つにまとめました。"
        "Headers that two readers could take differently; one was kept."
    Control "control-character" Deception
        "表示を偽る制御文字を取り除きました。"
        "Control characters that falsify what is shown."
    CsvFormula "csv-formula" Code
        "数式として実行されるおそれのあるセルを、文字として無効にしました。"
        "A cell that a spreadsheet would run as a formula; made plain text."
    Frame "frame" Unknown
        "上限を超えるコマ・ページを取り除きました。"
        "Frames or pages beyond the limit."
    PasswordRemoved "password-removed" Disclosure
        "開くためのパスワードを外しました。無害化したファイルは暗号化されていません。"
        "The password that opens it; the disarmed file is not encrypted."
    UnknownPart "unknown-part" Unknown
        "許可一覧にない部品を取り除きました。"
        "A part that is not on the positive list."
    UnknownElement "unknown-element" Unknown
        "許可一覧にない要素を取り除きました。"
        "An element that is not on the positive list."
}

refusals! {
    Empty "empty"
        "ファイルが空（0バイト）です。" "The file is empty."
        "送信元のファイルを確認し、もう一度送ってください。" "Check the file at its source and send it again."
    TooLarge "too-large"
        "ファイルが大きさの上限を超えています。" "The file is larger than the limit."
        "分割するか、画像の解像度を下げてください。" "Split it or reduce the resolution of its pictures."
    Bomb "bomb"
        "展開すると上限を超える大きさになります（圧縮爆弾のおそれ）。" "It expands beyond the limit (a decompression bomb)."
        "必要なファイルだけを圧縮し直して送ってください。" "Compress only the files that are needed and send again."
    TooDeep "too-deep"
        "圧縮ファイルの入れ子が深すぎます。" "Archives are nested too deep."
        "入れ子をほどいて送ってください。" "Unpack the inner archives and send again."
    Encrypted "encrypted"
        "パスワードで保護されているため、中身を確認できません。" "It is protected by a password, so its content can't be checked."
        "開くためのパスワードを入力するか、パスワードを解除して送るよう送信元に依頼してください。" "Give the password that opens it, or ask the sender for a copy without one."
    WrongPassword "wrong-password"
        "パスワードが違うため、中身を確認できません。" "The password does not open it."
        "送信元にパスワードを確認し、もう一度入力してください。全角・半角と大文字・小文字の違いにも注意してください。" "Ask the sender for the password and enter it again; mind full-width letters and case."
    UnsupportedFormat "unsupported-format"
        "この種類のファイルはまだ無害化に対応していません。" "This kind of file can't be disarmed yet."
        "PDF、Word（docx）、Excel（xlsx）などに変換して送るよう依頼してください。" "Ask for PDF, DOCX or XLSX instead."
    Executable "executable"
        "プログラムやスクリプトは取り込めません。" "Programs and scripts can't cross."
        "必要な場合は情報システム担当に相談してください。" "Talk to the information systems section if it is needed."
    Unrecognised "unrecognised"
        "ファイルの種類を判別できません。" "The kind of file can't be recognised."
        "ファイルが壊れていないか確認し、PDF などで送り直すよう依頼してください。" "Check that it is whole, or ask for a PDF."
    Malformed "malformed"
        "ファイルが壊れているか、形式に合っていません。" "The file is broken or does not follow its format."
        "元のアプリで開いて保存し直してから送ってください。" "Open it in its application, save it anew and send again."
    Ambiguous "ambiguous"
        "読み手によって中身が変わる作りになっています（偽装のおそれ）。" "It reads differently to different readers (a disguise)."
        "元のアプリで保存し直すか、圧縮し直してから送ってください。" "Save or compress it anew and send again."
    MethodUnsupported "method-unsupported"
        "この種類のファイルは、指定された方式に対応していません。" "This kind of file can't be disarmed by the method asked for."
        "別の方式（再構築）を選んでください。" "Choose another method (rebuild)."
    LimitReached "limit-reached"
        "処理の上限（時間・メモリー）に達したため中止しました。" "Processing reached its limit of time or memory."
        "ファイルを分割するか、PDF などで送り直すよう依頼してください。" "Split the file or ask for a PDF."
    WorkerFailed "worker-failed"
        "無害化の処理が異常終了しました。ファイルは渡していません。" "The disarm process ended abnormally; nothing was released."
        "元のアプリで保存し直してください。続く場合は情報システム担当に連絡してください。" "Save it anew in its application; if it goes on, tell the information systems section."
    Infected "infected"
        "ウイルス検査で検出されました。" "The virus scanner recognised it."
        "送信元に連絡し、情報システム担当に報告してください。ファイルを開かないでください。" "Tell the sender and the information systems section; do not open the file."
    ScannerUnavailable "scanner-unavailable"
        "ウイルス検査ソフトに接続できないため、ファイルを渡せません。" "The virus scanner can't be reached, so the file is held."
        "情報システム担当に連絡してください。復旧後にもう一度試してください。" "Tell the information systems section and try again later."
    VerifyFailed "verify-failed"
        "作り直したファイルが検証に合格しませんでした。ファイルは渡していません。" "The rebuilt file did not pass verification; nothing was released."
        "PDF など別の形式で送るよう依頼してください。" "Ask for another format such as PDF."
}

/// A code's sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The identifier in reports.
    pub code: &'static str,
    /// The danger, for removals.
    pub threat: Option<Threat>,
    /// What it means, in Japanese.
    pub ja: &'static str,
    /// What it means, in English.
    pub en: &'static str,
    /// What to do next, for refusals, in Japanese.
    pub hint_ja: Option<&'static str>,
    /// What to do next, for refusals, in English.
    pub hint_en: Option<&'static str>,
}

/// The explanation of a code as it stands in a report.
#[must_use]
pub fn explain(code: &str) -> Option<Explanation> {
    explanations().find(|explanation| explanation.code == code)
}

/// All codes.
pub fn explanations() -> impl Iterator<Item = Explanation> {
    let removals = REMOVALS.iter().map(|&(_, code, threat, ja, en)| Explanation {
        code,
        threat: Some(threat),
        ja,
        en,
        hint_ja: None,
        hint_en: None,
    });
    let refusals = REFUSALS.iter().map(|&(_, code, ja, en, hint_ja, hint_en)| Explanation {
        code,
        threat: None,
        ja,
        en,
        hint_ja: Some(hint_ja),
        hint_en: Some(hint_en),
    });
    removals.chain(refusals)
}

impl RemovalCode {
    /// The identifier in reports.
    #[must_use]
    pub fn id(self) -> &'static str {
        REMOVALS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// What was removed, as a sentence for people.
    #[must_use]
    pub fn sentence(self, lang: Lang) -> &'static str {
        REMOVALS
            .iter()
            .find(|row| row.0 == self)
            .map_or("", |row| if lang == Lang::Ja { row.3 } else { row.4 })
    }
}

impl RefusalCode {
    /// Whether a document that one method refused with this code may still be read by another.
    #[must_use]
    pub const fn another_method_may_serve(self) -> bool {
        matches!(
            self,
            Self::Malformed | Self::MethodUnsupported | Self::VerifyFailed | Self::UnsupportedFormat
        )
    }

    /// The identifier in reports.
    #[must_use]
    pub fn id(self) -> &'static str {
        REFUSALS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }
}

pub(crate) fn threat(code: RemovalCode) -> Threat {
    REMOVALS.iter().find(|row| row.0 == code).map_or(Threat::Unknown, |row| row.2)
}

pub(crate) fn refusal_reason(code: RefusalCode, lang: Lang) -> &'static str {
    REFUSALS.iter().find(|row| row.0 == code).map_or("", |row| if lang == Lang::Ja { row.2 } else { row.3 })
}

pub(crate) fn refusal_hint(code: RefusalCode, lang: Lang) -> &'static str {
    REFUSALS.iter().find(|row| row.0 == code).map_or("", |row| if lang == Lang::Ja { row.4 } else { row.5 })
}
