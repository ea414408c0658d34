//! The flags for screenshots.

use clap::Args;

use crate::screenshot::{Mask, Size};

/// What becomes of a screenshot before it is kept.
#[derive(Args, Clone, Debug)]
pub struct ScreenshotArgs {
    /// How large the screenshot is kept: full, or 480p
    #[arg(long, value_name = "SIZE", default_value = "480p", value_parser = size)]
    pub screenshot_size: Size,
    /// An area of the screenshot to black out, in its pixels (may be repeated)
    #[arg(long = "screenshot-mask", value_name = "X,Y,W,H", value_parser = mask)]
    pub screenshot_masks: Vec<Mask>,
}

fn size(text: &str) -> Result<Size, String> {
    match text {
        "full" => Ok(Size::Full),
        "480p" => Ok(Size::P480),
        _ => Err("a size is full or 480p".to_owned()),
    }
}

fn mask(text: &str) -> Result<Mask, String> {
    let numbers: Option<Vec<u32>> = text
        .split(',')
        .map(|number| number.trim().parse().ok())
        .collect();
    match numbers.as_deref() {
        Some(&[x, y, width, height]) => Ok(Mask {
            x,
            y,
            width,
            height,
        }),
        _ => Err("an area is X,Y,W,H in pixels, such as 0,0,1080,80".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_has_four_numbers() {
        assert_eq!(
            mask("1, 2,3,4"),
            Ok(Mask {
                x: 1,
                y: 2,
                width: 3,
                height: 4
            })
        );
        assert!(mask("1,2,3").is_err());
        assert!(mask("1,2,3,-4").is_err());
    }
}
