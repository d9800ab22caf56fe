use super::*;

fn new_token(scope: &[Permission]) -> NewToken {
    NewToken { name: "給与連携".to_owned(), scope: scope.to_vec(), lifetime_ms: 10 * MINUTE }
}

#[test]
fn a_token_works_in_its_zone_until_it_ends() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in_high(&member, "lgwan");
    let created =
        world.identity.create_token(&session.info, new_token(&[Permission::SubmitTransfer])).unwrap();
    assert!(created.token.starts_with(TOKEN_PREFIX));
    let info = world.identity.authenticate_token(&created.token, &zone_id("lgwan")).unwrap();
    assert_eq!(
        (info.person.id.clone(), info.permissions.clone()),
        (member.person.id, vec![Permission::SubmitTransfer])
    );
    assert_eq!(Principal::from(&info).way, Way::Token(created.view.id.clone()));
    let elsewhere = world.identity.authenticate_token(&created.token, &zone_id("internet"));
    assert!(matches!(elsewhere, Err(IdentityError::WrongZone)));
    for forged in ["", "sk_pat_", "sk_pat_AAAA", created.view.id.as_str()] {
        assert!(world.identity.authenticate_token(forged, &zone_id("lgwan")).is_err());
    }
    world.clock.set(created.view.expires_ms);
    assert!(world.identity.authenticate_token(&created.token, &zone_id("lgwan")).is_err());
}

#[test]
fn a_token_never_goes_beyond_its_owner() {
    let world = World::new();
    let member = world.enrol("yamada", &["section-manager"]);
    let session = world.sign_in_high(&member, "lgwan");
    let beyond = world.identity.create_token(&session.info, new_token(&[Permission::Administer]));
    assert!(matches!(beyond, Err(IdentityError::NotPermitted)));
    let scope = [Permission::SubmitTransfer, Permission::ApproveTransfer];
    let created = world.identity.create_token(&session.info, new_token(&scope)).unwrap();
    let change = PersonChange { roles: Some(vec![role_id("staff")]), ..PersonChange::default() };
    world.identity.update_person(&Actor::System, &member.person.id, change).unwrap();
    let info = world.identity.authenticate_token(&created.token, &zone_id("lgwan")).unwrap();
    assert_eq!(info.permissions, [Permission::SubmitTransfer]);
    world.identity.deactivate_person(&Actor::System, &member.person.id).unwrap();
    assert!(world.identity.authenticate_token(&created.token, &zone_id("lgwan")).is_err());
}

#[test]
fn a_token_needs_a_step_up_a_scope_a_name_and_an_end() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    let low = world.identity.create_token(&session.info, new_token(&[Permission::SubmitTransfer]));
    assert!(matches!(low, Err(IdentityError::StepUpNeeded)));
    let session = world.sign_in_high(&member, "lgwan");
    let good = new_token(&[Permission::SubmitTransfer]);
    for bad in [
        NewToken { scope: Vec::new(), ..good.clone() },
        NewToken { name: " ".to_owned(), ..good.clone() },
        NewToken { lifetime_ms: 0, ..good.clone() },
        NewToken { lifetime_ms: i64::MAX, ..good },
    ] {
        assert!(matches!(world.identity.create_token(&session.info, bad), Err(IdentityError::Invalid(_))));
    }
}

#[test]
fn a_token_is_revoked_by_its_owner_or_an_administrator() {
    let world = World::new();
    let admin = world.enrol("kanri", &["administrator"]);
    let other = world.enrol("suzuki", &["staff"]);
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in_high(&member, "lgwan");
    let make =
        || world.identity.create_token(&session.info, new_token(&[Permission::SubmitTransfer])).unwrap();
    let (first, second) = (make(), make());
    let revoke = |by: &Member, token: &CreatedToken| {
        world.identity.revoke_token(&Actor::from(&by.person.id), &token.view.id)
    };
    assert!(matches!(revoke(&other, &first), Err(IdentityError::NotPermitted)));
    revoke(&member, &first).unwrap();
    revoke(&admin, &second).unwrap();
    assert!(matches!(revoke(&member, &first), Err(IdentityError::NotFound)));
    for token in [&first, &second] {
        assert!(world.identity.authenticate_token(&token.token, &zone_id("lgwan")).is_err());
    }
    assert!(world.identity.tokens(&member.person.id).unwrap().iter().all(|token| token.revoked));
    assert_eq!((world.events("token.created").len(), world.events("token.revoked").len()), (2, 2));
    assert!(!world.ledger_text().contains(&first.token));
}
