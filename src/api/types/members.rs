//! Structures: members are found by their names in the stored compound, each column of them read and written at once.

use super::{H5Type, Source, Target};
use crate::base::{Error, ErrorKind, Misuse, Result, byte_count, to_usize};
use crate::convert::describe;
use crate::format::datatype::{Class, Datatype, Member};

/// Stored compounds, one behind the other.
#[doc(hidden)]
#[derive(Debug)]
pub struct Rows(Vec<u8>);

/// Where a member lies in a compound.
struct Column {
    datatype: Datatype,
    start: usize,
    size: usize,
    row: usize,
}

impl Column {
    fn find(compound: &Datatype, name: &str) -> Result<Column> {
        let mut members = members_of(compound).unwrap_or_default().iter();
        let Some(member) = members.find(|member| member.name == name.as_bytes()) else {
            return Err(Error::misuse(format!("the stored {} has none called {name:?}", describe(compound))));
        };
        let datatype = member.whole_type();
        let size = to_usize(u64::from(datatype.size))?;
        let (start, row) = (to_usize(u64::from(member.offset))?, to_usize(u64::from(compound.size))?);
        match start.checked_add(size) {
            Some(end) if end <= row && size > 0 => Ok(Column { datatype, start, size, row }),
            _ => Err(Error::malformed(format!("the member {name:?} runs past its compound"))),
        }
    }
}

fn members_of(compound: &Datatype) -> Option<&[Member]> {
    if let Class::Compound(members) = &compound.class { Some(members) } else { None }
}

/// Says which member it is that has no conversion.
fn in_member(error: Error, name: &str) -> Error {
    match error.kind() {
        ErrorKind::Misuse(Misuse::Conversion { from, to }) => {
            Misuse::Conversion { from: format!("{from} in the member {name:?}"), to: to.clone() }.into()
        }
        _ => error,
    }
}

/// What `h5::compound!` is made of.
impl Source<'_> {
    /// Returns the elements, which have to be compounds.
    #[doc(hidden)]
    pub fn rows(&self) -> Result<Rows> {
        if members_of(self.datatype).is_none() {
            return Err(self.no_conversion("compound"));
        }
        self.raw().map(Rows)
    }

    /// Returns the values of the member with this name.
    #[doc(hidden)]
    pub fn member<M: H5Type>(&self, rows: &Rows, name: &str) -> Result<Vec<M>> {
        let Column { datatype, start, size, row } = Column::find(self.datatype, name)?;
        let mut column = self.core.budget.zeroed::<u8>(byte_count(self.count, size)?)?;
        for (to, row) in column.chunks_exact_mut(size).zip(rows.0.chunks_exact(row)) {
            to.copy_from_slice(&row[start..start + size]);
        }
        M::load(&self.of_parts(&datatype, self.count, &column)?).map_err(|error| in_member(error, name))
    }
}

/// What `h5::compound!` is made of.
impl Target<'_> {
    /// Begins compounds that are going to have members of these names: all that are stored.
    #[doc(hidden)]
    pub fn rows(&mut self, count: usize, names: &[&str]) -> Result<Rows> {
        let has = |member: &&Member| !names.iter().any(|name| name.as_bytes() == member.name);
        let members = members_of(self.datatype).ok_or_else(|| self.no_conversion("compound"))?;
        if let Some(member) = members.iter().find(has) {
            let name = String::from_utf8_lossy(&member.name);
            return Err(Error::misuse(format!(
                "the stored compound has a member {name:?}, the values have not"
            )));
        }
        let bytes = byte_count(count as u64, to_usize(u64::from(self.datatype.size))?)?;
        self.core.budget.zeroed(bytes).map(Rows)
    }

    /// Sets the member with this name.
    #[doc(hidden)]
    pub fn member<M: H5Type>(&mut self, rows: &mut Rows, name: &str, values: &[M]) -> Result<()> {
        let Column { datatype, start, size, row } = Column::find(self.datatype, name)?;
        let column = self.for_parts(&datatype).encode(values).map_err(|e| in_member(e, name))?;
        for (from, row) in column.chunks_exact(size).zip(rows.0.chunks_exact_mut(row)) {
            row[start..start + size].copy_from_slice(from);
        }
        Ok(())
    }
}

impl Rows {
    /// Returns the bytes of all elements.
    #[doc(hidden)]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Defines a structure whose values are elements of a compound type.
///
/// Members are found by their names: reading takes those that the structure has and leaves out others, and converts each
/// as datasets of its type are converted. One that is not stored is an error that names it. Written are all members
/// or none: if the stored type has one that the structure has not, that is an error. New datasets and attributes are
/// packed: members lie one behind the other in the order of the structure, without gaps. A member can have another
/// name in the file than in Rust.
///
/// The structure has to be `Clone`. [`impl_compound!`](crate::impl_compound) does the same for one that is defined already.
///
/// ```
/// h5::compound! {
///     #[derive(Clone, Debug, PartialEq)]
///     pub struct Particle {
///         pub id: u32,
///         pub position: [f64; 3],
///         pub kind: String = "type",
///         pub hits: Vec<u16>,
///     }
/// }
/// # fn main() -> h5::Result<()> {
/// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
/// let muon = Particle { id: 7, position: [0.5, 0.0, -1.0], kind: "muon".to_owned(), hits: vec![3, 4] };
/// let dataset = file.new_dataset_builder().with_data(&[muon.clone()]).create("particles")?;
/// assert_eq!(dataset.read_raw::<Particle>()?, [muon]);
///
/// h5::compound! {
///     #[derive(Clone)]
///     struct Id { id: f64 }
/// }
/// assert_eq!(dataset.read_raw::<Id>()?[0].id, 7.0);
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! compound {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$member_meta:meta])* $member_vis:vis $member:ident : $type:ty $(= $stored:literal)?),+ $(,)?
    }) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$member_meta])* $member_vis $member: $type),+
        }
        $crate::impl_compound!($name { $($member: $type $(= $stored)?),+ });
    };
}

/// Makes values of a structure elements of a compound type: see [`compound!`](crate::compound). All members are listed.
///
/// ```
/// #[derive(Clone)]
/// struct Pixel {
///     x: u16,
///     y: u16,
/// }
/// h5::impl_compound!(Pixel { x: u16, y: u16 = "Y" });
/// ```
#[macro_export]
macro_rules! impl_compound {
    (@name $member:ident) => { stringify!($member).trim_start_matches("r#") };
    (@name $member:ident $stored:literal) => { $stored };
    ($name:ty { $($member:ident : $type:ty $(= $stored:literal)?),+ $(,)? }) => {
        impl $crate::H5Type for $name {
            fn type_descriptor() -> $crate::types::TypeDescriptor {
                $crate::types::TypeDescriptor::Compound($crate::types::CompoundType::new([
                    $(($crate::impl_compound!(@name $member $($stored)?), <$type as $crate::H5Type>::type_descriptor())),+
                ]))
            }

            fn load(source: &$crate::types::Source<'_>) -> $crate::Result<Vec<Self>> {
                let rows = source.rows()?;
                $(let mut $member = source
                    .member::<$type>(&rows, $crate::impl_compound!(@name $member $($stored)?))?
                    .into_iter();)+
                let mut values = Vec::new();
                while let ($(Some($member),)+) = ($($member.next(),)+) {
                    values.push(Self { $($member),+ });
                }
                Ok(values)
            }

            fn store<'v>(
                values: &'v [Self],
                target: &mut $crate::types::Target<'_>,
            ) -> $crate::Result<::std::borrow::Cow<'v, [u8]>> {
                let mut rows = target.rows(values.len(), &[$($crate::impl_compound!(@name $member $($stored)?)),+])?;
                $(
                    let column: Vec<$type> = values.iter().map(|value| value.$member.clone()).collect();
                    target.member(&mut rows, $crate::impl_compound!(@name $member $($stored)?), &column)?;
                )+
                Ok(::std::borrow::Cow::Owned(rows.into_bytes()))
            }
        }
    };
}
