//! Screenshots: PNG files from clients that nobody vouches for.
//!
//! A file is taken apart into its chunks before anything decodes it, and only
//! what shows the picture is kept: text, EXIF and animation chunks are left
//! out, and so is whatever hides behind the end of the picture.

use crate::picture::{MAX_PIXELS, Picture};

/// The most pixels that one side may have. A picture of a single row would
/// otherwise have to be held whole, since it is decoded row by row.
const MAX_SIDE: u32 = 16_384;

/// The height that a screenshot is scaled down to for a list.
const THUMBNAIL_HEIGHT: usize = 480;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// The chunks that are kept: the critical ones and those that change how the
/// picture looks (PNG, third edition).
const KEPT: [&[u8; 4]; 8] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"pHYs",
];

/// Why a file is no screenshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PngError {
    /// It does not start as a PNG does.
    #[error("not a PNG file")]
    NotPng,
    /// Its chunks do not follow each other as they should.
    #[error("a damaged PNG file")]
    Damaged,
    /// It has too many pixels.
    #[error("too large: at most {MAX_PIXELS} pixels, and {MAX_SIDE} on a side")]
    TooLarge,
    /// It is an animation.
    #[error("an animated PNG file")]
    Animated,
    /// Its pixels cannot be decoded.
    #[error("a PNG file whose picture is damaged")]
    BadPicture,
}

/// A screenshot that can be kept and served.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Screenshot {
    /// The picture as it came, without what does not show.
    pub(super) png: Vec<u8>,
    /// The picture at 480p; `None` if it is no higher than that.
    pub(super) thumbnail: Option<Vec<u8>>,
}

impl Screenshot {
    /// Checks a file and makes its thumbnail. Takes up to a few hundred
    /// milliseconds.
    pub(super) fn new(file: &[u8]) -> Result<Screenshot, PngError> {
        let png = strip(file)?;
        let thumbnail = thumbnail(&png)?;
        Ok(Screenshot { png, thumbnail })
    }
}

/// The file's chunks that are kept, each checked.
fn strip(file: &[u8]) -> Result<Vec<u8>, PngError> {
    let mut rest = file.strip_prefix(SIGNATURE).ok_or(PngError::NotPng)?;
    let mut kept = SIGNATURE.to_vec();
    let mut has_data = false;
    loop {
        let chunk = Chunk::next(&mut rest)?;
        match (kept.len() == SIGNATURE.len(), &chunk.kind) {
            (true, b"IHDR") => check_header(chunk.data)?,
            (true, _) | (false, b"IHDR") => return Err(PngError::Damaged),
            (false, b"acTL" | b"fcTL" | b"fdAT") => return Err(PngError::Animated),
            (false, b"IDAT") => has_data = true,
            (false, _) => {}
        }
        if KEPT.contains(&&chunk.kind) {
            kept.extend_from_slice(chunk.whole);
        } else if chunk.kind[0].is_ascii_uppercase() {
            // A critical chunk that is not known.
            return Err(PngError::Damaged);
        }
        if &chunk.kind == b"IEND" {
            return if has_data {
                Ok(kept)
            } else {
                Err(PngError::Damaged)
            };
        }
    }
}

/// One chunk: length, kind, data, checksum.
struct Chunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn next(rest: &mut &'a [u8]) -> Result<Chunk<'a>, PngError> {
        let (length, _) = rest.split_first_chunk::<4>().ok_or(PngError::Damaged)?;
        let length = u32::from_be_bytes(*length) as usize;
        let end = length.checked_add(12).ok_or(PngError::Damaged)?;
        let whole = rest.get(..end).ok_or(PngError::Damaged)?;
        *rest = &rest[end..];
        let (checked, sum) = whole[4..].split_at(length + 4);
        let mut crc = flate2::Crc::new();
        crc.update(checked);
        if crc.sum().to_be_bytes() != *sum {
            return Err(PngError::Damaged);
        }
        let (kind, data) = checked.split_first_chunk::<4>().ok_or(PngError::Damaged)?;
        let kind = *kind;
        Ok(Chunk { kind, data, whole })
    }
}

fn check_header(data: &[u8]) -> Result<(), PngError> {
    let (width, rest) = data.split_first_chunk::<4>().ok_or(PngError::Damaged)?;
    let (height, rest) = rest.split_first_chunk::<4>().ok_or(PngError::Damaged)?;
    let [width, height] = [*width, *height].map(u32::from_be_bytes);
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || rest.len() != 5 {
        return Err(PngError::Damaged);
    }
    match pixels <= MAX_PIXELS && width.max(height) <= MAX_SIDE {
        true => Ok(()),
        false => Err(PngError::TooLarge),
    }
}

/// The picture at 480p, unless it is no higher than that. Decodes row by row, so
/// that the whole picture is never in memory; an interlaced one would have to
/// be for its thumbnail, and has none if it is large.
fn thumbnail(png: &[u8]) -> Result<Option<Vec<u8>>, PngError> {
    const MAX_INTERLACED: usize = 4_000_000;
    let mut picture = Picture::open(png).map_err(|_| PngError::BadPicture)?;
    let (width, height) = (picture.width, picture.height);
    let is_small = !picture.is_interlaced() || width * height <= MAX_INTERLACED;
    let made = match height > THUMBNAIL_HEIGHT && is_small {
        true => {
            let size = ((width * THUMBNAIL_HEIGHT / height).max(1), THUMBNAIL_HEIGHT);
            picture.scaled(size, |_, _| ()).map(Some)
        }
        // Decoded all the same: what is kept is a picture.
        false => picture.check().map(|()| None),
    };
    made.map_err(|_| PngError::BadPicture)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder
            .add_text_chunk("Author".to_owned(), "somebody".to_owned())
            .unwrap();
        let pixels = vec![200; (width * height * 3) as usize];
        encoder
            .write_header()
            .unwrap()
            .write_image_data(&pixels)
            .unwrap();
        file
    }

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        [
            &(data.len() as u32).to_be_bytes()[..],
            kind,
            data,
            &crc.sum().to_be_bytes(),
        ]
        .concat()
    }

    fn header(width: u32, height: u32) -> Vec<u8> {
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        chunk(b"IHDR", &[&size[..], &[8, 2, 0, 0, 0]].concat())
    }

    #[test]
    fn a_picture_is_kept_without_its_text_and_scaled_down() {
        let screenshot = Screenshot::new(&png(1920, 1080)).unwrap();
        assert!(memchr::memmem::find(&screenshot.png, b"somebody").is_none());
        let thumbnail = screenshot.thumbnail.unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(&thumbnail));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (853, 480));
        assert!(pixels.iter().all(|sample| *sample == 200));
        assert_eq!(Screenshot::new(&png(300, 480)).unwrap().thumbnail, None);
    }

    #[test]
    fn what_hides_behind_the_picture_is_left_out() {
        let file = png(4, 4);
        let polyglot = [&file[..], b"<script>alert(1)</script>"].concat();
        let screenshot = Screenshot::new(&polyglot).unwrap();
        assert!(screenshot.png.ends_with(&chunk(b"IEND", b"")));
    }

    #[test]
    fn files_that_lie_are_refused() {
        let good = png(4, 4);
        let mut bad_sum = good.clone();
        bad_sum[30] ^= 1;
        let huge = [&SIGNATURE[..], &header(65_535, 65_535)].concat();
        let wide = [&SIGNATURE[..], &header(16_000_000, 1)].concat();
        let animated = [&SIGNATURE[..], &header(4, 4), &chunk(b"acTL", &[0; 8])].concat();
        let bomb = [
            &SIGNATURE[..],
            &header(4, 4),
            &chunk(b"IDAT", b"junk"),
            &chunk(b"IEND", b""),
        ]
        .concat();
        let empty = [&SIGNATURE[..], &header(4, 4), &chunk(b"IEND", b"")].concat();
        for (file, error) in [
            (b"GIF89a".to_vec(), PngError::NotPng),
            (bad_sum, PngError::Damaged),
            (good[..good.len() - 6].to_vec(), PngError::Damaged),
            (huge, PngError::TooLarge),
            (wide, PngError::TooLarge),
            (png(1, MAX_SIDE + 1), PngError::TooLarge),
            (animated, PngError::Animated),
            (bomb, PngError::BadPicture),
            (empty, PngError::Damaged),
            ([&SIGNATURE[..], &header(0, 4)].concat(), PngError::Damaged),
            ([&SIGNATURE[..], &[255; 12]].concat(), PngError::Damaged),
        ] {
            assert_eq!(Screenshot::new(&file).unwrap_err(), error);
        }
    }

    #[test]
    fn what_unpacks_to_far_more_than_it_shows_is_not_unpacked() {
        use std::io::Write;
        let packed = |length: usize| {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
            encoder.write_all(&vec![0; length]).unwrap();
            encoder.finish().unwrap()
        };
        let text = chunk(b"zTXt", &[b"a\0\0", &packed(10_000_000)[..]].concat());
        let profile = chunk(b"iCCP", &[b"a\0\0", &packed(10_000_000)[..]].concat());
        let picture = chunk(b"IDAT", &packed(10_000_000));
        let end = chunk(b"IEND", b"");
        let file = [
            &SIGNATURE[..],
            &header(4, 4),
            &text,
            &profile,
            &picture,
            &end,
        ]
        .concat();
        let screenshot = Screenshot::new(&file).unwrap();
        let kept = [&SIGNATURE[..], &header(4, 4), &picture, &end].concat();
        assert_eq!(screenshot.png, kept);
    }

    #[test]
    fn every_picture_is_decoded_be_it_large_and_interlaced() {
        let mut data = [3000_u32.to_be_bytes(), 3000_u32.to_be_bytes()].concat();
        data.extend([8, 2, 0, 0, 1]);
        let head = chunk(b"IHDR", &data);
        let junk = chunk(b"IDAT", b"junk");
        let file = [&SIGNATURE[..], &head, &junk, &chunk(b"IEND", b"")].concat();
        assert_eq!(Screenshot::new(&file).unwrap_err(), PngError::BadPicture);
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_survived() {
        let good = png(3, 500);
        for index in 0..good.len() {
            let mut flipped = good.clone();
            flipped[index] ^= 0x55;
            let _ = Screenshot::new(&flipped);
            assert!(Screenshot::new(&good[..index]).is_err());
        }
    }
}
