//! Ending a session without what it has changed.

use super::Core;
use super::txn::Guard;
use crate::base::{Error, Result};
use crate::format;
use crate::format::superblock::OPEN_FOR_WRITING;

impl Core {
    /// Leaves the file in the state that was published last; what is left of this handle can only read it.
    ///
    /// Fails, and changes nothing, where that state is no longer there: this session has overwritten too much of it to
    /// hold it back before a first commit.
    pub(crate) fn discard(&mut self) -> Result<()> {
        if !self.is_writable() {
            return Ok(self.storage.unlock()?);
        }
        self.check_writable()?;
        let txn = self.txn_mut()?;
        let (published, changed, marked) = (txn.published.clone(), txn.changed, txn.marked);
        let (is_new, ends) = (published.is_none(), txn.space.published());
        if published.is_some() && changed && txn.guard == Guard::LetGo {
            let what =
                "too much was overwritten to go back: a session that has not committed holds back 16 MiB";
            return Err(Error::misuse(what));
        }
        self.txn = None;
        self.overlay.clear();
        self.decoded.clear();
        self.headers.clear();
        self.blocks.forget(0, u64::MAX);
        if let Some(published) = published {
            self.superblock = published;
        }
        self.each_part(&ends, |core, start, there, end| {
            let end = if is_new { start } else { end };
            // What is behind the end was written by this session alone.
            if changed && there > end {
                core.storage.set_end(start, end)?;
            }
            core.stored.set_end(start, core.stored.end_of(start).min(end));
            Ok(())
        })?;
        if marked && self.superblock.flags & OPEN_FOR_WRITING != 0 {
            self.superblock.flags &= !OPEN_FOR_WRITING;
            self.storage.write_at(self.superblock.base, &format::encode(&self.superblock, &())?)?;
        }
        Ok(self.storage.unlock()?)
    }
}
