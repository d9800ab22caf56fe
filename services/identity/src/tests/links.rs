use super::*;

fn first(login: &str) -> FirstAdministrator {
    FirstAdministrator {
        login: login.to_owned(),
        name: "初代 管理者".to_owned(),
        kana: String::new(),
        unit: unit_id("joho-seisaku"),
    }
}

#[test]
fn the_first_administrators_link_works_once() {
    let world = World::new();
    let link = world.identity.bootstrap().unwrap().unwrap();
    assert_eq!(link.expires_ms, START_MS + 24 * 60 * MINUTE);
    assert!(world.identity.open_link(&link.token).unwrap().person.is_none());
    assert!(
        matches!(world.identity.link_totp(&link.token), Err(IdentityError::LinkRefused)),
        "nobody is named yet"
    );
    let view = world.identity.name_first_administrator(&link.token, first("admin.ichiro")).unwrap();
    assert_eq!(view.person.unwrap().roles, [role_id("administrator")]);
    let renamed = world.identity.name_first_administrator(&link.token, first("second"));
    assert!(matches!(renamed, Err(IdentityError::LinkRefused)));
    let member = world.follow(&link.token);
    assert_eq!(member.recovery.len(), 10);
    assert!(matches!(world.identity.open_link(&link.token), Err(IdentityError::LinkRefused)));
    assert!(matches!(world.identity.link_totp(&link.token), Err(IdentityError::LinkRefused)));
    assert!(world.identity.bootstrap().unwrap().is_none(), "an administrator exists now");
    world.sign_in(&member, "lgwan");
}

#[test]
fn a_new_first_link_voids_the_earlier_one_and_keeps_the_name() {
    let world = World::new();
    let old = world.identity.bootstrap().unwrap().unwrap();
    let new = world.identity.bootstrap().unwrap().unwrap();
    assert!(matches!(world.identity.open_link(&old.token), Err(IdentityError::LinkRefused)));
    world.identity.name_first_administrator(&new.token, first("admin.ichiro")).unwrap();
    let again = world.identity.bootstrap().unwrap().unwrap();
    assert!(matches!(world.identity.open_link(&new.token), Err(IdentityError::LinkRefused)));
    assert_eq!(world.identity.open_link(&again.token).unwrap().person.unwrap().login, "admin.ichiro");
}

#[test]
fn a_link_ends_after_72_hours() {
    let world = World::new();
    let person = world.create("yamada", "joho-seisaku", &["staff"]);
    let link = world.identity.issue_link(&Actor::System, &person.id).unwrap();
    world.clock.advance(72 * 60 * MINUTE - 1);
    world.identity.open_link(&link.token).unwrap();
    world.clock.advance(1);
    assert!(matches!(world.identity.open_link(&link.token), Err(IdentityError::LinkRefused)));
}

#[test]
fn a_wrong_code_or_weak_password_leaves_the_link_usable() {
    let world = World::new();
    let person = world.create("yamada", "joho-seisaku", &["staff"]);
    let link = world.identity.issue_link(&Actor::System, &person.id).unwrap();
    let setup = world.identity.link_totp(&link.token).unwrap();
    assert_eq!(world.identity.link_totp(&link.token).unwrap(), setup, "reloading the page changes nothing");
    let secret = base32::decode(&setup.secret).unwrap();
    let right = world.code(&secret);
    let wrong = format!("{:06}", (right.parse::<u32>().unwrap() + 1) % 1_000_000);
    for (password, code) in [("short", &right), ("yamada-yamada-123", &right), (PASSWORD, &wrong)] {
        let refused = world.identity.link_finish_totp(&link.token, password, code);
        assert!(matches!(refused, Err(IdentityError::Invalid(_))), "{password} {code}");
    }
    world.identity.link_finish_totp(&link.token, PASSWORD, &right).unwrap();
}

#[test]
fn a_new_link_replaces_every_factor_and_ends_sessions_and_tokens() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in_high(&member, "lgwan");
    let new = NewToken {
        name: "連携".to_owned(),
        scope: vec![Permission::SubmitTransfer],
        lifetime_ms: MINUTE * 60,
    };
    let token = world.identity.create_token(&session.info, new).unwrap();
    let link = world.identity.issue_link(&Actor::System, &member.person.id).unwrap();
    world.identity.authenticate(&session.cookie, &zone_id("lgwan")).unwrap();
    let renewed = world.follow(&link.token);
    assert!(world.identity.authenticate(&session.cookie, &zone_id("lgwan")).is_err());
    assert!(world.identity.authenticate_token(&token.token, &zone_id("lgwan")).is_err());
    let pending = world.pending(&renewed, "lgwan");
    let old_code = world.identity.finish_totp(&pending, &world.code(&member.secret), &visit("lgwan"));
    assert!(matches!(old_code, Err(IdentityError::Refused)));
    world.sign_in(&renewed, "lgwan");
}

#[test]
fn links_are_issued_by_those_who_manage_people() {
    let world = World::new();
    let admin = world.enrol("kanri", &["administrator"]);
    let staff = world.enrol("yamada", &["staff"]);
    let target = world.create("suzuki", "joho-seisaku", &["staff"]);
    let by = |id: &PersonId| world.identity.issue_link(&Actor::from(id), &target.id);
    assert!(matches!(by(&staff.person.id), Err(IdentityError::NotPermitted)));
    let old = by(&admin.person.id).unwrap();
    let new = by(&admin.person.id).unwrap();
    assert!(world.identity.open_link(&old.token).is_err() && world.identity.open_link(&new.token).is_ok());
    world.identity.deactivate_person(&Actor::System, &target.id).unwrap();
    assert!(matches!(world.identity.open_link(&new.token), Err(IdentityError::LinkRefused)));
    assert!(matches!(by(&admin.person.id), Err(IdentityError::Invalid(_))));
}

#[test]
fn the_ledger_holds_no_secret() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in_high(&member, "lgwan");
    let link = world.identity.issue_link(&Actor::System, &member.person.id).unwrap();
    let _ = world.identity.begin_password("my-secret-typed-as-login", "x", &visit("lgwan"));
    let ledger = world.ledger_text();
    let secrets = [
        PASSWORD,
        "my-secret-typed-as-login",
        &link.token,
        &session.cookie,
        &session.info.csrf,
        &base32::encode(&member.secret),
        &member.recovery[0],
        "argon2",
    ];
    for secret in secrets {
        assert!(!ledger.contains(secret), "{secret}");
    }
    assert!(ledger.contains("person.enrolled") && ledger.contains(member.person.id.as_str()));
}
