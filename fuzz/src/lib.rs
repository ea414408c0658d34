//! What must hold of soliplex for any bytes whatever.
//!
//! The fuzz targets look for bytes for which it does not. The test suite of
//! the main crate runs the same checks over `seeds/`, where every input that
//! once failed is kept.

pub mod checks;
