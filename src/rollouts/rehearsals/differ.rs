// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Where two pictures of a page differ, without what already differs between two pictures of the old. Pure.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits, Rgba, RgbaImage};

/// Pictures are compared by squares of so many pixels when it is asked what differs by itself.
const SQUARE: u32 = 16;
/// A colour that differs by less is the same to the eye.
const NOTICED: u8 = 32;
/// No picture is larger.
const LARGEST: u32 = 4096;

/// How two pictures differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which share differs, from 0 to 1, of what does not differ by itself.
    pub changed: f64,
    /// Which share differs by itself.
    pub unsteady: f64,
    /// A picture (PNG) of it: the new page pale, what differs in red, what differs by itself in grey.
    pub picture: Vec<u8>,
}

/// Compares the new page with the old, of which there are two pictures. None where one of them is no picture.
#[must_use]
pub fn differ(old: &[u8], again: &[u8], new: &[u8]) -> Option<Difference> {
    let (old, again, new) = (read(old)?, read(again)?, read(new)?);
    let unsteady = unsteady(&old, &again);
    let (width, height) = (old.width().max(new.width()), old.height().max(new.height()));
    let (mut steady, mut changed, mut masked) = (0_u64, 0_u64, 0_u64);
    let mut picture = RgbaImage::new(width, height);
    for (x, y, to) in picture.enumerate_pixels_mut() {
        let (was, is) = (old.get_pixel_checked(x, y), new.get_pixel_checked(x, y));
        *to = if unsteady.at(x / SQUARE, y / SQUARE) {
            masked += 1;
            Rgba([190, 190, 190, 255])
        } else {
            steady += 1;
            if same(was, is) {
                pale(is)
            } else {
                changed += 1;
                Rgba([214, 40, 40, 255])
            }
        };
    }
    let share = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).ok()?;
    Some(Difference { changed: share(changed, steady), unsteady: share(masked, masked + steady), picture: bytes.into_inner() })
}

fn read(bytes: &[u8]) -> Option<RgbaImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png);
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST);
    limits.max_image_height = Some(LARGEST);
    reader.limits(limits);
    reader.decode().ok().map(|picture| picture.to_rgba8())
}

fn same(a: Option<&Rgba<u8>>, b: Option<&Rgba<u8>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.0.iter().zip(b.0).all(|(a, b)| a.abs_diff(b) < NOTICED),
        _ => false,
    }
}

fn pale(pixel: Option<&Rgba<u8>>) -> Rgba<u8> {
    let Some(Rgba([r, g, b, _])) = pixel else { return Rgba([255, 255, 255, 255]) };
    let grey = (u32::from(*r) + u32::from(*g) + u32::from(*b)) / 3;
    let grey = u8::try_from(192 + grey / 4).unwrap_or(u8::MAX);
    Rgba([grey, grey, grey, 255])
}

/// Squares that differ by themselves, and those beside them.
struct Squares {
    across: u32,
    marked: Vec<bool>,
}

impl Squares {
    fn at(&self, x: u32, y: u32) -> bool {
        self.marked.get((y * self.across + x) as usize).copied().unwrap_or(false)
    }
}

fn unsteady(old: &RgbaImage, again: &RgbaImage) -> Squares {
    let across = old.width().max(again.width()).div_ceil(SQUARE);
    let down = old.height().max(again.height()).div_ceil(SQUARE);
    let differs = |sx: u32, sy: u32| {
        let pixels = (0..SQUARE * SQUARE).map(|at| (sx * SQUARE + at % SQUARE, sy * SQUARE + at / SQUARE));
        pixels.into_iter().any(|(x, y)| {
            let (a, b) = (old.get_pixel_checked(x, y), again.get_pixel_checked(x, y));
            (a.is_some() || b.is_some()) && !same(a, b)
        })
    };
    let mut marked = vec![false; (across * down) as usize];
    for sy in 0..down {
        for sx in (0..across).filter(|sx| differs(*sx, sy)) {
            for y in sy.saturating_sub(1)..=(sy + 1).min(down - 1) {
                for x in sx.saturating_sub(1)..=(sx + 1).min(across - 1) {
                    marked[(y * across + x) as usize] = true;
                }
            }
        }
    }
    Squares { across, marked }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A white page of 160 by 160 with black boxes.
    fn page(boxes: &[(u32, u32, u32)]) -> Vec<u8> {
        let mut picture = RgbaImage::from_pixel(160, 160, Rgba([255, 255, 255, 255]));
        for (left, top, side) in boxes {
            for (x, y) in (0..side * side).map(|at| (left + at % side, top + at / side)) {
                picture.put_pixel(x, y, Rgba([0, 0, 0, 255]));
            }
        }
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn the_same_does_not_differ() {
        let page = page(&[(10, 10, 20)]);
        let found = differ(&page, &page, &page).unwrap();
        assert_eq!((found.changed, found.unsteady), (0.0, 0.0));
    }

    #[test]
    fn what_moves_by_itself_is_left_out() {
        let (old, again) = (page(&[(0, 0, 8)]), page(&[(4, 4, 8)]));
        let elsewhere = differ(&old, &again, &page(&[(2, 2, 8)])).unwrap();
        assert_eq!(elsewhere.changed, 0.0);
        assert!((elsewhere.unsteady - 32.0 * 32.0 / 25_600.0).abs() < 1e-9, "{}", elsewhere.unsteady);
        let broken = differ(&old, &again, &page(&[(2, 2, 8), (80, 80, 40)])).unwrap();
        assert!((broken.changed - 1600.0 / (25_600.0 - 1024.0)).abs() < 1e-9, "{}", broken.changed);
    }

    #[test]
    fn a_page_of_another_size_differs_by_what_is_missing() {
        let mut bytes = Cursor::new(Vec::new());
        RgbaImage::from_pixel(160, 80, Rgba([255, 255, 255, 255])).write_to(&mut bytes, ImageFormat::Png).unwrap();
        let whole = page(&[]);
        assert!((differ(&whole, &whole, &bytes.into_inner()).unwrap().changed - 0.5).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_picture_is_none() {
        assert_eq!(differ(b"x", b"x", b"x"), None);
        let page = page(&[]);
        assert_eq!(differ(&page, &page, &page[..40]), None);
    }
}
