//! Making a picture fit to be sent: areas blacked out, small.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Encoder, Limits, Transformations};

/// The most pixels of a picture.
const MAX_PIXELS: u64 = 16_000_000;

/// The length of the shorter side of a picture at 480p.
const SHORT_SIDE: usize = 480;

/// How large a picture is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// As it is.
    Full,
    /// At 480p: its shorter side has 480 pixels at the most.
    #[default]
    P480,
}

/// An area that is blacked out, in pixels of the picture as it was taken. What
/// of it lies outside counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask {
    /// The distance from the left side.
    pub x: u32,
    /// The distance from the top.
    pub y: u32,
    /// The width.
    pub width: u32,
    /// The height.
    pub height: u32,
}

/// Why a picture cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// It is no PNG, or a damaged one.
    #[error("not a PNG picture: {0}")]
    NotPng(String),
    /// It has too many pixels.
    #[error("too large a picture: {0} pixels, at most {MAX_PIXELS} are sent")]
    TooLarge(u64),
}

/// Makes a picture ready to be sent. Text, EXIF and everything else in the file
/// but the pixels is left behind. Takes up to a few hundred milliseconds.
///
/// # Errors
///
/// A file that is no PNG, is damaged, or has more than 16 million pixels.
pub fn prepare(file: &[u8], size: Size, masks: &[Mask]) -> Result<Vec<u8>, PictureError> {
    let picture = Picture::decode(file)?.masked(masks);
    match size {
        Size::Full => picture,
        Size::P480 => picture.scaled_down(),
    }
    .encode()
}

/// Rows of pixels, of one byte for each of their channels.
struct Picture {
    width: usize,
    height: usize,
    color: ColorType,
    samples: Vec<u8>,
}

impl Picture {
    fn decode(file: &[u8]) -> Result<Picture, PictureError> {
        let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes: 128 << 20 });
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(damaged)?;
        let info = reader.info();
        let (width, height) = (info.width as usize, info.height as usize);
        // The header is judged before anything is made room for.
        let pixels = width as u64 * height as u64;
        if pixels > MAX_PIXELS {
            return Err(PictureError::TooLarge(pixels));
        }
        let (color, _) = reader.output_color_type();
        let mut samples = vec![0; width * height * color.samples()];
        reader.next_frame(&mut samples).map_err(damaged)?;
        Ok(Picture {
            width,
            height,
            color,
            samples,
        })
    }

    fn masked(mut self, masks: &[Mask]) -> Picture {
        let channels = self.color.samples();
        let has_alpha = matches!(self.color, ColorType::Rgba | ColorType::GrayscaleAlpha);
        for mask in masks {
            let within = |from: u32, length: u32, limit: usize| {
                let end = (from as usize).saturating_add(length as usize).min(limit);
                (from as usize).min(end)..end
            };
            let columns = within(mask.x, mask.width, self.width);
            for row in within(mask.y, mask.height, self.height) {
                let start = row * self.width;
                let area = (start + columns.start) * channels..(start + columns.end) * channels;
                for pixel in self.samples[area].chunks_exact_mut(channels) {
                    pixel.fill(0);
                    // Black, and not see-through.
                    if has_alpha && let Some(alpha) = pixel.last_mut() {
                        *alpha = u8::MAX;
                    }
                }
            }
        }
        self
    }

    /// Each pixel is the mean of those it stands for.
    fn scaled_down(self) -> Picture {
        let short = self.width.min(self.height);
        if short <= SHORT_SIDE {
            return self;
        }
        let width = (self.width * SHORT_SIDE / short).max(1);
        let height = (self.height * SHORT_SIDE / short).max(1);
        let channels = self.color.samples();
        let mut samples = Vec::with_capacity(width * height * channels);
        for y in 0..height {
            let rows = y * self.height / height..(y + 1) * self.height / height;
            for x in 0..width {
                let columns = x * self.width / width..(x + 1) * self.width / width;
                let count = rows.len() * columns.len();
                for channel in 0..channels {
                    let sum: usize = rows
                        .clone()
                        .flat_map(|row| {
                            columns.clone().map(move |column| row * self.width + column)
                        })
                        .map(|pixel| usize::from(self.samples[pixel * channels + channel]))
                        .sum();
                    samples.push((sum / count) as u8);
                }
            }
        }
        Picture {
            width,
            height,
            color: self.color,
            samples,
        }
    }

    fn encode(&self) -> Result<Vec<u8>, PictureError> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(self.color);
        encoder.set_depth(BitDepth::Eight);
        let fault = |error: png::EncodingError| PictureError::NotPng(error.to_string());
        let mut writer = encoder.write_header().map_err(fault)?;
        writer.write_image_data(&self.samples).map_err(fault)?;
        writer.finish().map_err(fault)?;
        Ok(file)
    }
}

fn damaged(error: png::DecodingError) -> PictureError {
    PictureError::NotPng(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, color: ColorType) -> Vec<u8> {
        let (width, height) = (width as usize, height as usize);
        let samples = vec![200; width * height * color.samples()];
        Picture {
            width,
            height,
            color,
            samples,
        }
        .encode()
        .unwrap()
    }

    #[test]
    fn a_picture_comes_down_to_480p_upright_or_not() {
        for (from, to) in [
            ((1920, 1080), (853, 480)),
            ((1080, 2400), (480, 1066)),
            ((300, 480), (300, 480)),
        ] {
            let file = png(from.0, from.1, ColorType::Rgb);
            let small = Picture::decode(&prepare(&file, Size::P480, &[]).unwrap()).unwrap();
            assert_eq!((small.width, small.height), to);
            assert!(small.samples.iter().all(|sample| *sample == 200));
        }
        let full = prepare(&png(700, 600, ColorType::Rgb), Size::Full, &[]).unwrap();
        assert_eq!(Picture::decode(&full).unwrap().width, 700);
    }

    #[test]
    fn masked_areas_are_black_and_opaque_and_may_hang_over_the_edge() {
        let masks = [
            Mask {
                x: 2,
                y: 1,
                width: 3,
                height: 2,
            },
            Mask {
                x: 8,
                y: 8,
                width: u32::MAX,
                height: u32::MAX,
            },
            Mask {
                x: 99,
                y: 0,
                width: 1,
                height: 1,
            },
        ];
        let file = prepare(&png(10, 10, ColorType::Rgba), Size::Full, &masks).unwrap();
        let picture = Picture::decode(&file).unwrap();
        let pixel = |x: usize, y: usize| picture.samples[(y * 10 + x) * 4..][..4].to_vec();
        for (x, y) in [(2, 1), (4, 2), (8, 8), (9, 9)] {
            assert_eq!(pixel(x, y), [0, 0, 0, 255], "{x},{y}");
        }
        for (x, y) in [(1, 1), (5, 2), (4, 3), (7, 8)] {
            assert_eq!(pixel(x, y), [200; 4], "{x},{y}");
        }
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        assert!(matches!(
            prepare(b"GIF89a", Size::P480, &[]),
            Err(PictureError::NotPng(_))
        ));
        let good = png(3, 500, ColorType::Rgb);
        for end in 0..good.len() - 12 {
            assert!(prepare(&good[..end], Size::P480, &[]).is_err());
        }
        // The header of a picture of 65,535 by 65,535 pixels.
        let mut huge = b"\x89PNG\r\n\x1a\n".to_vec();
        let header = [
            b"IHDR".as_slice(),
            &[0, 0, 255, 255, 0, 0, 255, 255, 8, 2, 0, 0, 0],
        ]
        .concat();
        let mut sum = flate2::Crc::new();
        sum.update(&header);
        huge.extend([&13_u32.to_be_bytes(), &header[..], &sum.sum().to_be_bytes()].concat());
        let data = [b"IDAT".as_slice()].concat();
        let mut sum = flate2::Crc::new();
        sum.update(&data);
        huge.extend([&0_u32.to_be_bytes(), &data[..], &sum.sum().to_be_bytes()].concat());
        assert!(matches!(
            prepare(&huge, Size::P480, &[]),
            Err(PictureError::TooLarge(_))
        ));
    }
}
