//! Contracts and what hangs on them: clauses, subcontracts, inspections, people of contractors, procurements; services
//! of others, exceptions, social media.

use super::assets::keyed;
use super::people::town_days;
use super::seeds::Vendor;
use super::town::{CHIEF, CISO, Town, later, row, yes};

/// Every clause that a contract should hold.
const CLAUSES: [&str; 15] = [
    "responsible-person",
    "policy",
    "service-level",
    "information-types",
    "training",
    "purpose",
    "confidentiality",
    "subcontract",
    "return-erase",
    "report",
    "audit",
    "publication",
    "damages",
    "copying",
    "jurisdiction",
];

struct Plan {
    title: String,
    kind: String,
    unit: String,
    system: String,
    zone: String,
    last_year: bool,
}

pub(super) fn contracts(town: &mut Town) {
    let systems: Vec<(String, String, String, String)> = town
        .rows("systems")
        .iter()
        .filter(|row| row.get("status").is_some_and(|status| status == "running"))
        .filter_map(|row| {
            Some((
                row.get("number")?.clone(),
                row.get("system_name")?.clone(),
                row.get("unit")?.clone(),
                row.get("zone")?.clone(),
            ))
        })
        .collect();
    let mut plans = Vec::new();
    for contract in town.seeds.contracts.clone() {
        if contract.unit == "system" {
            let every = if contract.kind == "operation" { 1 } else { 7 };
            for (index, (system, name, unit, zone)) in systems.iter().enumerate() {
                if index % every != 0 || (contract.kind == "operation" && index % 3 == 1) {
                    continue;
                }
                let title = contract.ja.replace("{system}", name);
                plans.push(Plan {
                    title,
                    kind: contract.kind.clone(),
                    unit: unit.clone(),
                    system: system.clone(),
                    zone: zone.clone(),
                    last_year: false,
                });
            }
        } else {
            for last_year in [true, false] {
                let unit = town.unit_or(&contract.unit, "somu-ka");
                plans.push(Plan {
                    title: contract.ja.clone(),
                    kind: contract.kind.clone(),
                    unit,
                    system: String::new(),
                    zone: String::new(),
                    last_year,
                });
            }
        }
    }
    for (index, plan) in plans.into_iter().enumerate() {
        if !plan.last_year && town.has("contracts", "title", &plan.title) {
            continue;
        }
        contract(town, plan, index);
    }
}

fn vendor(town: &mut Town, kind: &str, index: usize) -> Vendor {
    let able: Vec<Vendor> =
        town.seeds.vendors.iter().filter(|vendor| vendor.kinds.iter().any(|k| k == kind)).cloned().collect();
    let able = if able.is_empty() { town.seeds.vendors.clone() } else { able };
    let at = index.checked_rem(able.len()).unwrap_or(0);
    able.into_iter().nth(at).unwrap_or(Vendor {
        ja: "肥前システムサービス株式会社".to_owned(),
        address: "佐賀県".to_owned(),
        corporate_number: String::new(),
        kinds: Vec::new(),
    })
}

fn contract(town: &mut Town, plan: Plan, index: usize) {
    let vendor = vendor(town, &plan.kind, index);
    let april = town.april();
    let starts = if plan.last_year { later(april, -365) } else { april };
    let ends = later(starts, 364);
    let head = town.head(&plan.unit);
    let supervisor = town.other(&plan.unit, &[&head]);
    let numbers = plan.zone == "mynumber" || matches!(plan.kind.as_str(), "entry");
    let personal = numbers || matches!(plan.kind.as_str(), "printing" | "counter" | "dispatch");
    let class = if personal {
        "c3b"
    } else if index.is_multiple_of(4) {
        "c2"
    } else {
        "c3c"
    };
    let closed = plan.last_year && index % 9 != 4;
    let over = later(ends, 20);
    let missing = !numbers && index % 16 == 5;
    let clauses: Vec<&str> = CLAUSES
        .iter()
        .copied()
        .filter(|clause| !(missing && matches!(*clause, "audit" | "damages")))
        .collect();
    let inspected = town.ago(town_days(index, 30, 380)).max(starts);
    let amount = town.chance.between(8, 420).saturating_mul(110_000);
    let checked = later(starts, -10);
    let key = row!(town, "contracts", {
        fiscal_year: Town::year(starts), title: plan.title, kind: plan.kind, unit: plan.unit, supervisor: supervisor,
        systems: plan.system, amount: amount, contracted_on: starts, starts_on: starts, ends_on: ends, auto_renewal: "いいえ",
        existed_on_2027_07_01: yes(!plan.last_year && index.is_multiple_of(6)), contractor: vendor.ja,
        corporate_number: vendor.corporate_number, address: vendor.address, representative: "代表取締役",
        responsible_name: person(index), phone: format!("0955-00-2{:03}", index % 1000),
        emergency_phone: format!("0955-00-3{:03}", index % 1000), processing_place: "受託者の事業所、庁内",
        outside_japan: "いいえ", information_handed: "はい", class_c: class, class_i: "i1", class_a: "a1",
        personal_data: yes(personal), individual_numbers: yes(numbers),
        person_count: if personal { town.chance.between(2, 500).saturating_mul(100).to_string() } else { String::new() },
        information_detail: "業務に必要な情報", checksheet_on: checked, checksheet_result: "met",
        clauses: clauses.join("、"), clauses_checked_by: head, clauses_checked_on: later(starts, -5),
        subcontract_allowed: "with-consent", report_due_on: if closed { String::new() } else { town.ahead(town_days(index, -5, 60)).to_string() },
        inspection_due_on: if closed { String::new() } else { town.ahead(town_days(index, 5, 120)).to_string() },
        last_inspected_on: if closed { String::new() } else { inspected.to_string() },
        state: if closed { "closed" } else if plan.last_year { "ending" } else { "running" },
        erasure_due_on: later(ends, 14), erased_on: if closed { over.to_string() } else { String::new() },
        erasure_method: if closed { "erased" } else { "" },
        erasure_certificate_number: if closed { format!("消去証明 第{index}号") } else { String::new() },
        erasure_checked_by: if closed { head.clone() } else { String::new() },
        erasure_checked_on: if closed { later(over, 2).to_string() } else { String::new() },
        accounts_closed_on: if closed { later(ends, 1).to_string() } else { String::new() },
        closed_on: if closed { later(over, 5).to_string() } else { String::new() },
    });
    if plan.last_year {
        return;
    }
    for (number, clause) in CLAUSES.iter().enumerate() {
        let here = clauses.contains(clause);
        row!(town, "contract-clauses", {
            contract: key, unit: plan.unit, clause: clause, included: if here { "yes" } else { "no" },
            place: if here { format!("特記仕様書第{}項", number.saturating_add(1)) } else { String::new() },
            reason: if here { "" } else { "ひな形が古いため。次の変更契約で加える。" }, checked_by: head, checked_on: later(starts, -5),
            reviewed_by: if head == CHIEF { "100482" } else { CHIEF },
            correct_due_on: if here { String::new() } else { town.ahead(30).to_string() },
        });
    }
    inspections(town, &key, &plan, index, &supervisor);
    if index.is_multiple_of(3) && !matches!(plan.kind.as_str(), "hosting" | "cloud" | "survey") {
        workers(town, &key, &plan, &vendor, index, (numbers, class), &supervisor);
    }
    if index % 4 == 1 {
        let under = self::vendor(town, "development", index.saturating_add(3));
        let open = index % 12 == 5;
        let consented = later(starts, 20);
        row!(town, "subcontracts", {
            contract: key, depth: 1, unit: plan.unit, contractor: under.ja, corporate_number: under.corporate_number,
            address: under.address, scope: format!("{}の一部", plan.title), reason: "専門の技術者を要するため",
            processing_place: "再委託先の事業所", outside_japan: "いいえ", class_c: "c2", personal_data: "いいえ",
            individual_numbers: "いいえ", starts_on: later(starts, 30), ends_on: ends, applied_on: later(starts, 8),
            same_duties: "はい", checksheet_on: later(starts, 15), consent: if open { "waiting" } else { "given" },
            consented_on: if open { String::new() } else { consented.to_string() },
            consent_document: if open { String::new() } else { format!("伊情政第{}号", index.saturating_add(200)) },
            consented_by: if open { String::new() } else { head.clone() }, supervisor: supervisor,
            unauthorised: "いいえ", erasure_due_on: later(ends, 14), state: if open { "applied" } else { "running" },
        });
    }
}

fn person(index: usize) -> String {
    ["江頭 亮", "原 慎吾", "堤 浩一", "武富 真", "吉富 進"]
        .get(index % 5)
        .copied()
        .unwrap_or_default()
        .to_owned()
}

fn inspections(town: &mut Town, key: &str, plan: &Plan, index: usize, inspector: &str) {
    let second = town.other(&plan.unit, &[inspector]);
    for turn in 0..2_usize {
        let due = town.ago(town_days(index.saturating_add(turn * 19), 8, 200));
        let good = index % 14 != 3;
        let confirmed = town.after(due, 20);
        row!(town, "contract-inspections", {
            title: format!("{} {}", plan.title, if turn == 0 { "定期報告" } else { "実地検査" }), contract: key,
            unit: plan.unit, kind: if turn == 0 { "report" } else { "on-site" }, due_on: due, done_on: due,
            inspector: inspector, second_inspector: second, contractor_attendee: person(index),
            items: "people、training、place、storage", result: if good { "good" } else { "minor" },
            findings: if good { "" } else { "従事者名簿の更新が1名分遅れていた。" }, report_place: "所管課 契約簿冊",
            instruction: if good { "" } else { "変更の届出を7日以内に行うこと。" },
            correct_due_on: if good { String::new() } else { later(due, 30).to_string() },
            corrected_on: if good { String::new() } else { confirmed.to_string() },
            confirmed_by: if good { String::new() } else { second.clone() }, state: "closed",
        });
    }
    let due = town.ahead(town_days(index, -20, 120));
    row!(town, "contract-inspections", {
        title: format!("{} 次回の実地検査", plan.title), contract: key, unit: plan.unit, kind: "on-site", due_on: due,
        inspector: inspector, second_inspector: second, state: "planned",
    });
}

fn workers(
    town: &mut Town,
    key: &str,
    plan: &Plan,
    vendor: &Vendor,
    index: usize,
    (numbers, class): (bool, &str),
    supervisor: &str,
) {
    let starts = town.april();
    for turn in 0..2_usize {
        let families = town.seeds.family.clone();
        let given = town.seeds.given.clone();
        let (Some(family), Some(given)) =
            (town.chance.one(&families).cloned(), town.chance.one(&given).cloned())
        else {
            return;
        };
        let number = index.saturating_mul(2).saturating_add(turn);
        row!(town, "contractors-staff", {
            name: format!("{}　{}", family.ja, given.ja), kana: format!("{}　{}", family.kana, given.kana), company: vendor.ja,
            corporate_number: vendor.corporate_number, contract: key, unit: plan.unit, supervisor: supervisor,
            work: plan.title, place: if turn == 0 { "resident" } else { "visiting" }, handles_individual_numbers: yes(numbers),
            highest_class: class, starts_on: starts, ends_on: later(starts, 364), pledged_on: later(starts, -6),
            pledge_place: "所管課 契約簿冊", briefed_on: later(starts, -2), briefed_by: supervisor,
            card_number: format!("入-{}", number.saturating_add(300)), login: format!("x-{}{number}", family.romaji),
        });
    }
}

pub(super) fn procurements(town: &mut Town) {
    let things = [
        ("事務用端末の更新", "terminal", "out-of-scope"),
        ("庁内スイッチの更新", "network", "out-of-scope"),
        ("複合機の賃貸借", "printer", "jc-star"),
        ("屋外カメラの設置", "iot", "jc-star"),
        ("電子契約サービスの利用", "cloud", "ismap"),
        ("資産管理ソフトの更新", "software", "none"),
        ("Web会議用機器の購入", "iot", "none"),
        ("保守業務の委託", "service", "out-of-scope"),
    ];
    for (index, unit) in town.sections().into_iter().take(30).enumerate() {
        let (name, kind, registration) = things.get(index % things.len()).copied().unwrap_or_default();
        let judged = town.ago(town_days(index, 20, 400));
        let requester = town.other(&unit.id, &[CHIEF]);
        let registered = matches!(registration, "jc-star" | "ismap");
        let own = registration == "none";
        let vendor = vendor(town, "operation", index);
        row!(town, "procurements", {
            fiscal_year: Town::year(judged), title: format!("{} {name}", unit.name_ja), unit: unit.id, requested_by: requester,
            item_kind: kind, amount: town.chance.between(3, 200).saturating_mul(110_000), way: "designated", zone: "lgwan", class_c: "c2",
            requirements_in_spec: "はい", product: name, maker: vendor.ja, vendor: vendor.ja,
            corporate_number: vendor.corporate_number, head_office: "日本", foreign_law_risk: "none",
            support_ends_on: town.ahead(1600), registration: registration,
            registration_number: if registered { format!("登録番号 {index:04}") } else { String::new() },
            registration_checked_on: if registered { judged.to_string() } else { String::new() },
            own_judgment: if own { "登録された製品がないため、製造者の更新の提供期間、本社所在地及び初期設定を確かめ、支障がないと判断した。" } else { "" },
            judged_by: CHIEF, judged_on: judged, state: "passed",
        });
    }
}

pub(super) fn exceptions(town: &mut Town) {
    let cases = [
        (
            "更新できない業務端末の利用",
            "vulnerability",
            "対応する製品の更新が来年度のため",
            "許可した通信以外を遮断する",
        ),
        (
            "県との情報共有サービスの利用",
            "external-service",
            "県が指定するサービスのため",
            "公開を前提とした情報に限る",
        ),
        (
            "災害訓練での支給外の機器の利用",
            "other",
            "訓練の参加機関の機器を使うため",
            "庁内のネットワークに接続しない",
        ),
        ("開票速報用の一時的な端末", "software", "開票日だけ使うため", "情報政策課の職員が立ち会う"),
        ("旧様式の媒体の読取り装置", "physical", "過年度の記録を読むため", "単独の端末で使い、接続しない"),
        ("共用の利用者IDの継続", "account", "受付番号の発券機の仕様のため", "使用者を当番表で特定する"),
    ];
    let sections = town.sections();
    for (index, unit) in sections.into_iter().enumerate().filter(|(index, _)| index % 5 == 2) {
        let (title, subject, reason, measure) =
            cases.get((index / 5) % cases.len()).copied().unwrap_or_default();
        let decided = town.ago(town_days(index, 20, 300));
        let applicant = town.head(&unit.id);
        if applicant == CISO {
            continue;
        }
        // Some end within weeks, one is over and not closed.
        let ends = match index % 4 {
            0 => town.ahead(12),
            1 => town.ahead(30),
            2 => town.ahead(100),
            _ => town.ago(9),
        }
        .min(later(decided, 360))
        .max(later(decided, 1));
        row!(town, "exceptions", {
            title: format!("{title}（{}）", unit.name_ja), unit: unit.id, applicant: applicant, applied_on: later(decided, -10),
            kind: "prior", rule_reference: "対策基準", subject: subject, reason: reason, scope: format!("{}の職員", unit.name_ja),
            class_c: "c2", risk: "不正な利用又は情報の漏えい", compensating_measure: measure, starts_on: later(decided, 1), ends_on: ends,
            decision: "permitted", decided_by: CISO, decided_on: decided, review_due_on: later(decided, 120), state: "active",
        });
    }
}

pub(super) fn services(town: &mut Town) {
    let list = [
        ("地図の閲覧サービス", "terms", "tool", "c1"),
        ("アンケート作成サービス", "terms", "saas", "c1"),
        ("図書の検索サービス", "terms", "tool", "c1"),
        ("動画の配信サービス", "terms", "saas", "c1"),
        ("電子契約サービス", "contract", "saas", "c2"),
        ("施設予約サービス", "contract", "saas", "c3c"),
        ("議会中継サービス", "contract", "saas", "c1"),
        ("安否確認サービス", "contract", "saas", "c3c"),
        ("給食の献立サービス", "terms", "tool", "c1"),
        ("翻訳サービス", "terms", "ai", "c1"),
        ("名刺管理サービス", "contract", "saas", "c2"),
        ("法令検索サービス", "contract", "saas", "c1"),
    ];
    for (index, unit) in town.sections().into_iter().take(36).enumerate() {
        let (name, kind, model, class) = list.get(index % list.len()).copied().unwrap_or_default();
        let permitted_by = town.head(&unit.id);
        let applicant = town.other(&unit.id, &[&permitted_by]);
        let permitted = town.ago(town_days(index, 30, 340));
        let vendor = vendor(town, "cloud", index);
        let bound = class != "c1";
        row!(town, "external-services", {
            name: format!("{name}（{}）", unit.name_ja), provider: vendor.ja, corporate_number: vendor.corporate_number, kind: kind,
            model: model, url: format!("https://service{index}.example/"), unit: unit.id, applicant: applicant, purpose: format!("{name}の利用"),
            zone: "internet", class_c: class, class_a: "a1", information: if bound { "利用者の登録情報" } else { "公開を前提とした情報" },
            personal_data: "いいえ", individual_numbers: "いいえ", registration: if bound { "ismap-liu" } else { "out-of-scope" },
            registration_number: if bound { format!("登録番号L26-{index:04}") } else { String::new() }, data_location: "japan",
            foreign_law_risk: "none", terms_checked_on: permitted, terms_risk: "利用目的を限り、登録する情報を最小にする。",
            responsibility: if bound { "基盤は提供者、利用者の権限は市が責任を持つ。" } else { "" }, multi_factor: yes(bound || index % 2 == 0),
            backup: "提供者が毎日取得", service_manager: applicant, account_count: index % 20 + 1, applied_on: later(permitted, -10),
            permitted_by: permitted_by, permitted_on: permitted, starts_on: permitted, review_due_on: later(permitted, 365),
            state: "using", existed_on_2027_07_01: yes(index % 2 == 0), exit_plan: if index % 8 == 5 { "" } else { "データを受け取り、消去の証明を受ける。" },
        });
    }
}

pub(super) fn social(town: &mut Town) {
    for (index, account) in town.seeds.social.clone().into_iter().enumerate() {
        if town.has("social-media", "account_name", &account.name) || town.unit(&account.unit).is_none() {
            continue;
        }
        let responsible = town.head(&account.unit);
        let checked = town.ago(town_days(index, 20, 150));
        row!(town, "social-media", {
            service: account.service, account_name: account.name, url: format!("https://{}.example/imari{index}", account.service),
            unit: account.unit, responsible: responsible, posters: "担当係長、担当者2名", purpose: account.purpose, audience: "市民",
            may_publish: "公表した市政情報", must_not_publish: "個人情報、未公表の情報", class_c: "c1", hours: "平日8時30分から17時15分まで",
            reply_rule: "none", procedure_place: format!("{} 運用手順", town.unit_name(&account.unit)), approval_of_posts: "はい",
            own_site_too: "はい", announced_on: "2020-04-01", announced_url: "https://www.city.imari.example/sns", verified_mark: "いいえ",
            multi_factor: yes(index % 5 != 3), password_changed_on: town.ago(120), terminal_rule: "広報用端末のみ",
            hijack_contact: "広報広聴課→情報政策課（統一的窓口）", permitted_on: "2020-03-15", started_on: "2020-04-01",
            last_posted_on: town.ago(account.last_post_days.max(1)), checked_on: checked, check_due_on: later(checked, 120), state: "active",
        });
    }
    let _ = keyed;
}
