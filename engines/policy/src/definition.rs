//! The shape of the files: which tables and keys exist, of which kind, and what each means.
//!
//! One definition drives the reader, its messages and the JSON Schema for editors, so that the three cannot disagree.

use std::fmt;

/// What an identifier names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Of {
    Body,
    Unit,
    Zone,
    Conduit,
    Role,
    Route,
    Class,
    Scheme,
}

impl Of {
    pub(crate) const fn en(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Unit => "unit",
            Self::Zone => "zone",
            Self::Conduit => "conduit",
            Self::Role => "role",
            Self::Route => "route",
            Self::Class => "class",
            Self::Scheme => "scheme",
        }
    }

    pub(crate) const fn ja(self) -> &'static str {
        match self {
            Self::Body => "行政機関",
            Self::Unit => "組織",
            Self::Zone => "領域",
            Self::Conduit => "通信経路",
            Self::Role => "役割",
            Self::Route => "承認経路",
            Self::Class => "分類",
            Self::Scheme => "旧分類",
        }
    }
}

/// The kind of a value.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Text of 1 to 400 characters without control characters.
    Text,
    /// An identifier being declared.
    Id(Of),
    /// An identifier declared elsewhere.
    Ref(Of),
    /// A whole number within bounds.
    Integer(i64, i64),
    /// `true` or `false`.
    Flag,
    /// A day such as 2026-04-01, without quotes.
    Day,
    /// One of the listed words.
    Choice(&'static [&'static str]),
    /// `#rrggbb`, dark enough for white text.
    Color,
    /// A network in CIDR notation.
    Network,
    /// `aa:bb:cc:dd:ee:ff`.
    Mac,
    /// 全国地方公共団体コード with its check digit.
    MunicipalCode,
    /// The origin line of the ledger.
    Origin,
    /// A list with at least so many values, none of them twice.
    List(&'static Kind, usize),
    /// A table.
    One(&'static Table),
    /// A list of tables with at least so many entries.
    Many(&'static Table, usize),
}

/// A key of a table.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) ja: &'static str,
    pub(crate) en: &'static str,
}

/// A table of the files.
pub(crate) struct Table {
    /// As shown in messages, for instance `[[zone]]`.
    pub(crate) shown: &'static str,
    pub(crate) keys: &'static [Key],
}

impl Table {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown)
    }
}

const fn must(name: &'static str, kind: Kind, ja: &'static str, en: &'static str) -> Key {
    Key { name, kind, required: true, ja, en }
}

const fn may(name: &'static str, kind: Kind, ja: &'static str, en: &'static str) -> Key {
    Key { name, kind, required: false, ja, en }
}

/// The identifiers of formats that a conduit may list: the usual extensions.
pub const FORMATS: [&str; 53] = [
    "docx", "docm", "dotx", "dotm", "xlsx", "xlsm", "xltx", "xltm", "xlsb", "pptx", "pptm", "ppsx", "ppsm",
    "potx", "potm", "doc", "xls", "ppt", "rtf", "odt", "ods", "odp", "pdf", "jpg", "png", "gif", "bmp",
    "tif", "webp", "svg", "emf", "wmf", "heic", "avif", "txt", "csv", "html", "xml", "json", "ics", "vcf",
    "dxf", "sfc", "p21", "zip", "7z", "lzh", "tar", "gz", "eml", "msg", "tnef", "jtd",
];

pub(crate) const PERMISSIONS: [&str; 8] = [
    "submit-transfer",
    "receive-transfer",
    "approve-transfer",
    "view-own-unit",
    "view-all",
    "manage-people",
    "administer",
    "audit",
];

const AXES: Kind = Kind::Choice(&["confidentiality", "integrity", "availability"]);
const DAYS: Kind = Kind::Integer(1, 36_500);
const MINUTES: Kind = Kind::Integer(1, 10_080);
const GIB: i64 = 1 << 30;
/// The largest amount of money that a route may name, in yen.
const YEN: i64 = 1_000_000_000_000_000;

/// The whole declaration, over all files.
pub(crate) static ROOT: Table = Table {
    shown: "the declaration",
    keys: &[
        must(
            "policy",
            Kind::One(&POLICY),
            "この宣言の版と施行日",
            "version and effective day of this declaration",
        ),
        must("municipality", Kind::One(&MUNICIPALITY), "地方公共団体", "the municipality"),
        must("body", Kind::Many(&BODY, 1), "基本方針4(1)の行政機関", "a body of clause 4(1)"),
        must("unit", Kind::Many(&UNIT, 1), "部・課・係", "a department, section or team"),
        must("zone", Kind::Many(&ZONE, 1), "領域（三層）", "a zone of the three tiers"),
        may("conduit", Kind::Many(&CONDUIT, 0), "領域をまたぐ通信経路", "a way from one zone to another"),
        must(
            "classification",
            Kind::One(&CLASSIFICATION),
            "情報資産の分類の版",
            "edition of the classification",
        ),
        must("class", Kind::Many(&CLASS, 1), "情報資産の分類", "a class of information assets"),
        may("scheme", Kind::Many(&SCHEME, 0), "旧分類と読替え", "an older scheme and its mapping"),
        must("role", Kind::Many(&ROLE, 1), "役割と権限", "a role and its permissions"),
        may("route", Kind::Many(&ROUTE, 0), "承認経路", "a route of approval"),
        must("retention", Kind::One(&RETENTION), "保存期間", "how long things are kept"),
        must("limits", Kind::One(&LIMITS), "上限", "budgets"),
        must("session", Kind::One(&SESSION), "セッション", "sessions"),
        may("sign-in", Kind::One(&SIGN_IN), "外部の認証基盤によるサインイン", "sign-in by services outside"),
    ],
};

static POLICY: Table = Table {
    shown: "[policy]",
    keys: &[
        must("version", Kind::Text, "版の名称", "name of the version"),
        must("effective_from", Kind::Day, "施行日", "day from which it applies"),
    ],
};

static MUNICIPALITY: Table = Table {
    shown: "[municipality]",
    keys: &[
        must("name_ja", Kind::Text, "名称（日本語）", "name in Japanese"),
        must("name_en", Kind::Text, "名称（英語）", "name in English"),
        must(
            "code",
            Kind::MunicipalCode,
            "全国地方公共団体コード（検査数字を含む6桁）",
            "local government code: six digits with the check digit",
        ),
        must("origin", Kind::Origin, "台帳の名称（例 imari.example/sekisho）", "origin of the ledger"),
        must(
            "model",
            Kind::Choice(&["alpha", "alpha-prime", "beta", "beta-prime"]),
            "三層の対策のモデル（α・α′・β・β′）",
            "model of the three-tier separation",
        ),
    ],
};

static BODY: Table = Table {
    shown: "[[body]]",
    keys: &[
        must("id", Kind::Id(Of::Body), "識別子", "identifier"),
        must("name_ja", Kind::Text, "名称（日本語）", "name in Japanese"),
        must("name_en", Kind::Text, "名称（英語）", "name in English"),
    ],
};

static UNIT: Table = Table {
    shown: "[[unit]]",
    keys: &[
        must("id", Kind::Id(Of::Unit), "識別子", "identifier"),
        must("name_ja", Kind::Text, "名称（日本語）", "name in Japanese"),
        must("name_en", Kind::Text, "名称（英語）", "name in English"),
        must("kind", Kind::Choice(&["department", "section", "team"]), "部・課・係の別", "rank of the unit"),
        must("body", Kind::Ref(Of::Body), "属する行政機関", "body to which it belongs"),
        may("parent", Kind::Ref(Of::Unit), "上位の組織", "unit above it"),
        may(
            "document_mark",
            Kind::Text,
            "文書記号（例 情政）。文書番号「情政第12号」に使う",
            "mark of the unit in document numbers such as 情政第12号",
        ),
    ],
};

static ZONE: Table = Table {
    shown: "[[zone]]",
    keys: &[
        must("id", Kind::Id(Of::Zone), "識別子", "identifier"),
        must(
            "kind",
            Kind::Choice(&["mynumber", "lgwan", "internet"]),
            "三層のいずれか",
            "which of the three tiers",
        ),
        must("label_ja", Kind::Text, "表示名（日本語）", "label in Japanese"),
        must("label_en", Kind::Text, "表示名（英語）", "label in English"),
        must(
            "color",
            Kind::Color,
            "識別色。白い文字との対比が4.5以上",
            "colour #rrggbb; white text on it needs a contrast of 4.5",
        ),
        must("networks", Kind::List(&Kind::Network, 1), "属するアドレス（CIDR）", "addresses of the zone"),
        may("port", Kind::Integer(1, 65_535), "待受けポート", "port of the zone's listener"),
    ],
};

static CONDUIT: Table = Table {
    shown: "[[conduit]]",
    keys: &[
        must("id", Kind::Id(Of::Conduit), "識別子", "identifier"),
        must("label_ja", Kind::Text, "表示名（日本語）", "label in Japanese"),
        must("label_en", Kind::Text, "表示名（英語）", "label in English"),
        must("from", Kind::Ref(Of::Zone), "送り側の領域", "zone that files come from"),
        must("to", Kind::Ref(Of::Zone), "受け側の領域", "zone that files go to"),
        may(
            "formats",
            Kind::List(&Kind::Choice(&FORMATS), 1),
            "通してよい形式。省略すると対応する全形式",
            "formats that may cross; every supported one when left out",
        ),
        must(
            "methods",
            Kind::List(&Kind::Choice(&["rebuild", "image", "text"]), 1),
            "無害化の方式。先頭から順に試す",
            "methods of disarming, tried in this order",
        ),
        may(
            "exceptions",
            Kind::List(&Kind::Choice(&["keep-approved", "original"]), 1),
            "二人以上が期限を定めて承認した場合に限り認める例外。省略すると認めない",
            "exceptions that hold with the approval of two people and a term; none when left out",
        ),
        may("approval", Kind::Ref(Of::Route), "承認経路", "route of approval"),
        must(
            "search_individual_numbers",
            Kind::Flag,
            "個人番号が含まれていないかを検査するか",
            "whether text is searched for Individual Numbers",
        ),
        must("max_bytes", Kind::Integer(1, 16 * GIB), "1ファイルの上限（バイト）", "largest file in bytes"),
        must("purpose_required", Kind::Flag, "目的の記載を必須とするか", "whether a purpose must be stated"),
        may(
            "max_confidentiality",
            Kind::Ref(Of::Class),
            "通してよい機密性の上限",
            "highest class of confidentiality that may cross",
        ),
        may("reason_ja", Kind::Text, "設ける理由（日本語）", "why it exists, in Japanese"),
        may("reason_en", Kind::Text, "設ける理由（英語）", "why it exists, in English"),
        may(
            "specific_communication",
            Kind::One(&SPECIFIC),
            "特定通信の条件。マイナンバー利用事務系に接する経路では必須",
            "terms of a specific communication; required where a MyNumber zone is touched",
        ),
    ],
};

static SPECIFIC: Table = Table {
    shown: "[conduit.specific_communication]",
    keys: &[
        must("addresses", Kind::List(&Kind::Network, 1), "相手方のIPアドレス", "IP addresses of the peer"),
        must("mac_addresses", Kind::List(&Kind::Mac, 1), "相手方のMACアドレス", "MAC addresses of the peer"),
        must(
            "ports",
            Kind::List(&Kind::Integer(1, 65_535), 1),
            "アプリケーションプロトコルのポート番号",
            "ports of the application protocol",
        ),
        must("expires", Kind::Day, "許可の期限", "day on which the permission ends"),
    ],
};

static CLASSIFICATION: Table = Table {
    shown: "[classification]",
    keys: &[must(
        "edition",
        Kind::Choice(&["2024-10", "before-2024-10"]),
        "機密性の分類の版（3A・3B・3C・2・1 又は 3・2・1）",
        "edition of the classes of confidentiality (3A, 3B, 3C, 2, 1 or 3, 2, 1)",
    )],
};

static CLASS: Table = Table {
    shown: "[[class]]",
    keys: &[
        must("id", Kind::Id(Of::Class), "識別子", "identifier"),
        must("axis", AXES, "機密性・完全性・可用性の別", "axis"),
        must("mark", Kind::Text, "記号（例 3A）", "mark, for instance 3A"),
        must(
            "rank",
            Kind::Integer(1, 99),
            "順位。大きいほど厳しい",
            "order within the axis; higher is stricter",
        ),
        must("label_ja", Kind::Text, "名称（日本語）", "name in Japanese"),
        must("label_en", Kind::Text, "名称（英語）", "name in English"),
        must("criterion_ja", Kind::Text, "分類基準（日本語）", "criterion in Japanese"),
        must("criterion_en", Kind::Text, "分類基準（英語）", "criterion in English"),
        may("handling", Kind::Many(&HANDLING, 0), "取扱制限", "handling restrictions"),
    ],
};

static HANDLING: Table = Table {
    shown: "[[class.handling]]",
    keys: &[must("ja", Kind::Text, "日本語", "in Japanese"), must("en", Kind::Text, "英語", "in English")],
};

static SCHEME: Table = Table {
    shown: "[[scheme]]",
    keys: &[
        must("id", Kind::Id(Of::Scheme), "識別子", "identifier"),
        must("label_ja", Kind::Text, "名称（日本語）", "name in Japanese"),
        must("label_en", Kind::Text, "名称（英語）", "name in English"),
        must("mark", Kind::Many(&SCHEME_MARK, 1), "読替え", "mapping of a mark"),
    ],
};

static SCHEME_MARK: Table = Table {
    shown: "[[scheme.mark]]",
    keys: &[
        must("axis", AXES, "機密性・完全性・可用性の別", "axis"),
        must("from", Kind::Text, "旧分類の記号", "old mark"),
        must("to", Kind::Ref(Of::Class), "現在の分類", "class as which it is handled"),
    ],
};

static ROLE: Table = Table {
    shown: "[[role]]",
    keys: &[
        must("id", Kind::Id(Of::Role), "識別子", "identifier"),
        must("label_ja", Kind::Text, "名称（日本語）", "name in Japanese"),
        must("label_en", Kind::Text, "名称（英語）", "name in English"),
        must("permissions", Kind::List(&Kind::Choice(&PERMISSIONS), 1), "権限", "permissions"),
    ],
};

static ROUTE: Table = Table {
    shown: "[[route]]",
    keys: &[
        must("id", Kind::Id(Of::Route), "識別子", "identifier"),
        must("label_ja", Kind::Text, "名称（日本語）", "name in Japanese"),
        must("label_en", Kind::Text, "名称（英語）", "name in English"),
        may(
            "drafters",
            Kind::List(&Kind::Ref(Of::Role), 1),
            "起案できる役割。省略すると全職員",
            "roles that may draft; everybody when left out",
        ),
        may(
            "separate_from",
            Kind::List(&Kind::Choice(&["drafter", "drafter-unit"]), 1),
            "決裁から除く者。起案者本人は、書かなくても常に除かれる",
            "who takes no part in deciding; the drafter never does, whether written or not",
        ),
        must("step", Kind::Many(&STEP, 1), "段階", "a step"),
    ],
};

static STEP: Table = Table {
    shown: "[[route.step]]",
    keys: &[
        must("role", Kind::Ref(Of::Role), "決裁する役割", "role that decides"),
        must(
            "scope",
            Kind::Choice(&["same-unit", "ancestor", "any"]),
            "申請者の組織から見た決裁者の範囲",
            "where the decider sits, seen from the applicant's unit",
        ),
        may(
            "unit",
            Kind::Ref(Of::Unit),
            "決裁者の組織を1つに定める場合の組織（scope は any とする）",
            "the one unit in which the decider sits; `scope` is then `any`",
        ),
        may(
            "action",
            Kind::Choice(&["agree", "decide"]),
            "合議（agree）又は決裁（decide）。省略すると決裁",
            "agree (合議) or decide (決裁); decide when left out",
        ),
        may(
            "delegated",
            Kind::Flag,
            "専決（上位者に代わり、委ねられた範囲で決裁する）か",
            "whether the decision is a delegated one (専決)",
        ),
        may(
            "deputies",
            Kind::List(&Kind::Ref(Of::Role), 1),
            "代行する役割",
            "roles that decide in the holder's place",
        ),
        may(
            "quorum",
            Kind::Integer(1, 9),
            "必要な人数。省略すると1",
            "how many people must approve; 1 when left out",
        ),
        may(
            "parallel",
            Kind::Text,
            "同時に回す段階に付ける共通の名前",
            "steps with the same name run at the same time",
        ),
        may("due_days", Kind::Integer(1, 366), "期限までの日数", "days until the step is overdue"),
        may(
            "amount_from",
            Kind::Integer(1, YEN),
            "この金額（円）以上のときだけ通る",
            "the step applies from this amount in yen",
        ),
        may(
            "amount_below",
            Kind::Integer(1, YEN),
            "この金額（円）未満のときだけ通る",
            "the step applies below this amount in yen",
        ),
        may(
            "class_from",
            Kind::Ref(Of::Class),
            "この機密性以上のとき（分類が不明なときを含む）だけ通る",
            "the step applies from this class of confidentiality, and where the class is unknown",
        ),
    ],
};

static RETENTION: Table = Table {
    shown: "[retention]",
    keys: &[
        must("originals_days", DAYS, "原本を暗号化して保存する日数", "days for which originals are kept"),
        must(
            "results_days",
            DAYS,
            "無害化後のファイルを受け取れる日数",
            "days for which results can be fetched",
        ),
        must(
            "history_years",
            Kind::Integer(1, 100),
            "履歴を保存する年数",
            "years for which the history is kept",
        ),
    ],
};

static LIMITS: Table = Table {
    shown: "[limits]",
    keys: &[
        must(
            "upload_bytes",
            Kind::Integer(1, 16 * GIB),
            "1ファイルの上限（バイト）",
            "bytes of one uploaded file",
        ),
        must("files_per_transfer", Kind::Integer(1, 10_000), "1申請のファイル数", "files in one transfer"),
        must(
            "nesting_depth",
            Kind::Integer(1, 16),
            "書庫の入れ子の深さ",
            "archive in archive; the outermost is 1",
        ),
        must(
            "archive_members",
            Kind::Integer(1, 1_000_000),
            "書庫内のファイル数",
            "members of all archives of a file",
        ),
        must(
            "expanded_bytes",
            Kind::Integer(1, 64 * GIB),
            "展開後の上限（バイト）",
            "bytes after every decompression",
        ),
        must(
            "image_pixels",
            Kind::Integer(1, 10_000_000_000),
            "画像の画素数",
            "pixels of one picture, all frames",
        ),
    ],
};

static SESSION: Table = Table {
    shown: "[session]",
    keys: &[
        must("idle_minutes", MINUTES, "無操作で終了するまでの分数", "minutes without a request"),
        must("absolute_minutes", MINUTES, "必ず終了するまでの分数", "minutes after which a session ends"),
        must("step_up_minutes", MINUTES, "再認証が有効な分数", "minutes for which a step-up lasts"),
        must("lockout_attempts", Kind::Integer(3, 100), "ロックまでの失敗回数", "failures before a lock"),
        must("lockout_minutes", MINUTES, "最初のロックの分数", "minutes of the first lock"),
    ],
};

static SIGN_IN: Table = Table {
    shown: "[sign-in]",
    keys: &[
        may(
            "new_accounts",
            Kind::Choice(&["local", "directory", "oidc"]),
            "新しいアカウントのサインイン方法。省略すると local。管理者の役割を持つ人は常に local で始まる",
            "how new accounts sign in; local when left out, and always for roles that administer",
        ),
        may(
            "directory",
            Kind::One(&DIRECTORY),
            "Active Directory 又は LDAP",
            "Active Directory or another LDAP server",
        ),
        may("oidc", Kind::One(&OIDC), "OpenID Connect の認証基盤", "an OpenID Connect provider"),
    ],
};

static DIRECTORY: Table = Table {
    shown: "[sign-in.directory]",
    keys: &[
        must(
            "kind",
            Kind::Choice(&["active-directory", "openldap"]),
            "ディレクトリの種類",
            "kind of the directory",
        ),
        must(
            "servers",
            Kind::List(&Kind::Text, 1),
            "サーバー。ldaps://名前 又は ldap://名前。先頭から順に試す",
            "servers, `ldaps://name` or `ldap://name`, tried in this order",
        ),
        may(
            "start_tls",
            Kind::Flag,
            "ldap:// を StartTLS で暗号化するか",
            "whether `ldap://` is encrypted by StartTLS",
        ),
        may(
            "ca_file",
            Kind::Text,
            "認証局証明書（PEM）の絶対パス。省略するとOSの認証局",
            "absolute path of the authority's certificate (PEM); the system's authorities when left out",
        ),
        may("base", Kind::Text, "検索の起点（DN）", "entry below which people are searched (DN)"),
        may("bind_dn", Kind::Text, "検索に使うアカウント（DN）", "account that searches (DN)"),
        may(
            "password_file",
            Kind::Text,
            "検索に使うアカウントのパスワードを書いたファイルの絶対パス",
            "absolute path of the file with that account's password",
        ),
        may(
            "user_dn",
            Kind::Text,
            "検索せずに本人のDNを作る型。{login} がログイン名に置き換わる",
            "template of a person's DN, instead of a search; `{login}` stands for the log-in name",
        ),
        may(
            "login_attribute",
            Kind::Text,
            "ログイン名の属性。省略すると sAMAccountName 又は uid",
            "attribute with the log-in name; sAMAccountName or uid when left out",
        ),
        may(
            "filter",
            Kind::Text,
            "検索に加える条件（LDAPフィルター）",
            "further condition of the search (an LDAP filter)",
        ),
        may(
            "timeout_seconds",
            Kind::Integer(1, 60),
            "応答を待つ秒数。省略すると5",
            "seconds to wait for an answer; 5 when left out",
        ),
    ],
};

static OIDC: Table = Table {
    shown: "[sign-in.oidc]",
    keys: &[
        must("issuer", Kind::Text, "発行者（https://）", "the issuer, `https://`"),
        must("client_id", Kind::Text, "クライアントID", "client identifier"),
        may(
            "secret_file",
            Kind::Text,
            "クライアントシークレットを書いたファイルの絶対パス",
            "absolute path of the file with the client's secret",
        ),
        may(
            "ca_file",
            Kind::Text,
            "認証局証明書（PEM）の絶対パス。省略するとOSの認証局",
            "absolute path of the authority's certificate (PEM); the system's authorities when left out",
        ),
        must("label_ja", Kind::Text, "ボタンの表示名（日本語）", "name on the button, in Japanese"),
        must("label_en", Kind::Text, "ボタンの表示名（英語）", "name on the button, in English"),
        may(
            "login_claim",
            Kind::Text,
            "ログイン名のクレーム。省略すると preferred_username",
            "claim with the log-in name; preferred_username when left out",
        ),
        may(
            "scopes",
            Kind::List(&Kind::Text, 1),
            "要求するスコープ。省略すると openid と profile",
            "scopes that are asked for; openid and profile when left out",
        ),
        may(
            "mfa_acr",
            Kind::List(&Kind::Text, 1),
            "多要素認証の証拠と認める acr の値",
            "values of `acr` that count as evidence of several factors",
        ),
        may(
            "mfa_amr",
            Kind::List(&Kind::Text, 1),
            "多要素認証の証拠と認める amr の値",
            "values of `amr` that count as evidence of several factors",
        ),
        may(
            "mfa_zones",
            Kind::List(&Kind::Ref(Of::Zone), 1),
            "その証拠があれば関所の第2要素を求めない領域",
            "zones in which that evidence replaces the second factor here",
        ),
    ],
};
