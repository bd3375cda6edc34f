//! New groups, and the root groups of new files: what they keep of their links and attributes.

use super::{FileOptions, Group};
use crate::base::Result;
use crate::engine::{self, CreationOrder, GroupRules};

/// A group that is going to be created.
///
/// ```
/// # fn main() -> h5::Result<()> {
/// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
/// let group = file.new_group().track_order(true).create("runs")?;
/// group.create_group("second")?;
/// group.create_group("first")?;
/// let links = group.links_by_creation_order()?.unwrap_or_default();
/// assert_eq!(links.iter().flatten().map(|link| &link.name[..]).collect::<Vec<_>>(), ["second", "first"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GroupBuilder {
    group: Group,
    rules: GroupRules,
}

impl Group {
    /// Begins a new group below this one. [`Group::create_group`] does where nothing is to be said about it.
    pub fn new_group(&self) -> GroupBuilder {
        GroupBuilder { group: self.clone(), rules: GroupRules::default() }
    }
}

macro_rules! rules {
    ($($builder:ty, $rules:ident: $what:literal;)*) => {
        $(impl $builder {
            #[doc = concat!("Sets whether ", $what, " keeps the order in which its links and attributes are created, and finds")]
            /// them by it, as h5py's option of this name does. The default is that it does not.
            #[must_use]
            pub fn track_order(self, track: bool) -> Self {
                let order = if track { CreationOrder::Indexed } else { CreationOrder::Untracked };
                self.link_creation_order(order).attr_creation_order(order)
            }

            #[doc = concat!("Sets whether ", $what, " keeps the order in which its links are created.")]
            ///
            /// A group that does is stored as releases of libhdf5 from 1.8 on can read it, whatever the format's bounds.
            #[must_use]
            pub fn link_creation_order(mut self, order: CreationOrder) -> Self {
                self.$rules.order = order;
                self
            }

            #[doc = concat!("Sets whether ", $what, " keeps the order in which its attributes are created.")]
            #[must_use]
            pub fn attr_creation_order(mut self, order: CreationOrder) -> Self {
                self.$rules.attributes.order = order;
                self
            }

            #[doc = concat!("Sets how many links ", $what, " has at most in its header, and at least in a heap: 8 and 6 unless set.")]
            #[must_use]
            pub fn link_phase_change(mut self, max_compact: u16, min_dense: u16) -> Self {
                self.$rules.thresholds = Some((max_compact, min_dense));
                self
            }

            #[doc = concat!("Sets how many attributes ", $what, " has at most in its header, and at least in a heap: 8 and 6")]
            /// unless set.
            #[must_use]
            pub fn attr_phase_change(mut self, max_compact: u16, min_dense: u16) -> Self {
                self.$rules.attributes.thresholds = Some((max_compact, min_dense));
                self
            }

            #[doc = concat!("Sets how many links ", $what, " is expected to have, and how many bytes their names: 4 and 8 unless")]
            /// set. As many as may stand in the header get room there.
            #[must_use]
            pub fn est_link_info(mut self, num_entries: u16, name_len: u16) -> Self {
                self.$rules.estimates = Some((num_entries, name_len));
                self
            }

            #[doc = concat!("Sets the bytes of the heap for names that ", $what, " begins with, if it has a symbol table")]
            /// ([`FormatBounds::Earliest`](crate::FormatBounds::Earliest)). The default follows from
            /// [`Self::est_link_info`].
            #[must_use]
            pub fn local_heap_size_hint(mut self, bytes: u64) -> Self {
                self.$rules.heap_size = Some(bytes);
                self
            }
        })*
    };
}

rules! {
    GroupBuilder, rules: "the group";
    FileOptions, root: "the root group of a new file";
}

impl GroupBuilder {
    /// Creates the group; the group that it is to be in has to exist.
    pub fn create(&self, name: &str) -> Result<Group> {
        let (parent, name) = self.group.parent_of(name)?;
        let address =
            parent.with_mut(|core| engine::create_group(core, parent.address, name, &self.rules))?;
        let path = engine::join(&parent.path, name);
        Ok(Group::new(parent.other(address, path)))
    }
}
