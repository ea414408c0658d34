//! Screenshots: PNG files from clients that nobody vouches for.
//!
//! A file is taken apart into its chunks before anything decodes it, and only
//! what shows the picture is kept: text, EXIF and animation chunks are left
//! out, and so is whatever hides behind the end of the picture.

/// The most pixels a screenshot may have.
const MAX_PIXELS: u64 = 16_000_000;

/// The most pixels that one side may have. A picture of a single row would
/// otherwise have to be held whole, since it is decoded row by row.
const MAX_SIDE: u32 = 16_384;

/// The height that a screenshot is scaled down to for a list.
const THUMBNAIL_HEIGHT: u32 = 480;

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

/// The picture at 480p, each pixel the mean of those it stands for; `None` if
/// it is no higher than that. Decodes row by row, so that the whole picture is
/// never in memory; an interlaced one would have to be for its thumbnail, and
/// has none if it is large.
fn thumbnail(png: &[u8]) -> Result<Option<Vec<u8>>, PngError> {
    const MAX_INTERLACED: u32 = 4_000_000;
    let bad = |_| PngError::BadPicture;
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(bad)?;
    let (width, height) = (reader.info().width, reader.info().height);
    let interlaced = reader.info().interlaced;
    let is_scaled = height > THUMBNAIL_HEIGHT && !(interlaced && width * height > MAX_INTERLACED);
    if !is_scaled {
        // Decoded all the same: what is kept is a picture.
        while reader.next_interlaced_row().map_err(bad)?.is_some() {}
        return Ok(None);
    }
    let (color, _) = reader.output_color_type();
    let channels = color.samples();
    let mut scaler = Scaler::new(width as usize, height as usize, channels);
    let mut rows = 0;
    if interlaced {
        let size = reader.output_buffer_size().ok_or(PngError::BadPicture)?;
        let mut picture = vec![0; size];
        reader.next_frame(&mut picture).map_err(bad)?;
        for row in picture.chunks_exact(width as usize * channels) {
            scaler.add(row);
            rows += 1;
        }
    } else {
        while let Some(row) = reader.next_row().map_err(bad)? {
            scaler.add(row.data());
            rows += 1;
        }
    }
    match rows == height {
        true => scaler.encode(color).map(Some).ok_or(PngError::BadPicture),
        false => Err(PngError::BadPicture),
    }
}

/// Adds rows up to a smaller picture.
struct Scaler {
    from: (usize, usize),
    to: (usize, usize),
    channels: usize,
    row: usize,
    sums: Vec<u64>,
    counts: Vec<u64>,
    pixels: Vec<u8>,
}

impl Scaler {
    fn new(width: usize, height: usize, channels: usize) -> Scaler {
        let to_height = THUMBNAIL_HEIGHT as usize;
        let to_width = (width * to_height / height).max(1);
        Scaler {
            from: (width, height),
            to: (to_width, to_height),
            channels,
            row: 0,
            sums: vec![0; to_width * channels],
            counts: vec![0; to_width],
            pixels: Vec::with_capacity(to_width * to_height * channels),
        }
    }

    fn add(&mut self, row: &[u8]) {
        for (x, pixel) in row.chunks_exact(self.channels).enumerate() {
            let to = (x * self.to.0 / self.from.0).min(self.to.0 - 1);
            self.counts[to] += 1;
            let sums = &mut self.sums[to * self.channels..][..self.channels];
            for (sum, sample) in sums.iter_mut().zip(pixel) {
                *sum += u64::from(*sample);
            }
        }
        self.row += 1;
        let is_last_of_target =
            self.row * self.to.1 / self.from.1 != (self.row - 1) * self.to.1 / self.from.1;
        if is_last_of_target {
            let counts = self
                .counts
                .iter()
                .flat_map(|count| std::iter::repeat_n((*count).max(1), self.channels));
            let means = self.sums.iter().zip(counts);
            self.pixels
                .extend(means.map(|(sum, count)| (sum / count) as u8));
            self.sums.fill(0);
            self.counts.fill(0);
        }
    }

    fn encode(self, color: png::ColorType) -> Option<Vec<u8>> {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, self.to.0 as u32, self.to.1 as u32);
        encoder.set_color(color);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&self.pixels).ok()?;
        writer.finish().ok()?;
        Some(png)
    }
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
