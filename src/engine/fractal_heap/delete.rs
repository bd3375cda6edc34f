//! Deleting a heap with everything in it.

use super::changes::Changes;
use super::edit::FractalHeapEdit;
use super::{FractalHeap, Place, huge};
use crate::base::{Address, Result, to_usize};
use crate::engine::Core;
use crate::engine::btree_v2_edit::BTree2Edit;
use crate::format::Wire;
use crate::format::fractal_heap::indirect::FilteredChild;

impl FractalHeapEdit {
    /// Gives the space of a heap back: its header, blocks, huge objects with their B-tree, and its free-space manager.
    ///
    /// All blocks are read before. Each names its heap and its place there, so nothing is given back that is not the
    /// heap's, and nothing twice.
    pub(crate) fn delete(core: &mut Core, address: Address) -> Result<()> {
        core.check_writable()?;
        FractalHeapEdit::open(core, address)?.with_space(core, |edit, core| {
            Changes::of(core, |core, changes| {
                let heap = FractalHeap::open(core, address)?;
                edit.release_blocks(&heap, changes)?;
                let btree = huge::release_all(&heap, changes)?;
                edit.space.delete(core, changes)?;
                changes.release(address, edit.header.encoded_len(&core.sizes())? as u64);
                match btree {
                    Some(btree) => BTree2Edit::delete(core, btree, huge::records_of(&edit.cx).record_type()),
                    None => Ok(()),
                }
            })
        })?;
        core.txn_mut()?.heap_space.delete(address);
        Ok(())
    }

    fn release_blocks(&self, heap: &FractalHeap<'_>, changes: &mut Changes) -> Result<()> {
        let Some(root) = self.header.root else { return Ok(()) };
        let rows = u32::from(self.header.root_rows);
        if rows == 0 {
            let place = heap.place(0)?;
            return release_direct(heap, &place, changes);
        }
        let mut indirect = vec![(root, 0, rows)];
        while let Some((address, begin, rows)) = indirect.pop() {
            let cx = heap.indirect_context(rows);
            let block = heap.indirect(address, begin, &cx)?;
            changes.release(address, cx.len()?);
            for (entry, &child) in block.children.iter().enumerate() {
                let Some(child) = child else { continue };
                let entry = entry as u64;
                let row = self.geometry.row(entry)?;
                let begin = begin + self.geometry.entry_offset(entry)?;
                if self.geometry.is_direct(row) {
                    let size = self.geometry.table.block_size(row)?;
                    let stored: Option<FilteredChild> = block.filtered.get(to_usize(entry)?).copied();
                    release_direct(heap, &Place { address: child, begin, size, stored }, changes)?;
                } else {
                    indirect.push((child, begin, self.geometry.table.child_rows(row)?));
                }
            }
        }
        Ok(())
    }
}

fn release_direct(heap: &FractalHeap<'_>, place: &Place, changes: &mut Changes) -> Result<()> {
    heap.direct(place)?;
    changes.release(place.address, place.stored.map_or(place.size, |stored| stored.size));
    Ok(())
}
