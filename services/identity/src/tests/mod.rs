//! Whole flows against a real store in a temporary directory, with a clock that only moves when told.

mod authenticator;
mod external;
mod import;
mod links;
mod login;
mod passkeys;
mod people;
mod sessions;
mod tokens;

use std::path::Path;
use std::sync::Arc;

use sekisho_policy::{Permission, Policy, RoleId, SourceFile, UnitId, ZoneId};
use sekisho_store::{Event, EventFilter, ManualClock, OpenOptions, Store};

use crate::*;

pub(super) const START_MS: i64 = 1_795_400_000_000;
pub(super) const MINUTE: i64 = 60_000;
pub(super) const PASSWORD: &str = "river-lantern-42-cedar";

pub(super) struct World {
    pub(super) identity: Identity,
    pub(super) store: Store,
    pub(super) clock: Arc<ManualClock>,
    pub(super) policy: Arc<Policy>,
    pub(super) dir: tempfile::TempDir,
}

/// Somebody with password, authenticator app and recovery codes.
pub(super) struct Member {
    pub(super) person: Person,
    pub(super) secret: Vec<u8>,
    pub(super) recovery: Vec<String>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(adjust: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START_MS));
        let options = OpenOptions::new(dir.path().join("data"), "imari.example/sekisho")
            .projection(Identity::projection())
            .module(Identity::module())
            .clock(clock.clone())
            .fsync(false);
        let store = Store::open(options).unwrap();
        let policy = Arc::new(imari());
        let sites = [("internet", 8441), ("lgwan", 8442)].map(|(zone, port)| ZoneSite {
            zone: zone_id(zone),
            rp_id: "localhost".to_owned(),
            origins: vec![format!("http://localhost:{port}")],
        });
        let mut config = Config::new(dir.path(), "関所", sites.to_vec());
        config.hashing = Hashing::cheap();
        adjust(&mut config);
        let identity = Identity::new(store.clone(), policy.clone(), config).unwrap();
        Self { identity, store, clock, policy, dir }
    }

    pub(super) fn create(&self, login: &str, unit: &str, roles: &[&str]) -> Person {
        let new = new_person(login, unit, roles);
        self.identity.create_person(&Actor::System, new).unwrap()
    }

    pub(super) fn enrol(&self, login: &str, roles: &[&str]) -> Member {
        let person = self.create(login, "joho-seisaku", roles);
        let link = self.identity.issue_link(&Actor::System, &person.id).unwrap();
        self.follow(&link.token)
    }

    /// Follows a link to the end and lets the used code's step pass.
    pub(super) fn follow(&self, token: &str) -> Member {
        let setup = self.identity.link_totp(token).unwrap();
        let secret = base32::decode(&setup.secret).unwrap();
        let done = self.identity.link_finish_totp(token, PASSWORD, &self.code(&secret)).unwrap();
        self.clock.advance(30_000);
        Member { person: done.person, secret, recovery: done.recovery_codes }
    }

    pub(super) fn code(&self, secret: &[u8]) -> String {
        totp::code_at(secret, self.now())
    }

    pub(super) fn now(&self) -> i64 {
        self.store.clock().now_ms()
    }

    pub(super) fn pending(&self, member: &Member, zone: &str) -> String {
        let LoginStep::NeedSecondFactor { pending, .. } =
            self.identity.begin_password(&member.person.login, PASSWORD, &visit(zone)).unwrap();
        pending
    }

    /// Signs in and lets the used code's step pass.
    pub(super) fn sign_in(&self, member: &Member, zone: &str) -> NewSession {
        let pending = self.pending(member, zone);
        let session = self.identity.finish_totp(&pending, &self.code(&member.secret), &visit(zone)).unwrap();
        self.clock.advance(30_000);
        session
    }

    /// Signs in and steps up.
    pub(super) fn sign_in_high(&self, member: &Member, zone: &str) -> NewSession {
        let session = self.sign_in(member, zone);
        self.identity.step_up_totp(&session.info, &self.code(&member.secret), &visit(zone)).unwrap();
        self.clock.advance(30_000);
        session
    }

    pub(super) fn events(&self, kind: &str) -> Vec<Event> {
        let filter = EventFilter { kind_prefix: Some(kind.to_owned()), ..EventFilter::default() };
        self.store.events(0, 1000, &filter).unwrap()
    }

    /// Everything that the ledger says, as one text.
    pub(super) fn ledger_text(&self) -> String {
        format!("{:?}", self.store.events(0, 10_000, &EventFilter::default()).unwrap())
    }
}

pub(super) fn imari() -> Policy {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/imari");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            files.push(SourceFile { path: path.file_name().unwrap().to_string_lossy().into_owned(), text });
        }
    }
    Policy::parse(&files).unwrap()
}

pub(super) fn new_person(login: &str, unit: &str, roles: &[&str]) -> NewPerson {
    NewPerson {
        login: login.to_owned(),
        name: format!("{login} 氏"),
        kana: "シメイ".to_owned(),
        unit: unit_id(unit),
        roles: roles.iter().map(|role| role_id(role)).collect(),
    }
}

pub(super) fn visit(zone: &str) -> Visit {
    Visit { zone: zone_id(zone), remote: "192.0.2.7".to_owned(), previous_cookie: None }
}

pub(super) fn zone_id(id: &str) -> ZoneId {
    ZoneId::new(id).unwrap()
}

pub(super) fn unit_id(id: &str) -> UnitId {
    UnitId::new(id).unwrap()
}

pub(super) fn role_id(id: &str) -> RoleId {
    RoleId::new(id).unwrap()
}

#[test]
fn a_zone_outside_the_policy_or_an_ip_address_is_a_configuration_error() {
    let world = World::new();
    for (zone, rp_id, origin) in [
        ("atlantis", "localhost", "http://localhost:1"),
        ("lgwan", "192.0.2.1", "http://192.0.2.1:8442"),
        ("lgwan", "example.jp", "https://example.com"),
        ("lgwan", "example.jp", "not a url"),
    ] {
        let site =
            ZoneSite { zone: zone_id(zone), rp_id: rp_id.to_owned(), origins: vec![origin.to_owned()] };
        let config = Config::new(world.dir.path(), "関所", vec![site]);
        let refused = Identity::new(world.store.clone(), world.policy.clone(), config);
        assert!(matches!(refused, Err(IdentityError::Config(_))), "{zone} {rp_id} {origin}");
    }
}

#[test]
fn permissions_are_the_union_of_the_roles() {
    let world = World::new();
    let all = world.identity.permissions_of(&[role_id("staff"), role_id("section-manager"), role_id("gone")]);
    assert_eq!(
        all,
        [
            Permission::SubmitTransfer,
            Permission::ReceiveTransfer,
            Permission::ApproveTransfer,
            Permission::ViewOwnUnit
        ]
    );
}
