//! One small city through an April: the real store, approvals, registers and accounts, a clock of one's own.

#[path = "../../../store/testing/postgres_suite.rs"]
mod postgres;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::date;
use sekisho_approval::{Approval, CaseId, CaseState, Decision};
use sekisho_identity::{Actor, Config, Hashing, Identity, NewPerson, Principal, SessionId, Way};
use sekisho_policy::{Policy, SourceFile};
use sekisho_register::book::{Book, TableLimits, read_book};
use sekisho_register::{Value, Values};
use sekisho_registers::{Caller, Registers, RowId};
use sekisho_store::{Clock, Database, ManualClock, OpenOptions, Store};

use crate::*;

/// 2027-03-25 09:00 in Japan.
const MORNING: i64 = 1_805_932_800_000;

/// Login, unit and roles of the accounts.
const ACCOUNTS: &[(&str, &str, &[&str])] = &[
    ("jinji", "somu-ka", &["general-affairs"]),
    ("tokatsu", "sogo-seisaku", &["chief-officer"]),
    ("yamada", "fukushi", &["staff"]),
    ("suzuki", "fukushi", &["section-manager", "staff"]),
    ("sato", "zeimu", &["administrator", "staff"]),
];

/// Number, name, unit, post, login, employment, end of term.
const STAFF: &[(&str, &str, &str, &str, &str, &str, &str)] = &[
    ("100001", "山田 花子", "fukushi", "主事", "yamada", "regular", ""),
    ("100002", "鈴木 一郎", "fukushi", "課長", "suzuki", "regular", ""),
    ("100003", "佐藤 健", "zeimu", "係長", "sato", "regular", ""),
    ("100004", "𠮷田 﨑子", "zeimu", "事務補助", "", "fixed-term", "2027-03-31"),
];

/// What the PostgreSQL pass looks for.
mod city {
    pub(super) use super::City;
}

pub(super) struct City {
    people: People,
    approval: Approval,
    registers: Registers,
    store: Store,
    identity: Identity,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl City {
    pub(super) fn new(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let clock = Arc::new(ManualClock::new(MORNING));
        let policy = Arc::new(imari());
        let definitions = sekisho_registers::load(&policy, &data).unwrap();
        let options = OpenOptions::new(&data, &policy.municipality.origin)
            .database(database)
            .projection(Identity::projection())
            .projection(Approval::projection())
            .projection(Registers::projection(&definitions))
            .projection(People::projection())
            .module(Identity::module())
            .module(Approval::module())
            .module(Registers::module())
            .clock(Arc::clone(&clock) as Arc<dyn Clock>)
            .fsync(false);
        let store = Store::open(options).unwrap();
        let config = Config { hashing: Hashing::cheap(), ..Config::new(&data, "test", Vec::new()) };
        let identity = Identity::new(store.clone(), Arc::clone(&policy), config).unwrap();
        let approval = Approval::new(store.clone(), Arc::clone(&policy), identity.clone(), None);
        let registers = Registers::new(
            store.clone(),
            Arc::clone(&policy),
            &identity,
            definitions,
            approval.clone(),
            None,
        )
        .unwrap();
        let people =
            People::new(store.clone(), policy, identity.clone(), registers.clone(), approval.clone(), &data)
                .unwrap();
        for (login, unit, roles) in ACCOUNTS {
            let new = NewPerson {
                login: (*login).to_owned(),
                name: (*login).to_owned(),
                kana: String::new(),
                unit: unit.parse().unwrap(),
                roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
            };
            identity.create_person(&Actor::System, new).unwrap();
        }
        let city = Self { people, approval, registers, store, identity, clock, _folder: folder };
        for (number, name, unit, post, login, employment, term) in STAFF {
            let mut values = Values::new();
            values.set("staff_number", *number);
            values.set("name", *name);
            values.set("kana", "カナ");
            values.set("unit", *unit);
            values.set("post", *post);
            values.set("employment", *employment);
            values.set("joined_on", date(2026, 4, 1));
            values.set("handles_individual_numbers", *number == "100003");
            if !login.is_empty() {
                values.set("login", *login);
            }
            if let Ok(term) = term.parse::<jiff::civil::Date>() {
                values.set("term_ends_on", term);
            }
            city.put("staff", values);
        }
        city
    }

    fn put(&self, register: &'static str, values: Values) -> RowId {
        let registers = self.registers.clone();
        self.store
            .write(move |tx| {
                Ok::<_, PeopleError>(registers.put_trusted(tx, "system", register, None, values, "test")?)
            })
            .unwrap()
    }

    fn principal(&self, login: &str) -> Principal {
        let person = self.identity.person_by_login(login).unwrap().unwrap();
        Principal {
            permissions: self.identity.permissions_of(&person.roles),
            person,
            zone: "lgwan".parse().unwrap(),
            way: Way::Session(SessionId::from_form("test")),
            step_up_until_ms: Some(self.clock.now_ms() + 600_000),
        }
    }

    fn decide(&self, login: &str, case: &CaseId) -> Result<CaseState, sekisho_approval::ApprovalError> {
        let who = self.principal(login);
        let digest = self.approval.case(&who, case).unwrap().case.digest;
        Ok(self.approval.decide(&who, case, &digest, Decision::Approve, "確認しました。")?.state)
    }

    fn staff(&self, number: &str) -> sekisho_registers::RowView {
        let rows = self.registers.all_rows(&Caller::system("test"), "staff").unwrap();
        rows.into_iter().find(|row| row.key == number).unwrap()
    }

    fn rows(&self, register: &str) -> Vec<sekisho_registers::RowView> {
        self.registers.all_rows(&Caller::system("test"), register).unwrap()
    }
}

fn imari() -> Policy {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/imari");
    let files: Vec<SourceFile> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| SourceFile::new(path.display().to_string(), fs::read_to_string(&path).unwrap()))
        .collect();
    Policy::parse(&files).unwrap()
}

fn list(text: &str) -> ListFile {
    let book: Book = read_book(text.as_bytes(), &TableLimits::default()).unwrap();
    ListFile::new("異動.csv", text.as_bytes(), book)
}

/// 鈴木 moves to 税務課 as a clerk, 新人 joins, 佐藤 stays, 山田 becomes head of 福祉課, 𠮷田's term is over.
const APRIL: &str = "人事異動名簿,,,,,,\n職員番号,氏名,フリガナ,所属,職名,利用者ＩＤ,任用区分\n\
    100001,山田 花子,カナ,福祉課,課長,yamada,正規職員\n\
    100002,鈴木 一郎,カナ,税務課,主幹,suzuki,正規職員\n\
    100003,佐藤 健,カナ,税務課,係長,sato,正規職員\n\
    100009,髙﨑 加,タカサキ クワエ,福祉課,主事,takasaki,正規職員\n";

fn the_april_transfer_is_one_plan_one_approval_and_one_unit_of_work(city: &City) {
    let jinji = city.principal("jinji");
    let day = date(2027, 4, 1);
    let plan = city.people.plan_transfer(&jinji, &list(APRIL), day, true).unwrap();
    assert_eq!(plan.refused, []);
    assert_eq!((plan.joins.len(), plan.moves.len(), plan.leaves.len(), plan.unchanged), (1, 2, 1, 1));
    assert_eq!(plan.leaves[0].why, LeaveReason::TermEnded);
    let suzuki = plan.moves.iter().find(|one| one.number == "100002").unwrap();
    assert!(suzuki.unit_changes);
    assert_eq!(suzuki.roles_lost, ["section-manager"]);
    let yamada = plan.moves.iter().find(|one| one.number == "100001").unwrap();
    assert_eq!(yamada.roles_gained, ["section-manager"]);
    assert!(!plan.vacancies.iter().any(|gap| gap.unit == "fukushi" && gap.role == "section-manager"));

    let mut course = Values::new();
    for (field, value) in
        [("name", "新規採用者研修"), ("kind", "new-hire"), ("form", "screen"), ("state", "open")]
    {
        course.set(field, value);
    }
    course.set("audience", Value::list(["new-hire".to_owned()]));
    course.set("minutes", 30_i64);
    course.set("summary", "基本を学びます。");
    course.set("unit", "joho-seisaku");
    course.set("review_due_on", date(2028, 3, 31));
    city.put("courses", course);

    let case = city.people.propose_transfer(&jinji, &list(APRIL), day, true, "定期人事異動").unwrap();
    assert_eq!(
        city.staff("100002").values.get("unit").as_text(),
        Some("fukushi"),
        "nothing before the decision"
    );
    let mut state = CaseState::Open;
    for _ in 0..3 {
        if state == CaseState::Open {
            state = city.decide("tokatsu", &case).unwrap();
        }
    }
    assert_eq!(state, CaseState::Approved);
    assert_eq!(city.people.run_due("test").unwrap(), 0, "decided, but the day has not come");
    assert_eq!(city.people.transfer_state(&case).unwrap(), TransferState::Scheduled);
    assert_eq!(city.staff("100002").values.get("unit").as_text(), Some("fukushi"));
    city.clock.set(sekisho_registers::start_of_day(day));
    assert_eq!(city.people.run_due("test").unwrap(), 1);
    assert_eq!(city.people.transfer_state(&case).unwrap(), TransferState::Done);
    assert_eq!(city.staff("100002").values.get("unit").as_text(), Some("zeimu"));
    assert_eq!(city.staff("100009").title, "髙﨑 加");
    assert_eq!(city.staff("100004").values.get("left_on").as_date(), Some(date(2027, 3, 31)));
    let account = city.identity.person_by_login("suzuki").unwrap().unwrap();
    assert_eq!(account.unit.as_str(), "zeimu");
    assert!(!account.roles.iter().any(|role| role.as_str() == "section-manager"));
    let new = city.identity.person_by_login("takasaki").unwrap().unwrap();
    assert_eq!((new.name.as_str(), new.unit.as_str(), new.active), ("髙﨑 加", "fukushi", true));
    let asked = city.rows("consents");
    assert_eq!(asked.len(), 1, "the newcomer is asked for the consent");
    assert_eq!(city.rows("training-records").len(), 1, "and has the course for newcomers");

    let again = city.people.plan_transfer(&jinji, &list(APRIL), day, true).unwrap();
    assert!(again.is_empty(), "{again:?}");
    let report = city.store.verify().unwrap();
    assert!(report.ok(), "{:?}", report.problems);
}

fn a_row_that_changed_after_the_draft_sends_the_case_back(city: &City) {
    let jinji = city.principal("jinji");
    let case = city.people.propose_transfer(&jinji, &list(APRIL), date(2027, 3, 25), true, "").unwrap();
    let row = city.staff("100002");
    let mut values = row.values.clone();
    values.set("note", "休職から復帰");
    let registers = city.registers.clone();
    city.store
        .write(move |tx| {
            Ok::<_, PeopleError>(registers.put_trusted(
                tx,
                "system",
                "staff",
                Some(&row.id),
                values,
                "test",
            )?)
        })
        .unwrap();
    let mut outcome = city.decide("tokatsu", &case);
    while matches!(outcome, Ok(CaseState::Open)) {
        outcome = city.decide("tokatsu", &case);
    }
    assert!(outcome.is_err());
    let view = city.approval.case(&jinji, &case).unwrap();
    assert_eq!(view.case.state, CaseState::Returned);
    assert!(view.case.reason.contains("鈴木 一郎"), "{}", view.case.reason);
    assert_eq!(city.staff("100001").values.get("post").as_text(), Some("主事"), "nothing was carried out");
}

fn a_scheduled_transfer_that_no_longer_fits_changes_nothing_and_says_why(city: &City) {
    let jinji = city.principal("jinji");
    let day = date(2027, 4, 1);
    let case = city.people.propose_transfer(&jinji, &list(APRIL), day, true, "").unwrap();
    while city.decide("tokatsu", &case).unwrap() == CaseState::Open {}
    let row = city.staff("100002");
    let mut values = row.values.clone();
    values.set("note", "休職から復帰");
    let registers = city.registers.clone();
    city.store
        .write(move |tx| {
            Ok::<_, PeopleError>(registers.put_trusted(
                tx,
                "system",
                "staff",
                Some(&row.id),
                values,
                "test",
            )?)
        })
        .unwrap();
    city.clock.set(sekisho_registers::start_of_day(day));
    assert_eq!(city.people.run_due("test").unwrap(), 0);
    let TransferState::Failed(why) = city.people.transfer_state(&case).unwrap() else { panic!() };
    assert!(why.contains("鈴木 一郎"), "{why}");
    assert_eq!(city.staff("100001").values.get("post").as_text(), Some("主事"));
    assert_eq!(city.people.run_due("test").unwrap(), 0, "it is not tried for ever");
}

fn a_list_that_cannot_be_read_names_the_cells_and_is_not_proposed(city: &City) {
    let jinji = city.principal("jinji");
    let check = |text: &str, place: &str| {
        let plan = city.people.plan_transfer(&jinji, &list(text), date(2027, 4, 1), false).unwrap();
        assert_eq!(plan.refused.first().map(|one| one.place.as_str()), Some(place), "{:?}", plan.refused);
        assert!(city.people.propose_transfer(&jinji, &list(text), date(2027, 4, 1), false, "").is_err());
    };
    check("職員番号,氏名,所属\n100001,山田 花子,存在しない課\n", "C2");
    check("職員番号,氏名,所属\n100001,山田 花子,福祉課\n100001,山田 花子,福祉課\n", "A3");
    check("職員番号,氏名,所属\n100077,新人 太郎,福祉課\n", "A2");
    let headless = city.people.plan_transfer(&jinji, &list("番,名\n1,2\n"), date(2027, 4, 1), false);
    assert!(matches!(headless, Err(PeopleError::Refused { .. })));
    let clerk = city.principal("yamada");
    let refused = city.people.plan_transfer(&clerk, &list(APRIL), date(2027, 4, 1), true);
    assert!(matches!(refused, Err(PeopleError::NotPermitted)));
}

fn everybody_is_asked_once_and_consents_for_himself_only(city: &City) {
    let jinji = city.principal("jinji");
    assert_eq!(city.people.ask_everybody(&jinji, Occasion::April).unwrap(), 4);
    assert_eq!(city.people.ask_everybody(&jinji, Occasion::April).unwrap(), 0);
    let yamada = city.principal("yamada");
    let mine = city.people.consents_asked_of(&yamada).unwrap();
    assert_eq!(mine.len(), 1);
    let suzuki = city.principal("suzuki");
    assert!(matches!(city.people.consent(&suzuki, &mine[0].row), Err(PeopleError::NotFound)));
    city.people.consent(&yamada, &mine[0].row).unwrap();
    assert!(city.people.consents_asked_of(&yamada).unwrap().is_empty());
    assert!(matches!(city.people.consent(&yamada, &mine[0].row), Err(PeopleError::NotFound)));
}

fn a_course_is_taken_on_the_screen_and_failed_ones_again(city: &City) {
    let tokatsu = city.principal("tokatsu");
    let mut values = Values::new();
    for (field, value) in [("name", "全職員研修"), ("kind", "yearly"), ("form", "screen"), ("state", "open")]
    {
        values.set(field, value);
    }
    values.set("audience", Value::list(["all".to_owned()]));
    values.set("minutes", 20_i64);
    values.set("summary", "年1回の研修です。");
    values.set("unit", "joho-seisaku");
    values.set("review_due_on", date(2028, 3, 31));
    let course = city.put("courses", values);
    let text = "# 持ち出し\n許可を得ます。\n? USBを持ち出すには\n+ 許可を得る\n- 黙って持ち出す\n";
    city.people.set_content(&tokatsu, &course, text).unwrap();
    assert_eq!(city.people.content(&course).unwrap().slides.len(), 1);

    let mut plan = Values::new();
    plan.set("fiscal_year", 2026_i64);
    plan.set("title", "令和8年度全職員研修");
    plan.set("course", course.as_str());
    plan.set("unit", "joho-seisaku");
    plan.set("audience", Value::list(["all".to_owned()]));
    plan.set("starts_on", date(2027, 3, 1));
    plan.set("ends_on", date(2027, 3, 31));
    plan.set("objective", "基本の確認");
    plan.set("state", "draft");
    let plan = city.put("training-plans", plan);
    assert_eq!(city.people.assign_plan(&tokatsu, &plan).unwrap(), 4);
    assert_eq!(city.people.assign_plan(&tokatsu, &plan).unwrap(), 0);

    let sato = city.principal("sato");
    let open = city.people.trainings_of(&sato).unwrap();
    assert_eq!((open.len(), open[0].on_screen, open[0].overdue), (1, true, false));
    let failed = city.people.answer(&sato, &open[0].record, vec![vec![1]]).unwrap();
    assert_eq!((failed.score, failed.passed), (Some(0), false));
    let passed = city.people.answer(&sato, &open[0].record, vec![vec![0]]).unwrap();
    assert!(passed.passed);
    assert!(city.people.trainings_of(&sato).unwrap().is_empty());
    let yamada = city.principal("yamada");
    assert!(matches!(
        city.people.answer(&yamada, &open[0].record, vec![vec![0]]),
        Err(PeopleError::NotFound)
    ));
    let done = city.people.completion(&tokatsu, 2026).unwrap();
    let zeimu = done.iter().find(|one| one.unit == "zeimu").unwrap();
    assert_eq!((zeimu.assigned, zeimu.done), (2, 1));
}

fn offices_without_holder_or_deputy_are_found(city: &City) {
    let tokatsu = city.principal("tokatsu");
    let suzuki = city.staff("100002");
    let mut values = Values::new();
    values.set("fiscal_year", 2026_i64);
    values.set("office", "section-manager");
    values.set("body", "mayor");
    values.set("unit", "fukushi");
    values.set("person", suzuki.id.as_str());
    values.set("term_of_office", Value::Period { from: date(2026, 4, 1), to: Some(date(2027, 3, 31)) });
    values.set("appointed_on", date(2026, 4, 1));
    city.put("offices", values);
    let gaps = city.people.office_gaps(&tokatsu).unwrap();
    let has = |kind: GapKind, office: &str, place: &str| {
        gaps.iter().any(|gap| gap.kind == kind && gap.office == office && gap.place == place)
    };
    assert!(has(GapKind::NoDeputy, "section-manager", "fukushi"));
    assert!(!has(GapKind::Vacant, "section-manager", "fukushi"));
    assert!(has(GapKind::Vacant, "section-manager", "zeimu"));
    assert!(has(GapKind::Vacant, "ciso", ""));
}

macro_rules! cases {
    ($($name:ident)+) => {
        mod on_sqlite {
            $(#[test] fn $name() { super::$name(&super::City::new(super::Database::Sqlite)); })+
        }
        const CASES: &[(&str, fn(&City))] = &[$((stringify!($name), $name)),+];
    };
}

cases! {
    the_april_transfer_is_one_plan_one_approval_and_one_unit_of_work
    a_row_that_changed_after_the_draft_sends_the_case_back
    a_scheduled_transfer_that_no_longer_fits_changes_nothing_and_says_why
    a_list_that_cannot_be_read_names_the_cells_and_is_not_proposed
    everybody_is_asked_once_and_consents_for_himself_only
    a_course_is_taken_on_the_screen_and_failed_ones_again
    offices_without_holder_or_deputy_are_found
}
