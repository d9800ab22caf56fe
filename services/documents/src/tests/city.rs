//! Imari's declaration, some people, and a way to decide.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::date;
use sekisho_approval::{Approval, CaseId, Decision};
use sekisho_identity::{Actor, Config, Hashing, Identity, NewPerson, Principal, SessionId, Way};
use sekisho_policy::{Policy, SourceFile};
use sekisho_store::{Clock, Database, Event, EventFilter, ManualClock, OpenOptions, Store};
use sekisho_worker::{Sandbox, SandboxConfig};

use crate::*;

/// 2026-11-23 09:00 in Japan.
const MORNING: i64 = 1_795_392_000_000;
pub(super) const DAY: i64 = 86_400_000;

pub(super) const POLICY: &str = include_str!("../fixtures/basic-policy.ja.md");
pub(super) const STANDARD: &str = "情報セキュリティ対策基準\n令和8年4月1日施行\n第1章 組織体制\n第1条（CISO）　副市長をCISOとする。\n\
    第2章 物理的セキュリティ\n第2条（鍵）　情報システム室の鍵は丙種保管庫に置く。\n";
pub(super) const PROCEDURE: &str = "USBメモリ取扱手順\n令和8年4月1日施行\n1. 借りるとき\n窓口で甲種番号を確かめる。\n2. 返すとき\n消去してから返す。\n";

/// Login, unit and roles.
const PEOPLE: &[(&str, &str, &[&str])] = &[
    ("hirata", "joho-seisaku", &["staff"]),
    ("mori", "joho-seisaku", &["section-manager"]),
    ("kanri", "joho-seisaku", &["administrator"]),
    ("yamada", "zeimu", &["staff"]),
    ("kato", "kaikei", &["staff"]),
    ("tokatsu", "sogo-seisaku", &["chief-officer"]),
    ("ciso", "sogo-seisaku", &["ciso"]),
    ("iin-a", "fukushi", &["committee"]),
    ("iin-b", "kyoiku-somu", &["committee"]),
    ("kansa", "somu-ka", &["auditor"]),
];

pub(super) struct City {
    pub(super) documents: Documents,
    pub(super) approval: Approval,
    pub(super) store: Store,
    pub(super) identity: Identity,
    pub(super) clock: Arc<ManualClock>,
    pub(super) folder: tempfile::TempDir,
}

pub(super) fn policy() -> Policy {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/imari");
    let files: Vec<SourceFile> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| SourceFile::new(path.display().to_string(), fs::read_to_string(&path).unwrap()))
        .collect();
    Policy::parse(&files).unwrap()
}

impl City {
    pub(super) fn new(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let clock = Arc::new(ManualClock::new(MORNING));
        let policy = Arc::new(policy());
        let options = OpenOptions::new(&data, &policy.municipality.origin)
            .database(database)
            .projection(Identity::projection())
            .projection(Approval::projection())
            .projection(Documents::projection())
            .module(Identity::module())
            .module(Approval::module())
            .clock(Arc::clone(&clock) as Arc<dyn Clock>)
            .fsync(false);
        let store = Store::open(options).unwrap();
        let config = Config { hashing: Hashing::cheap(), ..Config::new(&data, "test", Vec::new()) };
        let identity = Identity::new(store.clone(), Arc::clone(&policy), config).unwrap();
        let approval = Approval::new(store.clone(), Arc::clone(&policy), identity.clone(), None);
        let sandbox = Sandbox::start_for_tests(SandboxConfig::default()).unwrap();
        let documents = Documents::new(store.clone(), policy, approval.clone(), Some(sandbox));
        for (login, unit, roles) in PEOPLE {
            let new = NewPerson {
                login: (*login).to_owned(),
                name: (*login).to_owned(),
                kana: String::new(),
                unit: unit.parse().unwrap(),
                roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
            };
            identity.create_person(&Actor::System, new).unwrap();
        }
        Self { documents, approval, store, identity, clock, folder }
    }

    pub(super) fn principal(&self, login: &str) -> Principal {
        let person = self.identity.person_by_login(login).unwrap().unwrap();
        Principal {
            permissions: self.identity.permissions_of(&person.roles),
            person,
            zone: "lgwan".parse().unwrap(),
            way: Way::Session(SessionId::from_form("test")),
            step_up_until_ms: Some(self.clock.now_ms() + 600_000),
        }
    }

    pub(super) fn caller(&self, login: &str) -> Caller {
        Caller::person(&self.principal(login))
    }

    pub(super) fn import(&self, name: &str, text: &str, units: &[&str]) -> Imported {
        let options = ImportOptions {
            tier: None,
            title: None,
            owner: "joho-seisaku".parse().unwrap(),
            units: units.iter().map(|unit| unit.parse().unwrap()).collect(),
            effective_from: None,
        };
        self.documents.import_file(&self.caller("kanri"), name, text.as_bytes(), options).unwrap()
    }

    /// Imports and adopts a text that was decided earlier.
    pub(super) fn adopted(&self, name: &str, text: &str, units: &[&str]) -> DocumentId {
        let imported = self.import(name, text, units);
        let adoption = Adoption { decided_on: Some(date(2026, 3, 20)), published_on: None };
        assert_eq!(self.documents.adopt(&self.caller("kanri"), &imported.draft, adoption).unwrap(), 1);
        imported.document
    }

    pub(super) fn decide(&self, login: &str, case: &CaseId, decision: Decision) {
        let who = self.principal(login);
        let view = self.approval.case(&who, case).unwrap();
        self.approval.decide(&who, case, &view.case.digest, decision, "確認しました。").unwrap();
    }

    pub(super) fn events(&self, kind: &str) -> Vec<Event> {
        let filter = EventFilter { kind_prefix: Some(kind.to_owned()), subject: None };
        self.store.events(0, 1_000, &filter).unwrap()
    }
}
