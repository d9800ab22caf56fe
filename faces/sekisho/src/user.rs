//! `sekisho user`: people, for whoever holds the server (a lost administrator, a script at the start of April).

use sekisho_identity::{Actor, Identity, NewPerson, PeopleQuery, Person, SignIn};
use sekisho_policy::{Lang, RoleId, UnitId};

use crate::args::{PlaceArgs, UserVerb};
use crate::failure::Failure;
use crate::{place, say};

pub(crate) fn run(verb: &UserVerb, lang: Lang) -> Result<(), Failure> {
    match verb {
        UserVerb::List(args) => {
            let (_, identity) = place::people(args, lang)?;
            let mut query = PeopleQuery { limit: 500, ..PeopleQuery::default() };
            loop {
                let page = identity.people(&query)?;
                for person in &page.people {
                    print_person(person);
                }
                query.offset = query.offset.saturating_add(query.limit);
                if u64::from(query.offset) >= page.total {
                    return Ok(());
                }
            }
        }
        UserVerb::Add { place: args, login, name, kana, unit, roles } => {
            let (_, identity) = place::people(args, lang)?;
            let unit: UnitId =
                unit.parse().map_err(|error| Failure::misuse(format!("--unit {unit}: {error}")))?;
            let roles = roles
                .iter()
                .map(|role| {
                    role.parse::<RoleId>().map_err(|error| Failure::misuse(format!("--role {role}: {error}")))
                })
                .collect::<Result<Vec<_>, _>>()?;
            let new = NewPerson { login: login.clone(), name: name.clone(), kana: kana.clone(), unit, roles };
            let person = identity.create_person(&Actor::System, new).map_err(|error| said(&error, lang))?;
            print_person(&person);
            print_link(&identity, &person, lang)
        }
        UserVerb::Link { place: args, login } => {
            let (identity, person) = find(args, login, lang)?;
            print_link(&identity, &person, lang)
        }
        UserVerb::SignIn { place: args, login, way } => {
            let (identity, person) = find(args, login, lang)?;
            let way = SignIn::ALL
                .into_iter()
                .find(|known| known.as_str() == way)
                .ok_or_else(|| Failure::misuse(format!("{way}: local, directory, oidc")))?;
            identity.set_sign_in(&Actor::System, &person.id, way).map_err(|error| said(&error, lang))?;
            println!("{}\t{}", person.login, way.as_str());
            Ok(())
        }
        UserVerb::Deactivate { place: args, login } => {
            let (identity, person) = find(args, login, lang)?;
            let person =
                identity.deactivate_person(&Actor::System, &person.id).map_err(|error| said(&error, lang))?;
            print_person(&person);
            Ok(())
        }
    }
}

fn find(args: &PlaceArgs, login: &str, lang: Lang) -> Result<(Identity, Person), Failure> {
    let (_, identity) = place::people(args, lang)?;
    match identity.person_by_login(login)? {
        Some(person) => Ok((identity, person)),
        None => Err(Failure::refused(match lang {
            Lang::Ja => format!("「{login}」は登録されていません（user list で確認できます）"),
            Lang::En => format!("there is no `{login}` (see user list)"),
        })),
    }
}

fn print_person(person: &Person) {
    let roles: Vec<&str> = person.roles.iter().map(AsRef::as_ref).collect();
    let state = if person.active { "" } else { " (inactive)" };
    println!("{}\t{}\t{}\t{}{state}", person.login, person.name, person.unit, roles.join(","));
}

fn print_link(identity: &Identity, person: &Person, lang: Lang) -> Result<(), Failure> {
    let link = identity.issue_link(&Actor::System, &person.id).map_err(|error| said(&error, lang))?;
    println!(
        "{}: /enrol/{}",
        say(lang, "登録用リンク（一度だけ使えます）", "enrolment link (works once)"),
        link.token
    );
    Ok(())
}

fn said(error: &sekisho_identity::IdentityError, lang: Lang) -> Failure {
    let message = error.message();
    Failure::refused(if lang == Lang::Ja { message.ja } else { message.en })
}
