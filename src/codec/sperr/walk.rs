//! The walk of the SPECK coder through sets and elements, which is the same in both directions.

use super::levels::Lengths;
use super::mask::Mask;
use super::sets::{Order, Parts, Set, Start, finer};

/// A direction: bits that are taken from a stream, or put into one.
pub(super) trait Side {
    /// Goes on to a bit plane.
    fn begin(&mut self, plane: u32);

    /// Whether an element has its first one in this plane.
    fn element(&mut self, index: usize) -> bool;

    /// Whether one of the elements in a set has.
    fn set(&mut self, set: &Set) -> bool;

    /// Whether one of the elements around a level of a plane has.
    fn around(&mut self, level: u32) -> bool;

    fn sign(&mut self, index: usize);

    /// The bit of an element that had a one in an earlier plane; false if nothing can follow.
    fn refine(&mut self, index: usize) -> bool;

    /// The plane is done with for an element that had its first one there.
    fn settle(&mut self, index: usize);

    fn is_at_end(&self) -> bool;
}

pub(super) struct Walk<S> {
    pub(super) side: S,
    lengths: Lengths,
    order: Order,
    /// Single elements that had no one so far.
    zeros: Mask,
    /// Elements that had a one in an earlier plane, and those that had their first in this one.
    ones: Mask,
    fresh: Vec<usize>,
    /// Sets that had no one so far.
    sets: Start,
    /// Sets that are being split, each with the parts to come.
    open: Vec<Open>,
}

struct Open {
    parts: Parts,
    at: usize,
    /// One of the parts before has a one.
    found: bool,
}

impl<S: Side> Walk<S> {
    pub(super) fn new(side: S, lengths: Lengths, order: Order) -> Self {
        let count = lengths.iter().map(|&length| length as usize).product();
        Walk {
            side,
            lengths,
            order,
            zeros: Mask::new(count),
            ones: Mask::new(count),
            fresh: Vec::new(),
            sets: Start::new(lengths, order),
            open: Vec::new(),
        }
    }

    pub(super) fn run(&mut self, planes: u32) {
        for plane in (0..planes).rev() {
            self.side.begin(plane);
            self.sort();
            if self.side.is_at_end() {
                self.settle();
                return;
            }
            self.refine();
            self.settle();
            if self.side.is_at_end() {
                return;
            }
        }
    }

    /// Finds the elements that have their first one in this plane.
    fn sort(&mut self) {
        let mut from = 0;
        while let Some(index) = self.zeros.next(from) {
            if self.side.element(index) {
                self.zeros.clear(index);
                self.meet(index);
            }
            from = index + 1;
        }
        for level in (0..self.sets.lists.len()).rev() {
            let mut list = std::mem::take(&mut self.sets.lists[level]);
            list.retain(|set| {
                let found = self.side.set(set);
                if found {
                    self.split(set, level);
                }
                !found
            });
            // What a set is split into belongs to higher levels, so nothing was added here meanwhile.
            self.sets.lists[level] = list;
        }
        self.look_around();
    }

    /// An element has its first one.
    fn meet(&mut self, index: usize) {
        self.side.sign(index);
        self.fresh.push(index);
    }

    /// Splits a set down to the single elements with a one. No more sets are open than a length can be halved.
    fn split(&mut self, set: &Set, level: usize) {
        self.open.push(Open { parts: set.split(self.order, level), at: 0, found: false });
        while let Some(open) = self.open.last_mut() {
            let parts = open.parts.as_slice();
            let Some(&part) = parts.get(open.at) else {
                self.open.pop();
                continue;
            };
            open.at += 1;
            let is_sure = open.at == parts.len() && !open.found;
            let level = open.parts.level;
            let single = part.is_single().then(|| part.index(self.lengths));
            let found = match single {
                _ if is_sure => true,
                Some(index) => self.side.element(index),
                None => self.side.set(&part),
            };
            open.found |= found;
            match (single, found) {
                (Some(index), true) => self.meet(index),
                (Some(index), false) => self.zeros.set(index),
                (None, true) => {
                    self.open.push(Open { parts: part.split(self.order, level), at: 0, found: false });
                }
                (None, false) => self.sets.lists[level].push(part),
            }
        }
    }

    /// Of a plane: what lies around the levels that are in sets by now.
    fn look_around(&mut self) {
        let mut is_sure = false;
        while self.sets.around > 0 && (is_sure || self.side.around(self.sets.around)) {
            is_sure = true;
            let level = self.sets.around as usize;
            for part in finer(self.lengths, self.sets.around) {
                if self.side.set(&part) {
                    is_sure = false;
                    self.split(&part, level);
                } else {
                    self.sets.lists[level].push(part);
                }
            }
            self.sets.around -= 1;
        }
    }

    fn refine(&mut self) {
        let mut from = 0;
        while let Some(index) = self.ones.next(from) {
            if !self.side.refine(index) {
                return;
            }
            from = index + 1;
        }
    }

    fn settle(&mut self) {
        for index in self.fresh.drain(..) {
            self.side.settle(index);
            self.ones.set(index);
        }
    }
}
