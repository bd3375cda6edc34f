//! The two ends of a copy, which may be one file.

use crate::engine::Core;

use super::super::chunk_cache::ChunkCache;

/// The file that is copied from and the one that is copied to.
///
/// Where both are the same, there is only one `Core`: what is read of it is therefore taken before anything is written.
pub(crate) enum Ends<'a> {
    Same { core: &'a mut Core, cache: &'a ChunkCache },
    Two { from: &'a Core, cache: &'a ChunkCache, to: &'a mut Core },
}

impl Ends<'_> {
    pub(crate) fn is_same(&self) -> bool {
        matches!(self, Ends::Same { .. })
    }

    pub(crate) fn source(&self) -> &Core {
        match self {
            Ends::Same { core, .. } => core,
            Ends::Two { from, .. } => from,
        }
    }

    pub(crate) fn source_cache(&self) -> &ChunkCache {
        match self {
            Ends::Same { cache, .. } | Ends::Two { cache, .. } => cache,
        }
    }

    pub(crate) fn writer(&mut self) -> &mut Core {
        match self {
            Ends::Same { core, .. } => core,
            Ends::Two { to, .. } => to,
        }
    }

    /// The file that is copied to, to look at.
    pub(crate) fn target(&self) -> &Core {
        match self {
            Ends::Same { core, .. } => core,
            Ends::Two { to, .. } => to,
        }
    }
}
