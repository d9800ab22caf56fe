//! Areas, facilities, networks, lines, systems, information, terminals, software, documents, media and what is done
//! with them.

use std::collections::BTreeSet;

use super::people::town_days;
use super::seeds::{System, Unit};
use super::town::{ADMINISTRATOR, CHIEF, CISO, Town, later, row, yes};

/// Where a row stands in a class: its reason, when the class asks for one.
fn class_reason(class: &str) -> &'static str {
    match class {
        "c3a" | "c3b" => "住民の個人情報を扱うため",
        "c3c" => "公表を前提としない情報を扱うため",
        _ => "",
    }
}

/// The internet side holds nothing above 3C.
fn class_in(zone: &str, class: &str) -> String {
    if zone == "internet" && matches!(class, "c3a" | "c3b") { "c3c".to_owned() } else { class.to_owned() }
}

fn pick<'a>(words: &[&'a str], index: usize) -> &'a str {
    words.get(index.checked_rem(words.len()).unwrap_or(0)).copied().unwrap_or_default()
}

pub(super) fn areas(town: &mut Town) {
    for (index, room) in town.seeds.rooms.clone().into_iter().enumerate() {
        let kind = match room.kind.as_str() {
            "archive" => "archive",
            "server-room" => "server-room",
            "telecom" => "telecom",
            "operation" | "facility-room" => "operation",
            _ => continue,
        };
        let known = |row: &super::town::Row| {
            row.get("area_name").is_some_and(|name| room.ja.ends_with(name.as_str()))
        };
        if town.rows("controlled-areas").iter().any(known) || town.unit(&room.unit).is_none() {
            continue;
        }
        let head = town.head(&room.unit);
        let reviewed = town.ago(town_days(index, 20, 170));
        let building = room.ja.split(' ').next().unwrap_or("本庁舎").to_owned();
        let area = row!(town, "controlled-areas", {
            area_name: room.ja, area_kind: kind, unit: room.unit, responsible: head, building: building,
            floor_name: room.ja, class_c: if kind == "archive" { "c3b" } else { "c3c" }, entry_way: "lock、register",
            authorised: format!("{}の職員", town.unit_name(&room.unit)), authorised_reviewed_on: reviewed,
            review_due_on: later(reviewed, 180), key_keeper: head, visitor_rule: "身分を確認し、職員が同行する。",
            items_rule: "私物の媒体の持込みを禁止", sign_hidden: "はい", wall_floor: "はい", windows: "none",
            camera: yes(index % 2 == 0), camera_days: if index % 2 == 0 { "30" } else { "" },
            fire: if kind == "server-room" { "gas" } else { "extinguisher" }, quake: "はい", flood: "はい",
            inspected_on: reviewed, status: "in-use",
        });
        for (kind, name) in [("fire", "消火設備"), ("sensor", "漏水感知器"), ("entry", "施錠装置")]
        {
            let inspected = town.ago(town_days(index, 40, 330));
            row!(town, "facilities", {
                facility_name: format!("{} {name}", room.ja), facility_kind: kind, unit: room.unit, keeper: head,
                area: area, place: room.ja, maker: "玄海電機", serial: format!("GD-{kind}-{index:03}"),
                fixed: "はい", tamper_protected: "はい", class_a: "a1", installed_on: "2018-03-20",
                inspected_on: inspected, inspection_result: "good", inspection_due_on: later(inspected, 365),
                replace_due_on: town.ahead(900), status: "in-use",
            });
        }
    }
}

pub(super) fn networks(town: &mut Town) {
    let outlying: Vec<Unit> = town
        .sections()
        .into_iter()
        .filter(|unit| {
            matches!(
                unit.id.as_str(),
                "higashiyamashiro"
                    | "minamihata"
                    | "hoikuen"
                    | "toshokan"
                    | "sports"
                    | "kyushoku"
                    | "josuijo"
                    | "shori"
                    | "suido-koji"
                    | "gesuido"
                    | "shogai-gakushu"
            )
        })
        .collect();
    for (index, unit) in outlying.into_iter().enumerate() {
        let head = town.head(&unit.id);
        let reviewed = town.ago(town_days(index, 60, 330));
        let line = row!(town, "lines", {
            line_name: format!("{} 拠点回線", unit.name_ja), line_kind: "closed-vpn", zone: "lgwan",
            unit: "joho-seisaku", keeper: "100688", purpose: format!("{}と本庁舎の接続", unit.name_ja),
            provider: "西海通信株式会社", circuit_number: format!("SK-{:04}", 4000_usize.saturating_add(index)),
            end_a: "本庁舎 通信機器室", end_b: unit.name_ja, area: "ARE-0003", bandwidth: "100Mbps", guaranteed: "いいえ",
            outside: "はい", encrypted: "はい", encryption_way: "IPsec", tap_protected: "はい", class_a: "a1",
            monthly_cost: "38500", approved_on: "2021-03-19", opened_on: "2021-04-01", reviewed_on: reviewed,
            review_due_on: later(reviewed, 365),
        });
        row!(town, "networks", {
            network_name: format!("{} LAN", unit.name_ja), network_kind: "lan", zone: "lgwan", unit: unit.id,
            network_manager: head, addresses: format!("10.20.{}.0/24", index.saturating_add(64)),
            vlan: index.saturating_add(200), place: unit.name_ja, connects_to: "NET-0002", used_lines: line,
            separation: "NET-0002の一部として境界で許可した通信だけを通す", external: "いいえ", monitored: "city",
            device_check: "はい", class_c: "c2", class_i: "i1", class_a: "a1", reviewed_on: reviewed,
            review_due_on: later(reviewed, 365),
        });
    }
}

/// Names under which the samples already have a system of the seeds.
const SAME: [(&str, &str); 5] = [
    ("税務総合システム", "税務システム"),
    ("グループウェア", "庁内グループウェア"),
    ("庁外メール", "インターネットメール"),
    ("校務支援システム", "学校校務支援システム"),
    ("防災情報伝達システム", "防災情報システム"),
];

pub(super) fn systems(town: &mut Town) {
    for (index, system) in town.seeds.systems.clone().into_iter().enumerate() {
        let known = SAME.iter().find(|(seed, _)| *seed == system.ja).map_or(system.ja.as_str(), |(_, s)| *s);
        if town.has("systems", "system_name", known) {
            continue;
        }
        self::system(town, &system, index);
    }
}

fn system(town: &mut Town, system: &System, index: usize) {
    let unit = town.unit_or(&system.unit, "joho-seisaku");
    let body = town.unit(&unit).map(|unit| unit.body.clone()).unwrap_or_default();
    let head = town.head(&unit);
    let operator = town.other(&unit, &[&head]);
    let class = class_in(&system.zone, &system.class_c);
    let personal = matches!(class.as_str(), "c3a" | "c3b");
    let classified = town.ago(town_days(index, 200, 900));
    let reviewed = town.ago(town_days(index, 30, 300));
    let information = row!(town, "information", {
        asset_name: format!("{}のデータ", system.ja), work: system.ja.replace("システム", ""), unit: unit, body: body,
        responsible: head, registered_on: classified, outline: format!("{}に記録した情報", system.ja),
        medium_form: "electronic", zone: system.zone, place: system.ja, origin: "made",
        user_scope: format!("{}の職員", town.unit_name(&unit)), personal_info: yes(personal),
        specific_personal: yes(system.individual_numbers && personal),
        persons: if personal { town.chance.between(8, 520).saturating_mul(100).to_string() } else { String::new() },
        class_c: class, class_i: system.class_i, class_a: system.class_a, classified_on: classified,
        class_reason: class_reason(&class), labelled: yes(class != "c1"), backup: "daily", keep_period: "5",
        review_on: reviewed, review_due_on: later(reviewed, 365), status: "living",
    });
    let started = town.ago(town_days(index, 400, 2600));
    let (hosting, place) = match (system.zone.as_str(), index % 3) {
        ("mynumber", _) => ("gov-cloud", "ガバメントクラウド（東日本）"),
        ("internet", _) => ("cloud", "クラウドサービス（国内）"),
        (_, 0) => ("lgwan-asp", "LGWAN-ASP"),
        _ => ("on-premises", "本庁舎2階 情報システム室"),
    };
    let network = match system.zone.as_str() {
        "mynumber" => "NET-0001",
        "internet" => "NET-0003",
        _ => "NET-0002",
    };
    // Some have run out of support, some were never restored, some have no class: what a year's work finds.
    let support = if index % 19 == 7 { town.ago(40) } else { town.ahead(town_days(index, 200, 1500)) };
    let unclassified = index % 23 == 11;
    let shown = |text: &str| if unclassified { String::new() } else { text.to_owned() };
    row!(town, "systems", {
        system_name: system.ja, purpose: format!("{}の事務", system.ja.replace("システム", "")), unit: unit,
        system_manager: head, operator: operator, standardised: yes(system.zone == "mynumber"), status: "running",
        zone: system.zone, hosting: hosting, place: place, area: if hosting == "on-premises" { "ARE-0001" } else { "" },
        networks: network, contents: if unclassified { String::new() } else { information },
        holds_specific_personal: yes(system.individual_numbers && personal),
        pia: if system.individual_numbers && personal { pick(&["basic", "focused", "full"], index) } else { "" },
        pia_on: if system.individual_numbers && personal { later(classified, 30).to_string() } else { String::new() },
        class_c: shown(&class), class_i: shown(&system.class_i), class_a: shown(&system.class_a),
        classified_on: shown(&classified.to_string()), class_reason: shown(class_reason(&class)),
        rto_hours: if system.class_a == "a2" { 24 } else { 72 }, rpo_hours: 24,
        backup: if hosting == "on-premises" { "daily" } else { "provider" }, backup_offline: yes(index % 7 != 3),
        restored_on: if index % 5 == 4 { String::new() } else { town.ago(town_days(index, 60, 340)).to_string() },
        factors: if system.zone == "mynumber" { "knowledge、inherence" } else { "knowledge、possession" },
        log_months: if system.zone == "mynumber" { 60 } else { 12 }, log_reviewed: "monthly",
        support_end_on: support, vendor: vendor_of(town, index), existed_on_2027_07_01: "はい",
        started_on: started, inventory_on: reviewed, inventory_due_on: later(reviewed, 365),
    });
}

fn vendor_of(town: &Town, index: usize) -> String {
    let makers: Vec<&super::seeds::Vendor> = town
        .seeds
        .vendors
        .iter()
        .filter(|vendor| vendor.kinds.iter().any(|kind| kind == "operation" || kind == "development"))
        .collect();
    let count = makers.len();
    makers.get(index.checked_rem(count).unwrap_or(0)).map(|vendor| vendor.ja.clone()).unwrap_or_default()
}

/// Papers and files of each section.
pub(super) fn information(town: &mut Town) {
    let kinds = [
        ("決裁文書", "文書管理", "electronic", "c2", "5"),
        ("相談記録（紙）", "相談", "paper", "c3b", "5"),
        ("住民からの申請書（紙）", "申請の受付", "paper", "c3b", "5"),
        ("契約関係書類（紙）", "契約", "paper", "c2", "5"),
        ("統計・調査の集計表", "統計", "electronic", "c2", "3"),
        ("会議資料", "庶務", "electronic", "c1", "3"),
    ];
    for (index, unit) in town.sections().into_iter().enumerate() {
        let head = town.head(&unit.id);
        for turn in 0..3 {
            let (name, work, form, class, keep) =
                kinds.get((index.saturating_add(turn * 2)) % kinds.len()).copied().unwrap_or_default();
            let paper = form == "paper";
            let registered = town.ago(town_days(index.saturating_add(turn * 11), 90, 1200));
            let reviewed = town.ago(town_days(index.saturating_add(turn * 7), 20, 380));
            let personal = class == "c3b";
            row!(town, "information", {
                asset_name: format!("{} {name}", unit.name_ja), work: work, unit: unit.id, body: unit.body,
                responsible: head, registered_on: registered, outline: format!("{work}に関する{name}"),
                medium_form: form, zone: if paper { "" } else { "lgwan" },
                place: if paper { format!("{} 施錠書庫", unit.name_ja) } else { format!("ファイルサーバ {}", unit.name_ja) },
                origin: if personal { "outside" } else { "made" }, origin_from: if personal { "住民" } else { "" },
                user_scope: format!("{}の職員", unit.name_ja), personal_info: yes(personal), specific_personal: "いいえ",
                persons: if personal { town.chance.between(3, 90).saturating_mul(10).to_string() } else { String::new() },
                class_c: class, class_i: "i1", class_a: "a1", classified_on: registered, class_reason: class_reason(class),
                labelled: yes(class != "c1"), backup: if paper { "" } else { "daily" },
                locked: if paper { "はい" } else { "" }, keep_period: keep,
                disposal_due_on: if paper { town.ahead(town_days(index, -40, 1400)).to_string() } else { String::new() },
                review_on: reviewed, review_due_on: later(reviewed, 365), status: "living",
            });
        }
    }
}

pub(super) fn terminals(town: &mut Town) {
    let used: BTreeSet<String> =
        town.rows("terminals").iter().filter_map(|r| r.get("used_by").cloned()).collect();
    let people: Vec<(String, String, bool)> = town
        .staff
        .iter()
        .filter(|member| member.left.is_none() && !used.contains(&member.number))
        .map(|member| (member.number.clone(), member.unit.clone(), member.handles))
        .collect();
    for (index, (person, unit, handles)) in people.into_iter().enumerate() {
        let mynumber = handles && index % 2 == 0;
        let internet = !mynumber && index % 29 == 3;
        let (zone, network, third) = if mynumber {
            ("mynumber", "NET-0001", 30)
        } else if internet {
            ("internet", "NET-0003", 10)
        } else {
            ("lgwan", "NET-0002", 20)
        };
        let keeper = town.head(&unit);
        let (high, low) = (index / 200, index % 200);
        let bought = town.ago(town_days(index, 200, 1700));
        let notebook = !mynumber && index % 3 != 0;
        let mobile = notebook && index % 8 == 1;
        let spare = index % 71 == 70;
        let repair = index % 131 == 100;
        let short: String = unit.to_uppercase().replace('-', "").chars().take(8).collect();
        row!(town, "terminals", {
            host_name: format!("{short}-{index:04}"), terminal_kind: if notebook { "notebook" } else { "desktop" },
            asset_tag: format!("B-{:05}", 20_000_usize.saturating_add(index)), maker: "北斗電算",
            model: if notebook { "NB-14" } else { "HD-700" }, serial: format!("HK{:05}", 50_000_usize.saturating_add(index)),
            supplied: if index % 4 == 0 { "lease" } else { "city" }, unit: unit, used_by: if spare { String::new() } else { person },
            keeper: keeper, place: format!("{} 執務室", town.unit_name(&unit)), zone: zone,
            mac_address: format!("02:00:5e:{third:02x}:{high:02x}:{low:02x}"),
            ip_address: format!("10.{third}.{}.{}", high.saturating_add(100), low.saturating_add(20)), network: network,
            os_name: "デスクトップOS Pro 24H2", os_support_end_on: if index % 83 == 20 { town.ago(30) } else { town.ahead(330) },
            class_c: if mynumber { "c3b" } else if internet { "c2" } else { "c3c" }, mobile: yes(mobile),
            usb_write_disabled: if mynumber && index % 37 == 10 { "" } else { "はい" },
            factors: if mynumber { "knowledge、inherence" } else { "knowledge" }, disk_encrypted: yes(index % 89 != 50),
            antimalware: "はい", screen_lock_minutes: if mynumber { 5 } else { 10 }, remote_wipe: yes(mobile),
            wire_lock: yes(index % 61 != 30), default_password_changed: "はい",
            evidence_on: town.ago(town_days(index, 10, 190)), evidence_by: ADMINISTRATOR,
            last_seen_on: town.ago(town_days(index, 0, if index % 97 == 9 { 300 } else { 6 })), posture_source: "資産管理サーバ",
            patched_on: town.ago(town_days(index, 3, 25)), definitions_on: town.ago(town_days(index, 0, 4)),
            posture: if index % 43 == 11 { "partial" } else { "good" }, bought_on: bought,
            lease_period: if index % 4 == 0 { format!("{bought}～{}", later(bought, 1825)) } else { String::new() },
            status: if repair { "repair" } else if spare { "spare" } else { "in-use" },
            repair_data: if repair { "nda" } else { "" },
        });
    }
}

pub(super) fn software(town: &mut Town) {
    let list = [
        ("圧縮・展開ツール", "7", "tool", "個人開発者", "free"),
        ("PDF閲覧ソフト", "2025", "tool", "南洋ソフト株式会社", "free"),
        ("地図閲覧ソフト", "5", "business", "有明ソフト株式会社", "device"),
        ("CADソフト", "2026", "business", "北海ソフト株式会社", "named"),
        ("積算ソフト", "12", "business", "肥前システムサービス株式会社", "device"),
        ("資産管理エージェント", "9", "security", "多良岳セキュリティ株式会社", "volume"),
        ("画面転送ソフト", "4", "security", "多良岳セキュリティ株式会社", "subscription"),
        ("写真整理ソフト", "3", "tool", "南洋ソフト株式会社", "free"),
        ("会議録作成支援ソフト", "2", "business", "黒髪山ソフト株式会社", "subscription"),
        ("デザインソフト", "2026", "business", "北海ソフト株式会社", "named"),
        ("データベース管理システム", "16", "database", "公開ソフトウェア財団", "open-source"),
        ("サーバーOS", "2025", "os", "北海ソフト株式会社", "volume"),
        ("Webサーバー", "2.4", "middleware", "公開ソフトウェア財団", "open-source"),
        ("ブラウザー", "142", "browser", "公開ソフトウェア財団", "free"),
        ("点字印刷ソフト", "6", "business", "黒髪山ソフト株式会社", "device"),
        ("図書館管理クライアント", "8", "business", "有明ソフト株式会社", "device"),
    ];
    for (index, (name, edition, kind, maker, licence)) in list.into_iter().enumerate() {
        let free = matches!(licence, "free" | "open-source");
        let licences = town.chance.between(5, 120);
        let updated = town.ago(town_days(index, 10, 200));
        row!(town, "software", {
            software_name: name, edition: edition, software_kind: kind, maker: maker, unit: "joho-seisaku",
            keeper: ADMINISTRATOR, purpose: format!("{name}の利用"), zones: "lgwan", licence_kind: licence,
            licences: if free { String::new() } else { licences.to_string() },
            installed: if index % 9 == 4 { licences.saturating_add(3) } else { licences.saturating_sub(2) },
            licence_ends_on: if licence == "subscription" { town.march().to_string() } else { String::new() },
            approved: if index % 13 == 12 { "requested" } else { "approved" },
            approved_by: if index % 13 == 12 { "" } else { CHIEF },
            approved_on: if index % 13 == 12 { String::new() } else { town.ago(400).to_string() },
            support_end_on: town.ahead(town_days(index, -30, 1400)), update_way: "central", updated_on: updated,
            status: "in-use",
        });
    }
}

pub(super) fn documents(town: &mut Town) {
    let systems: Vec<(String, String, String)> = keyed(town, "systems", "system_name");
    for (index, (system, name, unit)) in systems.into_iter().enumerate() {
        for (turn, (kind, word)) in
            [("specification", "仕様書"), ("operation", "運用手順書")].into_iter().enumerate()
        {
            let revised = town.ago(town_days(index.saturating_add(turn * 5), 60, 900));
            let reviewed = town.after(revised, 120);
            let custodian = town.head(&unit);
            row!(town, "system-documents", {
                document_name: format!("{name} {word}"), document_kind: kind, edition: format!("{}.{turn}", index % 5 + 1),
                revised_on: revised, unit: unit, custodian: custodian, system: system, medium_form: "electronic",
                zone: "lgwan", place: format!("ファイルサーバ {}", town.unit_name(&unit)), locked: "はい", copies: 0,
                class_c: if kind == "operation" { "c3c" } else { "c2" }, class_reason: "運用の方法を含むため",
                readers: format!("{}、情報政策課", town.unit_name(&unit)), reviewed_on: reviewed,
                review_due_on: later(reviewed, 365), status: "current",
            });
        }
    }
}

/// (key, a field, unit) of every row.
pub(super) fn keyed(town: &Town, register: &str, field: &str) -> Vec<(String, String, String)> {
    town.rows(register)
        .iter()
        .filter_map(|row| {
            Some((row.get("number")?.clone(), row.get(field)?.clone(), row.get("unit")?.clone()))
        })
        .collect()
}

pub(super) fn media(town: &mut Town) {
    for (index, unit) in town.sections().into_iter().enumerate() {
        let keeper = town.head(&unit.id);
        for (turn, (kind, name, capacity)) in
            [("usb", "USBメモリ", "32GB"), ("ext-hdd", "外付けハードディスク", "2TB")].into_iter().enumerate()
        {
            if kind == "ext-hdd" && index % 3 != 0 {
                continue;
            }
            let bought = town.ago(town_days(index, 200, 1500));
            let counted = town.ago(town_days(index.saturating_add(turn), 10, 200));
            row!(town, "media", {
                media_name: format!("{} {name}", unit.name_ja), media_kind: kind, maker: "玄海電機 SecureDrive",
                serial: format!("SD{turn}{:05}", 7_000_usize.saturating_add(index)), capacity: capacity, unit: unit.id,
                keeper: keeper, zone: "lgwan", place: format!("{} 施錠保管庫", unit.name_ja), locked: "はい",
                class_c: "c3c", class_reason: "内部の資料を扱うため", labelled: yes(index % 21 != 13), encryption: "hardware",
                malware_guard: "はい", device_registered: "はい", bought_on: bought, inventory_on: counted,
                inventory_due_on: later(counted, 180), status: "stored",
            });
        }
    }
}

pub(super) fn loans(town: &mut Town) {
    let sticks: Vec<(String, String, String)> = town
        .rows("media")
        .iter()
        .filter(|row| {
            row.get("media_kind").is_some_and(|k| k == "usb")
                && row.get("class_c").is_some_and(|c| c == "c3c")
        })
        .filter_map(|row| {
            Some((row.get("number")?.clone(), row.get("unit")?.clone(), row.get("keeper")?.clone()))
        })
        .collect();
    let purposes = [
        "庁舎間の会議資料の受渡し",
        "印刷業者への原稿の引渡し",
        "研修資料の持込み",
        "現地調査の写真の取込み",
        "国への報告データの作成",
    ];
    for turn in 0..3_usize {
        for (index, (media, unit, _)) in sticks.clone().into_iter().enumerate() {
            let at = index.saturating_add(turn.saturating_mul(53));
            if at % 5 == 4 {
                continue;
            }
            let lender = town.head(&unit);
            let borrower = town.other(&unit, &[&lender]);
            let lent = town.ago(town_days(at, 4, 400));
            let due = later(lent, 5);
            let back = town.after(lent, town_days(at, 1, 5));
            let open = at % 37 == 1;
            row!(town, "usb-loans", {
                media: media, unit: unit, borrower: borrower, zone: "lgwan", purpose: pick(&purposes, at),
                outline: format!("{} {}件", pick(&["会議資料", "原稿", "写真", "集計表"], at), at % 30 + 1), class_c: "c2",
                take_outside: "いいえ", lent_on: lent, due_on: due, lent_by: lender, encrypted: "はい", checked_before: "はい",
                returned_on: if open { String::new() } else { back.to_string() },
                received_by: if open { String::new() } else { lender.clone() },
                checked_after: if open { "" } else { "はい" }, erased: if open { "" } else { "はい" },
                erased_on: if open { String::new() } else { back.to_string() }, condition: if open { "" } else { "good" },
            });
        }
    }
}

pub(super) fn carry_outs(town: &mut Town) {
    let purposes = ["家庭訪問", "税の訪問徴収", "現地調査", "県庁での会議", "学校訪問", "災害時の巡回"];
    for (index, unit) in town.sections().into_iter().cycle().take(90).enumerate() {
        let receiver = town.head(&unit.id);
        let carrier = town.other(&unit.id, &[&receiver]);
        let leave = town.ago(town_days(index, 2, 400));
        let paper = index % 2 == 0;
        let personal = index % 3 == 0;
        let open = index % 31 == 5;
        row!(town, "carry-outs", {
            carry_kind: if paper { "paper" } else { "transport" }, unit: unit.id, carrier: carrier, zone: "lgwan",
            purpose: pick(&purposes, index), outline: format!("{}の資料 {}件", pick(&purposes, index), index % 12 + 1),
            class_c: if personal { "c3b" } else { "c2" }, persons: if personal { (index % 12 + 1).to_string() } else { String::new() },
            destination: pick(&["市内（二里町）", "市内（山代町）", "佐賀県庁", "市内（大坪町）", "市内の小学校"], index),
            transport: "official-car", stopover: "いいえ", encryption: "file", locked_case: "はい", leave_on: leave, due_on: leave,
            returned_on: if open { String::new() } else { leave.to_string() },
            received_by: if open { String::new() } else { receiver },
            erased: if open { "" } else { "はい" }, checked_after: if open { "" } else { "はい" },
            result: if open { "" } else { "returned" },
        });
    }
}

pub(super) fn disposals(town: &mut Town) {
    for (index, unit) in town.sections().into_iter().enumerate().filter(|(index, _)| index % 2 == 0) {
        let witness = town.head(&unit.id);
        let applicant = town.other(&unit.id, &[&witness]);
        let planned = town.ago(town_days(index, 20, 500));
        let disk = index % 4 == 0;
        row!(town, "disposals", {
            item_name: if disk { format!("{} 更新前の端末の内蔵SSD", unit.name_ja) } else { format!("{} 保存期間の満了した簿冊", unit.name_ja) },
            unit: unit.id, applicant: applicant, reason: if disk { "lease-return" } else { "period-over" },
            media_kind: if disk { "ssd" } else { "paper" }, quantity: index % 20 + 1, serials: format!("箱・機器番号 {index:03}"),
            zone: if disk { "lgwan" } else { "" }, resident_data: "いいえ", class_c: if disk { "c3c" } else { "c2" },
            method: if disk { "destroy-chip" } else { "dissolve-paper" }, reusable: "いいえ", site: "contractor",
            planned_on: planned, transport: "施錠した車両に職員が同行", contractor: "有明リサイクル株式会社",
            done_at: format!("{planned}T10:30"), done_by_outside: "大坪　剛", witness: witness, witness_way: "present",
            verified: "sight", outcome: "done", certificate_number: format!("AR-{index:04}"),
            certificate_on: town.after(planned, 3), serials_matched: "はい", register_updated: if disk { "はい" } else { "" },
        });
    }
}

pub(super) fn movements(town: &mut Town) {
    let visitors = [
        ("堤　浩一", "肥前システムサービス株式会社", "maintenance", "サーバの点検"),
        ("原　慎吾", "伊万里ネットワーク株式会社", "maintenance", "通信機器の点検"),
        ("野口　豊", "肥前運輸株式会社", "installation", "機器の据付け"),
        ("吉富　進", "玄海電機株式会社", "inspection", "空調・電源の点検"),
        ("武富　真", "有明ソフト株式会社", "maintenance", "ソフトウェアの更新"),
    ];
    for index in 0..360_usize {
        let day = town.ago(town_days(index, 1, 360));
        let hour = index % 8 + 8;
        let staff = index % 3 == 0;
        let (name, company, purpose, detail) =
            visitors.get(index % visitors.len()).copied().unwrap_or_default();
        let area = if index % 4 == 0 { "ARE-0003" } else { "ARE-0001" };
        let (left, label) = (index % 91 != 7, town.name(ADMINISTRATOR));
        row!(town, "area-entries", {
            area: area, unit: "joho-seisaku", entry_kind: if staff { "staff" } else { "contractor" },
            visitor_label: if staff { label } else { name.to_owned() },
            visitor_organisation: if staff { "" } else { company }, head_count: if staff { 1 } else { index % 2 + 1 },
            staff_person: if staff { ADMINISTRATOR } else { "" }, entry_purpose: if staff { "operation" } else { purpose },
            purpose_detail: if staff { "バックアップ媒体の交換" } else { detail },
            identification: if staff { "staff-card" } else { "contract-list" },
            identified_by: if staff { "" } else { "100688" }, escort: if staff { "" } else { "100699" },
            badge: if staff { String::new() } else { format!("V-{:02}", index % 12 + 1) },
            items_in: if staff { "" } else { "保守用パソコン1台" }, items_permitted_by: if staff { "" } else { CHIEF },
            entered_at: format!("{day}T{hour:02}:10"), left_at: if left { format!("{day}T{:02}:05", hour.saturating_add(1)) } else { String::new() },
            items_checked: if left && !staff { "はい" } else { "" }, badge_returned: if left && !staff { "はい" } else { "" },
        });
    }
    for index in 0..36_usize {
        let day = town.ago(town_days(index, 5, 360));
        row!(town, "deliveries", {
            area: "ARE-0001", unit: "joho-seisaku", way: "in", delivered_at: format!("{day}T10:00"),
            item_name: pick(&["増設ディスク装置", "無停電電源装置の電池", "ネットワークスイッチ", "端末", "コピー用紙"], index),
            quantity: index % 5 + 1, serials: format!("DS-{:05}", 90_000_usize.saturating_add(index)),
            reason: pick(&["new", "replace", "new", "replace", "material"], index), carrier: "肥前運輸株式会社",
            carrier_person: "野口　豊", identification: "company-card", attended_by: ADMINISTRATOR, order_checked: "はい",
            impact_checked: "はい", malware_checked: yes(index % 9 != 4),
        });
    }
}

pub(super) fn communications(town: &mut Town) {
    let systems: Vec<(String, String, String)> = town
        .rows("systems")
        .iter()
        .filter(|row| {
            row.get("zone").is_some_and(|zone| zone == "mynumber")
                && row.get("status").is_some_and(|s| s == "running")
        })
        .filter_map(|row| {
            Some((row.get("number")?.clone(), row.get("system_name")?.clone(), row.get("unit")?.clone()))
        })
        .collect();
    let april = town.april();
    for (index, (system, name, unit)) in systems.into_iter().enumerate() {
        let communication = format!("{name} 利用の通信");
        let responsible = town.head(&unit);
        if responsible == CISO {
            continue;
        }
        let verified = town.ago(town_days(index, 20, 200));
        row!(town, "specific-communications", {
            communication_name: communication, zone: "mynumber", peer_zone: "outside-closed", unit: unit,
            responsible: responsible, system: system, purpose: format!("{name}の利用"),
            legal_basis: "地方公共団体情報システムの標準化に関する法律", source_mac: "02:00:5e:30:00:01",
            source_ip: format!("10.30.{}.0/24", index.saturating_add(30)), peer_name: format!("ガバメントクラウド {name}"),
            peer_mac: "02:00:5e:30:00:fe", peer_ip: format!("10.200.{}.0/24", index.saturating_add(60)), direction: "out",
            protocol: "tcp", port: 443, application: "HTTPS", encrypted: "はい", firewall_rule: format!("FW-K-{:03}", index.saturating_add(100)),
            class_c: "c3b", valid_period: format!("{april}～{}", later(april, 364)), permit_number: format!("伊情政第{}号", index.saturating_add(60)),
            permitted_on: later(april, -7), permitted_by: CISO, verified_on: verified, verified_by: ADMINISTRATOR, status: "in-use",
        });
    }
}
