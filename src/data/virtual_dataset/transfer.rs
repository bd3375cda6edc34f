//! Elements of a source as elements of the virtual dataset: member by member, and with what they name in their file.
//!
//! Numbers alone are a matter of `convert`, which knows of no file. Here is what needs one: sequences, strings of any
//! length and the references of 1.12 name objects of their file's global heap, and these are gathered for the request.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::base::{Error, Misuse, Result, Structure, to_usize};
use crate::convert::{Plan, describe};
use crate::data::gathered::{Gathered, Heap};
use crate::format::datatype::{Class, Datatype, Member, Order, Reference};
use crate::format::global_heap::{GlobalHeapId, VariableLength};
use crate::format::reference::{
    BlockContext, ReferenceBlock, ReferenceKind, ReferencePart, RevisedContext, RevisedReference,
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
    Sequence(Option<Box<Transfer>>, Seen),
    /// Members by their offsets.
    Compound(Vec<(usize, usize, Transfer)>),
    Repeated(Box<Transfer>),
    Reference,
}

/// What became of the objects that elements named. Many elements can name one object.
type Seen = RefCell<HashMap<(u32, GlobalHeapId), GlobalHeapId>>;

/// Between which files elements go.
#[derive(Clone, Copy)]
pub(super) struct Between<'a> {
    pub(super) from: Heap<'a>,
    pub(super) to: Heap<'a>,
    pub(super) gathered: Option<&'a Gathered>,
    /// The name of the file that the elements come from, where that is another one.
    pub(super) file: Option<&'a [u8]>,
}

impl Between<'_> {
    fn gather(&self, object: Vec<u8>) -> Result<GlobalHeapId> {
        match self.gathered {
            Some(gathered) => gathered.insert(object, &self.to.core.budget),
            None => Err(Error::misuse("elements that name others were read without these")),
        }
    }
}

impl Transfer {
    /// Finds the way from one type to another; members of compounds find each other by their names.
    pub(super) fn new(from: &Datatype, to: &Datatype) -> Result<Transfer> {
        let none = || {
            let (from, to) = (describe(from), describe(to));
            Error::from(Misuse::Conversion { from, to })
        };
        let kind = match (&from.class, &to.class) {
            (Class::VariableString { .. }, Class::VariableString { .. }) => {
                Kind::Sequence(None, Seen::default())
            }
            (Class::Sequence(from), Class::Sequence(to)) => {
                Kind::Sequence(Some(Box::new(Transfer::new(from, to)?)), Seen::default())
            }
            (Class::Compound(from), Class::Compound(to)) => {
                let one = |to: &Member| {
                    let from = from.iter().find(|from| from.name == to.name).ok_or_else(none)?;
                    let (at, behind) = (to_usize(from.offset.into())?, to_usize(to.offset.into())?);
                    Ok((at, behind, Transfer::member(from, to)?))
                };
                Kind::Compound(to.iter().map(one).collect::<Result<_>>()?)
            }
            (Class::Array { dims: from_dims, base: from }, Class::Array { dims: to_dims, base: to })
                if from_dims == to_dims =>
            {
                Kind::Repeated(Box::new(Transfer::new(from, to)?))
            }
            (Class::Reference(Reference::Standard { .. }), Class::Reference(Reference::Standard { .. })) => {
                Kind::Reference
            }
            _ => Transfer::bytes(from, to)?,
        };
        Ok(Transfer { from_size: to_usize(from.size.into())?, to_size: to_usize(to.size.into())?, kind })
    }

    /// The dimensions of a member of a version 1 compound make it an array.
    fn member(from: &Member, to: &Member) -> Result<Transfer> {
        let base = Transfer::new(&from.datatype, &to.datatype)?;
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

    /// Makes elements of the virtual dataset of all elements in `source`; `target` has room for just these.
    pub(super) fn run(&self, between: Between<'_>, source: &[u8], target: &mut [u8]) -> Result<()> {
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
            Kind::Repeated(base) => return base.run(between, source, target),
            _ => {}
        }
        let targets = target.chunks_exact_mut(self.to_size.max(1));
        for (source, target) in source.chunks_exact(self.from_size.max(1)).zip(targets) {
            match &self.kind {
                Kind::Sequence(base, seen) => sequence(base.as_deref(), seen, between, source, target)?,
                Kind::Reference => reference(between, source, target)?,
                Kind::Compound(members) => {
                    for (at, behind, member) in members {
                        let from = source.get(*at..).and_then(|rest| rest.get(..member.from_size));
                        let to = target.get_mut(*behind..).and_then(|rest| rest.get_mut(..member.to_size));
                        let (Some(from), Some(to)) = (from, to) else {
                            return Err(Error::malformed("a member reaches over the end of its compound")
                                .within(Structure::Datatype));
                        };
                        member.run(between, from, to)?;
                    }
                }
                Kind::Bytes(..) | Kind::Repeated(_) => {}
            }
        }
        Ok(())
    }
}

/// Gathers what an element of variable length stands for; its own elements are of type `base`, or characters.
fn sequence(
    base: Option<&Transfer>,
    seen: &Seen,
    between: Between<'_>,
    source: &[u8],
    target: &mut [u8],
) -> Result<()> {
    let budget = &between.from.core.budget;
    let mut element: VariableLength = format::decode(source, 0, &between.from.core.sizes(), budget)?;
    if element.id.target().is_some() {
        let named = (element.count, element.id);
        let known = seen.borrow().get(&named).copied();
        element.id = match known {
            Some(id) => id,
            None => {
                let object = between.from.follow(source, |count, bytes| {
                    base.map_or_else(|| Ok(bytes.to_vec()), |base| all(base, between, count, bytes))
                })?;
                let id = between.gather(object)?;
                seen.borrow_mut().insert(named, id);
                id
            }
        };
    }
    put(&element, &between.to.core.sizes(), target)
}

/// As many of a sequence's elements as there are.
fn all(base: &Transfer, between: Between<'_>, count: u32, bytes: &[u8]) -> Result<Vec<u8>> {
    let count = to_usize(count.into())?.min(bytes.len() / base.from_size.max(1));
    let budget = &between.from.core.budget;
    let mut target = budget.zeroed::<u8>(crate::base::byte_count(count as u64, base.to_size)?)?;
    base.run(between, &bytes[..count * base.from_size], &mut target)?;
    Ok(target)
}

/// Gathers what a reference of 1.12 stands for. One that is about the file it is stored in becomes one that names it.
fn reference(between: Between<'_>, source: &[u8], target: &mut [u8]) -> Result<()> {
    let (core, budget) = (between.from.core, &between.from.core.budget);
    let cx = RevisedContext { size: source.len(), ..RevisedContext::new(core.sizes()) };
    let reference = match format::decode::<RevisedReference>(source, 0, &cx, budget)? {
        RevisedReference::Object(object) if between.file.is_some() => {
            let block = ReferenceBlock { object, file: None, part: ReferencePart::Whole };
            stored(between, block, ReferenceKind::Object)?
        }
        RevisedReference::Stored { kind, external, id, .. } => {
            let cx = BlockContext { sizes: core.sizes(), kind, external };
            let block = between.from.object(id, |bytes| format::decode_padded(bytes, 0, &cx, budget))?;
            stored(between, block, kind)?
        }
        own => own,
    };
    let cx = RevisedContext { size: target.len(), ..RevisedContext::new(between.to.core.sizes()) };
    put(&reference, &cx, target)
}

fn stored(between: Between<'_>, mut block: ReferenceBlock, kind: ReferenceKind) -> Result<RevisedReference> {
    block.file = block.file.or_else(|| between.file.map(<[u8]>::to_vec));
    let external = block.file.is_some();
    let cx = BlockContext { sizes: between.to.core.sizes(), kind, external };
    let object = format::encode(&block, &cx)?;
    let len = u32::try_from(object.len()).unwrap_or(u32::MAX);
    let id = between.gather(object)?;
    Ok(RevisedReference::Stored { kind, external, len, id })
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
