//! `sekisho verify`: the second reader alone, on files that are said to be disarmed.

use std::fs::File;
use std::io::Read;

use sekisho_disarm::{Limits, detect};
use sekisho_policy::Lang;

use crate::args::VerifyArgs;
use crate::failure::Failure;
use crate::{say, worker};

pub(crate) fn run(args: &VerifyArgs, lang: Lang) -> Result<(), Failure> {
    let sandbox = worker::start(1, args.unsandboxed, lang)?;
    let mut failed = 0_u32;
    for path in &args.files {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let verdict = match detect(&bytes, &name).supported() {
            Err(refusal) => Err(refusal.to_string()),
            Ok(format) => match sandbox.verify(&bytes, format, &Limits::default()) {
                Ok(result) => result.value.map_err(|failure| failure.to_string()),
                Err(error) => Err(error.to_string()),
            },
        };
        match verdict {
            Ok(()) => println!("{}: {}", path.display(), say(lang, "合格", "ok")),
            Err(why) => {
                failed = failed.saturating_add(1);
                println!("{}: {} ({why})", path.display(), say(lang, "不合格", "failed"));
            }
        }
    }
    if failed == 0 { Ok(()) } else { Err(Failure { code: 1, message: String::new() }) }
}
