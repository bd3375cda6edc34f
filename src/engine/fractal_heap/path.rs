//! The indirect blocks from the root of a heap down to a direct block, held in memory while they change.

use super::FractalHeap;
use super::changes::Changes;
use super::gaps::Gap;
use super::geometry::Geometry;
use crate::base::{Address, Error, Result, Structure, to_usize};
use crate::engine::{BlockKind, Core};
use crate::format::Wire;
use crate::format::fractal_heap::HeapContext;
use crate::format::fractal_heap::header::FractalHeapHeader;
use crate::format::fractal_heap::indirect::{FilteredChild, IndirectBlock, IndirectContext};

/// Empty if the root is a direct block.
#[derive(Debug, Default)]
pub(super) struct Path {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    /// Where the block is in the file, and the bytes it takes there; a new one is nowhere yet.
    place: Option<(Address, u64)>,
    rows: u32,
    block: IndirectBlock,
    /// The entry that leads on.
    entry: u64,
    changed: bool,
}

/// What went away with a direct block: itself, or the largest indirect block that has lost its last block with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone {
    /// The indirect block that had it, and the entry there.
    block: u64,
    pub(super) entry: u64,
    pub(super) was_in_root: bool,
}

impl Gone {
    /// What is missing from now on.
    pub(super) fn gap(&self) -> Gap {
        Gap { block: self.block, first: self.entry, count: 1 }
    }
}

impl Path {
    /// Reads the path to the direct block that begins at an offset in the heap, as `header` has the heap now: rows that
    /// the stored root does not have, and blocks on the way that are not there, are added.
    pub(super) fn to(
        heap: &FractalHeap<'_>,
        header: &FractalHeapHeader,
        geometry: &Geometry,
        offset: u64,
    ) -> Result<Path> {
        let mut path = Path { nodes: Vec::new() };
        if header.root_rows == 0 {
            return Ok(path);
        }
        let (mut node, mut begin) = (root(heap, header, geometry)?, 0);
        // An indirect block has fewer rows than the one that holds it: this ends.
        loop {
            let entry = geometry.entry_at(offset - begin)?;
            let row = geometry.row(entry)?;
            if row >= node.rows {
                return Err(heap.bad(
                    "offset in the heap",
                    offset,
                    "behind the last row of its indirect block",
                ));
            }
            node.entry = entry;
            let child = node.child(entry)?;
            path.nodes.push(node);
            if geometry.is_direct(row) {
                return Ok(path);
            }
            begin += geometry.entry_offset(entry)?;
            let rows = geometry.table.child_rows(row)?;
            node = match child {
                Some(address) => stored(heap, address, begin, rows)?,
                None => new(heap, begin, rows)?,
            };
        }
    }

    /// The direct block at the end of the path, if it is there.
    pub(super) fn leaf(&self) -> Result<Option<Address>> {
        self.nodes.last().map_or(Ok(None), |node| node.child(node.entry))
    }

    /// Puts a direct block at the end of the path; the header has that of a heap without indirect blocks.
    pub(super) fn set_leaf(
        &mut self,
        header: &mut FractalHeapHeader,
        address: Address,
        stored: Option<FilteredChild>,
    ) -> Result<()> {
        match self.nodes.last_mut() {
            Some(node) => node.set(node.entry, Some(address), stored),
            None => {
                header.root = Some(address);
                if let (Some(filter), Some(stored)) = (&mut header.filter, stored) {
                    (filter.root_size, filter.root_mask) = (stored.size, stored.mask);
                }
                Ok(())
            }
        }
    }

    /// Takes the direct block at the end of the path out, and each indirect block that has no other block.
    pub(super) fn remove_leaf(&mut self, changes: &mut Changes) -> Result<Gone> {
        loop {
            let depth = self.nodes.len();
            let Some(node) = self.nodes.last_mut() else { return Err(no_blocks()) };
            let entry = node.entry;
            node.set(entry, None, Some(FilteredChild { size: 0, mask: 0 }))?;
            if depth == 1 || node.block.children.iter().any(Option::is_some) {
                return Ok(Gone { block: node.block.offset, entry, was_in_root: depth == 1 });
            }
            if let Some((address, len)) = node.place {
                changes.release(address, len);
            }
            self.nodes.pop();
        }
    }

    /// Where the last direct block of the heap ends; none if there is no block any more.
    pub(super) fn end_of_blocks(&self, heap: &FractalHeap<'_>, geometry: &Geometry) -> Result<Option<u64>> {
        let mut nodes = self.nodes.iter();
        let Some(mut on_path) = nodes.next() else { return Ok(None) };
        let (mut last, mut begin) = (on_path.last(), 0);
        while let Some((entry, address)) = last {
            let row = geometry.row(entry)?;
            if geometry.is_direct(row) {
                return Ok(Some(begin + geometry.entry_offset(entry)? + geometry.table.block_size(row)?));
            }
            let followed = begin == on_path.block.offset && entry == on_path.entry;
            begin += geometry.entry_offset(entry)?;
            last = match nodes.next().filter(|_| followed) {
                // It is further up in memory than in the file.
                Some(node) => {
                    on_path = node;
                    node.last()
                }
                None => stored(heap, address, begin, geometry.table.child_rows(row)?)?.last(),
            };
            if last.is_none() {
                return Err(heap.bad("offset of an indirect block", begin, "no block is left in it"));
            }
        }
        Ok(None)
    }

    /// The number of the root's blocks and the entry of the last one.
    pub(super) fn root_blocks(&self) -> (usize, Option<u64>) {
        let Some(root) = self.nodes.first() else { return (0, None) };
        (root.block.children.iter().flatten().count(), root.last().map(|(entry, _)| entry))
    }

    /// Takes the root away; returns its first block and how that is stored.
    pub(super) fn remove_root(self, changes: &mut Changes) -> Option<(Address, Option<FilteredChild>)> {
        let root = self.nodes.into_iter().next()?;
        if let Some((address, len)) = root.place {
            changes.release(address, len);
        }
        let first = root.block.children.first().copied().flatten()?;
        Some((first, root.block.filtered.first().copied()))
    }

    /// Lets the root have fewer rows.
    pub(super) fn shrink_root(&mut self, rows: u32, geometry: &Geometry) -> Result<()> {
        if let Some(root) = self.nodes.first_mut() {
            root.rows = rows;
            root.changed = true;
            let entries = u64::from(rows) * geometry.width();
            root.block.children.truncate(to_usize(entries)?);
            root.block.filtered.truncate(to_usize(entries)?);
        }
        Ok(())
    }

    /// Plans to write the blocks that have changed, and lets the header know where the root is.
    pub(super) fn store(
        mut self,
        core: &mut Core,
        changes: &mut Changes,
        header: &mut FractalHeapHeader,
        heap: HeapContext,
    ) -> Result<()> {
        while let Some(node) = self.nodes.pop() {
            if !node.changed {
                continue;
            }
            let cx = IndirectContext { heap, rows: node.rows };
            let len = node.block.encoded_len(&cx)? as u64;
            let address = match node.place {
                Some((address, old)) if old == len => address,
                old => {
                    if let Some((address, old)) = old {
                        changes.release(address, old);
                    }
                    changes.allocate(core, len, BlockKind::ObjectHeader)?
                }
            };
            changes.put(address, &node.block, &cx)?;
            match self.nodes.last_mut() {
                Some(parent) if parent.child(parent.entry)? != Some(address) => {
                    parent.set(parent.entry, Some(address), None)?;
                }
                Some(_) => {}
                None => header.root = Some(address),
            }
        }
        Ok(())
    }
}

impl Node {
    fn child(&self, entry: u64) -> Result<Option<Address>> {
        Ok(self.block.children.get(to_usize(entry)?).copied().flatten())
    }

    fn set(&mut self, entry: u64, child: Option<Address>, stored: Option<FilteredChild>) -> Result<()> {
        let index = to_usize(entry)?;
        if let Some(place) = self.block.children.get_mut(index) {
            *place = child;
        }
        if let (Some(place), Some(stored)) = (self.block.filtered.get_mut(index), stored) {
            *place = stored;
        }
        self.changed = true;
        Ok(())
    }

    /// The last entry that has a block.
    fn last(&self) -> Option<(u64, Address)> {
        let index = self.block.children.iter().rposition(Option::is_some)?;
        Some((index as u64, self.block.children[index]?))
    }
}

/// The root, with as many rows as the header says now.
fn root(heap: &FractalHeap<'_>, header: &FractalHeapHeader, geometry: &Geometry) -> Result<Node> {
    let rows = u32::from(header.root_rows);
    let stored_rows = u32::from(heap.header.root_rows);
    let mut node = match heap.header.root.filter(|_| stored_rows > 0) {
        Some(address) => stored(heap, address, 0, stored_rows)?,
        None => {
            let mut node = new(heap, 0, rows)?;
            if let Some(first) = heap.header.root {
                let filter = heap.header.filter.as_ref();
                let stored = filter.map(|f| FilteredChild { size: f.root_size, mask: f.root_mask });
                node.set(0, Some(first), stored)?;
            }
            node
        }
    };
    if rows != node.rows {
        heap.core.budget.metadata(heap.indirect_context(rows).len()?)?;
        let entries = u64::from(rows) * geometry.width();
        node.block.children.resize(to_usize(entries)?, None);
        if heap.cx.filtered {
            let direct = to_usize(entries.min(geometry.direct_entries()))?;
            node.block.filtered.resize(direct, FilteredChild { size: 0, mask: 0 });
        }
        (node.rows, node.changed) = (rows, true);
    }
    Ok(node)
}

fn stored(heap: &FractalHeap<'_>, address: Address, begin: u64, rows: u32) -> Result<Node> {
    let cx = heap.indirect_context(rows);
    let block = IndirectBlock::clone(&*heap.indirect(address, begin, &cx)?);
    Ok(Node { place: Some((address, cx.len()?)), rows, block, entry: 0, changed: false })
}

fn new(heap: &FractalHeap<'_>, begin: u64, rows: u32) -> Result<Node> {
    let cx = heap.indirect_context(rows);
    heap.core.budget.metadata(cx.len()?)?;
    let block = IndirectBlock::new(heap.address, begin, &cx)?;
    Ok(Node { place: None, rows, block, entry: 0, changed: true })
}

fn no_blocks() -> Error {
    Error::malformed("the heap has no indirect blocks").within(Structure::FractalHeapHeader)
}
