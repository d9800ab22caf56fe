//! Real children under the real confinement.

use super::*;

#[test]
fn self_test_finds_every_misdeed_stopped() {
    let sandbox = Sandbox::start_for_tests(SandboxConfig::default()).unwrap();
    let report = sandbox.self_test();
    let wrong: Vec<_> = report.checks.iter().filter(|check| !check.ok).collect();
    assert!(report.ok(), "{} {wrong:#?}", report.level);
}
