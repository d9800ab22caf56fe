//! Certificates of the listeners: given ones, or a self-signed one made at the first start.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sekisho_policy::Lang;

use crate::failure::Failure;
use crate::say;

/// The files to serve with.
pub(crate) struct Pair {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

/// The given pair, or `DATA/tls/{cert,key}.pem`, made when absent.
pub(crate) fn pair(
    given: Option<(&PathBuf, &PathBuf)>,
    data: &Path,
    host: &str,
    lang: Lang,
) -> Result<Pair, Failure> {
    if let Some((cert, key)) = given {
        for path in [cert, key] {
            fs::metadata(path).map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?;
        }
        return Ok(Pair { cert: cert.clone(), key: key.clone() });
    }
    let folder = data.join("tls");
    let pair = Pair { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    if pair.cert.exists() && pair.key.exists() {
        return Ok(pair);
    }
    fs::create_dir_all(&folder)?;
    let names = if host == "localhost" {
        vec![host.to_owned()]
    } else {
        vec![host.to_owned(), "localhost".to_owned()]
    };
    let made = rcgen::generate_simple_self_signed(names)?;
    let mut key =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&pair.key)?;
    key.write_all(made.signing_key.serialize_pem().as_bytes())?;
    key.sync_all()?;
    fs::write(&pair.cert, made.cert.pem())?;
    eprintln!(
        "sekisho: {}: {}",
        pair.cert.display(),
        say(
            lang,
            "自己署名証明書を作成しました。本番では庁内認証局の証明書を --tls-cert と --tls-key で指定してください。",
            "made a self-signed certificate; in production give one of your own authority with --tls-cert and --tls-key.",
        )
    );
    Ok(pair)
}
