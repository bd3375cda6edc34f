//! The types of C that libhdf5 converts to before h5dump prints. Of them only the sizes show.

use h5::types::stored::{Class, Datatype, Member, Reference};

/// Bytes of the integer that holds so many bits.
pub(crate) fn integer(precision: u16) -> usize {
    match precision {
        ..=8 => 1,
        9..=16 => 2,
        17..=32 => 4,
        _ => 8,
    }
}

/// Bytes of the floating-point type that holds a number of so many bytes.
pub(crate) fn float(size: u32) -> usize {
    match size {
        ..=4 => 4,
        5..=8 => 8,
        _ => 16,
    }
}

/// The size and the alignment of a type.
fn shape(datatype: &Datatype) -> (usize, usize) {
    let same = |size| (size, size);
    match &datatype.class {
        Class::FixedPoint(format) => same(integer(format.bits.precision)),
        Class::BitField(bits) => same(integer(bits.precision)),
        Class::FloatingPoint(_) => same(if datatype.size == 2 { 2 } else { float(datatype.size) }),
        Class::Enumeration { base, .. } => shape(base),
        Class::Time { .. } | Class::String { .. } | Class::Opaque { .. } => {
            (usize::try_from(datatype.size).unwrap_or(usize::MAX), 1)
        }
        Class::VariableString { .. } => same(8),
        Class::Sequence(_) => (16, 8),
        Class::Reference(Reference::Object) => same(8),
        Class::Reference(Reference::Region) => (12, 1),
        Class::Reference(Reference::Standard { .. }) => (64, 8),
        Class::Array { dims, base } => times(shape(base), dims),
        Class::Complex(base) => times(shape(base), &[2]),
        Class::Compound(members) => {
            let (mut end, mut most) = (0usize, 1);
            for member in members {
                let (size, alignment) = times(shape(&member.datatype), &member.dims);
                end = end.next_multiple_of(alignment.max(1)).saturating_add(size);
                most = most.max(alignment);
            }
            (end.next_multiple_of(most), most)
        }
    }
}

fn times((size, alignment): (usize, usize), dims: &[u32]) -> (usize, usize) {
    let count = |n: usize, &size| n.saturating_mul(usize::try_from(size).unwrap_or(usize::MAX));
    (dims.iter().fold(size, count), alignment)
}

/// Bytes of an element in memory.
pub(crate) fn size(datatype: &Datatype) -> usize {
    shape(datatype).0
}

/// Bytes of an element of the type as libhdf5 gives it to h5dump: as in the file, but with pointers for what lies
/// elsewhere.
pub(crate) fn opened_size(datatype: &Datatype) -> u64 {
    let times =
        |base: u64, dims: &[u32]| dims.iter().fold(base, |n, &size| n.saturating_mul(u64::from(size)));
    match &datatype.class {
        Class::VariableString { .. } | Class::Sequence(_) | Class::Reference(_) => size(datatype) as u64,
        Class::Array { dims, base } => times(opened_size(base), dims),
        Class::Compound(members) => {
            let (mut more, mut less) = (0u64, 0u64);
            for Member { datatype, dims, .. } in members {
                more = more.saturating_add(times(opened_size(datatype), dims));
                less = less.saturating_add(times(u64::from(datatype.size), dims));
            }
            u64::from(datatype.size).saturating_add(more).saturating_sub(less)
        }
        _ => u64::from(datatype.size),
    }
}

/// Whether libhdf5 has a type in memory for this one; it has none for times.
pub(crate) fn exists(datatype: &Datatype) -> bool {
    match &datatype.class {
        Class::Time { .. } => false,
        Class::Compound(members) => members.iter().all(|member| exists(&member.datatype)),
        Class::Array { base, .. } | Class::Sequence(base) => exists(base),
        _ => true,
    }
}
