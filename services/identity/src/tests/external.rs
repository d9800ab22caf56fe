use super::*;

fn oidc(subject: &str) -> FirstFactor {
    FirstFactor::Oidc { issuer: "https://idp.imari.example".to_owned(), subject: subject.to_owned() }
}

fn marked(world: &World, login: &str, way: SignIn) -> Member {
    let member = world.enrol(login, &["staff"]);
    world.identity.set_sign_in(&Actor::System, &member.person.id, way).unwrap();
    member
}

fn refused<T>(answer: Result<T>) -> bool {
    matches!(answer, Err(IdentityError::Refused))
}

fn pending_of(step: LoginStep) -> String {
    let LoginStep::NeedSecondFactor { pending, .. } = step;
    pending
}

#[test]
fn a_password_of_the_directory_and_a_code_of_ours_sign_in() {
    let world = World::new();
    let member = marked(&world, "yamada", SignIn::Directory);
    let visit = visit("lgwan");
    let person = world.identity.directory_person("ＹＡＭＡＤＡ", "x", &visit).unwrap().unwrap();
    let step = world.identity.external_accepted(&person.id, &FirstFactor::Directory, &visit).unwrap();
    let LoginStep::NeedSecondFactor { pending, code, passkey, .. } = step;
    assert!(code && !passkey);
    let session = world.identity.finish_totp(&pending, &world.code(&member.secret), &visit).unwrap();
    assert_eq!(session.info.method, Method::DirectoryTotp);
    let info = world.identity.authenticate(&session.cookie, &visit.zone).unwrap();
    assert_eq!(info.method, Method::DirectoryTotp);
    let last = world.events("login.succeeded").pop().unwrap();
    assert_eq!(last.body.unwrap()["method"], "directory-totp");
}

#[test]
fn whoever_is_marked_for_outside_has_no_way_past_it() {
    let world = World::new();
    let member = marked(&world, "yamada", SignIn::Directory);
    let here = visit("lgwan");
    assert!(refused(world.identity.begin_password("yamada", PASSWORD, &here)), "the old password");
    assert!(
        refused(world.identity.external_accepted(&member.person.id, &oidc("1"), &here)),
        "the other service"
    );
    let local = world.enrol("suzuki", &["staff"]);
    assert!(world.identity.directory_person("suzuki", PASSWORD, &here).unwrap().is_none());
    assert!(refused(world.identity.external_accepted(&local.person.id, &FirstFactor::Directory, &here)));
    let sufficient = world.identity.external_suffices(&member.person.id, &FirstFactor::Directory, &here);
    assert!(matches!(sufficient, Err(IdentityError::NotPermitted)), "a directory proves one factor only");
}

#[test]
fn the_marking_ends_sessions_and_goes_both_ways() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    let pending = world.pending(&member, "lgwan");
    let id = &member.person.id;
    world.identity.set_sign_in(&Actor::System, id, SignIn::Oidc).unwrap();
    assert!(world.identity.authenticate(&session.cookie, &zone_id("lgwan")).is_err());
    assert!(refused(world.identity.finish_totp(&pending, &world.code(&member.secret), &visit("lgwan"))));
    let before = world.events("person.sign-in-changed").len();
    world.identity.set_sign_in(&Actor::System, id, SignIn::Oidc).unwrap();
    assert_eq!(world.events("person.sign-in-changed").len(), before, "what changes nothing is no event");
    world.identity.set_sign_in(&Actor::System, id, SignIn::Local).unwrap();
    world.sign_in(&member, "lgwan");
    world.identity.set_sign_in(&Actor::System, id, SignIn::Directory).unwrap();
    assert!(world.store.rebuild().unwrap().tables.iter().all(|table| !table.changed));
    assert_eq!(world.identity.sign_in_of(id).unwrap(), SignIn::Directory);
    let by_self = world.identity.set_sign_in(&Actor::from(id), id, SignIn::Local);
    assert!(matches!(by_self, Err(IdentityError::NotPermitted)));
}

#[test]
fn an_administrator_who_needs_no_service_outside_remains() {
    let world = World::new();
    let first = world.enrol("sato", &["administrator"]);
    let alone = world.identity.set_sign_in(&Actor::System, &first.person.id, SignIn::Directory);
    assert!(matches!(alone, Err(IdentityError::Invalid(_))));
    assert_eq!(world.identity.sign_in_of(&first.person.id).unwrap(), SignIn::Local, "nothing of it remains");
    let second = world.enrol("mori", &["administrator"]);
    world.identity.set_sign_in(&Actor::System, &second.person.id, SignIn::Directory).unwrap();
    let last = world.identity.deactivate_person(&Actor::System, &first.person.id);
    assert!(matches!(last, Err(IdentityError::Invalid(_))), "the other one depends on the directory");
}

#[test]
fn the_providers_account_is_kept_and_no_other_one_is_accepted() {
    let world = World::new();
    let member = marked(&world, "yamada", SignIn::Oidc);
    let other = marked(&world, "suzuki", SignIn::Oidc);
    let here = visit("lgwan");
    world.identity.external_accepted(&member.person.id, &oidc("1"), &here).unwrap();
    world.identity.external_accepted(&member.person.id, &oidc("1"), &here).unwrap();
    assert!(refused(world.identity.external_accepted(&member.person.id, &oidc("2"), &here)));
    assert!(
        refused(world.identity.external_accepted(&other.person.id, &oidc("1"), &here)),
        "one account, two people"
    );
    for way in [SignIn::Local, SignIn::Oidc] {
        world.identity.set_sign_in(&Actor::System, &member.person.id, way).unwrap();
    }
    world.identity.external_accepted(&member.person.id, &oidc("2"), &here).unwrap();
    assert!(!world.ledger_text().contains("\"subject\""));
}

#[test]
fn evidence_of_several_factors_begins_a_session_that_is_no_step_up() {
    let world = World::with(|config| config.login_counts_as_step_up = true);
    let member = marked(&world, "yamada", SignIn::Oidc);
    let session = world.identity.external_suffices(&member.person.id, &oidc("1"), &visit("lgwan")).unwrap();
    assert_eq!((session.info.method, session.info.step_up_until_ms), (Method::Oidc, None));
}

#[test]
fn refusals_from_outside_are_counted_and_lock_like_wrong_passwords() {
    let world = World::new();
    let member = marked(&world, "yamada", SignIn::Directory);
    let here = visit("lgwan");
    for _ in 0..world.policy.session.lockout_attempts {
        world.identity.external_refused(Some(&member.person.id), "directory-password", &here).unwrap();
    }
    assert!(matches!(
        world.identity.directory_person("yamada", "x", &here),
        Err(IdentityError::Locked { .. })
    ));
    let accepted = world.identity.external_accepted(&member.person.id, &FirstFactor::Directory, &here);
    assert!(matches!(accepted, Err(IdentityError::Locked { .. })));
    let event = world.events("login.failed").pop().unwrap();
    assert_eq!(
        (event.actor.as_str(), &event.body.unwrap()["factor"]),
        (member.person.id.as_str(), &"directory-password".into())
    );
    assert_eq!(world.events("login.locked").len(), 1);
}

#[test]
fn enrolment_of_somebody_from_outside_sets_no_password() {
    let world = World::new();
    let person = world.create("yamada", "joho-seisaku", &["staff"]);
    world.identity.set_sign_in(&Actor::System, &person.id, SignIn::Directory).unwrap();
    let here = visit("lgwan");
    let early = world.identity.external_accepted(&person.id, &FirstFactor::Directory, &here);
    assert!(matches!(early, Err(IdentityError::Invalid(_))), "there is no second factor yet");
    let link = world.identity.issue_link(&Actor::System, &person.id).unwrap();
    let secret = base32::decode(&world.identity.link_totp(&link.token).unwrap().secret).unwrap();
    let done = world.identity.link_finish_totp(&link.token, "", &world.code(&secret)).unwrap();
    let factors = world.identity.factors(&person.id).unwrap();
    assert!(!factors.password && factors.totp && done.recovery_codes.len() == 10);
    let pending =
        pending_of(world.identity.external_accepted(&person.id, &FirstFactor::Directory, &here).unwrap());
    let session = world.identity.finish_recovery(&pending, &done.recovery_codes[0], &here).unwrap();
    assert_eq!(session.info.method, Method::DirectoryRecovery);
}

#[test]
fn new_accounts_begin_as_the_declaration_says_and_administrators_locally() {
    let world = World::new();
    let mut policy = (*world.policy).clone();
    policy.sign_in.new_accounts = SignIn::Directory;
    let config = Config::new(world.dir.path(), "関所", Vec::new());
    let identity = Identity::new(world.store.clone(), Arc::new(policy), config).unwrap();
    let staff =
        identity.create_person(&Actor::System, new_person("yamada", "joho-seisaku", &["staff"])).unwrap();
    let admin = identity
        .create_person(&Actor::System, new_person("sato", "joho-seisaku", &["administrator"]))
        .unwrap();
    assert_eq!(identity.sign_in_of(&staff.id).unwrap(), SignIn::Directory);
    assert_eq!(identity.sign_in_of(&admin.id).unwrap(), SignIn::Local);
}
