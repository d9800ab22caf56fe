//! The pages for a tablet: in and out of a controlled area, things inspected by their number.

use axum::http::StatusCode;
use serde_json::json;

use sekisho_register::Values;
use sekisho_registers::{Caller, Draft, Saved};

use super::office::Office;

/// Puts a row into a register as the server's command does.
pub(super) fn put(office: &Office, register: &str, values: serde_json::Value) -> String {
    let registers = &office.app.registers;
    let definition = registers.definition(register).unwrap();
    let caller = Caller::system("test");
    let mut whole = registers.blank(&caller, register).unwrap();
    for (field, value) in Values::from_json(definition, &values).unwrap().iter() {
        whole.set(field, value.clone());
    }
    let draft = Draft { values: whole, ..Draft::default() };
    match registers.save(&caller, register, draft).unwrap_or_else(|error| panic!("{register}: {error}")) {
        Saved::Done { row, .. } => row.to_string(),
        Saved::Waiting { case } => panic!("{register} waits: {case}"),
    }
}

/// A member of staff in the register of staff.
pub(super) fn staff(office: &Office, number: &str, login: &str, name: &str, unit: &str) -> String {
    put(
        office,
        "staff",
        json!({
            "staff_number": number, "name": name, "kana": "テスト", "unit": unit, "post": "主事",
            "employment": "regular", "login": login, "handles_individual_numbers": false,
            "joined_on": "2020-04-01",
        }),
    )
}

fn medium(office: &Office) -> String {
    let keeper = staff(office, "100200", "keeper", "保管 係", "joho-seisaku");
    put(
        office,
        "media",
        json!({
            "media_name": "情報政策課USBメモリ1", "media_kind": "usb", "serial": "SN-77", "unit": "joho-seisaku",
            "keeper": keeper, "zone": "lgwan", "place": "金庫", "locked": true, "labelled": true,
            "class_c": "c2", "encryption": "hardware", "device_registered": true, "bought_on": "2025-04-01",
            "status": "stored",
        }),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_medium_is_found_by_its_number_and_its_inspection_recorded() {
    let office = Office::new();
    let row = medium(&office);
    let manager = office.member("suzuki", "鈴木 花子", "joho-seisaku", &["section-manager"]);
    let session = office.session(&manager, "lgwan", false);
    let page = office.get(&session, "/inspect").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert!(
        page.text().contains("半年以内に確認していないもの <span class=\"count\">1</span>"),
        "{}",
        page.text()
    );
    let by_label = format!("/inspect?register=media&code=/registers/media/rows/{row}");
    for path in ["/inspect?code=SN-77", "/inspect?register=media&code=MED-0001", &by_label] {
        let found = office.get(&session, path).await.text();
        assert!(
            found.contains("現物を確認した") && found.contains("情報政策課USBメモリ1"),
            "{path}: {found}"
        );
    }
    let none = office.get(&session, "/inspect?code=MED-9999").await.text();
    assert!(none.contains("この番号は、閲覧できる台帳にありません"), "{none}");
    let wrong = [("version", "1"), ("code", "SN-77"), ("place", "")];
    let refused = office.post(&session, &format!("/inspect/media/{row}"), &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "a place is required: {}", refused.text());
    let fields = [("version", "1"), ("code", "SN-77"), ("place", "書庫の金庫"), ("status", "stored")];
    let done = office.post(&session, &format!("/inspect/media/{row}"), &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    let caller = Caller::system("test");
    let view = office.app.registers.row(&caller, "media", &row.parse().unwrap(), None).unwrap();
    assert_eq!(view.values.get("place").as_text(), Some("書庫の金庫"));
    assert_eq!(view.values.date("inventory_on"), Some(jiff::civil::date(2026, 11, 23)));
    assert_eq!(view.values.date("inventory_due_on"), Some(jiff::civil::date(2027, 5, 23)));
    let again = office.post(&session, &format!("/inspect/media/{row}"), &fields).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "the version that was shown is past");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_enters_with_an_escort_and_leaves_and_a_missed_leaving_is_seen() {
    let office = Office::new();
    let manager = office.member("suzuki", "鈴木 花子", "joho-seisaku", &["section-manager"]);
    let me = staff(&office, "100100", "suzuki", "鈴木 花子", "joho-seisaku");
    let area = put(
        &office,
        "controlled-areas",
        json!({
            "area_name": "サーバ室", "area_kind": "server-room", "unit": "joho-seisaku", "responsible": me,
            "building": "本庁舎", "floor_name": "3階", "outside": false, "entry_way": ["ic"],
            "authorised": "情報政策課職員", "visitor_rule": "職員が立ち会う。", "status": "in-use",
        }),
    );
    let session = office.session(&manager, "lgwan", false);
    let page = office.get(&session, "/entry").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert!(
        page.text().contains("在室している人はいません。") && page.text().contains("サーバ室"),
        "{}",
        page.text()
    );

    let mut fields = vec![
        ("area", area.as_str()),
        ("entry_kind", "visitor"),
        ("visitor_label", "髙﨑 次郎"),
        ("visitor_organisation", "保守会社"),
        ("entry_purpose", "maintenance"),
        ("identification", "company-card"),
        ("badge", "7"),
        ("items_in", "なし"),
    ];
    let alone = office.post(&session, "/entry", &fields).await;
    assert_eq!(alone.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        alone.text().contains("立会いの職員が必要です") && alone.text().contains("髙﨑 次郎"),
        "{}",
        alone.text()
    );
    fields.push(("escort", "100100 鈴木 花子"));
    let entered = office.post(&session, "/entry", &fields).await;
    assert_eq!(entered.location(), "/entry?done=in", "{}", entered.text());
    let own = office.post(&session, "/entry/self", &[("area", area.as_str())]).await;
    assert_eq!(own.location(), "/entry?done=in", "{}", own.text());

    let page = office.get(&session, "/entry").await.text();
    assert!(page.contains("髙﨑 次郎") && !page.contains("退室の記録漏れ"), "{page}");
    office.clock.advance(86_400_000);
    let session = office.session(&manager, "lgwan", false);
    let page = office.get(&session, "/entry").await.text();
    assert!(page.contains("退室の記録漏れ"), "{page}");
    let row = page.split("/entry/r_").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let leaving =
        [("version", "1"), ("left_at", "R8.11.23 23:50"), ("items_checked", "1"), ("badge_returned", "1")];
    let left = office.post(&session, &format!("/entry/r_{row}/leave"), &leaving).await;
    assert_eq!(left.location(), "/entry?done=out", "{}", left.text());
}
