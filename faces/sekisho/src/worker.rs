//! `sekisho worker`: what the sandbox really refuses.

use sekisho_policy::Lang;
use sekisho_worker::{Sandbox, SandboxConfig};

use crate::args::WorkerVerb;
use crate::failure::Failure;
use crate::say;

pub(crate) fn run(verb: &WorkerVerb, lang: Lang) -> Result<(), Failure> {
    let WorkerVerb::SelfTest { json } = verb else { return Ok(()) };
    let sandbox = start(1, false, lang)?;
    let test = sandbox.self_test();
    if *json {
        println!(
            "{}",
            serde_json::to_string_pretty(
                &serde_json::json!({ "ok": test.ok(), "checks": test.checks, "level": test.level })
            )?
        );
    } else {
        println!("{}", test.level);
        for check in &test.checks {
            println!("{} {}: {}", if check.ok { "ok  " } else { "FAIL" }, check.name, check.got);
        }
    }
    if test.ok() {
        Ok(())
    } else {
        Err(Failure::refused(say(
            lang,
            "隔離が効いていない検査があります",
            "the sandbox let something through",
        )))
    }
}

/// Starts the sandbox, or says what the kernel lacks.
pub(crate) fn start(parallel: usize, allow_unsandboxed: bool, lang: Lang) -> Result<Sandbox, Failure> {
    let config = SandboxConfig { parallel, allow_unsandboxed, ..SandboxConfig::default() };
    Sandbox::start(config).map_err(|error| {
        Failure::misuse(error.message(match lang {
            Lang::Ja => sekisho_disarm::Lang::Ja,
            Lang::En => sekisho_disarm::Lang::En,
        }))
    })
}
