//! Home, decisions, the transfer, consent and training, as people of several roles meet them in one autumn.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use sekisho_identity::NewSession;
use sekisho_register::{Value, Values};
use sekisho_registers::{Caller, Draft, Saved};

use super::office::{Answer, Office, cookie, multipart};

const LIST: &str = "職員番号,氏名,氏名（カナ）,所属,職,利用者ID,採用日\n\
    202612,山田 一郎,ヤマダ イチロウ,税務課,主事,yamada,令和8年12月1日\n\
    202613,鈴木 次郎,スズキ ジロウ,税務課,主事,,R8.12.1\n";

/// The value of the first field of this name.
fn field(text: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = text.split_once(&mark).unwrap_or_else(|| panic!("no field {name}: {text}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The rest of the first address that begins like this.
fn link(text: &str, start: &str) -> String {
    let mark = format!("href=\"{start}");
    let (_, rest) = text.split_once(&mark).unwrap_or_else(|| panic!("no link {start}: {text}"));
    format!("{start}{}", rest.split('"').next().unwrap())
}

async fn hand_in(office: &Office, session: &NewSession, list: &[u8]) -> Answer {
    let fields = [("csrf", session.info.csrf.as_str()), ("effective", "令和8年11月1日"), ("complete", "0")];
    let (kind, body) = multipart(&fields, &[("file", "名簿.csv", list)]);
    let request = Request::post("/people/transfers")
        .header(header::COOKIE, cookie(session))
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body))
        .unwrap();
    office.send(session.info.zone.as_str(), request).await
}

/// A course for newcomers that is taken on the screen.
fn course(office: &Office) -> String {
    let mut values = Values::new();
    for (field, text) in [
        ("name", "採用時研修"),
        ("kind", "new-hire"),
        ("form", "screen"),
        ("summary", "採用時に守ることを学びます。"),
        ("unit", "jinji"),
        ("state", "open"),
    ] {
        values.set(field, text);
    }
    values.set("audience", Value::list(["new-hire".to_owned()]));
    values.set("minutes", 30_i64);
    values.set("review_due_on", jiff::civil::date(2027, 3, 1));
    let draft = Draft { row: None, base_version: 0, values, reason: String::new(), overrides: Vec::new() };
    match office.app.registers.save(&Caller::system("test"), "courses", draft).unwrap() {
        Saved::Done { row, .. } => row.to_string(),
        Saved::Waiting { case } => panic!("{case}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_checked_drafted_and_approved_and_the_newcomer_consents_and_is_trained() {
    let office = Office::new();
    let clerk = office.member("jinji", "人事 花子", "jinji", &["staff", "general-affairs"]);
    let chief = office.member("tokatsu", "統括 太郎", "joho-seisaku", &["chief-officer"]);
    let newcomer = office.member("yamada", "山田 一郎", "zeimu", &["staff"]);
    let clerk = office.session(&clerk, "lgwan", true);

    // The course is written as text; a line that does not fit is named and the text is kept.
    let course = format!("/training/courses/{}", course(&office));
    let wrong = office.post(&clerk, &course, &[("text", "見出しがない")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("1行目") && wrong.text().contains("見出しがない"), "{}", wrong.text());
    let text = "# 約束\r\nパスワードを教えません。\r\n? 聞かれたら\r\n- 教える\r\n+ 教えない\r\n> 本人か分かりません。";
    let written = office.post(&clerk, &course, &[("text", text)]).await;
    assert_eq!(written.location(), "/training?done=written", "{}", written.text());

    // A list with a cell that can't be read is shown cell by cell and can't be drafted.
    let broken = hand_in(&office, &clerk, LIST.replace("R8.12.1", "令和8年13月1日").as_bytes()).await;
    let text = broken.text();
    assert!(
        text.contains("G3") && text.contains("13月") && !text.contains("/people/transfers/propose"),
        "{text}"
    );
    let no_list = hand_in(&office, &clerk, b"a,b\n1,2\n").await;
    assert_eq!(no_list.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(no_list.text().contains("職員番号"), "{}", no_list.text());

    let preview = hand_in(&office, &clerk, LIST.as_bytes()).await;
    let text = preview.text();
    assert_eq!(preview.status, StatusCode::OK, "{text}");
    assert!(
        text.contains("鈴木 次郎") && text.contains("yamada") && text.contains("令和8年11月1日"),
        "{text}"
    );
    let kept = ["blob", "name", "sha256", "effective", "complete"].map(|name| (name, field(&text, name)));
    let mut fields: Vec<(&str, &str)> = kept.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("reason", "秋の採用"));
    let drafted = office.post(&clerk, "/people/transfers/propose", &fields).await;
    let case = drafted.location().trim_end_matches("?done=drafted").to_owned();
    assert!(case.starts_with("/cases/k_"), "{}", drafted.text());
    // The list is gone once it is drafted.
    assert_ne!(office.post(&clerk, "/people/transfers/propose", &fields).await.status, StatusCode::SEE_OTHER);
    assert!(office.get(&clerk, "/").await.text().contains("あなたが起案し"));

    // The chief officer sees it at home, confirms, and approves exactly what was shown.
    let unconfirmed = office.session(&chief, "lgwan", false);
    let home = office.get(&unconfirmed, "/").await.text();
    assert!(home.contains("人事異動（令和8年11月1日発令）"), "{home}");
    assert_eq!(link(&home, "/cases/k_"), case);
    let shown = office.get(&unconfirmed, &case).await.text();
    assert!(
        shown.contains("鈴木 次郎") && shown.contains("秋の採用") && shown.contains("本人確認をする"),
        "{shown}"
    );
    let chief = office.session(&chief, "lgwan", true);
    let shown = office.get(&chief, &case).await.text();
    let digest = field(&shown, "digest");
    let decision = format!("{case}/decision");
    let silent = [("digest", digest.as_str()), ("decision", "return")];
    let silent = office.post(&chief, &decision, &silent).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", silent.text());
    let other = "0".repeat(64);
    let other = office.post(&chief, &decision, &[("digest", &other), ("decision", "approve")]).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    let approved = office.post(&chief, &decision, &[("digest", &digest), ("decision", "approve")]).await;
    assert_eq!(approved.location(), format!("{case}?done=approved"), "{}", approved.text());
    assert!(office.get(&clerk, &case).await.text().contains("決裁済"));
    assert!(office.get(&clerk, &case.replace("/cases", "/people/transfers")).await.text().contains("採用"));

    // The newcomer finds the consent and the course at home.
    let newcomer = office.session(&newcomer, "lgwan", false);
    let home = office.get(&newcomer, "/").await.text();
    assert!(home.contains("href=\"/consent\"") && home.contains("採用時研修"), "{home}");
    assert_eq!(office.get(&newcomer, &case).await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.get(&newcomer, "/people/transfers").await.status, StatusCode::FORBIDDEN);
    let row = field(&office.get(&newcomer, "/consent").await.text(), "row");
    let unread = office.post(&newcomer, "/consent", &[("row", &row)]).await;
    assert_eq!(unread.status, StatusCode::UNPROCESSABLE_ENTITY);
    let given = office.post(&newcomer, "/consent", &[("row", &row), ("agree", "1")]).await;
    assert_eq!(given.location(), "/consent?done=given");
    assert!(office.get(&newcomer, "/consent").await.text().contains("これまでの同意"));

    let take = link(&home, "/training/");
    let page = office.get(&newcomer, &take).await.text();
    assert!(page.contains("パスワードを教えません") && !page.contains("本人か分かりません"), "{page}");
    let unanswered = office.post(&newcomer, &take, &[]).await;
    assert_eq!(unanswered.status, StatusCode::UNPROCESSABLE_ENTITY);
    let failed = office.post(&newcomer, &take, &[("q1", "0")]).await.text();
    assert!(failed.contains("合格点に届きませんでした") && failed.contains("本人か分かりません"), "{failed}");
    let passed = office.post(&newcomer, &take, &[("q1", "1")]).await.text();
    assert!(passed.contains("修了しました") && passed.contains("100点"), "{passed}");
    assert_eq!(office.post(&newcomer, &take, &[("q1", "1")]).await.status, StatusCode::NOT_FOUND);
    assert!(office.get(&newcomer, "/").await.text().contains("今日することはありません"));

    // Everybody else's progress is for who answers for it.
    let csv = office.get(&clerk, "/training/completion.csv?year=2026").await;
    assert!(csv.text().contains("\"税務課\",2,1,0,0,50.0%"), "{}", csv.text());
    assert_eq!(office.get(&newcomer, "/training/completion").await.status, StatusCode::FORBIDDEN);
    let asked = office.post(&clerk, "/people/consents", &[("occasion", "april")]).await;
    assert_eq!(asked.location(), "/people/consents?done=asked&asked=0", "{}", asked.text());
    assert_eq!(
        office.post(&newcomer, "/people/consents", &[("occasion", "april")]).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_whole_in_both_languages_and_without_a_session_leads_to_sign_in() {
    let office = Office::new();
    let member = office.member(
        "jinji",
        "人事 花子",
        "jinji",
        &["staff", "general-affairs", "chief-officer", "administrator"],
    );
    let session = office.session(&member, "lgwan", true);
    for path in [
        "/",
        "/due",
        "/due?mine=1",
        "/cases",
        "/cases?state=mine",
        "/cases?state=to-decide",
        "/cases?state=to-reread",
        "/account/absence",
        "/people",
        "/people/transfers",
        "/people/offices",
        "/people/consents",
        "/consent",
        "/training",
        "/training/completion",
    ] {
        for lang in ["ja", "en"] {
            let with = if path.contains('?') { "&" } else { "?" };
            let answer = office.get(&session, &format!("{path}{with}lang={lang}")).await;
            let text = answer.text();
            assert_eq!(answer.status, StatusCode::OK, "{path}: {text}");
            assert!(text.contains(&format!("<html lang=\"{lang}\">")), "{path}");
            assert_eq!(text.matches("<h1").count(), 1, "{path}");
            assert!(!text.contains("style=") && !text.contains("onclick"), "{path}");
        }
        let stranger = Request::get(path).body(Body::empty()).unwrap();
        let answer = office.send("lgwan", stranger).await;
        assert!(answer.location().starts_with("/login"), "{path}: {}", answer.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_is_set_cleared_and_refused_with_a_sentence() {
    let office = Office::new();
    let member = office.member("kacho", "課長 一", "zeimu", &["section-manager"]);
    let deputy = office.member("hosa", "補佐 二", "zeimu", &["deputy"]);
    let session = office.session(&member, "lgwan", false);
    let page = "/account/absence";
    let wrong = office.post(&session, page, &[("from", "令和8年13月1日"), ("to", "R8.12.3")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("value=\"R8.12.3\""), "{}", wrong.text());
    let id = deputy.person.id.to_string();
    let set =
        office.post(&session, page, &[("from", "令和8年12月1日"), ("to", "R8.12.3"), ("deputy", &id)]).await;
    assert_eq!(set.location(), "/account/absence?done=set", "{}", set.text());
    let text = office.get(&session, page).await.text();
    assert!(text.contains("令和8年12月1日") && text.contains("補佐 二"), "{text}");
    let absence = field(&text, "absence");
    let cleared = office.post(&session, "/account/absence/clear", &[("absence", &absence)]).await;
    assert_eq!(cleared.location(), "/account/absence?done=cleared");
    assert!(office.get(&session, page).await.text().contains("登録された不在はありません"));
}
