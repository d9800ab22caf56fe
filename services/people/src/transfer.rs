//! The April transfer (人事異動): one dry run, one approval, one unit of work. The dry run is a [`Plan`]; the case of the
//! approval holds exactly that plan, and what was approved is carried out as it stands or not at all. A register row that
//! changed after the dry run sends the case back to its drafter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use sekisho_approval::{Case, CaseId, Effect, EffectError, NewCase};
use sekisho_identity::{AccountChange, Actor, NewPerson, PersonChange, Principal};
use sekisho_policy::{Permission, UnitKind};
use sekisho_register::book::Book;
use sekisho_register::{Definition, Values};
use sekisho_registers::{Caller, RowId};
use sekisho_store::WriteTx;

use crate::error::PeopleError;
use crate::list::read_list;
use crate::plan::{Account, Ground, Join, Leave, Member, Move, Plan, Source};
use crate::{People, Result, training};

/// The kind of case.
pub const KIND: &str = "people.transfer";

/// The route that decides a transfer.
const ROUTE: &str = "people-transfer";

/// How long one transfer may take, in milliseconds.
const LEASE_MS: i64 = 300_000;

/// The register of staff.
pub(crate) const STAFF: &str = "staff";

/// A personnel list as it was handed in.
#[derive(Debug, Clone)]
pub struct ListFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its cells, read in the sandbox.
    pub book: Book,
}

impl ListFile {
    /// With the digest of the bytes that the cells came from.
    #[must_use]
    pub fn new(name: impl Into<String>, bytes: &[u8], book: Book) -> Self {
        Self { name: name.into(), sha256: hex::encode(Sha256::digest(bytes)), book }
    }
}

impl People {
    /// What the list would change, without changing anything.
    ///
    /// # Errors
    /// `NotPermitted`, `Refused` when the file is no personnel list, or a failure of the store.
    pub fn plan_transfer(
        &self,
        principal: &Principal,
        file: &ListFile,
        effective: Date,
        complete: bool,
    ) -> Result<Plan> {
        if !principal.may(Permission::ManagePeople) && !principal.may(Permission::Administer) {
            return Err(PeopleError::NotPermitted);
        }
        self.plan(file, effective, complete)
    }

    /// The same for a command on the server.
    ///
    /// # Errors
    /// As [`People::plan_transfer`].
    pub fn plan(&self, file: &ListFile, effective: Date, complete: bool) -> Result<Plan> {
        let staff = self.definition(STAFF)?;
        let list = self.registers.with_lookup(|lookup| read_list(&file.book, staff, lookup))??;
        let members = self.members()?;
        let account_roles = self.account_roles()?;
        let needed = self.needed_roles();
        let ground = Ground {
            staff,
            members: &members,
            posts: &self.posts,
            account_roles: &account_roles,
            needed: &needed,
        };
        let source = Source { name: file.name.clone(), sha256: file.sha256.clone() };
        let mut plan = Plan::make(effective, source, complete, &list.lines, &ground);
        plan.refused.extend(list.refused);
        Ok(plan)
    }

    /// Drafts the approval of a plan. The plan is made anew from what is true now, so that nobody approves an old one.
    ///
    /// # Errors
    /// `Refused` when a line of the list can't be taken, when nothing would change, or when the route does not exist.
    pub fn propose_transfer(
        &self,
        principal: &Principal,
        file: &ListFile,
        effective: Date,
        complete: bool,
        reason: &str,
    ) -> Result<CaseId> {
        let plan = self.plan_transfer(principal, file, effective, complete)?;
        if !plan.refused.is_empty() {
            return Err(PeopleError::Refused {
                ja: format!(
                    "名簿に読み取れない箇所が{}件あります。直してから取り込んでください。",
                    plan.refused.len()
                ),
                en: format!("{} places of the list can't be read; mend them first", plan.refused.len()),
            });
        }
        if plan.is_empty() {
            return Err(PeopleError::Refused {
                ja: "名簿は職員名簿と同じです。変更はありません。".to_owned(),
                en: "the list says what the register says already".to_owned(),
            });
        }
        let route = ROUTE.parse().map_err(|_| PeopleError::NotFound)?;
        let title = format!(
            "人事異動（{}発令） 採用{}件・異動等{}件・離任{}件",
            sekisho_register::era::format_wareki(effective),
            plan.joins.len(),
            plan.moves.len(),
            plan.leaves.len()
        );
        let content = json!({ "plan": plan, "reason": reason });
        Ok(self.approval.draft(NewCase {
            kind: KIND.to_owned(),
            title,
            content,
            link: "/people/transfers/{case}".to_owned(),
            route,
            drafter: principal.person.id.clone(),
            unit: principal.person.unit.clone(),
            amount: None,
            class_rank: None,
            due: None,
        })?)
    }

    /// The plan in a case.
    ///
    /// # Errors
    /// `NotFound` when the case is of another kind.
    pub fn plan_of(&self, case: &Case) -> Result<Plan> {
        if case.kind != KIND {
            return Err(PeopleError::NotFound);
        }
        let plan = case.content.get("plan").cloned().unwrap_or_default();
        serde_json::from_value(plan).map_err(|_| PeopleError::NotFound)
    }

    pub(crate) fn members(&self) -> Result<Vec<Member>> {
        let rows = self.registers.all_rows(&Caller::system("people"), STAFF)?;
        Ok(rows
            .into_iter()
            .map(|row| Member { row: row.id.to_string(), version: row.version, values: row.values })
            .collect())
    }

    fn account_roles(&self) -> Result<BTreeMap<String, BTreeSet<String>>> {
        let mut roles = BTreeMap::new();
        let mut offset = 0;
        loop {
            let query = sekisho_identity::PeopleQuery {
                active: Some(true),
                offset,
                limit: 1000,
                ..sekisho_identity::PeopleQuery::default()
            };
            let page = self.identity.people(&query)?;
            if page.people.is_empty() {
                return Ok(roles);
            }
            offset = offset.saturating_add(1000);
            for person in page.people {
                roles.insert(person.login, person.roles.iter().map(ToString::to_string).collect());
            }
        }
    }

    /// Every section needs an 情報セキュリティ管理者, every department a 責任者.
    fn needed_roles(&self) -> Vec<(String, String)> {
        let role = |kind| match kind {
            UnitKind::Section => Some("section-manager"),
            UnitKind::Department => Some("department-head"),
            UnitKind::Team => None,
        };
        self.policy
            .units
            .iter()
            .filter_map(|unit| Some((unit.id.to_string(), role(unit.kind)?.to_owned())))
            .filter(|(_, role)| self.policy.roles.iter().any(|known| known.id.as_str() == role))
            .collect()
    }

    pub(crate) fn definition(&self, register: &str) -> Result<&Definition> {
        self.registers.catalogue().get(register).ok_or_else(|| PeopleError::Refused {
            ja: format!("台帳「{register}」が定義されていません。"),
            en: format!("the register `{register}` is not defined"),
        })
    }
}

/// Decided transfers that wait for their day.
const QUEUE: &str = "people.transfer";
const SCHEDULED: &str = "people.transfer-scheduled";
const DONE: &str = "people.transferred";
const FAILED: &str = "people.transfer-failed";

/// A decided transfer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    case: String,
    number: String,
    actor: String,
    plan: Plan,
}

/// Where a decided transfer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferState {
    /// Not decided.
    Open,
    /// It waits for its day.
    Scheduled,
    /// It was carried out.
    Done,
    /// It could not be carried out on its day; nothing was changed. The sentence says why.
    Failed(String),
}

impl People {
    /// Carries out what is due; to be called every minute or so. Returns how many were carried out.
    ///
    /// # Errors
    /// When the store fails. What can't be carried out is recorded with its reason and stays undone as a whole.
    pub fn run_due(&self, worker: &str) -> Result<u32> {
        let mut done = 0_u32;
        loop {
            let name = worker.to_owned();
            let leased = self.store.write(move |tx| tx.lease(QUEUE, &name, LEASE_MS))?;
            let Some(job) = leased else { return Ok(done) };
            let order: Order =
                serde_json::from_value(job.payload.clone()).map_err(|_| PeopleError::NotFound)?;
            let (people, wanted, id, token) = (self.clone(), order.clone(), job.id, job.token.clone());
            let outcome = self.store.write(move |tx| {
                people.carry_out(tx, &wanted)?;
                tx.complete(id, &token)?;
                Ok::<_, PeopleError>(())
            });
            match outcome {
                Ok(()) => done = done.saturating_add(1),
                Err(PeopleError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    let why = error.message(sekisho_policy::Lang::Ja);
                    self.store.write(move |tx| {
                        tx.emit(FAILED, sekisho_store::SYSTEM, &order.case, json!({ "reason": why }))?;
                        tx.complete(job.id, &job.token)
                    })?;
                }
            }
        }
    }

    /// Where the transfer of a case stands.
    ///
    /// # Errors
    /// When the store fails.
    pub fn transfer_state(&self, case: &CaseId) -> Result<TransferState> {
        let filter = sekisho_store::EventFilter {
            kind_prefix: Some("people.transfer".to_owned()),
            subject: Some(case.to_string()),
        };
        let last = self.store.events(0, 100, &filter)?.pop();
        Ok(match last {
            None => TransferState::Open,
            Some(event) if event.kind == DONE => TransferState::Done,
            Some(event) if event.kind == FAILED => {
                let reason = event.body.as_ref().and_then(|body| body.get("reason")).and_then(Json::as_str);
                TransferState::Failed(reason.unwrap_or_default().to_owned())
            }
            Some(_) => TransferState::Scheduled,
        })
    }
}

/// Carries an approved transfer out.
pub(crate) struct TransferEffect {
    pub(crate) people: People,
}

impl Effect for TransferEffect {
    fn kind(&self) -> &str {
        KIND
    }

    fn apply(&self, tx: &mut WriteTx, case: &Case, actor: &str) -> std::result::Result<(), EffectError> {
        let plan = self.people.plan_of(case).map_err(refusal)?;
        let order =
            Order { case: case.id.to_string(), number: case.number.clone(), actor: actor.to_owned(), plan };
        if order.plan.effective <= self.people.today(tx.now_ms()) {
            return self.people.carry_out(tx, &order).map_err(refusal);
        }
        // Decided in March, carried out on the first day of April: nobody gains or loses a right before.
        let at = sekisho_registers::start_of_day(order.plan.effective);
        tx.emit(SCHEDULED, actor, &order.case, json!({ "effective": order.plan.effective.to_string() }))?;
        tx.enqueue(QUEUE, json!(order), at)?;
        Ok(())
    }
}

/// A refusal that sends the case back; a failing store is passed on, so that the decision may be tried again.
fn refusal(error: PeopleError) -> EffectError {
    match error {
        PeopleError::Store(error) => EffectError::Store(error),
        PeopleError::Registers(sekisho_registers::RegistersError::Store(error)) => EffectError::Store(error),
        other => EffectError::refused(
            other.message(sekisho_policy::Lang::Ja),
            other.message(sekisho_policy::Lang::En),
        ),
    }
}

impl People {
    /// Everything of a plan inside one unit of work.
    pub(crate) fn carry_out(&self, tx: &mut WriteTx, order: &Order) -> Result<()> {
        let Order { case, number, actor, plan } = order;
        let reason = format!("人事異動（{number}）");
        let staff = self.definition(STAFF)?;
        for leave in &plan.leaves {
            self.carry_leave(tx, leave, actor, &reason)?;
        }
        for change in &plan.moves {
            self.carry_move(tx, change, staff, actor, &reason)?;
        }
        let mut newcomers = Vec::new();
        for join in &plan.joins {
            newcomers.push(self.carry_join(tx, join, staff, actor, &reason)?);
        }
        self.close_offices(tx, plan, actor, &reason)?;
        self.request_consents(tx, plan.effective, &newcomers, actor, &reason)?;
        training::assign_newcomers(self, tx, plan.effective, &newcomers, actor, &reason)?;
        tx.emit(
            DONE,
            actor,
            case,
            json!({
                "effective": plan.effective.to_string(),
                "source": plan.source,
                "joins": plan.joins.len(), "moves": plan.moves.len(), "leaves": plan.leaves.len(),
                "vacancies": plan.vacancies,
            }),
        )?;
        Ok(())
    }

    fn carry_leave(&self, tx: &mut WriteTx, leave: &Leave, actor: &str, reason: &str) -> Result<()> {
        let (row, mut values) = self.member_now(tx, &leave.row, leave.version)?;
        values.set("left_on", leave.left_on);
        values.set("roles", sekisho_register::Value::list(["staff".to_owned()]));
        self.registers.put_trusted(tx, actor, STAFF, Some(&row), values, reason)?;
        if let Some(login) = &leave.login
            && let Some(person) = self.identity.account_of_login(tx, login)?
        {
            self.identity.apply_accounts(tx, &actor_of(actor), vec![AccountChange::Deactivate(person.id)])?;
        }
        Ok(())
    }

    fn carry_move(
        &self,
        tx: &mut WriteTx,
        change: &Move,
        staff: &Definition,
        actor: &str,
        reason: &str,
    ) -> Result<()> {
        let (row, values) = self.member_now(tx, &change.row, change.version)?;
        let mut json = values.to_json(staff);
        if let Json::Object(map) = &mut json {
            for field in &change.changes {
                map.insert(field.field.clone(), field.new.clone());
            }
        }
        let values = self.values_of(staff, &json)?;
        self.registers.put_trusted(tx, actor, STAFF, Some(&row), values, reason)?;
        match &change.account {
            Some(account) => self.account(tx, account, actor),
            None => Ok(()),
        }
    }

    fn carry_join(
        &self,
        tx: &mut WriteTx,
        join: &Join,
        staff: &Definition,
        actor: &str,
        reason: &str,
    ) -> Result<Newcomer> {
        let values = self.values_of(staff, &Json::Object(join.values.clone()))?;
        let former: Option<RowId> = match &join.returns_as {
            Some(id) => Some(id.parse().map_err(|_| PeopleError::NotFound)?),
            None => None,
        };
        let row = self.registers.put_trusted(tx, actor, STAFF, former.as_ref(), values.clone(), reason)?;
        if let Some(account) = &join.account {
            self.account(tx, account, actor)?;
        }
        Ok(Newcomer { row, values })
    }

    /// Makes or changes the account so that it is as the plan says.
    fn account(&self, tx: &mut WriteTx, account: &Account, actor: &str) -> Result<()> {
        let unit = account.unit.parse().map_err(|_| PeopleError::NotFound)?;
        let mut roles = Vec::new();
        for role in &account.roles {
            roles.push(role.parse().map_err(|_| PeopleError::NotFound)?);
        }
        let changes = match self.identity.account_of_login(tx, &account.login)? {
            None => vec![AccountChange::Create(NewPerson {
                login: account.login.clone(),
                name: account.name.clone(),
                kana: account.kana.clone(),
                unit,
                roles,
            })],
            Some(person) => {
                let change = PersonChange {
                    name: Some(account.name.clone()),
                    kana: Some(account.kana.clone()),
                    unit: Some(unit),
                    roles: Some(roles),
                };
                let mut changes = Vec::new();
                if !person.active {
                    changes.push(AccountChange::Reactivate(person.id.clone()));
                }
                changes.push(AccountChange::Update { id: person.id, change });
                changes
            }
        };
        self.identity.apply_accounts(tx, &actor_of(actor), changes)?;
        Ok(())
    }

    /// The row as the plan saw it; anything else means that the plan is out of date.
    fn member_now(&self, tx: &mut WriteTx, row: &str, version: u32) -> Result<(RowId, Values)> {
        let id: RowId = row.parse().map_err(|_| PeopleError::NotFound)?;
        let now = self.registers.row_in(tx, STAFF, &id)?.ok_or(PeopleError::NotFound)?;
        if now.version == version {
            return Ok((id, now.values));
        }
        let name = now.values.get("name").as_text().unwrap_or_default().to_owned();
        Err(PeopleError::Refused {
            ja: format!(
                "起案の後に「{name}」の行が変更されました。名簿をもう一度取り込み、起案し直してください。"
            ),
            en: format!("the row of {name} changed after the draft; take the list in again"),
        })
    }

    fn values_of(&self, definition: &Definition, json: &Json) -> Result<Values> {
        Values::from_json(definition, json).map_err(|violations| {
            let first = violations.into_iter().next().map(|one| one.message).unwrap_or_default();
            PeopleError::Refused { ja: first.ja, en: first.en }
        })
    }
}

/// Somebody who just joined.
#[derive(Debug, Clone)]
pub(crate) struct Newcomer {
    pub(crate) row: RowId,
    pub(crate) values: Values,
}

pub(crate) fn actor_of(actor: &str) -> Actor {
    actor.parse().map_or(Actor::System, Actor::Person)
}

/// For `Approval::register`.
pub(crate) fn effect(people: People) -> Arc<dyn Effect> {
    Arc::new(TransferEffect { people })
}
