//! Keeping the nodes of a version 2 B-tree between their fill limits, and all leaves at one depth.

use super::nodes::Node;
use super::{BTree2Edit, Compare};
use crate::base::{Address, Error, Result, Structure, to_usize};
use crate::format::btree_v2::Records;

/// How many records call for a change before a node is entered.
#[derive(Clone, Copy)]
pub(super) struct Fill {
    /// As many or more, on the way to an insertion.
    pub(super) split: usize,
    /// As many or fewer, on the way to a removal.
    merge: usize,
    /// The most that a node holds.
    fits: usize,
}

/// Moving records between siblings can move the way into a node that needs it as well; libhdf5 tries twice.
const REDISTRIBUTIONS: usize = 2;
/// A split or a merge behind those leaves nothing to do.
const ATTEMPTS: usize = REDISTRIBUTIONS + 2;

/// Two nodes have to have room for the records of three that are to be merged, one for those of two and the record
/// between them.
const FEWEST_RECORDS: usize = 3;

impl BTree2Edit<'_> {
    /// The limits of the nodes of a depth. The percentages are the file's: what cannot work is brought into bounds.
    pub(super) fn fill(&self, depth: usize) -> Result<Fill> {
        let shape = &self.tree.shape;
        let fits = shape.level(depth).map_or(0, |level| level.records.min(u64::from(u16::MAX)));
        let fits = to_usize(fits)?;
        if fits < FEWEST_RECORDS {
            let what = "changing a version 2 B-tree whose nodes hold fewer than three records";
            return Err(self.tree.located(Error::unsupported(what)));
        }
        let split = to_usize(shape.split_at(depth).unwrap_or(0))?.clamp(FEWEST_RECORDS, fits);
        let merge = to_usize(shape.merge_at(depth).unwrap_or(0))?.clamp(1, (split - 1) / 2);
        Ok(Fill { split, merge, fits })
    }

    /// Puts a new root above a full one, which is split; returns the new root's address.
    pub(super) fn grow(&mut self, root: Address) -> Result<Address> {
        self.tree.shape.grow()?;
        let depth = self.tree.shape.depth();
        self.fill(depth)?;
        let header = &mut self.tree.header;
        header.depth = header
            .depth
            .checked_add(1)
            .ok_or_else(|| Error::limit("depth of a B-tree", depth as u64, 0xffff))?;
        let records = Records { bytes: Vec::new(), size: usize::from(header.record_size) };
        let children = vec![self.nodes.pointer(root)?];
        let new = self.fresh(Node::new(depth, records, children))?;
        self.tree.header.root = Some(new);
        self.split(new, depth, 0)?;
        Ok(new)
    }

    /// Merges the two children of a root into the new root, where they have become small enough. Returns its address.
    pub(super) fn collapse(&mut self, root: Address) -> Result<Option<Address>> {
        let depth = self.tree.shape.depth();
        let [left, right] = self.nodes.get(root)?.children[..] else { return Ok(None) };
        let sum = usize::from(left.records) + usize::from(right.records);
        let fill = self.fill(depth.saturating_sub(1))?;
        // The second condition makes a difference where few records fit: libhdf5 knows only the first.
        if sum > 2 * fill.merge + 1 || sum >= fill.fits {
            return Ok(None);
        }
        self.regroup(root, depth, 0, 2, &[sum + 1])?;
        let only = self.nodes.get(root)?.children.first().map(|child| child.address);
        self.nodes.drop(root);
        self.tree.shape.shrink();
        self.tree.header.depth = self.tree.header.depth.saturating_sub(1);
        self.tree.header.root = only;
        Ok(only)
    }

    /// Finds the child that an insertion leads to and makes room in it; none if the record is in the node itself.
    pub(super) fn make_room(
        &mut self,
        at: Address,
        depth: usize,
        compare: &Compare<'_>,
    ) -> Result<Option<usize>> {
        let split = self.fill(depth - 1)?.split;
        for attempt in 0..ATTEMPTS {
            let (index, found) = self.search(at, compare)?;
            if found {
                return Ok(None);
            }
            let counts = self.counts(at)?;
            match counts.get(index) {
                Some(&count) if count < split => return Ok(Some(index)),
                _ if attempt < REDISTRIBUTIONS
                    && around(&counts, index).iter().any(|&count| count < split) =>
                {
                    self.redistribute(at, depth, index)?;
                }
                _ => self.split(at, depth, index)?,
            }
        }
        Err(self.unbalanced(at))
    }

    /// Finds the child that a removal leads to and sees to it that it can lose a record. Tells where the record to be
    /// removed stands or would stand, and whether it is in the node itself; `below` if it stands before the node.
    pub(super) fn refill(
        &mut self,
        at: Address,
        depth: usize,
        below: bool,
        compare: &Compare<'_>,
    ) -> Result<(usize, bool)> {
        let merge = self.fill(depth - 1)?.merge;
        for attempt in 0..ATTEMPTS {
            let (index, found) = if below { (0, false) } else { self.search(at, compare)? };
            let child = index + usize::from(found);
            let counts = self.counts(at)?;
            match counts.get(child) {
                Some(&count) if count > merge => return Ok((index, found)),
                _ if attempt < REDISTRIBUTIONS
                    && around(&counts, child).iter().any(|&count| count > merge) =>
                {
                    self.redistribute(at, depth, child)?;
                }
                // Only a root may have as few as one record, and that was looked at before.
                _ if counts.len() <= 2 => break,
                _ => self.merge(at, depth, child)?,
            }
        }
        Err(self.unbalanced(at))
    }

    /// Evens out a child and its neighbours.
    fn redistribute(&mut self, at: Address, depth: usize, child: usize) -> Result<()> {
        let counts = self.counts(at)?;
        let first = child.saturating_sub(1);
        let old = &counts[first..counts.len().min(child + 2)];
        let sum: usize = old.iter().sum();
        match *old {
            // The node that gives keeps the smaller half.
            [left, right] if left < right => self.regroup(at, depth, first, 2, &[sum - sum / 2, sum / 2]),
            [_, _] => self.regroup(at, depth, first, 2, &[sum / 2, sum - sum / 2]),
            [_, _, _] => {
                let middle = sum / 3;
                let left = (sum - middle) / 2;
                self.regroup(at, depth, first, 3, &[left, middle, sum - middle - left])
            }
            _ => Err(self.unbalanced(at)),
        }
    }

    /// Splits a child in two.
    fn split(&mut self, at: Address, depth: usize, child: usize) -> Result<()> {
        match self.counts(at)?.get(child) {
            Some(&count) if count >= FEWEST_RECORDS => {
                self.regroup(at, depth, child, 1, &[count / 2, count - count / 2 - 1])
            }
            _ => Err(self.unbalanced(at)),
        }
    }

    /// Merges a child with its only neighbour, or makes two of three.
    fn merge(&mut self, at: Address, depth: usize, child: usize) -> Result<()> {
        let counts = self.counts(at)?;
        let first = child.saturating_sub(1);
        let old = &counts[first..counts.len().min(child + 2)];
        let sum: usize = old.iter().sum();
        match old.len() {
            2 => self.regroup(at, depth, first, 2, &[sum + 1]),
            3 => self.regroup(at, depth, first, 3, &[sum.div_ceil(2), sum + 1 - sum.div_ceil(2)]),
            _ => Err(self.unbalanced(at)),
        }
    }

    /// Deals the records of `old` children, and those between them, to as many children as there are new counts.
    fn regroup(&mut self, at: Address, depth: usize, first: usize, old: usize, new: &[usize]) -> Result<()> {
        let fits = self.fill(depth - 1)?.fits;
        if new.iter().any(|&count| count > fits) {
            return Err(self.unbalanced(at));
        }
        let mut parent = self.nodes.take(at)?;
        let size = self.record_size();
        let (mut records, mut children, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for index in first..first + old {
            let Some(&child) = parent.children.get(index) else { return Err(self.unbalanced(at)) };
            self.load(child, depth - 1)?;
            let child_node = self.nodes.take(child.address)?;
            if index > first {
                records.extend_from_slice(parent.records.nth(index - 1).unwrap_or_default());
            }
            records.extend_from_slice(&child_node.records.bytes);
            children.extend(child_node.children);
            addresses.push(child.address);
        }
        let (mut between, mut pointers) = (Vec::new(), Vec::new());
        for (index, &count) in new.iter().enumerate() {
            if index > 0 {
                between.extend(records.drain(..size));
            }
            let bytes = records.drain(..count * size).collect();
            let below = if depth > 1 { children.drain(..=count).collect() } else { Vec::new() };
            let node = Node::new(depth - 1, Records { bytes, size }, below);
            let address = match addresses.get(index) {
                Some(&address) => {
                    self.nodes.insert(address, node);
                    address
                }
                None => self.fresh(node)?,
            };
            pointers.push(self.nodes.pointer(address)?);
        }
        addresses.into_iter().skip(new.len()).for_each(|address| self.nodes.drop(address));
        parent.children.splice(first..first + old, pointers);
        parent.records.bytes.splice(first * size..(first + old - 1) * size, between);
        self.nodes.insert(at, Node::new(depth, parent.records, parent.children));
        Ok(())
    }

    /// How many records each child of a node has.
    fn counts(&self, at: Address) -> Result<Vec<usize>> {
        Ok(self.nodes.get(at)?.children.iter().map(|child| usize::from(child.records)).collect())
    }

    fn unbalanced(&self, at: Address) -> Error {
        let error = Error::malformed("its children have more or fewer records than the tree's limits allow");
        match self.core.offset(at) {
            Ok(offset) => error.at(Structure::BTree2Internal, offset),
            Err(error) => error,
        }
    }
}

/// The neighbours of a child among the counts of all.
fn around(counts: &[usize], child: usize) -> Vec<usize> {
    let left = child.checked_sub(1);
    [left, Some(child + 1)].into_iter().flatten().filter_map(|index| counts.get(index).copied()).collect()
}
