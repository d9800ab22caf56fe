//! The job queue: enqueued in the same unit as the event that asks for the work, leased for a time, picked up
//! again when the lease runs out. A job may therefore be done twice; the worker's result is an event of its own,
//! and `complete` in the same unit refuses the second one.

use crate::value::{Row, Value};
use crate::write::WriteTx;
use crate::{StoreError, files, schema};

/// Number of a job.
pub type JobId = i64;

/// A job that was leased.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// Its queue.
    pub queue: String,
    /// What to do.
    pub payload: serde_json::Value,
    /// Which try this is, from 1.
    pub attempts: u32,
    /// Proves that the lease is ours.
    pub token: String,
    /// When the lease ends, in milliseconds since the epoch.
    pub until_ms: i64,
}

/// What became of a job whose try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It is tried again from this time on (milliseconds since the epoch).
    Again {
        /// When.
        at_ms: i64,
    },
    /// It has had all its tries and stays in the table as dead, with the last error.
    Dead,
}

/// The first pause after a failed try; it doubles with each one.
const FIRST_PAUSE_MS: i64 = 1_000;
/// The longest pause.
const LONGEST_PAUSE_MS: i64 = 300_000;

impl WriteTx {
    /// Puts a job into a queue; it is due from `not_before_ms` on.
    ///
    /// # Errors
    /// What the database reports.
    pub fn enqueue(
        &mut self,
        queue: &str,
        payload: serde_json::Value,
        not_before_ms: i64,
    ) -> Result<JobId, StoreError> {
        let id: JobId = match schema::meta(self.db.as_mut(), "next_job")? {
            Some(text) => {
                text.parse().map_err(|_| StoreError::damaged("table meta", "`next_job` is not a number"))?
            }
            None => 1,
        };
        schema::set_meta(self.db.as_mut(), "next_job", &id.saturating_add(1).to_string())?;
        let now = self.now_ms();
        self.run(
            "INSERT INTO jobs (id, queue, payload, state, not_before_ms, attempts, created_ms) \
             VALUES (?1, ?2, ?3, 'ready', ?4, 0, ?5)",
            &[
                Value::Int(id),
                Value::from(queue),
                Value::from(payload.to_string()),
                Value::Int(not_before_ms),
                Value::Int(now),
            ],
        )?;
        Ok(id)
    }

    /// Takes the job that has been due longest, or one whose lease has run out, for `for_ms` milliseconds.
    ///
    /// # Errors
    /// What the database reports.
    pub fn lease(&mut self, queue: &str, worker: &str, for_ms: i64) -> Result<Option<Job>, StoreError> {
        let now = self.now_ms();
        let rows = self.query(
            "SELECT id, payload, attempts FROM jobs WHERE queue = ?1 AND \
             ((state = 'ready' AND not_before_ms <= ?2) OR (state = 'leased' AND lease_until_ms <= ?2)) \
             ORDER BY not_before_ms, id LIMIT 1",
            &[Value::from(queue), Value::Int(now)],
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        let id = row.get_i64("id")?;
        let attempts = row.get_i64("attempts")?.saturating_add(1);
        let token = hex::encode(files::random::<16>()?);
        let until_ms = now.saturating_add(for_ms);
        self.run(
            "UPDATE jobs SET state = 'leased', attempts = ?2, worker = ?3, token = ?4, lease_until_ms = ?5 WHERE id = ?1",
            &[Value::Int(id), Value::Int(attempts), Value::from(worker), Value::from(&token), Value::Int(until_ms)],
        )?;
        Ok(Some(Job {
            id,
            queue: queue.to_owned(),
            payload: row.get_json("payload")?,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            token,
            until_ms,
        }))
    }

    /// Keeps a lease for another `for_ms` milliseconds from now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if it is no longer ours.
    pub fn extend(&mut self, id: JobId, token: &str, for_ms: i64) -> Result<(), StoreError> {
        self.held(id, token)?;
        let until = self.now_ms().saturating_add(for_ms);
        self.run("UPDATE jobs SET lease_until_ms = ?2 WHERE id = ?1", &[Value::Int(id), Value::Int(until)])?;
        Ok(())
    }

    /// Takes a finished job out of the queue.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if someone else has it or it is done already.
    pub fn complete(&mut self, id: JobId, token: &str) -> Result<(), StoreError> {
        self.held(id, token)?;
        self.run("DELETE FROM jobs WHERE id = ?1", &[Value::Int(id)])?;
        Ok(())
    }

    /// Gives a failed try back: again after 1 s, 2 s, 4 s … at most 5 min, or dead after `max_attempts` tries.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if it is no longer ours.
    pub fn retry(
        &mut self,
        id: JobId,
        token: &str,
        error: &str,
        max_attempts: u32,
    ) -> Result<Retry, StoreError> {
        let attempts = self.held(id, token)?.get_i64("attempts")?;
        if attempts >= i64::from(max_attempts) {
            self.run(
                "UPDATE jobs SET state = 'dead', token = NULL, lease_until_ms = NULL, error = ?2 WHERE id = ?1",
                &[Value::Int(id), Value::from(error)],
            )?;
            return Ok(Retry::Dead);
        }
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(30);
        let pause = FIRST_PAUSE_MS.saturating_mul(1i64 << doublings).min(LONGEST_PAUSE_MS);
        let at_ms = self.now_ms().saturating_add(pause);
        self.run(
            "UPDATE jobs SET state = 'ready', token = NULL, lease_until_ms = NULL, error = ?2, not_before_ms = ?3 WHERE id = ?1",
            &[Value::Int(id), Value::from(error), Value::Int(at_ms)],
        )?;
        Ok(Retry::Again { at_ms })
    }

    /// The job, if this token still holds it. A lease that ran out but that nobody took is still ours.
    fn held(&mut self, id: JobId, token: &str) -> Result<Row, StoreError> {
        let rows = self.query(
            "SELECT attempts FROM jobs WHERE id = ?1 AND state = 'leased' AND token = ?2",
            &[Value::Int(id), Value::from(token)],
        )?;
        rows.into_iter().next().ok_or(StoreError::LeaseLost { job: id })
    }
}
