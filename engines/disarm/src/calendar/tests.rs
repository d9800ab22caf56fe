use crate::{Limits, Options};

fn make(name: &str) -> Vec<u8> {
    assert_eq!(name, "phone");
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=8D=B2=93=A1;=91=BE=\r\n=98=59\r\nTEL;CELL:090-0000-0000\r\nEND:VCARD\r\n"
        .as_bytes()
        .to_vec()
}

#[test]
fn calendars_and_contacts_hold_to_their_document() {
    crate::cases::run(include_str!("../../cases/calendar.md"), &make);
}

proptest::proptest! {
    #[test]
    fn whatever_is_written_passes_the_second_reader(
        lines in proptest::collection::vec(proptest::sample::select(vec![
            "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "END:VALARM", "ACTION:DISPLAY", "ACTION:EMAIL", "SUMMARY:会議",
            "X-A:b", "URL:javascript:1", "URL:https://a.example/", "ATTENDEE;CN=\"a;b:c\":mailto:a@b", " 続き", "N;A=\"b",
            "DESCRIPTION;LANGUAGE=ja:とても長い説明とても長い説明とても長い説明とても長い説明とても長い説明", "a.b.c:d", ":", "DTSTART;TZID=Asia/Tokyo:20260101T090000",
        ]), 0..12), card in proptest::bool::ANY
    ) {
        let root = if card { "VCARD" } else { "VCALENDAR" };
        let text = format!("BEGIN:{root}\r\n{}\r\nEND:{root}\r\n", lines.join("\r\n"));
        if let Ok(out) = crate::disarm(text.as_bytes(), &Options::default()) {
            proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &Limits::default()), Ok(()), "{}", text);
        }
    }
}
