//! Mail, against a small relay on the loopback interface.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::city::{City, DAY};
use crate::{Approval, Decision, NewCase};

/// A relay that takes every mail and hands it to the test: recipient and text.
struct Relay {
    port: u16,
    mails: Receiver<(String, String)>,
}

impl Relay {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (send, mails) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let send = send.clone();
                thread::spawn(move || serve(stream.unwrap(), |to, text| drop(send.send((to, text)))));
            }
        });
        Self { port, mails }
    }

    /// What has come in, by recipient.
    fn taken(&self) -> Vec<(String, String)> {
        let mut mails: Vec<_> = self.mails.try_iter().collect();
        mails.sort();
        mails
    }
}

fn serve(stream: TcpStream, taken: impl Fn(String, String)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    let mut say = |line: &str| stream.write_all(format!("{line}\r\n").as_bytes()).is_ok();
    say("220 test");
    let (mut to, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let word = line.trim_end().to_ascii_uppercase();
        if word.starts_with("RCPT TO:") {
            to = line.trim_end().split_once(':').unwrap().1.trim_matches(['<', '>', ' ']).to_owned();
            say("250 ok");
        } else if word == "DATA" {
            say("354 go on");
            let mut text = String::new();
            loop {
                line.clear();
                reader.read_line(&mut line).unwrap();
                if line == ".\r\n" {
                    break;
                }
                text.push_str(&line);
            }
            taken(to.clone(), readable(&text));
            say("250 taken");
        } else if word == "QUIT" {
            say("221 bye");
            return;
        } else {
            say("250 ok");
        }
    }
}

/// The body of a mail, whatever its transfer encoding.
fn readable(mail: &str) -> String {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    if head.to_lowercase().contains("base64") {
        return String::from_utf8(base64(&body.replace("\r\n", ""))).unwrap().replace("\r\n", "\n");
    }
    let body = body.replace("=\r\n", "");
    let mut out = Vec::new();
    let mut bytes = body.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'=' {
            let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
            out.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).unwrap().replace("\r\n", "\n")
}

fn base64(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut held, mut bits) = (0u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
            .iter()
            .position(|b| *b == byte);
        held = (held << 6) | u32::try_from(value.unwrap()).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((held >> bits) & 255).unwrap());
        }
    }
    out
}

fn recipients(mails: &[(String, String)]) -> Vec<&str> {
    mails.iter().map(|(to, _)| to.as_str()).collect()
}

fn decide(city: &City, approval: &Approval, login: &str, id: &crate::CaseId, decision: Decision) {
    let digest = city.view(id).case.digest;
    approval.decide(&city.sits(login), id, &digest, decision, "極秘の理由").unwrap();
}

pub(super) fn everybody_gets_one_mail_with_number_title_and_link_only(city: &City) {
    let relay = Relay::start();
    let approval = city.with_mail(relay.port);
    let plain = |login: &str| NewCase { kind: "plain".to_owned(), ..city.new_case(login, "register-change") };
    let first = approval.draft(plain("yamada")).unwrap();
    let second = approval.draft(plain("yamada")).unwrap();
    let third = approval.draft(plain("hirata")).unwrap();
    let report = approval.run_mail("test").unwrap();
    assert_eq!((report.sent, report.notices, report.dropped, report.failed.len()), (2, 3, 0, 0));
    let mails = relay.taken();
    assert_eq!(recipients(&mails), ["mori@city.example", "suzuki@city.example"]);
    assert_eq!(
        mails[1].1.trim_end(),
        format!(
            "suzukiさん 様\n\n■ 決裁又は合議をお願いします\n{}\n\nこのメールには件名と文書番号だけを載せています。内容は画面で確認してください。",
            {
                let mut lines = [(&first, 1), (&second, 2)].map(|(id, n)| {
                    (id, format!("・税第{n}号 端末の追加\n  https://sekisho.city.example/cases/{id}"))
                });
                lines.sort();
                lines.map(|(_, line)| line).join("\n")
            }
        )
    );
    decide(city, &approval, "suzuki", &first, Decision::Approve);
    decide(city, &approval, "suzuki", &second, Decision::Return);
    decide(city, &approval, "mori", &third, Decision::Reject);
    let report = approval.run_mail("test").unwrap();
    assert_eq!((report.sent, report.notices), (2, 3));
    let mails = relay.taken();
    assert_eq!(recipients(&mails), ["hirata@city.example", "yamada@city.example"]);
    for (heading, mail) in
        [("否決されました", &mails[0]), ("決裁されました", &mails[1]), ("差し戻されました", &mails[1])]
    {
        assert!(mail.1.contains(heading), "{}", mail.1);
    }
    assert!(
        mails.iter().all(|(_, text)| !text.contains("極秘") && !text.contains("秘密")),
        "no content, no reasons"
    );
    assert_eq!(approval.run_mail("test").unwrap(), crate::MailReport::default(), "nothing twice");
}

pub(super) fn a_relay_that_is_down_loses_no_notice(city: &City) {
    // A port on which nobody listens: bound once, and let go.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let approval = city.with_mail(port);
    let case = NewCase { kind: "plain".to_owned(), ..city.new_case("yamada", "register-change") };
    approval.draft(case).unwrap();
    let report = approval.run_mail("test").unwrap();
    assert_eq!((report.sent, report.failed.len()), (0, 1), "{report:?}");
    assert!(!report.failed[0].contains('\n') && !report.failed[0].is_empty());
    assert_eq!(approval.run_mail("test").unwrap(), crate::MailReport::default(), "not before its time");
    city.clock.advance(5_000);
    let relay = Relay::start();
    let mended = city.with_mail(relay.port);
    assert_eq!(mended.run_mail("test").unwrap().sent, 1);
    assert_eq!(recipients(&relay.taken()), ["suzuki@city.example"]);
    // Somebody who left in the meantime gets nothing, and the queue goes on.
    let case = NewCase { kind: "plain".to_owned(), ..city.new_case("yamada", "register-change") };
    mended.draft(case).unwrap();
    city.dismiss("suzuki");
    let report = mended.run_mail("test").unwrap();
    assert_eq!((report.sent, report.dropped), (0, 1));
}

pub(super) fn reminders_go_out_once_a_day(city: &City) {
    let relay = Relay::start();
    let approval = city.with_mail(relay.port);
    let case = NewCase { kind: "plain".to_owned(), ..city.new_case("kato", "register-change") };
    approval.draft(case).unwrap();
    approval.run_mail("test").unwrap();
    relay.taken();
    assert_eq!(approval.escalate().unwrap().reminded, 0, "not yet");
    city.clock.advance(4 * DAY);
    assert_eq!(approval.escalate().unwrap().reminded, 1, "the day before");
    assert_eq!(approval.escalate().unwrap().reminded, 0);
    city.clock.advance(DAY);
    assert_eq!(approval.escalate().unwrap().reminded, 1);
    approval.run_mail("test").unwrap();
    let mails = relay.taken();
    assert_eq!(recipients(&mails), ["ito@city.example"], "two reminders, one mail");
    assert!(mails[0].1.contains("期限が近い"));
    // Without a relay nothing is remembered or queued.
    assert_eq!(city.approval.escalate().unwrap().reminded, 0);
}
