//! People from a CSV file (人事異動の一括登録). The file is first played through as a whole; it is applied whole or
//! not at all. Nobody is deactivated by being absent from a file.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_policy::{Permission, Policy, RoleId, UnitId};
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use crate::Identity;
use crate::error::{Bilingual, IdentityError, Result};
use crate::person::{Actor, NewPerson, Person, PersonChange, login as checked_login};
use crate::rows::people_where;

/// Most rows of one file.
const MAX_ROWS: usize = 20_000;

/// Whether to change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Only say what would happen.
    DryRun,
    /// Do it, if no row is refused.
    Apply,
}

/// What an import does, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// People that are new.
    pub added: Vec<ImportedRow>,
    /// People that change.
    pub changed: Vec<ImportedRow>,
    /// Rows that say what is already so.
    pub unchanged: u32,
    /// Rows that can't be applied; while there is one, nothing is.
    pub refused: Vec<RefusedRow>,
    /// Whether the changes were made.
    pub applied: bool,
}

/// A row that is (or would be) applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedRow {
    /// Line in the file, from 1.
    pub line: u64,
    /// The log-in name.
    pub login: String,
    /// The name after the change.
    pub name: String,
    /// What changes, as "field: before → after" in both languages; empty for a new person.
    pub changes: Vec<Bilingual>,
}

/// A row that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedRow {
    /// Line in the file, from 1.
    pub line: u64,
    /// What is wrong and what to do.
    pub message: Bilingual,
}

impl Identity {
    /// Adds and changes people from CSV text with the columns login, name, kana, unit, roles (ログイン名, 氏名,
    /// フリガナ, 所属, 役割) in any order. A unit or role is given by its identifier or its label in the policy;
    /// several roles are separated by `;` or `、`. Kana may be missing.
    ///
    /// # Errors
    /// `NotPermitted`, or a failure of the store. What is wrong with the file is in the report.
    pub fn import_people(&self, actor: &Actor, csv: &str, mode: ImportMode) -> Result<ImportReport> {
        let (actor, csv) = (actor.clone(), csv.to_owned());
        self.write(move |tx, rules| {
            rules.authorise(tx, &actor, &[])?;
            let may_make_administrators = rules.authorise_administering(tx, &actor);
            let existing = people_where(tx, "ORDER BY login", &[])?;
            let mut plan = Plan::new(&csv, &existing, &rules.policy, may_make_administrators);
            if mode == ImportMode::DryRun || !plan.report.refused.is_empty() {
                return Ok(plan.report);
            }
            for new in plan.create {
                rules.create(tx, &actor, new)?;
            }
            for (person, change) in plan.update {
                rules.update(tx, &actor, &person, change)?;
            }
            plan.report.applied = true;
            Ok(plan.report)
        })
    }
}

impl crate::Rules {
    fn authorise_administering(&self, tx: &mut sekisho_store::WriteTx, actor: &Actor) -> bool {
        let administrators: Vec<RoleId> = self
            .policy
            .roles
            .iter()
            .filter(|role| role.permissions.contains(&Permission::Administer))
            .map(|role| role.id.clone())
            .collect();
        self.authorise(tx, actor, &administrators).is_ok()
    }
}

struct Plan {
    report: ImportReport,
    create: Vec<NewPerson>,
    update: Vec<(Person, PersonChange)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Login,
    Name,
    Kana,
    Unit,
    Roles,
}

impl Column {
    const ALL: [Self; 5] = [Self::Login, Self::Name, Self::Kana, Self::Unit, Self::Roles];

    fn named(header: &str) -> Option<Self> {
        let plain: String = header.nfkc().filter(|c| !c.is_whitespace() && *c != '\u{feff}').collect();
        Some(match plain.to_lowercase().as_str() {
            "login" | "ログイン名" | "ログインid" | "ログイン" | "職員番号" | "ユーザー名" | "利用者id" => {
                Self::Login
            }
            "name" | "氏名" | "名前" => Self::Name,
            "kana" | "フリガナ" | "ふりがな" | "カナ" | "かな" | "氏名カナ" => Self::Kana,
            "unit" | "所属" | "部署" | "課" | "所属コード" => Self::Unit,
            "roles" | "role" | "役割" | "権限" | "ロール" => Self::Roles,
            _ => return None,
        })
    }

    const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Login => ("ログイン名", "login"),
            Self::Name => ("氏名", "name"),
            Self::Kana => ("フリガナ", "kana"),
            Self::Unit => ("所属", "unit"),
            Self::Roles => ("役割", "roles"),
        }
    }
}

impl Plan {
    fn new(csv: &str, existing: &[Person], policy: &Policy, may_make_administrators: bool) -> Self {
        let mut plan = Self { report: ImportReport::default(), create: Vec::new(), update: Vec::new() };
        let by_login: BTreeMap<&str, &Person> =
            existing.iter().map(|person| (person.login.as_str(), person)).collect();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
        let mut columns: Option<BTreeMap<Column, usize>> = None;
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        for (index, record) in reader.records().enumerate() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(1, csv::Position::line);
                    plan.refuse(
                        line,
                        Bilingual::new(
                            "CSVとして読み取れません。",
                            format!("This is not readable as CSV: {error}."),
                        ),
                    );
                    return plan;
                }
            };
            let line = record.position().map_or(0, csv::Position::line);
            if index > MAX_ROWS {
                let sentence = Bilingual::new(
                    format!("行数が多すぎます。1回に{MAX_ROWS}行までに分けてください。"),
                    format!("There are too many rows. Split the file into parts of at most {MAX_ROWS}."),
                );
                plan.refuse(line, sentence);
                return plan;
            }
            let Some(columns) = &columns else {
                match header(&record) {
                    Ok(found) => columns = Some(found),
                    Err(sentence) => {
                        plan.refuse(line, sentence);
                        return plan;
                    }
                }
                continue;
            };
            if record.iter().all(|field| field.trim().is_empty()) {
                continue;
            }
            let fields = Fields { record: &record, columns };
            if let Err(error) = plan.row(line, &fields, &by_login, policy, may_make_administrators, &mut seen)
            {
                plan.refuse(line, error.message());
            }
        }
        if columns.is_none() {
            plan.refuse(
                1,
                Bilingual::new("ファイルに見出し行がありません。", "The file has no header line."),
            );
        }
        plan
    }

    fn refuse(&mut self, line: u64, message: Bilingual) {
        self.report.refused.push(RefusedRow { line, message });
    }

    fn row(
        &mut self,
        line: u64,
        fields: &Fields<'_>,
        existing: &BTreeMap<&str, &Person>,
        policy: &Policy,
        may_make_administrators: bool,
        seen: &mut BTreeMap<String, u64>,
    ) -> Result<()> {
        let login = checked_login(fields.get(Column::Login))?;
        if let Some(first) = seen.insert(login.clone(), line) {
            return Err(IdentityError::invalid(
                format!("ログイン名「{login}」が{first}行目と重複しています。"),
                format!("The log-in name `{login}` is already on line {first}."),
            ));
        }
        let unit = find_unit(policy, fields.get(Column::Unit))?;
        let roles = find_roles(policy, fields.get(Column::Roles))?;
        let before = existing.get(login.as_str()).copied();
        let administers =
            |roles: &[RoleId]| roles.iter().any(|role| policy.role_allows(role, Permission::Administer));
        if !may_make_administrators
            && (administers(&roles) || before.is_some_and(|person| administers(&person.roles)))
        {
            return Err(IdentityError::invalid(
                "管理者の役割を付与し、又は管理者を変更できるのは管理者だけです。",
                "Only an administrator may give the role of administrator or change an administrator.",
            ));
        }
        let new = NewPerson {
            login,
            name: fields.get(Column::Name).to_owned(),
            kana: fields.get(Column::Kana).to_owned(),
            unit,
            roles,
        }
        .checked(policy)?;
        let Some(person) = before else {
            self.report.added.push(ImportedRow {
                line,
                login: new.login.clone(),
                name: new.name.clone(),
                changes: Vec::new(),
            });
            self.create.push(new);
            return Ok(());
        };
        if !person.active {
            return Err(IdentityError::invalid(
                format!("「{}」は利用停止中です。先に利用を再開してください。", person.login),
                format!("`{}` is deactivated. Reactivate the account first.", person.login),
            ));
        }
        let change = PersonChange {
            name: Some(new.name.clone()),
            kana: fields.has(Column::Kana).then_some(new.kana),
            unit: Some(new.unit),
            roles: Some(new.roles),
        }
        .checked(policy, person)?;
        if change.is_empty() {
            self.report.unchanged = self.report.unchanged.saturating_add(1);
        } else {
            let changes = describe(policy, person, &change);
            self.report.changed.push(ImportedRow { line, login: new.login, name: new.name, changes });
            self.update.push((person.clone(), change));
        }
        Ok(())
    }
}

struct Fields<'a> {
    record: &'a csv::StringRecord,
    columns: &'a BTreeMap<Column, usize>,
}

impl<'a> Fields<'a> {
    fn get(&self, column: Column) -> &'a str {
        self.columns.get(&column).and_then(|at| self.record.get(*at)).unwrap_or_default().trim()
    }

    fn has(&self, column: Column) -> bool {
        self.columns.contains_key(&column)
    }
}

fn header(record: &csv::StringRecord) -> std::result::Result<BTreeMap<Column, usize>, Bilingual> {
    let mut columns = BTreeMap::new();
    for (at, text) in record.iter().enumerate() {
        let Some(column) = Column::named(text) else {
            return Err(Bilingual::new(
                format!(
                    "見出し「{text}」は使用できません。ログイン名、氏名、フリガナ、所属、役割のいずれかにしてください。"
                ),
                format!("The heading `{text}` is unknown. Use login, name, kana, unit and roles."),
            ));
        };
        if columns.insert(column, at).is_some() {
            let (ja, en) = column.label();
            return Err(Bilingual::new(
                format!("見出し「{ja}」が重複しています。"),
                format!("The heading `{en}` is there twice."),
            ));
        }
    }
    match Column::ALL.into_iter().find(|column| *column != Column::Kana && !columns.contains_key(column)) {
        None => Ok(columns),
        Some(missing) => {
            let (ja, en) = missing.label();
            Err(Bilingual::new(
                format!("見出し「{ja}」がありません。1行目に見出しを付けてください。"),
                format!("The heading `{en}` is missing. The first line holds the headings."),
            ))
        }
    }
}

fn find_unit(policy: &Policy, text: &str) -> Result<UnitId> {
    let mut matches = policy
        .units
        .iter()
        .filter(|unit| unit.id.as_str() == text || unit.name.ja == text || unit.name.en == text);
    match (matches.next(), matches.next()) {
        (Some(unit), None) => Ok(unit.id.clone()),
        (Some(_), Some(_)) => Err(IdentityError::invalid(
            format!("所属「{text}」が複数あります。組織の識別子で指定してください。"),
            format!("There are several units `{text}`. Give the unit's identifier."),
        )),
        (None, _) => Err(IdentityError::invalid(
            format!("所属「{text}」はポリシーに定められていません。"),
            format!("The unit `{text}` is not declared in the policy."),
        )),
    }
}

fn find_roles(policy: &Policy, text: &str) -> Result<Vec<RoleId>> {
    let mut roles = BTreeSet::new();
    for part in text.split([';', '；', '、', '|', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        let role = policy
            .roles
            .iter()
            .find(|role| role.id.as_str() == part || role.label.ja == part || role.label.en == part)
            .ok_or_else(|| {
                IdentityError::invalid(
                    format!("役割「{part}」はポリシーに定められていません。"),
                    format!("The role `{part}` is not declared in the policy."),
                )
            })?;
        roles.insert(role.id.clone());
    }
    if roles.is_empty() {
        return Err(IdentityError::invalid("役割を1つ以上指定してください。", "Give at least one role."));
    }
    Ok(roles.into_iter().collect())
}

fn describe(policy: &Policy, before: &Person, change: &PersonChange) -> Vec<Bilingual> {
    let mut lines = Vec::new();
    let mut line = |column: Column, old: (String, String), new: (String, String)| {
        let (ja, en) = column.label();
        lines.push(Bilingual::new(
            format!("{ja}：{} → {}", old.0, new.0),
            format!("{en}: {} → {}", old.1, new.1),
        ));
    };
    let same = |text: &str| (text.to_owned(), text.to_owned());
    let unit = |id: &UnitId| {
        policy.unit(id).map_or_else(|| same(id.as_str()), |unit| (unit.name.ja.clone(), unit.name.en.clone()))
    };
    let roles = |ids: &[RoleId]| {
        let labels: Vec<(String, String)> = ids
            .iter()
            .map(|id| {
                policy
                    .role(id)
                    .map_or_else(|| same(id.as_str()), |role| (role.label.ja.clone(), role.label.en.clone()))
            })
            .collect();
        let join = |pick: fn(&(String, String)) -> &str, by: &str| {
            labels.iter().map(pick).collect::<Vec<_>>().join(by)
        };
        (join(|label| &label.0, "、"), join(|label| &label.1, ", "))
    };
    if let Some(name) = &change.name {
        line(Column::Name, same(&before.name), same(name));
    }
    if let Some(kana) = &change.kana {
        line(Column::Kana, same(&before.kana), same(kana));
    }
    if let Some(id) = &change.unit {
        line(Column::Unit, unit(&before.unit), unit(id));
    }
    if let Some(ids) = &change.roles {
        line(Column::Roles, roles(&before.roles), roles(ids));
    }
    lines
}

#[cfg(test)]
pub(crate) fn plan_for_test(csv: &str, policy: &Policy) -> ImportReport {
    Plan::new(csv, &[], policy, true).report
}
