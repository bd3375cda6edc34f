//! The SUPER_BLOCK block.

use h5::{File, FileSpaceStrategy};

use super::Dump;
use crate::Failure;

impl Dump {
    pub(crate) fn superblock(&mut self, file: &File) -> Result<(), Failure> {
        let info = file.superblock()?;
        let strategy = match info.strategy {
            FileSpaceStrategy::FreeSpaceManager { paged: false, .. } => "FSM_AGGR",
            FileSpaceStrategy::FreeSpaceManager { paged: true, .. } => "PAGE",
            FileSpaceStrategy::PageAggregation => "AGGR",
            _ => "NONE",
        };
        let text = format!(
            "\nSUPER_BLOCK {{\n   SUPERBLOCK_VERSION {}\n   FREELIST_VERSION 0\n   SYMBOLTABLE_VERSION 0\n   \
             OBJECTHEADER_VERSION 0\n   OFFSET_SIZE {}\n   LENGTH_SIZE {}\n   BTREE_RANK {}\n   BTREE_LEAF {}\n   \
             ISTORE_K {}\n   FILE_SPACE_STRATEGY H5F_FSPACE_STRATEGY_{strategy}\n   FREE_SPACE_PERSIST {}\n   \
             FREE_SPACE_SECTION_THRESHOLD {}\n   FILE_SPACE_PAGE_SIZE {}\n   USER_BLOCK {{\n      \
             USERBLOCK_SIZE {}\n   }}\n}}",
            info.version,
            info.offset_size,
            info.length_size,
            info.group_internal_k,
            info.group_leaf_k,
            info.chunk_k,
            if info.persists_free_space { "TRUE" } else { "FALSE" },
            info.free_space_threshold,
            info.page_size,
            file.userblock(),
        );
        self.page.raw(text.as_bytes())?;
        Ok(())
    }
}
