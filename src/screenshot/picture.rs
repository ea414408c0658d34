//! Making a picture fit to be sent: areas blacked out, small.

use std::ops::Range;

use crate::picture::{Picture, PictureError};

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

/// Makes a picture ready to be sent. Text, EXIF and everything else in the file
/// but the pixels is left behind. Takes up to a few hundred milliseconds.
///
/// # Errors
///
/// A file that is no PNG, is damaged, or has more than 16 million pixels.
pub fn prepare(file: &[u8], size: Size, masks: &[Mask]) -> Result<Vec<u8>, PictureError> {
    let picture = Picture::open(file)?;
    let of_row = RowMask {
        width: picture.width,
        channels: picture.channels(),
        has_alpha: picture.has_alpha(),
    };
    let target = match size {
        Size::Full => (picture.width, picture.height),
        Size::P480 => at_480p(picture.width, picture.height),
    };
    picture.scaled(target, |number, row| {
        for mask in masks.iter().filter(|mask| mask.rows().contains(&number)) {
            of_row.black_out(mask.columns(), row);
        }
    })
}

/// The size of a picture at 480p.
fn at_480p(width: usize, height: usize) -> (usize, usize) {
    match width.min(height) {
        0..=SHORT_SIDE => (width, height),
        short => (width * SHORT_SIDE / short, height * SHORT_SIDE / short),
    }
}

impl Mask {
    fn rows(&self) -> Range<usize> {
        self.y as usize..(self.y as usize).saturating_add(self.height as usize)
    }

    fn columns(&self) -> Range<usize> {
        self.x as usize..(self.x as usize).saturating_add(self.width as usize)
    }
}

/// What a row of a picture is made of.
struct RowMask {
    width: usize,
    channels: usize,
    has_alpha: bool,
}

impl RowMask {
    /// Makes columns black, and not see-through.
    fn black_out(&self, columns: Range<usize>, row: &mut [u8]) {
        let end = columns.end.min(self.width);
        let start = columns.start.min(end);
        let area = &mut row[start * self.channels..end * self.channels];
        for pixel in area.chunks_exact_mut(self.channels) {
            pixel.fill(0);
            if self.has_alpha
                && let Some(alpha) = pixel.last_mut()
            {
                *alpha = u8::MAX;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use png::ColorType;

    use super::*;
    use crate::picture::encode;

    fn png(width: usize, height: usize, color: ColorType) -> Vec<u8> {
        let pixels = vec![200; width * height * color.samples()];
        encode((width, height), color, &pixels).unwrap()
    }

    /// Size and pixels of a file, as another decoder reads them.
    fn decode(file: &[u8]) -> ((u32, u32), Vec<u8>) {
        let decoder = png::Decoder::new(std::io::Cursor::new(file));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        (reader.info().size(), pixels)
    }

    #[test]
    fn a_picture_comes_down_to_480p_upright_or_not() {
        for ((width, height), to) in [
            ((1920, 1080), (853, 480)),
            ((1080, 2400), (480, 1066)),
            ((300, 480), (300, 480)),
        ] {
            let file = png(width, height, ColorType::Rgb);
            let (size, pixels) = decode(&prepare(&file, Size::P480, &[]).unwrap());
            assert_eq!(size, to);
            assert!(pixels.iter().all(|sample| *sample == 200));
        }
        let full = prepare(&png(700, 600, ColorType::Rgb), Size::Full, &[]).unwrap();
        assert_eq!(decode(&full).0, (700, 600));
    }

    #[test]
    fn masked_areas_are_black_and_opaque_and_may_hang_over_the_edge() {
        let mask = |x, y, width, height| Mask {
            x,
            y,
            width,
            height,
        };
        let masks = [
            mask(2, 1, 3, 2),
            mask(8, 8, u32::MAX, u32::MAX),
            mask(99, 0, 1, 1),
        ];
        let file = prepare(&png(10, 10, ColorType::Rgba), Size::Full, &masks).unwrap();
        let (_, pixels) = decode(&file);
        let pixel = |x: usize, y: usize| pixels[(y * 10 + x) * 4..][..4].to_vec();
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
    }
}
