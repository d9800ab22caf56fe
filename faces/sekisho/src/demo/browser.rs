//! A person with a browser: cookies, forms and nothing else.

use std::collections::BTreeMap;

use ureq::Agent;
use ureq::http::Response;

use crate::demo::city::{Member, PASSWORD};
use crate::failure::Failure;

/// The most bytes of one answer.
const MOST: u64 = 64 << 20;

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The value of a hidden input of the page.
    pub(crate) fn hidden(&self, name: &str) -> Result<String, Failure> {
        let text = self.text();
        let marker = format!("name=\"{name}\" value=\"");
        let value = text
            .split_once(&marker)
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(value, _)| value.to_owned());
        value.ok_or_else(|| {
            Failure::refused(format!("the page (status {}) has no field `{name}`", self.status))
        })
    }

    pub(crate) fn json(&self) -> Result<serde_json::Value, Failure> {
        Ok(serde_json::from_slice(&self.bytes)?)
    }
}

/// A browser window on one zone.
pub(crate) struct Browser {
    origin: String,
    agent: Agent,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(origin: &str) -> Self {
        let agent = Agent::config_builder().max_redirects(0).http_status_as_error(false).build().new_agent();
        Self { origin: origin.to_owned(), agent, cookies: BTreeMap::new() }
    }

    /// Signs in with both factors.
    pub(crate) fn sign_in(&mut self, member: &mut Member) -> Result<(), Failure> {
        let asked = self.post_form(
            "/login",
            &[("login", &member.login), ("password", PASSWORD), ("next", "/transfers")],
        )?;
        let pending = asked.hidden("pending")?;
        let code = member.fresh_code()?;
        let done = self
            .post_form("/login/second", &[("pending", &pending), ("code", &code), ("next", "/transfers")])?;
        if done.status == 303 {
            Ok(())
        } else {
            Err(Failure::refused(format!("{} could not sign in: {}", member.login, done.status)))
        }
    }

    /// Confirms with the second factor before a decision.
    pub(crate) fn step_up(&mut self, member: &mut Member) -> Result<(), Failure> {
        let csrf = self.get("/step-up?next=/approvals")?.hidden("csrf")?;
        let code = member.fresh_code()?;
        let done = self.post_form("/step-up", &[("csrf", &csrf), ("code", &code), ("next", "/approvals")])?;
        if done.status == 303 {
            Ok(())
        } else {
            Err(Failure::refused(format!("step-up of {}: {}", member.login, done.status)))
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        let request = self.agent.get(format!("{}{path}", self.origin)).header("cookie", self.cookie_line());
        let response = request.call()?;
        self.read(response)
    }

    pub(crate) fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Failure> {
        let request = self
            .agent
            .post(format!("{}{path}", self.origin))
            .header("cookie", self.cookie_line())
            .header("origin", &self.origin);
        let response = request.send_form(fields.iter().copied())?;
        self.read(response)
    }

    /// Sends files as the upload form does.
    pub(crate) fn upload(
        &mut self,
        fields: &[(&str, &str)],
        files: &[(&str, &[u8])],
    ) -> Result<Answer, Failure> {
        const BOUNDARY: &str = "sekisho-demo-boundary-6f1c";
        let csrf = self.get("/new")?.hidden("csrf").or_else(|_| self.get("/transfers")?.hidden("csrf"))?;
        let mut body = Vec::new();
        for (name, value) in std::iter::once(&("csrf", csrf.as_str())).chain(fields) {
            body.extend(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .bytes(),
            );
        }
        for (name, bytes) in files {
            body.extend(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n")
                    .bytes(),
            );
            body.extend_from_slice(bytes);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").bytes());
        let request = self
            .agent
            .post(format!("{}/transfers", self.origin))
            .header("cookie", self.cookie_line())
            .header("origin", &self.origin)
            .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
        let response = request.send(body.as_slice())?;
        self.read(response)
    }

    fn cookie_line(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn read(&mut self, mut response: Response<ureq::Body>) -> Result<Answer, Failure> {
        for line in response.headers().get_all("set-cookie") {
            let pair = line.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location =
            response.headers().get("location").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let status = response.status().as_u16();
        let bytes = response.body_mut().with_config().limit(MOST).read_to_vec()?;
        Ok(Answer { status, location, bytes })
    }
}
