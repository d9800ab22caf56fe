//! Administration: who may look, who may change, and what the pages say.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use sekisho_identity::{NewSession, PeopleQuery};
use sekisho_ledger::Receipt;

use super::office::{Answer, Office, cookie, multipart};

/// The pages with who may open them: administrator, auditor.
const PAGES: &[(&str, bool, bool)] = &[
    ("/admin", true, true),
    ("/admin/people", true, false),
    ("/admin/people/new", true, false),
    ("/admin/people/import", true, false),
    ("/admin/zones", true, true),
    ("/admin/zones.svg", true, true),
    ("/admin/ledger", true, true),
    ("/admin/ledger/1/receipt", false, true),
    ("/admin/health", true, true),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_page_opens_for_its_permission_only_and_is_whole_in_both_languages() {
    let office = Office::new();
    let people = [("sato", "administrator"), ("ito", "auditor"), ("yamada", "staff")]
        .map(|(login, role)| (office.member(login, "佐藤 花子", "joho-seisaku", &[role]), role));
    for (member, role) in &people {
        let session = office.session(member, "lgwan", true);
        for (path, administrator, auditor) in PAGES {
            let open = match *role {
                "administrator" => *administrator,
                "auditor" => *auditor,
                _ => false,
            };
            let expected = if open { StatusCode::OK } else { StatusCode::FORBIDDEN };
            for lang in ["ja", "en"] {
                let answer = office.get(&session, &format!("{path}?lang={lang}")).await;
                assert_eq!(answer.status, expected, "{role} {path}");
                let text = answer.text();
                if text.contains("<html") {
                    assert!(
                        text.contains(&format!("<html lang=\"{lang}\">")) && text.matches("<h1").count() == 1
                    );
                    assert!(
                        !text.contains("style=") && !text.contains("onclick") && !text.contains("<script>"),
                        "{path}"
                    );
                }
            }
        }
    }
    let nobody = office.send("lgwan", Request::get("/admin/people").body(Body::empty()).unwrap()).await;
    assert_eq!(nobody.location(), "/login?next=/admin/people");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_to_people_needs_the_forms_token_a_fresh_factor_and_the_permission() {
    let office = Office::new();
    let sato = office.member("sato", "佐藤 花子", "joho-seisaku", &["administrator"]);
    let target = office.member("yamada", "山田 太郎", "zeimu", &["staff"]);
    let here = format!("/admin/people/{}", target.person.id);
    let changes: Vec<(String, Vec<(&str, &str)>)> = vec![
        (
            "/admin/people/new".to_owned(),
            vec![("login", "kato"), ("name", "加藤"), ("unit", "zeimu"), ("role", "staff")],
        ),
        (here.clone(), vec![("name", "別人"), ("kana", ""), ("unit", "zeimu")]),
        (format!("{here}/state"), vec![("active", "no")]),
        (format!("{here}/link"), vec![]),
        (format!("{here}/sessions/end"), vec![]),
        (format!("{here}/unlock"), vec![]),
    ];
    let stale = office.session(&sato, "lgwan", false);
    let fresh = office.session(&sato, "lgwan", true);
    let auditor = office.session(&office.member("ito", "伊藤", "kansa", &["auditor"]), "lgwan", true);
    // Refusals are recorded; nothing else may be.
    let changes_so_far = || {
        let events = office.app.store.events(0, 1_000, &sekisho_store::EventFilter::default()).unwrap();
        events.iter().filter(|event| event.kind != "access.denied").count()
    };
    let before = changes_so_far();
    for (path, fields) in &changes {
        assert_eq!(
            office.post_bare(&fresh, path, &[&[("csrf", "forged")], &fields[..]].concat()).await.status,
            StatusCode::FORBIDDEN
        );
        assert_eq!(office.post(&auditor, path, fields).await.status, StatusCode::FORBIDDEN, "{path}");
        let answer = office.post(&stale, path, fields).await;
        assert!(
            answer.location().starts_with("/step-up?next=/admin/people/"),
            "{path}: {}",
            answer.location()
        );
    }
    assert_eq!(changes_so_far(), before, "nothing was changed");
    assert!(office.get(&stale, &here).await.text().contains("/step-up?next=/admin/people/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_registered_changed_given_a_link_and_deactivated() {
    let office = Office::new();
    let session = office.session(
        &office.member("sato", "佐藤 花子", "joho-seisaku", &["administrator"]),
        "lgwan",
        true,
    );
    let new = [
        ("login", "Kato"),
        ("name", "加藤 <b>一郎"),
        ("kana", "カトウ"),
        ("unit", "zeimu"),
        ("role", "staff"),
        ("role", "deputy"),
    ];
    let made = office.post(&session, "/admin/people/new", &new).await;
    let here = made.location().strip_suffix("?done=created").unwrap().to_owned();
    let page = office.get(&session, made.location()).await.text();
    assert!(
        page.contains("加藤 &#60;b&#62;一郎") && page.contains("登録しました。") && page.contains("未設定"),
        "{page}"
    );

    let again = office.post(&session, "/admin/people/new", &new).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        again.text().contains("すでに使われています") && again.text().contains("value=\"Kato\""),
        "what was typed is kept"
    );

    let link = office.post(&session, &format!("{here}/link"), &[]).await;
    assert_eq!(
        (link.status, &link.headers[header::CACHE_CONTROL]),
        (StatusCode::OK, &header::HeaderValue::from_static("no-store"))
    );
    let text = link.text();
    let token = text.split("/enrol/").nth(1).unwrap().split('<').next().unwrap();
    assert!(office.app.identity.open_link(token).is_ok());
    assert_eq!(office.get(&session, &format!("{here}/link")).await.location(), here, "it is shown once");

    let saved = office
        .post(
            &session,
            &here,
            &[("name", "加藤 一郎"), ("kana", "カトウ"), ("unit", "fukushi"), ("role", "staff")],
        )
        .await;
    assert_eq!(saved.location(), format!("{here}?done=updated"));
    let person = office.app.identity.person_by_login("kato").unwrap().unwrap();
    assert_eq!((person.unit.as_str(), person.roles.len()), ("fukushi", 1));

    assert_eq!(
        office.post(&session, &format!("{here}/state"), &[("active", "no")]).await.location(),
        format!("{here}?done=deactivated")
    );
    assert!(office.app.identity.open_link(token).is_err(), "its link ended with it");
    assert!(office.get(&session, "/admin/people?q=加藤&active=no").await.text().contains(&here));
    assert!(!office.get(&session, "/admin/people?q=加藤&active=yes").await.text().contains(&here));
    let own = format!("/admin/people/{}/state", session.info.person.id);
    assert_eq!(
        office.post(&session, &own, &[("active", "no")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "the last administrator"
    );
    assert_eq!(office.get(&session, "/admin/people/p_nobody").await.status, StatusCode::NOT_FOUND);
}

async fn import(office: &Office, session: &NewSession, step: &str, text: &str, file: &[u8]) -> Answer {
    let fields = [("csrf", session.info.csrf.as_str()), ("step", step), ("text", text)];
    let (kind, body) = multipart(&fields, &[("file", if file.is_empty() { "" } else { "people.csv" }, file)]);
    let request = Request::post("/admin/people/import")
        .header(header::COOKIE, cookie(session))
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body))
        .unwrap();
    office.send("lgwan", request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_looked_at_before_it_is_applied() {
    let office = Office::new();
    let session = office.session(
        &office.member("sato", "佐藤 花子", "joho-seisaku", &["administrator"]),
        "lgwan",
        true,
    );
    let count = || office.app.identity.people(&PeopleQuery::default()).unwrap().total;
    let csv = "ログイン名,氏名,フリガナ,所属,役割\nkato,加藤 一郎,カトウ,税務課,職員\nmori,森 三郎,モリ,zeimu,staff\n";
    let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode(csv);

    let dry = import(&office, &session, "check", "", &cp932).await.text();
    assert!(
        dry.contains("まだ登録していません")
            && dry.contains("加藤 一郎")
            && dry.contains("name=\"step\" value=\"apply\""),
        "{dry}"
    );
    assert_eq!(count(), 1);

    let wrong =
        import(&office, &session, "apply", &csv.replace("税務課", "宇宙課").replace('\n', "\r\n"), b"")
            .await
            .text();
    assert!(
        wrong.contains("登録できない行")
            && wrong.contains("data-label=\"行\">2<")
            && !wrong.contains("value=\"apply\""),
        "{wrong}"
    );
    assert_eq!(count(), 1, "all or nothing");

    assert!(import(&office, &session, "apply", csv, b"").await.text().contains("次のとおり登録しました"));
    assert_eq!(count(), 3);
    for (text, file) in [("", &b""[..]), ("", b"\x8e\x81\xff\xff")] {
        assert_eq!(
            import(&office, &session, "check", text, file).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_page_lists_filters_proves_and_verifies() {
    let office = Office::new();
    let auditor = office.member("ito", "伊藤 監", "kansa", &["auditor"]);
    let session = office.session(&auditor, "lgwan", false);
    let page = office.get(&session, "/admin/ledger").await.text();
    assert!(
        page.contains("person.created") && page.contains("利用者の登録") && page.contains("伊藤 監"),
        "{page}"
    );
    let filtered = office.get(&session, "/admin/ledger?group=login.").await.text();
    assert!(filtered.contains("login.succeeded") && !filtered.contains("<code>person.created"));
    let id = auditor.person.id.to_string();
    assert!(
        office
            .get(&session, &format!("/admin/ledger?subject={id}&group=person."))
            .await
            .text()
            .contains("person.created")
    );
    assert!(office.get(&session, "/admin/ledger?before=1").await.text().contains("ledger.genesis"));

    let proof = Receipt::decode(&office.get(&session, "/admin/ledger/1/receipt").await.text()).unwrap();
    assert_eq!(proof.verify(&office.app.store.verifier_key()).unwrap().entry.seq, 1);
    assert_eq!(office.get(&session, "/admin/ledger/99999/receipt").await.status, StatusCode::NOT_FOUND);

    let sound = office.post(&session, "/admin/ledger/verify", &[]).await.text();
    assert!(sound.contains("改ざん・欠落は見つかりませんでした"), "{sound}");
    assert_eq!(
        office.post_bare(&session, "/admin/ledger/verify", &[("csrf", "x")]).await.status,
        StatusCode::FORBIDDEN
    );

    let ledger = office.data.path().join("ledger/tile/0");
    let tile = walk(&ledger).unwrap();
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    let altered = office.post(&session, "/admin/ledger/verify", &[]).await.text();
    assert!(altered.contains("記録に矛盾が見つかりました") && altered.contains("tile/0/"), "{altered}");
}

/// The largest file below a directory: the tile of the last checkpoint.
fn walk(dir: &std::path::Path) -> Option<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).ok()?.map(|entry| entry.unwrap().path());
    entries
        .filter_map(|path| if path.is_dir() { walk(&path) } else { Some(path) })
        .max_by_key(|path| path.metadata().unwrap().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_metrics_tell_how_it_is() {
    let office = Office::new();
    office.app.counters.count("transfer.submitted");
    office.app.counters.count("transfer.submitted");
    let health = office.watch("/healthz").await;
    assert_eq!(
        (health.status, health.json()["status"].as_str()),
        (StatusCode::OK, Some("ok")),
        "{}",
        health.text()
    );
    // The first entry is the ledger's own; then each definition of a register was adopted.
    let size = office.app.registers.catalogue().iter().count() + 1;
    assert_eq!(health.json()["ledger"]["size"], size);
    let metrics = office.watch("/metrics").await.text();
    for line in [
        "sekisho_steps_total{step=\"transfer.submitted\"} 2",
        &format!("sekisho_ledger_size {size}"),
        "sekisho_store_ok 1",
        "sekisho_sandbox_restarts_total 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    let names = metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(['{', ' ']).next().unwrap());
    for name in names {
        assert!(
            metrics.contains(&format!("# HELP {name} ")) && metrics.contains(&format!("# TYPE {name} ")),
            "{name}"
        );
    }
    let resident =
        metrics.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes ")).unwrap();
    assert!(resident.parse::<u64>().unwrap() > 1 << 20);
    // Neither listener serves what belongs to the other.
    assert_eq!(office.watch("/transfers").await.status, StatusCode::NOT_FOUND);
    let zone = office.send("lgwan", Request::get("/metrics").body(Body::empty()).unwrap()).await;
    assert_eq!(zone.status, StatusCode::NOT_FOUND);
}
