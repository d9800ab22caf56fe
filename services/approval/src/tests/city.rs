//! A small city to test in: Imari's declaration with a few routes more, its people, a real store and a clock of one's own.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use sekisho_identity::{Actor, Config, Hashing, Identity, NewPerson, Person, Principal, SessionId, Way};
use sekisho_policy::{Policy, SourceFile};
use sekisho_store::{Clock, Database, EventFilter, ManualClock, OpenOptions, Store, WriteTx};
use serde_json::{Value as Json, json};

use crate::{
    Approval, ApprovalError, Case, CaseId, CaseView, Decided, Decision, Effect, EffectError, MailConfig,
    NewCase, Revision, Task,
};

/// 2026-11-23 09:00 in Japan, a Monday.
pub(super) const MORNING: i64 = 1_795_392_000_000;
pub(super) const DAY: i64 = 86_400_000;

/// Login, unit and role.
const PEOPLE: &[(&str, &str, &str)] = &[
    ("yamada", "zeimu", "staff"),
    ("suzuki", "zeimu", "section-manager"),
    ("tanaka", "zeimu", "deputy"),
    ("somubucho", "somu", "department-head"),
    ("mori", "joho-seisaku", "section-manager"),
    ("hirata", "joho-seisaku", "staff"),
    ("shisutemu", "joho-seisaku", "system-manager"),
    ("tokatsu", "sogo-seisaku", "chief-officer"),
    ("ciso", "sogo-seisaku", "ciso"),
    ("fukuciso", "sogo-seisaku", "vice-ciso"),
    ("koho", "koho", "public-relations"),
    ("jinji", "jinji", "general-affairs"),
    ("iin-a", "fukushi", "committee"),
    ("iin-b", "kyoiku-somu", "committee"),
    ("iin-c", "suido-kanri", "committee"),
    ("kansa", "somu-ka", "auditor"),
    ("kato", "kaikei", "staff"),
    ("ito", "kaikei", "section-manager"),
];

const ROUTES: &str = r#"
[[route]]
id = "together"
label_ja = "並行"
label_en = "Together"

[[route.step]]
role = "section-manager"
scope = "same-unit"
action = "agree"
parallel = "a"

[[route.step]]
role = "public-relations"
scope = "any"
action = "agree"
parallel = "a"

[[route.step]]
role = "chief-officer"
scope = "any"

[[route]]
id = "twice"
label_ja = "二重"
label_en = "Twice"

[[route.step]]
role = "section-manager"
scope = "same-unit"
action = "agree"

[[route.step]]
role = "section-manager"
scope = "any"
"#;

pub(super) struct City {
    pub(super) approval: Approval,
    pub(super) store: Store,
    pub(super) identity: Identity,
    pub(super) clock: Arc<ManualClock>,
    database: Database,
    folder: tempfile::TempDir,
}

/// Notes what it carried out as an event; refuses content with `"refuse": true` after it has written.
struct Notebook;

impl Effect for Notebook {
    fn kind(&self) -> &str {
        "test.note"
    }

    fn apply(&self, tx: &mut WriteTx, case: &Case, actor: &str) -> Result<(), EffectError> {
        tx.emit("test.noted", actor, case.id.as_str(), case.content.clone())?;
        if case.content.get("refuse").is_some() {
            return Err(EffectError::refused("台帳の行が削除されています。", "the row is gone"));
        }
        Ok(())
    }

    fn ended(&self, tx: &mut WriteTx, case: &Case, state: crate::CaseState) -> Result<(), EffectError> {
        tx.emit("test.ended", "system", case.id.as_str(), json!({ "state": state }))?;
        Ok(())
    }
}

pub(super) fn policy() -> Policy {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/imari");
    let mut files: Vec<SourceFile> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| SourceFile::new(path.display().to_string(), fs::read_to_string(&path).unwrap()))
        .collect();
    files.push(SourceFile::new("more-routes.toml", ROUTES));
    Policy::parse(&files)
        .unwrap_or_else(|found| panic!("{}", sekisho_policy::render_all(&found, sekisho_policy::Lang::En)))
}

impl City {
    pub(super) fn new(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(MORNING));
        let policy = Arc::new(policy());
        let options = OpenOptions::new(folder.path().join("data"), &policy.municipality.origin)
            .database(database.clone())
            .projection(Identity::projection())
            .projection(Approval::projection())
            .module(Identity::module())
            .module(Approval::module())
            .clock(Arc::clone(&clock) as Arc<dyn Clock>)
            .fsync(false);
        let store = Store::open(options).unwrap();
        let config = Config {
            hashing: Hashing::cheap(),
            ..Config::new(&folder.path().join("data"), "test", Vec::new())
        };
        let identity = Identity::new(store.clone(), Arc::clone(&policy), config).unwrap();
        let approval = Approval::new(store.clone(), policy, identity.clone(), None);
        approval.register(Arc::new(Notebook));
        let city = Self { approval, store, identity, clock, database, folder };
        for (login, unit, role) in PEOPLE {
            city.hire(login, unit, &[role]);
        }
        city
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.database == Database::Sqlite
    }

    /// The same city with a mail relay.
    pub(super) fn with_mail(&self, port: u16) -> Approval {
        let config = MailConfig {
            host: "127.0.0.1".to_owned(),
            port,
            from: "関所 <sekisho@city.example>".to_owned(),
            domain: Some("city.example".to_owned()),
            site: Some("https://sekisho.city.example/".to_owned()),
        };
        let policy = Arc::clone(self.approval.policy());
        Approval::new(self.store.clone(), policy, self.identity.clone(), Some(config))
    }

    pub(super) fn hire(&self, login: &str, unit: &str, roles: &[&str]) -> Person {
        let new = NewPerson {
            login: login.to_owned(),
            name: format!("{login}さん"),
            kana: String::new(),
            unit: unit.parse().unwrap(),
            roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
        };
        self.identity.create_person(&Actor::System, new).unwrap()
    }

    pub(super) fn dismiss(&self, login: &str) {
        self.identity.deactivate_person(&Actor::System, &self.person(login).id).unwrap();
    }

    pub(super) fn person(&self, login: &str) -> Person {
        self.identity.person_by_login(login).unwrap().unwrap_or_else(|| panic!("nobody is called {login}"))
    }

    /// Somebody signed in with a fresh second factor.
    pub(super) fn sits(&self, login: &str) -> Principal {
        let person = self.person(login);
        Principal {
            permissions: self.identity.permissions_of(&person.roles),
            person,
            zone: "lgwan".parse().unwrap(),
            way: Way::Session(SessionId::from_form("test")),
            step_up_until_ms: Some(i64::MAX),
        }
    }

    pub(super) fn new_case(&self, login: &str, route: &str) -> NewCase {
        let person = self.person(login);
        NewCase {
            kind: "test.note".to_owned(),
            title: "端末の追加".to_owned(),
            content: json!({ "b": 2, "a": "秘密の内容" }),
            link: "/cases/{case}".to_owned(),
            route: route.parse().unwrap(),
            drafter: person.id,
            unit: person.unit,
            amount: None,
            class_rank: Some(1),
            due: None,
        }
    }

    pub(super) fn draft(&self, login: &str, route: &str) -> CaseId {
        self.approval.draft(self.new_case(login, route)).unwrap()
    }

    pub(super) fn revision(&self, content: Json) -> Revision {
        Revision {
            title: "端末の追加（修正）".to_owned(),
            content,
            amount: None,
            class_rank: Some(1),
            due: None,
        }
    }

    /// The case as the CISO sees it, who sees everything.
    pub(super) fn view(&self, id: &CaseId) -> CaseView {
        self.approval.case(&self.sits("ciso"), id).unwrap()
    }

    pub(super) fn decide(
        &self,
        login: &str,
        id: &CaseId,
        decision: Decision,
    ) -> Result<Decided, ApprovalError> {
        let digest = self.view(id).case.digest;
        self.approval.decide(&self.sits(login), id, &digest, decision, "理由")
    }

    pub(super) fn approve(&self, login: &str, id: &CaseId) {
        if let Err(error) = self.decide(login, id, Decision::Approve) {
            panic!("{login}: {error}");
        }
    }

    /// Why this person may not decide, in English.
    pub(super) fn refusal(&self, login: &str, id: &CaseId) -> String {
        self.decide(login, id, Decision::Approve).expect_err(login).to_string()
    }

    pub(super) fn tasks(&self, login: &str) -> Vec<Task> {
        self.approval.worklist(&self.sits(login)).unwrap()
    }

    /// The logins of everybody whose list asks them to decide this case, in the order of the alphabet.
    pub(super) fn asked(&self, id: &CaseId) -> String {
        let mut names: Vec<String> = Vec::new();
        for (login, _, _) in PEOPLE {
            let person = self.person(login);
            let asked = person.active
                && self
                    .tasks(login)
                    .iter()
                    .any(|task| task.kind == crate::TaskKind::Decide && task.case == *id);
            // The list and the case itself must say the same.
            let able: Vec<String> = self.view(id).steps.iter().flat_map(|step| step.able.clone()).collect();
            assert_eq!(asked, able.contains(&person.name), "{login}: {able:?}");
            if asked {
                names.push((*login).to_owned());
            }
        }
        names.sort();
        names.join(" ")
    }

    pub(super) fn events(&self, kind: &str) -> Vec<sekisho_store::Event> {
        let filter = EventFilter { kind_prefix: Some(kind.to_owned()), subject: None };
        self.store.events(0, 10_000, &filter).unwrap()
    }

    pub(super) fn today(&self) -> Date {
        crate::day::day_of(self.clock.now_ms())
    }

    /// The ledger is sound, and replaying it gives the same tables.
    pub(super) fn check(&self) {
        let report = self.store.verify().unwrap();
        assert!(report.ok(), "{:?}", report.problems);
        for table in self.store.rebuild().unwrap().tables {
            assert!(!table.changed, "{} differs after a replay", table.table);
        }
        assert!(self.folder.path().exists());
    }
}
