//! The journey: who does what, what must come of it, and whether it did.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use sekisho_checkpoint::Checkpoint;
use sekisho_disarm::{Format, Limits};
use sekisho_ledger::Receipt;
use sekisho_policy::Lang;
use sekisho_store::Store;
use sekisho_worker::Sandbox;

use crate::demo::browser::{Answer, Browser};
use crate::demo::city::Cast;
use crate::failure::Failure;
use crate::say;

const ANSWER: &[u8] = include_bytes!("../../demo/answer.docm");
const NOTICE: &[u8] = include_bytes!("../../demo/notice.pdf");
const SITE: &[u8] = include_bytes!("../../demo/site.jpg");
const ESTIMATE: &[u8] = include_bytes!("../../demo/estimate.zip");

/// Where the play takes place.
pub(crate) struct Scene {
    pub(crate) origins: Vec<(String, String)>,
    pub(crate) store: Store,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) sandbox: Sandbox,
    pub(crate) keep_receipt: Option<PathBuf>,
    pub(crate) lang: Lang,
}

/// Prints each step and remembers whether all came out as they must.
struct Stage {
    lang: Lang,
    failed: u32,
}

impl Stage {
    fn tell(&self, who: &str, ja: &str, en: &str) {
        println!("\n【{who}】{}", say(self.lang, ja, en));
    }

    fn note(&self, text: &str) {
        println!("    {text}");
    }

    fn expect(&mut self, holds: bool, ja: &str, en: &str) {
        println!("  {} {}", if holds { "✓" } else { "✗" }, say(self.lang, ja, en));
        if !holds {
            self.failed = self.failed.saturating_add(1);
        }
    }
}

pub(crate) fn play(scene: &Scene, cast: Cast) -> Result<(), Failure> {
    let mut stage = Stage { lang: scene.lang, failed: 0 };
    let (mut yamada, mut suzuki) = (cast.member("yamada")?, cast.member("suzuki")?);
    let internet_origin = scene.origin("internet")?;
    wait_for(internet_origin)?;

    stage.tell(
        &yamada.name,
        "インターネット接続系でサインインし、4つのファイルをLGWAN接続系へ送ります。",
        "signs in on the Internet side and sends four files to the LGWAN side.",
    );
    let mut outside = Browser::new(internet_origin);
    outside.sign_in(&mut yamada)?;
    let files: [(&str, &[u8]); 4] = [
        ("照会への回答.docm", ANSWER),
        ("説明会のお知らせ.pdf", NOTICE),
        ("現地写真.jpg", SITE),
        ("見積書.zip", ESTIMATE),
    ];
    let sent = outside
        .upload(&[("conduit", "import"), ("purpose", "県からの照会への回答と資料の取込み")], &files)?;
    stage.expect(sent.status == 303, "受け付けられた", "accepted");
    let id = transfer_id(&sent)?;
    stage.note(&id);
    let again = outside
        .upload(&[("conduit", "import"), ("purpose", "二重送信")], &[("照会への回答.docm", ANSWER)])?;
    stage.expect(
        again.status == 409,
        "同じファイルの二重送信は断られた",
        "the same file a second time was refused",
    );

    let state = settle(&mut outside, &id, "disarming")?;
    stage.tell(
        say(scene.lang, "関所", "Sekisho"),
        "無害化と検証を終えました。",
        "has disarmed and verified.",
    );
    show_files(&stage, &state);
    stage.expect(state_of(&state) == "awaiting", "承認待ちになった", "the transfer awaits approval");
    check_removed(&mut stage, &state);

    stage.tell(
        &yamada.name,
        "まだ承認されていないファイルを受け取ろうとし、自分で承認しようとします。",
        "tries to receive before approval, and to approve it herself.",
    );
    let first = file_ids(&state).into_iter().next().unwrap_or_default();
    let early = outside.get(&format!("/transfers/{id}/files/{first}"))?;
    stage.expect(
        early.status == 409 || early.status == 403,
        "承認前は受け取れない",
        "nothing is received before approval",
    );
    let csrf = outside.get("/transfers")?.hidden("csrf")?;
    let own = outside.post_form(
        &format!("/transfers/{id}/decision"),
        &[("csrf", &csrf), ("digest", ""), ("decision", "approve")],
    )?;
    stage.expect(own.status == 403, "自分の申請は承認できない", "she can't approve her own request");
    let forged = outside.post_form(&format!("/transfers/{id}/withdraw"), &[("csrf", "forged")])?;
    stage.expect(forged.status == 403, "偽の操作（CSRF）は拒否された", "a forged form was refused");

    stage.tell(
        &yamada.name,
        "マイナンバー利用事務系へ送ろうとします。",
        "tries to send to the My Number zone.",
    );
    let denied = outside.upload(&[("to", "mynumber"), ("purpose", "試し")], &[("現地写真.jpg", SITE)])?;
    stage.expect(denied.status == 403, "拒否され、理由が示された", "refused, with the reason");
    let events = scene.store.events(
        0,
        1_000,
        &sekisho_store::EventFilter { kind_prefix: Some("transfer.denied".to_owned()), subject: None },
    )?;
    stage.expect(events.len() == 1, "試みは台帳に記録された", "the attempt is in the ledger");

    stage.tell(
        &suzuki.name,
        "LGWAN接続系で内容を確認し、本人確認のうえ承認します。",
        "looks at it on the LGWAN side, confirms with a second factor and approves.",
    );
    let mut manager = Browser::new(scene.origin("lgwan")?);
    manager.sign_in(&mut suzuki)?;
    let list = manager.get("/approvals")?;
    stage.expect(list.text().contains(&id), "承認待ちの一覧にある", "it is on the list of approvals");
    manager.step_up(&mut suzuki)?;
    let page = manager.get(&format!("/transfers/{id}"))?;
    stage.expect(
        page.text().contains("地域福祉計画"),
        "無害化後の文書の内容を画面で確認できる",
        "the disarmed content can be read on the page",
    );
    let (csrf, digest) = (page.hidden("csrf")?, page.hidden("digest")?);
    let approved = manager.post_form(
        &format!("/transfers/{id}/decision"),
        &[("csrf", &csrf), ("digest", &digest), ("decision", "approve"), ("comment", "内容を確認しました。")],
    )?;
    stage.expect(approved.status == 303, "承認された", "approved");

    stage.tell(&yamada.name, "LGWAN接続系で受け取ります。", "receives it on the LGWAN side.");
    let wrong_zone = outside.get(&format!("/transfers/{id}/files/{first}"))?;
    stage.expect(
        wrong_zone.status == 403,
        "インターネット接続系では受け取れない",
        "it can't be received on the Internet side",
    );
    let mut inside = Browser::new(scene.origin("lgwan")?);
    inside.sign_in(&mut yamada)?;
    let state = inside.get(&format!("/transfers/{id}/state"))?.json()?;
    receive(scene, &mut stage, &mut inside, &id, &state)?;
    prove(scene, &mut stage, &mut inside, &id)?;

    println!();
    if stage.failed == 0 {
        println!("{}", say(scene.lang, "すべて期待どおりでした。", "Everything came out as it must."));
        Ok(())
    } else {
        Err(Failure::refused(match scene.lang {
            Lang::Ja => format!("期待と異なる結果が{}件ありました", stage.failed),
            Lang::En => format!("{} outcomes were not as they must be", stage.failed),
        }))
    }
}

impl Scene {
    fn origin(&self, zone: &str) -> Result<&str, Failure> {
        let found = self.origins.iter().find(|(id, _)| id == zone);
        found.map(|(_, origin)| origin.as_str()).ok_or_else(|| Failure::refused(format!("no zone `{zone}`")))
    }
}

/// Waits until the listener answers.
fn wait_for(origin: &str) -> Result<(), Failure> {
    let started = Instant::now();
    loop {
        match Browser::new(origin).get("/login") {
            Ok(answer) if answer.status == 200 => return Ok(()),
            outcome if started.elapsed() > Duration::from_secs(20) => {
                return Err(outcome.err().unwrap_or_else(|| Failure::refused("the server does not answer")));
            }
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn transfer_id(answer: &Answer) -> Result<String, Failure> {
    let id = answer.location.strip_prefix("/transfers/").and_then(|rest| rest.split('?').next());
    id.map(ToOwned::to_owned)
        .ok_or_else(|| Failure::refused(format!("not accepted: status {}\n{}", answer.status, answer.text())))
}

/// Asks until the transfer has left the states in which it is worked on.
fn settle(browser: &mut Browser, id: &str, working: &str) -> Result<Json, Failure> {
    let started = Instant::now();
    loop {
        let state = browser.get(&format!("/transfers/{id}/state"))?.json()?;
        if state_of(&state) != "received" && state_of(&state) != working {
            return Ok(state);
        }
        if started.elapsed() > Duration::from_secs(60) {
            return Err(Failure::refused(format!("no outcome after a minute: {state}")));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn state_of(state: &Json) -> &str {
    state.get("state").and_then(Json::as_str).unwrap_or_default()
}

fn files(state: &Json) -> &[Json] {
    state.get("files").and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn file_ids(state: &Json) -> Vec<String> {
    files(state).iter().map(|file| text(file, "id").to_owned()).collect()
}

fn show_files(stage: &Stage, state: &Json) {
    for file in files(state) {
        stage.note(&format!("{}: {}", text(file, "name"), text(file, "state")));
        for removed in file.get("removed").and_then(Json::as_array).unwrap_or(&Vec::new()) {
            let sentence = sekisho_disarm::explain(text(removed, "what"))
                .map_or("", |row| say(stage.lang, row.ja, row.en));
            stage.note(&format!("  − {sentence} [{}]", text(removed, "where")));
        }
        if let Some(refusal) = file.get("refusal").filter(|refusal| !refusal.is_null()) {
            let (reason, hint) = match stage.lang {
                Lang::Ja => (text(refusal, "reason_ja"), text(refusal, "hint_ja")),
                Lang::En => (text(refusal, "reason_en"), text(refusal, "hint_en")),
            };
            stage.note(&format!("  × {reason} {hint}"));
        }
    }
}

fn check_removed(stage: &mut Stage, state: &Json) {
    let removed = |position: usize, code: &str| {
        let list = files(state).get(position).and_then(|file| file.get("removed")).and_then(Json::as_array);
        list.is_some_and(|list| list.iter().any(|entry| text(entry, "what") == code))
    };
    stage.expect(
        removed(0, "vba-macro"),
        "Word文書からマクロが取り除かれた",
        "the macro was removed from the Word document",
    );
    stage.expect(
        removed(1, "script") || removed(1, "action"),
        "PDFからスクリプトが取り除かれた",
        "the script was removed from the PDF",
    );
    stage.expect(
        removed(2, "metadata"),
        "写真から撮影位置が取り除かれた",
        "the position was removed from the picture",
    );
    let refused = files(state).get(3);
    let code = refused.and_then(|file| file.get("refusal")).map(|refusal| text(refusal, "code"));
    stage.expect(
        code == Some("encrypted"),
        "暗号化ZIPは理由を示して拒否された",
        "the encrypted ZIP was refused with the reason",
    );
}

fn receive(
    scene: &Scene,
    stage: &mut Stage,
    inside: &mut Browser,
    id: &str,
    state: &Json,
) -> Result<(), Failure> {
    for (position, file) in files(state).iter().enumerate() {
        if text(file, "state") != "verified" {
            continue;
        }
        let answer = inside.get(&format!("/transfers/{id}/files/{}", text(file, "id")))?;
        let hash = {
            use sha2::Digest;
            hex::encode(sha2::Sha256::digest(&answer.bytes))
        };
        let live: &[&[u8]] = &[b"vbaProject", b"/JavaScript", b"/OpenAction", b"Exif\0"];
        let dead =
            !live.iter().any(|needle| answer.bytes.windows(needle.len()).any(|window| window == *needle));
        let format = Format::from_extension(text(file, "output_format"));
        let agreed = match format {
            Some(format) => scene.sandbox.verify(&answer.bytes, format, &Limits::default())?.value.is_ok(),
            None => false,
        };
        stage.note(&format!("{} ({} bytes)", text(file, "output_name"), answer.bytes.len()));
        stage.expect(
            answer.status == 200 && hash == text(file, "output_sha256") && dead && agreed,
            "台帳のハッシュと一致し、危険なものが残っていない",
            "equal to the hash in the ledger, and nothing live is left",
        );
        if position == 0 {
            stage.expect(
                text(file, "output_name").ends_with(".docx"),
                "マクロなしのdocxになった",
                "it became a DOCX without macros",
            );
        }
    }
    Ok(())
}

fn prove(scene: &Scene, stage: &mut Stage, inside: &mut Browser, id: &str) -> Result<(), Failure> {
    stage.tell(say(scene.lang, "監査人", "An auditor"), "証明書を検証します。", "verifies the receipt.");
    let receipt = inside.get(&format!("/transfers/{id}/receipt"))?;
    let key = scene.store.verifier_key();
    let verified = Receipt::decode(&receipt.text()).ok().and_then(|receipt| receipt.verify(&key).ok());
    stage.expect(
        verified.is_some_and(|v| v.entry.kind == "transfer.released"),
        "証明書は正しい",
        "the receipt is valid",
    );
    let mut altered = receipt.bytes.clone();
    if let Some(byte) = altered.get_mut(60) {
        *byte ^= 1;
    }
    let fooled = String::from_utf8(altered)
        .ok()
        .and_then(|text| Receipt::decode(&text).ok())
        .is_some_and(|r| r.verify(&key).is_ok());
    stage.expect(!fooled, "1バイト変えた証明書は通らない", "a receipt with one byte changed is not");
    let report = scene.store.verify()?;
    for problem in &report.problems {
        stage.note(&problem.to_string());
    }
    stage.expect(report.ok(), "台帳全体の検証に合格した", "the whole ledger verifies");
    stage.expect(scene.checkpoint.is_idle()?, "処理中のファイルは残っていない", "no file is left on its way");
    if let Some(folder) = &scene.keep_receipt {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("receipt.tlog-proof"), &receipt.bytes)?;
        std::fs::write(folder.join("vkey.txt"), format!("{key}\n"))?;
    }
    Ok(())
}
