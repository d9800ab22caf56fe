use super::*;
use crate::{Format, Limits, Method, Options, cases};

fn disarm(text: &str) -> Result<String, Refusal> {
    let out = crate::disarm(text.as_bytes(), &Options { name: "a.svg".to_owned(), ..Options::default() })?;
    assert_eq!(out.format, Format::Svg);
    crate::verify(&out.bytes, out.format, &Limits::default()).unwrap();
    Ok(String::from_utf8(out.bytes).unwrap())
}

fn make(name: &str) -> Vec<u8> {
    match name {
        "use_bomb" => {
            let mut svg = String::from(
                "<svg xmlns='http://www.w3.org/2000/svg'><defs><rect id='a0' width='1' height='1'/>",
            );
            for level in 1..12 {
                let uses = format!("<use href='#a{}'/>", level - 1).repeat(10);
                svg.push_str(&format!("<g id='a{level}'>{uses}</g>"));
            }
            svg.push_str("</defs><use href='#a11'/></svg>");
            svg.into_bytes()
        }
        "packed" => {
            use std::io::Write as _;
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer
                .write_all(
                    b"<svg xmlns='http://www.w3.org/2000/svg'><text>\xe6\xa1\x88\xe5\x86\x85</text></svg>",
                )
                .unwrap();
            packer.finish().unwrap()
        }
        "picture_inside" => {
            let png = picture();
            format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><image width='9' height='9' href='data:image/png;base64,{}'/></svg>",
                data::to_base64(&[png.as_slice(), b"PK hidden tail"].concat())
            )
            .into_bytes()
        }
        "deep" => {
            let (open, close) = ("<g>".repeat(100_000), "</g>".repeat(100_000));
            format!("<svg xmlns='http://www.w3.org/2000/svg'>{open}{close}</svg>").into_bytes()
        }
        other => panic!("no builder {other}"),
    }
}

/// A BMP of one red pixel, which is written as PNG.
fn picture() -> Vec<u8> {
    let mut bmp = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
    bmp.extend_from_slice(&[0; 24]);
    bmp.extend_from_slice(&[0, 0, 255, 0]);
    bmp
}

#[test]
fn the_cases_hold() {
    cases::run(include_str!("../../cases/svg.md"), &make);
}

#[test]
fn a_drawing_is_written_in_one_plain_form() {
    let svg = "<?xml version='1.0'?><!-- by hand --><s:svg xmlns:s='http://www.w3.org/2000/svg' \
        xmlns:xlink='http://www.w3.org/1999/xlink' viewBox='0 0 10 10'>\
        <s:style type='text/css'><![CDATA[ /* note */ .a > rect { fill : url( '#g' ) ; -x-y: 1 } ]]></s:style>\
        <s:linearGradient id='g' xlink:href='#h'/><s:text x='1'>A &amp; B<s:tspan dy='2'>&lt;C</s:tspan></s:text></s:svg>";
    let expected = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
        viewBox=\"0 0 10 10\"><style>.a &gt; rect{fill:url(#g)}\n</style>\
        <linearGradient id=\"g\" xlink:href=\"#h\"/><text x=\"1\">A &amp; B<tspan dy=\"2\">&lt;C</tspan></text></svg>\n";
    assert_eq!(disarm(svg).unwrap(), expected);
    // What was written is a fixed point.
    assert_eq!(disarm(expected).unwrap(), expected);
}

#[test]
fn entities_of_drawing_programs_are_put_in_place() {
    let svg = "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x.dtd' [<!ENTITY ns 'http://www.w3.org/2000/svg'>]>\
        <svg xmlns='&ns;'><circle r='3'/></svg>";
    assert!(disarm(svg).unwrap().contains("<circle r=\"3\"/>"));
}

#[test]
fn the_rendered_picture_shows_the_drawing_and_its_pictures() {
    let options = Options { method: Method::Image, ..Options::default() };
    let out = crate::disarm(&make("picture_inside"), &options).unwrap();
    assert_eq!(out.format, Format::Png);
    crate::verify(&out.bytes, Format::Png, &Limits::default()).unwrap();
    let mut ctx = Context::new(&options);
    let rendered = render(&make("picture_inside"), &mut Budget::new(1_000_000), &mut ctx).unwrap();
    let middle = (rendered.width * (rendered.height / 2) + rendered.width / 2) as usize * 4;
    assert_eq!(rendered.rgba[middle..middle + 4], [255, 0, 0, 255]);
}

#[test]
fn the_second_reader_refuses_originals() {
    let verify = |text: &str| crate::verify(text.as_bytes(), Format::Svg, &Limits::default());
    let with = |body: &str| {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">{body}</svg>\n"
        )
    };
    assert!(verify(&with("<g/>")).is_ok());
    for body in [
        "<script>alert(1)</script>",
        "<g onclick=\"a()\"/>",
        "<foreignObject/>",
        "<image xlink:href=\"http://192.0.2.1/a.png\"/>",
        "<image xlink:href=\"data:image/png;base64,AAAA\"/>",
        "<use xlink:href=\"other.svg#a\"/>",
        "<g style=\"fill:url(http://192.0.2.1/)\"/>",
        "<style>@import 'a.css';</style>",
        "<style>a{fill:\\75rl(x)}</style>",
        "<!-- note --><g/>",
        "<![CDATA[x]]>",
        "&nbsp;",
        "stray",
        "<g></svg>",
        "<a xlink:href=\"#x\"/>",
        "<animate/>",
    ] {
        assert!(verify(&with(body)).is_err(), "{body}");
    }
    assert!(verify("<!DOCTYPE svg><svg xmlns=\"http://www.w3.org/2000/svg\"/>\n").is_err());
    assert!(
        verify("<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n")
            .is_err()
    );
}

proptest::proptest! {
    #[test]
    fn damaged_drawings_never_panic(at in 0_usize..600, what in "[<>&;#a-z\"'/(){}@:\\\\ 0-9]{0,4}", cut in 0_usize..5) {
        let svg = "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY e 'v'>]><svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>\
            <style>.a{fill:url(#g);stroke:red} @media print{a{fill:red}} b>c{opacity:.5}</style><defs><linearGradient id='g'><stop offset='1' \
            style='stop-color:#fff;x:y'/></linearGradient></defs><g transform='translate(1 2) rotate(3)' class='a'><text x='1 2'>a&e;<tspan>b</tspan></text>\
            <use href='#g' onclick='x'/><image href='data:image/png;base64,AAAA'/><path d='M0 0L9 9z' filter='url(#f)'/></g></svg>";
        let mut text: Vec<char> = svg.chars().collect();
        let at = at % text.len();
        let end = (at + cut).min(text.len());
        text.splice(at..end, what.chars());
        let text: String = text.into_iter().collect();
        let options = Options { name: "a.svg".to_owned(), ..Options::default() };
        if let Ok(out) = crate::disarm(text.as_bytes(), &options) {
            proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &Limits::default()), Ok(()));
        }
    }
}
