//! The people of the sample city, enrolled with a password and an authenticator secret.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use totp_rs::Builder;

use sekisho_identity::{Actor, Identity, NewPerson};

use crate::failure::Failure;

/// The password of everybody in the demo.
pub(crate) const PASSWORD: &str = "imari-yaki no sato 2026";

/// Seconds of a code (RFC 6238).
const STEP: u64 = 30;

/// Somebody of the sample city, before enrolment.
struct Role {
    login: &'static str,
    name: &'static str,
    kana: &'static str,
    unit: &'static str,
    role: &'static str,
    /// Who it is, as the demo prints it.
    description: &'static str,
}

const PEOPLE: &[Role] = &[
    Role {
        login: "yamada",
        name: "山田 花子",
        kana: "ヤマダ ハナコ",
        unit: "fukushi",
        role: "staff",
        description: "福祉課 職員 staff",
    },
    Role {
        login: "suzuki",
        name: "鈴木 一郎",
        kana: "スズキ イチロウ",
        unit: "fukushi",
        role: "section-manager",
        description: "福祉課長 section manager",
    },
    Role {
        login: "tanaka",
        name: "田中 美咲",
        kana: "タナカ ミサキ",
        unit: "fukushi",
        role: "deputy",
        description: "福祉課 課長補佐（代行） deputy",
    },
    Role {
        login: "joho",
        name: "佐藤 健",
        kana: "サトウ ケン",
        unit: "joho-seisaku",
        role: "administrator",
        description: "情報政策課 情報システム担当 administrator",
    },
    Role {
        login: "kansa",
        name: "高橋 由紀",
        kana: "タカハシ ユキ",
        unit: "somu-ka",
        role: "auditor",
        description: "監査担当 auditor",
    },
];

/// Somebody with both factors.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) login: String,
    pub(crate) name: String,
    pub(crate) description: String,
    secret: String,
    /// The step of the last code that was used; a code works once.
    last_step: u64,
}

impl Member {
    /// The code of a step.
    pub(crate) fn code_at(&self, step: u64) -> Result<String, Failure> {
        let secret = totp_rs::Secret::try_from_base32(&self.secret)
            .map_err(|error| Failure::refused(format!("{error:?}")))?;
        let totp =
            Builder::new().with_secret(secret).build().map_err(|e| Failure::refused(format!("{e:?}")))?;
        Ok(totp.generate(step.saturating_mul(STEP)).to_string())
    }

    /// A code that was not used yet, waiting for one if need be. Servers accept the step before and after the present one.
    pub(crate) fn fresh_code(&mut self) -> Result<String, Failure> {
        loop {
            let now = now_step();
            let step = self.last_step.saturating_add(1).max(now.saturating_sub(1));
            if step <= now.saturating_add(1) {
                self.last_step = step;
                return self.code_at(step);
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// The present step.
pub(crate) fn now_step() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) / STEP
}

/// Everybody.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Cast {
    members: Vec<Member>,
}

impl Cast {
    /// Creates and enrols everybody; with kept data they are read back instead.
    pub(crate) fn enrol(identity: &Identity, data: &Path) -> Result<Self, Failure> {
        let file = data.join("demo-people.json");
        if let Ok(text) = fs::read_to_string(&file) {
            return Ok(serde_json::from_str(&text)?);
        }
        let mut members = Vec::new();
        for role in PEOPLE {
            let new = NewPerson {
                login: role.login.to_owned(),
                name: role.name.to_owned(),
                kana: role.kana.to_owned(),
                unit: role.unit.parse()?,
                roles: vec![role.role.parse()?],
            };
            let person = identity.create_person(&Actor::System, new)?;
            let link = identity.issue_link(&Actor::System, &person.id)?;
            let setup = identity.link_totp(&link.token)?;
            let mut member = Member {
                login: role.login.to_owned(),
                name: role.name.to_owned(),
                description: role.description.to_owned(),
                secret: setup.secret,
                last_step: 0,
            };
            let code = member.fresh_code()?;
            identity.link_finish_totp(&link.token, PASSWORD, &code)?;
            members.push(member);
        }
        let cast = Self { members };
        fs::write(file, serde_json::to_string_pretty(&cast)?)?;
        Ok(cast)
    }

    pub(crate) fn members(&mut self) -> &mut [Member] {
        &mut self.members
    }

    /// Takes one person out of the cast by login.
    pub(crate) fn member(&self, login: &str) -> Result<Member, Failure> {
        let found = self.members.iter().find(|member| member.login == login);
        found.cloned().ok_or_else(|| Failure::refused(format!("`{login}` is not in the cast")))
    }
}
