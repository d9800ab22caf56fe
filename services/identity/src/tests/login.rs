use super::*;

fn refused<T>(result: Result<T>) -> bool {
    matches!(result, Err(IdentityError::Refused))
}

fn locked_until<T>(result: Result<T>) -> Option<i64> {
    match result {
        Err(IdentityError::Locked { until_ms }) => Some(until_ms),
        _ => None,
    }
}

#[test]
fn password_and_code_give_a_session() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let pending = world.pending(&member, "lgwan");
    let session = world.identity.finish_totp(&pending, &world.code(&member.secret), &visit("lgwan")).unwrap();
    assert_eq!(session.info.person, member.person);
    assert_eq!(session.info.permissions, [Permission::SubmitTransfer, Permission::ReceiveTransfer]);
    let seen = world.identity.authenticate(&session.cookie, &zone_id("lgwan")).unwrap();
    assert_eq!((seen.id, seen.csrf), (session.info.id, session.info.csrf));
    assert_eq!(world.events("login.succeeded").len(), 1);
}

#[test]
fn the_log_in_name_may_be_typed_in_capitals_and_full_width() {
    let world = World::new();
    world.enrol("yamada", &["staff"]);
    world.identity.begin_password("ＹＡＭＡＤＡ ", PASSWORD, &visit("lgwan")).unwrap();
}

#[test]
fn a_code_is_accepted_once() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let code = world.code(&member.secret);
    let pending = world.pending(&member, "lgwan");
    world.identity.finish_totp(&pending, &code, &visit("lgwan")).unwrap();
    let again = world.pending(&member, "lgwan");
    assert!(refused(world.identity.finish_totp(&again, &code, &visit("lgwan"))), "replayed code");
    assert!(refused(world.identity.finish_totp(&pending, &code, &visit("lgwan"))), "replayed first step");
}

#[test]
fn the_code_that_completed_enrolment_does_not_sign_in() {
    let world = World::new();
    let person = world.create("yamada", "joho-seisaku", &["staff"]);
    let link = world.identity.issue_link(&Actor::System, &person.id).unwrap();
    let secret = base32::decode(&world.identity.link_totp(&link.token).unwrap().secret).unwrap();
    let code = world.code(&secret);
    world.identity.link_finish_totp(&link.token, PASSWORD, &code).unwrap();
    let member = Member { person, secret, recovery: Vec::new() };
    let pending = world.pending(&member, "lgwan");
    assert!(refused(world.identity.finish_totp(&pending, &code, &visit("lgwan"))));
}

#[test]
fn a_recovery_code_works_once_and_only_after_the_password() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let code = member.recovery[3].to_uppercase();
    let pending = world.pending(&member, "lgwan");
    let session = world.identity.finish_recovery(&pending, &code, &visit("lgwan")).unwrap();
    assert_eq!(session.info.method, Method::PasswordRecovery);
    assert_eq!(world.identity.factors(&member.person.id).unwrap().recovery_codes_left, 9);
    let again = world.pending(&member, "lgwan");
    assert!(refused(world.identity.finish_recovery(&again, &code, &visit("lgwan"))));
    assert!(refused(world.identity.finish_recovery("", &member.recovery[4], &visit("lgwan"))));
}

#[test]
fn another_persons_recovery_code_is_refused() {
    let world = World::new();
    let yamada = world.enrol("yamada", &["staff"]);
    let suzuki = world.enrol("suzuki", &["staff"]);
    let pending = world.pending(&yamada, "lgwan");
    assert!(refused(world.identity.finish_recovery(&pending, &suzuki.recovery[0], &visit("lgwan"))));
}

#[test]
fn wrong_unknown_inactive_and_unenrolled_look_the_same() {
    let world = World::new();
    let inactive = world.enrol("inactive", &["staff"]);
    world.identity.deactivate_person(&Actor::System, &inactive.person.id).unwrap();
    world.enrol("yamada", &["staff"]);
    world.create("unenrolled", "joho-seisaku", &["staff"]);
    for (login, password) in [
        ("yamada", "wrong-wrong-wrong"),
        ("nobody", PASSWORD),
        ("inactive", PASSWORD),
        ("unenrolled", PASSWORD),
        ("", ""),
    ] {
        assert!(refused(world.identity.begin_password(login, password, &visit("lgwan"))), "{login}");
    }
    let events = world.events("login.failed");
    assert_eq!(events.len(), 5);
    assert_eq!(events.iter().filter(|event| event.actor == "unknown").count(), 2);
}

#[test]
fn the_first_step_ends_after_its_time_and_counts_for_its_zone_only() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let pending = world.pending(&member, "lgwan");
    assert!(refused(world.identity.finish_totp(&pending, &world.code(&member.secret), &visit("internet"))));
    world.clock.advance(5 * MINUTE);
    assert!(refused(world.identity.finish_totp(&pending, &world.code(&member.secret), &visit("lgwan"))));
    let unknown = world.identity.begin_password("yamada", PASSWORD, &visit("atlantis"));
    assert!(matches!(unknown, Err(IdentityError::WrongZone)));
}

#[test]
fn the_lock_of_an_account_grows_and_is_the_same_for_an_unknown_one() {
    let world = World::new();
    world.enrol("yamada", &["staff"]);
    let session = &world.policy.session;
    let (free, first) = (session.lockout_attempts, i64::from(session.lockout_minutes) * MINUTE);
    for login in ["yamada", "nobody"] {
        let away = Visit { remote: format!("2001:db8:{}::1", login.len()), ..visit("lgwan") };
        let attempt = || world.identity.begin_password(login, "wrong-wrong-wrong", &away);
        for _ in 0..free {
            assert!(refused(attempt()), "{login}");
        }
        for doubling in 0..3 {
            let until = locked_until(attempt()).unwrap();
            assert_eq!(until, world.now() + (first << doubling), "{login} {doubling}");
            let before = world.events("login.").len();
            assert!(locked_until(world.identity.begin_password(login, PASSWORD, &away)).is_some());
            assert_eq!(world.events("login.").len(), before, "attempts during a lock are not even recorded");
            world.clock.set(until);
            assert!(refused(attempt()), "the lock is over");
        }
    }
    assert_eq!(world.events("login.locked").len(), 8);
}

#[test]
fn success_and_an_administrator_end_the_count() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let free = world.policy.session.lockout_attempts;
    for _ in 1..free {
        assert!(refused(world.identity.begin_password("yamada", "wrong-wrong-wrong", &visit("lgwan"))));
    }
    world.sign_in(&member, "lgwan");
    for _ in 0..free {
        assert!(refused(world.identity.begin_password("yamada", "wrong-wrong-wrong", &visit("lgwan"))));
    }
    assert!(locked_until(world.identity.begin_password("yamada", PASSWORD, &visit("lgwan"))).is_some());
    let by_staff = world.identity.unlock_person(&Actor::from(&member.person.id), &member.person.id);
    assert!(matches!(by_staff, Err(IdentityError::NotPermitted)));
    world.identity.unlock_person(&Actor::System, &member.person.id).unwrap();
    world.sign_in(&member, "lgwan");
}

#[test]
fn guessing_codes_ends_the_first_step_and_locks_the_account() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let pending = world.pending(&member, "lgwan");
    let wrong = format!("{:06}", (world.code(&member.secret).parse::<u32>().unwrap() + 1) % 1_000_000);
    for attempt in 0..5 {
        let answer = world.identity.finish_totp(&pending, &wrong, &visit("lgwan"));
        assert!(refused(answer), "{attempt}");
    }
    let late = world.identity.finish_totp(&pending, &world.code(&member.secret), &visit("lgwan"));
    assert!(refused(late), "the first step is used up");
    assert!(locked_until(world.identity.begin_password("yamada", PASSWORD, &visit("lgwan"))).is_some());
}

#[test]
fn one_address_that_tries_many_accounts_is_locked() {
    let world = World::with(|config| config.remote_lock.free = 4);
    let member = world.enrol("yamada", &["staff"]);
    for number in 0..4 {
        assert!(refused(world.identity.begin_password(&format!("user{number}"), "x", &visit("lgwan"))));
    }
    assert!(locked_until(world.identity.begin_password("yamada", PASSWORD, &visit("lgwan"))).is_some());
    assert!(locked_until(world.identity.begin_passkey(&visit("lgwan"))).is_some());
    let elsewhere = Visit { remote: "198.51.100.1".to_owned(), ..visit("lgwan") };
    world.identity.begin_password(&member.person.login, PASSWORD, &elsewhere).unwrap();
}

#[test]
fn a_hash_of_older_cost_is_renewed_at_log_in() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let mut config = Config::new(world.dir.path(), "関所", Vec::new());
    config.hashing = Hashing { passes: 2, ..Hashing::cheap() };
    let stronger = Identity::new(world.store.clone(), world.policy.clone(), config).unwrap();
    stronger.begin_password("yamada", PASSWORD, &visit("lgwan")).unwrap();
    let phc = stronger.read(|tx| crate::login::password_of(tx, &member.person.id)).unwrap().unwrap();
    assert!(phc.contains("t=2"), "{phc}");
    stronger.begin_password("yamada", PASSWORD, &visit("lgwan")).unwrap();
}
