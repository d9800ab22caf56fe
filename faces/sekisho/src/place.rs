//! Opening what a verb works on: the store with every projection and module, and the services on top.

use std::path::Path;
use std::sync::Arc;

use sekisho_checkpoint::Checkpoint;
use sekisho_directory::Directory;
use sekisho_identity::{Config, Identity, ZoneSite};
use sekisho_policy::{Lang, Policy};
use sekisho_store::{Database, OpenOptions, Store};

use crate::args::{DataArgs, PlaceArgs};
use crate::failure::Failure;
use crate::{policy, say};

/// How every verb opens the store: the same tables, whoever opens it.
pub(crate) fn options(data: &Path, database: &str, origin: &str) -> Result<OpenOptions, Failure> {
    let database: Database = database.parse().map_err(Failure::misuse)?;
    Ok(OpenOptions::new(data, origin)
        .database(database)
        .projection(Identity::projection())
        .projection(Checkpoint::projection())
        .module(Identity::module())
        .module(Directory::module()))
}

/// Opens existing data for reading, even while a server runs on it, even when it is damaged.
pub(crate) fn inspect(args: &DataArgs, lang: Lang) -> Result<Store, Failure> {
    Ok(Store::inspect(options(&args.data, &args.database, &origin_of(&args.data, lang)?)?)?)
}

/// Opens existing data for writing; refuses while a server runs on it.
pub(crate) fn open(args: &DataArgs, lang: Lang) -> Result<Store, Failure> {
    Ok(Store::open(options(&args.data, &args.database, &origin_of(&args.data, lang)?)?)?)
}

/// The ledger's origin as the key file names it, so that reading verbs need no policy.
pub(crate) fn origin_of(data: &Path, lang: Lang) -> Result<String, Failure> {
    let path = data.join("keys").join("ledger.key");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let hint =
            say(lang, "--data にデータフォルダーを指定してください", "give the data folder with --data");
        Failure::misuse(format!("{}: {error}; {hint}", path.display()))
    })?;
    let key = sekisho_ledger::SigningKey::from_text(text.trim_end()).map_err(Failure::refused)?;
    Ok(key.verifier().name().to_owned())
}

/// Policy, store and people, for verbs that act on people without a server.
pub(crate) fn people(args: &PlaceArgs, lang: Lang) -> Result<(Arc<Policy>, Identity), Failure> {
    let policy = Arc::new(policy::load(&args.policy, lang)?);
    let store = Store::open(options(&args.store.data, &args.store.database, &policy.municipality.origin)?)?;
    let identity = self::identity(&store, &policy, &args.store.data, Vec::new())?;
    Ok((policy, identity))
}

/// The identity service with sound settings.
pub(crate) fn identity(
    store: &Store,
    policy: &Arc<Policy>,
    data: &Path,
    zones: Vec<ZoneSite>,
) -> Result<Identity, Failure> {
    let issuer = format!("関所 {}", policy.municipality.name.ja);
    Ok(Identity::new(store.clone(), Arc::clone(policy), Config::new(data, issuer, zones))?)
}
