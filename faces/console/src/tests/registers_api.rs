//! REST for the registers: a row's whole life by token, each refusal in JSON, and what is documented.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value as Json, json};

use sekisho_policy::Permission;

use super::office::{Answer, Member, Office, multipart};
use super::tablet::staff;

const MEDIA: &str = "/api/v1/registers/media";

/// A token with everything that its owner may.
fn whole_token(office: &Office, member: &Member) -> String {
    let roles = &office.app.checkpoint.policy().roles;
    let held = roles.iter().filter(|role| member.person.roles.contains(&role.id));
    let scope: BTreeSet<Permission> = held.flat_map(|role| role.permissions.iter().copied()).collect();
    office.token(member, "lgwan", &scope.into_iter().collect::<Vec<_>>())
}

async fn ask(office: &Office, token: &str, method: &str, path: &str, body: Option<Json>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .unwrap();
    office.send("lgwan", request).await
}

fn medium(keeper: &str) -> Json {
    json!({
        "media_name": "情報政策課USBメモリ1", "media_kind": "usb", "unit": "joho-seisaku", "keeper": keeper,
        "zone": "lgwan", "place": "金庫", "locked": true, "labelled": true, "class_c": "c2",
        "encryption": "hardware", "device_registered": true, "bought_on": "2025-04-01", "status": "stored",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_added_changed_refused_on_conflict_and_removed() {
    let office = Office::new();
    let manager = office.member("suzuki", "鈴木 花子", "joho-seisaku", &["section-manager"]);
    let keeper = staff(&office, "100200", "keeper", "保管 係", "joho-seisaku");
    let token = whole_token(&office, &manager);
    let rows = format!("{MEDIA}/rows");

    let list = ask(&office, &token, "GET", "/api/v1/registers", None).await.json();
    assert!(list["registers"].as_array().unwrap().iter().any(|one| one["id"] == "media"), "{list}");
    let definition = ask(&office, &token, "GET", MEDIA, None).await.json();
    assert_eq!(definition["values_schema"]["properties"]["bought_on"]["format"], "date");

    let added = ask(&office, &token, "POST", &rows, Some(json!({ "values": medium(&keeper) }))).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
    let place = added.location().to_owned();
    let row = ask(&office, &token, "GET", &place, None).await.json();
    assert_eq!((&row["version"], &row["values"]["place"]), (&json!(1), &json!("金庫")), "{row}");

    let mut values = row["values"].clone();
    values["place"] = json!("書庫");
    let change = json!({ "values": values, "version": 1, "reason": "移動" });
    let changed = ask(&office, &token, "PUT", &place, Some(change.clone())).await;
    assert_eq!((changed.status, &changed.json()["version"]), (StatusCode::OK, &json!(2)));
    values["place"] = json!("別の場所");
    let late = json!({ "values": values, "version": 1 });
    let conflict = ask(&office, &token, "PUT", &place, Some(late)).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    assert_eq!(conflict.json()["theirs"]["values"]["place"], "書庫", "the row as it is now comes back");
    values["locked"] = json!("はい");
    values["colour"] = json!("red");
    let wrong = ask(&office, &token, "PUT", &place, Some(json!({ "values": values, "version": 2 }))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.json()["violations"].as_array().unwrap().len(), 2, "{}", wrong.text());

    let found =
        ask(&office, &token, "GET", &format!("{rows}?f=place:is:%E6%9B%B8%E5%BA%AB&limit=1"), None).await;
    assert_eq!((&found.json()["total"], &found.json()["next_page"]), (&json!(1), &Json::Null));
    for query in ["limit=0", "page=-1", "f=place", "as_of=tomorrow", "order=up"] {
        let answer = ask(&office, &token, "GET", &format!("{rows}?{query}"), None).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let history = ask(&office, &token, "GET", &format!("{place}/history"), None).await.json();
    let kinds: Vec<_> =
        history["versions"].as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds, [json!("added"), json!("changed")]);

    let file = ask(&office, &token, "GET", &format!("{MEDIA}/export?format=csv"), None).await;
    assert_eq!(file.status, StatusCode::OK);
    let (kind, body) = multipart(&[], &[("file", "媒体.csv", &file.bytes)]);
    let request = Request::post(format!("{MEDIA}/import?dry_run=1"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body))
        .unwrap();
    let report = office.send("lgwan", request).await;
    assert_eq!(
        (report.status, &report.json()["unchanged"]),
        (StatusCode::OK, &json!(1)),
        "{}",
        report.text()
    );

    let missing = ask(&office, &token, "DELETE", &place, None).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST, "a removal names the version that was read");
    let removed = ask(&office, &token, "DELETE", &format!("{place}?version=2&reason=x"), None).await;
    assert_eq!(removed.status, StatusCode::OK, "{}", removed.text());
    assert_eq!(ask(&office, &token, "GET", &place, None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrowed_token_and_somebody_elses_rows_are_refused() {
    let office = Office::new();
    let manager = office.member("suzuki", "鈴木 花子", "joho-seisaku", &["section-manager"]);
    let narrow = office.token(&manager, "lgwan", &[Permission::ReceiveTransfer]);
    let refused = ask(&office, &narrow, "GET", "/api/v1/registers", None).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (StatusCode::FORBIDDEN, &json!("token-narrowed"))
    );
    let token = whole_token(&office, &manager);
    let keeper = staff(&office, "100200", "keeper", "保管 係", "joho-seisaku");
    let new = json!({ "values": medium(&keeper) });
    let added = ask(&office, &token, "POST", &format!("{MEDIA}/rows"), Some(new)).await;
    let stranger = office.member("tanaka", "田中 次郎", "zeimu", &["staff"]);
    let other = whole_token(&office, &stranger);
    for method in ["GET", "PUT", "DELETE"] {
        let path = format!("{}{}", added.location(), if method == "DELETE" { "?version=1" } else { "" });
        let body = (method == "PUT").then(|| json!({ "values": {}, "version": 1 }));
        let answer = ask(&office, &other, method, &path, body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method}: {}", answer.text());
    }
    let none = ask(&office, &token, "GET", "/api/v1/registers/nothing/rows", None).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let stolen = json!({ "values": { "evidence_file": { "blob": "x", "name": "x", "bytes": 1 } } });
    let stolen = ask(&office, &token, "POST", "/api/v1/registers/terminals/rows", Some(stolen)).await;
    assert_eq!(stolen.json()["error"]["code"], "file", "{}", stolen.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_holds_a_schema_for_each_register_that_the_token_may_see() {
    let office = Office::new();
    let manager = office.member("suzuki", "鈴木 花子", "joho-seisaku", &["section-manager"]);
    let token = whole_token(&office, &manager);
    let described = ask(&office, &token, "GET", "/api/v1/openapi.json", None).await.json();
    let list = ask(&office, &token, "GET", "/api/v1/registers", None).await.json();
    for register in list["registers"].as_array().unwrap() {
        let name = format!("Register.{}", register["id"].as_str().unwrap());
        assert!(described["components"]["schemas"][&name]["properties"].is_object(), "{name}");
    }
}
