//! Accounts: create, change, deactivate, find. Every change is an event; the permission of the one who changes is
//! checked inside the same unit of work.

use sekisho_policy::{Permission, RoleId, UnitId};
use sekisho_store::{Value, WriteTx};
use serde_json::{Map, Value as Json, json};

use crate::error::{IdentityError, Result};
use crate::external::sign_in_of;
use crate::keys::random;
use crate::person::{
    Actor, NewPerson, PeoplePage, PeopleQuery, Person, PersonChange, PersonId, UnitScope, canonical_login,
    search_key,
};
use crate::rows::{Query, people_where, person_by_id, person_by_login};
use crate::{Identity, Rules, SignIn};

impl Identity {
    /// Creates an account without factors; [`Identity::issue_link`] lets the person set them.
    ///
    /// # Errors
    /// `NotPermitted`, or `Invalid` when a field is wrong or the log-in name is taken.
    pub fn create_person(&self, actor: &Actor, new: NewPerson) -> Result<Person> {
        let actor = actor.clone();
        self.write(move |tx, rules| {
            rules.authorise(tx, &actor, &new.roles)?;
            rules.create(tx, &actor, new)
        })
    }

    /// Changes name, kana, unit or roles. Nothing is recorded when nothing changes.
    ///
    /// # Errors
    /// `NotPermitted`, `NotFound`, or `Invalid` (also when the last administrator would lose the role).
    pub fn update_person(&self, actor: &Actor, id: &PersonId, change: PersonChange) -> Result<Person> {
        let (actor, id) = (actor.clone(), id.clone());
        self.write(move |tx, rules| {
            let person = person_by_id(tx, &id)?.ok_or(IdentityError::NotFound)?;
            rules.authorise(tx, &actor, &person.roles)?;
            rules.authorise(tx, &actor, change.roles.as_deref().unwrap_or_default())?;
            rules.update(tx, &actor, &person, change)
        })
    }

    /// Ends the account's use: its sessions, tokens and links end with it. Its history stays.
    ///
    /// # Errors
    /// `NotPermitted`, `NotFound`, or `Invalid` for the last administrator.
    pub fn deactivate_person(&self, actor: &Actor, id: &PersonId) -> Result<Person> {
        let (actor, id) = (actor.clone(), id.clone());
        self.write(move |tx, rules| {
            let person = person_by_id(tx, &id)?.ok_or(IdentityError::NotFound)?;
            rules.authorise(tx, &actor, &person.roles)?;
            rules.deactivate(tx, &actor, person)
        })
    }

    /// Makes a deactivated account usable again, with the factors it had.
    ///
    /// # Errors
    /// `NotPermitted` or `NotFound`.
    pub fn reactivate_person(&self, actor: &Actor, id: &PersonId) -> Result<Person> {
        let (actor, id) = (actor.clone(), id.clone());
        self.write(move |tx, rules| {
            let person = person_by_id(tx, &id)?.ok_or(IdentityError::NotFound)?;
            rules.authorise(tx, &actor, &person.roles)?;
            if !person.active {
                tx.emit("person.reactivated", &actor.to_string(), id.as_str(), json!({}))?;
            }
            Ok(Person { active: true, ..person })
        })
    }

    /// Ends an account's lock after failed log-ins.
    ///
    /// # Errors
    /// `NotPermitted` or `NotFound`.
    pub fn unlock_person(&self, actor: &Actor, id: &PersonId) -> Result<()> {
        let (actor, id) = (actor.clone(), id.clone());
        self.write(move |tx, rules| {
            let person = person_by_id(tx, &id)?.ok_or(IdentityError::NotFound)?;
            rules.authorise(tx, &actor, &person.roles)?;
            rules.account_counter(&person.login)?.clear(tx)?;
            tx.emit("login.unlocked", &actor.to_string(), id.as_str(), json!({}))?;
            Ok(())
        })
    }

    /// One person.
    ///
    /// # Errors
    /// When the store fails.
    pub fn person(&self, id: &PersonId) -> Result<Option<Person>> {
        self.read(|tx| person_by_id(tx, id))
    }

    /// One person, by log-in name in any spelling of case and width.
    ///
    /// # Errors
    /// When the store fails.
    pub fn person_by_login(&self, login: &str) -> Result<Option<Person>> {
        self.read(|tx| person_by_login(tx, &canonical_login(login)))
    }

    /// People by text, unit, role and state, ordered by log-in name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn people(&self, query: &PeopleQuery) -> Result<PeoplePage> {
        let mut filter = String::from("WHERE 1 = 1");
        let mut params: Vec<Value> = Vec::new();
        let mut add = |condition: &str, value: Value| {
            params.push(value);
            filter.push_str(&condition.replace('?', &format!("?{}", params.len())));
        };
        let text = search_key(&[query.text.trim()]);
        if !text.is_empty() {
            let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            add(" AND search LIKE ? ESCAPE '\\'", format!("%{escaped}%").into());
        }
        if let Some(unit) = &query.unit {
            add(" AND unit = ?", unit.as_str().into());
        }
        if let Some(role) = &query.role {
            add(" AND id IN (SELECT person FROM person_roles WHERE role = ?)", role.as_str().into());
        }
        if let Some(active) = query.active {
            add(" AND active = ?", i64::from(active).into());
        }
        let limit = if query.limit == 0 { 100 } else { query.limit.min(1000) };
        let page = format!("{filter} ORDER BY login LIMIT {limit} OFFSET {}", query.offset);
        self.read(|tx| {
            let counted = tx.rows(&format!("SELECT COUNT(*) AS total FROM people {filter}"), &params)?;
            let total = counted.first().map_or(Ok(0), |row| row.get_i64("total"))?;
            Ok(PeoplePage {
                people: people_where(tx, &page, &params)?,
                total: u64::try_from(total).unwrap_or_default(),
            })
        })
    }

    /// Whether an active person may do something, and, when a unit is given, may do it there: in their own unit or
    /// one below it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn can(&self, id: &PersonId, permission: Permission, unit: Option<&UnitId>) -> Result<bool> {
        Ok(self.person(id)?.is_some_and(|person| {
            person.active
                && self.rules.holds(&person.roles, permission)
                && unit.is_none_or(|unit| self.rules.policy.is_within(unit, &person.unit))
        }))
    }

    /// Active holders of a role, ordered by log-in name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn people_with_role(&self, role: &RoleId, scope: &UnitScope) -> Result<Vec<Person>> {
        let holders = self.read(|tx| {
            people_where(
                tx,
                "WHERE active = 1 AND id IN (SELECT person FROM person_roles WHERE role = ?1) ORDER BY login",
                &[role.as_str().into()],
            )
        })?;
        Ok(holders
            .into_iter()
            .filter(|person| match scope {
                UnitScope::Any => true,
                UnitScope::Same(unit) => person.unit == *unit,
                UnitScope::SelfOrAncestor(unit) => self.rules.policy.is_within(unit, &person.unit),
            })
            .collect())
    }
}

impl Rules {
    /// People are managed by those who may; roles that administer the system are given and taken by administrators only.
    pub(crate) fn authorise(&self, tx: &mut WriteTx, actor: &Actor, concerned: &[RoleId]) -> Result<()> {
        let Actor::Person(id) = actor else { return Ok(()) };
        let person =
            person_by_id(tx, id)?.filter(|person| person.active).ok_or(IdentityError::NotPermitted)?;
        let administers = self.holds(&person.roles, Permission::Administer);
        let manages = self.holds(&person.roles, Permission::ManagePeople)
            && !self.holds(concerned, Permission::Administer);
        if administers || manages { Ok(()) } else { Err(IdentityError::NotPermitted) }
    }

    pub(crate) fn create(&self, tx: &mut WriteTx, actor: &Actor, new: NewPerson) -> Result<Person> {
        let new = new.checked(&self.policy)?;
        if person_by_login(tx, &new.login)?.is_some() {
            return Err(IdentityError::invalid(
                format!("ログイン名「{}」はすでに使われています。", new.login),
                format!("The log-in name `{}` is taken.", new.login),
            ));
        }
        let id = PersonId::from_bytes(&random()?);
        let body = json!({
            "login": new.login, "name": new.name, "kana": new.kana, "unit": new.unit, "roles": new.roles,
        });
        tx.emit("person.created", &actor.to_string(), id.as_str(), body)?;
        let person = person_by_id(tx, &id)?
            .ok_or_else(|| IdentityError::Damaged("the projection `people` did not apply".to_owned()))?;
        // Whoever administers begins with a sign-in that needs no service outside.
        if !self.holds(&person.roles, Permission::Administer) {
            self.set_sign_in(tx, actor, &person, self.policy.sign_in.new_accounts)?;
        }
        Ok(person)
    }

    pub(crate) fn update(
        &self,
        tx: &mut WriteTx,
        actor: &Actor,
        person: &Person,
        change: PersonChange,
    ) -> Result<Person> {
        let change = change.checked(&self.policy, person)?;
        if change.is_empty() {
            return Ok(person.clone());
        }
        tx.emit("person.updated", &actor.to_string(), person.id.as_str(), change_body(&change))?;
        self.administrator_remains(tx, person)?;
        person_by_id(tx, &person.id)?.ok_or(IdentityError::NotFound)
    }

    pub(crate) fn deactivate(&self, tx: &mut WriteTx, actor: &Actor, person: Person) -> Result<Person> {
        if !person.active {
            return Ok(person);
        }
        tx.emit("person.deactivated", &actor.to_string(), person.id.as_str(), json!({}))?;
        self.administrator_remains(tx, &person)?;
        self.end_access(tx, actor, &person.id)?;
        Ok(Person { active: false, ..person })
    }

    /// After a change of `before`: an installation that had an administrator keeps one, and one who needs no service
    /// outside to sign in.
    pub(crate) fn administrator_remains(&self, tx: &mut WriteTx, before: &Person) -> Result<()> {
        self.some_administrator_remains(tx, before)?;
        match sign_in_of(tx, &before.id)? {
            SignIn::Local => self.local_administrator_remains(tx, before),
            SignIn::Directory | SignIn::Oidc => Ok(()),
        }
    }

    fn some_administrator_remains(&self, tx: &mut WriteTx, before: &Person) -> Result<()> {
        if !(before.active && self.holds(&before.roles, Permission::Administer)) {
            return Ok(());
        }
        for role in self.policy.roles.iter().filter(|role| role.permissions.contains(&Permission::Administer))
        {
            let rows = tx.rows(
                "SELECT id FROM people WHERE active = 1 AND id IN (SELECT person FROM person_roles WHERE role = ?1) LIMIT 1",
                &[role.id.as_str().into()],
            )?;
            if !rows.is_empty() {
                return Ok(());
            }
        }
        Err(IdentityError::invalid(
            "最後の管理者のため変更できません。先に別の管理者を登録してください。",
            "This is the last administrator. Register another one first.",
        ))
    }

    /// Ends sessions, tokens, links and half-finished log-ins of a person.
    pub(crate) fn end_access(&self, tx: &mut WriteTx, actor: &Actor, id: &PersonId) -> Result<()> {
        self.end_sessions(tx, actor, id, None, "account")?;
        self.revoke_tokens_of(tx, actor, id)?;
        for table in ["identity_links", "identity_pending"] {
            tx.execute(&format!("DELETE FROM {table} WHERE person = ?1"), &[id.as_str().into()])?;
        }
        Ok(())
    }
}

fn change_body(change: &PersonChange) -> Json {
    let mut body = Map::new();
    let mut put = |field: &str, value: Option<Json>| {
        if let Some(value) = value {
            body.insert(field.to_owned(), value);
        }
    };
    put("name", change.name.as_ref().map(|v| json!(v)));
    put("kana", change.kana.as_ref().map(|v| json!(v)));
    put("unit", change.unit.as_ref().map(|v| json!(v)));
    put("roles", change.roles.as_ref().map(|v| json!(v)));
    Json::Object(body)
}
