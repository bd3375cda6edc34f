//! Runs of single elements made long ones.

use super::Run;
use crate::base::Result;

/// Joins elements that follow each other both in the box and in memory.
pub(super) struct Merged<F> {
    pending: Option<Run>,
    f: F,
}

impl<F: FnMut(Run) -> Result<()>> Merged<F> {
    pub(super) fn new(f: F) -> Self {
        Merged { pending: None, f }
    }

    pub(super) fn push(&mut self, file: usize, memory: usize, len: usize) -> Result<()> {
        if let Some(last) = &mut self.pending {
            if last.file + last.block == file && last.memory + last.block == memory {
                last.block += len;
                return Ok(());
            }
            (self.f)(*last)?;
        }
        self.pending = Some(Run { file, file_step: 1, block: len, blocks: 1, memory });
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.pending.take().map_or(Ok(()), |last| (self.f)(last))
    }
}
