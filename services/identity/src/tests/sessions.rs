use super::*;

#[test]
fn a_cookie_counts_in_its_zone_only() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    let elsewhere = world.identity.authenticate(&session.cookie, &zone_id("internet"));
    assert!(matches!(elsewhere, Err(IdentityError::WrongZone)));
    for forged in ["", "x", session.cookie.get(1..).unwrap(), session.info.id.as_str()] {
        let forged = world.identity.authenticate(forged, &zone_id("lgwan"));
        assert!(matches!(forged, Err(IdentityError::NotAuthenticated)));
    }
}

#[test]
fn a_session_ends_when_idle() {
    let world = World::new();
    let idle = i64::from(world.policy.session.idle_minutes) * MINUTE;
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    let zone = zone_id("lgwan");
    for _ in 0..3 {
        world.clock.advance(idle - MINUTE);
        world.identity.authenticate(&session.cookie, &zone).unwrap();
    }
    world.clock.advance(idle);
    assert!(matches!(
        world.identity.authenticate(&session.cookie, &zone),
        Err(IdentityError::NotAuthenticated)
    ));
    assert!(world.identity.sessions(&member.person.id).unwrap().is_empty());
}

#[test]
fn a_session_ends_at_its_absolute_end_however_busy() {
    let world = World::new();
    let policy = world.policy.session.clone();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    let step = i64::from(policy.idle_minutes) * MINUTE / 2;
    while world.now() + step < session.info.expires_ms {
        world.clock.advance(step);
        world.identity.authenticate(&session.cookie, &zone_id("lgwan")).unwrap();
    }
    assert_eq!(
        session.info.expires_ms - session.info.created_ms,
        i64::from(policy.absolute_minutes) * MINUTE
    );
    world.clock.set(session.info.expires_ms);
    assert!(world.identity.authenticate(&session.cookie, &zone_id("lgwan")).is_err());
}

#[test]
fn the_time_of_use_is_written_at_most_once_a_minute() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    let seen = || {
        world.identity.authenticate(&session.cookie, &zone_id("lgwan")).unwrap();
        world.identity.sessions(&member.person.id).unwrap()[0].last_seen_ms
    };
    let begun = session.info.created_ms;
    assert_eq!(seen(), begun, "30 s later");
    world.clock.advance(29_999);
    assert_eq!(seen(), begun);
    world.clock.advance(1);
    assert_eq!(seen(), begun + MINUTE);
}

#[test]
fn a_forged_or_foreign_csrf_token_is_refused() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    let other = world.sign_in(&member, "lgwan");
    let info = world.identity.authenticate(&session.cookie, &zone_id("lgwan")).unwrap();
    world.identity.check_csrf(&info, &info.csrf).unwrap();
    let shorter = info.csrf.get(..42).unwrap();
    for forged in ["", shorter, &other.info.csrf, &session.cookie, info.id.as_str()] {
        assert!(matches!(world.identity.check_csrf(&info, forged), Err(IdentityError::CsrfRefused)));
    }
}

#[test]
fn a_log_in_replaces_the_browsers_earlier_session() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let first = world.sign_in(&member, "lgwan");
    let pending = world.pending(&member, "lgwan");
    let again = Visit { previous_cookie: Some(first.cookie.clone()), ..visit("lgwan") };
    let second = world.identity.finish_totp(&pending, &world.code(&member.secret), &again).unwrap();
    assert_ne!(first.cookie, second.cookie);
    assert!(world.identity.authenticate(&first.cookie, &zone_id("lgwan")).is_err());
    world.identity.authenticate(&second.cookie, &zone_id("lgwan")).unwrap();
}

#[test]
fn sessions_are_revoked_one_by_one_all_and_by_an_administrator() {
    let world = World::new();
    let admin = world.enrol("kanri", &["administrator"]);
    let member = world.enrol("yamada", &["staff"]);
    let other = world.enrol("suzuki", &["staff"]);
    let sessions: Vec<NewSession> = (0..4).map(|_| world.sign_in(&member, "lgwan")).collect();
    let theirs = world.sign_in(&other, "lgwan");
    let alive =
        |session: &NewSession| world.identity.authenticate(&session.cookie, &zone_id("lgwan")).is_ok();
    let stolen = world.identity.revoke_session(&theirs.info, &sessions[1].info.id);
    assert!(matches!(stolen, Err(IdentityError::NotFound)));
    world.identity.revoke_session(&sessions[0].info, &sessions[1].info.id).unwrap();
    assert!(!alive(&sessions[1]) && alive(&sessions[2]));
    assert_eq!(world.identity.revoke_own_sessions(&sessions[0].info, true).unwrap(), 2);
    assert!(alive(&sessions[0]) && !alive(&sessions[3]));
    let by_other = world.identity.revoke_sessions_of(&Actor::from(&other.person.id), &member.person.id);
    assert!(matches!(by_other, Err(IdentityError::NotPermitted)));
    let by_admin = world.identity.revoke_sessions_of(&Actor::from(&admin.person.id), &member.person.id);
    assert_eq!(by_admin.unwrap(), 1);
    assert!(!alive(&sessions[0]) && alive(&theirs));
    world.identity.logout(&theirs.cookie).unwrap();
    world.identity.logout(&theirs.cookie).unwrap();
    assert!(!alive(&theirs));
}

#[test]
fn a_step_up_lasts_for_the_policys_minutes() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    assert!(matches!(world.identity.require_step_up(&session.info), Err(IdentityError::StepUpNeeded)));
    let wrong = world.identity.step_up_totp(&session.info, "000", &visit("lgwan"));
    assert!(matches!(wrong, Err(IdentityError::Refused)));
    let code = world.code(&member.secret);
    let until = world.identity.step_up_totp(&session.info, &code, &visit("lgwan")).unwrap();
    assert_eq!(until, world.now() + i64::from(world.policy.session.step_up_minutes) * MINUTE);
    world.identity.require_step_up(&session.info).unwrap();
    let replayed = world.identity.step_up_totp(&session.info, &code, &visit("lgwan"));
    assert!(matches!(replayed, Err(IdentityError::CodeUsed)));
    let fresh = world.identity.authenticate(&session.cookie, &zone_id("lgwan")).unwrap();
    assert_eq!(Principal::from(&fresh).step_up_until_ms, Some(until));
    world.clock.set(until);
    let over = world.identity.require_step_up(&session.info);
    assert!(matches!(over, Err(IdentityError::StepUpNeeded | IdentityError::NotAuthenticated)));
}

#[test]
fn roles_are_read_anew_and_deactivation_ends_sessions_at_once() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    let change = PersonChange { roles: Some(vec![role_id("section-manager")]), ..PersonChange::default() };
    world.identity.update_person(&Actor::System, &member.person.id, change).unwrap();
    let info = world.identity.authenticate(&session.cookie, &zone_id("lgwan")).unwrap();
    assert!(Principal::from(&info).may(Permission::ApproveTransfer));
    world.identity.deactivate_person(&Actor::System, &member.person.id).unwrap();
    assert!(world.identity.authenticate(&session.cookie, &zone_id("lgwan")).is_err());
    world.identity.reactivate_person(&Actor::System, &member.person.id).unwrap();
    assert!(world.identity.authenticate(&session.cookie, &zone_id("lgwan")).is_err(), "it stays ended");
    world.sign_in(&member, "lgwan");
}

#[test]
fn a_new_password_ends_the_other_sessions() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let other = world.sign_in(&member, "internet");
    let session = world.sign_in_high(&member, "lgwan");
    let wrong = world.identity.change_password(&session.info, "wrong-wrong-wrong", "mountain-cloud-77-pine");
    assert!(matches!(wrong, Err(IdentityError::Refused)));
    let weak = world.identity.change_password(&session.info, PASSWORD, "password1234");
    assert!(matches!(weak, Err(IdentityError::Invalid(_))));
    world.identity.change_password(&session.info, PASSWORD, "mountain-cloud-77-pine").unwrap();
    assert!(world.identity.authenticate(&other.cookie, &zone_id("internet")).is_err());
    world.identity.authenticate(&session.cookie, &zone_id("lgwan")).unwrap();
    world.identity.begin_password("yamada", "mountain-cloud-77-pine", &visit("lgwan")).unwrap();
    let old = world.identity.begin_password("yamada", PASSWORD, &visit("lgwan"));
    assert!(matches!(old, Err(IdentityError::Refused)));
}

#[test]
fn a_fresh_log_in_counts_as_a_step_up_only_where_configured_and_never_by_recovery_code() {
    let world = World::with(|config| config.login_counts_as_step_up = true);
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    world.identity.require_step_up(&session.info).unwrap();
    let pending = world.pending(&member, "lgwan");
    let recovered = world.identity.finish_recovery(&pending, &member.recovery[0], &visit("lgwan")).unwrap();
    assert!(matches!(world.identity.require_step_up(&recovered.info), Err(IdentityError::StepUpNeeded)));
}
