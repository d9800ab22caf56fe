//! People who are already signed in, for tests of what comes after signing in.

use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use tower::ServiceExt;

use sekisho_approval::Approval;
use sekisho_checkpoint::Checkpoint;
use sekisho_documents::Documents;
use sekisho_identity::{
    Actor, Config, Hashing, Identity, LoginStep, NewPerson, NewSession, NewToken, Person, Visit,
};
use sekisho_people::People;
use sekisho_policy::{Permission, Policy, SourceFile, ZoneId};
use sekisho_registers::Registers;
use sekisho_store::{Clock, ManualClock, OpenOptions, Store};
use sekisho_worker::{Sandbox, SandboxConfig};

use crate::{App, AppConfig, Counters, admin_router, zone_router};

const PASSWORD: &str = "river-lantern-42-cedar";

pub(super) struct Office {
    pub(super) app: App,
    pub(super) clock: Arc<ManualClock>,
    pub(super) data: tempfile::TempDir,
}

/// Somebody with an account and a second factor.
pub(super) struct Member {
    pub(super) person: Person,
    secret: Vec<u8>,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(super) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }
}

impl Office {
    pub(super) fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(1_795_400_000_000));
        let policy = Arc::new(imari());
        let definitions = sekisho_registers::load(&policy, data.path()).unwrap();
        let options = OpenOptions::new(data.path(), "imari.example/sekisho")
            .projection(Identity::projection())
            .projection(Checkpoint::projection())
            .projection(Approval::projection())
            .projection(Registers::projection(&definitions))
            .projection(Documents::projection())
            .projection(People::projection())
            .module(Identity::module())
            .module(Approval::module())
            .module(Registers::module())
            .clock(clock.clone())
            .fsync(false);
        let store = Store::open(options).unwrap();
        let mut config = Config::new(data.path(), "関所", Vec::new());
        config.hashing = Hashing::cheap();
        let identity = Identity::new(store.clone(), policy.clone(), config).unwrap();
        let sandbox =
            Sandbox::start_for_tests(SandboxConfig { allow_unsandboxed: true, ..SandboxConfig::default() })
                .unwrap();
        let approval = Approval::new(store.clone(), policy.clone(), identity.clone(), None);
        let registers = Registers::new(
            store.clone(),
            policy.clone(),
            &identity,
            definitions,
            approval.clone(),
            Some(sandbox.clone()),
        )
        .unwrap();
        let people = People::new(
            store.clone(),
            policy.clone(),
            identity.clone(),
            registers.clone(),
            approval.clone(),
            data.path(),
        )
        .unwrap();
        let documents =
            Documents::new(store.clone(), policy.clone(), approval.clone(), Some(sandbox.clone()));
        let counters = Arc::new(Counters::default());
        let observed = counters.clone();
        let checkpoint = Checkpoint::new(store.clone(), policy, identity.clone(), sandbox.clone())
            .with_observer(Arc::new(move |step| observed.count(step)));
        let directory = sekisho_directory::Directory::local(store.clone(), identity.clone());
        let app = App::new(AppConfig {
            store,
            identity,
            directory,
            checkpoint,
            approval,
            registers,
            people,
            documents,
            sandbox,
            counters,
            secure: false,
        });
        Self { app, clock, data }
    }

    pub(super) fn member(&self, login: &str, name: &str, unit: &str, roles: &[&str]) -> Member {
        let identity = &self.app.identity;
        let new = NewPerson {
            login: login.to_owned(),
            name: name.to_owned(),
            kana: String::new(),
            unit: unit.parse().unwrap(),
            roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
        };
        let person = identity.create_person(&Actor::System, new).unwrap();
        let link = identity.issue_link(&Actor::System, &person.id).unwrap().token;
        let member = Member { secret: base32(&identity.link_totp(&link).unwrap().secret), person };
        identity.link_finish_totp(&link, PASSWORD, &self.code(&member)).unwrap();
        self.clock.advance(30_000);
        member
    }

    /// A session with both factors; with `confirmed` the second factor was shown again for changes.
    pub(super) fn session(&self, member: &Member, zone: &str, confirmed: bool) -> NewSession {
        let visit = Visit { zone: zone_id(zone), remote: "127.0.0.1".to_owned(), previous_cookie: None };
        let identity = &self.app.identity;
        let LoginStep::NeedSecondFactor { pending, .. } =
            identity.begin_password(&member.person.login, PASSWORD, &visit).unwrap()
        else {
            panic!("a password is not enough")
        };
        let session = identity.finish_totp(&pending, &self.code(member), &visit).unwrap();
        self.clock.advance(30_000);
        if confirmed {
            identity.step_up_totp(&session.info, &self.code(member), &visit).unwrap();
            self.clock.advance(30_000);
        }
        session
    }

    pub(super) fn token(&self, member: &Member, zone: &str, scope: &[Permission]) -> String {
        let session = self.session(member, zone, true);
        let new = NewToken { name: "test".to_owned(), scope: scope.to_vec(), lifetime_ms: 86_400_000 };
        self.app.identity.create_token(&session.info, new).unwrap().token
    }

    /// Lets the worker bring every waiting file to its outcome.
    pub(super) fn work(&self) {
        while self.app.checkpoint.run_one("test").unwrap() {}
    }

    pub(super) async fn send(&self, zone: &str, request: Request<Body>) -> Answer {
        read(zone_router(&self.app, &zone_id(zone)).oneshot(request).await.unwrap()).await
    }

    pub(super) async fn watch(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        read(admin_router(&self.app).oneshot(request).await.unwrap()).await
    }

    pub(super) async fn get(&self, session: &NewSession, path: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, cookie(session));
        self.send(session.info.zone.as_str(), request.body(Body::empty()).unwrap()).await
    }

    /// Sends a form with its token.
    pub(super) async fn post(&self, session: &NewSession, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = [("csrf", session.info.csrf.as_str())];
        self.post_bare(session, path, &[&csrf, fields].concat()).await
    }

    /// Sends a form as it is given.
    pub(super) async fn post_bare(
        &self,
        session: &NewSession,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", crate::guard::percent(value))).collect();
        let request = Request::post(path)
            .header(header::COOKIE, cookie(session))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.join("&")))
            .unwrap();
        self.send(session.info.zone.as_str(), request).await
    }

    fn code(&self, member: &Member) -> String {
        let generator = totp_rs::Builder::new().with_secret(member.secret.clone()).build().unwrap();
        generator.generate(u64::try_from(self.clock.now_ms() / 1000).unwrap()).to_string()
    }
}

/// The type and body of a form with files (RFC 7578).
pub(super) fn multipart(fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> (&'static str, Vec<u8>) {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    for (field, name, bytes) in files {
        let head = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend_from_slice(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    ("multipart/form-data; boundary=edge", body)
}

pub(super) fn cookie(session: &NewSession) -> String {
    format!("sekisho_{}={}", session.info.zone, session.cookie)
}

fn zone_id(zone: &str) -> ZoneId {
    ZoneId::new(zone).unwrap()
}

async fn read(response: axum::response::Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, bytes: to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec() }
}

/// RFC 4648 §6 without padding.
fn base32(text: &str) -> Vec<u8> {
    let place = |c| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
    let bits: Vec<usize> =
        text.chars().flat_map(|c| (0..5).rev().map(move |at| place(c) >> at & 1)).collect();
    bits.chunks_exact(8)
        .map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::try_from(*bit).unwrap()))
        .collect()
}

fn imari() -> Policy {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/imari");
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<SourceFile> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            SourceFile::new(
                path.file_name().unwrap().to_string_lossy(),
                std::fs::read_to_string(&path).unwrap(),
            )
        })
        .collect();
    Policy::parse(&files).unwrap()
}
