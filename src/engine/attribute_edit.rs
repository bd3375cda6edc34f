//! Creating, overwriting, renaming and deleting attributes. Whether they are messages of the header or in a heap is up
//! to [`attribute_storage`](super::attribute_storage).

use super::Core;
use super::attribute_storage::AttributeStorage;
use super::committed::{check_unused_bits, share_datatype};
use super::shared_release::committed_type;
use crate::base::{Address, Error, Misuse, Result};
use crate::format::datatype::Datatype;
use crate::format::message::attribute::{Attribute, Part};
use crate::format::message::dataspace::{Dataspace, Extent};

/// Adds an attribute that the object does not have yet.
pub(crate) fn create_attribute(
    core: &mut Core,
    object: Address,
    name: &str,
    datatype: &Datatype,
    extent: &Extent,
    data: Vec<u8>,
) -> Result<()> {
    let least = core.versions().datatype;
    new_attribute(core, object, name, Part::Here(datatype.in_version(least)), extent, data)
}

/// The same with a type that is committed at an address, and gets one user more.
pub(crate) fn create_attribute_of(
    core: &mut Core,
    object: Address,
    name: &str,
    committed: Address,
    extent: &Extent,
    data: Vec<u8>,
) -> Result<()> {
    // Counting comes first: the object may be the type itself, whose header is then another one.
    let shared = share_datatype(core, committed)?;
    new_attribute(core, object, name, Part::Shared(shared), extent, data)
}

fn new_attribute(
    core: &mut Core,
    object: Address,
    name: &str,
    datatype: Part<Datatype>,
    extent: &Extent,
    data: Vec<u8>,
) -> Result<()> {
    check_name(name)?;
    let storage = AttributeStorage::open(core, object)?;
    if storage.find(core, name.as_bytes())?.is_some() {
        return Err(Misuse::Exists { name: name.to_owned() }.into());
    }
    if let Part::Here(datatype) = &datatype {
        check_unused_bits(datatype, storage.header_version())?;
    }
    let versions = core.versions();
    let dataspace = Part::Here(Dataspace::new(extent.clone(), versions.dataspace));
    let attribute = Attribute::new(name, datatype, dataspace, data, versions.attribute);
    storage.create(core, &attribute)
}

/// Adds an attribute that was put together elsewhere.
pub(crate) fn add_attribute(core: &mut Core, object: Address, attribute: &Attribute) -> Result<()> {
    AttributeStorage::open(core, object)?.create(core, attribute)
}

/// Gives an attribute other values of the same type and shape.
pub(crate) fn write_attribute(core: &mut Core, object: Address, name: &[u8], data: Vec<u8>) -> Result<()> {
    let storage = AttributeStorage::open(core, object)?;
    let (place, attribute) = storage.required(core, name)?;
    storage.rewrite(core, place, name, &Attribute { data, ..attribute })
}

/// Gives an attribute another name, which no attribute of the object has; its place in the creation order stays.
pub(crate) fn rename_attribute(core: &mut Core, object: Address, old: &str, new: &str) -> Result<()> {
    check_name(new)?;
    let storage = AttributeStorage::open(core, object)?;
    let (place, attribute) = storage.required(core, old.as_bytes())?;
    if old == new {
        return Ok(());
    }
    if storage.find(core, new.as_bytes())?.is_some() {
        return Err(Misuse::Exists { name: new.to_owned() }.into());
    }
    let mut renamed = Attribute { name: new.as_bytes().to_vec(), ..attribute };
    if !new.is_ascii() {
        // Older versions do not tell the character set.
        (renamed.version, renamed.charset) = (3, 1);
    }
    storage.rewrite(core, place, old.as_bytes(), &renamed)
}

/// Takes an attribute away; returns the committed datatype that has one user less to be counted for it.
pub(crate) fn delete_attribute(core: &mut Core, object: Address, name: &str) -> Result<Option<Address>> {
    let storage = AttributeStorage::open(core, object)?;
    let (place, attribute) = storage.required(core, name.as_bytes())?;
    // What a shared attribute needs is counted once for all that share it.
    let is_shared = storage.is_shared(&place);
    storage.delete(core, place, name.as_bytes(), &attribute)?;
    Ok(committed_type(&attribute).filter(|_| !is_shared))
}

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.contains('\0') {
        return Err(Error::misuse(format!("{name:?} cannot be the name of an attribute")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::BlockKind;
    use super::super::fixture::{bytes, empty, heap_objects, object, open};
    use super::super::{
        GroupRules, Header, attribute, attributes, attributes_by_creation_order, new_group_header,
    };
    use super::*;
    use crate::format::datatype::Order;
    use crate::format::message::MessageType;
    use crate::format::message::dense_info::AttributeInfo;
    use crate::format::object_header::{ATTRIBUTE_ORDER_INDEXED, ATTRIBUTE_ORDER_TRACKED, Prefix};

    fn create(core: &mut Core, object: Address, name: &str, values: &[i32]) -> Result<()> {
        let extent = match values.len() {
            1 => Extent::Scalar,
            len => Extent::Simple { shape: vec![len as u64], maximum: None },
        };
        let int32 = Datatype::integer(4, true, Order::Little);
        create_attribute(core, object, name, &int32, &extent, le(values))
    }

    fn le(values: &[i32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn data(core: &Core, object: Address, name: &str) -> Option<Vec<u8>> {
        let header = Header::load(core, object).unwrap();
        attribute(core, &header, name.as_bytes()).unwrap().map(|attribute| attribute.data)
    }

    fn names(core: &Core, object: Address) -> Vec<String> {
        let header = Header::load(core, object).unwrap();
        let all = attributes(core, &header).unwrap().into_iter();
        let mut names: Vec<_> = all.map(|a| String::from_utf8(a.unwrap().name).unwrap()).collect();
        names.sort();
        names
    }

    /// How many attributes are in the header, whether it has an attribute info message, and whether there is a heap.
    fn stored(core: &Core, object: Address) -> (usize, bool, bool) {
        let header = Header::load(core, object).unwrap();
        let info: Option<AttributeInfo> = header.message(core).unwrap();
        let count = header.all(MessageType::ATTRIBUTE).count();
        (count, info.is_some(), info.is_some_and(|info| info.heap.is_some()))
    }

    /// A group whose header tracks and indexes the order of attributes, or has thresholds of its own.
    fn group(core: &mut Core, more: u8, limits: Option<(u16, u16)>) -> Address {
        let address = new_group_header(core, &GroupRules::default()).unwrap();
        let mut header = Header::clone(&Header::load(core, address).unwrap());
        let Prefix::Version2 { flags, thresholds, .. } = &mut header.prefix else { unreachable!() };
        *flags |= more | if limits.is_some() { 16 } else { 0 };
        *thresholds = limits;
        // The first block is as long as it was, so its room has to be what the longer prefix leaves.
        header.address = core.allocate(1000, BlockKind::ObjectHeader).unwrap();
        header.spans[0].address = header.address;
        header.store(core).unwrap();
        header.address
    }

    #[test]
    fn attributes_move_where_the_thresholds_say() {
        for (limits, most, fewest) in [(None, 8, 6), (Some((3, 2)), 3, 2), (Some((0, 0)), 0, 0)] {
            let mut core = empty();
            let object = group(&mut core, 0, limits);
            for index in 0..12 {
                create(&mut core, object, &format!("a{index:02}"), &[index]).unwrap();
                let count = usize::try_from(index).unwrap() + 1;
                let expected = if count <= most { (count, true, false) } else { (0, true, true) };
                assert_eq!(stored(&core, object), expected);
            }
            for left in (0..12usize).rev() {
                delete_attribute(&mut core, object, &format!("a{left:02}")).unwrap();
                let dense = left >= fewest && left > 0;
                let expected = if dense { (0, true, true) } else { (left, left > 0, false) };
                assert_eq!(stored(&core, object), expected);
                assert_eq!(names(&core, object), (0..left).map(|i| format!("a{i:02}")).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_order_of_creation_outlasts_every_move() {
        let mut core = empty();
        let object = group(&mut core, ATTRIBUTE_ORDER_TRACKED | ATTRIBUTE_ORDER_INDEXED, None);
        let ordered = |core: &Core| -> Vec<String> {
            let header = Header::load(core, object).unwrap();
            let all = attributes_by_creation_order(core, &header).unwrap().unwrap().into_iter();
            all.map(|a| String::from_utf8(a.unwrap().name).unwrap()).collect()
        };
        for index in 0..10 {
            create(&mut core, object, &format!("a{}", index * 7 % 10), &[index]).unwrap();
        }
        assert_eq!(ordered(&core), ["a0", "a7", "a4", "a1", "a8", "a5", "a2", "a9", "a6", "a3"]);
        rename_attribute(&mut core, object, "a1", "renamed in the heap").unwrap();
        for index in [0, 4, 5, 6, 2] {
            delete_attribute(&mut core, object, &format!("a{index}")).unwrap();
        }
        assert_eq!(stored(&core, object), (5, true, false));
        rename_attribute(&mut core, object, "a8", "renamed in the header").unwrap();
        create(&mut core, object, "new", &[1]).unwrap();
        let expected = ["a7", "renamed in the heap", "renamed in the header", "a9", "a3", "new"];
        assert_eq!(ordered(&core), expected);
        expected.iter().for_each(|name| assert_eq!(delete_attribute(&mut core, object, name).unwrap(), None));
        create(&mut core, object, "first again", &[1]).unwrap();
        let info: AttributeInfo = Header::load(&core, object).unwrap().required(&core).unwrap();
        assert_eq!(info.next_creation_order, Some(1));
    }

    #[test]
    fn values_and_names_change_in_headers_and_in_heaps() {
        let mut core = empty();
        for (limits, dense) in [(None, false), (Some((0, 0)), true)] {
            let object = group(&mut core, 0, limits);
            for name in ["a", "b", "c82689", "c96406"] {
                create(&mut core, object, name, &[1, 2]).unwrap();
            }
            assert_eq!(stored(&core, object).2, dense);
            write_attribute(&mut core, object, b"c96406", le(&[7, 8])).unwrap();
            assert_eq!(data(&core, object, "c96406"), Some(le(&[7, 8])));
            assert_eq!(data(&core, object, "c82689"), Some(le(&[1, 2])));
            rename_attribute(&mut core, object, "c96406", "größer").unwrap();
            rename_attribute(&mut core, object, "a", "a").unwrap();
            assert_eq!(names(&core, object), ["a", "b", "c82689", "größer"]);
            assert_eq!(data(&core, object, "größer"), Some(le(&[7, 8])));
            let taken = rename_attribute(&mut core, object, "a", "b").unwrap_err().to_string();
            assert!(taken.contains("exists"), "{taken}");
            assert!(create(&mut core, object, "b", &[1]).is_err());
            assert!(rename_attribute(&mut core, object, "x", "y").unwrap_err().is_not_found());
            assert!(delete_attribute(&mut core, object, "x").unwrap_err().is_not_found());
            assert!(write_attribute(&mut core, object, b"x", vec![]).unwrap_err().is_not_found());
            for name in ["", "a\0b"] {
                assert!(rename_attribute(&mut core, object, "a", name).is_err());
                assert!(create(&mut core, object, name, &[1]).is_err());
            }
        }
    }

    #[test]
    fn attributes_over_64_kib_live_in_a_heap() {
        let mut core = empty();
        let object = new_group_header(&mut core, &GroupRules::default()).unwrap();
        create(&mut core, object, "small", &[1]).unwrap();
        create(&mut core, object, "large", &vec![5; 20_000]).unwrap();
        assert_eq!(stored(&core, object), (0, true, true));
        write_attribute(&mut core, object, b"large", le(&vec![6; 20_000])).unwrap();
        assert_eq!(data(&core, object, "large"), Some(le(&vec![6; 20_000])));
        let info: AttributeInfo = Header::load(&core, object).unwrap().required(&core).unwrap();
        assert_eq!(heap_objects(&core, info.heap.unwrap()), 2, "the old values are gone");
        rename_attribute(&mut core, object, "large", "still large").unwrap();
        delete_attribute(&mut core, object, "small").unwrap();
        assert_eq!(stored(&core, object), (0, true, true), "it does not fit a header");
        assert_eq!(heap_objects(&core, info.heap.unwrap()), 1);
        assert_eq!(data(&core, object, "still large"), Some(le(&vec![6; 20_000])));
        delete_attribute(&mut core, object, "still large").unwrap();
        assert_eq!(stored(&core, object), (0, false, false));
    }

    #[test]
    fn a_longer_name_can_be_too_long_for_a_header() {
        let mut core = empty();
        let object = new_group_header(&mut core, &GroupRules::default()).unwrap();
        create(&mut core, object, "a", &vec![5; 16_300]).unwrap();
        assert_eq!(stored(&core, object), (1, true, false));
        rename_attribute(&mut core, object, "a", &"x".repeat(1000)).unwrap();
        assert_eq!(stored(&core, object), (0, true, true));
        assert_eq!(names(&core, object), ["x".repeat(1000)]);
    }

    #[test]
    fn old_headers_have_attributes_of_limited_size() {
        let mut core = open(bytes("superblock_0.h5"), true).unwrap();
        let object = object(&core, "/").address;
        for index in 0..12 {
            create(&mut core, object, &format!("a{index:02}"), &[index]).unwrap();
        }
        assert_eq!(stored(&core, object), (13, false, false), "a version 1 header has no heap");
        let error = create(&mut core, object, "large", &vec![1; 20_000]).unwrap_err().to_string();
        assert!(
            error.contains("an attribute in a version 1 object header") && error.contains("65535"),
            "{error}"
        );
        delete_attribute(&mut core, object, "a05").unwrap();
        rename_attribute(&mut core, object, "a06", "a longer name").unwrap();
        assert_eq!(data(&core, object, "a longer name"), Some(le(&[6])));
        assert_eq!(stored(&core, object).0, 12);
    }

    #[test]
    fn attributes_in_a_heap_of_libhdf5_are_changed() {
        let mut core = open(bytes("dense_attributes.h5"), true).unwrap();
        let ordered = object(&core, "ordered").address;
        create(&mut core, ordered, "new", &[20]).unwrap();
        write_attribute(&mut core, ordered, b"z99", le(&[99])).unwrap();
        assert_eq!(
            (data(&core, ordered, "new"), data(&core, ordered, "z99")),
            (Some(le(&[20])), Some(le(&[99])))
        );
        for index in 1..20 {
            delete_attribute(&mut core, ordered, &format!("z{index:02}")).unwrap();
        }
        assert_eq!(stored(&core, ordered), (2, true, false));
        assert_eq!(names(&core, ordered), ["new", "z99"]);
        let large = object(&core, "large").address;
        delete_attribute(&mut core, large, "large").unwrap();
        assert_eq!(data(&core, large, "small"), Some(le(&[7])));
    }

    #[test]
    fn shared_attributes_move_and_become_their_objects_own() {
        let mut core = open(bytes("shared.h5"), true).unwrap();
        let [few, other] = ["few again", "few"].map(|path| object(&core, path).address);
        let before = data(&core, few, "attribute 1");
        for index in 0..8 {
            create(&mut core, few, &format!("own {index}"), &[1]).unwrap();
        }
        assert_eq!(stored(&core, few), (0, true, true));
        for (dense, changed, renamed, gone) in
            [(true, "attribute 0", "attribute 1", ""), (false, "attribute 1", "new name", "attribute 2")]
        {
            assert_eq!((data(&core, few, "attribute 1"), stored(&core, few).2), (before.clone(), dense));
            write_attribute(&mut core, few, changed.as_bytes(), vec![7; 32]).unwrap();
            assert_eq!(data(&core, few, changed), Some(vec![7; 32]));
            assert_ne!(data(&core, other, changed), Some(vec![7; 32]));
            if dense {
                rename_attribute(&mut core, few, renamed, "other name").unwrap();
                rename_attribute(&mut core, few, "other name", renamed).unwrap();
            } else {
                delete_attribute(&mut core, few, gone).unwrap();
                assert!(data(&core, other, gone).is_some() && data(&core, few, gone).is_none());
            }
            assert_eq!(data(&core, other, "attribute 1"), before);
            for index in 0..6 {
                let _ = delete_attribute(&mut core, few, &format!("own {index}"));
            }
        }
    }
}
