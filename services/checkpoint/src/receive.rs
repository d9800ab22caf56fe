//! Receipt in the target zone, previews for the approver, and the proof that goes with a transfer.

use serde_json::json;

use sekisho_disarm::{Format, Options, TextPiece};
use sekisho_identity::Principal;
use sekisho_store::{BlobReader, WriteTx};

use crate::model::{FileView, TransferView};
use crate::{Checkpoint, CheckpointError, FileId, FileState, TransferId, TransferState, actor};

/// The largest picture that a preview shows, in bytes.
const MAX_PICTURE: i64 = 20 << 20;

/// The most text that a preview shows, in characters.
const MAX_TEXT: usize = 40_000;

/// A file to hand out.
pub struct Download {
    /// The name to save it under.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its size.
    pub bytes: u64,
    /// Its content.
    pub reader: BlobReader,
}

/// What a page can show of a disarmed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preview {
    /// Its text with places; `cut` when there is more.
    Text {
        /// The pieces.
        pieces: Vec<TextPiece>,
        /// Whether there is more.
        cut: bool,
    },
    /// It is a picture; show the disarmed file itself.
    Picture,
}

impl Checkpoint {
    /// A released file, in the target zone only. The download is in the ledger before the first byte goes out.
    ///
    /// # Errors
    /// `NotPermitted` in another zone or for another person; `State` when it is not released.
    pub fn download(
        &self,
        principal: &Principal,
        id: &TransferId,
        file: &FileId,
    ) -> Result<Download, CheckpointError> {
        let view = self.transfer(principal, id)?;
        let file = find(&view, file)?;
        if view.row.state != TransferState::Receivable {
            return Err(CheckpointError::State { state: view.row.state.id().to_owned() });
        }
        if !view.may_receive {
            return Err(CheckpointError::not_permitted(
                "受け取りは、送り先の領域の画面で、申請者または受取人だけができます。",
                "only the applicant or the recipient receives it, in the target zone",
            ));
        }
        let download = self.open_output(file)?;
        self.note(principal, id, file, "file.downloaded")?;
        Ok(download)
    }

    /// A disarmed file that waits for approval, for the person who may decide about it.
    ///
    /// # Errors
    /// `NotPermitted` for everybody else.
    pub fn examine(
        &self,
        principal: &Principal,
        id: &TransferId,
        file: &FileId,
    ) -> Result<Download, CheckpointError> {
        let view = self.transfer(principal, id)?;
        let file = find(&view, file)?;
        if !view.may_decide && !view.may_receive {
            return Err(CheckpointError::not_permitted(
                "内容を確認できるのは決裁者と受取人だけです。",
                "only the approver and the recipient look at the content",
            ));
        }
        let download = self.open_output(file)?;
        self.note(principal, id, file, "file.examined")?;
        Ok(download)
    }

    /// What can be shown of a disarmed file; the text is extracted in the sandbox.
    ///
    /// # Errors
    /// As [`Checkpoint::examine`].
    pub fn preview(
        &self,
        principal: &Principal,
        id: &TransferId,
        file: &FileId,
    ) -> Result<Preview, CheckpointError> {
        let mut download = self.examine(principal, id, file)?;
        let format = Format::from_extension(download.name.rsplit('.').next().unwrap_or_default());
        if format.is_some_and(Format::is_raster)
            && i64::try_from(download.bytes).is_ok_and(|bytes| bytes <= MAX_PICTURE)
        {
            return Ok(Preview::Picture);
        }
        let options = Options { name: download.name.clone(), ..Options::default() };
        let result = self
            .sandbox
            .extract_text_from(&mut download.reader, &options)
            .map_err(|error| CheckpointError::Preview(error.to_string()))?;
        let pieces = result.value.map_err(|refusal| CheckpointError::Preview(refusal.to_string()))?;
        let mut left = MAX_TEXT;
        let mut shown = Vec::new();
        let mut cut = false;
        for mut piece in pieces {
            let length = piece.text.chars().count();
            if length > left {
                piece.text = piece.text.chars().take(left).collect();
                cut = true;
            }
            left = left.saturating_sub(length);
            shown.push(piece);
            if left == 0 {
                cut = true;
                break;
            }
        }
        Ok(Preview::Text { pieces: shown, cut })
    }

    /// The receipt (`.tlog-proof`) of the release: name and text.
    ///
    /// # Errors
    /// `State` when it is not released yet.
    pub fn receipt(
        &self,
        principal: &Principal,
        id: &TransferId,
    ) -> Result<(String, String), CheckpointError> {
        let view = self.transfer(principal, id)?;
        let Some(seq) = view.row.release_seq else {
            return Err(CheckpointError::State { state: view.row.state.id().to_owned() });
        };
        Ok((format!("{id}.tlog-proof"), self.store.receipt(seq)?.encode()))
    }

    fn open_output(&self, file: &FileView) -> Result<Download, CheckpointError> {
        if file.state != FileState::Verified {
            return Err(CheckpointError::State { state: file.state.id().to_owned() });
        }
        if file.output_disposed_ms.is_some() {
            return Err(CheckpointError::invalid(
                "保存期間が終了したため、このファイルは廃棄されました。",
                "the retention of this file is over; it was disposed of",
            ));
        }
        let format = Format::from_extension(&file.output_format);
        let reader = self.store.blobs().open(&file.output_sha256)?;
        Ok(Download {
            name: file.output_name.clone(),
            media_type: format.map_or("application/octet-stream", Format::media_type),
            bytes: u64::try_from(file.output_bytes).unwrap_or(0),
            reader,
        })
    }

    fn note(
        &self,
        principal: &Principal,
        id: &TransferId,
        file: &FileView,
        kind: &'static str,
    ) -> Result<(), CheckpointError> {
        let (me, transfer) = (actor(principal), id.clone());
        let body = json!({ "file": file.id, "sha256": file.output_sha256, "zone": principal.zone });
        self.store.write(move |tx: &mut WriteTx| -> Result<(), CheckpointError> {
            tx.emit(kind, &me, transfer.as_str(), body)?;
            Ok(())
        })?;
        self.observe(kind);
        Ok(())
    }
}

fn find<'a>(view: &'a TransferView, id: &FileId) -> Result<&'a FileView, CheckpointError> {
    view.files
        .iter()
        .find(|file| file.id == *id)
        .ok_or_else(|| CheckpointError::NotFound { what: id.to_string() })
}
