//! `sekisho backup`, `sekisho restore` and `sekisho rotate-key`: what keeps the data folder alive.

use sekisho_policy::Lang;
use sekisho_store::Store;

use crate::args::{BackupArgs, DataArgs, RestoreArgs};
use crate::failure::Failure;
use crate::{place, say};

pub(crate) fn backup(args: &BackupArgs, lang: Lang) -> Result<(), Failure> {
    let report = place::inspect(&args.store, lang)?.backup(&args.dir)?;
    println!(
        "{}: {} {}, {} {}",
        args.dir.display(),
        report.events,
        say(lang, "件の記録", "events"),
        report.blobs,
        say(lang, "個のファイル", "blobs")
    );
    println!(
        "{}",
        say(
            lang,
            "この中には鍵が含まれます。施錠した場所に保管してください。",
            "The keys are inside: keep it locked away."
        )
    );
    Ok(())
}

pub(crate) fn restore(args: &RestoreArgs, lang: Lang) -> Result<(), Failure> {
    let origin = place::origin_of(&args.dir, lang)?;
    let options = place::options(&args.store.data, &args.store.database, &origin)?;
    let report = Store::restore(&args.dir, &options)?;
    println!(
        "{}: {} {}; {}",
        args.store.data.display(),
        report.verified.events,
        say(lang, "件の記録を戻しました", "events restored"),
        say(lang, "台帳の検証に合格しました", "the ledger verified")
    );
    Ok(())
}

pub(crate) fn rotate_key(args: &DataArgs, lang: Lang) -> Result<(), Failure> {
    let report = place::open(args, lang)?.blobs().rotate_key()?;
    println!(
        "{} {}, {} {}",
        say(lang, "新しい鍵の版:", "new key version:"),
        report.version,
        report.rewritten,
        say(lang, "個のファイルを暗号化し直しました", "files encrypted anew")
    );
    Ok(())
}
