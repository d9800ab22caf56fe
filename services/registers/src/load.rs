//! Which registers there are: the catalogue that is built into the program, overlaid by the city's own files in
//! `registers/` of the data directory. A file of the same name replaces the built-in one; nothing else is merged, so
//! that a definition can always be read whole in one place.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use sekisho_policy::Policy;
use sekisho_register::{Catalogue, ClassEntry, Vocabulary};

use crate::{RegistersError, Result};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../catalog/registers");

/// Most bytes of one definition.
const FILE_BYTES: u64 = 1_048_576;

/// The registers of this installation, with the text of each definition.
#[derive(Debug)]
pub struct Loaded {
    catalogue: Catalogue,
    texts: BTreeMap<String, String>,
}

impl Deref for Loaded {
    type Target = Catalogue;
    fn deref(&self) -> &Catalogue {
        &self.catalogue
    }
}

impl Loaded {
    /// Reads definitions; the names are those of the files.
    ///
    /// # Errors
    /// Everything that is wrong with them, with file, line and column.
    pub fn from_files(
        files: impl IntoIterator<Item = (String, String)>,
        words: &Vocabulary,
    ) -> Result<Arc<Self>> {
        let files: BTreeMap<String, String> = files.into_iter().collect();
        let catalogue = Catalogue::from_files(files.clone(), words).map_err(RegistersError::Definitions)?;
        let texts = files
            .into_iter()
            .map(|(name, text)| (name.strip_suffix(".toml").unwrap_or(&name).to_owned(), text))
            .collect();
        Ok(Arc::new(Self { catalogue, texts }))
    }

    /// The catalogue.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The text of a definition, as it was written.
    #[must_use]
    pub fn text(&self, register: &str) -> Option<&str> {
        self.texts.get(register).map(String::as_str)
    }
}

/// Reads the built-in catalogue and the files of the city in `data`/registers.
///
/// # Errors
/// Everything that is wrong with the definitions, or a folder that can't be read.
pub fn load(policy: &Policy, data: &Path) -> Result<Arc<Loaded>> {
    let mut files = built_in();
    files.extend(folder(&data.join("registers"))?);
    Loaded::from_files(files, &vocabulary(policy))
}

/// The definitions that are built into the program: file name and text.
#[must_use]
pub fn built_in() -> BTreeMap<String, String> {
    BUILT_IN
        .files()
        .filter(|file| file.path().extension().is_some_and(|e| e == "toml"))
        .filter_map(|file| {
            Some((file.path().file_name()?.to_str()?.to_owned(), file.contents_utf8()?.to_owned()))
        })
        .collect()
}

/// The built-in sample rows of a register (CSV, header = ids of fields), if it has any.
#[must_use]
pub fn sample(path: &str) -> Option<&'static str> {
    BUILT_IN.get_file(path)?.contents_utf8()
}

/// Every definition in a folder; none if there is no such folder.
///
/// # Errors
/// A file that can't be read or that is too large to be a definition.
pub fn folder(folder: &Path) -> Result<BTreeMap<String, String>> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        RegistersError::Machine(format!("`{}` could not be read: {error}", path.display()))
    };
    let mut files = BTreeMap::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(failed(folder, &error)),
    };
    for entry in entries {
        let path = entry.map_err(|e| failed(folder, &e))?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()).filter(|n| n.ends_with(".toml")) else {
            continue;
        };
        let size = std::fs::metadata(&path).map_err(|e| failed(&path, &e))?.len();
        if size > FILE_BYTES {
            return Err(failed(&path, &"it is too large to be a definition"));
        }
        files.insert(name.to_owned(), std::fs::read_to_string(&path).map_err(|e| failed(&path, &e))?);
    }
    Ok(files)
}

/// The names of the policy that definitions may use.
#[must_use]
pub fn vocabulary(policy: &Policy) -> Vocabulary {
    Vocabulary {
        any: false,
        roles: policy.roles.iter().map(|role| (role.id.to_string(), role.label.ja.clone())).collect(),
        routes: policy.routes.iter().map(|route| (route.id.to_string(), route.label.ja.clone())).collect(),
        zones: policy.zones.iter().map(|zone| (zone.id.to_string(), zone.label.ja.clone())).collect(),
        units: policy.units.iter().map(|unit| (unit.id.to_string(), unit.name.ja.clone())).collect(),
        classes: policy
            .classification
            .classes
            .iter()
            .map(|class| ClassEntry {
                id: class.id.to_string(),
                axis: axis(class.axis),
                mark: class.mark.clone(),
                rank: class.rank,
                label: sekisho_register::Text::new(class.label.ja.clone(), class.label.en.clone()),
                handling: class
                    .handling
                    .iter()
                    .map(|text| sekisho_register::Text::new(text.ja.clone(), text.en.clone()))
                    .collect(),
            })
            .collect(),
    }
}

/// The axis in the words of the definitions.
pub(crate) const fn axis(axis: sekisho_policy::Axis) -> sekisho_register::Axis {
    match axis {
        sekisho_policy::Axis::Confidentiality => sekisho_register::Axis::Confidentiality,
        sekisho_policy::Axis::Integrity => sekisho_register::Axis::Integrity,
        sekisho_policy::Axis::Availability => sekisho_register::Axis::Availability,
    }
}
