use super::*;

#[test]
fn a_person_is_created_changed_and_deactivated_by_events() {
    let world = World::new();
    let person = world.create("Yamada.T", "joho-seisaku", &["staff"]);
    assert_eq!(person.login, "yamada.t");
    assert_eq!(person.id.as_str().len(), 28);
    assert_eq!(person.id.as_str().parse::<PersonId>().unwrap(), person.id);
    let change = PersonChange {
        unit: Some(unit_id("zeimu")),
        name: Some("山田 太郎".to_owned()),
        ..PersonChange::default()
    };
    let moved = world.identity.update_person(&Actor::System, &person.id, change.clone()).unwrap();
    assert_eq!((moved.unit.as_str(), moved.name.as_str(), moved.roles.len()), ("zeimu", "山田 太郎", 1));
    world.identity.update_person(&Actor::System, &person.id, change).unwrap();
    assert_eq!(world.events("person.updated").len(), 1, "what changes nothing is not recorded");
    assert!(!world.identity.deactivate_person(&Actor::System, &person.id).unwrap().active);
    assert_eq!(world.identity.person_by_login("YAMADA.T").unwrap().unwrap().id, person.id);
    let kinds: Vec<String> = world.events("person.").into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["person.created", "person.updated", "person.deactivated"]);
}

#[test]
fn wrong_fields_are_refused_in_both_languages() {
    let world = World::new();
    world.create("taken", "joho-seisaku", &["staff"]);
    let good = new_person("yamada", "joho-seisaku", &["staff"]);
    for bad in [
        NewPerson { login: "x".to_owned(), ..good.clone() },
        NewPerson { login: "-minus".to_owned(), ..good.clone() },
        NewPerson { login: "山田".to_owned(), ..good.clone() },
        NewPerson { login: "TAKEN".to_owned(), ..good.clone() },
        NewPerson { name: "  ".to_owned(), ..good.clone() },
        NewPerson { name: "山田\u{202e}太郎".to_owned(), ..good.clone() },
        NewPerson { name: "あ".repeat(101), ..good.clone() },
        NewPerson { unit: unit_id("no-such-unit"), ..good.clone() },
        NewPerson { roles: vec![role_id("no-such-role")], ..good.clone() },
        NewPerson { roles: vec![role_id("auditor"), role_id("administrator")], ..good.clone() },
        NewPerson { roles: vec![role_id("auditor"), role_id("section-manager")], ..good },
    ] {
        let message = match world.identity.create_person(&Actor::System, bad.clone()) {
            Err(IdentityError::Invalid(message)) => message,
            other => panic!("{bad:?}: {other:?}"),
        };
        assert!(message.ja.ends_with('。') && message.en.ends_with('.'), "{message:?}");
    }
}

#[test]
fn people_are_managed_by_those_who_may() {
    let world = World::new();
    let admin = world.create("kanri", "joho-seisaku", &["administrator"]);
    let staff = world.create("yamada", "joho-seisaku", &["staff"]);
    let new = new_person("suzuki", "zeimu", &["staff"]);
    let by_staff = world.identity.create_person(&Actor::from(&staff.id), new.clone());
    assert!(matches!(by_staff, Err(IdentityError::NotPermitted)));
    let grab = PersonChange { roles: Some(vec![role_id("administrator")]), ..PersonChange::default() };
    let grabbed = world.identity.update_person(&Actor::from(&staff.id), &staff.id, grab);
    assert!(matches!(grabbed, Err(IdentityError::NotPermitted)));
    world.identity.create_person(&Actor::from(&admin.id), new).unwrap();
    assert_eq!(world.events("person.created").last().unwrap().actor, admin.id.as_str());
}

#[test]
fn the_last_administrator_stays() {
    let world = World::new();
    let admin = world.create("kanri", "joho-seisaku", &["administrator"]);
    let demote = PersonChange { roles: Some(vec![role_id("staff")]), ..PersonChange::default() };
    let by = Actor::from(&admin.id);
    assert!(matches!(world.identity.deactivate_person(&by, &admin.id), Err(IdentityError::Invalid(_))));
    assert!(matches!(
        world.identity.update_person(&by, &admin.id, demote.clone()),
        Err(IdentityError::Invalid(_))
    ));
    assert!(world.identity.person(&admin.id).unwrap().unwrap().active, "nothing was kept of the attempts");
    assert!(world.events("person.deactivated").is_empty());
    world.create("kanri2", "joho-seisaku", &["administrator"]);
    world.identity.update_person(&by, &admin.id, demote).unwrap();
}

#[test]
fn people_are_found_by_text_unit_role_and_state() {
    let world = World::new();
    for (login, unit, role) in
        [("abe", "zeimu", "staff"), ("baba", "zeimu", "section-manager"), ("c_da", "joho-seisaku", "staff")]
    {
        world.create(login, unit, &[role]);
    }
    let gone = world.create("doi", "zeimu", &["staff"]);
    world.identity.deactivate_person(&Actor::System, &gone.id).unwrap();
    let check = |query: PeopleQuery, expect: &[&str]| {
        let page = world.identity.people(&query).unwrap();
        let logins: Vec<&str> = page.people.iter().map(|person| person.login.as_str()).collect();
        assert_eq!(logins, expect, "{query:?}");
    };
    let all = PeopleQuery::default();
    check(all.clone(), &["abe", "baba", "c_da", "doi"]);
    check(PeopleQuery { text: "ＡＢＥ".to_owned(), ..all.clone() }, &["abe"]);
    check(PeopleQuery { text: "_".to_owned(), ..all.clone() }, &["c_da"]);
    check(PeopleQuery { text: "%".to_owned(), ..all.clone() }, &[]);
    check(
        PeopleQuery { text: "シメイ".to_owned(), active: Some(true), ..all.clone() },
        &["abe", "baba", "c_da"],
    );
    check(
        PeopleQuery { unit: Some(unit_id("zeimu")), role: Some(role_id("staff")), ..all.clone() },
        &["abe", "doi"],
    );
    check(PeopleQuery { offset: 1, limit: 2, ..all.clone() }, &["baba", "c_da"]);
    assert_eq!(world.identity.people(&PeopleQuery { limit: 1, ..all }).unwrap().total, 4);
}

#[test]
fn a_role_is_looked_for_in_the_unit_and_above_it() {
    let world = World::new();
    let tax = world.create("tax", "zeimu", &["section-manager"]);
    let head = world.create("head", "somu", &["section-manager"]);
    let other = world.create("other", "joho-seisaku", &["section-manager"]);
    let gone = world.create("gone", "zeimu", &["section-manager"]);
    world.identity.deactivate_person(&Actor::System, &gone.id).unwrap();
    let find = |scope: UnitScope| -> Vec<PersonId> {
        let holders = world.identity.people_with_role(&role_id("section-manager"), &scope).unwrap();
        holders.into_iter().map(|person| person.id).collect()
    };
    assert_eq!(find(UnitScope::Any), [head.id.clone(), other.id, tax.id.clone()]);
    assert_eq!(find(UnitScope::Same(unit_id("zeimu"))), std::slice::from_ref(&tax.id));
    assert_eq!(find(UnitScope::SelfOrAncestor(unit_id("zeimu"))), [head.id.clone(), tax.id.clone()]);
    let can = |id: &PersonId, unit: &str| {
        world.identity.can(id, Permission::ApproveTransfer, Some(&unit_id(unit))).unwrap()
    };
    assert!(
        can(&head.id, "zeimu") && can(&tax.id, "zeimu") && !can(&tax.id, "somu") && !can(&gone.id, "zeimu")
    );
    assert!(!world.identity.can(&tax.id, Permission::Administer, None).unwrap());
}

#[test]
fn the_tables_of_people_are_rebuilt_from_events() {
    let world = World::new();
    let person = world.create("yamada", "joho-seisaku", &["staff", "deputy"]);
    let change = PersonChange { roles: Some(vec![role_id("deputy")]), ..PersonChange::default() };
    world.identity.update_person(&Actor::System, &person.id, change).unwrap();
    world.create("suzuki", "zeimu", &["staff"]);
    world.identity.deactivate_person(&Actor::System, &person.id).unwrap();
    let report = world.store.rebuild().unwrap();
    assert!(report.tables.iter().all(|table| !table.changed), "{report:?}");
}

#[test]
fn disposing_of_a_persons_payload_takes_the_person_out_for_good() {
    let world = World::new();
    let person = world.create("yamada", "joho-seisaku", &["staff"]);
    let kept = world.create("suzuki", "joho-seisaku", &["staff"]);
    let change = PersonChange { name: Some("別名".to_owned()), ..PersonChange::default() };
    world.identity.update_person(&Actor::System, &person.id, change).unwrap();
    let seq = world.events("person.updated")[0].seq;
    world.identity.write(move |tx, _| Ok(tx.dispose_payload(seq, "保存期間満了")?)).unwrap();
    assert!(world.identity.person(&person.id).unwrap().is_none());
    let report = world.store.rebuild().unwrap();
    assert!(report.tables.iter().all(|table| !table.changed), "{report:?}");
    assert!(world.identity.person(&person.id).unwrap().is_none());
    assert!(world.identity.person(&kept.id).unwrap().is_some());
}
