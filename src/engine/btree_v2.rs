//! Reading version 2 B-trees: one record by its place in the order, or all of them.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Core;
use crate::base::{Address, Error, Result, Structure};
use crate::format::btree_v2::{BTree2Header, BTree2Internal, BTree2Leaf, BTree2Shape, ChildPointer, Records};
use crate::format::btree_v2_record::RecordType;
use crate::format::{self, Wire};

/// A tree, ready to be read.
pub(crate) struct BTree2<'a> {
    core: &'a Core,
    tree: Tree,
}

/// A tree apart from the file that it lies in.
#[derive(Clone)]
pub(super) struct Tree {
    /// Where the header lies in the file.
    pub(super) offset: u64,
    pub(super) header: BTree2Header,
    pub(super) shape: BTree2Shape,
}

impl Tree {
    /// Reads the header at an address; one of other records than those asked for is refused.
    pub(super) fn open(core: &Core, address: Address, record_type: RecordType) -> Result<Self> {
        let header = BTree2Header::clone(&*core.fetch(address, &core.sizes())?);
        let offset = core.offset(address)?;
        let bad =
            |name, value, rule| Err(Error::field(name, value, rule).at(Structure::BTree2Header, offset));
        if header.record_type != record_type {
            let number = u64::from(header.record_type.number());
            return bad("record type", number, "not what the tree's owner has indexed");
        }
        if u64::from(header.root_records) > header.total_records {
            return bad("number of records", header.total_records, "fewer than in the root");
        }
        let shape = BTree2Shape::new(&header, core.sizes())?;
        Ok(Tree { offset, header, shape })
    }

    /// The root, as its parent would point to it.
    pub(super) fn root(&self) -> Option<ChildPointer> {
        let (records, total) = (self.header.root_records, self.header.total_records);
        self.header.root.map(|address| ChildPointer { address, records, total })
    }

    pub(super) fn internal(
        &self,
        core: &Core,
        at: ChildPointer,
        depth: usize,
    ) -> Result<Arc<BTree2Internal>> {
        let cx = self.shape.node(depth, at.records).map_err(|e| self.located(e))?;
        let node: Arc<BTree2Internal> = core.fetch(at.address, &cx)?;
        self.check(core, &node.records, at, Structure::BTree2Internal)?;
        Ok(node)
    }

    pub(super) fn leaf(&self, core: &Core, at: ChildPointer) -> Result<Arc<BTree2Leaf>> {
        let cx = self.shape.node(0, at.records).map_err(|e| self.located(e))?;
        let node: Arc<BTree2Leaf> = core.fetch(at.address, &cx)?;
        self.check(core, &node.records, at, Structure::BTree2Leaf)?;
        Ok(node)
    }

    /// A node that was kept may have been decoded for another parent, which said something else of it.
    fn check(&self, core: &Core, records: &Records, at: ChildPointer, structure: Structure) -> Result<()> {
        let size = usize::from(self.shape.record_size);
        if records.size == size && records.bytes.len() == size * usize::from(at.records) {
            return Ok(());
        }
        let error =
            Error::field("number of records", u64::from(at.records), "two parents tell different ones");
        Err(error.at(structure, core.offset(at.address)?))
    }

    pub(super) fn located(&self, error: Error) -> Error {
        error.at(Structure::BTree2Header, self.offset)
    }
}

impl<'a> BTree2<'a> {
    /// Opens the tree whose header is at an address; one of other records than those asked for is refused.
    pub(crate) fn open(core: &'a Core, address: Address, record_type: RecordType) -> Result<Self> {
        Ok(BTree2 { core, tree: Tree::open(core, address, record_type)? })
    }

    /// The number of records in the tree.
    pub(crate) fn len(&self) -> u64 {
        self.tree.header.total_records
    }

    /// Decodes a record of this tree. Records do not know where they lie: errors name the place of the tree's header.
    pub(crate) fn decode<T: Wire>(&self, record: &[u8], cx: &T::Context) -> Result<T> {
        format::decode(record, self.tree.offset, cx, &self.core.budget)
    }

    /// Finds the record that `compare` calls equal. It says how a record stands to the one that is looked for:
    /// `Less` if it comes before that one.
    pub(crate) fn find(&self, compare: impl Fn(&[u8]) -> Result<Ordering>) -> Result<Option<Vec<u8>>> {
        let Some(mut at) = self.tree.root() else { return Ok(None) };
        for depth in (1..=self.tree.shape.depth()).rev() {
            let node = self.tree.internal(self.core, at, depth)?;
            match search(&node.records, &compare)? {
                (index, true) => return Ok(node.records.nth(index).map(<[u8]>::to_vec)),
                // There is a child before each record and one behind the last.
                (index, false) => at = node.children[index],
            }
        }
        let leaf = self.tree.leaf(self.core, at)?;
        let (index, found) = search(&leaf.records, &compare)?;
        Ok(leaf.records.nth(index).filter(|_| found).map(<[u8]>::to_vec))
    }

    /// Calls `f` with every record, in their order.
    pub(crate) fn visit(&self, f: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut walk = Walk { tree: self, f, nodes: 0, records: 0 };
        let mut below = self.tree.root().map(|root| (root, self.tree.shape.depth()));
        let mut path: Vec<(Arc<BTree2Internal>, usize)> = Vec::new();
        loop {
            while let Some((child, depth)) = below.take().filter(|(child, _)| child.total > 0) {
                walk.enter()?;
                if depth == 0 {
                    self.tree
                        .leaf(self.core, child)?
                        .records
                        .iter()
                        .try_for_each(|record| walk.pass(record))?;
                } else {
                    let node = self.tree.internal(self.core, child, depth)?;
                    below = Some((node.children[0], depth - 1));
                    path.push((node, 0));
                }
            }
            let depth = self.tree.shape.depth() - path.len();
            let Some((node, next)) = path.last_mut() else { break };
            if let Some(record) = node.records.nth(*next) {
                walk.pass(record)?;
                *next += 1;
                below = Some((node.children[*next], depth));
            } else {
                path.pop();
            }
        }
        walk.finish()
    }
}

/// The index of the record that is equal, or where it would stand.
pub(super) fn search(
    records: &Records,
    compare: impl Fn(&[u8]) -> Result<Ordering>,
) -> Result<(usize, bool)> {
    let (mut low, mut high) = (0, records.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(record) = records.nth(middle) else { break };
        match compare(record)? {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Ok((middle, true)),
        }
    }
    Ok((low, false))
}

/// Counts what a walk over a tree has met: nodes that lead back to others end it.
struct Walk<'a, F> {
    tree: &'a BTree2<'a>,
    f: F,
    nodes: u64,
    records: u64,
}

impl<F: FnMut(&[u8]) -> Result<()>> Walk<'_, F> {
    fn enter(&mut self) -> Result<()> {
        self.nodes += 1;
        // Only nodes with records below them are entered: at each depth no more than there are records.
        let levels = self.tree.tree.shape.depth() as u64 + 1;
        if self.nodes > self.tree.len().saturating_mul(levels) {
            return Err(self.more());
        }
        Ok(())
    }

    fn pass(&mut self, record: &[u8]) -> Result<()> {
        self.records += 1;
        self.tree.core.budget.items(self.records).map_err(|e| self.tree.tree.located(e))?;
        if self.records > self.tree.len() {
            return Err(self.more());
        }
        (self.f)(record)
    }

    fn finish(self) -> Result<()> {
        if self.records == self.tree.len() {
            return Ok(());
        }
        let error = Error::field("number of records", self.tree.len(), "more than the nodes have");
        Err(self.tree.tree.located(error))
    }

    fn more(&self) -> Error {
        let error = Error::field("number of records", self.tree.len(), "fewer than the nodes have");
        self.tree.tree.located(error)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::super::fixture::empty;
    use super::*;

    /// Leaves of three records, nodes of one with two children: 15 records where all are full.
    fn header(root: ChildPointer) -> BTree2Header {
        BTree2Header {
            record_type: RecordType::LinkOrder,
            node_size: 64,
            record_size: 15,
            depth: 2,
            split_percent: 100,
            merge_percent: 40,
            root: Some(root.address),
            root_records: root.records,
            total_records: root.total,
        }
    }

    fn shape() -> BTree2Shape {
        let nowhere = ChildPointer { address: Address(0), records: 0, total: 0 };
        BTree2Shape::new(&header(nowhere), crate::base::Sizes::EIGHT).unwrap()
    }

    fn records(orders: Range<u64>) -> Records {
        let record = |order: u64| [&order.to_le_bytes()[..], &[7; 7]].concat();
        Records { bytes: orders.flat_map(record).collect(), size: 15 }
    }

    fn leaf(core: &mut Core, orders: Range<u64>) -> ChildPointer {
        let total = orders.end - orders.start;
        let count = u16::try_from(total).unwrap();
        let cx = shape().node(0, count).unwrap();
        let leaf = BTree2Leaf { records: records(orders), slack: vec![] };
        ChildPointer { address: core.put_new(&leaf, &cx).unwrap(), records: count, total }
    }

    fn internal(core: &mut Core, depth: usize, order: u64, children: [ChildPointer; 2]) -> ChildPointer {
        let cx = shape().node(depth, 1).unwrap();
        let node =
            BTree2Internal { records: records(order..order + 1), children: children.to_vec(), slack: vec![] };
        let address = core.put_new(&node, &cx).unwrap();
        ChildPointer { address, records: 1, total: children[0].total + children[1].total + 1 }
    }

    fn plant(core: &mut Core, root: ChildPointer) -> Address {
        let sizes = core.sizes();
        core.put_new(&header(root), &sizes).unwrap()
    }

    /// The orders 0 to 14.
    fn full(core: &mut Core) -> ChildPointer {
        let (a, b) = (leaf(core, 0..3), leaf(core, 4..7));
        let left = internal(core, 1, 3, [a, b]);
        let (a, b) = (leaf(core, 8..11), leaf(core, 12..15));
        let right = internal(core, 1, 11, [a, b]);
        internal(core, 2, 7, [left, right])
    }

    fn order(record: &[u8]) -> u64 {
        u64::from_le_bytes(record[..8].try_into().unwrap())
    }

    fn visited(core: &Core, tree: Address) -> Result<Vec<u64>> {
        let mut orders = Vec::new();
        BTree2::open(core, tree, RecordType::LinkOrder)?.visit(|record| {
            orders.push(order(record));
            Ok(())
        })?;
        Ok(orders)
    }

    fn found(core: &Core, tree: Address, wanted: u64) -> Option<u64> {
        let tree = BTree2::open(core, tree, RecordType::LinkOrder).unwrap();
        tree.find(|record| Ok(order(record).cmp(&wanted))).unwrap().map(|record| order(&record))
    }

    #[test]
    fn records_are_visited_in_order_and_each_is_found() {
        let mut core = empty();
        let root = full(&mut core);
        let tree = plant(&mut core, root);
        assert_eq!(visited(&core, tree).unwrap(), (0..15).collect::<Vec<_>>());
        for wanted in 0..15 {
            assert_eq!(found(&core, tree, wanted), Some(wanted));
        }
        assert_eq!(found(&core, tree, 15), None);
        let header = BTree2Header { root: None, root_records: 0, total_records: 0, ..header(root) };
        let sizes = core.sizes();
        let tree = core.put_new(&header, &sizes).unwrap();
        assert_eq!((visited(&core, tree).unwrap(), found(&core, tree, 3)), (vec![], None));
    }

    #[test]
    fn numbers_of_records_that_disagree_are_refused() {
        let mut core = empty();
        let root = full(&mut core);
        let mut text = |total| {
            let tree = plant(&mut core, ChildPointer { total, ..root });
            visited(&core, tree).unwrap_err().to_string()
        };
        assert!(text(14).contains("number of records is 14: fewer than the nodes have"));
        assert!(text(16).contains("number of records is 16: more than the nodes have"));
        assert!(text(0).contains("number of records is 0: fewer than in the root"));
        let tree = plant(&mut core, root);
        let other = BTree2::open(&core, tree, RecordType::LinkName).map(|_| ()).unwrap_err().to_string();
        assert!(other.contains("record type is 6: not what the tree's owner has indexed"), "{other}");
    }

    #[test]
    fn nodes_that_lead_to_each_other_end() {
        let mut core = empty();
        let shared = leaf(&mut core, 0..3);
        let twig = internal(&mut core, 1, 3, [shared, shared]);
        let root = internal(&mut core, 2, 7, [twig, twig]);
        let tree = plant(&mut core, root);
        assert_eq!(visited(&core, tree).unwrap().len(), 15, "a shared child is read as often as it is named");
        // A leaf that is called an internal node, and a node that is its own child.
        let single = leaf(&mut core, 0..1);
        let root = internal(&mut core, 2, 7, [single, single]);
        let tree = plant(&mut core, root);
        assert!(visited(&core, tree).unwrap_err().to_string().contains("signature \"BTIN\" expected"));
        let own = ChildPointer { address: Address(core.txn_mut().unwrap().end(0)), records: 1, total: 7 };
        let root = internal(&mut core, 2, 7, [own, own]);
        assert_eq!(root.address, own.address);
        let tree = plant(&mut core, root);
        assert!(visited(&core, tree).is_err());
    }

    #[test]
    fn a_child_of_which_two_parents_say_different_things_is_refused() {
        let mut core = empty();
        let leaf = leaf(&mut core, 0..3);
        let fewer = ChildPointer { records: 2, total: 2, ..leaf };
        let twig = internal(&mut core, 1, 3, [leaf, fewer]);
        let root = internal(&mut core, 2, 7, [twig, twig]);
        let tree = plant(&mut core, root);
        let error = visited(&core, tree).unwrap_err().to_string();
        assert!(error.contains("number of records is 2: two parents tell different ones"), "{error}");
    }
}
