//! Everything that needs no network: names, filters, verdicts, tokens, and whole sign-ins with a provider in memory.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ldap3::{LdapResult, SearchEntry};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use sekisho_identity::{
    Actor, Config, Hashing, Identity, IdentityError, LoginStep, Method, NewPerson, Person, SignIn, Visit,
};
use sekisho_policy::{
    DirectoryKind, DirectorySettings, OidcSettings, Policy, RoleId, SourceFile, Text, UnitId, ZoneId,
};
use sekisho_store::{EventFilter, ManualClock, OpenOptions, Store};
use serde_json::{Value as Json, json};

use crate::ldap::{Ldap, Turn, Unreachable, Verdict, bound, disabled, filter, named};
use crate::oidc::provider::Provider;
use crate::oidc::token::{Expected, KeySet, verify};
use crate::oidc::web::{Answer, Web, allowed};
use crate::{Directory, DirectoryError, OidcReturn, OidcStep, Parts, trust};

const START_MS: i64 = 1_795_400_000_000;
const ISSUER: &str = "https://idp.imari.example/city";
const CLIENT: &str = "sekisho";

// ---- names, filters, verdicts

#[test]
fn what_is_typed_reaches_a_filter_escaped() {
    for (login, expect) in [
        ("yamada", "(uid=yamada)"),
        ("*)(uid=*", "(uid=\\2a\\29\\28uid=\\2a)"),
        ("a\\b", "(uid=a\\5cb)"),
        ("a\0b", "(uid=a\\00b)"),
        ("山田", "(uid=山田)"),
    ] {
        assert_eq!(filter("uid", login, None).to_lowercase(), expect, "{login:?}");
    }
    assert_eq!(filter("uid", "y", Some("(ou=x)")), "(&(uid=y)(ou=x))");
}

#[test]
fn what_is_typed_reaches_a_name_escaped() {
    let template = "uid={login},ou=people,dc=imari";
    assert_eq!(named(template, "yamada"), "uid=yamada,ou=people,dc=imari");
    let evil = named(template, "x,ou=admins+cn=y");
    assert!(!evil.contains("x,ou=admins") && !evil.contains("+cn"), "{evil}");
    assert_eq!(named("{login}@imari.local", "yamada"), "yamada@imari.local");
}

#[test]
fn a_closed_account_is_known_by_either_kind_of_directory() {
    let entry = |name: &str, value: &str| SearchEntry {
        dn: "uid=x".to_owned(),
        attrs: HashMap::from([(name.to_owned(), vec![value.to_owned()])]),
        bin_attrs: HashMap::new(),
    };
    for (name, value, expect) in [
        ("userAccountControl", "512", false),
        ("userAccountControl", "514", true),
        ("useraccountcontrol", "66050", true),
        ("userAccountControl", "no number", true),
        ("shadowExpire", "-1", false),
        ("shadowExpire", "19999", true),
        ("shadowExpire", "20000", true),
        ("shadowExpire", "20001", false),
        ("department", "税務課", false),
    ] {
        assert_eq!(disabled(&entry(name, value), 20_000), expect, "{name} {value}");
    }
}

#[test]
fn only_what_concerns_the_person_is_a_verdict() {
    let result = |rc, text: &str| LdapResult {
        rc,
        matched: String::new(),
        text: text.to_owned(),
        refs: Vec::new(),
        ctrls: Vec::new(),
    };
    let ad = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 533, v2580";
    for (rc, text, expect) in [
        (0, "", Verdict::Right),
        (49, "", Verdict::Wrong("password")),
        (49, ad, Verdict::Wrong("disabled")),
        (49, "data 52e, v2580", Verdict::Wrong("password")),
        (49, "data 775,", Verdict::Wrong("locked")),
        (53, "unauthenticated bind", Verdict::Wrong("refused")),
    ] {
        assert_eq!(bound(&result(rc, text)), Ok(expect), "{rc} {text}");
    }
    for rc in [1, 2, 51, 52, 80] {
        assert!(bound(&result(rc, "")).is_err(), "{rc} is the directory's trouble");
    }
}

fn closed_port() -> DirectorySettings {
    DirectorySettings {
        kind: DirectoryKind::Openldap,
        servers: vec!["ldap://127.0.0.1:1".to_owned()],
        start_tls: false,
        ca_file: None,
        base: None,
        bind_dn: None,
        password_file: None,
        user_dn: Some("uid={login},dc=imari".to_owned()),
        login_attribute: "uid".to_owned(),
        filter: None,
        timeout_seconds: 1,
    }
}

#[test]
fn an_empty_password_is_refused_before_anything_is_connected() {
    let ldap = Ldap::open(&closed_port()).unwrap();
    assert_eq!(ldap.check("yamada", ""), Ok(Verdict::Wrong("empty")));
    assert!(ldap.check("yamada", "x").is_err());
}

#[test]
fn going_down_and_coming_back_are_told_once_and_a_pause_spares_the_network() {
    let ldap = Ldap::open(&closed_port()).unwrap();
    let fail = |_: &Ldap| Err::<(), _>(Unreachable("x".to_owned()));
    assert_eq!(ldap.ask(1_000, |_| Ok(())).1, Turn::None);
    assert_eq!(ldap.ask(2_000, fail).1, Turn::Down);
    let spared = ldap.ask(6_999, |_| -> Result<(), Unreachable> { panic!("asked during the pause") });
    assert!(spared.0.is_err() && spared.1 == Turn::None);
    assert_eq!(ldap.ask(7_000, fail).1, Turn::None, "still down");
    assert_eq!(ldap.ask(12_000, |_| Ok(())).1, Turn::Up);
}

// ---- files

#[test]
fn a_secret_is_one_line_of_a_private_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    let read = |text: &str, mode: u32| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        trust::secret("sign-in.directory.password_file", path.to_str().unwrap())
    };
    for (text, expect) in [("geheim", "geheim"), ("a b \n", "a b "), ("x\r\n", "x")] {
        assert_eq!(read(text, 0o600).unwrap().as_str(), expect);
    }
    for (text, mode) in [("", 0o600), ("\n", 0o600), ("a\nb\n", 0o600), ("geheim", 0o640), ("geheim", 0o604)]
    {
        let error = read(text, mode).unwrap_err();
        assert!(matches!(error, DirectoryError::Setting { .. }) && !error.to_string().contains("geheim"));
    }
    assert!(trust::secret("x", "/nowhere/secret").is_err());
    assert!(trust::authorities("x", Some("/nowhere/ca.pem")).is_err());
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for good in ["https://idp.example", "http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:1/"] {
        assert!(allowed(good).is_ok(), "{good}");
    }
    for bad in [
        "http://idp.example",
        "http://127.0.0.1.example/",
        "http://localhost.example/",
        "http://a@127.0.0.1/",
        "https://a:b@idp.example/",
        "ftp://127.0.0.1/",
        "/path",
        "",
    ] {
        assert!(allowed(bad).is_err(), "{bad}");
    }
}

// ---- tokens

struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap())
    }

    fn jwk(&self, kid: &str) -> Json {
        let point = self.0.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": x, "y": y })
    }

    fn sign(&self, header: &Json, claims: &Json) -> String {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mark = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mark))
    }
}

fn claims(now_s: i64) -> Json {
    json!({ "iss": ISSUER, "aud": CLIENT, "sub": "1", "nonce": "n", "iat": now_s, "exp": now_s + 300,
            "preferred_username": "sakai" })
}

fn expected(now_s: i64) -> Expected<'static> {
    Expected { issuer: ISSUER, client_id: CLIENT, nonce: "n", now_s }
}

#[test]
fn every_claim_is_checked() {
    let signer = Signer::new();
    let keys = KeySet::parse(json!({ "keys": [signer.jwk("k")] }).to_string().as_bytes()).unwrap();
    let now = 1_795_400_000;
    let header = json!({ "alg": "ES256", "kid": "k", "typ": "JWT" });
    for (change, expect) in [
        (json!({}), Ok(())),
        (json!({ "aud": [CLIENT] }), Ok(())),
        (json!({ "aud": [CLIENT, "b"], "azp": CLIENT }), Ok(())),
        (json!({ "exp": now - 59 }), Ok(())),
        (json!({ "iat": now + 60 }), Ok(())),
        (json!({ "exp": 1_795_400_300.5 }), Ok(())),
        (json!({ "iss": "https://idp.imari.example/city/" }), Err("issuer")),
        (json!({ "iss": null }), Err("issuer")),
        (json!({ "aud": "b" }), Err("audience")),
        (json!({ "aud": [] }), Err("audience")),
        (json!({ "aud": 7 }), Err("audience")),
        (json!({ "aud": [CLIENT, "b"] }), Err("authorized-party")),
        (json!({ "azp": "b" }), Err("authorized-party")),
        (json!({ "exp": now - 60 }), Err("expired")),
        (json!({ "iat": now - 901, "exp": now + 1 }), Err("expired")),
        (json!({ "exp": "soon" }), Err("malformed")),
        (json!({ "exp": null }), Err("malformed")),
        (json!({ "iat": now + 61 }), Err("not-yet-valid")),
        (json!({ "nbf": now + 61 }), Err("not-yet-valid")),
        (json!({ "nonce": "m" }), Err("nonce")),
        (json!({ "nonce": null }), Err("nonce")),
        (json!({ "sub": "" }), Err("subject")),
        (json!({ "sub": "x".repeat(256) }), Err("subject")),
    ] {
        let mut all = claims(now);
        all.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let found = verify(&signer.sign(&header, &all), &keys, &expected(now)).map(|_| ());
        assert_eq!(found, expect, "{change}");
    }
    let no_nonce = Expected { nonce: "", ..expected(now) };
    let mut all = claims(now);
    all["nonce"] = json!("");
    assert_eq!(verify(&signer.sign(&header, &all), &keys, &no_nonce).map(|_| ()), Err("nonce"));
}

#[test]
fn the_header_chooses_among_two_algorithms_and_brings_no_key() {
    let (signer, other) = (Signer::new(), Signer::new());
    let keys =
        KeySet::parse(json!({ "keys": [signer.jwk("k"), other.jwk("o")] }).to_string().as_bytes()).unwrap();
    let now = 1_795_400_000;
    for (header, expect) in [
        (json!({ "alg": "ES256" }), Ok(())),
        (json!({ "alg": "ES256", "kid": "k", "jwk": other.jwk("z") }), Ok(())),
        (json!({ "alg": "ES256", "kid": "o" }), Err("signature")),
        (json!({ "alg": "ES256", "kid": "x" }), Err("key")),
        (json!({ "alg": "RS256", "kid": "k" }), Err("key")),
        (json!({ "alg": "none" }), Err("algorithm")),
        (json!({ "alg": "None" }), Err("algorithm")),
        (json!({ "alg": "HS256", "kid": "k" }), Err("algorithm")),
        (json!({ "alg": "ES384", "kid": "k" }), Err("algorithm")),
        (json!({ "alg": "ES256", "crit": ["exp"] }), Err("malformed")),
        (json!({ "kid": "k" }), Err("malformed")),
    ] {
        let found = verify(&signer.sign(&header, &claims(now)), &keys, &expected(now)).map(|_| ());
        assert_eq!(found, expect, "{header}");
    }
    let good = signer.sign(&json!({ "alg": "ES256" }), &claims(now));
    let (signed, mark) = good.rsplit_once('.').unwrap();
    for bad in [
        format!("{signed}."),
        signed.to_owned(),
        format!("{good}."),
        format!("{signed}.{mark}x"),
        String::new(),
    ] {
        assert!(verify(&bad, &keys, &expected(now)).is_err(), "{bad}");
    }
}

/// RFC 7515 appendix A.2: somebody else's signature, so that RSA is not only checked against itself.
#[test]
fn the_rsa_example_of_the_standard_verifies() {
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let keys =
        KeySet::parse(json!({ "keys": [{ "kty": "RSA", "n": n, "e": "AQAB" }] }).to_string().as_bytes())
            .unwrap();
    // The signature is right, and the next thing that is looked at is the issuer.
    assert_eq!(verify(token, &keys, &expected(1_300_819_000)).map(|_| ()), Err("issuer"));
    let changed = token.replacen("cC4hi", "cC4hj", 1);
    assert_eq!(verify(&changed, &keys, &expected(1_300_819_000)).map(|_| ()), Err("signature"));
}

#[test]
fn keys_for_other_purposes_are_passed_over() {
    let usable = Signer::new().jwk("k");
    for (change, expect) in [
        (json!({}), true),
        (json!({ "use": "enc" }), false),
        (json!({ "alg": "ES384" }), false),
        (json!({ "crv": "P-384" }), false),
        (json!({ "kty": "oct", "k": "AAAA" }), false),
        (json!({ "x": "AAAA" }), false),
        (json!({ "x": "not base64!" }), false),
    ] {
        let mut key = usable.clone();
        key.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let set = KeySet::parse(json!({ "keys": [key] }).to_string().as_bytes());
        assert_eq!(set.is_ok(), expect, "{change}");
    }
    assert!(KeySet::parse(b"{}").is_err() && KeySet::parse(b"").is_err());
}

proptest! {
    #[test]
    fn any_text_is_a_token_or_a_refusal(text in "[A-Za-z0-9_.{}\":-]{0,200}", more in any::<Vec<u8>>()) {
        let keys = KeySet::parse(json!({ "keys": [Signer::new().jwk("k")] }).to_string().as_bytes()).unwrap();
        prop_assert!(verify(&text, &keys, &expected(0)).is_err());
        let part = URL_SAFE_NO_PAD.encode(&more);
        let token = [part.as_str(); 3].join(".");
        prop_assert!(verify(&token, &keys, &expected(0)).is_err());
        let _ = KeySet::parse(&more);
    }

    #[test]
    fn no_log_in_name_opens_a_filter(login in any::<String>()) {
        let text = filter("uid", &login, None);
        let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap();
        prop_assert!(!inner.contains(['(', ')', '*', '\0']), "{}", text);
    }
}

// ---- whole sign-ins

/// A provider in memory: what it answers is put there by the test.
#[derive(Default)]
struct Memory {
    token: Mutex<Option<String>>,
    keys: Mutex<Json>,
    issuer: Mutex<String>,
    down: Mutex<bool>,
    sent: Mutex<Vec<(String, Option<String>)>>,
    asked_for_keys: Mutex<u32>,
}

impl Web for Memory {
    fn get(&self, address: &str) -> Result<Answer, String> {
        if *self.down.lock().unwrap() {
            return Err("no route".to_owned());
        }
        let body = if address.ends_with("/.well-known/openid-configuration") {
            json!({ "issuer": *self.issuer.lock().unwrap(), "authorization_endpoint": format!("{ISSUER}/go"),
                    "token_endpoint": format!("{ISSUER}/token"), "jwks_uri": format!("{ISSUER}/keys") })
        } else {
            *self.asked_for_keys.lock().unwrap() += 1;
            json!({ "keys": [*self.keys.lock().unwrap()] })
        };
        Ok((200, body.to_string().into_bytes()))
    }

    fn post(&self, _: &str, form: &str, authorization: Option<&str>) -> Result<Answer, String> {
        self.sent.lock().unwrap().push((form.to_owned(), authorization.map(str::to_owned)));
        match self.token.lock().unwrap().take() {
            Some(token) => Ok((200, json!({ "id_token": token }).to_string().into_bytes())),
            None => Ok((400, br#"{"error":"invalid_grant"}"#.to_vec())),
        }
    }
}

struct World {
    directory: Directory,
    identity: Identity,
    store: Store,
    clock: Arc<ManualClock>,
    web: Arc<Memory>,
    signer: Signer,
    _dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START_MS));
        let options = OpenOptions::new(dir.path().join("data"), "imari.example/sekisho")
            .projection(Identity::projection())
            .module(Identity::module())
            .module(Directory::module())
            .clock(clock.clone())
            .fsync(false);
        let store = Store::open(options).unwrap();
        let policy = Arc::new(imari());
        let mut config = Config::new(dir.path(), "関所", Vec::new());
        config.hashing = Hashing::cheap();
        let identity = Identity::new(store.clone(), policy, config).unwrap();
        let signer = Signer::new();
        let web = Arc::new(Memory::default());
        *web.keys.lock().unwrap() = signer.jwk("k");
        *web.issuer.lock().unwrap() = ISSUER.to_owned();
        let settings = OidcSettings {
            issuer: ISSUER.to_owned(),
            client_id: CLIENT.to_owned(),
            secret_file: None,
            ca_file: None,
            label: Text { ja: "認証基盤".to_owned(), en: "City".to_owned() },
            login_claim: "preferred_username".to_owned(),
            scopes: vec!["profile".to_owned()],
            mfa_acr: vec!["gold".to_owned()],
            mfa_amr: vec!["mfa".to_owned()],
            mfa_zones: vec![zone("internet")],
        };
        let secret = Some(zeroize::Zeroizing::new("s: %+".to_owned()));
        let origins = ["internet", "lgwan"].map(|id| (zone(id), format!("https://{id}.imari.example")));
        let parts = Parts {
            ldap: Some(Ldap::open(&closed_port()).unwrap()),
            provider: Some(Provider::new(&settings, secret, web.clone())),
            origins: BTreeMap::from(origins),
        };
        let directory =
            Directory { identity: identity.clone(), store: store.clone(), parts: Arc::new(parts) };
        Self { directory, identity, store, clock, web, signer, _dir: dir }
    }

    fn person(&self, login: &str, way: SignIn) -> Person {
        let new = NewPerson {
            login: login.to_owned(),
            name: login.to_owned(),
            kana: String::new(),
            unit: UnitId::new("joho-seisaku").unwrap(),
            roles: vec![RoleId::new("staff").unwrap()],
        };
        let person = self.identity.create_person(&Actor::System, new).unwrap();
        self.identity.set_sign_in(&Actor::System, &person.id, way).unwrap();
        person
    }

    /// Goes there and comes back with a token that `change` has altered; the evidence begins a session in `internet`.
    fn sign_in(&self, zone: &str, change: &Json) -> Result<OidcStep, DirectoryError> {
        let start = self.directory.oidc_begin(&visit(zone), "/account").unwrap();
        let sent = query(&start.location);
        let mut claims = claims(START_MS / 1000);
        claims["nonce"] = json!(sent["nonce"]);
        claims["amr"] = json!(["mfa"]);
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let token = self.signer.sign(&json!({ "alg": "ES256", "kid": "k" }), &claims);
        *self.web.token.lock().unwrap() = Some(token);
        let back = OidcReturn { state: sent["state"].clone(), code: "c".to_owned(), ..OidcReturn::default() };
        self.directory.oidc_finish(&visit(zone), &start.browser, &back).map(|done| done.step)
    }

    fn last_failure(&self) -> String {
        let filter = EventFilter { kind_prefix: Some("login.failed".to_owned()), ..EventFilter::default() };
        let events = self.store.events(0, 1000, &filter).unwrap();
        events.last().unwrap().body.as_ref().unwrap()["factor"].as_str().unwrap().to_owned()
    }
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

fn zone(id: &str) -> ZoneId {
    ZoneId::new(id).unwrap()
}

fn visit(id: &str) -> Visit {
    Visit { zone: zone(id), remote: "192.0.2.7".to_owned(), previous_cookie: None }
}

fn query(address: &str) -> HashMap<String, String> {
    let (_, query) = address.split_once('?').unwrap();
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn evidence_begins_a_session_where_declared_and_asks_for_a_second_factor_elsewhere() {
    let world = World::new();
    world.person("sakai", SignIn::Oidc);
    let OidcStep::Session(session) = world.sign_in("internet", &json!({})).unwrap() else { panic!() };
    assert_eq!(session.info.method, Method::Oidc);
    let (form, authorization) = world.web.sent.lock().unwrap().pop().unwrap();
    assert!(
        form.contains("redirect_uri=https%3A%2F%2Finternet.imari.example%2Flogin%2Foidc%2Freturn"),
        "{form}"
    );
    assert!(!form.contains("secret"), "the secret goes into the header: {form}");
    let basic = authorization.unwrap();
    let decoded =
        base64::engine::general_purpose::STANDARD.decode(basic.strip_prefix("Basic ").unwrap()).unwrap();
    assert_eq!(decoded, b"sekisho:s%3A%20%25%2B");
    for (zone, change) in [("lgwan", json!({})), ("internet", json!({ "amr": ["pwd"] }))] {
        let missing = world.sign_in(zone, &change);
        assert!(
            matches!(missing, Err(DirectoryError::Identity(IdentityError::Invalid(_)))),
            "{zone} {change}"
        );
    }
    assert!(matches!(
        world.sign_in("internet", &json!({ "amr": [], "acr": "gold" })),
        Ok(OidcStep::Session(_))
    ));
}

#[test]
fn a_person_is_matched_by_the_personnel_list_and_the_marking() {
    let world = World::new();
    world.person("sakai", SignIn::Oidc);
    world.person("mori", SignIn::Local);
    let gone = world.person("gone", SignIn::Oidc);
    world.identity.deactivate_person(&Actor::System, &gone.id).unwrap();
    for login in ["mori", "gone", "nobody", ""] {
        let answer = world.sign_in(
            "internet",
            &json!({ "preferred_username": login, "sub": login.len().to_string() + "x" }),
        );
        assert!(matches!(answer, Err(DirectoryError::NobodyHere)), "{login}");
        assert_eq!(world.last_failure(), "oidc-person");
    }
    assert!(
        world.sign_in("internet", &json!({ "preferred_username": "ＳＡＫＡＩ" })).is_ok(),
        "as everywhere else"
    );
    let other = world.sign_in("internet", &json!({ "sub": "2" }));
    assert!(matches!(other, Err(DirectoryError::Identity(IdentityError::Refused))), "another account");
    assert_eq!(world.last_failure(), "oidc-subject");
}

#[test]
fn a_sign_in_is_good_once_for_one_browser_one_zone_and_ten_minutes() {
    let world = World::new();
    world.person("sakai", SignIn::Oidc);
    let here = visit("internet");
    let begin = || world.directory.oidc_begin(&here, "/x").unwrap();
    let back = |start: &crate::OidcStart| OidcReturn {
        state: query(&start.location)["state"].clone(),
        code: "c".to_owned(),
        ..OidcReturn::default()
    };
    let refused = |answer: Result<crate::OidcDone, DirectoryError>| {
        assert!(matches!(answer, Err(DirectoryError::AnswerRefused(_))), "{answer:?}");
        world.last_failure()
    };
    let (first, second) = (begin(), begin());
    assert_eq!(refused(world.directory.oidc_finish(&here, &second.browser, &back(&first))), "oidc-state");
    assert_eq!(refused(world.directory.oidc_finish(&here, "", &back(&first))), "oidc-state");
    assert_eq!(
        refused(world.directory.oidc_finish(&visit("lgwan"), &first.browser, &back(&first))),
        "oidc-state"
    );
    assert_eq!(
        refused(world.directory.oidc_finish(&here, &first.browser, &back(&first))),
        "oidc-code",
        "now it is used"
    );
    assert_eq!(refused(world.directory.oidc_finish(&here, &first.browser, &back(&first))), "oidc-state");
    let foreign = OidcReturn { issuer: Some("https://other.example".to_owned()), ..back(&second) };
    assert_eq!(refused(world.directory.oidc_finish(&here, &second.browser, &foreign)), "oidc-issuer");
    let late = begin();
    world.clock.advance(crate::FLOW_MS);
    assert_eq!(refused(world.directory.oidc_finish(&here, &late.browser, &back(&late))), "oidc-state");
}

#[test]
fn a_provider_that_is_down_or_describes_somebody_else_is_not_believed() {
    let world = World::new();
    *world.web.issuer.lock().unwrap() = "https://other.example".to_owned();
    let here = visit("internet");
    assert!(matches!(world.directory.oidc_begin(&here, "/"), Err(DirectoryError::IssuerUnreachable)));
    *world.web.issuer.lock().unwrap() = ISSUER.to_owned();
    *world.web.down.lock().unwrap() = true;
    assert!(matches!(world.directory.oidc_begin(&here, "/"), Err(DirectoryError::IssuerUnreachable)));
    *world.web.down.lock().unwrap() = false;
    assert!(world.directory.oidc_begin(&here, "/").is_ok());
    let nowhere = Visit { zone: zone("mynumber"), ..here };
    assert!(
        matches!(world.directory.oidc_begin(&nowhere, "/"), Err(DirectoryError::NotOffered)),
        "no address"
    );
}

#[test]
fn new_keys_are_fetched_when_a_token_names_one_that_is_unknown_and_not_in_a_flood() {
    let world = World::new();
    world.person("sakai", SignIn::Oidc);
    world.sign_in("internet", &json!({})).unwrap();
    let next = Signer::new();
    *world.web.keys.lock().unwrap() = next.jwk("k2");
    let attempt = |world: &World| {
        let start = world.directory.oidc_begin(&visit("internet"), "/").unwrap();
        let sent = query(&start.location);
        let mut claims = claims(START_MS / 1000);
        claims["nonce"] = json!(sent["nonce"]);
        claims["amr"] = json!(["mfa"]);
        *world.web.token.lock().unwrap() = Some(next.sign(&json!({ "alg": "ES256", "kid": "k2" }), &claims));
        let back = OidcReturn { state: sent["state"].clone(), code: "c".to_owned(), ..OidcReturn::default() };
        world.directory.oidc_finish(&visit("internet"), &start.browser, &back)
    };
    assert!(attempt(&world).is_err(), "within ten seconds the keys are not asked for again");
    assert_eq!(*world.web.asked_for_keys.lock().unwrap(), 1);
    world.clock.advance(10_000);
    attempt(&world).unwrap();
    attempt(&world).unwrap();
    assert_eq!(*world.web.asked_for_keys.lock().unwrap(), 2);
}

#[test]
fn with_the_directory_down_everybody_who_is_not_let_in_reads_the_same_and_local_accounts_go_on() {
    let world = World::new();
    let here = visit("lgwan");
    let local = world.person("mori", SignIn::Local);
    world.person("tanaka", SignIn::Directory);
    let link = world.identity.issue_link(&Actor::System, &local.id).unwrap();
    let setup = world.identity.link_totp(&link.token).unwrap();
    assert!(!setup.secret.is_empty());
    for (login, password) in [("tanaka", "right or wrong"), ("nobody", "x"), ("mori", "wrong")] {
        let answer = world.directory.begin_password(login, password, &here);
        assert!(matches!(answer, Err(DirectoryError::Unreachable)), "{login}");
    }
    let filter = EventFilter { kind_prefix: Some("directory.".to_owned()), ..EventFilter::default() };
    assert_eq!(world.store.events(0, 10, &filter).unwrap().len(), 1, "told once");
    let empty = world.directory.begin_password("tanaka", "", &here);
    assert!(empty.is_err());
    let only_local = Directory::local(world.store.clone(), world.identity.clone());
    let refused = only_local.begin_password("tanaka", "x", &here);
    assert!(matches!(refused, Err(DirectoryError::Identity(IdentityError::Refused))), "without a directory");
    assert!(only_local.provider_label().is_none() && !only_local.has_directory());
}

#[test]
fn nothing_secret_is_in_an_error_or_an_event() {
    let world = World::new();
    world.person("sakai", SignIn::Oidc);
    world.sign_in("internet", &json!({})).unwrap();
    let error = world.sign_in("internet", &json!({ "nonce": "planted-nonce" })).unwrap_err();
    let ledger = format!("{:?}", world.store.events(0, 1000, &EventFilter::default()).unwrap());
    for text in [format!("{error:?} {error} {:?}", error.message()), ledger] {
        assert!(!text.contains("planted-nonce") && !text.contains("s: %+"), "{text}");
    }
    assert_eq!(error.status(), 401);
}

#[test]
fn a_local_account_signs_in_while_the_directory_is_down() {
    let world = World::new();
    let local = world.person("mori", SignIn::Local);
    let link = world.identity.issue_link(&Actor::System, &local.id).unwrap();
    let setup = world.identity.link_totp(&link.token).unwrap();
    let code = totp(&setup.secret, START_MS);
    world.identity.link_finish_totp(&link.token, "river-lantern-42-cedar", &code).unwrap();
    let step = world.directory.begin_password("mori", "river-lantern-42-cedar", &visit("lgwan")).unwrap();
    assert!(matches!(step, LoginStep::NeedSecondFactor { code: true, passkey: false, .. }));
}

/// RFC 6238 with SHA-1, as an authenticator app computes it.
fn totp(secret: &str, now_ms: i64) -> String {
    let mut bits = 0_u64;
    let mut count = 0;
    let mut key = Vec::new();
    for letter in secret.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => continue,
        };
        bits = (bits << 5) | u64::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            key.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    let step = u64::try_from(now_ms / 30_000).unwrap().to_be_bytes();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = ring::hmac::sign(&key, &step);
    let digest = tag.as_ref();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
