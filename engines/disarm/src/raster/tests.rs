use super::{picture::Channels, *};
use crate::{Disarmed, Limits, Options, Removed};

fn disarm(bytes: &[u8]) -> Result<Disarmed, Refusal> {
    let out = crate::disarm(bytes, &Options::default())?;
    crate::verify(&out.bytes, out.format, &Limits::default()).unwrap();
    Ok(out)
}

fn sample(width: u32, height: u32, channels: Channels) -> picture::Picture {
    let data =
        (0..width as usize * height as usize * channels.count()).map(|i| (i * 7 % 251) as u8).collect();
    picture::Picture::new(width, height, channels, data).unwrap()
}

fn places(removed: &[Removed]) -> Vec<&str> {
    removed.iter().map(|r| r.location.as_str()).collect()
}

fn png_chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = (body.len() as u32).to_be_bytes().to_vec();
    let tail = [kind.as_slice(), body].concat();
    chunk.extend_from_slice(&tail);
    chunk.extend_from_slice(&crc32fast::hash(&tail).to_be_bytes());
    chunk
}

/// EXIF with an orientation and a pointer to a GPS directory.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"Exif\0\0MM\0*\0\0\0\x08\0\x02".to_vec();
    block.extend_from_slice(&[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    block.extend_from_slice(&[0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0x26]);
    block.extend_from_slice(&[0, 0, 0, 0, 0, 0]);
    block
}

fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, body, &jpeg[2..]].concat()
}

#[test]
fn the_position_of_a_photograph_is_removed_and_reported() {
    let plain = jpeg::encode(&sample(16, 8, Channels::Rgb), jpeg::Manner::default()).unwrap();
    let photo = with_segment(&with_segment(&plain, 0xE1, &exif(6)), 0xFE, b"secret comment");
    let out = disarm(&photo).unwrap();
    assert_eq!(places(&out.removed), ["コメント", "EXIF（撮影位置を含む）"]);
    assert!(!out.bytes.windows(4).any(|w| w == b"Exif" || w == b"secr"));
    let found = inspect::inspect(&out.bytes, Format::Jpeg);
    let turned = jpeg::decode(&out.bytes, &found, &mut Budget::new(1_000)).unwrap();
    assert_eq!((turned.width(), turned.height()), (8, 16));
}

#[test]
fn grey_stays_grey_and_density_stays() {
    let mut grey = sample(16, 8, Channels::Gray);
    grey.density = Some((11_811, 11_811));
    let out = disarm(&jpeg::encode(&grey, jpeg::Manner::default()).unwrap()).unwrap();
    let found = inspect::inspect(&out.bytes, Format::Jpeg);
    assert_eq!(found.density, Some((11_811, 11_811)));
    assert_eq!(jpeg::decode(&out.bytes, &found, &mut Budget::new(1_000)).unwrap().channels(), Channels::Gray);
}

#[test]
fn a_cut_photograph_is_refused() {
    let photo = jpeg::encode(&sample(64, 64, Channels::Rgb), jpeg::Manner::default()).unwrap();
    assert_eq!(disarm(&photo[..photo.len() / 2]).unwrap_err().code, RefusalCode::Malformed);
}

#[test]
fn text_and_an_archive_behind_a_png_are_removed_and_reported() {
    let plain = png::encode(&sample(20, 20, Channels::Rgba)).unwrap();
    let mut dirty = plain[..33].to_vec();
    dirty.extend(png_chunk(b"tEXt", b"Author\0someone"));
    dirty.extend(png_chunk(b"prVt", b"payload"));
    dirty.extend_from_slice(&plain[33..]);
    dirty.extend_from_slice(b"PK\x05\x06hidden archive........");
    let out = disarm(&dirty).unwrap();
    assert_eq!(places(&out.removed), ["文字情報（tEXt）", "PNG チャンク prVt", "末尾の 26 バイト"]);
    assert_eq!(out.bytes, plain);
}

#[test]
fn few_colours_are_written_with_a_palette() {
    let data = [[255, 0, 0, 255], [0, 0, 0, 0]].concat().repeat(50);
    let picture = picture::Picture::new(10, 10, Channels::Rgba, data.clone()).unwrap();
    let bytes = png::encode(&picture).unwrap();
    assert_eq!(bytes[25], 3);
    match png::decode(&bytes, &mut Budget::new(1_000)).unwrap() {
        png::Decoded::Still(again) => assert_eq!(again.data(), data),
        png::Decoded::Animated(_) => panic!("one frame"),
    }
}

fn gif_of(frames: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = gif::Encoder::new(&mut out, 4, 4, &[0, 0, 0, 255, 255, 255]).unwrap();
    encoder.set_repeat(gif::Repeat::Finite(3)).unwrap();
    for index in 0..frames {
        let mut frame = gif::Frame::from_indexed_pixels(4, 4, vec![(index % 2) as u8; 16], None);
        frame.delay = 7;
        encoder.write_frame(&frame).unwrap();
    }
    encoder.write_raw_extension(gif::AnyExtension(0xFE), &[b"comment"]).unwrap();
    drop(encoder);
    out
}

#[test]
fn an_animation_keeps_frames_and_delays_and_loses_its_comment() {
    let out = disarm(&gif_of(3)).unwrap();
    assert_eq!(places(&out.removed), ["コメント"]);
    let mut decoder = gif::DecodeOptions::new().read_info(out.bytes.as_slice()).unwrap();
    let mut delays = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        delays.push(frame.delay);
    }
    assert_eq!((delays, decoder.repeat()), (vec![7, 7, 7], gif::Repeat::Finite(3)));
}

#[test]
fn all_pages_of_a_tiff_stay() {
    let mut pages = [sample(9, 5, Channels::Gray), sample(4, 6, Channels::Rgb), sample(3, 3, Channels::Rgba)];
    pages[1].density = Some((7_874, 3_937));
    let out = disarm(&tiff::encode(&pages).unwrap()).unwrap();
    let again = tiff::decode_pages(&out.bytes, usize::MAX, &mut Budget::new(1_000)).unwrap();
    assert_eq!(again.pages, pages);
}

#[test]
fn bitmaps_and_webp_go_round() {
    for channels in [Channels::Gray, Channels::Rgb] {
        let picture = sample(7, 5, channels);
        let out = disarm(&bmp::encode(&picture).unwrap()).unwrap();
        assert_eq!(bmp::decode(&out.bytes, &mut Budget::new(100)).unwrap().width(), 7);
    }
    let picture = sample(7, 5, Channels::Rgba);
    let out = disarm(&webp::encode(&picture).unwrap()).unwrap();
    assert_eq!(webp::first(&out.bytes, &mut Budget::new(100)).unwrap().0, picture);
}

#[test]
fn dimensions_beyond_the_budget_are_refused_before_they_are_allocated() {
    let header = png_chunk(b"IHDR", &[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 8, 6, 0, 0, 0]);
    let huge = [b"\x89PNG\r\n\x1a\n".as_slice(), &header, &png_chunk(b"IDAT", b"")].concat();
    assert_eq!(disarm(&huge).unwrap_err().code, RefusalCode::Bomb);
    let limits = Limits { pixels: 40, ..Limits::default() };
    let frames = crate::disarm(&gif_of(3), &Options { limits, ..Options::default() });
    assert_eq!(frames.unwrap_err().code, RefusalCode::Bomb);
}

#[test]
fn every_orientation_is_turned_upright() {
    let picture = picture::Picture::new(2, 1, Channels::Gray, vec![1, 2]).unwrap();
    for (orientation, width, data) in [
        (1, 2, [1, 2]),
        (2, 2, [2, 1]),
        (3, 2, [2, 1]),
        (4, 2, [1, 2]),
        (5, 1, [1, 2]),
        (6, 1, [1, 2]),
        (7, 1, [2, 1]),
        (8, 1, [2, 1]),
    ] {
        let turned = picture.clone().upright(orientation);
        assert_eq!((turned.width(), turned.data()), (width, data.as_slice()), "{orientation}");
    }
}

#[test]
fn embedded_pictures_become_png_or_jpeg() {
    let options = Options::default();
    let mut ctx = Context::new(&options);
    let (_, format) = reencode(&gif_of(2), &mut ctx).unwrap();
    assert_eq!(format, Format::Png);
    assert_eq!(
        places(&ctx.take_removed()),
        ["埋め込み画像の コメント", "埋め込み画像の2コマ目以降（1 コマ）"]
    );
    assert!(reencode(b"\xd7\xcd\xc6\x9a", &mut ctx).is_err());
}

#[test]
fn the_second_reader_refuses_what_was_not_written_here() {
    let photo = jpeg::encode(&sample(8, 8, Channels::Rgb), jpeg::Manner::default()).unwrap();
    let verify = |bytes: &[u8], format| crate::verify(bytes, format, &Limits::default());
    assert!(verify(&with_segment(&photo, 0xE1, &exif(1)), Format::Jpeg).is_err());
    assert!(verify(&[photo.as_slice(), b"x"].concat(), Format::Jpeg).is_err());
    assert!(verify(&gif_of(1), Format::Gif).is_err());
    let plain = png::encode(&sample(8, 8, Channels::Rgb)).unwrap();
    let dirty = [&plain[..33], &png_chunk(b"tEXt", b"a\0b"), &plain[33..]].concat();
    assert!(verify(&dirty, Format::Png).is_err());
    let mut pages = tiff::encode(&[sample(3, 3, Channels::Gray)]).unwrap();
    pages.extend_from_slice(b"hidden bytes at the end");
    assert!(verify(&pages, Format::Tiff).is_err());
}

proptest::proptest! {
    #[test]
    fn damaged_pictures_never_panic(at in 0_usize..400, value in 0_u8..=255, which in 0_usize..6) {
        let picture = sample(9, 9, Channels::Rgb);
        let mut bytes = match which {
            0 => jpeg::encode(&picture, jpeg::Manner::default()).unwrap(),
            1 => png::encode(&picture).unwrap(),
            2 => gif_of(2),
            3 => bmp::encode(&picture).unwrap(),
            4 => tiff::encode(&[picture]).unwrap(),
            _ => webp::encode(&picture).unwrap(),
        };
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(out) = crate::disarm(&bytes, &Options::default()) {
            proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &Limits::default()), Ok(()));
        }
    }
}

fn make(name: &str) -> Vec<u8> {
    let photo = || jpeg::encode(&sample(16, 8, Channels::Rgb), jpeg::Manner::default()).unwrap();
    let plain = || png::encode(&sample(20, 20, Channels::Rgba)).unwrap();
    match name {
        "jpeg_with_position" => with_segment(&photo(), 0xE1, &exif(6)),
        "jpeg_with_zip" => [photo().as_slice(), b"PK\x03\x04 hidden.exe PK\x05\x06"].concat(),
        "jpeg_cut" => photo()[..200].to_vec(),
        "gif_polyglot" => {
            let mut gif = gif_of(1);
            gif.pop();
            gif.extend_from_slice(b"\x21\xFE\x12<script>alert(1)//\0\x3B");
            gif
        }
        "acropalypse" => [plain().as_slice(), b"IDAT pixels from before the crop IEND"].concat(),
        "png_private_chunk" => [&plain()[..33], &png_chunk(b"prVt", b"payload"), &plain()[33..]].concat(),
        "png_plain" => plain(),
        "png_huge" => {
            let header = png_chunk(b"IHDR", &[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 8, 6, 0, 0, 0]);
            [b"\x89PNG\r\n\x1a\n".as_slice(), &header, &png_chunk(b"IDAT", b"")].concat()
        }
        "tiff_palette" => tiff_with_map(),
        "avif" => b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf\0\0\0\0".to_vec(),
        other => panic!("no builder {other}"),
    }
}

/// Two pixels of a colour map of 16 entries: the second colour, then the first.
fn tiff_with_map() -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    let entries: [(u16, u16, u32, u32); 9] = [
        (256, 3, 1, 2),
        (257, 3, 1, 1),
        (258, 3, 1, 4),
        (259, 3, 1, 1),
        (262, 3, 1, 3),
        (273, 4, 1, 122 + 96),
        (278, 3, 1, 1),
        (279, 4, 1, 1),
        (320, 3, 48, 122),
    ];
    out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        out.extend_from_slice(&tag.to_le_bytes());
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&value.to_le_bytes());
    }
    out.extend_from_slice(&[0; 4]);
    let mut map = [0_u16; 48];
    (map[1], map[16], map[33]) = (0xFFFF, 0x8000, 0x4000);
    out.extend(map.iter().flat_map(|value| value.to_le_bytes()));
    out.push(0x10);
    out
}

#[test]
fn the_cases_hold() {
    crate::cases::run(include_str!("../../cases/images.md"), &make);
}

#[test]
fn a_colour_map_becomes_colours() {
    let decoded = tiff::decode_pages(&tiff_with_map(), 1, &mut Budget::new(100)).unwrap();
    assert_eq!(decoded.pages[0].data(), [255, 0, 64, 0, 128, 0]);
}

#[test]
fn noise_changes_samples_by_one_at_most_and_the_same_seed_gives_the_same_file() {
    let picture = sample(64, 64, Channels::Rgba);
    let noisy = noise::over_picture(picture.clone(), Some(7));
    assert_eq!(noisy, noise::over_picture(picture.clone(), Some(7)));
    assert_ne!(noisy, noise::over_picture(picture.clone(), Some(8)));
    let mut changed = 0;
    for (at, (a, b)) in picture.data().iter().zip(noisy.data()).enumerate() {
        assert!(a.abs_diff(*b) <= 1 && (at % 4 < 3 || a == b));
        changed += usize::from(a != b);
    }
    assert!((5_000..7_500).contains(&changed), "{changed}");
    let png = png::encode(&picture).unwrap();
    let options = Options { noise: Some(1), ..Options::default() };
    let out = crate::disarm(&png, &options).unwrap();
    assert_ne!(out.bytes, png);
    crate::verify(&out.bytes, Format::Png, &Limits::default()).unwrap();
}

#[test]
fn a_photograph_keeps_its_quality_and_sampling() {
    let picture = sample(64, 64, Channels::Rgb);
    for quality in [55, 75, 92] {
        let mut input = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut input, quality);
        encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_1);
        encoder.encode(picture.data(), 64, 64, jpeg_encoder::ColorType::Rgb).unwrap();
        let out = disarm(&input).unwrap();
        let (before, after) =
            (inspect::inspect(&input, Format::Jpeg), inspect::inspect(&out.bytes, Format::Jpeg));
        assert_eq!((before.quality, before.sampling), (after.quality, after.sampling));
        assert_eq!(before.quality, Some(quality));
        assert_eq!(before.sampling, Some((2, 1)));
    }
}

/// An animation of three frames, made by the writer under test from stills.
fn webp_animation() -> Vec<u8> {
    let mut body = b"WEBPVP8X\x0a\0\0\0\x12\0\0\0\x07\0\0\x07\0\0ANIM\x06\0\0\0\0\0\0\0\x02\0".to_vec();
    for shade in [10_u8, 20, 30] {
        let mut data = [1, 2, 3, 255].repeat(64);
        data[4 * 27] = shade;
        let still = webp::encode(&picture::Picture::new(8, 8, Channels::Rgba, data).unwrap()).unwrap();
        let frame = [&[0, 0, 0, 0, 0, 0, 7, 0, 0, 7, 0, 0, 50, 0, 0, 2][..], &still[12..]].concat();
        body.extend_from_slice(b"ANMF");
        body.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        body.extend_from_slice(&frame);
    }
    body.extend_from_slice(b"EXIF\x04\0\0\0here");
    [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat()
}

#[test]
fn a_webp_animation_keeps_its_frames_delays_and_loops() {
    let out = disarm(&webp_animation()).unwrap();
    assert_eq!(places(&out.removed), ["EXIF"]);
    let decoder = &mut image_webp::WebPDecoder::new(std::io::Cursor::new(out.bytes.as_slice())).unwrap();
    assert_eq!(decoder.num_frames(), 3);
    assert_eq!(decoder.loop_count(), image_webp::LoopCount::Times(2.try_into().unwrap()));
    for shade in [10_u8, 20, 30] {
        let mut data = vec![0; 256];
        assert_eq!(decoder.read_frame(&mut data).unwrap(), 50);
        assert_eq!((data[4 * 27], data[0]), (shade, 1));
    }
}

#[test]
fn a_file_that_is_no_heic_inside_is_refused() {
    let brand = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".as_slice();
    assert_eq!(disarm(brand).unwrap_err().code, RefusalCode::Malformed);
}
