//! Accounts, changes, failures, vulnerabilities, work.

use super::people::town_days;
use super::town::{ADMINISTRATOR, CHIEF, Town, later, row, yes};

struct System {
    key: String,
    name: String,
    unit: String,
    zone: String,
}

fn running(town: &Town) -> Vec<System> {
    town.rows("systems")
        .iter()
        .filter(|row| row.get("status").is_some_and(|status| status == "running"))
        .filter_map(|row| {
            Some(System {
                key: row.get("number")?.clone(),
                name: row.get("system_name")?.clone(),
                unit: row.get("unit")?.clone(),
                zone: row.get("zone")?.clone(),
            })
        })
        .collect()
}

pub(super) fn accounts(town: &mut Town) {
    for (index, system) in running(town).into_iter().enumerate() {
        let people: Vec<(String, String, String, bool)> = town
            .staff
            .iter()
            .filter(|member| member.unit == system.unit && (system.zone != "mynumber" || member.handles))
            .take(14)
            .map(|m| {
                (
                    m.number.clone(),
                    m.login.clone(),
                    m.left.map(|d| d.to_string()).unwrap_or_default(),
                    m.left.is_some(),
                )
            })
            .collect();
        let permitted_by = town.head(&system.unit);
        for (turn, (number, login, left_on, left)) in people.into_iter().enumerate() {
            let at = index.saturating_mul(14).saturating_add(turn);
            let applied_by = town.other(&system.unit, &[&permitted_by]);
            let issued = town.ago(town_days(at, 200, 1800));
            let multi = system.zone == "mynumber" || at % 3 == 0;
            row!(town, "accounts", {
                login: login, system: system.key, zone: system.zone, holder_kind: "person", holder: number, unit: system.unit,
                holder_left_on: left_on, purpose: format!("{}の事務", system.name.replace("システム", "")),
                rights: if number == permitted_by { "approver" } else if turn % 5 == 4 { "viewer" } else { "user" },
                factors: if multi { "knowledge、possession" } else { "knowledge" }, multi_factor: yes(multi), remote: "いいえ",
                applied_on: later(issued, -5), applied_by: applied_by, permitted_by: permitted_by, issued_on: issued,
                initial_changed: "はい", last_used_on: town.ago(town_days(at, 1, if at % 41 == 8 { 200 } else { 30 })),
                reviewed_on: town.ago(town_days(at, 100, 250)).max(issued),
                state: if left && at % 3 != 0 { "deleted" } else { "active" },
                deleted_on: if left && at % 3 != 0 { town.ago(30).to_string() } else { String::new() },
            });
        }
        let half = [("第1回", 190), ("第2回", 10)];
        for (turn, (word, days)) in half.into_iter().enumerate() {
            let reviewer = town.other(&system.unit, &[&permitted_by]);
            let done = turn == 0 || index % 3 != 0;
            let on = town.ago(days);
            let (leavers, movers) = (index % 3, index % 2);
            row!(town, "account-reviews", {
                fiscal_year: Town::year(on), title: format!("{}{word} {}ID棚卸し", Town::year_label(on), system.name), system: system.key,
                unit: system.unit, due_on: later(on, if done { 10 } else { 20 }), reviewed_on: if done { on.to_string() } else { String::new() },
                staff_list_on: if done { later(on, -12).to_string() } else { String::new() }, reviewer: reviewer, confirmer: permitted_by,
                account_count: if done { "18" } else { "" }, leaver_count: if done { leavers.to_string() } else { String::new() },
                mover_count: if done { movers.to_string() } else { String::new() }, unused_count: if done { "1" } else { "" },
                excess_count: if done { "0" } else { "" }, shared_count: if done { "0" } else { "" },
                findings: if done && leavers > 0 { "離任者のIDが残っていた。" } else { "" },
                corrected_count: if done { leavers.saturating_add(movers).to_string() } else { String::new() },
                correct_due_on: if done { later(on, 7).to_string() } else { String::new() },
                corrected_on: if done { town.after(on, 3).to_string() } else { String::new() },
                state: if done { "done" } else { "planned" }, evidence_place: if done { "所管課 共有フォルダー 棚卸し" } else { "" },
            });
        }
        privileged(town, &system, index);
    }
}

fn privileged(town: &mut Town, system: &System, index: usize) {
    let april = town.april();
    let changed = town.ago(town_days(index, 20, 120));
    let reviewed = town.ago(town_days(index, 5, 40));
    let closed = index % 17 == 9;
    row!(town, "privileged-accounts", {
        login: format!("adm-{index:03}"), system: system.key, kind: if index.is_multiple_of(2) { "os" } else { "application" }, zone: system.zone,
        unit: "joho-seisaku", purpose: format!("{}の保守", system.name), holder: ADMINISTRATOR, deputy_holder: "100688",
        delegated_by: CHIEF, delegated_on: april, expires_on: later(april, 364), use_rule: "planned", contractor_use: yes(index.is_multiple_of(4)),
        remote: "いいえ", multi_factor: "はい", default_changed: "はい", kept_in: "vault", password_changed_on: changed,
        change_due_on: later(changed, 90), log_reviewed_on: reviewed, log_reviewer: "100482", log_review_due_on: later(reviewed, 32),
        state: if closed { "deleted" } else { "active" }, closed_on: if closed { town.ago(20).to_string() } else { String::new() },
    });
}

pub(super) fn changes(town: &mut Town) {
    let kinds = [
        ("upgrade", "版上げ"),
        ("config", "設定の変更"),
        ("hardware", "機器の更新"),
        ("filter", "通信の許可の変更"),
        ("new", "機能の追加"),
    ];
    for (index, system) in running(town).into_iter().enumerate() {
        let (kind, word) = kinds.get(index % kinds.len()).copied().unwrap_or(("config", "設定の変更"));
        let requested = town.ago(town_days(index, 15, 400));
        let approved = town.after(requested, 7);
        let done = town.after(approved, 10);
        let finished = done < town.today && index % 5 != 4;
        let change = row!(town, "changes", {
            title: format!("{}の{word}", system.name), system: system.key, kind: kind, unit: "joho-seisaku", requested_by: ADMINISTRATOR,
            requested_on: requested, reason: "制度の改正又は機器の更新への対応", emergency: "いいえ", impact: "夜間2時間の停止",
            security_impact: "low", security_note: "権限の変更はない。", test_result: "passed", personal_data_in_test: "いいえ",
            rollback: "前の版のバックアップから復元する", approved_by: CHIEF, approved_on: approved, scheduled_on: done.max(later(approved, 10)),
            implemented_on: if finished { done.to_string() } else { String::new() },
            verified_by: if finished { "100688" } else { "" }, verified_on: if finished { done.to_string() } else { String::new() },
            documents_updated_on: if finished && index % 6 != 5 { town.after(done, 8).to_string() } else { String::new() },
            state: if finished { "verified" } else { "approved" },
        });
        if finished {
            work(town, &system, "change", &change, done, index);
        }
        for turn in 0..2_usize {
            let day = town.ago(town_days(index.saturating_add(turn * 23), 3, 300));
            work(town, &system, if turn == 0 { "update" } else { "backup" }, "", day, index);
        }
    }
}

fn work(town: &mut Town, system: &System, kind: &str, change: &str, day: jiff::civil::Date, index: usize) {
    let hour = index % 4 + 17;
    let content = match kind {
        "change" => "手順書のとおり適用し、窓口の動作を確かめた。",
        "update" => "更新プログラムを適用し、再起動後の動作を確かめた。",
        _ => "複製から一部を復元し、内容を確かめた。",
    };
    let fine = index % 13 != 6;
    row!(town, "work-records", {
        title: format!("{} {}", system.name, match kind { "change" => "変更作業", "update" => "更新の適用", _ => "復元の試験" }),
        system: system.key, kind: kind, unit: "joho-seisaku", change: change, place: "情報システム室", remote: "いいえ",
        worker: "100688", checker: ADMINISTRATOR, permitted_by: CHIEF, started_at: format!("{day}T{hour:02}:30"),
        ended_at: format!("{day}T{:02}:20", hour.saturating_add(1)), content: content, backup_taken: "yes", data_taken_out: "いいえ",
        result: if fine { "done" } else { "partial" }, anomaly: if fine { "" } else { "1台で再起動を要した。" }, checked_on: town.after(day, 1),
    });
}

pub(super) fn failures(town: &mut Town) {
    let symptoms = [
        ("応答の遅れ", "capacity"),
        ("帳票が印刷できない", "configuration"),
        ("ディスクの警告", "hardware"),
        ("回線の断", "line"),
        ("夜間処理の異常終了", "software"),
    ];
    for (index, system) in running(town).into_iter().enumerate() {
        let (symptom, cause) =
            symptoms.get(index % symptoms.len()).copied().unwrap_or(("応答の遅れ", "capacity"));
        let day = town.ago(town_days(index, 3, 420));
        let minutes = town.chance.between(10, 55);
        let closed = index % 7 != 2;
        let due = later(day, 45);
        row!(town, "failures", {
            title: format!("{}の{symptom}", system.name), system: system.key, unit: system.unit, occurred_at: format!("{day}T09:00"),
            detected_at: format!("{day}T09:05"), detected_by: if index % 3 == 0 { "monitoring" } else { "staff" }, symptom: symptom,
            affected: "窓口の一部の事務", residents_affected: yes(index % 4 == 0), incident_suspected: "いいえ", person: ADMINISTRATOR,
            response: "事業者に連絡し、切り分けを行った。", recovered_at: format!("{day}T10:{minutes:02}"), downtime_minutes: minutes.saturating_add(60),
            target_minutes: 240, cause_kind: cause, cause: "調査の結果を事業者から受領", prevention: "監視の項目を加える。", prevention_due_on: due,
            prevention_done_on: if closed { town.after(day, 20).to_string() } else { String::new() }, state: if closed { "closed" } else { "recovered" },
        });
    }
}

pub(super) fn vulnerabilities(town: &mut Town) {
    let things = [
        ("Webサーバーの情報漏えい", "high"),
        ("ブラウザーの任意コードの実行", "critical"),
        ("圧縮ツールの検査の回避", "medium"),
        ("印刷サービスの権限の昇格", "medium"),
        ("通信機器のサービス妨害", "low"),
    ];
    for index in 0..40_usize {
        let (title, severity) = things.get(index % things.len()).copied().unwrap_or(("脆弱性", "low"));
        let noticed = town.ago(town_days(index, 1, 380));
        let (days, score) = match severity {
            "critical" => (7, "9.8"),
            "high" => (14, "8.1"),
            "medium" => (30, "6.5"),
            _ => (90, "3.7"),
        };
        let due = later(noticed, days);
        let applied = town.after(noticed, days.saturating_sub(2));
        let open = due >= town.today || index % 19 == 11;
        row!(town, "vulnerabilities", {
            title: format!("{title}（{}）", noticed.strftime("%Y-%m")), identifier: format!("CVE-{}-{}", noticed.year(), 40_000_usize.saturating_add(index)),
            source: "jpcert", published_on: later(noticed, -1), noticed_on: noticed, severity: severity, score: score, exploited: "いいえ",
            zone: "lgwan", asset_count: town.chance.between(1, 600), unit: "joho-seisaku", person: ADMINISTRATOR, applicability: "applies",
            due_on: due, treatment: if open { "" } else { "update" }, origin_verified: if open { "" } else { "はい" },
            tested_on: if open { String::new() } else { noticed.to_string() }, applied_on: if open { String::new() } else { applied.to_string() },
            verified_by: if open { "" } else { "100688" }, verified_on: if open { String::new() } else { applied.to_string() },
            remaining_count: if open { "" } else { "0" }, state: if open { "working" } else { "done" },
        });
    }
}
