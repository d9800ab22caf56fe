//! What an April transfer (人事異動) does, worked out before anything is done: who joins, moves, changes and leaves, what
//! becomes of their roles and accounts, and which posts are then empty. The plan is what is approved; nothing is
//! decided later than here.
//!
//! Pure: everything it knows comes in as arguments.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use sekisho_register::{Definition, Text, Value, Values};

use crate::posts::Posts;

/// A plan of transfer. The case of the approval holds exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The day of the transfer (発令日).
    pub effective: Date,
    /// The file it came from.
    pub source: Source,
    /// Whether the list is complete, so that who is not in it leaves.
    pub complete: bool,
    /// Who is new.
    pub joins: Vec<Join>,
    /// Who changes unit, post or anything else.
    pub moves: Vec<Move>,
    /// Who leaves.
    pub leaves: Vec<Leave>,
    /// How many stay as they are.
    pub unchanged: u64,
    /// Posts that nobody would hold afterwards.
    pub vacancies: Vec<Vacancy>,
    /// Lines of the list that can't be taken; nothing is proposed while there is one.
    pub refused: Vec<RefusedLine>,
}

/// The file a plan came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

/// Somebody new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// 職員番号
    pub number: String,
    /// 氏名
    pub name: String,
    /// The values of the row to be added to the staff register.
    pub values: Map<String, Json>,
    /// The row of a former member of staff with this number, who comes back.
    pub returns_as: Option<String>,
    /// The account; none without a login.
    pub account: Option<Account>,
}

/// The account of somebody after the transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The log-in name.
    pub login: String,
    /// 氏名
    pub name: String,
    /// フリガナ
    pub kana: String,
    /// 所属
    pub unit: String,
    /// Roles, sorted.
    pub roles: Vec<String>,
}

/// Somebody who changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The row of the staff register.
    pub row: String,
    /// Its version when the plan was made.
    pub version: u32,
    /// 職員番号
    pub number: String,
    /// 氏名 after the change.
    pub name: String,
    /// The fields that change.
    pub changes: Vec<FieldChange>,
    /// Whether the unit changes (異動), or only something else.
    pub unit_changes: bool,
    /// Roles that end with the move.
    pub roles_lost: Vec<String>,
    /// Roles that begin.
    pub roles_gained: Vec<String>,
    /// The account afterwards.
    pub account: Option<Account>,
}

/// A field's change, in the register's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// Its value before.
    pub old: Json,
    /// Its value afterwards.
    pub new: Json,
}

/// Somebody who leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// The row of the staff register.
    pub row: String,
    /// Its version when the plan was made.
    pub version: u32,
    /// 職員番号
    pub number: String,
    /// 氏名
    pub name: String,
    /// 所属
    pub unit: String,
    /// The last day (離任日).
    pub left_on: Date,
    /// Why.
    pub why: LeaveReason,
    /// Roles that end.
    pub roles_lost: Vec<String>,
    /// The account to be closed.
    pub login: Option<String>,
}

/// Why somebody leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaveReason {
    /// The complete list does not name the person.
    Absent,
    /// The list says so (離任日).
    Listed,
    /// The term is over and was not renewed (任期満了).
    TermEnded,
}

/// A role that nobody holds in a unit that needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vacancy {
    /// The unit.
    pub unit: String,
    /// The role.
    pub role: String,
    /// Whether somebody held it before.
    pub held_before: bool,
}

/// A line that can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedLine {
    /// Sheet and cell, or the line.
    pub place: String,
    /// 日本語
    pub ja: String,
    /// English
    pub en: String,
}

/// A line of the personnel list that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Sheet and row, for messages.
    pub place: String,
    /// The values that the list gives; fields of columns it does not have are absent.
    pub values: Values,
    /// The fields of the columns that the list has; a blank cell in one of them empties the field.
    pub fields: BTreeSet<String>,
}

/// A living row of the staff register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The row.
    pub row: String,
    /// Its version.
    pub version: u32,
    /// Its values.
    pub values: Values,
}

/// What is known besides the list.
pub struct Ground<'a> {
    /// The definition of the staff register.
    pub staff: &'a Definition,
    /// The staff register's living rows.
    pub members: &'a [Member],
    /// The table of posts.
    pub posts: &'a Posts,
    /// Roles of existing accounts by log-in name.
    pub account_roles: &'a BTreeMap<String, BTreeSet<String>>,
    /// Sections (units that need an 情報セキュリティ管理者) and departments (… 責任者), as unit and role.
    pub needed: &'a [(String, String)],
}

impl Plan {
    /// Compares a personnel list with the staff register.
    #[must_use]
    pub fn make(
        effective: Date,
        source: Source,
        complete: bool,
        list: &[Listed],
        ground: &Ground<'_>,
    ) -> Self {
        let mut plan = Self {
            effective,
            source,
            complete,
            joins: Vec::new(),
            moves: Vec::new(),
            leaves: Vec::new(),
            unchanged: 0,
            vacancies: Vec::new(),
            refused: Vec::new(),
        };
        let by_number: BTreeMap<&str, &Member> = ground
            .members
            .iter()
            .filter_map(|member| Some((member.values.get("staff_number").as_text()?, member)))
            .collect();
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let mut logins: BTreeMap<String, String> = BTreeMap::new();
        for line in list {
            let Some(number) = line.values.get("staff_number").as_text().map(ToOwned::to_owned) else {
                plan.refuse(line, "職員番号がありません。", "the staff number is missing");
                continue;
            };
            if let Some(first) = seen.get(&number) {
                let (ja, en) = (
                    format!("職員番号{number}が{first}にもあります。どちらかを消してください。"),
                    format!("staff number {number} is also at {first}"),
                );
                plan.refuse(line, ja, en);
                continue;
            }
            seen.insert(number.clone(), &line.place);
            let login = line.values.get("login").as_text().map(str::to_lowercase);
            if let Some(login) = &login
                && let Some(other) = logins.insert(login.clone(), number.clone())
            {
                let (ja, en) = (
                    format!("利用者ID「{login}」は職員番号{other}と同じです。"),
                    format!("login {login} is also that of {other}"),
                );
                plan.refuse(line, ja, en);
                continue;
            }
            match by_number.get(number.as_str()) {
                Some(member) if member.values.get("left_on").is_null() => {
                    plan.compare(line, number, member, ground);
                }
                // A line that says itself that the person has left brings nobody back.
                Some(_) if !line.values.get("left_on").is_null() => {
                    plan.unchanged = plan.unchanged.saturating_add(1);
                }
                former => plan.join(line, number, former.copied(), ground),
            }
        }
        if complete {
            plan.absentees(&seen, ground);
        }
        plan.find_vacancies(ground);
        plan
    }

    /// Whether it would change anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.joins.is_empty() && self.moves.is_empty() && self.leaves.is_empty()
    }

    fn refuse(&mut self, line: &Listed, ja: impl Into<String>, en: impl Into<String>) {
        self.refused.push(RefusedLine { place: line.place.clone(), ja: ja.into(), en: en.into() });
    }

    fn join(&mut self, line: &Listed, number: String, former: Option<&Member>, ground: &Ground<'_>) {
        let mut values = former.map(|member| member.values.clone()).unwrap_or_default();
        for field in &line.fields {
            values.set(field.as_str(), line.values.get(field).clone());
        }
        values.set("left_on", Value::Null);
        if values.get("joined_on").is_null() || former.is_some() {
            values.set("joined_on", self.effective);
        }
        if values.get("employment").is_null() {
            values.set("employment", "regular");
        }
        if values.get("handles_individual_numbers").is_null() {
            values.set("handles_individual_numbers", false);
        }
        for required in ["name", "kana", "unit", "post"] {
            if values.get(required).is_null() {
                let label =
                    ground.staff.field(required).map_or_else(Text::default, |field| field.label.clone());
                let ja = format!("新しい職員{number}の「{}」がありません。", label.ja);
                let en = format!("{} of the new person {number} is missing", label.en);
                self.refuse(line, ja, en);
                return;
            }
        }
        let roles = ground.posts.roles_of(values.get("post").as_text().unwrap_or_default());
        values.set("roles", Value::list(roles.iter().cloned()));
        if let Some(refusal) = first_refusal(ground.staff, &values, self.effective) {
            self.refuse(line, refusal.ja, refusal.en);
            return;
        }
        self.joins.push(Join {
            number,
            name: text(&values, "name"),
            account: account(&values, &roles),
            returns_as: former.map(|member| member.row.clone()),
            values: json_of(ground.staff, &values),
        });
    }

    fn compare(&mut self, line: &Listed, number: String, member: &Member, ground: &Ground<'_>) {
        let before = &member.values;
        let mut after = before.clone();
        for field in line.fields.iter().filter(|field| *field != "roles") {
            // A required field is never emptied by a list that leaves the cell blank.
            let required = ground.staff.field(field).is_some_and(|definition| definition.required);
            let value = line.values.get(field);
            if !(required && value.is_null()) {
                after.set(field.as_str(), value.clone());
            }
        }
        if let Some(left_on) = after.get("left_on").as_date() {
            self.leave(member, left_on, LeaveReason::Listed, ground);
            return;
        }
        let unit_changes = before.get("unit") != after.get("unit");
        let login = text(&after, "login").to_lowercase();
        let held = held_roles(before, &login, ground);
        // Roles follow the post; who stays where they are keeps what was entered.
        let roles = if unit_changes || before.get("post") != after.get("post") {
            let post = after.get("post").as_text().unwrap_or_default();
            let roles = ground.posts.roles_after(post, &held, !unit_changes);
            after.set("roles", Value::list(roles.iter().cloned()));
            roles
        } else {
            held.clone()
        };
        let changed: Vec<String> = before.differing(&after).into_iter().map(ToOwned::to_owned).collect();
        if changed.is_empty() {
            self.unchanged = self.unchanged.saturating_add(1);
            return;
        }
        if let Some(refusal) = first_refusal(ground.staff, &after, self.effective) {
            self.refuse(line, refusal.ja, refusal.en);
            return;
        }
        let (old, new) = (json_of(ground.staff, before), json_of(ground.staff, &after));
        let side = |row: &Map<String, Json>, field: &str| row.get(field).cloned().unwrap_or(Json::Null);
        self.moves.push(Move {
            row: member.row.clone(),
            version: member.version,
            number,
            name: text(&after, "name"),
            changes: changed
                .into_iter()
                .map(|field| FieldChange { old: side(&old, &field), new: side(&new, &field), field })
                .collect(),
            unit_changes,
            roles_lost: held.difference(&roles).cloned().collect(),
            roles_gained: roles.difference(&held).cloned().collect(),
            account: account(&after, &roles),
        });
    }

    fn absentees(&mut self, seen: &BTreeMap<String, &str>, ground: &Ground<'_>) {
        let eve = self.effective.yesterday().unwrap_or(self.effective);
        for member in ground.members {
            let values = &member.values;
            let listed = values.get("staff_number").as_text().is_some_and(|number| seen.contains_key(number));
            if listed || !values.get("left_on").is_null() {
                continue;
            }
            match values.get("term_ends_on").as_date() {
                Some(end) if end < self.effective => self.leave(member, end, LeaveReason::TermEnded, ground),
                _ => self.leave(member, eve, LeaveReason::Absent, ground),
            }
        }
    }

    fn leave(&mut self, member: &Member, left_on: Date, why: LeaveReason, ground: &Ground<'_>) {
        let values = &member.values;
        let login = values.get("login").as_text().map(str::to_lowercase);
        let held = held_roles(values, login.as_deref().unwrap_or_default(), ground);
        self.leaves.push(Leave {
            row: member.row.clone(),
            version: member.version,
            number: text(values, "staff_number"),
            name: text(values, "name"),
            unit: text(values, "unit"),
            left_on,
            why,
            roles_lost: held.into_iter().collect(),
            login,
        });
    }

    /// Which needed posts nobody holds once everything is done.
    fn find_vacancies(&mut self, ground: &Ground<'_>) {
        let mut holders: BTreeMap<&str, (String, BTreeSet<String>)> = BTreeMap::new();
        for member in ground.members.iter().filter(|member| member.values.get("left_on").is_null()) {
            let login = text(&member.values, "login").to_lowercase();
            let roles = held_roles(&member.values, &login, ground);
            holders.insert(&member.row, (text(&member.values, "unit"), roles));
        }
        let held = |holders: &BTreeMap<&str, (String, BTreeSet<String>)>| -> BTreeSet<(String, String)> {
            holders
                .values()
                .flat_map(|(unit, roles)| roles.iter().map(|role| (unit.clone(), role.clone())))
                .collect()
        };
        let before = held(&holders);
        for leave in &self.leaves {
            holders.remove(leave.row.as_str());
        }
        for change in &self.moves {
            if let Some(entry) = holders.get_mut(change.row.as_str()) {
                for lost in &change.roles_lost {
                    entry.1.remove(lost);
                }
                entry.1.extend(change.roles_gained.iter().cloned());
                if let Some(unit) = change.changes.iter().find(|one| one.field == "unit") {
                    entry.0 = unit.new.as_str().unwrap_or_default().to_owned();
                }
            }
        }
        let mut after = held(&holders);
        for join in &self.joins {
            let unit = join.values.get("unit").and_then(Json::as_str).unwrap_or_default();
            let roles = join.values.get("roles").and_then(Json::as_array).into_iter().flatten();
            after.extend(roles.filter_map(Json::as_str).map(|role| (unit.to_owned(), role.to_owned())));
        }
        self.vacancies = ground
            .needed
            .iter()
            .filter(|need| !after.contains(need))
            .map(|need| Vacancy {
                unit: need.0.clone(),
                role: need.1.clone(),
                held_before: before.contains(need),
            })
            .collect();
    }
}

/// Roles of the row and of the account together: an appointment may have been entered in either.
fn held_roles(values: &Values, login: &str, ground: &Ground<'_>) -> BTreeSet<String> {
    let mut roles: BTreeSet<String> = values.get("roles").as_list().iter().cloned().collect();
    roles.extend(ground.account_roles.get(login).into_iter().flatten().cloned());
    roles
}

fn account(values: &Values, roles: &BTreeSet<String>) -> Option<Account> {
    let login = values.get("login").as_text()?.to_lowercase();
    Some(Account {
        login,
        name: text(values, "name"),
        kana: text(values, "kana"),
        unit: text(values, "unit"),
        roles: roles.iter().cloned().collect(),
    })
}

fn text(values: &Values, field: &str) -> String {
    values.get(field).as_text().unwrap_or_default().to_owned()
}

fn json_of(staff: &Definition, values: &Values) -> Map<String, Json> {
    match values.to_json(staff) {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// The first rule of the register that the row would break.
fn first_refusal(staff: &Definition, values: &Values, today: Date) -> Option<Text> {
    // Classes do not concern the register of staff.
    let env = sekisho_register::Env { today, classes: Vec::new() };
    staff.check_row(values, &env).into_iter().find(|violation| violation.refuse).map(|one| one.message)
}
