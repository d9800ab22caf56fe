//! The declaration as values. Every value here has passed the checks of `Policy::parse`; there is no other way to get one.

use serde::{Deserialize, Serialize};

use crate::cidr::Network;
use crate::color::Color;
use crate::date::Date;
use crate::id::{BodyId, ClassId, ConduitId, RoleId, RouteId, SchemeId, UnitId, ZoneId};

/// The language of sentences for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// 日本語
    #[default]
    Ja,
    /// English
    En,
}

/// A label in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// 日本語
    pub ja: String,
    /// English
    pub en: String,
}

impl Text {
    /// The label in one language.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }
}

/// A municipality's declaration (情報セキュリティポリシーの宣言), checked as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// The municipality's name for this version, for instance `2026-04-01`.
    pub version: String,
    /// The day from which the declaration applies (施行日).
    pub effective_from: Date,
    /// The municipality.
    pub municipality: Municipality,
    /// Clause 4(1): the bodies to which the policy applies (行政機関の範囲).
    pub bodies: Vec<Body>,
    /// The tree of units (部・課・係), in the order of the files.
    pub units: Vec<Unit>,
    /// The zones (三層の領域).
    pub zones: Vec<Zone>,
    /// The conduits. What no conduit declares cannot cross.
    pub conduits: Vec<Conduit>,
    /// The classification of information assets (情報資産の分類).
    pub classification: Classification,
    /// The roles.
    pub roles: Vec<Role>,
    /// The routes of approval (承認経路).
    pub routes: Vec<Route>,
    /// How long things are kept (保存期間).
    pub retention: Retention,
    /// Budgets.
    pub limits: Limits,
    /// Sessions.
    pub session: Session,
    /// Sign-in by services outside (外部の認証基盤); nothing when it is not declared.
    pub sign_in: SignInSettings,
    /// See [`Policy::digest`].
    pub(crate) digest: String,
}

/// The municipality (地方公共団体).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Municipality {
    /// The name.
    pub name: Text,
    /// 全国地方公共団体コード: six digits, the last of which is the check digit.
    pub code: String,
    /// The ledger's origin line, for instance `imari.example/sekisho`.
    pub origin: String,
    /// The model of the three-tier separation.
    pub model: Model,
}

/// The model of the three-tier separation (三層の対策のモデル).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Model {
    /// αモデル: terminals and business systems on the LGWAN side.
    #[serde(rename = "alpha")]
    Alpha,
    /// α′モデル: α with a direct connection to named cloud services.
    #[serde(rename = "alpha-prime")]
    AlphaPrime,
    /// βモデル: terminals on the Internet side.
    #[serde(rename = "beta")]
    Beta,
    /// β′モデル: β with important business systems on the Internet side.
    #[serde(rename = "beta-prime")]
    BetaPrime,
}

/// A body of clause 4(1) (行政機関).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Body {
    /// The identifier.
    pub id: BodyId,
    /// The name.
    pub name: Text,
}

/// A unit (組織).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// The identifier.
    pub id: UnitId,
    /// The name.
    pub name: Text,
    /// 部, 課 or 係.
    pub kind: UnitKind,
    /// The body that the unit belongs to.
    pub body: BodyId,
    /// The unit above; `None` at the top of a body.
    pub parent: Option<UnitId>,
    /// 文書記号 (for instance 情政), as it stands in document numbers; the service derives one where it is left out.
    pub document_mark: Option<String>,
}

/// The rank of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitKind {
    /// 部・局: led by an 情報セキュリティ責任者.
    Department,
    /// 課・室・事務局: led by an 情報セキュリティ管理者.
    Section,
    /// 係
    Team,
}

/// A zone (領域).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Zone {
    /// The identifier.
    pub id: ZoneId,
    /// Which of the three tiers.
    pub kind: ZoneKind,
    /// The name.
    pub label: Text,
    /// The colour by which people recognise the zone; white text on it has a contrast of at least 4.5 : 1.
    pub color: Color,
    /// The addresses that belong to the zone. No two zones overlap.
    pub networks: Vec<Network>,
    /// The TCP port of the zone's listener, where the policy fixes it.
    pub port: Option<u16>,
}

/// The three tiers of clause 6(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ZoneKind {
    /// マイナンバー利用事務系
    MyNumber,
    /// LGWAN接続系
    Lgwan,
    /// インターネット接続系
    Internet,
}

/// A way from one zone to another (通信経路); the only thing that lets a file cross.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conduit {
    /// The identifier.
    pub id: ConduitId,
    /// The name.
    pub label: Text,
    /// Where files come from.
    pub from: ZoneId,
    /// Where files go.
    pub to: ZoneId,
    /// Identifiers of formats (`docx`, `pdf`, `jpg` …); empty means every format that the engine supports.
    pub formats: Vec<String>,
    /// The methods of disarming in the order in which they are tried; never empty.
    pub methods: Vec<Method>,
    /// The departures from disarming that this conduit knows; each case of them needs a permit. Usually empty.
    pub exceptions: Vec<Exception>,
    /// The route of approval; `None` means that what was disarmed and verified is released at once.
    pub approval: Option<RouteId>,
    /// Whether the text is searched for 個人番号 before release.
    pub search_individual_numbers: bool,
    /// The largest file, in bytes, that may enter.
    pub max_bytes: u64,
    /// Whether the applicant must state a purpose.
    pub purpose_required: bool,
    /// The highest class of 機密性 that may cross; `None` sets no bound.
    pub max_confidentiality: Option<ClassId>,
    /// Why the conduit exists; always given for a conduit that touches マイナンバー利用事務系.
    pub reason: Option<Text>,
    /// The terms of a 特定通信; always given for a conduit that touches マイナンバー利用事務系.
    pub specific_communication: Option<SpecificCommunication>,
}

/// 特定通信: the route is restricted by MAC address, IP address and port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpecificCommunication {
    /// Addresses of the peer.
    pub addresses: Vec<Network>,
    /// MAC addresses of the peer, `aa:bb:cc:dd:ee:ff`.
    pub mac_addresses: Vec<String>,
    /// Ports of the application protocol.
    pub ports: Vec<u16>,
    /// The day after which the permission must have been renewed.
    pub expires: Date,
}

/// A method of disarming (無害化の方式).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// サニタイズ処理（分解・再構成）
    Rebuild,
    /// 画像化
    Image,
    /// テキスト抽出
    Text,
}

impl Method {
    /// The identifier in policies and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rebuild => "rebuild",
            Self::Image => "image",
            Self::Text => "text",
        }
    }
}

/// A departure from disarming (例外) that two people may permit for a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exception {
    /// 承認済みマクロ: everything is rebuilt, but a VBA project of a permitted hash stays.
    KeepApproved,
    /// 原本のまま: a file of a permitted hash crosses untouched.
    Original,
}

/// The classification of information assets (情報資産の分類).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Classification {
    /// The edition of the classes of 機密性.
    pub edition: Edition,
    /// The classes, of all three axes.
    pub classes: Vec<Class>,
    /// Older schemes and how their marks are read.
    pub schemes: Vec<Scheme>,
}

/// The edition of the classes of 機密性.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Edition {
    /// 自治体機密性3A・3B・3C・2・1 (from the revision of October of Reiwa 6).
    #[serde(rename = "2024-10")]
    From202410,
    /// 機密性3・2・1.
    #[serde(rename = "before-2024-10")]
    Before202410,
}

/// A class (分類).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Class {
    /// The identifier.
    pub id: ClassId,
    /// 機密性, 完全性 or 可用性.
    pub axis: Axis,
    /// The mark, for instance `3A`.
    pub mark: String,
    /// The order within the axis; higher is stricter.
    pub rank: u8,
    /// The name, for instance 自治体機密性3A.
    pub label: Text,
    /// What belongs to the class (分類基準).
    pub criterion: Text,
    /// Handling restrictions (取扱制限).
    pub handling: Vec<Text>,
}

/// An axis of classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// 機密性
    Confidentiality,
    /// 完全性
    Integrity,
    /// 可用性
    Availability,
}

/// An older classification scheme (旧分類).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scheme {
    /// The identifier.
    pub id: SchemeId,
    /// The name.
    pub label: Text,
    /// Which class an old mark stands for.
    pub marks: Vec<SchemeMark>,
}

/// One line of the mapping of an older scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemeMark {
    /// The axis.
    pub axis: Axis,
    /// The old mark, for instance `3`.
    pub from: String,
    /// The class as which it is handled.
    pub to: ClassId,
}

/// A role (役割).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Role {
    /// The identifier.
    pub id: RoleId,
    /// The name.
    pub label: Text,
    /// What the role may do.
    pub permissions: Vec<Permission>,
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Hand in files for transfer (申請).
    SubmitTransfer,
    /// Receive released files (受取).
    ReceiveTransfer,
    /// Decide on other people's transfers (承認).
    ApproveTransfer,
    /// See the transfers of one's own unit and of those below it.
    ViewOwnUnit,
    /// See every transfer.
    ViewAll,
    /// Administer accounts and roles.
    ManagePeople,
    /// Administer the system.
    Administer,
    /// Audit: read everything, decide nothing.
    Audit,
}

impl Permission {
    /// Every permission, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::SubmitTransfer,
        Self::ReceiveTransfer,
        Self::ApproveTransfer,
        Self::ViewOwnUnit,
        Self::ViewAll,
        Self::ManagePeople,
        Self::Administer,
        Self::Audit,
    ];

    /// The identifier in policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SubmitTransfer => "submit-transfer",
            Self::ReceiveTransfer => "receive-transfer",
            Self::ApproveTransfer => "approve-transfer",
            Self::ViewOwnUnit => "view-own-unit",
            Self::ViewAll => "view-all",
            Self::ManagePeople => "manage-people",
            Self::Administer => "administer",
            Self::Audit => "audit",
        }
    }
}

/// A route of approval (承認経路).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The identifier.
    pub id: RouteId,
    /// The name.
    pub label: Text,
    /// Who may draft (起案); everybody when empty.
    pub drafters: Vec<RoleId>,
    /// Who takes no part in deciding, beyond the drafter, who never does.
    pub separate_from: Vec<Separation>,
    /// The steps in order; never empty.
    pub steps: Vec<Step>,
}

/// Who takes no part in deciding (兼務の禁止).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Separation {
    /// The drafter (起案者); in force on every route.
    Drafter,
    /// Everybody of the unit that drafted (起案した組織の職員).
    DrafterUnit,
}

/// A step of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Who decides.
    pub role: RoleId,
    /// Where the decider sits, seen from the applicant's unit.
    pub scope: Scope,
    /// The one unit in which the decider sits, whatever the applicant's.
    pub unit: Option<UnitId>,
    /// 合議 or 決裁.
    pub action: StepAction,
    /// Whether the decision is a delegated one (専決).
    pub delegated: bool,
    /// Who decides in the holder's place (代行), in this order.
    pub deputies: Vec<RoleId>,
    /// How many different people must approve; at least 1.
    pub quorum: u8,
    /// Neighbouring steps with the same name run at the same time.
    pub parallel: Option<String>,
    /// Days after which the step is overdue.
    pub due_days: Option<u16>,
    /// The step applies from this amount, in yen.
    pub amount_from: Option<i64>,
    /// The step applies below this amount, in yen.
    pub amount_below: Option<i64>,
    /// The step applies from this class of 機密性, and where the class is unknown.
    pub class_from: Option<ClassId>,
}

/// What is asked of the people of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepAction {
    /// 合議: a consent on which the decision rests.
    Agree,
    /// 決裁: the decision.
    Decide,
}

/// Where the decider sits, seen from the applicant's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// In the applicant's own unit (同じ課).
    SameUnit,
    /// In the applicant's unit or in one above it.
    Ancestor,
    /// Anywhere in the municipality.
    Any,
}

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// Days for which originals are kept, encrypted.
    pub originals_days: u32,
    /// Days for which results can be fetched.
    pub results_days: u32,
    /// Years for which the history (payloads of ledger entries) is kept.
    pub history_years: u32,
}

/// Budgets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Bytes of one uploaded file.
    pub upload_bytes: u64,
    /// Files in one transfer.
    pub files_per_transfer: u32,
    /// Archive in archive; the outermost is depth 1.
    pub nesting_depth: u32,
    /// Members of all archives of one file together.
    pub archive_members: u32,
    /// Bytes of one file after every decompression.
    pub expanded_bytes: u64,
    /// Pixels of all frames of one picture together.
    pub image_pixels: u64,
}

/// Sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Minutes without a request after which a session ends.
    pub idle_minutes: u32,
    /// Minutes after which a session ends in any case.
    pub absolute_minutes: u32,
    /// Minutes for which a step-up (re-authentication) lasts.
    pub step_up_minutes: u32,
    /// Failed log-ins in a row after which an account is locked.
    pub lockout_attempts: u32,
    /// Minutes of the first lock; each further lock doubles it.
    pub lockout_minutes: u32,
}

/// What proves a person's first factor (サインイン方法).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignInWay {
    /// A password or passkey of the system's own.
    #[default]
    Local,
    /// The password of the city's directory.
    Directory,
    /// An OpenID Connect provider.
    Oidc,
}

impl SignInWay {
    /// Every way, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Local, Self::Directory, Self::Oidc];

    /// The word in declarations and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Directory => "directory",
            Self::Oidc => "oidc",
        }
    }
}

/// Sign-in by services outside. Secrets are not here, only the names of the files that hold them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SignInSettings {
    /// How new accounts sign in.
    pub new_accounts: SignInWay,
    /// The city's directory.
    pub directory: Option<DirectorySettings>,
    /// The OpenID Connect provider.
    pub oidc: Option<OidcSettings>,
}

/// The kind of a directory; it decides the usual attribute of log-in names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectoryKind {
    /// Microsoft Active Directory.
    ActiveDirectory,
    /// OpenLDAP and others with `uid`.
    Openldap,
}

/// The city's directory (Active Directory, LDAP).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DirectorySettings {
    /// Its kind.
    pub kind: DirectoryKind,
    /// `ldaps://name[:port]` or `ldap://name[:port]`, tried in this order; plain ones are on this machine only.
    pub servers: Vec<String>,
    /// Whether `ldap://` is encrypted by StartTLS.
    pub start_tls: bool,
    /// Path of the authority's certificate.
    pub ca_file: Option<String>,
    /// Entry below which people are searched.
    pub base: Option<String>,
    /// Account that searches.
    pub bind_dn: Option<String>,
    /// Path of the file with that account's password.
    pub password_file: Option<String>,
    /// Template of a person's DN, with `{login}`; then nothing is searched.
    pub user_dn: Option<String>,
    /// Attribute with the log-in name.
    pub login_attribute: String,
    /// Further condition of the search, in parentheses.
    pub filter: Option<String>,
    /// Seconds to wait for an answer.
    pub timeout_seconds: u32,
}

/// The OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OidcSettings {
    /// The issuer's identifier, exactly as the provider writes it.
    pub issuer: String,
    /// The client's identifier there.
    pub client_id: String,
    /// Path of the file with the client's secret; a public client has none.
    pub secret_file: Option<String>,
    /// Path of the authority's certificate.
    pub ca_file: Option<String>,
    /// The name on the button.
    pub label: Text,
    /// Claim with the log-in name.
    pub login_claim: String,
    /// Scopes that are asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Values of `acr` that are evidence of several factors.
    pub mfa_acr: Vec<String>,
    /// Values of `amr` (RFC 8176) that are evidence of several factors.
    pub mfa_amr: Vec<String>,
    /// Zones in which that evidence replaces the second factor here.
    pub mfa_zones: Vec<ZoneId>,
}
