//! A small city with registers of its own to test in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_approval::Approval;
use sekisho_identity::{Actor, Config, Hashing, Identity, NewPerson, Person, Principal, SessionId, Way};
use sekisho_policy::{Policy, SourceFile};
use sekisho_register::{Value, Values};
use sekisho_store::{Clock, Database, EventFilter, ManualClock, OpenOptions, Store};

use crate::{Caller, Draft, Loaded, Registers, RegistersError, RowId, Saved, load, vocabulary};

/// 2026-11-23 09:00 in Japan.
pub(super) const MORNING: i64 = 1_795_392_000_000;
pub(super) const DAY: i64 = 86_400_000;

/// A definition of the tests.
pub(super) fn definition(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests");
    fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap()
}

/// Where a city is.
pub(super) struct Bed {
    pub(super) folder: tempfile::TempDir,
    pub(super) database: Database,
}

impl Bed {
    pub(super) fn sqlite() -> Self {
        Self::on(Database::Sqlite)
    }

    pub(super) fn on(database: Database) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database }
    }

    pub(super) fn city(&self) -> City {
        self.open(definitions()).unwrap()
    }

    pub(super) fn open(&self, files: Vec<(String, String)>) -> Result<City, RegistersError> {
        let loaded = Loaded::from_files(files, &vocabulary(&policy()))?;
        self.with(loaded)
    }

    pub(super) fn built_in(&self) -> City {
        self.with(load(&policy(), self.folder.path()).unwrap()).unwrap()
    }

    fn with(&self, loaded: Arc<Loaded>) -> Result<City, RegistersError> {
        let data: PathBuf = self.folder.path().join("data");
        let policy = Arc::new(policy());
        let clock = Arc::new(ManualClock::new(MORNING));
        let options = OpenOptions::new(&data, &policy.municipality.origin)
            .database(self.database.clone())
            .projection(Identity::projection())
            .projection(Approval::projection())
            .projection(Registers::projection(&loaded))
            .module(Identity::module())
            .module(Approval::module())
            .module(Registers::module())
            .clock(Arc::clone(&clock) as Arc<dyn Clock>)
            .fsync(false);
        let store = Store::open(options)?;
        clock.set(MORNING.max(last_time(&store)));
        let config = Config { hashing: Hashing::cheap(), ..Config::new(&data, "test", Vec::new()) };
        let identity = Identity::new(store.clone(), Arc::clone(&policy), config)?;
        let approval = Approval::new(store.clone(), Arc::clone(&policy), identity.clone(), None);
        for (login, unit, roles) in PEOPLE {
            if identity.person_by_login(login)?.is_none() {
                let new = NewPerson {
                    login: (*login).to_owned(),
                    name: format!("{login} 太郎"),
                    kana: String::new(),
                    unit: unit.parse().unwrap(),
                    roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
                };
                identity.create_person(&Actor::System, new)?;
            }
        }
        let registers = Registers::new(store.clone(), policy, &identity, loaded, approval.clone(), None)?;
        Ok(City { registers, store, identity, approval, clock })
    }
}

const PEOPLE: &[(&str, &str, &[&str])] = &[
    ("yamada", "fukushi", &["staff"]),
    ("suzuki", "fukushi", &["section-manager"]),
    ("tanaka", "fukushi", &["deputy"]),
    ("mori", "zeimu", &["section-manager"]),
    ("bucho", "kenko-fukushi", &["section-manager"]),
    ("kanri", "joho-seisaku", &["administrator"]),
    ("kansa", "somu-ka", &["auditor"]),
];

fn last_time(store: &Store) -> i64 {
    let rows = store.read(|tx| tx.query("SELECT MAX(time_ms) AS t FROM events", &[])).unwrap();
    rows.first().and_then(|row| row.get_opt_i64("t").unwrap()).unwrap_or(0)
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

pub(super) fn definitions() -> Vec<(String, String)> {
    ["staff", "media", "boxes", "loans", "plans"]
        .into_iter()
        .map(|name| (format!("{name}.toml"), definition(name)))
        .collect()
}

pub(super) struct City {
    pub(super) registers: Registers,
    pub(super) store: Store,
    pub(super) identity: Identity,
    pub(super) approval: Approval,
    pub(super) clock: Arc<ManualClock>,
}

impl City {
    pub(super) fn person(&self, login: &str) -> Person {
        self.identity.person_by_login(login).unwrap().unwrap()
    }

    pub(super) fn caller(&self, login: &str) -> Caller {
        Caller::person(&self.person(login), "console")
    }

    /// Somebody signed in with a fresh second factor.
    pub(super) fn sits(&self, login: &str) -> Principal {
        let person = self.person(login);
        Principal {
            permissions: self.identity.permissions_of(&person.roles),
            person,
            zone: "lgwan".parse().unwrap(),
            way: Way::Session(SessionId::from_form("test")),
            step_up_until_ms: Some(self.clock.now_ms() + 600_000),
        }
    }

    /// Adds a row as the installation.
    pub(super) fn add(&self, register: &str, values: &[(&str, Value)]) -> RowId {
        let draft = Draft { values: of(values), ..Draft::default() };
        match self.registers.save(&Caller::system("test"), register, draft).unwrap() {
            Saved::Done { row, .. } => row,
            Saved::Waiting { .. } => panic!("the installation waits for nobody"),
        }
    }

    /// Changes some fields of a row as the installation.
    pub(super) fn change(&self, register: &str, row: &RowId, values: &[(&str, Value)]) {
        let system = Caller::system("test");
        let now = self.registers.row(&system, register, row, None).unwrap();
        let mut all = now.values;
        for (field, value) in values {
            all.set(*field, value.clone());
        }
        let draft =
            Draft { row: Some(row.clone()), base_version: now.version, values: all, ..Draft::default() };
        self.registers.save(&system, register, draft).unwrap();
    }

    /// The row of `staff` of an account.
    pub(super) fn staff(&self, number: &str, login: &str, unit: &str) -> RowId {
        self.add(
            "staff",
            &[
                ("staff_number", number.into()),
                ("name", format!("{login} 太郎").into()),
                ("login", login.into()),
                ("unit", unit.into()),
            ],
        )
    }

    pub(super) fn medium(&self, name: &str, class: &str, unit: &str) -> RowId {
        self.add("media", &[("name", name.into()), ("class_c", class.into()), ("unit", unit.into())])
    }

    pub(super) fn events(&self, kind: &str) -> Vec<sekisho_store::Event> {
        let filter = EventFilter { kind_prefix: Some(kind.to_owned()), subject: None };
        self.store.events(0, 10_000, &filter).unwrap()
    }

    /// Every table says what a replay says.
    pub(super) fn verify(&self) {
        let problems = self.store.verify().unwrap().problems;
        assert!(problems.is_empty(), "{problems:?}");
        let changed: Vec<String> =
            self.store.rebuild().unwrap().tables.into_iter().filter(|t| t.changed).map(|t| t.table).collect();
        assert!(changed.is_empty(), "a replay differs in {changed:?}");
    }
}

pub(super) fn of(values: &[(&str, Value)]) -> Values {
    values.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect()
}
