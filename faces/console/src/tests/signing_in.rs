//! Enrolment, sign-in, confirmation and the account page, as a browser without scripts meets them.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use tower::ServiceExt;

use sekisho_approval::Approval;
use sekisho_checkpoint::Checkpoint;
use sekisho_documents::Documents;
use sekisho_identity::{Config, Hashing, Identity, ZoneSite};
use sekisho_people::People;
use sekisho_policy::{Policy, SourceFile, ZoneId};
use sekisho_registers::Registers;
use sekisho_store::{ManualClock, OpenOptions, Store};
use sekisho_worker::{Sandbox, SandboxConfig};

use crate::{App, AppConfig, Counters, zone_router};

const PASSWORD: &str = "river-lantern-42-cedar";

struct World {
    app: App,
    identity: Identity,
    clock: Arc<ManualClock>,
    _data: tempfile::TempDir,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// The session cookie as the browser sends it back.
    fn cookie(&self) -> String {
        let line = self.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        assert!(line.contains("; HttpOnly") && line.contains("; SameSite=Strict"), "{line}");
        line.split(';').next().unwrap().to_owned()
    }

    /// The value of the first field of this name.
    fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, rest) =
            self.body.split_once(&mark).unwrap_or_else(|| panic!("no field {name}: {}", self.body));
        rest.split('"').next().unwrap().to_owned()
    }
}

impl World {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(1_795_400_000_000));
        let policy = Arc::new(imari());
        let definitions = sekisho_registers::load(&policy, data.path()).unwrap();
        let options = OpenOptions::new(data.path().join("data"), "imari.example/sekisho")
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
        let sites = [("internet", 8441), ("lgwan", 8442)].map(|(zone, port)| ZoneSite {
            zone: ZoneId::new(zone).unwrap(),
            rp_id: "localhost".to_owned(),
            origins: vec![format!("http://localhost:{port}")],
        });
        let mut config = Config::new(data.path(), "関所", sites.to_vec());
        config.hashing = Hashing::cheap();
        let identity = Identity::new(store.clone(), policy.clone(), config).unwrap();
        let sandbox =
            Sandbox::start_for_tests(SandboxConfig { allow_unsandboxed: true, ..SandboxConfig::default() })
                .unwrap();
        let approval = Approval::new(store.clone(), policy.clone(), identity.clone(), None);
        let registers =
            Registers::new(store.clone(), policy.clone(), &identity, definitions, approval.clone(), None)
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
        let documents = Documents::new(store.clone(), policy.clone(), approval.clone(), None);
        let checkpoint = Checkpoint::new(store.clone(), policy, identity.clone(), sandbox.clone());
        let counters = Arc::new(Counters::default());
        let app = App::new(AppConfig {
            directory: sekisho_directory::Directory::local(store.clone(), identity.clone()),
            store,
            identity: identity.clone(),
            checkpoint,
            approval,
            registers,
            people,
            documents,
            sandbox,
            counters,
            secure: false,
        });
        Self { app, identity, clock, _data: data }
    }

    fn router(&self, zone: &str) -> Router {
        zone_router(&self.app, &ZoneId::new(zone).unwrap())
    }

    async fn send(&self, zone: &str, request: Request<Body>) -> Answer {
        let response = self.router(zone).oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("lgwan", Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap())
            .await
    }

    async fn post(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
        self.send("lgwan", form(path, cookie, fields)).await
    }

    /// Enrols the first administrator through the pages; returns the authenticator's secret.
    async fn enrol(&self) -> Vec<u8> {
        let token = self.identity.bootstrap().unwrap().unwrap().token;
        let here = format!("/enrol/{token}");
        assert!(self.get(&here, "").await.body.contains("name=\"kana\""));
        let who =
            [("login", "sato"), ("name", "佐藤 花子"), ("kana", "サトウ ハナコ"), ("unit", "joho-seisaku")];
        assert_eq!(self.post(&format!("{here}/name"), "", &who).await.location(), here);
        let page = self.get(&here, "").await;
        assert!(page.body.contains("佐藤 花子") && page.body.contains("<svg "), "{}", page.body);
        let secret = base32(&self.identity.link_totp(&token).unwrap().secret);

        let totp = format!("{here}/totp");
        let code = self.code(&secret);
        for (password, repeat, code) in [
            ("short", "short", code.as_str()),
            (PASSWORD, "another phrase", code.as_str()),
            (PASSWORD, PASSWORD, "000000"),
        ] {
            let answer =
                self.post(&totp, "", &[("password", password), ("repeat", repeat), ("code", code)]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.body.contains("aria-invalid") && !answer.body.contains(PASSWORD));
        }
        let done =
            self.post(&totp, "", &[("password", PASSWORD), ("repeat", PASSWORD), ("code", &code)]).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        assert_eq!(done.body.matches("<li><code>").count(), 10);
        assert_eq!(self.get(&here, "").await.status, StatusCode::GONE);
        self.clock.advance(30_000);
        secret
    }

    /// Signs in and returns the cookie; the used code's step passes.
    async fn sign_in(&self, secret: &[u8]) -> String {
        let second =
            self.post("/login", "", &[("login", "sato"), ("password", PASSWORD), ("next", "/account")]).await;
        assert_eq!(second.status, StatusCode::OK, "{}", second.body);
        let (pending, next) = (second.field("pending"), second.field("next"));
        let fields = [("pending", pending.as_str()), ("next", next.as_str()), ("code", &self.code(secret))];
        let done = self.post("/login/second", "", &fields).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/account"));
        self.clock.advance(30_000);
        done.cookie()
    }

    fn code(&self, secret: &[u8]) -> String {
        use sekisho_store::Clock;
        let generator = totp_rs::Builder::new().with_secret(secret.to_vec()).build().unwrap();
        generator.generate(u64::try_from(self.clock.now_ms() / 1000).unwrap()).to_string()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_enrols_signs_in_with_two_factors_and_reaches_a_page() {
    let world = World::new();
    let secret = world.enrol().await;
    assert_eq!(world.get("/", "").await.location(), "/login");
    assert_eq!(world.get("/account?x=1", "").await.location(), "/login?next=/account%3Fx%3D1");
    let cookie = world.sign_in(&secret).await;
    let account = world.get("/account", &cookie).await;
    assert_eq!(account.status, StatusCode::OK);
    assert!(account.body.contains("佐藤 花子") && account.body.contains("この画面"));
    let home = world.get("/", &cookie).await;
    assert!(home.status == StatusCode::OK && home.body.contains("今日することはありません"), "{}", home.body);
    assert_eq!(world.get("/login?next=/account", &cookie).await.location(), "/account");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_account_read_the_same_and_a_wrong_code_opens_nothing() {
    let world = World::new();
    world.enrol().await;
    let refused = |login| {
        let fields = [("login", login), ("password", "wrong-wrong-wrong")];
        let request = form("/login", "", &fields);
        world.send("lgwan", request)
    };
    let (known, unknown) = (refused("sato").await, refused("kato").await);
    assert_eq!((known.status, unknown.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(known.body.replace("sato", ""), unknown.body.replace("kato", ""));

    let second = world.post("/login", "", &[("login", "sato"), ("password", PASSWORD)]).await;
    let pending = second.field("pending");
    for path in ["/login/second", "/login/recovery"] {
        let answer = world.post(path, "", &[("pending", &pending), ("code", "000000")]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(!answer.headers.contains_key(header::SET_COOKIE) && answer.body.contains("aria-invalid"));
        assert_eq!(answer.field("pending"), pending, "the next attempt needs no new password");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_failures_are_answered_with_the_time_to_wait() {
    let world = World::new();
    world.enrol().await;
    let mut last = None;
    for _ in 0..12 {
        last = Some(world.post("/login", "", &[("login", "sato"), ("password", "wrong-wrong-wrong")]).await);
    }
    let last = last.unwrap();
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(last.headers.contains_key(header::RETRY_AFTER) && last.body.contains("分後に"), "{}", last.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_nobody_in_another_zone() {
    let world = World::new();
    let cookie = world.sign_in(&world.enrol().await).await;
    let value = cookie.split_once('=').unwrap().1;
    let elsewhere = Request::get("/account").header(header::COOKIE, format!("sekisho_internet={value}"));
    let answer = world.send("internet", elsewhere.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/login?next=/account"));
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_forms_change_nothing() {
    let world = World::new();
    let cookie = world.sign_in(&world.enrol().await).await;
    let csrf = world.get("/account", &cookie).await.field("csrf");
    for path in [
        "/logout",
        "/step-up",
        "/account/sessions/end-others",
        "/account/password",
        "/account/totp",
        "/account/totp/finish",
        "/account/recovery",
        "/account/passkeys/remove",
        "/account/tokens",
        "/account/tokens/revoke",
    ] {
        for fields in [&[][..], &[("csrf", "forged")][..]] {
            assert_eq!(world.post(path, &cookie, fields).await.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
    let mut foreign = form("/logout", &cookie, &[("csrf", &csrf)]);
    foreign.headers_mut().insert(header::ORIGIN, "https://example.org".parse().unwrap());
    assert_eq!(world.send("lgwan", foreign).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.get("/account", &cookie).await.status, StatusCode::OK);

    let out = world.post("/logout", &cookie, &[("csrf", &csrf)]).await;
    assert_eq!(out.location(), "/login?done=signed-out");
    assert_eq!(world.get("/account", &cookie).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_needs_a_confirmation_and_is_shown_once() {
    let world = World::new();
    let secret = world.enrol().await;
    let cookie = world.sign_in(&secret).await;
    let csrf = world.get("/account", &cookie).await.field("csrf");
    let wanted = [
        ("csrf", csrf.as_str()),
        ("name", "定時送信"),
        ("scope", "administer"),
        ("scope", "manage-people"),
        ("days", "30"),
    ];
    assert_eq!(world.post("/account/tokens", &cookie, &wanted).await.location(), "/step-up?next=/account");

    let wrong =
        world.post("/step-up", &cookie, &[("csrf", &csrf), ("code", "000000"), ("next", "/account")]).await;
    assert_eq!((wrong.status, wrong.field("next").as_str()), (StatusCode::UNAUTHORIZED, "/account"));
    let fields = [("csrf", csrf.as_str()), ("code", &world.code(&secret)), ("next", "/account")];
    assert_eq!(world.post("/step-up", &cookie, &fields).await.location(), "/account?done=confirmed");

    let nothing = world
        .post("/account/tokens", &cookie, &[("csrf", &csrf), ("name", "定時送信"), ("days", "30")])
        .await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nothing.body.contains("token-error") && nothing.body.contains("value=\"定時送信\""));
    let made = world.post("/account/tokens", &cookie, &wanted).await;
    let (_, rest) = made.body.split_once("<code>sk_pat_").unwrap();
    let token = &format!("sk_pat_{}", rest.split('<').next().unwrap());
    assert!(world.identity.authenticate_token(token, &ZoneId::new("lgwan").unwrap()).is_ok());

    let account = world.get("/account", &cookie).await;
    assert!(account.body.contains("定時送信") && !account.body.contains(token));
    let (_, rest) = account.body.split_once("/account/tokens/revoke").unwrap();
    let id = rest.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    world.post("/account/tokens/revoke", &cookie, &[("csrf", &csrf), ("id", id)]).await;
    assert!(world.identity.authenticate_token(token, &ZoneId::new("lgwan").unwrap()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_whole_in_english_and_carries_no_inline_code() {
    let world = World::new();
    let token = world.identity.bootstrap().unwrap().unwrap().token;
    let name = world.get(&format!("/enrol/{token}?lang=en"), "").await;
    let secret = world.enrol().await;
    let cookie = world.sign_in(&secret).await;
    let csrf = world.get("/account", &cookie).await.field("csrf");
    let english = format!("{cookie}; sekisho_lang=en");
    let administrator = world.identity.person_by_login("sato").unwrap().unwrap();
    let link = world.identity.issue_link(&sekisho_identity::Actor::System, &administrator.id).unwrap().token;
    let mut pages = vec![
        name,
        world.get(&format!("/enrol/{link}"), &english).await,
        world.get("/login?done=enrolled", &english).await,
        world.post("/login", "sekisho_lang=en", &[("login", "sato"), ("password", PASSWORD)]).await,
        world.get("/step-up?next=/account", &english).await,
        world.get("/account", &english).await,
    ];
    let fields = [("csrf", csrf.as_str()), ("code", &world.code(&secret)), ("next", "/account")];
    world.post("/step-up", &cookie, &fields).await;
    let wanted = [("csrf", csrf.as_str()), ("name", "nightly"), ("scope", "administer"), ("days", "30")];
    pages.push(world.post("/account/tokens", &english, &wanted).await);
    pages.push(world.get("/account", &english).await);
    pages.push(world.post("/account/totp", &english, &[("csrf", &csrf)]).await);
    pages.push(world.post("/account/recovery", &english, &[("csrf", &csrf)]).await);
    for page in pages {
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.chars().any(|c| matches!(c, 'ぁ'..='ん')), "{}", page.body);
        for inline in
            [" style=", "<style", " onclick", " onload", "javascript:", "http://localhost", "<script>"]
        {
            assert!(!page.body.contains(inline), "{inline}: {}", page.body);
        }
        assert_eq!(page.body.matches("<h1>").count(), 1);
        assert_eq!(page.headers.get(header::CACHE_CONTROL).unwrap(), "no-store");
    }
}

fn form(path: &str, cookie: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", crate::guard::percent(value))).collect();
    Request::post(path)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.join("&")))
        .unwrap()
}

/// RFC 4648 §6 without padding.
fn base32(text: &str) -> Vec<u8> {
    let bits: String = text
        .chars()
        .map(|c| format!("{:05b}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap()))
        .collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}

fn imari() -> Policy {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/imari");
    let files: Vec<SourceFile> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
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
