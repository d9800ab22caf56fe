//! The seeds of the sample city: names, units, posts, rooms, systems, vendors, courses, as files that people can edit.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

const UNITS: &str = include_str!("../../../../catalog/city/units.toml");
const NAMES: &str = include_str!("../../../../catalog/city/names.toml");
const POSTS: &str = include_str!("../../../../catalog/city/posts.toml");
const ROOMS: &str = include_str!("../../../../catalog/city/rooms.toml");
const SYSTEMS: &str = include_str!("../../../../catalog/city/systems.toml");
const VENDORS: &str = include_str!("../../../../catalog/city/vendors.toml");
const COURSES: &str = include_str!("../../../../catalog/city/courses.toml");
const SOCIAL: &str = include_str!("../../../../catalog/city/social-media.toml");

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Unit {
    pub(super) id: String,
    pub(super) name_ja: String,
    pub(super) name_en: String,
    pub(super) kind: String,
    pub(super) body: String,
    #[serde(default)]
    pub(super) parent: Option<String>,
    pub(super) people: usize,
    pub(super) individual_numbers: bool,
    #[serde(default)]
    pub(super) offices: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Name {
    pub(super) ja: String,
    pub(super) kana: String,
    pub(super) romaji: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Post {
    pub(super) id: String,
    pub(super) ja: String,
    pub(super) employment: String,
    pub(super) grade: String,
    pub(super) share: usize,
    pub(super) roles: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Room {
    pub(super) ja: String,
    pub(super) kind: String,
    pub(super) unit: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct System {
    pub(super) ja: String,
    pub(super) unit: String,
    pub(super) zone: String,
    pub(super) class_c: String,
    pub(super) class_i: String,
    pub(super) class_a: String,
    pub(super) individual_numbers: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Vendor {
    pub(super) ja: String,
    pub(super) address: String,
    pub(super) corporate_number: String,
    pub(super) kinds: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Contract {
    pub(super) ja: String,
    pub(super) kind: String,
    pub(super) unit: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Course {
    pub(super) ja: String,
    pub(super) kind: String,
    pub(super) audience: Vec<String>,
    pub(super) form: String,
    pub(super) minutes: u32,
    pub(super) questions: u32,
    pub(super) pass_score: u32,
    pub(super) month: i8,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Account {
    pub(super) service: String,
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) purpose: String,
    pub(super) last_post_days: i64,
}

/// Everything.
#[derive(Debug, Clone)]
pub(super) struct Seeds {
    pub(super) units: Vec<Unit>,
    pub(super) family: Vec<Name>,
    pub(super) given: Vec<Name>,
    pub(super) posts: Vec<Post>,
    pub(super) rooms: Vec<Room>,
    pub(super) systems: Vec<System>,
    pub(super) vendors: Vec<Vendor>,
    pub(super) contracts: Vec<Contract>,
    pub(super) courses: Vec<Course>,
    pub(super) social: Vec<Account>,
}

impl Seeds {
    pub(super) fn read() -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct Units {
            unit: Vec<Unit>,
        }
        #[derive(Deserialize)]
        struct Names {
            family: Vec<Name>,
            given: Vec<Name>,
        }
        #[derive(Deserialize)]
        struct Posts {
            post: Vec<Post>,
        }
        #[derive(Deserialize)]
        struct Rooms {
            room: Vec<Room>,
        }
        #[derive(Deserialize)]
        struct Systems {
            system: Vec<System>,
        }
        #[derive(Deserialize)]
        struct Vendors {
            vendor: Vec<Vendor>,
            contract: Vec<Contract>,
        }
        #[derive(Deserialize)]
        struct Courses {
            course: Vec<Course>,
        }
        #[derive(Deserialize)]
        struct Social {
            account: Vec<Account>,
        }
        let Names { family, given } = parse(NAMES)?;
        let Vendors { vendor, contract } = parse(VENDORS)?;
        Ok(Self {
            units: under_departments(parse::<Units>(UNITS)?.unit),
            family,
            given,
            posts: parse::<Posts>(POSTS)?.post,
            rooms: parse::<Rooms>(ROOMS)?.room,
            systems: parse::<Systems>(SYSTEMS)?.system,
            vendors: vendor,
            contracts: contract,
            courses: parse::<Courses>(COURSES)?.course,
            social: parse::<Social>(SOCIAL)?.account,
        })
    }
}

/// An outlying office that the seeds put below a section stands beside it in the declaration: below a section there are
/// only subsections.
fn under_departments(mut units: Vec<Unit>) -> Vec<Unit> {
    let above: BTreeMap<String, Option<String>> = units
        .iter()
        .filter(|unit| unit.kind == "section")
        .map(|unit| (unit.id.clone(), unit.parent.clone()))
        .collect();
    for unit in &mut units {
        if let Some(department) = unit.parent.as_ref().and_then(|parent| above.get(parent)) {
            unit.parent = department.clone();
        }
    }
    units
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    toml::from_str(text).map_err(Failure::refused)
}
