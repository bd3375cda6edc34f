//! Elements of one file as elements of another place: member by member, and with what they name in their file.
//!
//! Numbers alone are a matter of `convert`, which knows of no file. Here is what needs one: sequences, strings of any
//! length and references name objects of their file's global heap, and references objects of the file itself. A virtual
//! dataset gathers what its elements name for one request; a copy stores it anew.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::base::{Address, Budget, Error, ErrorKind, Misuse, Result, Sizes, Structure, to_usize};
use crate::convert::{Plan, describe};
use crate::format::datatype::{Class, Datatype, Member, Order, Reference};
use crate::format::global_heap::{GlobalHeapId, VariableLength};
use crate::format::reference::{
    BlockContext, ObjectReference, ReferenceBlock, ReferencePart, Region, RevisedContext, RevisedReference,
    sizes_of_element,
};
use crate::format::{self, Wire};

/// The way from elements of one type to those of another.
pub(super) struct Transfer {
    from_size: usize,
    to_size: usize,
    kind: Kind,
}

enum Kind {
    /// Numbers and whatever else is its bytes; by way of the machine's byte order where that needs two steps.
    Bytes(Plan, Option<Plan>),
    Sequence(Option<Box<Transfer>>, Option<Seen>),
    /// Members by their offsets.
    Compound(Vec<(usize, usize, Transfer)>),
    Repeated(Box<Transfer>),
    Reference,
    ObjectReference,
    RegionReference,
}

/// What became of the objects that elements named last. Many elements can name one object.
type Seen = RefCell<HashMap<(u32, GlobalHeapId), GlobalHeapId>>;

/// So many of them are remembered, for memory is not to grow with a request.
const MOST_SEEN: usize = 1 << 16;

/// What elements are made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aim {
    /// A request for elements of a virtual dataset: what they name lives in memory, where elements may share it.
    Request,
    /// The source of a virtual dataset that is written to.
    Source,
    /// A copy: references of the older kinds lead where the objects are that they name.
    Copy,
}

/// What elements name, where they come from and where they go.
pub(super) trait Crossing {
    /// Those of the file that the elements come from.
    fn source_sizes(&self) -> Sizes;

    /// Those of the file that they go to.
    fn target_sizes(&self) -> Sizes;

    fn budget(&self) -> Budget;

    /// The bytes of an object of the global heap that the elements name.
    fn load(&mut self, id: GlobalHeapId) -> Result<Vec<u8>>;

    /// Takes an object for the elements that are being made; returns what names it.
    fn store(&mut self, object: Vec<u8>) -> Result<GlobalHeapId>;

    /// What has become of an object that a reference leads to; none where there is no such object.
    fn object(&mut self, object: Address) -> Result<Option<Address>>;

    /// The name of the file that the elements come from, where references of 1.12 have to say it.
    fn file(&self) -> Option<Vec<u8>>;
}

impl Transfer {
    /// Finds the way from one type to another; members of compounds find each other by their names.
    ///
    /// References of the older kinds stay the bytes that they are where virtual datasets are concerned, because libhdf5
    /// has it so: it takes them to be about the file that the dataset is in, whatever file they come from or go to.
    pub(super) fn new(from: &Datatype, to: &Datatype, aim: Aim) -> Result<Transfer> {
        let none = || {
            let (from, to) = (describe(from), describe(to));
            Error::from(Misuse::Conversion { from, to })
        };
        // In a file, libhdf5 removes what an element names when it overwrites the element: none may share it.
        let seen = || (aim == Aim::Request).then(Seen::default);
        let follows = aim == Aim::Copy;
        let kind = match (&from.class, &to.class) {
            (Class::VariableString { .. }, Class::VariableString { .. }) => Kind::Sequence(None, seen()),
            (Class::Sequence(from), Class::Sequence(to)) => {
                Kind::Sequence(Some(Box::new(Transfer::new(from, to, aim)?)), seen())
            }
            (Class::Compound(from), Class::Compound(to)) => {
                let one = |to: &Member| {
                    let from = from.iter().find(|from| from.name == to.name).ok_or_else(none)?;
                    let (at, behind) = (to_usize(from.offset.into())?, to_usize(to.offset.into())?);
                    Ok((at, behind, Transfer::member(from, to, aim)?))
                };
                Kind::Compound(to.iter().map(one).collect::<Result<_>>()?)
            }
            (Class::Array { dims: from_dims, base: from }, Class::Array { dims: to_dims, base: to })
                if from_dims == to_dims =>
            {
                Kind::Repeated(Box::new(Transfer::new(from, to, aim)?))
            }
            (Class::Reference(Reference::Standard { .. }), Class::Reference(Reference::Standard { .. })) => {
                Kind::Reference
            }
            (Class::Reference(Reference::Object), Class::Reference(Reference::Object)) if follows => {
                Kind::ObjectReference
            }
            (Class::Reference(Reference::Region), Class::Reference(Reference::Region)) if follows => {
                Kind::RegionReference
            }
            _ => Transfer::bytes(from, to)?,
        };
        Ok(Transfer { from_size: to_usize(from.size.into())?, to_size: to_usize(to.size.into())?, kind })
    }

    /// The dimensions of a member of a version 1 compound make it an array.
    fn member(from: &Member, to: &Member, aim: Aim) -> Result<Transfer> {
        let base = Transfer::new(&from.datatype, &to.datatype, aim)?;
        if from.dims.is_empty() && to.dims.is_empty() {
            return Ok(base);
        }
        let total = |dims: &[u32], size: usize| {
            dims.iter().try_fold(size, |total, &dim| total.checked_mul(usize::try_from(dim).ok()?))
        };
        match (total(&from.dims, base.from_size), total(&to.dims, base.to_size)) {
            (Some(from_size), Some(to_size)) if from.dims == to.dims => {
                Ok(Transfer { from_size, to_size, kind: Kind::Repeated(Box::new(base)) })
            }
            _ => Err(Error::unsupported(
                "members of a compound with other dimensions than those of their source",
            )),
        }
    }

    fn bytes(from: &Datatype, to: &Datatype) -> Result<Kind> {
        if from == to {
            return Ok(Kind::Bytes(Plan::identity(to_usize(from.size.into())?), None));
        }
        Plan::new(from, to).map(|plan| Kind::Bytes(plan, None)).or_else(|error| {
            let mut native = to.clone();
            match &mut native.class {
                Class::FixedPoint(number) => number.bits.order = Order::NATIVE,
                Class::FloatingPoint(number) => number.bits.order = Order::NATIVE,
                _ => return Err(error),
            }
            Ok(Kind::Bytes(Plan::new(from, &native)?, Some(Plan::new(&native, to)?)))
        })
    }

    /// Bytes of an element before.
    pub(super) fn source_size(&self) -> usize {
        self.from_size
    }

    /// Bytes of an element after.
    pub(super) fn target_size(&self) -> usize {
        self.to_size
    }

    /// Makes elements of all those in `source`; `target` has room for just these, and holds zeros.
    pub(super) fn run(&self, crossing: &mut dyn Crossing, source: &[u8], target: &mut [u8]) -> Result<()> {
        match &self.kind {
            Kind::Bytes(plan, None) => {
                plan.run(source, target);
                return Ok(());
            }
            Kind::Bytes(first, Some(second)) => {
                let count = target.len() / self.to_size.max(1);
                let mut middle = vec![0; count * first.target_size()];
                first.run(source, &mut middle);
                second.run(&middle, target);
                return Ok(());
            }
            Kind::Repeated(base) => return base.run(crossing, source, target),
            _ => {}
        }
        let targets = target.chunks_exact_mut(self.to_size.max(1));
        for (source, target) in source.chunks_exact(self.from_size.max(1)).zip(targets) {
            match &self.kind {
                Kind::Sequence(base, seen) => {
                    sequence(base.as_deref(), seen.as_ref(), crossing, source, target)?
                }
                Kind::Reference => reference(crossing, source, target)?,
                Kind::ObjectReference => object_reference(crossing, source, target)?,
                Kind::RegionReference => region_reference(crossing, source, target)?,
                Kind::Compound(members) => {
                    for (at, behind, member) in members {
                        let from = source.get(*at..).and_then(|rest| rest.get(..member.from_size));
                        let to = target.get_mut(*behind..).and_then(|rest| rest.get_mut(..member.to_size));
                        let (Some(from), Some(to)) = (from, to) else {
                            return Err(Error::malformed("a member reaches over the end of its compound")
                                .within(Structure::Datatype));
                        };
                        member.run(crossing, from, to)?;
                    }
                }
                Kind::Bytes(..) | Kind::Repeated(_) => {}
            }
        }
        Ok(())
    }
}

/// Takes what an element of variable length stands for along; its own elements are of type `base`, or characters.
fn sequence(
    base: Option<&Transfer>,
    seen: Option<&Seen>,
    crossing: &mut dyn Crossing,
    source: &[u8],
    target: &mut [u8],
) -> Result<()> {
    let mut element: VariableLength =
        format::decode(source, 0, &crossing.source_sizes(), &crossing.budget())?;
    let named = (element.count, element.id);
    if element.count == 0 && element.id.target().is_some() {
        // libhdf5 does not look at what an empty one names; but that it names something makes it no null pointer.
        element.id = crossing.store(Vec::new())?;
    } else if element.id.target().is_some() {
        let known = seen.and_then(|seen| seen.borrow().get(&named).copied());
        element.id = match known {
            Some(id) => id,
            None => {
                let mut object = crossing.load(element.id)?;
                if let Some(base) = base {
                    object = all(base, crossing, element.count, &object)?;
                }
                let id = crossing.store(object)?;
                if let Some(mut seen) = seen.map(RefCell::borrow_mut) {
                    if seen.len() == MOST_SEEN {
                        seen.clear();
                    }
                    seen.insert(named, id);
                }
                id
            }
        };
    }
    put(&element, &crossing.target_sizes(), target)
}

/// As many of a sequence's elements as there are.
fn all(base: &Transfer, crossing: &mut dyn Crossing, count: u32, bytes: &[u8]) -> Result<Vec<u8>> {
    let count = to_usize(count.into())?.min(bytes.len() / base.from_size.max(1));
    let len = crate::base::byte_count(count as u64, base.to_size)?;
    let mut target = crossing.budget().zeroed::<u8>(len)?;
    base.run(crossing, &bytes[..count * base.from_size], &mut target)?;
    Ok(target)
}

fn object_reference(crossing: &mut dyn Crossing, source: &[u8], target: &mut [u8]) -> Result<()> {
    let sizes = sizes_of_element(Reference::Object, source.len(), crossing.source_sizes());
    let reference: ObjectReference = format::decode(source, 0, &sizes, &crossing.budget())?;
    let object = reference.target().map_or(Ok(None), |object| crossing.object(object))?;
    let sizes = sizes_of_element(Reference::Object, target.len(), crossing.target_sizes());
    put(&ObjectReference(Some(object.unwrap_or(NOWHERE))), &sizes, target)
}

/// A reference to no object is null, which is address 0.
const NOWHERE: Address = Address(0);

/// A region of an object that is not there becomes a null reference too.
fn region_reference(crossing: &mut dyn Crossing, source: &[u8], target: &mut [u8]) -> Result<()> {
    let (sizes, budget) = (crossing.source_sizes(), crossing.budget());
    let own = sizes_of_element(Reference::Region, source.len(), sizes);
    let mut id: GlobalHeapId = format::decode(source, 0, &own, &budget)?;
    if id.target().is_some() {
        let region = crossing.load(id).and_then(|bytes| format::decode_padded(&bytes, 0, &sizes, &budget));
        id = match region {
            Ok(Region { object, selection }) => match crossing.object(object)? {
                Some(object) => {
                    let region = format::encode(&Region { object, selection }, &crossing.target_sizes())?;
                    crossing.store(region)?
                }
                None => GlobalHeapId::NULL,
            },
            // It leads nowhere, as it does to libhdf5.
            Err(error) if matches!(error.kind(), ErrorKind::Malformed(_)) => GlobalHeapId::NULL,
            Err(error) => return Err(error),
        };
    }
    put(&id, &sizes_of_element(Reference::Region, target.len(), crossing.target_sizes()), target)
}

/// Takes what a reference of 1.12 stands for along. One that is about the file it is stored in names it, where asked.
fn reference(crossing: &mut dyn Crossing, source: &[u8], target: &mut [u8]) -> Result<()> {
    let (sizes, budget) = (crossing.source_sizes(), crossing.budget());
    let cx = RevisedContext { size: source.len(), ..RevisedContext::new(sizes) };
    let reference = match format::decode::<RevisedReference>(source, 0, &cx, &budget)? {
        RevisedReference::Null => RevisedReference::Null,
        RevisedReference::Object(object) => match (crossing.object(object)?, crossing.file()) {
            (None, _) => RevisedReference::Null,
            (Some(object), None) => RevisedReference::Object(object),
            (Some(object), file) => {
                let token_size = crossing.target_sizes().offset;
                let block = ReferenceBlock { object, token_size, file, part: ReferencePart::Whole };
                block.stored(|bytes| crossing.store(bytes))?
            }
        },
        RevisedReference::Stored { kind, external, id, .. } => {
            let bytes = crossing.load(id)?;
            let cx = BlockContext { kind, external };
            let mut block: ReferenceBlock = format::decode_padded(&bytes, 0, &cx, &budget)?;
            // What is in another file stays there, whatever becomes of this one.
            let object = if external { Some(block.object) } else { crossing.object(block.object)? };
            if !external {
                (block.file, block.token_size) = (crossing.file(), crossing.target_sizes().offset);
            }
            match object {
                Some(object) => ReferenceBlock { object, ..block }.stored(|bytes| crossing.store(bytes))?,
                None => RevisedReference::Null,
            }
        }
    };
    let cx = RevisedContext { size: target.len(), ..RevisedContext::new(crossing.target_sizes()) };
    put(&reference, &cx, target)
}

fn put<T: Wire>(value: &T, cx: &T::Context, target: &mut [u8]) -> Result<()> {
    let bytes = format::encode(value, cx)?;
    if bytes.len() != target.len() {
        let rule = "not the size of such an element";
        return Err(
            Error::field("size of the datatype", target.len() as u64, rule).within(Structure::Datatype)
        );
    }
    target.copy_from_slice(&bytes);
    Ok(())
}
