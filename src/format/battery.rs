//! One battery for all structures: every sample decodes and encodes to the same bytes, no truncation of it decodes,
//! and no change of a single byte panics or asks for more memory than there is.

use super::{Framed, Wire, decode, encode};
use crate::base::{Budget, Limits, Reader, lookup3};

/// A block of bytes that is one structure.
pub(crate) struct Sample<T: Wire> {
    pub(crate) name: &'static str,
    pub(crate) context: T::Context,
    pub(crate) bytes: Vec<u8>,
    /// The last four bytes are a checksum, to be put right after a change.
    pub(crate) sealed: bool,
    /// How many of the last bytes may be missing because the structure takes whatever is there.
    pub(crate) open: usize,
}

impl<T: Wire> Sample<T> {
    pub(crate) fn plain(name: &'static str, context: T::Context, bytes: Vec<u8>) -> Self {
        Sample { name, context, bytes, sealed: false, open: 0 }
    }

    pub(crate) fn sealed(name: &'static str, context: T::Context, bytes: Vec<u8>) -> Self {
        Sample { name, context, bytes, sealed: true, open: 0 }
    }

    pub(crate) fn open(name: &'static str, context: T::Context, bytes: Vec<u8>, open: usize) -> Self {
        Sample { name, context, bytes, sealed: false, open }
    }
}

/// Every structure brings at least one sample per version.
pub(crate) trait Samples: Wire {
    fn samples() -> Vec<Sample<Self>>;
}

/// Appends the checksum that ends a block.
pub(crate) fn sealed(bytes: &[u8]) -> Vec<u8> {
    [bytes, &lookup3(bytes).to_le_bytes()].concat()
}

/// Checks that each change of one byte (position, value) is refused with a text that contains the given one.
pub(crate) fn refuse<T: Wire + std::fmt::Debug>(
    bytes: Vec<u8>,
    context: T::Context,
    changes: &[(usize, u8, &str)],
) {
    for &(position, value, text) in changes {
        let mut changed = bytes.clone();
        changed[position] = value;
        let error = decode::<T>(&changed, 0, &context, &Budget::default())
            .expect_err(&format!("byte {position} = {value} was accepted"))
            .to_string();
        assert!(error.contains(text), "byte {position} = {value}: {error}");
    }
}

/// The same for a sealed block: the checksum is put right after the change.
pub(crate) fn refuse_sealed<T: Wire + std::fmt::Debug>(
    bytes: Vec<u8>,
    context: T::Context,
    changes: &[(usize, u8, &str)],
) {
    for &(position, value, text) in changes {
        let mut changed = bytes[..bytes.len() - 4].to_vec();
        changed[position] = value;
        let changed = sealed(&changed);
        let error = decode::<T>(&changed, 0, &context, &Budget::default())
            .expect_err(&format!("byte {position} = {value} was accepted"))
            .to_string();
        assert!(error.contains(text), "byte {position} = {value}: {error}");
    }
}

fn tight() -> Budget {
    Budget::new(Limits { memory: 1 << 20, metadata: 1 << 20, items: 1 << 12, depth: 16 })
}

fn identity<T: Samples>() {
    for sample in T::samples() {
        let value: T = decode(&sample.bytes, 7, &sample.context, &tight())
            .unwrap_or_else(|e| panic!("{} {}: {e}", T::STRUCTURE, sample.name));
        let again = encode(&value, &sample.context)
            .unwrap_or_else(|e| panic!("{} {}: {e}", T::STRUCTURE, sample.name));
        assert_eq!(again, sample.bytes, "{} {}", T::STRUCTURE, sample.name);
    }
}

fn truncation<T: Samples>() {
    for sample in T::samples() {
        for len in 0..sample.bytes.len() - sample.open {
            let cut = decode::<T>(&sample.bytes[..len], 0, &sample.context, &tight());
            assert!(cut.is_err(), "{} {} was read from {len} bytes", T::STRUCTURE, sample.name);
        }
        let long = [&sample.bytes[..], &[0]].concat();
        let long = decode::<T>(&long, 0, &sample.context, &tight());
        let takes_all = sample.open > 0;
        assert!(takes_all || long.is_err(), "{} {} left a byte", T::STRUCTURE, sample.name);
    }
}

fn mutation<T: Samples>() {
    for sample in T::samples() {
        let body = sample.bytes.len() - if sample.sealed { 4 } else { 0 };
        for position in 0..body {
            for bit in 0..8 {
                let mut bytes = sample.bytes[..body].to_vec();
                bytes[position] ^= 1 << bit;
                if sample.sealed {
                    bytes = sealed(&bytes);
                }
                // What it says does not matter: it must come back, and be encodable or refused.
                if let Ok(value) = decode::<T>(&bytes, 0, &sample.context, &tight()) {
                    let _ = encode(&value, &sample.context);
                }
            }
        }
    }
}

fn framing<T: Samples + Framed>() {
    for sample in T::samples() {
        let budget = tight();
        let prefix = T::prefix_len(&sample.context).min(sample.bytes.len());
        let mut reader = Reader::new(&sample.bytes[..prefix], 0, T::STRUCTURE, &budget);
        let extent = T::extent(&mut reader, &sample.context).unwrap();
        assert_eq!(extent, sample.bytes.len() as u64, "{} {}", T::STRUCTURE, sample.name);
    }
}

macro_rules! battery {
    (structures: [$($structure:ty,)*] framed: [$($framed:ty,)*]) => {
        #[test]
        fn decoding_and_encoding_is_the_identity() { $(identity::<$structure>();)* $(identity::<$framed>();)* }
        #[test]
        fn no_truncation_decodes() { $(truncation::<$structure>();)* $(truncation::<$framed>();)* }
        #[test]
        fn no_mutation_panics_or_exceeds_the_budget() { $(mutation::<$structure>();)* $(mutation::<$framed>();)* }
        #[test]
        fn prefixes_tell_the_length() { $(framing::<$framed>();)* }
    };
}

battery! {
    structures: [
        super::fractal_heap::id::FractalHeapId,
        super::fractal_heap::stored::StoredBlock,
        super::selection::SelectionInfo,
        super::virtual_mapping::VirtualMappings,
        super::reference::ObjectReference,
        super::reference::Region,
        super::reference::RevisedReference,
        super::reference::ReferenceBlock,
        super::shared_table::SharedMessageRecord,
        super::btree_v2_record::HugeObjectRecord,
        super::btree_v2_record::LinkNameRecord,
        super::btree_v2_record::LinkOrderRecord,
        super::btree_v2_record::AttributeNameRecord,
        super::btree_v2_record::AttributeOrderRecord,
        super::btree_v2_record::ChunkRecord,
        super::cache_image::CacheImageBlock,
        super::pending_commit::CommitTable,
        super::chunk_element::ChunkElement,
        super::global_heap::GlobalHeapId,
        super::local_heap::FreeBlock,
        super::global_heap::VariableLength,
        super::datatype::Datatype,
        super::object_header::ContinuationBlock,
        super::symbol_table::SymbolTableEntry,
        super::symbol_table::SymbolTableNode,
        super::message::attribute::Attribute,
        super::message::dense_info::AttributeInfo,
        super::message::btree_k::BTreeK,
        super::message::cache_image::CacheImage,
        super::message::comment::Comment,
        super::message::continuation::Continuation,
        super::message::dataspace::Dataspace,
        super::multi_info::MultiInfo,
        super::message::driver_info::DriverInfo,
        super::message::external_files::ExternalFiles,
        super::message::file_space_info::FileSpaceInfo,
        super::message::fill_value::FillValue,
        super::message::fill_value::FillValueOld,
        super::message::filter_pipeline::FilterPipeline,
        super::message::group_info::GroupInfo,
        super::message::layout::Layout,
        super::message::link::Link,
        super::message::dense_info::LinkInfo,
        super::message::modification_time::ModificationTime,
        super::message::modification_time::ModificationTimeOld,
        super::message::reference_count::ReferenceCount,
        super::message::shared::SharedMessage,
        super::message::shared_table::SharedTableMessage,
        super::message::symbol_table::SymbolTable,
    ]
    framed: [
        super::fractal_heap::header::FractalHeapHeader,
        super::fractal_heap::direct::DirectBlock,
        super::fractal_heap::indirect::IndirectBlock,
        super::shared_table::SharedMessageTable,
        super::shared_table::SharedMessageList,
        super::free_space::FreeSpaceHeader,
        super::free_space::FreeSpaceSections,
        super::btree_v2::BTree2Header,
        super::btree_v2::BTree2Internal,
        super::btree_v2::BTree2Leaf,
        super::fixed_array::FixedArrayHeader,
        super::fixed_array::FixedArrayData,
        super::fixed_array::FixedArrayPage,
        super::extensible_array::ExtensibleArrayHeader,
        super::extensible_array::ExtensibleArrayIndex,
        super::extensible_array::ExtensibleArraySecondary,
        super::extensible_array::ExtensibleArrayData,
        super::extensible_array::ExtensibleArrayPage,
        super::global_heap::GlobalHeap,
        super::btree_v1::Node<super::btree_v1::NameKey>,
        super::btree_v1::Node<super::btree_v1::ChunkKey>,
        super::local_heap::LocalHeap,
        super::message::driver_info::DriverInfoBlock,
        super::object_header::ObjectHeader,
        super::superblock::Superblock,
        super::pending_commit::CommitMarker,
    ]
}
