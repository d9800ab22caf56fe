//! A small city to test in: Imari's declaration, four people, a real store and the real sandbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_identity::{Actor, Config, Hashing, Identity, NewPerson, Person, Principal, SessionId, Way};
use sekisho_policy::{Policy, SourceFile};
use sekisho_store::{Clock, ManualClock, OpenOptions, Store};
use sekisho_worker::{Sandbox, SandboxConfig};

use crate::{Checkpoint, NewTransfer, Observer, TransferId, UploadedFile};

/// 2026-11-23 09:00 in Japan.
pub(super) const MORNING: i64 = 1_795_392_000_000;

pub(super) struct City {
    pub(super) checkpoint: Checkpoint,
    pub(super) store: Store,
    pub(super) identity: Identity,
    pub(super) clock: Arc<ManualClock>,
    /// Keeps the folder alive; `None` when the caller owns it.
    _folder: Option<tempfile::TempDir>,
}

pub(super) fn policy() -> Policy {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/imari");
    let files: Vec<SourceFile> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| SourceFile { text: fs::read_to_string(&path).unwrap(), path: path.display().to_string() })
        .collect();
    Policy::parse(&files).unwrap()
}

impl City {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        Self::at(data, MORNING, Arc::new(|_| {}), Some(folder))
    }

    /// Opens (or opens again) a city in a folder.
    pub(super) fn at(data: PathBuf, now: i64, observer: Observer, folder: Option<tempfile::TempDir>) -> Self {
        let policy = Arc::new(policy());
        let clock = Arc::new(ManualClock::new(now));
        let options = OpenOptions::new(&data, &policy.municipality.origin)
            .projection(Identity::projection())
            .projection(Checkpoint::projection())
            .module(Identity::module())
            .clock(Arc::clone(&clock) as Arc<dyn Clock>);
        let store = Store::open(options).unwrap();
        let config = Config { hashing: Hashing::cheap(), ..Config::new(&data, "test", Vec::new()) };
        let identity = Identity::new(store.clone(), Arc::clone(&policy), config).unwrap();
        let sandbox =
            Sandbox::start_for_tests(SandboxConfig { parallel: 2, ..SandboxConfig::default() }).unwrap();
        let checkpoint =
            Checkpoint::new(store.clone(), policy, identity.clone(), sandbox).with_observer(observer);
        for (login, unit, role) in [
            ("yamada", "fukushi", "staff"),
            ("suzuki", "fukushi", "section-manager"),
            ("tanaka", "fukushi", "deputy"),
            ("mori", "zeimu", "section-manager"),
            ("kansa", "somu-ka", "auditor"),
        ] {
            if identity.person_by_login(login).unwrap().is_none() {
                let new = NewPerson {
                    login: login.to_owned(),
                    name: login.to_owned(),
                    kana: String::new(),
                    unit: unit.parse().unwrap(),
                    roles: vec![role.parse().unwrap()],
                };
                identity.create_person(&Actor::System, new).unwrap();
            }
        }
        Self { checkpoint, store, identity, clock, _folder: folder }
    }

    pub(super) fn person(&self, login: &str) -> Person {
        self.identity.person_by_login(login).unwrap().unwrap()
    }

    /// Somebody signed in to a zone with a fresh second factor.
    pub(super) fn sits(&self, login: &str, zone: &str) -> Principal {
        let person = self.person(login);
        Principal {
            permissions: self.identity.permissions_of(&person.roles),
            person,
            zone: zone.parse().unwrap(),
            way: Way::Session(SessionId::from_form("test")),
            step_up_until_ms: Some(self.clock.now_ms() + 600_000),
        }
    }

    pub(super) fn upload(&self, name: &str, bytes: &[u8]) -> UploadedFile {
        UploadedFile { name: name.to_owned(), blob: self.store.blobs().put_bytes(bytes).unwrap() }
    }

    pub(super) fn request(&self, conduit: &str, files: Vec<UploadedFile>) -> NewTransfer {
        let policy = self.checkpoint.policy();
        let conduit = policy.conduit(&conduit.parse().unwrap()).unwrap();
        NewTransfer {
            to: conduit.to.clone(),
            conduit: Some(conduit.id.clone()),
            purpose: "照会への回答".to_owned(),
            recipient: None,
            password: None,
            files,
        }
    }

    /// Works until no file waits.
    pub(super) fn work(&self) {
        for _ in 0..100 {
            if !self.checkpoint.run_one("test").unwrap() {
                return;
            }
        }
        panic!("the queue does not end");
    }

    pub(super) fn count(&self, kind: &str) -> usize {
        let filter = sekisho_store::EventFilter { kind_prefix: Some(kind.to_owned()), subject: None };
        self.store.events(0, 1_000, &filter).unwrap().len()
    }

    /// Submits one text file from the Internet side and works it off.
    pub(super) fn awaiting(&self) -> TransferId {
        let file = self.upload("照会.txt", "照会への回答です。\n".as_bytes());
        let id = self
            .checkpoint
            .submit(&self.sits("yamada", "internet"), self.request("import", vec![file]))
            .unwrap();
        self.work();
        id
    }
}
