//! The properties of the classes that are made of other types: compounds, enumerations, arrays.
//!
//! Specification 4.0, IV.A.2.d, classes 6, 8 and 10.
//!
//! ```text
//! compound member
//!   version 1                       version 2                       version 3 and up
//!    name (1)                        name (1)                        name, NUL-terminated
//!    4  byte offset                  4  byte offset                  n  byte offset (2)
//!    1  number of sizes, at most 4   .  datatype                     .  datatype
//!    3  reserved
//!    4  permutation
//!    4  reserved
//!   16  four sizes
//!    .  datatype
//!   (1) NUL-terminated and padded to a multiple of 8   (2) as many bytes as the compound's size needs
//!
//! enumeration: the base type; the names, written as those of members are; the values, one after another
//!
//! array: 1 rank, before version 3: 3 reserved; 4 bytes per size, before version 3: 4 bytes per permutation index;
//!        the base type
//! ```
//!
//! The specification has arrays from version 2 on; PyTables has left some with version 1 in the head, which libhdf5
//! reads as version 2.

use super::{Class, Datatype, Head, Member, decode_nested};
use crate::base::{Reader, Result, Writer, width_of};

const FIRST_PACKED: u8 = 3;

pub(super) fn decode_members(r: &mut Reader<'_>, head: &Head, depth: u32) -> Result<Vec<Member>> {
    let count = r.count(u64::from(head.bits & 0xffff), 10)?;
    if count == 0 {
        return Err(r.bad("number of members", 0u8, "a compound has at least one"));
    }
    (0..count).map(|_| decode_member(r, head, depth)).collect()
}

fn decode_member(r: &mut Reader<'_>, head: &Head, depth: u32) -> Result<Member> {
    let at = r.clone();
    let name = decode_name(r, head.version)?;
    let width = offset_width(head.version, head.size);
    let offset = r.uint(width)?;
    let mut dims = Vec::new();
    if head.version == 1 {
        let rank = r.u8()?;
        r.skip_padding(3 + 4 + 4, "reserved, and a permutation that was never used")?;
        let all = (0..4).map(|_| r.u32()).collect::<Result<Vec<_>>>()?;
        match all.get(..usize::from(rank)) {
            Some(used) => dims = used.to_vec(),
            None => return Err(at.bad("rank of a member", rank, "at most 4")),
        }
    }
    let datatype = decode_nested(r, depth + 1)?;
    let elements = dims.iter().try_fold(1u64, |n, &d| n.checked_mul(u64::from(d)));
    let bytes = elements.and_then(|n| n.checked_mul(u64::from(datatype.size)));
    match bytes.and_then(|bytes| bytes.checked_add(offset)) {
        Some(end) if end <= u64::from(head.size) => {}
        _ => return Err(at.bad("offset of a member", offset, "it runs past the compound")),
    }
    let offset = u32::try_from(offset).map_err(|_| at.bad("offset of a member", offset, "too large"))?;
    Ok(Member { name, offset, dims, datatype })
}

impl Member {
    pub(super) fn len(&self, version: u8, compound_size: u32) -> usize {
        let old = if version == 1 { 28 } else { 0 };
        name_len(version, &self.name) + offset_width(version, compound_size) + old + self.datatype.len()
    }

    pub(super) fn encode(&self, w: &mut Writer, version: u8, compound_size: u32) -> Result<()> {
        encode_name(w, version, &self.name);
        w.uint(u64::from(self.offset), offset_width(version, compound_size), "offset of a member")?;
        if version == 1 {
            w.size(self.dims.len(), 1, "rank of a member")?;
            w.fill(3 + 4 + 4, 0);
            let mut dims = self.dims.clone();
            dims.resize(4, 0);
            dims.iter().for_each(|&dim| w.u32(dim));
        }
        self.datatype.put(w)
    }
}

fn offset_width(version: u8, compound_size: u32) -> usize {
    if version < FIRST_PACKED { 4 } else { width_of(u64::from(compound_size)) }
}

fn decode_name(r: &mut Reader<'_>, version: u8) -> Result<Vec<u8>> {
    let name = r.c_string()?.to_vec();
    if version < FIRST_PACKED {
        let len = name.len() + 1;
        r.skip_padding(len.next_multiple_of(8) - len, "names were padded before version 3")?;
    }
    Ok(name)
}

fn name_len(version: u8, name: &[u8]) -> usize {
    let len = name.len() + 1;
    if version < FIRST_PACKED { len.next_multiple_of(8) } else { len }
}

fn encode_name(w: &mut Writer, version: u8, name: &[u8]) {
    w.put(name);
    w.fill(name_len(version, name) - name.len(), 0);
}

pub(super) fn decode_enumeration(r: &mut Reader<'_>, head: &Head, depth: u32) -> Result<Class> {
    let base = Box::new(decode_nested(r, depth + 1)?);
    if !matches!(base.class, Class::FixedPoint(_)) {
        return Err(r.bad("class of an enumeration's base", base.class.number(), "it must be an integer"));
    }
    let count = r.count(u64::from(head.bits & 0xffff), 1)?;
    let names = (0..count).map(|_| decode_name(r, head.version)).collect::<Result<Vec<_>>>()?;
    let size = u64::from(base.size);
    let values = names.into_iter().map(|name| Ok((name, r.take_long(size)?.to_vec())));
    Ok(Class::Enumeration { members: values.collect::<Result<_>>()?, base })
}

pub(super) fn enumeration_len(version: u8, members: &[(Vec<u8>, Vec<u8>)]) -> usize {
    members.iter().map(|(name, value)| name_len(version, name) + value.len()).sum()
}

pub(super) fn encode_enumeration(w: &mut Writer, version: u8, members: &[(Vec<u8>, Vec<u8>)]) {
    members.iter().for_each(|(name, _)| encode_name(w, version, name));
    members.iter().for_each(|(_, value)| w.put(value));
}

pub(super) fn decode_array(r: &mut Reader<'_>, head: &Head, depth: u32) -> Result<Class> {
    let at = r.clone();
    let rank = r.u8()?;
    if !(1..=32).contains(&rank) {
        return Err(at.bad("rank of an array type", rank, "1 to 32 are allowed"));
    }
    r.skip_padding(if head.version < FIRST_PACKED { 3 } else { 0 }, "reserved")?;
    let dims = (0..rank).map(|_| r.u32()).collect::<Result<Vec<_>>>()?;
    if head.version < FIRST_PACKED {
        r.skip_padding(4 * usize::from(rank), "a permutation that was never used")?;
    }
    let base = Box::new(decode_nested(r, depth + 1)?);
    let elements = dims.iter().try_fold(1u64, |n, &d| n.checked_mul(u64::from(d)));
    match elements.and_then(|n| n.checked_mul(u64::from(base.size))) {
        Some(bytes) if bytes == u64::from(head.size) => Ok(Class::Array { dims, base }),
        _ => Err(at.bad("size of an array type", head.size, "not that of its elements")),
    }
}

pub(super) fn array_head_len(version: u8, dims: &[u32]) -> usize {
    if version < FIRST_PACKED { 4 + 8 * dims.len() } else { 1 + 4 * dims.len() }
}

pub(super) fn encode_array_head(w: &mut Writer, version: u8, dims: &[u32]) -> Result<()> {
    w.size(dims.len(), 1, "rank of an array type")?;
    w.fill(if version < FIRST_PACKED { 3 } else { 0 }, 0);
    dims.iter().for_each(|&dim| w.u32(dim));
    if version < FIRST_PACKED {
        (0u32..).zip(dims).for_each(|(axis, _)| w.u32(axis));
    }
    Ok(())
}

impl Datatype {
    /// Whether the type is of such a class, or something that lies in its elements themselves is.
    pub(crate) fn has_part(&self, is: impl Fn(&Class) -> bool + Copy) -> bool {
        match &self.class {
            class if is(class) => true,
            Class::Compound(members) => members.iter().any(|member| member.datatype.has_part(is)),
            Class::Array { base, .. } => base.has_part(is),
            _ => false,
        }
    }

    /// Whether elements hold heap references, which have to be followed to get at the values.
    pub(crate) fn has_variable_length(&self) -> bool {
        self.has_part(|class| matches!(class, Class::Sequence(_) | Class::VariableString { .. }))
    }
}
