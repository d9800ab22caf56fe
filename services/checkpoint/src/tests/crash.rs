//! The power goes at every state of a transfer: after the restart it goes on, and there is exactly one outcome.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::city::{City, MORNING};
use crate::{Decision, TransferQuery, TransferState};

const FOLDER: &str = "SEKISHO_CRASH_FOLDER";
const STEP: &str = "SEKISHO_CRASH_AT";
const NOW: &str = "SEKISHO_CRASH_NOW";

/// Brings one transfer from nothing to its download, whatever had been done before.
fn journey(city: &City) {
    let outside = city.sits("yamada", "internet");
    let inside = city.sits("yamada", "lgwan");
    let found = city.checkpoint.list(&outside, &TransferQuery::default()).unwrap();
    let id = match found.rows.first() {
        Some(row) => row.id.clone(),
        None => {
            let file = city.upload("照会.txt", "照会への回答です。\n".as_bytes());
            city.checkpoint.submit(&outside, city.request("import", vec![file])).unwrap()
        }
    };
    city.work();
    let view = city.checkpoint.transfer(&outside, &id).unwrap();
    if view.row.state == TransferState::Awaiting {
        let manager = city.sits("suzuki", "lgwan");
        let shown = city.checkpoint.transfer(&manager, &id).unwrap().digest;
        city.checkpoint.decide(&manager, &id, &shown, Decision::Approve, "").unwrap();
    }
    let view = city.checkpoint.transfer(&inside, &id).unwrap();
    if city.count("file.downloaded") == 0 {
        city.checkpoint.download(&inside, &id, &view.files[0].id).unwrap();
    }
}

/// Does nothing unless it was started by the test below, as a process of its own.
#[test]
fn journey_in_a_process_of_its_own() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let at = std::env::var(STEP).unwrap_or_default();
    let now = std::env::var(NOW).unwrap().parse().unwrap();
    let observer = Arc::new(move |step: &str| {
        if step == at {
            // SIGKILL, not an orderly end: no destructor, no flush.
            Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap();
            std::thread::sleep(Duration::from_secs(30));
        }
    });
    journey(&City::at(folder.into(), now, observer, None));
}

fn run(folder: &std::path::Path, at: &str, now: i64) -> bool {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::crash::journey_in_a_process_of_its_own"])
        .env(FOLDER, folder)
        .env(STEP, at)
        .env(NOW, now.to_string())
        .output()
        .unwrap()
        .status
        .success()
}

#[test]
fn kill_9_at_every_state_is_survived_with_exactly_one_outcome() {
    for step in [
        "transfer.submitted",
        "file.disarming",
        "file.disarmed",
        "file.verified",
        "transfer.awaiting",
        "transfer.approved",
        "transfer.released",
        "file.downloaded",
    ] {
        let folder = tempfile::tempdir().unwrap();
        assert!(!run(folder.path(), step, MORNING), "{step}: the process was to be killed");
        // Later, so that the lease of the dead worker is over.
        assert!(run(folder.path(), "", MORNING + 600_000), "{step}: the journey did not go on");
        let city = City::at(folder.path().to_owned(), MORNING + 700_000, Arc::new(|_| {}), None);
        for kind in [
            "transfer.submitted",
            "file.verified",
            "transfer.awaiting",
            "transfer.approved",
            "transfer.released",
        ] {
            assert_eq!(city.count(kind), 1, "{step}: {kind}");
        }
        let report = city.store.verify().unwrap();
        assert!(report.ok(), "{step}: {:?}", report.problems);
    }
}
