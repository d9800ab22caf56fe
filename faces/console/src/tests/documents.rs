//! The documents: from a text to a decided version, read and compared, and nothing of a non-public one for who is not
//! signed in.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use sekisho_documents::{Adoption, Caller, ImportOptions, Tier};
use sekisho_identity::NewSession;

use super::office::{Answer, Office, cookie, multipart};
use crate::api::ENDPOINTS;

const POLICY: &str = "伊万里市情報セキュリティ基本方針\n\n令和7年4月1日施行\n\n1. 目的\n本基本方針は、情報資産を守ることを目的とする。\n\n6. 情報セキュリティ対策\n(1) 組織体制\n推進する体制を確立する。\n(2) 情報資産の分類と管理\n分類し、管理する。\n\n9. 情報セキュリティ対策基準の策定\n上記6に規定する対策等を実施するために、対策基準を策定する。\n";
const STANDARD: &str =
    "伊万里市情報セキュリティ対策基準\n\n令和7年4月1日施行\n\n1. 総則\n紅葉色の封筒は施錠して保管する。\n";

fn bring_in(office: &Office, name: &str, text: &str, tier: Tier) -> String {
    let documents = &office.app.documents;
    let caller = Caller::System { reason: "test".to_owned() };
    let options = ImportOptions {
        tier: Some(tier),
        title: None,
        owner: "joho-seisaku".parse().unwrap(),
        units: vec!["joho-seisaku".parse().unwrap()],
        effective_from: None,
    };
    let imported = documents.import_file(&caller, name, text.as_bytes(), options).unwrap();
    documents.adopt(&caller, &imported.draft, Adoption::default()).unwrap();
    imported.document.to_string()
}

async fn send_form(
    office: &Office,
    session: &NewSession,
    fields: &[(&str, &str)],
    files: &[(&str, &str, &[u8])],
) -> Answer {
    let csrf = [("csrf", session.info.csrf.as_str())];
    let (kind, body) = multipart(&[&csrf, fields].concat(), files);
    let request = Request::post("/documents")
        .header(header::COOKIE, cookie(session))
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body))
        .unwrap();
    office.send(session.info.zone.as_str(), request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_is_previewed_drafted_compared_and_proposed() {
    let office = Office::new();
    let id = bring_in(&office, "policy.txt", POLICY, Tier::Public);
    let author = office.member("yamada", "山田 太郎", "joho-seisaku", &["staff"]);
    let session = office.session(&author, "lgwan", false);

    let list = office.get(&session, "/documents").await.text();
    assert!(
        list.contains("伊万里市情報セキュリティ基本方針") && list.contains("令和7年4月1日施行"),
        "{list}"
    );
    let page = office.get(&session, &format!("/documents/{id}")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert!(page.text().contains("推進する体制を確立する。"));
    let coverage = office.get(&session, &format!("/documents/{id}/coverage")).await.text();
    assert!(
        coverage.contains("対策基準がありません") && coverage.contains("台帳も統制もありません"),
        "{coverage}"
    );

    let form = office.get(&session, &format!("/documents/{id}/drafts/new")).await.text();
    assert!(form.contains("分類し、管理する。"));
    let changed = POLICY.replace("分類し、管理する。", "分類し、台帳で管理する。");
    let fields = [("document", id.as_str()), ("effective_from", "令和9年4月1日"), ("reason", "台帳の整備")];
    let missing = send_form(&office, &session, &[("document", &id), ("text", &changed)], &[]).await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        missing.text().contains("施行日を入力してください。") && missing.text().contains("台帳で管理する。")
    );
    let preview = send_form(&office, &session, &fields, &[("file", "改正.txt", changed.as_bytes())]).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.text());
    assert!(preview.text().contains("まだ保存していません。") && preview.text().contains("台帳で管理する。"));

    let title = "伊万里市情報セキュリティ基本方針";
    let store = [&fields[..], &[("title", title), ("text", changed.as_str()), ("step", "save")]].concat();
    let stored = office.post(&session, "/documents/drafts", &store).await;
    assert_eq!(stored.status, StatusCode::SEE_OTHER, "{}", stored.text());
    let draft = stored.location().split('?').next().unwrap().to_owned();
    let page = office.get(&session, &draft).await.text();
    assert!(page.contains("<ins>台帳で</ins>"), "{page}");
    assert!(page.contains("令和9年4月1日"));
    let proposed = office.post(&session, &format!("{draft}/propose"), &[]).await;
    assert!(proposed.location().starts_with("/cases/k_"), "{} {}", proposed.status, proposed.text());

    for path in ["versions", "print", "docx", "text", "compare?from=1&to=1"] {
        let answer = office.get(&session, &format!("/documents/{id}/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    }
    let foreign = office.post_bare(&session, "/documents/drafts", &store).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN, "without the page's token nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn clauses_are_linked_with_registers_and_publication_is_recorded() {
    let office = Office::new();
    let id = bring_in(&office, "policy.txt", POLICY, Tier::Public);
    let manager = office.member("suzuki", "鈴木 花子", "joho-seisaku", &["section-manager"]);
    let session = office.session(&manager, "lgwan", false);
    let page = office.get(&session, &format!("/documents/{id}/links")).await.text();
    assert!(page.contains("register:media:"), "{page}");
    let reading = {
        let caller = Caller::System { reason: "test".to_owned() };
        office.app.documents.read(&caller, &id.parse().unwrap(), None).unwrap()
    };
    let clause = reading.content.numbered("6(2)").unwrap().id.to_string();
    let fields = [("clause", clause.as_str()), ("target", "register:media:"), ("note", "")];
    let linked = office.post(&session, &format!("/documents/{id}/links"), &fields).await;
    assert_eq!(linked.status, StatusCode::SEE_OTHER, "{}", linked.text());
    assert!(office.get(&session, &format!("/documents/{id}")).await.text().contains("/registers/media"));
    let unlinked = office.post(&session, &format!("/documents/{id}/links/remove"), &fields).await;
    assert_eq!(unlinked.status, StatusCode::SEE_OTHER);

    let publish = [("version", "1"), ("on", "令和8年4月1日"), ("at", "市ウェブサイト")];
    let published = office.post(&session, &format!("/documents/{id}/publish"), &publish).await;
    assert_eq!(published.status, StatusCode::SEE_OTHER, "{}", published.text());
    let body = office.app.checkpoint.policy().bodies.first().unwrap().id.to_string();
    let consent = [("version", "1"), ("body", body.as_str()), ("on", "R8.3.20"), ("note", "")];
    let given = office.post(&session, &format!("/documents/{id}/consents"), &consent).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.text());
    let page = office.get(&session, &format!("/documents/{id}/versions")).await.text();
    assert!(page.contains("市ウェブサイト") && page.contains("令和8年3月20日"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_non_public_reading_is_logged_and_hidden_from_people_from_outside() {
    let office = Office::new();
    let id = bring_in(&office, "standard.txt", STANDARD, Tier::Standard);
    let staff = office.member("yamada", "山田 太郎", "zeimu", &["staff"]);
    let reader = office.session(&staff, "lgwan", false);
    let page = office.get(&reader, &format!("/documents/{id}")).await.text();
    assert!(page.contains("紅葉色") && page.contains("この閲覧は記録されました"), "{page}");
    let denied = office.get(&reader, &format!("/documents/{id}/readings")).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    let auditor = office.member("kansa", "監査 三郎", "joho-seisaku", &["auditor"]);
    let auditor = office.session(&auditor, "lgwan", false);
    let log = office.get(&auditor, &format!("/documents/{id}/readings")).await.text();
    assert!(log.contains("山田 太郎") && log.contains("画面で閲覧"), "{log}");
}

/// Every route in the sources of this face and every REST path, with the document in place of each parameter.
fn every_route(document: &str) -> Vec<String> {
    fn walk(dir: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut routes: Vec<String> = ENDPOINTS.iter().map(|endpoint| endpoint.path.to_owned()).collect();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        for after in text.split(".route(").skip(1) {
            // The sources of these tests have the word in texts.
            if let Some(quoted) =
                after.trim_start().strip_prefix('"').filter(|quoted| quoted.starts_with('/'))
            {
                routes.push(quoted.split('"').next().unwrap().to_owned());
            }
        }
    }
    routes
        .into_iter()
        .map(|route| {
            let filled = route.split('/').map(|part| if part.starts_with('{') { document } else { part });
            filled.collect::<Vec<_>>().join("/")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_gives_a_word_of_a_non_public_document_without_a_session() {
    let office = Office::new();
    bring_in(&office, "policy.txt", POLICY, Tier::Public);
    let standard = bring_in(&office, "standard.txt", STANDARD, Tier::Standard);
    let procedure = bring_in(
        &office,
        "procedure.txt",
        "紅葉色文書の実施手順\n\n令和7年4月1日施行\n\n1. 手順\n紅葉色の封筒を開ける。\n",
        Tier::Procedure,
    );
    let public = Request::get("/public/policy").body(Body::empty()).unwrap();
    let public = office.send("internet", public).await;
    assert_eq!(public.status, StatusCode::OK);
    assert!(public.text().contains("推進する体制を確立する。") && public.text().contains("令和7年4月1日"));
    for document in [&standard, &procedure] {
        let routes = every_route(document);
        assert!(routes.iter().filter(|route| route.starts_with("/documents/")).count() > 15, "{routes:?}");
        for route in routes {
            for method in ["GET", "POST"] {
                let request = Request::builder().method(method).uri(&route).body(Body::empty()).unwrap();
                let answer = office.send("internet", request).await;
                let text = answer.text();
                let told = ["紅葉色", "対策基準（", "情報セキュリティ対策基準\n", "封筒"];
                assert!(told.iter().all(|word| !text.contains(word)), "{method} {route}: {text}");
                if route.starts_with("/documents/") && !route.ends_with(".css") {
                    assert_ne!(answer.status, StatusCode::OK, "{method} {route}");
                }
            }
        }
    }
}
