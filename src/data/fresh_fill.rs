//! Fill values of sequences and strings of any length: wherever one is stored it names heap objects of its own.
//!
//! libhdf5 removes what an element names when the element is overwritten. Elements that shared the objects of the fill
//! value would lose them with the first one of them that changes, and so would the fill value itself.

use crate::base::{Error, Result, Structure, to_usize};
use crate::engine::Core;
use crate::format;
use crate::format::datatype::Datatype;
use crate::format::global_heap::VariableLength;

use super::dataset::DatasetInfo;
use super::owned::{each_named, element_at};

/// A fill value with all that it names.
pub(super) struct FreshFill(Template);

/// Elements, and the objects that they name.
struct Template {
    bytes: Vec<u8>,
    named: Vec<Named>,
}

struct Named {
    /// Where the element lies that names it.
    at: usize,
    count: u32,
    object: Template,
}

impl FreshFill {
    /// The fill value of a dataset, if storing it takes heap objects.
    pub(super) fn of(core: &Core, info: &DatasetInfo) -> Result<Option<FreshFill>> {
        if !info.datatype.has_variable_length() {
            return Ok(None);
        }
        FreshFill::new(core, &info.datatype, info.pattern()?.element())
    }

    /// The same of one element of a type.
    pub(super) fn new(core: &Core, datatype: &Datatype, element: &[u8]) -> Result<Option<FreshFill>> {
        let mut reader = TemplateReader { core, objects: 0, bytes: 0 };
        let mut template = Template { bytes: element.to_vec(), named: Vec::new() };
        reader.element(datatype, 0, &mut template)?;
        Ok((!template.named.is_empty()).then_some(FreshFill(template)))
    }

    /// Fills a whole number of elements.
    pub(super) fn fill(&self, core: &mut Core, bytes: &mut [u8]) -> Result<()> {
        bytes.chunks_exact_mut(self.0.bytes.len().max(1)).try_for_each(|to| {
            to.copy_from_slice(&self.0.stored(core)?);
            Ok(())
        })
    }

    /// Makes a chunk, or another number of bytes, of fill values.
    pub(super) fn filled(&self, core: &mut Core, bytes: u64) -> Result<Vec<u8>> {
        let mut filled = core.budget.zeroed::<u8>(bytes)?;
        self.fill(core, &mut filled)?;
        Ok(filled)
    }
}

impl Template {
    /// Stores the objects anew; returns the elements that name them.
    fn stored(&self, core: &mut Core) -> Result<Vec<u8>> {
        let mut bytes = self.bytes.clone();
        for Named { at, count, object } in &self.named {
            let object = object.stored(core)?;
            let id = core.insert_heap_object(&object)?;
            let element = format::encode(&VariableLength { count: *count, id }, &core.sizes())?;
            match bytes.get_mut(*at..).and_then(|rest| rest.get_mut(..element.len())) {
                Some(place) => place.copy_from_slice(&element),
                None => return Err(outside()),
            }
        }
        Ok(bytes)
    }
}

fn outside() -> Error {
    Error::malformed("a part of the fill value lies outside of it").within(Structure::FillValue)
}

/// Collects what elements name. How deep that goes is up to the datatype, whose depth is limited.
struct TemplateReader<'a> {
    core: &'a Core,
    objects: u64,
    bytes: u64,
}

impl TemplateReader<'_> {
    fn element(&mut self, datatype: &Datatype, at: usize, template: &mut Template) -> Result<()> {
        each_named(datatype, at, &mut |at, base| self.named(base, at, template))
    }

    fn named(&mut self, base: Option<&Datatype>, at: usize, template: &mut Template) -> Result<()> {
        self.objects += 1;
        let budget = &self.core.budget;
        budget.items(self.objects)?;
        let element = element_at(self.core, &template.bytes, at)?;
        if element.id.target().is_none() {
            return Ok(());
        }
        let object = self.core.heap_object(element.id, |object| {
            budget.values(self.bytes.saturating_add(object.len() as u64), 1)?;
            Ok(object.to_vec())
        })?;
        self.bytes = self.bytes.saturating_add(object.len() as u64);
        let mut object = Template { bytes: object, named: Vec::new() };
        if let Some(base) = base {
            let size = to_usize(u64::from(base.size))?;
            let count = to_usize(u64::from(element.count))?.min(object.bytes.len() / size.max(1));
            (0..count).try_for_each(|index| self.element(base, index * size, &mut object))?;
        }
        template.named.push(Named { at, count: element.count, object });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::CreateOptions;
    use crate::format::datatype::{Charset, Class, Member, Order};
    use crate::format::global_heap::GlobalHeapId;
    use crate::storage::MemoryStorage;

    /// A compound of a number and of an array of two sequences of strings.
    fn nested() -> Datatype {
        let of = |size, class| Datatype { version: 1, size, class };
        let texts = of(16, Class::Sequence(Box::new(Datatype::variable_string(Charset::Utf8, 16))));
        let array = of(32, Class::Array { dims: vec![2], base: Box::new(texts) });
        let member = |name: &[u8], offset, datatype| Member {
            name: name.to_vec(),
            offset,
            dims: Vec::new(),
            datatype,
        };
        let number = Datatype::integer(2, true, Order::Little);
        of(34, Class::Compound(vec![member(b"n", 0, number), member(b"texts", 2, array)]))
    }

    fn element(core: &mut Core, texts: [&[&str]; 2]) -> Vec<u8> {
        let sizes = core.sizes();
        let name = |core: &mut Core, count: usize, bytes: &[u8]| {
            let id = if count == 0 { GlobalHeapId::NULL } else { core.insert_heap_object(bytes).unwrap() };
            format::encode(&VariableLength { count: u32::try_from(count).unwrap(), id }, &sizes).unwrap()
        };
        let mut element = vec![7, 0];
        for texts in texts {
            let named: Vec<_> = texts.iter().map(|text| name(core, text.len(), text.as_bytes())).collect();
            element.extend(name(core, texts.len(), &named.concat()));
        }
        element
    }

    /// The identifiers that an element of the nested type has, its strings' included, and the strings.
    fn named(core: &Core, element: &[u8]) -> (Vec<Vec<u8>>, Vec<String>) {
        let follow = |core: &Core, element: &[u8]| {
            let element: VariableLength = format::decode(element, 0, &core.sizes(), &core.budget).unwrap();
            core.heap_object(element.id, |object| Ok(object.to_vec())).unwrap()
        };
        let (mut ids, mut texts) = (Vec::new(), Vec::new());
        for sequence in element[2..].chunks(16).filter(|sequence| sequence[4..] != [0; 12]) {
            ids.push(sequence.to_vec());
            for text in follow(core, sequence).chunks(16) {
                texts.push(String::from_utf8(follow(core, text)).unwrap());
                ids.push(text.to_vec());
            }
        }
        (ids, texts)
    }

    #[test]
    fn each_element_names_objects_of_its_own_on_every_level() {
        let mut core = Core::create(Arc::new(MemoryStorage::default()), CreateOptions::default()).unwrap();
        let fill = element(&mut core, [&["one", "two", "three"], &[]]);
        let fresh = FreshFill::new(&core, &nested(), &fill).unwrap().unwrap();
        let filled = fresh.filled(&mut core, 3 * 34).unwrap();
        let (mut all, expected) = named(&core, &fill);
        assert_eq!((all.len(), &expected[..]), (4, &["one", "two", "three"].map(str::to_owned)[..]));
        for element in filled.chunks(34) {
            let (ids, texts) = named(&core, element);
            assert_eq!((texts, &element[..2]), (expected.clone(), &[7, 0][..]));
            assert!(ids.iter().all(|id| !all.contains(id)));
            all.extend(ids);
        }
        assert_eq!(all.len(), 16);
    }

    #[test]
    fn what_names_nothing_needs_nothing() {
        let mut core = Core::create(Arc::new(MemoryStorage::default()), CreateOptions::default()).unwrap();
        let fill = element(&mut core, [&[], &[]]);
        assert!(FreshFill::new(&core, &nested(), &fill).unwrap().is_none());
        let cut = FreshFill::new(&core, &nested(), &fill[..20]).err().unwrap().to_string();
        assert!(cut.contains("lies outside of what has it"), "{cut}");
    }
}
