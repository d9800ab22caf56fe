//! Passkeys (WebAuthn Level 3). User verification is always required, so that a passkey is two factors by itself:
//! the device, and the PIN or biometrics that unlock it. Credentials are discoverable; nobody types a log-in name.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_policy::ZoneId;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use webauthn_rs::Webauthn;
use webauthn_rs::WebauthnBuilder;
use webauthn_rs::prelude::{
    AuthenticationResult, CredentialID, DiscoverableAuthentication, Passkey, PasskeyAuthentication,
    PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid,
};

use crate::config::Config;
use crate::error::{IdentityError, Result};
use crate::person::{Person, PersonId};

/// A dialogue between browser and authenticator that has been started.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ceremony {
    /// To be handed back with the browser's answer; good for one attempt.
    pub id: String,
    /// `{"publicKey": …}`: its `publicKey` goes into `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    pub options: Json,
}

/// The relying parties, one per zone that has an address.
pub(crate) struct Sites(BTreeMap<ZoneId, Site>);

/// One zone's relying party.
pub(crate) struct Site {
    pub(crate) rp_id: String,
    webauthn: Webauthn,
}

/// The server's half of a dialogue, kept in the database until the answer arrives.
#[derive(Serialize, Deserialize)]
pub(crate) enum State {
    Register(PasskeyRegistration),
    Discover(DiscoverableAuthentication),
    Confirm(PasskeyAuthentication),
}

impl Sites {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let mut sites = BTreeMap::new();
        for zone in &config.zones {
            let wrong = |what: &str| {
                IdentityError::Config(format!(
                    "zone `{}`, passkey address `{}`: {what}",
                    zone.zone, zone.rp_id
                ))
            };
            let origins = zone
                .origins
                .iter()
                .map(|origin| {
                    Url::parse(origin).map_err(|error| wrong(&format!("`{origin}` is no URL ({error})")))
                })
                .collect::<Result<Vec<_>>>()?;
            let (first, others) = origins.split_first().ok_or_else(|| wrong("give at least one origin"))?;
            let builder = WebauthnBuilder::new(&zone.rp_id, first)
                .map_err(|_| {
                    wrong("the origin's host must be that name or lie below it, and can't be an IP address")
                })?
                .rp_name(&config.issuer);
            let webauthn = others
                .iter()
                .fold(builder, |builder, origin| builder.append_allowed_origin(origin))
                .build()
                .map_err(|error| wrong(&error.to_string()))?;
            sites.insert(zone.zone.clone(), Site { rp_id: zone.rp_id.clone(), webauthn });
        }
        Ok(Self(sites))
    }

    pub(crate) fn get(&self, zone: &ZoneId) -> Result<&Site> {
        self.0.get(zone).ok_or(IdentityError::NoPasskeysHere)
    }
}

impl Site {
    pub(crate) fn begin_registration(
        &self,
        person: &Person,
        known: Vec<CredentialID>,
    ) -> Result<(Json, State)> {
        let handle = person.id.bytes().map(Uuid::from_bytes).ok_or(IdentityError::NotFound)?;
        let (challenge, state) = self
            .webauthn
            .start_passkey_registration(handle, &person.login, &person.name, Some(known))
            .map_err(refused)?;
        let mut options = json(&challenge)?;
        // Logging in without a name needs the credential to be found by the authenticator itself.
        if let Some(selection) =
            options.pointer_mut("/publicKey/authenticatorSelection").and_then(Json::as_object_mut)
        {
            selection.insert("residentKey".to_owned(), "required".into());
            selection.insert("requireResidentKey".to_owned(), true.into());
        }
        Ok((options, State::Register(state)))
    }

    pub(crate) fn finish_registration(&self, state: &PasskeyRegistration, answer: &Json) -> Result<Passkey> {
        let answer: RegisterPublicKeyCredential = parse(answer)?;
        self.webauthn.finish_passkey_registration(&answer, state).map_err(refused)
    }

    pub(crate) fn begin_discovery(&self) -> Result<(Json, State)> {
        let (mut challenge, state) = self.webauthn.start_discoverable_authentication().map_err(refused)?;
        // A button starts the dialogue, not the autofill of an input field.
        challenge.mediation = None;
        Ok((json(&challenge)?, State::Discover(state)))
    }

    pub(crate) fn finish_discovery(
        &self,
        state: DiscoverableAuthentication,
        answer: &Claim,
        passkey: &Passkey,
    ) -> Result<AuthenticationResult> {
        self.webauthn
            .finish_discoverable_authentication_v2(&answer.credential, state, passkey)
            .map_err(refused)
            .and_then(require_verified)
    }

    pub(crate) fn begin_confirmation(&self, passkeys: &[Passkey]) -> Result<(Json, State)> {
        let (challenge, state) = self.webauthn.start_passkey_authentication(passkeys).map_err(refused)?;
        Ok((json(&challenge)?, State::Confirm(state)))
    }

    pub(crate) fn finish_confirmation(
        &self,
        state: &PasskeyAuthentication,
        answer: &Claim,
    ) -> Result<AuthenticationResult> {
        self.webauthn
            .finish_passkey_authentication(&answer.credential, state)
            .map_err(refused)
            .and_then(require_verified)
    }
}

/// An answer that claims to come from a credential of a person; nothing about it is believed before it is verified.
pub(crate) struct Claim {
    credential: PublicKeyCredential,
    pub(crate) credential_id: String,
    pub(crate) person: Option<PersonId>,
}

impl Claim {
    pub(crate) fn parse(answer: &Json) -> Result<Self> {
        let credential: PublicKeyCredential = parse(answer)?;
        Ok(Self {
            credential_id: URL_SAFE_NO_PAD.encode(credential.get_credential_id()),
            person: credential
                .get_user_unique_id()
                .and_then(|handle| <[u8; 16]>::try_from(handle).ok())
                .map(|bytes| PersonId::from_bytes(&bytes)),
            credential,
        })
    }
}

/// The identifier under which a passkey is stored.
pub(crate) fn stored_id(passkey: &Passkey) -> String {
    URL_SAFE_NO_PAD.encode(passkey.cred_id())
}

fn require_verified(result: AuthenticationResult) -> Result<AuthenticationResult> {
    if result.user_verified() {
        Ok(result)
    } else {
        Err(IdentityError::Passkey("the authenticator did not verify the user".to_owned()))
    }
}

fn json(value: &impl Serialize) -> Result<Json> {
    serde_json::to_value(value).map_err(|error| IdentityError::Damaged(error.to_string()))
}

fn parse<T: serde::de::DeserializeOwned>(answer: &Json) -> Result<T> {
    T::deserialize(answer).map_err(|error| IdentityError::Passkey(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "used as the function of map_err")]
fn refused(error: webauthn_rs::prelude::WebauthnError) -> IdentityError {
    IdentityError::Passkey(error.to_string())
}
