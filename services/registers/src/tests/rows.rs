//! What happens to rows, as events say it and tables show it.

use jiff::civil::date;
use sekisho_approval::{CaseState, Decision};
use sekisho_register::{Value, Values};

use super::bed::{Bed, City, DAY, definition, definitions, of};
use crate::{
    Caller, Draft, DueFor, Filter, FilterOp, ListQuery, Override, RegistersError, RowId, Saved, VersionKind,
};

fn draft(row: Option<&RowId>, base_version: u32, values: Values) -> Draft {
    Draft { row: row.cloned(), base_version, values, ..Draft::default() }
}

fn row_of(saved: Saved) -> RowId {
    match saved {
        Saved::Done { row, .. } => row,
        Saved::Waiting { case } => panic!("waits for {case}"),
    }
}

fn case_of(saved: Saved) -> sekisho_approval::CaseId {
    match saved {
        Saved::Waiting { case } => case,
        Saved::Done { row, .. } => panic!("{row} was done at once"),
    }
}

fn keys(city: &City, login: &str, query: &ListQuery) -> Vec<String> {
    city.registers.list(&city.caller(login), query).unwrap().rows.into_iter().map(|row| row.key).collect()
}

pub(super) fn a_row_is_added_changed_removed_and_keeps_its_history(bed: &Bed) {
    let city = bed.city();
    let suzuki = city.caller("suzuki");
    let values = of(&[("name", "髙﨑𠮷の媒体".into()), ("unit", "fukushi".into()), ("price", 1200.into())]);
    let row = row_of(city.registers.save(&suzuki, "media", draft(None, 0, values.clone())).unwrap());
    let shown = city.registers.row(&suzuki, "media", &row, None).unwrap();
    assert_eq!((shown.key.as_str(), shown.title.as_str(), shown.version), ("M-0001", "髙﨑𠮷の媒体", 1));

    let mut changed = shown.values.clone();
    changed.set("price", 1500);
    let mut second = draft(Some(&row), 1, changed.clone());
    second.reason = "値上がりのため".to_owned();
    city.registers.save(&suzuki, "media", second).unwrap();
    // Saving the same again writes nothing.
    let before = city.events("register.row").len();
    city.registers.save(&suzuki, "media", draft(Some(&row), 2, changed)).unwrap();
    assert_eq!(city.events("register.row").len(), before);

    city.registers.remove(&suzuki, "media", &row, 2, "廃棄したため").unwrap();
    assert!(matches!(city.registers.row(&suzuki, "media", &row, None), Err(RegistersError::NotFound(_))));
    let history = city.registers.history(&suzuki, "media", &row).unwrap();
    let kinds: Vec<VersionKind> = history.iter().map(|version| version.kind).collect();
    assert_eq!(kinds, [VersionKind::Added, VersionKind::Changed, VersionKind::Removed]);
    let change = history[1].changes.as_ref().unwrap();
    assert_eq!(change.len(), 1);
    assert_eq!((&change[0].old, &change[0].new), (&Value::Int(1200), &Value::Int(1500)));
    assert_eq!(history[1].reason, "値上がりのため");
    assert_eq!(history[2].actor, city.person("suzuki").id.to_string());
    city.verify();
}

pub(super) fn the_second_writer_sees_the_difference_and_overwrites_nothing(bed: &Bed) {
    let city = bed.city();
    let row = city.medium("媒体", "c2", "fukushi");
    let (suzuki, yamada) = (city.caller("suzuki"), city.caller("yamada"));
    let shown = city.registers.row(&suzuki, "media", &row, None).unwrap();
    let mut mine = shown.values.clone();
    mine.set("note", "鈴木が書きました");
    city.registers.save(&suzuki, "media", draft(Some(&row), 1, mine)).unwrap();
    let mut theirs = shown.values.clone();
    theirs.set("note", "山田が書きました");
    let refused = city.registers.save(&yamada, "media", draft(Some(&row), 1, theirs)).unwrap_err();
    let RegistersError::Conflict { theirs } = refused else { panic!("{refused}") };
    assert_eq!(theirs.version, 2);
    assert_eq!(theirs.values.get("note"), &Value::from("鈴木が書きました"));
    let now = city.registers.row(&yamada, "media", &row, None).unwrap();
    assert_eq!(now.values.get("note"), &Value::from("鈴木が書きました"));
    let removed = city.registers.remove(&suzuki, "media", &row, 1, "").unwrap_err();
    assert!(matches!(removed, RegistersError::Conflict { .. }), "{removed}");
}

pub(super) fn numbers_have_no_gaps_and_are_never_assigned_twice(bed: &Bed) {
    let city = bed.city();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5).for_each(|n| drop(city.medium(&format!("媒体{n}"), "c2", "fukushi"))));
        }
    });
    let query = ListQuery::of("media");
    let all = keys(&city, "suzuki", &query);
    let expect: Vec<String> = (1..=20).map(|n| format!("M-{n:04}")).collect();
    assert_eq!(all, expect);
    // A number that was used is not used again, also when its row is gone or it was brought along.
    let system = Caller::system("test");
    let last =
        city.registers.list(&system, &ListQuery { text: "M-0020".to_owned(), ..query.clone() }).unwrap();
    city.registers.remove(&system, "media", &last.rows[0].id, 1, "").unwrap();
    city.add("media", &[("number", "M-0030".into()), ("name", "持込み".into()), ("unit", "fukushi".into())]);
    let next = city.medium("次", "c2", "fukushi");
    assert_eq!(city.registers.row(&system, "media", &next, None).unwrap().key, "M-0031");
    // A refused row takes no number.
    let bad = of(&[("unit", "fukushi".into())]);
    assert!(city.registers.save(&system, "media", draft(None, 0, bad)).is_err());
    let next = city.medium("次の次", "c2", "fukushi");
    assert_eq!(city.registers.row(&system, "media", &next, None).unwrap().key, "M-0032");
    city.verify();
}

pub(super) fn keys_and_unique_fields_stay_unique(bed: &Bed) {
    let city = bed.city();
    let row = city.staff("000001", "yamada", "fukushi");
    let again = of(&[
        ("staff_number", "000001".into()),
        ("name", "別人".into()),
        ("login", "yamada".into()),
        ("unit", "zeimu".into()),
    ]);
    let system = Caller::system("test");
    let refused = city.registers.save(&system, "staff", draft(None, 0, again.clone())).unwrap_err();
    let RegistersError::Refused(rows) = refused else { panic!("{refused}") };
    let fields: Vec<&str> =
        rows[0].violations.iter().filter_map(|v| v.field.as_ref()).map(|f| f.as_str()).collect();
    assert_eq!(fields, ["staff_number", "login"]);
    // Free again once the row is gone.
    city.registers.remove(&system, "staff", &row, 1, "").unwrap();
    city.registers.save(&system, "staff", draft(None, 0, again)).unwrap();
}

pub(super) fn a_reference_must_exist_and_holds_its_row(bed: &Bed) {
    let city = bed.city();
    let system = Caller::system("test");
    let medium = city.medium("媒体", "c2", "fukushi");
    let staff = city.staff("000001", "yamada", "fukushi");
    let loan = |medium: &str, person: &str| {
        of(&[("medium", medium.into()), ("borrower", person.into()), ("unit", "fukushi".into())])
    };
    let nowhere = format!("r_{}", "a".repeat(26));
    for bad in
        [loan(&nowhere, staff.as_str()), loan(medium.as_str(), &nowhere), loan("M-0001", staff.as_str())]
    {
        let refused = city.registers.save(&system, "loans", draft(None, 0, bad)).unwrap_err();
        assert!(matches!(refused, RegistersError::Refused(_)), "{refused}");
    }
    city.registers.save(&system, "loans", draft(None, 0, loan(medium.as_str(), staff.as_str()))).unwrap();
    for (register, row) in [("media", &medium), ("staff", &staff)] {
        let refused = city.registers.remove(&system, register, row, 1, "").unwrap_err();
        let RegistersError::Referred(by) = refused else { panic!("{refused}") };
        assert_eq!((by[0].register.as_str(), by[0].title.as_str()), ("loans", "L-0001"));
    }
}

pub(super) fn rules_refuse_and_warn(bed: &Bed) {
    let city = bed.city();
    let suzuki = city.caller("suzuki");
    let bad = of(&[("name", "媒体".into()), ("unit", "fukushi".into()), ("price", Value::Int(-1))]);
    let refused = city.registers.save(&suzuki, "media", draft(None, 0, bad)).unwrap_err();
    assert!(refused.message(sekisho_register::Lang::Ja).contains("価格は0円以上"), "{refused}");
    let row = city.medium("媒体", "c2", "fukushi");
    let found = city.registers.findings(&suzuki, "media").unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].rule.as_str(), &found[0].row), ("kind-known", &row));
    city.change("media", &row, &[("kind", "usb".into())]);
    assert!(city.registers.findings(&suzuki, "media").unwrap().is_empty());
    // Somebody else's rows are nobody's findings.
    city.medium("他課", "c2", "zeimu");
    assert!(city.registers.findings(&suzuki, "media").unwrap().is_empty());
}

const NUMBER: &str = "123456789018";

pub(super) fn an_individual_number_is_kept_out_and_the_ledger_never_holds_it(bed: &Bed) {
    let city = bed.city();
    let yamada = city.caller("yamada");
    for text in [format!("個人番号は{NUMBER}です"), "マイナンバー １２３４－５６７８－９０１８".to_owned()]
    {
        let values = of(&[("name", "媒体".into()), ("unit", "fukushi".into()), ("note", text.into())]);
        let refused = city.registers.save(&yamada, "media", draft(None, 0, values)).unwrap_err();
        let RegistersError::IndividualNumber { field, .. } = &refused else { panic!("{refused}") };
        assert_eq!(field.as_str(), "note");
        assert!(!refused.to_string().contains("9018"));
    }
    let refusals = city.events("register.individual-number-refused");
    assert_eq!(refusals.len(), 2);
    for event in city.store.events(0, 10_000, &sekisho_store::EventFilter::default()).unwrap() {
        let body = event.body.unwrap_or_default().to_string();
        assert!(!body.contains("9018") && !body.contains("９０１８"), "{body}");
    }
    assert!(keys(&city, "yamada", &ListQuery::of("media")).is_empty());
}

pub(super) fn only_a_reasoned_override_of_the_section_manager_passes(bed: &Bed) {
    let city = bed.city();
    let values = of(&[
        ("name", "媒体".into()),
        ("unit", "fukushi".into()),
        ("note", format!("個人番号欄の誤検知 {NUMBER}").into()),
    ]);
    let with = |reason: &str| Draft {
        values: values.clone(),
        overrides: vec![Override { field: "note".parse().unwrap(), reason: reason.to_owned() }],
        ..Draft::default()
    };
    let refused = city.registers.save(&city.caller("yamada"), "media", with("製造番号のため")).unwrap_err();
    assert!(matches!(refused, RegistersError::NotPermitted(_)), "{refused}");
    let suzuki = city.caller("suzuki");
    let refused = city.registers.save(&suzuki, "media", with(" ")).unwrap_err();
    assert!(matches!(refused, RegistersError::IndividualNumber { .. }), "{refused}");
    let row = row_of(city.registers.save(&suzuki, "media", with("製造番号のため")).unwrap());
    let events = city.events("register.override");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].subject, format!("media/{row}"));
    // The field that was looked at may stay as it is.
    let shown = city.registers.row(&suzuki, "media", &row, None).unwrap();
    let mut values = shown.values;
    values.set("price", 10);
    city.registers.save(&city.caller("yamada"), "media", draft(Some(&row), 1, values)).unwrap();
}

pub(super) fn containers_take_the_highest_class_of_their_parts(bed: &Bed) {
    let city = bed.city();
    let (low, high) = (city.medium("低", "c1", "fukushi"), city.medium("高", "c2", "fukushi"));
    let list = |rows: &[&RowId]| Value::list(rows.iter().map(ToString::to_string));
    let inner = city.add("boxes", &[("name", "箱".into()), ("contents", list(&[&low, &high]))]);
    let class = |row: &RowId| {
        let row = city.registers.row(&Caller::system("test"), "boxes", row, None).unwrap();
        row.values.get("class_c").as_text().unwrap_or_default().to_owned()
    };
    assert_eq!(class(&inner), "c2");
    city.change("media", &low, &[("class_c", "c3b".into())]);
    assert_eq!(class(&inner), "c3b");
    city.change("media", &low, &[("class_c", Value::Null)]);
    assert_eq!(class(&inner), "c2");
    let history = city.registers.history(&Caller::system("test"), "boxes", &inner).unwrap();
    assert_eq!(history.len(), 3);
    assert_eq!(history[1].via, "class-max");
    city.verify();
}

pub(super) fn lists_are_searched_filtered_sorted_and_paged(bed: &Bed) {
    let city = bed.city();
    for (name, unit, price) in [
        ("USBメモリー 赤", "fukushi", Some(500)),
        ("ハードディスク", "fukushi", Some(20_000)),
        ("紙袋", "fukushi", None),
        ("他課", "zeimu", Some(1)),
    ] {
        let price = price.map_or(Value::Null, Value::Int);
        city.add("media", &[("name", name.into()), ("unit", unit.into()), ("price", price)]);
    }
    let base = ListQuery::of("media");
    let check =
        |query: ListQuery, expect: &[&str]| assert_eq!(keys(&city, "suzuki", &query), expect, "{query:?}");
    check(base.clone(), &["M-0001", "M-0002", "M-0003"]);
    check(ListQuery { text: "ｕｓｂ めもりー".to_owned(), ..base.clone() }, &["M-0001"]);
    check(ListQuery { text: "福祉課".to_owned(), ..base.clone() }, &["M-0001", "M-0002", "M-0003"]);
    check(ListQuery { text: "100%".to_owned(), ..base.clone() }, &[]);
    let by_price = ListQuery { sort: Some("price".to_owned()), ..base.clone() };
    check(by_price.clone(), &["M-0001", "M-0002", "M-0003"]);
    check(ListQuery { descending: true, ..by_price.clone() }, &["M-0002", "M-0001", "M-0003"]);
    check(ListQuery { view: Some("dear".to_owned()), ..base.clone() }, &["M-0002"]);
    let filter = |field: &str, op, value: &str| ListQuery {
        filters: vec![Filter { field: field.to_owned(), op, value: value.to_owned() }],
        ..base.clone()
    };
    check(filter("price", FilterOp::AtLeast, "５００円"), &["M-0001", "M-0002"]);
    check(filter("price", FilterOp::Empty, ""), &["M-0003"]);
    check(filter("price", FilterOp::IsNot, "500"), &["M-0002", "M-0003"]);
    check(filter("name", FilterOp::Contains, "ディスク"), &["M-0002"]);
    check(filter("unit", FilterOp::Is, "福祉課"), &["M-0001", "M-0002", "M-0003"]);
    let page =
        city.registers.list(&city.caller("suzuki"), &ListQuery { limit: 1, offset: 1, ..by_price }).unwrap();
    assert_eq!((page.total, page.rows.len(), page.rows[0].key.as_str()), (3, 1, "M-0002"));
    assert!(city.registers.list(&city.caller("suzuki"), &filter("nothing", FilterOp::Is, "")).is_err());
    assert_eq!(keys(&city, "kansa", &base).len(), 4);
    let hits = city.registers.search(&city.caller("suzuki"), "ハードディスク").unwrap();
    assert_eq!(hits.len(), 1);
    assert!(city.registers.search(&city.caller("suzuki"), "他課").unwrap().is_empty());
}

pub(super) fn a_day_in_the_past_is_shown_as_it_was(bed: &Bed) {
    let city = bed.city();
    let (first, gone) = (city.medium("元の名", "c2", "fukushi"), city.medium("消える", "c2", "fukushi"));
    city.clock.advance(2 * DAY);
    city.change("media", &first, &[("name", "新しい名".into())]);
    city.registers.remove(&Caller::system("test"), "media", &gone, 1, "").unwrap();
    city.medium("後から", "c2", "fukushi");
    let names = |as_of| {
        let query = ListQuery { as_of, ..ListQuery::of("media") };
        let page = city.registers.list(&city.caller("suzuki"), &query).unwrap();
        assert_eq!(page.total, page.rows.len() as u64);
        page.rows.into_iter().map(|row| row.title).collect::<Vec<_>>()
    };
    assert_eq!(names(None), ["新しい名", "後から"]);
    assert_eq!(names(Some(date(2026, 11, 24))), ["元の名", "消える"]);
    assert!(names(Some(date(2026, 11, 22))).is_empty());
    let then = city.registers.row(&city.caller("suzuki"), "media", &gone, Some(date(2026, 11, 23))).unwrap();
    assert_eq!(then.title, "消える");
    let found =
        ListQuery { as_of: Some(date(2026, 11, 23)), text: "元の".to_owned(), ..ListQuery::of("media") };
    assert_eq!(keys(&city, "suzuki", &found), ["M-0001"]);
}

pub(super) fn secret_fields_are_neither_shown_nor_found(bed: &Bed) {
    let city = bed.city();
    let row = city.add(
        "staff",
        &[
            ("staff_number", "000001".into()),
            ("name", "佐藤".into()),
            ("unit", "fukushi".into()),
            ("grade", "行政職4級".into()),
        ],
    );
    let yamada = city.caller("yamada");
    let seen = city.registers.row(&yamada, "staff", &row, None).unwrap();
    assert!(seen.values.get("grade").is_null());
    assert_eq!(seen.hidden.len(), 1);
    let by = |text: &str| ListQuery { text: text.to_owned(), ..ListQuery::of("staff") };
    assert!(keys(&city, "yamada", &by("行政職")).is_empty());
    assert_eq!(keys(&city, "kanri", &by("行政職")), ["000001"]);
    let filter = ListQuery {
        filters: vec![Filter { field: "grade".to_owned(), op: FilterOp::NotEmpty, value: String::new() }],
        ..ListQuery::of("staff")
    };
    assert!(city.registers.list(&yamada, &filter).is_err());
    assert!(
        city.registers
            .list(&yamada, &ListQuery { sort: Some("grade".to_owned()), ..ListQuery::of("staff") })
            .is_err()
    );
    let history = city.registers.history(&yamada, "staff", &row).unwrap();
    assert!(history[0].changes.as_ref().unwrap().iter().all(|change| change.field.as_str() != "grade"));
}

pub(super) fn what_is_due_reaches_the_right_people(bed: &Bed) {
    let city = bed.city();
    let staff = city.staff("000001", "yamada", "fukushi");
    let medium = city.medium("媒体", "c2", "fukushi");
    let today = date(2026, 11, 23);
    for (due, returned) in [
        (date(2026, 11, 20), Value::Null),
        (date(2026, 11, 29), Value::Null),
        (date(2026, 12, 24), Value::Null),
        (date(2026, 11, 1), Value::Date(date(2026, 11, 2))),
    ] {
        city.add(
            "loans",
            &[
                ("medium", medium.as_str().into()),
                ("borrower", staff.as_str().into()),
                ("unit", "fukushi".into()),
                ("due_on", due.into()),
                ("returned_on", returned),
            ],
        );
    }
    let due = |login: &str| {
        let found = city.registers.due(&city.caller(login), today).unwrap();
        found.into_iter().map(|due| (due.key, due.reminder, due.overdue)).collect::<Vec<_>>()
    };
    let entry = |key: &str, reminder: &str, overdue| (key.to_owned(), reminder.to_owned(), overdue);
    assert_eq!(due("yamada"), [entry("L-0001", "overdue", true), entry("L-0002", "overdue", false)]);
    assert_eq!(due("suzuki"), [entry("L-0001", "manager", true)]);
    assert!(due("mori").is_empty());
    assert!(due("kansa").is_empty());
    let seen = city.registers.due_for(&city.caller("suzuki"), today, DueFor::Seen).unwrap();
    assert_eq!(seen.len(), 3);
    let counts = city.registers.counts(&city.caller("suzuki")).unwrap();
    let loans = counts.iter().find(|count| count.register.as_str() == "loans").unwrap();
    assert_eq!((loans.rows, loans.due, loans.overdue), (4, 1, 2));
    // Remembered numbers change with the register.
    city.add(
        "loans",
        &[
            ("medium", medium.as_str().into()),
            ("borrower", staff.as_str().into()),
            ("unit", "fukushi".into()),
        ],
    );
    let counts = city.registers.counts(&city.caller("suzuki")).unwrap();
    assert_eq!(counts.iter().find(|count| count.register.as_str() == "loans").unwrap().rows, 5);
}

fn plan(name: &str, important: bool) -> Values {
    of(&[("name", name.into()), ("unit", "fukushi".into()), ("important", important.into())])
}

pub(super) fn a_change_waits_for_approval_and_is_made_by_the_last_decision(bed: &Bed) {
    let city = bed.city();
    let yamada = city.caller("yamada");
    row_of(city.registers.save(&yamada, "plans", draft(None, 0, plan("軽微", false))).unwrap());
    let case = case_of(city.registers.save(&yamada, "plans", draft(None, 0, plan("重要", true))).unwrap());
    assert_eq!(keys(&city, "suzuki", &ListQuery::of("plans")), ["P-0001"]);
    let view = city.approval.case(&city.sits("suzuki"), &case).unwrap();
    city.approval.decide(&city.sits("suzuki"), &case, &view.case.digest, Decision::Approve, "").unwrap();
    let page = city.registers.list(&yamada, &ListQuery::of("plans")).unwrap();
    assert_eq!(page.rows.iter().map(|row| row.title.as_str()).collect::<Vec<_>>(), ["軽微", "重要"]);
    let history = city.registers.history(&yamada, "plans", &page.rows[1].id).unwrap();
    assert_eq!(history[0].case.as_ref(), Some(&case));
    // A bad draft is refused before anybody has to decide on it.
    let bad = of(&[("unit", "fukushi".into()), ("important", true.into())]);
    assert!(matches!(
        city.registers.save(&yamada, "plans", draft(None, 0, bad)),
        Err(RegistersError::Refused(_))
    ));
    city.verify();
}

pub(super) fn a_stale_change_goes_back_to_its_drafter(bed: &Bed) {
    let city = bed.city();
    let yamada = city.caller("yamada");
    let row = row_of(city.registers.save(&yamada, "plans", draft(None, 0, plan("計画", false))).unwrap());
    let mut values = city.registers.row(&yamada, "plans", &row, None).unwrap().values;
    values.set("important", true);
    let case = case_of(city.registers.save(&yamada, "plans", draft(Some(&row), 1, values)).unwrap());
    city.change("plans", &row, &[("name", "別の計画".into())]);
    let view = city.approval.case(&city.sits("suzuki"), &case).unwrap();
    let refused = city
        .approval
        .decide(&city.sits("suzuki"), &case, &view.case.digest, Decision::Approve, "")
        .unwrap_err();
    assert!(matches!(refused, sekisho_approval::ApprovalError::EffectRefused { .. }), "{refused}");
    let now = city.approval.case(&city.sits("yamada"), &case).unwrap();
    assert_eq!(now.case.state, CaseState::Returned);
    assert!(now.case.reason.contains("別の計画"), "{}", now.case.reason);
    let row = city.registers.row(&yamada, "plans", &row, None).unwrap();
    assert_eq!((row.version, row.values.get("important")), (2, &Value::Bool(false)));
}

fn with(name: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let mut files = definitions();
    for (file, text) in &mut files {
        if *file == format!("{name}.toml") {
            assert!(text.contains(from));
            *text = text.replacen(from, to, 1);
        }
    }
    files
}

pub(super) fn a_changed_definition_is_refused_with_the_rows_that_do_not_fit(bed: &Bed) {
    let city = bed.city();
    city.add("media", &[("name", "媒体".into()), ("unit", "fukushi".into()), ("kind", "usb".into())]);
    city.medium("種別なし", "c2", "fukushi");
    drop(city);
    let misfits = |files| match bed.open(files) {
        Err(RegistersError::Misfits(misfits)) => {
            misfits.into_iter().map(|m| format!("{} {}", m.key, m.field)).collect::<Vec<_>>()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    };
    // A choice goes, a type changes, a field becomes required.
    let usb = "{ id = \"usb\", ja = \"USBメモリ\", en = \"USB memory\" }, ";
    assert_eq!(misfits(with("media", usb, "")), ["M-0001 kind"]);
    let required = "id = \"kind\"\ntype = \"choice\"\nrequired = true";
    assert_eq!(misfits(with("media", "id = \"kind\"\ntype = \"choice\"", required)), ["M-0002 kind"]);
    // A new field, another label and another rule fit.
    let more = format!(
        "{}\n[[field]]\nid = \"place\"\ntype = \"text\"\nlabel_ja = \"保管場所\"\nlabel_en = \"Place\"\n",
        definition("media")
    );
    let mut files = definitions();
    files.retain(|(name, _)| name != "media.toml");
    files.push(("media.toml".to_owned(), more));
    let city = bed.open(files).unwrap();
    assert_eq!(city.events("register.definition-adopted").iter().filter(|e| e.subject == "media").count(), 2);
    assert_eq!(keys(&city, "suzuki", &ListQuery::of("media")), ["M-0001", "M-0002"]);
    city.verify();
}

pub(super) fn a_definition_that_disappears_is_refused_while_rows_live(bed: &Bed) {
    let city = bed.city();
    let row = city.add("boxes", &[("name", "箱".into())]);
    let system = Caller::system("test");
    let without: Vec<_> = definitions().into_iter().filter(|(name, _)| name != "boxes.toml").collect();
    drop(city);
    let Err(RegistersError::Misfits(misfits)) = bed.open(without.clone()) else { panic!("it was accepted") };
    assert_eq!((misfits[0].register.as_str(), misfits[0].row.as_str()), ("boxes", row.as_str()));
    let city = bed.city();
    assert_eq!(city.registers.row(&system, "boxes", &row, None).unwrap().title, "箱");
    city.registers.remove(&system, "boxes", &row, 1, "").unwrap();
    drop(city);
    let city = bed.open(without).unwrap();
    assert_eq!(city.events("register.definition-dropped").len(), 1);
    city.verify();
}

pub(super) fn old_rows_are_disposed_of_and_a_replay_agrees(bed: &Bed) {
    let city = bed.city();
    let system = Caller::system("test");
    let (old, kept) = (city.medium("消す人", "c2", "fukushi"), city.medium("残る人", "c2", "fukushi"));
    city.change("media", &old, &[("note", "途中".into())]);
    city.registers.remove(&system, "media", &old, 2, "").unwrap();
    let none = |_: &str| false;
    assert_eq!(city.registers.retire(&none).unwrap().rows, 0);
    city.clock.advance(3 * 366 * DAY);
    let report = city.registers.retire(&none).unwrap();
    assert_eq!((report.rows, report.entries), (1, 3));
    assert_eq!(city.registers.retire(&none).unwrap().rows, 0);
    for event in city.events("register.row") {
        assert_eq!(event.body.is_none(), event.subject == format!("media/{old}"), "{}", event.subject);
    }
    assert_eq!(city.registers.row(&system, "media", &kept, None).unwrap().title, "残る人");
    let history = city.registers.history(&system, "media", &old).unwrap();
    assert_eq!(history.len(), 3);
    assert!(history.iter().all(|version| version.changes.is_none()));
    city.verify();
}

pub(super) fn personal_views_belong_to_one_person(bed: &Bed) {
    let city = bed.city();
    city.medium("赤", "c2", "fukushi");
    city.medium("青", "c2", "fukushi");
    let (suzuki, yamada) = (city.caller("suzuki"), city.caller("yamada"));
    let query = ListQuery { text: "青".to_owned(), ..ListQuery::of("media") };
    let view = city.registers.save_view(&suzuki, "青いもの", &query).unwrap();
    let mine = ListQuery { view: Some(view.id.clone()), ..ListQuery::of("media") };
    assert_eq!(keys(&city, "suzuki", &mine), ["M-0002"]);
    assert!(city.registers.list(&yamada, &mine).is_err());
    assert!(city.registers.views(&yamada, "media").unwrap().is_empty());
    city.registers.remove_view(&suzuki, "media", &view.id).unwrap();
    assert!(city.registers.views(&suzuki, "media").unwrap().is_empty());
}

pub(super) fn several_rows_are_saved_together_or_not_at_all(bed: &Bed) {
    let city = bed.city();
    let suzuki = city.caller("suzuki");
    let good = || draft(None, 0, of(&[("name", "媒体".into()), ("unit", "fukushi".into())]));
    let bad = || draft(None, 0, of(&[("unit", "fukushi".into())]));
    let refused = city.registers.save_many(&suzuki, "media", vec![good(), bad(), good(), bad()]).unwrap_err();
    let RegistersError::Refused(rows) = refused else { panic!("{refused}") };
    assert_eq!(rows.iter().map(|row| row.index).collect::<Vec<_>>(), [1, 3]);
    assert!(keys(&city, "suzuki", &ListQuery::of("media")).is_empty());
    city.registers.save_many(&suzuki, "media", vec![good(), good()]).unwrap();
    assert_eq!(keys(&city, "suzuki", &ListQuery::of("media")), ["M-0001", "M-0002"]);
}

pub(super) fn other_services_write_inside_their_own_unit(bed: &Bed) {
    let city = bed.city();
    let registers = city.registers.clone();
    let values = of(&[("name", "媒体".into()), ("unit", "fukushi".into())]);
    let (ours, then) = (registers.clone(), values.clone());
    let row =
        city.store.write(move |tx| ours.put_trusted(tx, "system", "media", None, then, "人事異動")).unwrap();
    let ours = registers.clone();
    let failed = city.store.write(move |tx| -> Result<(), RegistersError> {
        ours.put_trusted(tx, "system", "media", None, values, "")?;
        Err(RegistersError::Gone)
    });
    assert!(failed.is_err());
    assert_eq!(keys(&city, "suzuki", &ListQuery::of("media")), ["M-0001"]);
    city.store.write(move |tx| registers.remove_trusted(tx, "system", "media", &row, "終了")).unwrap();
    assert!(keys(&city, "suzuki", &ListQuery::of("media")).is_empty());
    // Its number is gone for good; that of the unit that failed never was one.
    let next = city.medium("次", "c2", "fukushi");
    assert_eq!(city.registers.row(&Caller::system("test"), "media", &next, None).unwrap().key, "M-0002");
}
