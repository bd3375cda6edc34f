//! N-bit (filter 5): of every number only the bits that its datatype uses, all behind one another.
//!
//! The bits of a number go from its highest to its lowest, whatever its byte order is. What is no number goes
//! byte by byte. Bits and bytes that nothing in the datatype uses come back as zeros.
//!
//! Client data: the number of values; 1 if the chunk is stored as it is; elements of the chunk; then the datatype:
//!
//! ```text
//! number     1, size, byte order, precision, bit offset
//! array      2, size of all, the base's values
//! compound   3, size, number of members, for each one: byte offset, its values
//! other      4, size
//! ```

use super::bits::{BitReader, BitWriter};
use super::{ChunkShape, Encoded, Filter, FilterCall, asked_for, damaged, id};
use crate::base::{Error, Result, element_count, to_usize};
use crate::format::datatype::{Bits, Class, Datatype, Member, Order};

#[derive(Debug)]
pub(super) struct Nbit;

const NUMBER: u32 = 1;
const ARRAY: u32 = 2;
const COMPOUND: u32 = 3;
const OTHER: u32 = 4;

/// libhdf5 stores no more.
const MOST_VALUES: usize = 4096;

/// As deep as datatypes may be nested by default.
const MOST_DEPTH: u32 = 64;

impl Filter for Nbit {
    fn id(&self) -> u16 {
        id::NBIT
    }

    fn name(&self) -> &'static str {
        "nbit"
    }

    fn configure(&self, _: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        let elements = element_count(chunk.shape)?;
        let count = u32::try_from(elements).map_err(|_| Error::misuse("over 2^32 elements in a chunk"))?;
        let mut description = Description { values: vec![0, 0, count], full: true };
        match chunk.datatype.class {
            Class::FixedPoint(_) | Class::FloatingPoint(_) | Class::Array { .. } | Class::Compound(_) => {
                description.push(chunk.datatype)?;
            }
            _ => {}
        }
        let Description { mut values, full } = description;
        if values.len() > MOST_VALUES {
            return Err(Error::misuse(format!("nbit takes {} values for this datatype", values.len())));
        }
        values[0] = u32::try_from(values.len()).unwrap_or(u32::MAX);
        values[1] = u32::from(full);
        Plan::of(&values).map_err(asked_for)?;
        Ok(values)
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let plan = Plan::of(call.values)?;
        let bytes = plan.as_ref().map_or(Some(input.len()), |plan| plan.size.checked_mul(plan.count));
        let Some(bytes) = bytes.filter(|&bytes| bytes <= call.limit) else {
            return Err(damaged("nbit", format!("over {} bytes come out", call.limit)));
        };
        let Some(plan) = plan else {
            output.extend_from_slice(input);
            return Ok(());
        };
        output.resize(bytes, 0);
        let mut bits = BitReader::new(input);
        for element in output.chunks_exact_mut(plan.size) {
            plan.node.unpack(&mut bits, element).ok_or_else(|| damaged("nbit", "the bits end too early"))?;
        }
        Ok(())
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let Some(plan) = Plan::of(call.values)? else {
            output.extend_from_slice(input);
            return Ok(Encoded::Done);
        };
        if Some(input.len()) != plan.size.checked_mul(plan.count) {
            return Err(Error::misuse("nbit must come before filters that change the chunk's size"));
        }
        let mut bits = BitWriter::new(output);
        for element in input.chunks_exact(plan.size) {
            plan.node.pack(&mut bits, element);
        }
        // libhdf5 begins one more byte where the last one is full.
        if bits.finish() {
            output.push(0);
        }
        Ok(Encoded::Done)
    }
}

/// The client data that describes a datatype, as it grows.
struct Description {
    values: Vec<u32>,
    /// Whether every number so far uses all its bits.
    full: bool,
}

impl Description {
    fn push(&mut self, datatype: &Datatype) -> Result<()> {
        let size = datatype.size;
        match &datatype.class {
            Class::FixedPoint(number) => self.push_number(size, &number.bits),
            Class::FloatingPoint(number) => self.push_number(size, &number.bits),
            Class::Array { base, .. } => {
                self.values.extend([ARRAY, size]);
                match base.class {
                    Class::Sequence(_) | Class::VariableString { .. } => {
                        Err(Error::misuse("nbit does not take arrays of variable-length values"))
                    }
                    _ => self.push(base),
                }
            }
            Class::Compound(members) => {
                let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
                self.values.extend([COMPOUND, size, count]);
                let ends = members.iter().skip(1).map(|next| next.offset).chain([size]);
                members.iter().zip(ends).try_for_each(|(member, end)| self.push_member(member, end))
            }
            _ => {
                self.values.extend([OTHER, size]);
                Ok(())
            }
        }
    }

    fn push_number(&mut self, size: u32, bits: &Bits) -> Result<()> {
        let order = match bits.order {
            Order::Little => 0,
            Order::Big => 1,
            Order::Vax => return Err(Error::misuse("nbit does not take VAX byte order")),
        };
        let (precision, offset) = (u32::from(bits.precision), u32::from(bits.offset));
        self.values.extend([NUMBER, size, order, precision, offset]);
        self.full &= offset == 0 && precision == size.saturating_mul(8);
        Number::of(size, order, precision, offset).map_err(asked_for)?;
        Ok(())
    }

    /// `end` is where the next member begins.
    fn push_member(&mut self, member: &Member, end: u32) -> Result<()> {
        self.values.push(member.offset);
        match member.datatype.class {
            // libhdf5 does not ask for the size of these.
            Class::Sequence(_) | Class::VariableString { .. } if end > member.offset => {
                self.values.extend([OTHER, end - member.offset]);
                return Ok(());
            }
            _ => {}
        }
        // The sizes that version 1 members carry are an array's.
        if !member.dims.is_empty() {
            let size = member.dims.iter().try_fold(member.datatype.size, |size, &dim| size.checked_mul(dim));
            let size = size.ok_or_else(|| Error::misuse("a member of over 2^32 bytes"))?;
            self.values.extend([ARRAY, size]);
        }
        self.push(&member.datatype)
    }
}

/// What the client data says.
struct Plan {
    count: usize,
    /// Bytes of an element.
    size: usize,
    node: Node,
}

enum Node {
    Number(Number),
    Bytes,
    Array { size: usize, base: Box<Node> },
    Compound(Vec<Place>),
}

/// A member of a compound.
struct Place {
    offset: usize,
    size: usize,
    node: Node,
}

#[derive(Clone, Copy)]
struct Number {
    big: bool,
    precision: u32,
    offset: u32,
}

impl Plan {
    /// None: the chunk is stored as it is.
    fn of(values: &[u32]) -> Result<Option<Self>> {
        let mut values = Values { values, next: 0, behind_array: false };
        let len = values.take("number of nbit values")?;
        if values.values.len() as u64 != u64::from(len) {
            return Err(Error::field(
                "number of nbit values",
                u64::from(len),
                "it is not how many there are",
            ));
        }
        if values.take("nbit flag")? != 0 {
            return Ok(None);
        }
        let count = to_usize(u64::from(values.take("number of elements")?))?;
        let (node, size) = values.node(1)?;
        if matches!(node, Node::Bytes) {
            return Err(Error::field("nbit class", u64::from(OTHER), "such a chunk is stored as it is"));
        }
        Ok(Some(Plan { count, size, node }))
    }
}

/// Takes the client data one after another.
struct Values<'a> {
    values: &'a [u32],
    next: usize,
    /// Whether an array of arrays or of compounds has been taken.
    behind_array: bool,
}

impl Values<'_> {
    fn take(&mut self, name: &'static str) -> Result<u32> {
        let value = self.values.get(self.next).copied().ok_or_else(|| {
            Error::field(name, self.values.len() as u64, "the filter's client data ends before it")
        })?;
        self.next += 1;
        Ok(value)
    }

    /// The next datatype and its size.
    fn node(&mut self, depth: u32) -> Result<(Node, usize)> {
        if depth > MOST_DEPTH {
            return Err(Error::limit("the depth of nesting", u64::from(depth), u64::from(MOST_DEPTH)));
        }
        let class = self.take("nbit class")?;
        let size = self.take("nbit size")?;
        let bytes = to_usize(u64::from(size))?;
        if bytes == 0 {
            return Err(Error::field("nbit size", 0, "it must be greater than zero"));
        }
        let node = match class {
            NUMBER => {
                let (order, precision) = (self.take("nbit byte order")?, self.take("nbit precision")?);
                Node::Number(Number::of(size, order, precision, self.take("nbit offset")?)?)
            }
            ARRAY => self.array(bytes, depth)?,
            COMPOUND => self.compound(bytes, depth)?,
            OTHER => Node::Bytes,
            _ => return Err(Error::field("nbit class", u64::from(class), "1 to 4 are known")),
        };
        Ok((node, bytes))
    }

    fn array(&mut self, all: usize, depth: u32) -> Result<Node> {
        let class = self.values.get(self.next).copied();
        let (base, size) = self.node(depth + 1)?;
        self.behind_array |= matches!(class, Some(ARRAY | COMPOUND));
        match base {
            Node::Bytes => Ok(Node::Bytes),
            _ if all.is_multiple_of(size) => Ok(Node::Array { size, base: Box::new(base) }),
            _ => Err(Error::field("nbit size", all as u64, "it is not a multiple of the base's")),
        }
    }

    fn compound(&mut self, all: usize, depth: u32) -> Result<Node> {
        let count = self.take("number of members")?;
        let mut places = Vec::new();
        let mut left = all;
        for _ in 0..count {
            if self.behind_array {
                // libhdf5 (2.0) goes on with the values of that array's base, writes the wrong bits and fails to
                // read them.
                return Err(Error::unsupported("nbit with members behind an array of arrays or compounds"));
            }
            let offset = to_usize(u64::from(self.take("member offset")?))?;
            let (node, size) = self.node(depth + 1)?;
            let end = offset.checked_add(size).filter(|&end| end <= all);
            match (end, left.checked_sub(size)) {
                (Some(_), Some(rest)) => left = rest,
                _ => return Err(Error::field("nbit size", size as u64, "it runs past the compound")),
            }
            places.push(Place { offset, size, node });
        }
        Ok(Node::Compound(places))
    }
}

impl Node {
    /// Fills an element, which is all zeros; None where the bits end.
    fn unpack(&self, bits: &mut BitReader<'_>, element: &mut [u8]) -> Option<()> {
        match self {
            Node::Number(number) => number.unpack(bits, element),
            Node::Bytes => element.iter_mut().try_for_each(|byte| {
                *byte = bits.read(8)?.to_le_bytes()[0];
                Some(())
            }),
            Node::Array { size, base } => {
                element.chunks_exact_mut(*size).try_for_each(|one| base.unpack(bits, one))
            }
            Node::Compound(places) => places
                .iter()
                .try_for_each(|place| place.node.unpack(bits, &mut element[place.offset..][..place.size])),
        }
    }

    fn pack(&self, bits: &mut BitWriter<'_>, element: &[u8]) {
        match self {
            Node::Number(number) => number.pack(bits, element),
            Node::Bytes => element.iter().for_each(|&byte| bits.write(u64::from(byte), 8)),
            Node::Array { size, base } => {
                element.chunks_exact(*size).for_each(|one| base.pack(bits, one));
            }
            Node::Compound(places) => {
                places.iter().for_each(|place| place.node.pack(bits, &element[place.offset..][..place.size]));
            }
        }
    }
}

impl Number {
    fn of(size: u32, order: u32, precision: u32, offset: u32) -> Result<Self> {
        if order > 1 {
            return Err(Error::field("nbit byte order", u64::from(order), "0 and 1 are known"));
        }
        let end = u64::from(precision) + u64::from(offset);
        if precision == 0 || end > u64::from(size) * 8 {
            return Err(Error::field("nbit precision", u64::from(precision), "the number has no such bits"));
        }
        Ok(Number { big: order == 1, precision, offset })
    }

    fn unpack(self, bits: &mut BitReader<'_>, element: &mut [u8]) -> Option<()> {
        let size = element.len();
        if size > 8 {
            for (place, first, count) in self.bytes() {
                let byte = bits.read(count)? << first;
                element[if self.big { size - 1 - place } else { place }] = byte.to_le_bytes()[0];
            }
            return Some(());
        }
        let value = bits.read(self.precision)? << self.offset;
        if self.big {
            element.copy_from_slice(&value.to_be_bytes()[8 - size..]);
        } else {
            element.copy_from_slice(&value.to_le_bytes()[..size]);
        }
        Some(())
    }

    fn pack(self, bits: &mut BitWriter<'_>, element: &[u8]) {
        let size = element.len();
        if size > 8 {
            for (place, first, count) in self.bytes() {
                let byte = element[if self.big { size - 1 - place } else { place }];
                bits.write(u64::from(byte >> first), count);
            }
            return;
        }
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(element);
        if self.big {
            bytes[..size].reverse();
        }
        bits.write(u64::from_le_bytes(bytes) >> self.offset, self.precision);
    }

    /// The bytes that hold the number's bits, from the highest on: place, lowest bit, number of bits.
    fn bytes(self) -> impl Iterator<Item = (usize, u32, u32)> {
        let end = self.offset + self.precision;
        (self.offset / 8..end.div_ceil(8)).rev().map(move |byte| {
            let first = self.offset.saturating_sub(8 * byte);
            (byte as usize, first, (end - 8 * byte).min(8) - first)
        })
    }
}

#[cfg(test)]
mod tests;
