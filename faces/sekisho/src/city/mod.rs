//! `sekisho city`.

use sekisho_policy::Lang;

use crate::args::CityVerb;
use crate::failure::Failure;
use crate::say;

pub(crate) fn run(verb: &CityVerb, lang: Lang) -> Result<(), Failure> {
    let CityVerb::Generate(_) = verb;
    Err(Failure::refused(say(lang, "この版では使えません", "not in this build")))
}
