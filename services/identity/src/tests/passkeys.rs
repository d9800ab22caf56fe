use super::authenticator::Authenticator;
use super::*;

const LGWAN: &str = "http://localhost:8442";

fn enrolled(world: &World, login: &str, seed: u8) -> (Person, Authenticator) {
    let person = world.create(login, "joho-seisaku", &["staff"]);
    let link = world.identity.issue_link(&Actor::System, &person.id).unwrap();
    let mut device = Authenticator::new(seed);
    let ceremony = world.identity.link_begin_passkey(&link.token, &zone_id("lgwan")).unwrap();
    let answer = device.create(&ceremony.options, LGWAN);
    let done = world.identity.link_finish_passkey(&link.token, &ceremony.id, &answer, "職員証").unwrap();
    assert!(done.recovery_codes.is_empty());
    (person, device)
}

fn sign_in(world: &World, device: &mut Authenticator, zone: &str, origin: &str) -> Result<NewSession> {
    let ceremony = world.identity.begin_passkey(&visit(zone)).unwrap();
    let answer = device.get(&ceremony.options, origin);
    world.identity.finish_passkey(&ceremony.id, &answer, &visit(zone))
}

#[test]
fn registration_asks_for_a_discoverable_and_verified_credential() {
    let world = World::new();
    let person = world.create("yamada", "joho-seisaku", &["staff"]);
    let link = world.identity.issue_link(&Actor::System, &person.id).unwrap();
    let ceremony = world.identity.link_begin_passkey(&link.token, &zone_id("lgwan")).unwrap();
    let selection = &ceremony.options["publicKey"]["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "required");
    assert_eq!(selection["requireResidentKey"], true);
    assert_eq!(selection["userVerification"], "required");
    let login = world.identity.begin_passkey(&visit("lgwan")).unwrap();
    assert_eq!(login.options["publicKey"]["userVerification"], "required");
    assert_eq!(login.options.get("mediation").filter(|value| !value.is_null()), None);
}

#[test]
fn a_passkey_signs_in_and_steps_up_without_a_password() {
    let world = World::new();
    let (person, mut device) = enrolled(&world, "yamada", 1);
    let session = sign_in(&world, &mut device, "lgwan", LGWAN).unwrap();
    assert_eq!(session.info.person.id, person.id);
    assert_eq!(session.info.method, Method::Passkey);
    assert!(matches!(world.identity.require_step_up(&session.info), Err(IdentityError::StepUpNeeded)));
    let ceremony = world.identity.step_up_begin_passkey(&session.info).unwrap();
    let answer = device.get(&ceremony.options, LGWAN);
    world.identity.step_up_finish_passkey(&session.info, &ceremony.id, &answer).unwrap();
    world.identity.require_step_up(&session.info).unwrap();
    assert!(world.identity.factors(&person.id).unwrap().passkeys[0].last_used_ms.is_some());
}

#[test]
fn a_passkey_without_user_verification_is_refused() {
    let world = World::new();
    let (_, mut device) = enrolled(&world, "yamada", 1);
    device.verifies_user = false;
    assert!(matches!(sign_in(&world, &mut device, "lgwan", LGWAN), Err(IdentityError::Refused)));
    let other = world.create("suzuki", "joho-seisaku", &["staff"]);
    let link = world.identity.issue_link(&Actor::System, &other.id).unwrap();
    let mut unlocked = Authenticator::new(2);
    unlocked.verifies_user = false;
    let ceremony = world.identity.link_begin_passkey(&link.token, &zone_id("lgwan")).unwrap();
    let answer = unlocked.create(&ceremony.options, LGWAN);
    let refused = world.identity.link_finish_passkey(&link.token, &ceremony.id, &answer, "");
    assert!(matches!(refused, Err(IdentityError::Passkey(_))));
}

#[test]
fn an_answer_is_good_for_one_dialogue_one_zone_and_one_origin() {
    let world = World::new();
    let (_, mut device) = enrolled(&world, "yamada", 1);
    let ceremony = world.identity.begin_passkey(&visit("lgwan")).unwrap();
    let answer = device.get(&ceremony.options, LGWAN);
    world.identity.finish_passkey(&ceremony.id, &answer, &visit("lgwan")).unwrap();
    let replayed = world.identity.finish_passkey(&ceremony.id, &answer, &visit("lgwan"));
    assert!(matches!(replayed, Err(IdentityError::Refused)), "replayed");
    let fresh = world.identity.begin_passkey(&visit("lgwan")).unwrap();
    let stale = world.identity.finish_passkey(&fresh.id, &answer, &visit("lgwan"));
    assert!(matches!(stale, Err(IdentityError::Refused)), "old answer to a new challenge");
    let phished = sign_in(&world, &mut device, "lgwan", "http://localhost:9999");
    assert!(matches!(phished, Err(IdentityError::Refused)), "foreign origin");
    let moved = world.identity.begin_passkey(&visit("lgwan")).unwrap();
    let answer = device.get(&moved.options, LGWAN);
    let moved = world.identity.finish_passkey(&moved.id, &answer, &visit("internet"));
    assert!(matches!(moved, Err(IdentityError::Refused)), "other zone");
    sign_in(&world, &mut device, "internet", "http://localhost:8441").unwrap();
}

#[test]
fn a_dialogue_ends_after_its_time() {
    let world = World::new();
    let (_, mut device) = enrolled(&world, "yamada", 1);
    let ceremony = world.identity.begin_passkey(&visit("lgwan")).unwrap();
    world.clock.advance(5 * MINUTE);
    let answer = device.get(&ceremony.options, LGWAN);
    let late = world.identity.finish_passkey(&ceremony.id, &answer, &visit("lgwan"));
    assert!(matches!(late, Err(IdentityError::Refused)));
}

#[test]
fn a_cloned_authenticator_is_noticed_by_its_counter() {
    let world = World::new();
    let (_, mut device) = enrolled(&world, "yamada", 1);
    for _ in 0..3 {
        sign_in(&world, &mut device, "lgwan", LGWAN).unwrap();
    }
    device.rewind();
    assert!(matches!(sign_in(&world, &mut device, "lgwan", LGWAN), Err(IdentityError::Refused)));
}

#[test]
fn a_foreign_or_broken_answer_is_refused_and_recorded() {
    let world = World::new();
    enrolled(&world, "yamada", 1);
    let mut stranger = Authenticator::new(9);
    let ceremony = world.identity.begin_passkey(&visit("lgwan")).unwrap();
    let mut answer = stranger.get(&ceremony.options, LGWAN);
    let refused = world.identity.finish_passkey(&ceremony.id, &answer, &visit("lgwan"));
    assert!(matches!(refused, Err(IdentityError::Refused)));
    answer["response"] = serde_json::json!("nonsense");
    let ceremony = world.identity.begin_passkey(&visit("lgwan")).unwrap();
    let refused = world.identity.finish_passkey(&ceremony.id, &answer, &visit("lgwan"));
    assert!(matches!(refused, Err(IdentityError::Refused)));
    assert_eq!(world.events("login.failed").len(), 2);
}

#[test]
fn one_persons_passkey_does_not_sign_in_another() {
    let world = World::new();
    let (_, mut yamada) = enrolled(&world, "yamada", 1);
    let (suzuki, mut device) = enrolled(&world, "suzuki", 2);
    let ceremony = world.identity.begin_passkey(&visit("lgwan")).unwrap();
    let mut answer = yamada.get(&ceremony.options, LGWAN);
    let theirs = device.get(&ceremony.options, LGWAN);
    answer["response"]["userHandle"] = theirs["response"]["userHandle"].clone();
    let refused = world.identity.finish_passkey(&ceremony.id, &answer, &visit("lgwan"));
    assert!(matches!(refused, Err(IdentityError::Refused)));
    world.identity.deactivate_person(&Actor::System, &suzuki.id).unwrap();
    assert!(matches!(sign_in(&world, &mut device, "lgwan", LGWAN), Err(IdentityError::Refused)), "inactive");
}

#[test]
fn a_person_adds_and_removes_passkeys_after_a_step_up() {
    let world = World::new();
    let member = world.enrol("yamada", &["staff"]);
    let session = world.sign_in(&member, "lgwan");
    assert!(matches!(world.identity.add_passkey_begin(&session.info), Err(IdentityError::StepUpNeeded)));
    let session = world.sign_in_high(&member, "lgwan");
    let ceremony = world.identity.add_passkey_begin(&session.info).unwrap();
    let mut device = Authenticator::new(3);
    let answer = device.create(&ceremony.options, LGWAN);
    let added = world.identity.add_passkey_finish(&session.info, &ceremony.id, &answer, "予備").unwrap();
    assert_eq!(added.label, "予備");
    let again = world.identity.add_passkey_begin(&session.info).unwrap();
    assert_eq!(again.options["publicKey"]["excludeCredentials"][0]["id"], added.id);
    sign_in(&world, &mut device, "lgwan", LGWAN).unwrap();
    world.identity.remove_passkey(&session.info, &added.id).unwrap();
    assert!(matches!(sign_in(&world, &mut device, "lgwan", LGWAN), Err(IdentityError::Refused)));
    assert!(matches!(world.identity.remove_passkey(&session.info, &added.id), Err(IdentityError::NotFound)));
}

#[test]
fn the_last_way_to_sign_in_can_not_be_removed() {
    let world = World::new();
    let (person, mut device) = enrolled(&world, "yamada", 1);
    let session = sign_in(&world, &mut device, "lgwan", LGWAN).unwrap();
    let ceremony = world.identity.step_up_begin_passkey(&session.info).unwrap();
    let answer = device.get(&ceremony.options, LGWAN);
    world.identity.step_up_finish_passkey(&session.info, &ceremony.id, &answer).unwrap();
    let only = world.identity.factors(&person.id).unwrap().passkeys.remove(0);
    assert!(matches!(world.identity.remove_passkey(&session.info, &only.id), Err(IdentityError::Invalid(_))));
    assert!(matches!(world.identity.renew_recovery_codes(&session.info), Err(IdentityError::Invalid(_))));
    let (id, setup) = world.identity.renew_totp_begin(&session.info).unwrap();
    let secret = base32::decode(&setup.secret).unwrap();
    let without = world.identity.renew_totp_finish(&session.info, &id, None, &world.code(&secret));
    assert!(matches!(without, Err(IdentityError::Invalid(_))), "a code alone is one factor");
    let (id, setup) = world.identity.renew_totp_begin(&session.info).unwrap();
    let secret = base32::decode(&setup.secret).unwrap();
    let codes =
        world.identity.renew_totp_finish(&session.info, &id, Some(PASSWORD), &world.code(&secret)).unwrap();
    assert_eq!(codes.len(), 10);
    world.identity.remove_passkey(&session.info, &only.id).unwrap();
}

#[test]
fn a_zone_without_an_address_has_no_passkeys() {
    let world = World::new();
    assert!(matches!(world.identity.begin_passkey(&visit("mynumber")), Err(IdentityError::NoPasskeysHere)));
}

#[test]
fn passkeys_stay_available_while_guessing_locked_the_account() {
    let world = World::new();
    let (person, mut device) = enrolled(&world, "yamada", 1);
    for _ in 0..20 {
        let _ = world.identity.begin_password(&person.login, "wrong-wrong-wrong", &visit("internet"));
    }
    sign_in(&world, &mut device, "lgwan", LGWAN).unwrap();
}

#[test]
fn after_the_directory_a_passkey_is_a_second_factor_and_alone_it_is_none() {
    let world = World::new();
    let (person, mut device) = enrolled(&world, "yamada", 1);
    let (_, mut stranger) = enrolled(&world, "suzuki", 2);
    world.identity.set_sign_in(&Actor::System, &person.id, SignIn::Directory).unwrap();
    assert!(matches!(sign_in(&world, &mut device, "lgwan", LGWAN), Err(IdentityError::Refused)));
    let here = visit("lgwan");
    let step = world.identity.external_accepted(&person.id, &FirstFactor::Directory, &here).unwrap();
    let LoginStep::NeedSecondFactor { pending, code, passkey, .. } = step;
    assert!(!code && passkey);
    let ceremony = world.identity.begin_second_passkey(&pending, &here).unwrap();
    let foreign = stranger.get(&ceremony.options, LGWAN);
    let refused = world.identity.finish_second_passkey(&pending, &ceremony.id, &foreign, &here);
    assert!(matches!(refused, Err(IdentityError::Refused)), "somebody else's");
    let ceremony = world.identity.begin_second_passkey(&pending, &here).unwrap();
    let answer = device.get(&ceremony.options, LGWAN);
    let session = world.identity.finish_second_passkey(&pending, &ceremony.id, &answer, &here).unwrap();
    assert_eq!(session.info.method, Method::DirectoryPasskey);
    let again = world.identity.finish_second_passkey(&pending, &ceremony.id, &answer, &here);
    assert!(matches!(again, Err(IdentityError::Refused)), "replayed");
    assert!(world.identity.begin_second_passkey(&pending, &here).is_err());
}
