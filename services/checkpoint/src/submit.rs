//! Requests: what a person hands in, checked against the policy and made durable in one step.

use serde_json::json;

use sekisho_identity::Principal;
use sekisho_policy::{Conduit, ConduitId, Permission, ZoneId};
use sekisho_store::{BlobRef, Value, WriteTx};

use crate::{Checkpoint, CheckpointError, FileId, TransferId, actor, clean_file_name};

/// The longest purpose, in characters.
const MAX_PURPOSE: usize = 500;

/// The queue of files that wait for the worker.
pub(crate) const QUEUE: &str = "disarm";

/// A request.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// The target zone.
    pub to: ZoneId,
    /// The conduit, where several lead there; otherwise the first that does.
    pub conduit: Option<ConduitId>,
    /// Why the files are needed there.
    pub purpose: String,
    /// The login of a colleague who may receive it too.
    pub recipient: Option<String>,
    /// The password of encrypted documents and archives among the files. It is kept, encrypted, until the files have
    /// their outcome; it never stands in the ledger.
    pub password: Option<String>,
    /// The files, already in the blob store.
    pub files: Vec<UploadedFile>,
}

/// A file that a face has streamed into the blob store.
#[derive(Debug, Clone)]
pub struct UploadedFile {
    /// Its name as sent.
    pub name: String,
    /// Its content.
    pub blob: BlobRef,
}

impl Checkpoint {
    /// The conduits that leave the zone in which the person sits.
    #[must_use]
    pub fn conduits_from(&self, zone: &ZoneId) -> Vec<&Conduit> {
        self.policy.conduits.iter().filter(|conduit| conduit.from == *zone).collect()
    }

    /// Accepts a request. When this returns, the request is durable and will come to an outcome by itself.
    ///
    /// # Errors
    /// [`CheckpointError::NoConduit`] (and a ledger entry) when the policy declares no way; `Invalid`, `Duplicate` or
    /// `NotPermitted` say what to change. Nothing was accepted then; the uploaded content is removed.
    pub fn submit(&self, principal: &Principal, request: NewTransfer) -> Result<TransferId, CheckpointError> {
        let blobs: Vec<String> = request.files.iter().map(|file| file.blob.id.clone()).collect();
        let outcome = self.try_submit(principal, request);
        if outcome.is_err() {
            self.discard_unreferenced(&blobs);
        }
        outcome
    }

    fn try_submit(&self, principal: &Principal, request: NewTransfer) -> Result<TransferId, CheckpointError> {
        if !principal.may(Permission::SubmitTransfer) {
            return Err(CheckpointError::not_permitted(
                "ファイルの受け渡しを申請する権限がありません。",
                "your role may not submit transfers",
            ));
        }
        let names: Vec<String> = request.files.iter().map(|file| clean_file_name(&file.name)).collect();
        let Some(conduit) = self.choose_conduit(principal, &request) else {
            return Err(self.deny(principal, &request.to, names));
        };
        self.check_request(conduit, &request)?;
        let recipient = match request.recipient.as_deref().map(str::trim).filter(|login| !login.is_empty()) {
            None => String::new(),
            Some(login) => match self.identity.person_by_login(login)? {
                Some(person) if person.active => person.id.to_string(),
                _ => {
                    return Err(CheckpointError::invalid(
                        format!("受取人「{login}」は登録されていません。ログイン名を確認してください。"),
                        format!("the recipient `{login}` is not known; check the login name"),
                    ));
                }
            },
        };

        let id = TransferId::from_random(random()?);
        let mut files = Vec::new();
        let mut ids = Vec::new();
        for (file, name) in request.files.iter().zip(&names) {
            let file_id = FileId::from_random(random()?);
            let mut entry =
                json!({ "id": file_id, "name": name, "sha256": file.blob.id, "bytes": file.blob.bytes });
            if *name != file.name
                && let Some(map) = entry.as_object_mut()
            {
                map.insert("given_name".to_owned(), json!(file.name.chars().take(400).collect::<String>()));
            }
            ids.push(file_id);
            files.push(entry);
        }
        let body = json!({
            "from": conduit.from, "to": conduit.to, "conduit": conduit.id,
            "approving_zone": self.approving_zone(&conduit.from, &conduit.to),
            "purpose": request.purpose.trim(), "unit": principal.person.unit,
            "applicant_name": principal.person.name, "applicant_login": principal.person.login,
            "recipient": recipient, "policy_digest": self.policy.digest(), "files": files,
        });
        let password = match request.password.as_deref().filter(|password| !password.is_empty()) {
            Some(password) => Some(self.keep_password(password)?),
            None => None,
        };
        let who = actor(principal);
        let conduit_id = conduit.id.to_string();
        let uploads: Vec<(String, String)> = request
            .files
            .iter()
            .zip(&names)
            .map(|(file, name)| (file.blob.id.clone(), name.clone()))
            .collect();
        let transfer = id.clone();
        self.store.write(move |tx: &mut WriteTx| -> Result<(), CheckpointError> {
            refuse_duplicates(tx, &who, &conduit_id, &uploads)?;
            tx.emit("transfer.submitted", &who, transfer.as_str(), body)?;
            let now = tx.now_ms();
            for file in &ids {
                let job = json!({ "transfer": transfer, "file": file, "password": password });
                tx.enqueue(QUEUE, job, now)?;
            }
            Ok(())
        })?;
        self.observe("transfer.submitted");
        Ok(id)
    }

    /// A blob of its own for each request, though two may have the same password: it goes with the request.
    fn keep_password(&self, password: &str) -> Result<String, CheckpointError> {
        let kept = format!("{}\n{}", hex::encode(random()?), password);
        Ok(self.store.blobs().put_bytes(kept.as_bytes())?.id)
    }

    fn choose_conduit(&self, principal: &Principal, request: &NewTransfer) -> Option<&Conduit> {
        match &request.conduit {
            Some(id) => self.policy.conduit(id).filter(|c| c.from == principal.zone && c.to == request.to),
            None => self.policy.find_conduit(&principal.zone, &request.to),
        }
    }

    fn check_request(&self, conduit: &Conduit, request: &NewTransfer) -> Result<(), CheckpointError> {
        let purpose = request.purpose.trim();
        if conduit.purpose_required && purpose.is_empty() {
            return Err(CheckpointError::invalid("利用目的を入力してください。", "enter the purpose"));
        }
        if purpose.chars().count() > MAX_PURPOSE {
            return Err(CheckpointError::invalid(
                format!("利用目的は{MAX_PURPOSE}文字以内で入力してください。"),
                format!("the purpose may have {MAX_PURPOSE} characters at most"),
            ));
        }
        if request.files.is_empty() {
            return Err(CheckpointError::invalid("ファイルを選んでください。", "choose at least one file"));
        }
        let most = self.policy.limits.files_per_transfer;
        if u32::try_from(request.files.len()).unwrap_or(u32::MAX) > most {
            return Err(CheckpointError::invalid(
                format!("一度に申請できるファイルは{most}個までです。分けて申請してください。"),
                format!("a transfer holds {most} files at most; split it"),
            ));
        }
        for file in &request.files {
            if file.blob.bytes > conduit.max_bytes {
                let (name, mib) = (clean_file_name(&file.name), conduit.max_bytes >> 20);
                return Err(CheckpointError::invalid(
                    format!("「{name}」はこの経路の上限（{mib} MiB）を超えています。分割してください。"),
                    format!("`{name}` is larger than this conduit's limit of {mib} MiB; split it"),
                ));
            }
        }
        Ok(())
    }

    /// Removes uploads that nothing refers to: no transfer, and no row or text of another service that holds the same
    /// content, which is the same blob.
    pub fn discard_unreferenced(&self, blobs: &[String]) {
        for blob in blobs {
            let referenced = self.store.tables_with_blob(blob);
            if matches!(referenced, Ok(tables) if tables.is_empty()) {
                // A blob that stays behind is encrypted and unreachable; the next sweep takes it.
                let _ = self.store.blobs().remove(blob);
            }
        }
    }
}

/// One file of one person is on its way through one conduit once: a second click must not make a second transfer.
fn refuse_duplicates(
    tx: &mut WriteTx,
    who: &str,
    conduit: &str,
    uploads: &[(String, String)],
) -> Result<(), CheckpointError> {
    for (position, (blob, name)) in uploads.iter().enumerate() {
        if uploads.iter().take(position).any(|(earlier, _)| earlier == blob) {
            return Err(CheckpointError::invalid(
                format!("「{name}」と同じ内容のファイルが申請の中に二つあります。一つにしてください。"),
                format!("`{name}` is in the request twice; keep one"),
            ));
        }
        let rows = tx.query(
            "SELECT t.id AS id FROM transfers t JOIN transfer_files f ON f.transfer = t.id
             WHERE f.original = ?1 AND t.applicant = ?2 AND t.conduit = ?3
               AND t.state IN ('received', 'disarming', 'awaiting') LIMIT 1",
            &[Value::from(blob.as_str()), Value::from(who), Value::from(conduit)],
        )?;
        if let Some(row) = rows.first() {
            return Err(CheckpointError::Duplicate {
                name: name.clone(),
                transfer: row.get_text("id")?.to_owned(),
            });
        }
    }
    Ok(())
}

fn random() -> Result<[u8; 10], CheckpointError> {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(|_| {
        CheckpointError::invalid("乱数を取得できません。", "the system gives no random numbers")
    })?;
    Ok(bytes)
}
