//! Pictures in PNG files: read row by row, and made smaller.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Encoder, Limits, Reader, Transformations};

/// The most pixels of a picture.
pub(crate) const MAX_PIXELS: u64 = 16_000_000;

/// How much memory reading a file may take besides its pixels.
const MAX_DECODER_BYTES: usize = 128 << 20;

/// Why a file is no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// It is no PNG, or a damaged one.
    #[error("not a PNG picture: {0}")]
    NotPng(String),
    /// It has too many pixels.
    #[error("too large a picture: {0} pixels, at most {MAX_PIXELS} are taken")]
    TooLarge(u64),
}

/// A picture whose header was read and whose pixels are still to come.
pub(crate) struct Picture<'a> {
    reader: Reader<Cursor<&'a [u8]>>,
    color: ColorType,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl<'a> Picture<'a> {
    /// Reads the header, and judges it before anything is made room for.
    pub(crate) fn open(file: &'a [u8]) -> Result<Picture<'a>, PictureError> {
        let limits = Limits {
            bytes: MAX_DECODER_BYTES,
        };
        let mut decoder = Decoder::new_with_limits(Cursor::new(file), limits);
        decoder.set_transformations(Transformations::normalize_to_color8());
        let reader = decoder.read_info().map_err(damaged)?;
        let (width, height) = reader.info().size();
        let pixels = u64::from(width) * u64::from(height);
        if pixels > MAX_PIXELS {
            return Err(PictureError::TooLarge(pixels));
        }
        Ok(Picture {
            color: reader.output_color_type().0,
            reader,
            width: width as usize,
            height: height as usize,
        })
    }

    /// Whether it has to be in memory as a whole before its first row is known.
    pub(crate) fn is_interlaced(&self) -> bool {
        self.reader.info().interlaced
    }

    /// How many bytes make a pixel.
    pub(crate) fn channels(&self) -> usize {
        self.color.samples()
    }

    /// Whether the last byte of a pixel says how opaque it is.
    pub(crate) fn has_alpha(&self) -> bool {
        matches!(self.color, ColorType::Rgba | ColorType::GrayscaleAlpha)
    }

    /// Reads the pixels row by row, and only looks whether all of them are there.
    pub(crate) fn check(&mut self) -> Result<(), PictureError> {
        if !self.is_interlaced() {
            return self.each_row(|_, _| ());
        }
        while self
            .reader
            .next_interlaced_row()
            .map_err(damaged)?
            .is_some()
        {}
        Ok(())
    }

    /// The picture as a PNG file of this size, which is no larger than its own.
    /// Each pixel is the mean of those it stands for. `change` is given each
    /// row of the picture, by its number, before that.
    pub(crate) fn scaled(
        mut self,
        size: (usize, usize),
        mut change: impl FnMut(usize, &mut [u8]),
    ) -> Result<Vec<u8>, PictureError> {
        let mut scaler = Scaler::new((self.width, self.height), size, self.channels());
        let mut changed = Vec::new();
        self.each_row(|number, row| {
            changed.clear();
            changed.extend_from_slice(row);
            change(number, &mut changed);
            scaler.add(&changed);
        })?;
        encode(size, self.color, &scaler.pixels)
    }

    fn each_row(&mut self, mut take: impl FnMut(usize, &[u8])) -> Result<(), PictureError> {
        if self.is_interlaced() {
            let length = self.width * self.channels();
            let mut pixels = vec![0; length * self.height];
            self.reader.next_frame(&mut pixels).map_err(damaged)?;
            for (number, row) in pixels.chunks_exact(length).enumerate() {
                take(number, row);
            }
            return Ok(());
        }
        for number in 0..self.height {
            match self.reader.next_row().map_err(damaged)? {
                Some(row) => take(number, row.data()),
                None => return Err(PictureError::NotPng("rows are missing".to_owned())),
            }
        }
        // There are no more; the last of them have to be sound too.
        self.reader.next_row().map_err(damaged).map(drop)
    }
}

/// A PNG file of these pixels.
pub(crate) fn encode(
    (width, height): (usize, usize),
    color: ColorType,
    pixels: &[u8],
) -> Result<Vec<u8>, PictureError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    let fault = |error: png::EncodingError| PictureError::NotPng(error.to_string());
    let mut writer = encoder.write_header().map_err(fault)?;
    writer.write_image_data(pixels).map_err(fault)?;
    writer.finish().map_err(fault)?;
    Ok(file)
}

fn damaged(error: png::DecodingError) -> PictureError {
    PictureError::NotPng(error.to_string())
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
    fn new(from: (usize, usize), to: (usize, usize), channels: usize) -> Scaler {
        Scaler {
            from,
            to,
            channels,
            row: 0,
            sums: vec![0; to.0 * channels],
            counts: vec![0; to.0],
            pixels: Vec::with_capacity(to.0 * to.1 * channels),
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pixels of a file, one by one.
    fn pixels(file: &[u8]) -> Vec<u8> {
        let mut pixels = Vec::new();
        let mut picture = Picture::open(file).unwrap();
        picture
            .each_row(|_, row| pixels.extend_from_slice(row))
            .unwrap();
        pixels
    }

    fn grey(width: usize, height: usize, pixels: &[u8]) -> Vec<u8> {
        encode((width, height), ColorType::Grayscale, pixels).unwrap()
    }

    #[test]
    fn each_pixel_is_the_mean_of_those_it_stands_for() {
        let file = grey(4, 2, &[0, 2, 10, 30, 4, 6, 10, 30]);
        let scaled = |size| {
            let picture = Picture::open(&file).unwrap();
            pixels(&picture.scaled(size, |_, _| ()).unwrap())
        };
        assert_eq!(scaled((2, 1)), [3, 20]);
        assert_eq!(scaled((4, 2)), [0, 2, 10, 30, 4, 6, 10, 30]);
        assert_eq!(scaled((1, 1)), [11]);
    }

    #[test]
    fn rows_are_changed_before_they_are_added_up() {
        let file = grey(2, 2, &[8; 4]);
        let picture = Picture::open(&file).unwrap();
        let changed = picture.scaled((1, 2), |number, row| row[number] = 0);
        assert_eq!(pixels(&changed.unwrap()), [4, 4]);
        let picture = Picture::open(&file).unwrap();
        let changed = picture.scaled((1, 1), |number, row| row.fill(number as u8 * 4));
        assert_eq!(pixels(&changed.unwrap()), [2]);
    }

    #[test]
    fn the_interlaced_is_read_as_well() {
        // Two by two pixels of grey, 10 20 30 40, in the seven passes of Adam7.
        let mut data = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut data, &[0, 10, 0, 20, 0, 30, 40]).unwrap();
        let file = [
            b"\x89PNG\r\n\x1a\n".to_vec(),
            chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 1]),
            chunk(b"IDAT", &data.finish().unwrap()),
            chunk(b"IEND", b""),
        ]
        .concat();
        assert!(Picture::open(&file).unwrap().is_interlaced());
        assert_eq!(pixels(&file), [10, 20, 30, 40]);
    }

    #[test]
    fn a_header_of_too_many_pixels_is_refused_before_there_is_room_for_them() {
        let file = [
            b"\x89PNG\r\n\x1a\n".to_vec(),
            chunk(b"IHDR", &[0, 0, 255, 255, 0, 0, 255, 255, 8, 2, 0, 0, 0]),
            chunk(b"IDAT", b""),
        ]
        .concat();
        assert_eq!(
            Picture::open(&file).err(),
            Some(PictureError::TooLarge(65_535 * 65_535))
        );
    }

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let checked = [kind, data].concat();
        let mut sum = flate2::Crc::new();
        sum.update(&checked);
        [
            &(data.len() as u32).to_be_bytes(),
            &checked[..],
            &sum.sum().to_be_bytes(),
        ]
        .concat()
    }
}
