//! Huge objects: those that no direct block holds, each in a place of its own in the file.

use super::changes::Changes;
use super::edit::FractalHeapEdit;
use crate::base::{Error, Result};
use crate::engine::Core;
use crate::format::fractal_heap::id::FractalHeapId;

impl FractalHeapEdit {
    pub(super) fn insert_huge(&mut self, _: &mut Core, _: &mut Changes, _: &[u8]) -> Result<FractalHeapId> {
        Err(Error::unsupported("inserting huge objects into a fractal heap"))
    }

    pub(super) fn remove_huge(&mut self, _: &mut Core, _: &mut Changes, _: &FractalHeapId) -> Result<()> {
        Err(Error::unsupported("removing huge objects from a fractal heap"))
    }
}
