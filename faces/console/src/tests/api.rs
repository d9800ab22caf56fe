//! REST: a journey by token, each answer held against the description, and the description against the router.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value as Json, json};

use sekisho_ledger::Receipt;
use sekisho_ledger::tile::Tile;
use sekisho_policy::Permission;

use super::office::{Answer, Office, multipart};
use crate::api::ENDPOINTS;

fn description() -> Json {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

/// A program that holds every answer against the description.
struct Program<'a> {
    office: &'a Office,
    zone: &'static str,
    token: String,
    description: Json,
}

impl Program<'_> {
    async fn get(&self, path: &str, template: &str) -> Answer {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        self.send(request.body(Body::empty()).unwrap(), "get", template).await
    }

    async fn post(&self, path: &str, template: &str, (kind, body): (&str, Vec<u8>)) -> Answer {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, kind);
        self.send(request.body(Body::from(body)).unwrap(), "post", template).await
    }

    async fn send(&self, request: Request<Body>, method: &str, template: &str) -> Answer {
        let answer = self.office.send(self.zone, request).await;
        let status = answer.status.as_u16().to_string();
        let mut documented =
            &self.description["paths"][format!("/api/v1{template}")][method]["responses"][&status];
        if let Some(reference) = documented["$ref"].as_str() {
            documented = self.description.pointer(reference.trim_start_matches('#')).unwrap();
        }
        assert!(documented.is_object(), "{method} {template} answered {status}: {}", answer.text());
        let kind = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
        let content = documented["content"].as_object().unwrap();
        if let Some(json) = content.get("application/json") {
            assert_eq!(kind, "application/json");
            fits(&self.description, &json["schema"], &answer.json(), template);
        } else if content.contains_key("text/plain") {
            assert!(kind.starts_with("text/plain"), "{kind}");
        }
        answer
    }

    async fn submit(&self, fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Answer {
        self.post("/api/v1/transfers", "/transfers", multipart(fields, files)).await
    }
}

/// Whether a value has exactly the documented fields, of the documented types.
fn fits(description: &Json, schema: &Json, value: &Json, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        return fits(
            description,
            description.pointer(reference.trim_start_matches('#')).unwrap(),
            value,
            place,
        );
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        assert_eq!(choices.len(), 2);
        if !value.is_null() {
            fits(description, &choices[0], value, place);
        }
        return;
    }
    let kind = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    let allowed = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    assert!(allowed.contains(&json!(kind)), "{place}: {value} is no {allowed:?}");
    if let Some(values) = schema["enum"].as_array() {
        assert!(values.contains(value), "{place}: {value} is none of {values:?}");
    }
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        fits(description, &schema["items"], item, &format!("{place}[{at}]"));
    }
    if let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
        let required = schema["required"].as_array().unwrap();
        for name in required {
            assert!(fields.contains_key(name.as_str().unwrap()), "{place}: {name} is missing");
        }
        for (name, field) in fields {
            let documented =
                properties.get(name).unwrap_or_else(|| panic!("{place}.{name} is not documented"));
            fits(description, documented, field, &format!("{place}.{name}"));
        }
    }
}

#[test]
fn every_route_is_described_and_every_description_has_a_route() {
    let routed: BTreeSet<String> = ENDPOINTS
        .iter()
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path.replace("{*", "{")))
        .collect();
    let description = description();
    let paths = description["paths"].as_object().unwrap();
    let described: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
        })
        .collect();
    assert_eq!(routed, described);
    assert_eq!(routed.len(), ENDPOINTS.len());
}

#[test]
fn every_reference_of_the_description_leads_somewhere_and_everything_defined_is_used() {
    let description = description();
    let text = include_str!("../../openapi.json");
    for piece in text.split("\"$ref\": \"#").skip(1) {
        let pointer = piece.split('"').next().unwrap();
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
    for group in ["schemas", "responses"] {
        for name in description["components"][group].as_object().unwrap().keys() {
            assert!(text.contains(&format!("\"#/components/{group}/{name}\"")), "{group}/{name} is not used");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_wants_a_token_and_has_no_other_method() {
    let office = Office::new();
    for endpoint in ENDPOINTS {
        let path = endpoint.path.replace("{*path}", "0/000.p/1").replace(['{', '}'], "");
        let ask = |method: &str| Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
        let answer = office.send("lgwan", ask(&endpoint.method.to_uppercase())).await;
        if endpoint.path.ends_with("openapi.json") {
            assert_eq!((answer.status, answer.json()), (StatusCode::OK, description()));
        } else {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert!(answer.headers[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer"));
            assert_eq!(answer.json()["error"]["code"], "token-needed");
        }
        let answer = office.send("lgwan", ask("PATCH")).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (StatusCode::METHOD_NOT_ALLOWED, &json!("method-not-allowed"))
        );
    }
    let answer = office.send("lgwan", Request::get("/api/v1/none").body(Body::empty()).unwrap()).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("not-found"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_sends_a_file_across_and_receives_it_with_a_receipt() {
    let office = Office::new();
    let staff = office.member("yamada", "山田 太郎", "joho-seisaku", &["staff"]);
    let scope = [Permission::SubmitTransfer, Permission::ReceiveTransfer];
    let program = |zone: &'static str| Program {
        office: &office,
        zone,
        token: office.token(&staff, zone, &scope),
        description: description(),
    };
    let (outside, inside) = (program("internet"), program("lgwan"));

    let zones = outside.get("/api/v1/zones", "/zones").await.json();
    let conduits: Vec<&str> =
        zones["conduits"].as_array().unwrap().iter().filter_map(|c| c["id"].as_str()).collect();
    assert_eq!((&zones["zone"], conduits), (&json!("internet"), vec!["import", "import-text"]));

    let fields = [("conduit", "import-text"), ("purpose", "県からの照会への回答")];
    let files: [(&str, &str, &[u8]); 1] = [("files", "照会.txt", "照会の内容\n".as_bytes())];
    let made = outside.submit(&fields, &files).await;
    assert_eq!(
        (made.status, &made.json()["state"]),
        (StatusCode::CREATED, &json!("received")),
        "{}",
        made.text()
    );
    let place = made.location().to_owned();
    assert_eq!(outside.submit(&fields, &files).await.status, StatusCode::CONFLICT, "the same file again");
    office.work();

    let view = inside.get(&place, "/transfers/{id}").await.json();
    assert_eq!((&view["state"], &view["may_receive"]), (&json!("receivable"), &json!(true)), "{view}");
    let file = format!("{place}/files/{}", view["files"][0]["id"].as_str().unwrap());
    let here = outside.get(&file, "/transfers/{id}/files/{file}").await;
    assert_eq!(
        (here.status, &here.json()["error"]["code"]),
        (StatusCode::FORBIDDEN, &json!("not-permitted"))
    );
    let received = inside.get(&file, "/transfers/{id}/files/{file}").await;
    assert!(received.text().contains("照会の内容"));
    assert!(received.headers[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));

    let receipt =
        Receipt::decode(&inside.get(&format!("{place}/receipt"), "/transfers/{id}/receipt").await.text())
            .unwrap();
    let key = inside.get("/api/v1/ledger/key", "/ledger/key").await.text();
    let key = sekisho_ledger::VerifierKey::parse(key.trim_end()).unwrap();
    assert_eq!(receipt.verify(&key).unwrap().entry.kind, "transfer.released");

    let withdrawal = ("application/json", br#"{"reason":"x"}"#.to_vec());
    let late = outside.post(&format!("{place}/withdraw"), "/transfers/{id}/withdraw", withdrawal).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "it was released already");
    let listed = inside.get("/api/v1/transfers?q=照会&mine=1&state=receivable", "/transfers").await.json();
    assert_eq!(listed["transfers"].as_array().unwrap().len(), 1);
    assert_eq!(listed["next_page"], Json::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_would_refuse_is_refused_in_json() {
    let office = Office::new();
    let staff = office.member("yamada", "山田 太郎", "joho-seisaku", &["staff"]);
    let stranger = office.member("tanaka", "田中 次郎", "zeimu", &["staff"]);
    let scope = [Permission::SubmitTransfer];
    let program = |member, zone: &'static str| Program {
        office: &office,
        zone,
        token: office.token(member, zone, &scope),
        description: description(),
    };
    let outside = program(&staff, "internet");
    let file: [(&str, &str, &[u8]); 1] = [("files", "a.txt", b"a\n")];

    let denied = outside.submit(&[("to", "mynumber"), ("purpose", "x")], &file).await;
    assert_eq!(
        (denied.status, &denied.json()["error"]["code"]),
        (StatusCode::FORBIDDEN, &json!("no-conduit"))
    );
    assert_eq!(
        outside.submit(&[("conduit", "import")], &file).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        outside.submit(&[("conduit", "import"), ("purpose", "x")], &[]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let json_body = ("application/json", b"{}".to_vec());
    assert_eq!(
        outside.post("/api/v1/transfers", "/transfers", json_body).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );

    let made = outside.submit(&[("conduit", "import"), ("purpose", "回答")], &file).await;
    let place = made.location().to_owned();
    let other = program(&stranger, "internet");
    for (path, template) in [
        (place.as_str(), "/transfers/{id}"),
        (&format!("{place}/receipt"), "/transfers/{id}/receipt"),
        ("/api/v1/transfers/t_00000000000000000000", "/transfers/{id}"),
        ("/api/v1/transfers/..%2f..%2fkeys", "/transfers/{id}"),
    ] {
        assert_eq!(other.get(path, template).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let withdraw = |body: &[u8]| ("application/json", body.to_vec());
    let path = format!("{place}/withdraw");
    let broken = outside.post(&path, "/transfers/{id}/withdraw", withdraw(b"{")).await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST);
    let done = outside.post(&path, "/transfers/{id}/withdraw", withdraw(b"")).await;
    assert_eq!((done.status, &done.json()["state"]), (StatusCode::OK, &json!("withdrawn")));

    for query in ["state=done", "since=yesterday", "mine=maybe", "page=-1", "sort=size"] {
        let answer = outside.get(&format!("/api/v1/transfers?{query}"), "/transfers").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let elsewhere = Program { zone: "lgwan", ..outside };
    let answer = elsewhere.get("/api/v1/transfers", "/transfers").await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (StatusCode::UNAUTHORIZED, &json!("token-refused"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_served_as_tiles_and_nothing_else_of_the_disk() {
    let office = Office::new();
    let staff = office.member("yamada", "山田 太郎", "joho-seisaku", &["staff"]);
    let token = office.token(&staff, "lgwan", &[Permission::SubmitTransfer]);
    let program = Program { office: &office, zone: "lgwan", token, description: description() };
    let note = program.get("/api/v1/ledger/checkpoint", "/ledger/checkpoint").await.text();
    let checkpoint = sekisho_ledger::Checkpoint::open(&note, &office.app.store.verifier_key()).unwrap();
    let tile = Tile { level: 0, index: 0, width: u16::try_from(checkpoint.size).unwrap() };
    let served = program.get(&format!("/api/v1/ledger/{}", tile.path()), "/ledger/tile/{path}").await;
    assert_eq!(served.status, StatusCode::OK, "{}", served.text());
    assert_eq!(tile.decode(&served.bytes).unwrap().len(), usize::from(tile.width));
    let bundle = sekisho_ledger::tile::entries_path(0, tile.width);
    assert_eq!(
        program.get(&format!("/api/v1/ledger/{bundle}"), "/ledger/tile/{path}").await.status,
        StatusCode::OK
    );
    assert!(office.data.path().join("ledger").join(bundle).exists());
    for path in [
        "0/999",
        "0/0",
        "9/000",
        "entries/..",
        "..%2fcheckpoint",
        "..%2f..%2fkeys%2fidentity.key",
        "0/%2e%2e/000",
        "0/000.p/0",
    ] {
        let answer = program.get(&format!("/api/v1/ledger/tile/{path}"), "/ledger/tile/{path}").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}
