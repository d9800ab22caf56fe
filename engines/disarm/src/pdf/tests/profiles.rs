//! Colour profiles: what they say is seen without them.

use moxcms::ColorProfile;

use super::*;

/// A page that draws with a space and with a picture of one pixel under the same profile.
fn page(profile: &ColorProfile) -> Vec<u8> {
    let binary = |dict: &str, data: &[u8]| {
        let head = format!("<< {dict} /Length {} >>\nstream\n", data.len());
        [head.as_bytes(), data, b"\nendstream"].concat()
    };
    let space = "[/ICCBased 5 0 R]";
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources << \
         /ColorSpace << /C {space} >> /XObject << /X 6 0 R >> >> >>"
    );
    let picture =
        format!("/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace {space}");
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.into_bytes(),
        stream("", "/C cs 0 0.4 0 sc 0 0 9 9 re f /X Do").into_bytes(),
        binary("/N 3", &profile.encode().unwrap()),
        binary(&picture, &[0, 102, 0]),
    ];
    pdf_bytes(&objects, "")
}

#[test]
fn wide_profile_is_applied_to_pictures_and_stands_as_inks_elsewhere() {
    let disarmed = rebuilt(&page(&ColorProfile::new_display_p3()));
    let shown = String::from_utf8_lossy(&disarmed.bytes);
    assert!(shown.contains("/DeviceN [/Spot#201 /Spot#202 /Spot#203] /DeviceRGB"), "{shown}");
    assert!(shown.contains("/ColorSpace /DeviceRGB"), "{shown}");
    assert!(!shown.contains("ICCBased"));
}

#[test]
fn profile_of_screens_gives_the_device_space() {
    let disarmed = rebuilt(&page(&ColorProfile::new_srgb()));
    let shown = String::from_utf8_lossy(&disarmed.bytes);
    assert!(!shown.contains("DeviceN") && !shown.contains("ICCBased"), "{shown}");
}

#[test]
fn form_that_lacks_a_font_uses_that_of_the_page() {
    let form = stream("/Type /XObject /Subtype /Form /BBox [0 0 300 400] /Resources << >>", HELLO);
    let page = "/Resources << /XObject << /X 5 0 R >> /Font << /F1 << /Type /Font /Subtype /Type1 \
                /BaseFont /Courier >> >> >>";
    let disarmed = rebuilt(&document("", page, "/X Do", &[&form]));
    assert!(String::from_utf8_lossy(&disarmed.bytes).contains("/Courier"));
}

#[test]
fn language_that_is_no_tag_is_dropped() {
    for (given, kept) in
        [("ja-JP", true), ("en", true), ("nusumu", false), ("evil-example-com-aaaaaaaaa", false)]
    {
        let disarmed = rebuilt(&document(&format!("/Lang ({given})"), "", HELLO, &[]));
        assert_eq!(String::from_utf8_lossy(&disarmed.bytes).contains("/Lang"), kept, "{given}");
    }
}
