//! A register's definition as values: what `read` makes and everyone else asks. Nothing here is changed after it
//! was read; a changed form is another definition with another digest.

use serde::Serialize;

use super::field::{Axis, Field};
use crate::condition::Condition;
use crate::id::{FieldId, RegisterId};
use crate::text::{Lang, Text};

/// A register (台帳): its fields, who may do what, its rules, reminders, views and layout.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Definition {
    /// Name of the file, of the tables and in addresses.
    pub id: RegisterId,
    /// The register's name, for instance USBメモリ貸与管理簿.
    pub label: Text,
    /// What is recorded here, when, and on what ground.
    pub help: Text,
    /// Clauses of the 基本方針 that it carries out, for instance `6(4)`.
    pub clauses: Vec<String>,
    /// Where it stands in the menu.
    pub group: Group,
    /// Confidentiality class of the register itself (a `ClassId` of the policy).
    pub tier: String,
    /// The role that answers for it.
    pub owner_role: String,
    /// The field that identifies a row to people; unique among living rows.
    pub key: FieldId,
    /// What stands before the counter in a key of type `number-code`.
    pub key_prefix: String,
    /// Digits of the counter in a key of type `number-code`.
    pub key_digits: u8,
    /// The field shown as a row's name.
    pub title: FieldId,
    /// The field that says to which unit a row belongs (scope `own-unit`).
    pub unit_field: Option<FieldId>,
    /// The field that says to which person a row belongs (scope `own`).
    pub own_field: Option<FieldId>,
    /// Years that a row is kept after it was removed; 0 = 常用.
    pub retention_years: u32,
    /// Route of approval for changes made by hand.
    pub route: Option<String>,
    /// The route is used only when this holds; `None` = always.
    pub route_when: Option<Condition>,
    /// Who may do what; anything not listed is refused.
    pub access: Vec<Access>,
    /// The fields in the order of the form.
    pub fields: Vec<Field>,
    /// What holds for every living row.
    pub rules: Vec<Rule>,
    /// What falls due.
    pub reminders: Vec<Reminder>,
    /// Saved views.
    pub views: Vec<View>,
    /// The city's own sheet.
    pub layout: Layout,
    /// A CSV file with sample rows, relative to the definition's file.
    pub sample: Option<String>,
    /// SHA-256 of everything above in one canonical form: 64 hex digits.
    #[serde(skip)]
    pub digest: String,
}

impl Definition {
    /// A field by its id.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id.as_str() == id)
    }

    /// The field that identifies a row to people.
    #[must_use]
    pub fn key_field(&self) -> Option<&Field> {
        self.field(self.key.as_str())
    }

    /// The field shown as a row's name.
    #[must_use]
    pub fn title_field(&self) -> Option<&Field> {
        self.field(self.title.as_str())
    }

    /// Fields that are kept in the table: all but those that are computed when they are shown.
    pub fn stored_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.is_stored())
    }

    /// Fields that a person fills in.
    pub fn input_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.derive.is_none())
    }

    /// Fields that the list shows by default; the key and the title if none is marked.
    #[must_use]
    pub fn list_fields(&self) -> Vec<&Field> {
        let marked: Vec<&Field> = self.fields.iter().filter(|field| field.list).collect();
        if !marked.is_empty() {
            return marked;
        }
        self.fields.iter().filter(|field| field.id == self.key || field.id == self.title).collect()
    }

    /// A saved view by its id.
    #[must_use]
    pub fn view(&self, id: &str) -> Option<&View> {
        self.views.iter().find(|view| view.id == id)
    }

    /// Whether the key is a number that the register assigns.
    #[must_use]
    pub fn assigns_keys(&self) -> bool {
        self.key_field().is_some_and(|field| matches!(field.kind, super::field::FieldType::NumberCode))
    }

    /// The key with this counter, for instance `USB-0012`.
    #[must_use]
    pub fn numbered_key(&self, counter: u64) -> String {
        format!("{}{:0width$}", self.key_prefix, counter, width = usize::from(self.key_digits))
    }

    /// The counter of a key that the register assigned; `None` for keys that people brought along.
    #[must_use]
    pub fn key_counter(&self, key: &str) -> Option<u64> {
        let digits = key.strip_prefix(self.key_prefix.as_str())?;
        let fit = !digits.is_empty() && digits.len() <= 18 && digits.bytes().all(|b| b.is_ascii_digit());
        if fit { digits.parse().ok() } else { None }
    }
}

/// A part of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// 組織体制.
    Organisation,
    /// 情報資産の分類と管理.
    Assets,
    /// 物理的セキュリティ.
    Physical,
    /// 人的セキュリティ.
    Human,
    /// 技術的セキュリティ・運用.
    Technical,
    /// 業務委託と外部サービス.
    Outsourcing,
    /// 評価・見直し.
    Review,
}

/// What a person may do with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Read rows, also their history.
    See,
    /// Add rows.
    Add,
    /// Change rows.
    Change,
    /// Remove rows.
    Remove,
    /// Take rows out as a file.
    Export,
    /// Bring rows in from a file.
    Import,
    /// Override a finding of the individual-number search, with a reason.
    ApproveOverride,
}

/// Which rows an entry of the table of access is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Rows of one's own unit.
    OwnUnit,
    /// Rows of one's own unit and the units under it.
    Below,
    /// Every row.
    All,
    /// Rows whose `own_field` is oneself.
    Own,
}

/// Why a finding of a rule stops a change or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The change is refused.
    Refuse,
    /// The row is shown as a finding.
    Warn,
}

/// A4 on end or on its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Orientation {
    /// 縦.
    Portrait,
    /// 横.
    Landscape,
}

macro_rules! words {
    ($($name:ident { $($variant:ident $word:literal $ja:literal $en:literal)* })*) => {$(
        impl $name {
            /// Every value, in the order of the definition language.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word of the definition language.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The value of a word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }

            /// For people.
            #[must_use]
            pub const fn label(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Self::$variant, Lang::Ja) => $ja, (Self::$variant, Lang::En) => $en),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

words! {
    Group {
        Organisation "organisation" "組織・責任者" "Organisation"
        Assets "assets" "情報資産" "Assets"
        Physical "physical" "物理的セキュリティ" "Physical security"
        Human "human" "人的セキュリティ" "People"
        Technical "technical" "技術的セキュリティ・運用" "Technical security and operation"
        Outsourcing "outsourcing" "業務委託・外部サービス" "Outsourcing and external services"
        Review "review" "評価・見直し" "Review"
    }
    Action {
        See "see" "閲覧" "see"
        Add "add" "追加" "add"
        Change "change" "変更" "change"
        Remove "remove" "削除" "remove"
        Export "export" "出力" "export"
        Import "import" "取込" "import"
        ApproveOverride "approve-override" "個人番号検知の例外の承認" "approve an override"
    }
    Scope {
        OwnUnit "own-unit" "自所属" "own unit"
        Below "below" "自所属及び下位の組織" "own unit and the units under it"
        All "all" "全て" "all rows"
        Own "own" "本人" "own rows"
    }
    Severity {
        Refuse "refuse" "登録不可" "refuse"
        Warn "warn" "注意" "warn"
    }
    Orientation {
        Portrait "portrait" "縦" "portrait"
        Landscape "landscape" "横" "landscape"
    }
    Axis {
        Confidentiality "confidentiality" "機密性" "confidentiality"
        Integrity "integrity" "完全性" "integrity"
        Availability "availability" "可用性" "availability"
    }
}

/// One entry of the table of access (権限表).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Access {
    /// A role of the policy, or `*` for every signed-in person.
    pub role: String,
    /// Which rows.
    pub scope: Scope,
    /// What may be done with them.
    pub actions: Vec<Action>,
    /// For [`Scope::Own`]: the field of type `person` that must name oneself.
    pub own_field: Option<FieldId>,
}

impl Access {
    /// Whether the entry is about every signed-in person.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.role == "*"
    }
}

/// A rule that holds for every living row. A condition that is unknown (NULL) counts as holding.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Rule {
    /// Name within the register.
    pub id: String,
    /// What holds.
    pub when: Condition,
    /// What to tell people when it doesn't.
    pub text: Text,
    /// Whether the change is refused.
    pub severity: Severity,
    /// Where the form shows it.
    pub field: Option<FieldId>,
}

/// Something that falls due on a date of the row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reminder {
    /// Name within the register.
    pub id: String,
    /// A column that holds a date: a field of type `date`, or `FIELD_from` / `FIELD_to` of a period.
    pub date: String,
    /// The row waits only while this holds; `None` = always.
    pub open_when: Option<Condition>,
    /// Days before the date on which people are reminded, largest first.
    pub days_before: Vec<u32>,
    /// Who is reminded.
    pub to: Recipient,
    /// What is due.
    pub text: Text,
}

/// Who is reminded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// The person in a field of the row.
    RowPerson(FieldId),
    /// The 情報セキュリティ管理者 of the row's unit.
    UnitManager,
    /// Everyone who holds a role of the policy.
    Role(String),
}

/// A saved view.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct View {
    /// Name within the register.
    pub id: String,
    /// For people.
    pub label: Text,
    /// Which rows; `None` = all.
    pub filter: Option<Condition>,
    /// A stored column to sort by.
    pub sort: Option<String>,
    /// From the largest to the smallest.
    pub descending: bool,
}

/// The city's own sheet in a workbook, and the columns of a CSV file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Layout {
    /// Name of the sheet.
    pub sheet: String,
    /// The line on top.
    pub title: Text,
    /// Row of the headers, counted from 1.
    pub header_row: u32,
    /// How the page lies.
    pub orientation: Orientation,
    /// Columns from left to right. Never empty; all fields with their labels when the definition names none.
    pub columns: Vec<LayoutColumn>,
}

/// One column of the sheet.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LayoutColumn {
    /// What stands in it.
    pub field: FieldId,
    /// Its header; no two columns have the same.
    pub header: String,
    /// Width in characters; `None` = by its content.
    pub width: Option<f64>,
}
