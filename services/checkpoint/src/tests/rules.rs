//! The rules of a transfer, one sentence a test.

use std::io::Read;

use sekisho_identity::Way;
use sekisho_policy::Lang;

use super::city::City;
use crate::{CheckpointError, Decision, ExportFormat, FileState, Preview, TransferQuery, TransferState};

fn digest(city: &City, id: &crate::TransferId) -> String {
    city.checkpoint.transfer(&city.sits("suzuki", "lgwan"), id).unwrap().digest
}

#[test]
fn a_file_crosses_after_approval_and_its_receipt_verifies() {
    let city = City::new();
    let id = city.awaiting();
    let manager = city.sits("suzuki", "lgwan");
    assert_eq!(city.checkpoint.to_decide(&manager).unwrap().len(), 1);
    city.checkpoint.decide(&manager, &id, &digest(&city, &id), Decision::Approve, "").unwrap();
    let inside = city.sits("yamada", "lgwan");
    let view = city.checkpoint.transfer(&inside, &id).unwrap();
    assert_eq!(view.row.state, TransferState::Receivable);
    assert!(view.may_receive);
    let mut download = city.checkpoint.download(&inside, &id, &view.files[0].id).unwrap();
    let mut bytes = Vec::new();
    download.reader.read_to_end(&mut bytes).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap().trim_start_matches('\u{FEFF}'), "照会への回答です。\n");
    let (name, receipt) = city.checkpoint.receipt(&inside, &id).unwrap();
    assert!(name.ends_with(".tlog-proof"));
    let receipt = sekisho_ledger::Receipt::decode(&receipt).unwrap();
    receipt.verify(&city.store.verifier_key()).unwrap();
    assert!(String::from_utf8_lossy(&receipt.payload).contains(id.as_str()));
    assert_eq!(city.count("file.downloaded"), 1);
    assert!(city.store.verify().unwrap().ok());
    assert!(city.store.rebuild().unwrap().tables.iter().all(|table| !table.changed));
}

#[test]
fn nothing_is_received_in_the_zone_that_it_came_from_or_before_approval() {
    let city = City::new();
    let id = city.awaiting();
    let outside = city.sits("yamada", "internet");
    let file = city.checkpoint.transfer(&outside, &id).unwrap().files[0].id.clone();
    let inside = city.sits("yamada", "lgwan");
    assert!(matches!(city.checkpoint.download(&inside, &id, &file), Err(CheckpointError::State { .. })));
    city.checkpoint
        .decide(&city.sits("suzuki", "lgwan"), &id, &digest(&city, &id), Decision::Approve, "")
        .unwrap();
    assert!(matches!(
        city.checkpoint.download(&outside, &id, &file),
        Err(CheckpointError::NotPermitted { .. })
    ));
}

#[test]
fn nobody_approves_their_own_request() {
    let city = City::new();
    let file = city.upload("a.txt", b"a\n");
    let manager = city.sits("suzuki", "internet");
    let id = city.checkpoint.submit(&manager, city.request("import", vec![file])).unwrap();
    city.work();
    let inside = city.sits("suzuki", "lgwan");
    let shown = city.checkpoint.transfer(&inside, &id).unwrap();
    assert!(!shown.may_decide);
    let refused = city.checkpoint.decide(&inside, &id, &shown.digest, Decision::Approve, "");
    assert!(matches!(refused, Err(CheckpointError::NotPermitted { .. })), "{refused:?}");
    city.checkpoint.decide(&city.sits("tanaka", "lgwan"), &id, &shown.digest, Decision::Approve, "").unwrap();
    let decided = city.checkpoint.transfer(&inside, &id).unwrap();
    assert_eq!(decided.approvals[0].capacity, crate::Capacity::Deputy);
    assert_eq!(decided.row.state, TransferState::Receivable);
}

#[test]
fn another_units_manager_neither_sees_nor_approves() {
    let city = City::new();
    let id = city.awaiting();
    let other = city.sits("mori", "lgwan");
    assert!(city.checkpoint.to_decide(&other).unwrap().is_empty());
    let refused = city.checkpoint.decide(&other, &id, &digest(&city, &id), Decision::Approve, "");
    assert!(matches!(refused, Err(CheckpointError::NotFound { .. })), "{refused:?}");
    assert_eq!(city.count("access.denied"), 1);
}

#[test]
fn an_approval_binds_to_what_was_shown_and_needs_a_person_with_a_fresh_factor() {
    let city = City::new();
    let id = city.awaiting();
    let mut manager = city.sits("suzuki", "lgwan");
    let shown = digest(&city, &id);
    assert!(matches!(
        city.checkpoint.decide(&manager, &id, &shown.replace(['0', '1'], "2"), Decision::Approve, ""),
        Err(CheckpointError::Changed)
    ));
    manager.step_up_until_ms = Some(super::city::MORNING - 1);
    assert!(matches!(
        city.checkpoint.decide(&manager, &id, &shown, Decision::Approve, ""),
        Err(CheckpointError::StepUpNeeded)
    ));
    let mut token = city.sits("suzuki", "lgwan");
    token.way = Way::Token("t".to_owned());
    assert!(matches!(
        city.checkpoint.decide(&token, &id, &shown, Decision::Approve, ""),
        Err(CheckpointError::NotPermitted { .. })
    ));
}

#[test]
fn a_rejection_needs_a_reason_and_ends_the_transfer() {
    let city = City::new();
    let id = city.awaiting();
    let manager = city.sits("suzuki", "lgwan");
    let shown = digest(&city, &id);
    assert!(matches!(
        city.checkpoint.decide(&manager, &id, &shown, Decision::Reject, " "),
        Err(CheckpointError::Invalid { .. })
    ));
    city.checkpoint.decide(&manager, &id, &shown, Decision::Reject, "業務に必要ありません").unwrap();
    let view = city.checkpoint.transfer(&city.sits("yamada", "internet"), &id).unwrap();
    assert_eq!(view.row.state, TransferState::Rejected);
    assert_eq!(view.reason, "業務に必要ありません");
    assert!(matches!(
        city.checkpoint.decide(&manager, &id, &shown, Decision::Approve, ""),
        Err(CheckpointError::State { .. } | CheckpointError::NotPermitted { .. })
    ));
}

#[test]
fn a_way_that_the_policy_does_not_declare_is_refused_explained_and_recorded() {
    let city = City::new();
    let file = city.upload("住民票.txt", b"x\n");
    let blob = file.blob.id.clone();
    let mut request = city.request("import", vec![file]);
    request.conduit = None;
    request.to = "mynumber".parse().unwrap();
    let refused = city.checkpoint.submit(&city.sits("yamada", "internet"), request).unwrap_err();
    assert_eq!(refused.status(), 403);
    assert!(refused.message(Lang::Ja).contains("認められていません"));
    assert_eq!(city.count("transfer.denied"), 1);
    assert!(!city.store.blobs().exists(&blob).unwrap(), "nothing is kept of a refused request");
}

#[test]
fn what_can_not_be_disarmed_is_refused_with_reason_and_next_step() {
    let city = City::new();
    let program = city.upload("tool.exe", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0");
    let id = city
        .checkpoint
        .submit(&city.sits("yamada", "internet"), city.request("import", vec![program]))
        .unwrap();
    city.work();
    let view = city.checkpoint.transfer(&city.sits("yamada", "internet"), &id).unwrap();
    assert_eq!(view.row.state, TransferState::Refused);
    let refusal = view.files[0].refusal.as_ref().unwrap();
    assert_eq!(refusal.code, "executable");
    assert!(!refusal.hint_ja.is_empty() && !refusal.hint_en.is_empty());
    assert!(view.files[0].output_sha256.is_empty());
}

#[test]
fn outgoing_text_is_searched_and_a_number_is_only_ever_shown_masked() {
    let city = City::new();
    let file = city.upload("名簿.txt", "氏名 山田花子 個人番号 1234 5678 9018\n".as_bytes());
    let id =
        city.checkpoint.submit(&city.sits("yamada", "lgwan"), city.request("export", vec![file])).unwrap();
    city.work();
    let manager = city.sits("suzuki", "lgwan");
    let view = city.checkpoint.transfer(&manager, &id).unwrap();
    assert_eq!(view.files[0].state, FileState::Verified);
    assert_eq!(view.files[0].findings.len(), 1);
    assert_eq!(view.files[0].findings[0].confidence, "high");
    let all = format!("{:?}", city.store.events(0, 1_000, &sekisho_store::EventFilter::default()).unwrap());
    assert!(!all.contains("123456789018") && !all.contains("1234 5678 9018"));
    assert!(matches!(
        city.checkpoint.decide(&manager, &id, &view.digest, Decision::Approve, ""),
        Err(CheckpointError::Invalid { .. })
    ));
    city.checkpoint.decide(&manager, &id, &view.digest, Decision::Approve, "試験用の番号です").unwrap();
}

#[test]
fn the_same_file_twice_is_one_transfer() {
    let city = City::new();
    let outside = city.sits("yamada", "internet");
    let first = city.upload("a.txt", b"same\n");
    city.checkpoint.submit(&outside, city.request("import", vec![first.clone()])).unwrap();
    let again = city.checkpoint.submit(&outside, city.request("import", vec![first.clone()])).unwrap_err();
    assert_eq!(again.status(), 409);
    assert!(city.store.blobs().exists(&first.blob.id).unwrap(), "the first request keeps its file");
}

#[test]
fn a_withdrawn_request_is_not_worked_on() {
    let city = City::new();
    let outside = city.sits("yamada", "internet");
    let file = city.upload("a.txt", b"a\n");
    let id = city.checkpoint.submit(&outside, city.request("import", vec![file])).unwrap();
    city.checkpoint.withdraw(&outside, &id, "").unwrap();
    city.work();
    assert_eq!(city.count("file.disarmed"), 0);
    assert_eq!(city.checkpoint.transfer(&outside, &id).unwrap().row.state, TransferState::Withdrawn);
}

#[test]
fn an_auditor_sees_everything_and_receives_nothing() {
    let city = City::new();
    let id = city.awaiting();
    let auditor = city.sits("kansa", "lgwan");
    let view = city.checkpoint.transfer(&auditor, &id).unwrap();
    assert!(!view.may_decide && !view.may_receive && !view.may_withdraw);
    let refused = city.checkpoint.examine(&auditor, &id, &view.files[0].id).map(|_| ());
    assert!(matches!(refused, Err(CheckpointError::NotPermitted { .. })));
}

#[test]
fn the_approver_reads_the_disarmed_text_before_deciding() {
    let city = City::new();
    let id = city.awaiting();
    let manager = city.sits("suzuki", "lgwan");
    let file = city.checkpoint.transfer(&manager, &id).unwrap().files[0].id.clone();
    let Preview::Text { pieces, cut } = city.checkpoint.preview(&manager, &id, &file).unwrap() else {
        panic!("no text")
    };
    assert!(!cut);
    assert!(pieces.iter().any(|piece| piece.text.contains("照会への回答です")));
}

#[test]
fn lists_search_filter_and_export() {
    let city = City::new();
    let id = city.awaiting();
    let me = city.sits("yamada", "internet");
    let find = |text: &str, state| {
        let query = TransferQuery { text: text.to_owned(), state, ..TransferQuery::default() };
        city.checkpoint.list(&me, &query).unwrap().rows.len()
    };
    assert_eq!(find("照会", None), 1);
    assert_eq!(find("100%_", None), 0);
    assert_eq!(find("", Some(TransferState::Refused)), 0);
    assert_eq!(find("", Some(TransferState::Awaiting)), 1);
    let csv = city.checkpoint.export(&me, &TransferQuery::default(), ExportFormat::Csv, Lang::Ja).unwrap();
    assert!(String::from_utf8(csv).unwrap().contains(id.as_str()));
    let xlsx = city.checkpoint.export(&me, &TransferQuery::default(), ExportFormat::Xlsx, Lang::Ja).unwrap();
    assert!(xlsx.starts_with(b"PK"));
}

#[test]
fn originals_and_results_go_when_their_days_are_over() {
    let city = City::new();
    let id = city.awaiting();
    city.checkpoint
        .decide(&city.sits("suzuki", "lgwan"), &id, &digest(&city, &id), Decision::Approve, "")
        .unwrap();
    let view = city.checkpoint.transfer(&city.sits("yamada", "lgwan"), &id).unwrap();
    let (original, output) = (view.files[0].original_sha256.clone(), view.files[0].output_sha256.clone());
    assert_eq!(city.checkpoint.dispose_due().unwrap(), crate::DisposalReport::default());
    let days = i64::from(city.checkpoint.policy().retention.originals_days);
    city.clock.advance((days + 1) * 86_400_000);
    let report = city.checkpoint.dispose_due().unwrap();
    assert_eq!((report.originals, report.results), (1, 1));
    assert!(!city.store.blobs().exists(&original).unwrap());
    assert!(!city.store.blobs().exists(&output).unwrap());
    assert_eq!((city.count("original.disposed"), city.count("result.disposed")), (1, 1));
    assert!(city.store.verify().unwrap().ok());
}
