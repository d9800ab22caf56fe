//! `sekisho`: one binary for the server and for each engine alone. This room only parses the command line, puts
//! services together and prints; every rule lives below.

mod args;
mod backup;
mod city;
mod demo;
mod disarm;
mod document;
mod failure;
mod generate;
mod ledger;
mod place;
mod policy;
mod register;
mod serve;
mod tls;
mod user;
mod verify;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use sekisho_policy::Lang;

use crate::args::{Cli, LangArg, Verb, WorkerVerb};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are not misuse; everything else ends with 2, as documented.
            let code = u8::from(error.use_stderr()).saturating_mul(2);
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    // The zygote must fork from a process without threads: before anything else.
    if let Verb::Worker(WorkerVerb::Zygote { fd }) = cli.verb {
        return ExitCode::from(sekisho_worker::zygote_main(fd));
    }
    let lang = chosen_lang(cli.lang);
    let outcome = match cli.verb {
        Verb::Demo(args) => demo::run(&args, lang),
        Verb::Serve(args) => serve::run(&args, lang),
        Verb::Disarm(args) => disarm::run(&args, lang),
        Verb::Verify(args) => verify::run(&args, lang),
        Verb::Policy(verb) => policy::run(&verb, lang),
        Verb::Ledger(verb) => ledger::run(&verb, lang),
        Verb::Backup(args) => backup::backup(&args, lang),
        Verb::Restore(args) => backup::restore(&args, lang),
        Verb::RotateKey(args) => backup::rotate_key(&args, lang),
        Verb::User(verb) => user::run(&verb, lang),
        Verb::Register(verb) => register::run(&verb, lang),
        Verb::Document(verb) => document::run(&verb, lang),
        Verb::City(verb) => city::run(&verb, lang),
        Verb::Worker(verb) => worker::run(&verb, lang),
        Verb::Generate(verb) => generate::run(&verb),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("sekisho: {}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

/// The flag, else the locale: Japanese unless it says English.
fn chosen_lang(flag: Option<LangArg>) -> Lang {
    match flag {
        Some(LangArg::Ja) => Lang::Ja,
        Some(LangArg::En) => Lang::En,
        None => {
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok());
            match locale.as_deref() {
                Some(name) if name.starts_with("ja") => Lang::Ja,
                Some(name) if !name.is_empty() => Lang::En,
                _ => Lang::Ja,
            }
        }
    }
}

/// The sentence in the chosen language.
fn say<'a>(lang: Lang, ja: &'a str, en: &'a str) -> &'a str {
    if lang == Lang::Ja { ja } else { en }
}
