//! Committed datatypes: objects whose only content is a type, which datasets and attributes share.
//!
//! What shares a type counts as a link to it, as in libhdf5, so that it outlives its name.

use super::group::{check_new_name, insert_link};
use super::{AttributeRules, Core, Header, add_reference};
use crate::base::{Address, Error, Result, Structure};
use crate::format;
use crate::format::datatype::Datatype;
use crate::format::message::MessageType;
use crate::format::message::link::Target;
use crate::format::message::shared::SharedMessage;
use crate::format::object_header::{CONSTANT, DONT_SHARE, Message, SHARED};

/// Room for a few attributes in the header of a new type.
const SLACK: usize = 96;
/// Without checksums libhdf5 takes types that waste most of their bits for damage.
const FIRST_CHECKED_HEADER: u8 = 2;

/// Writes a type as an object of its own and links it to a group; returns its address.
pub(crate) fn commit_datatype(
    core: &mut Core,
    group: Address,
    name: &str,
    datatype: &Datatype,
) -> Result<Address> {
    check_new_name(core, group, name)?;
    let versions = core.versions();
    check_unused_bits(datatype, versions.object_header)?;
    let datatype = datatype.in_version(versions.datatype);
    let message = Header::new_message(core, &datatype, CONSTANT | DONT_SHARE)?;
    let address = Header::create(core, vec![message], SLACK, &AttributeRules::default())?.address;
    insert_link(core, group, name, Target::Hard(address))?;
    Ok(address)
}

/// The type that a committed datatype holds.
pub(crate) fn committed_datatype(core: &Core, address: Address) -> Result<Datatype> {
    let header = Header::load(core, address)?;
    if super::kind_of(&header) != "datatype" {
        let error = Error::malformed("what should be a committed datatype is another object");
        return Err(error.at(Structure::ObjectHeader, core.offset(address)?));
    }
    header.required(core)
}

/// Counts one user more of a committed datatype; returns what stands in place of the type there.
pub(super) fn share_datatype(core: &mut Core, address: Address) -> Result<SharedMessage> {
    add_reference(core, address)?;
    Ok(SharedMessage::committed(address))
}

/// The datatype message of a new object: the type itself, or what stands for the committed one that it is.
pub(crate) fn datatype_message(
    core: &mut Core,
    datatype: &Datatype,
    committed: Option<Address>,
) -> Result<Message> {
    let versions = core.versions();
    let Some(address) = committed else {
        check_unused_bits(datatype, versions.object_header)?;
        return Header::new_message(core, &datatype.in_version(versions.datatype), CONSTANT);
    };
    let shared = share_datatype(core, address)?;
    let body = format::encode(&shared, &core.sizes())?;
    let (kind, flags) = (MessageType::DATATYPE, CONSTANT | SHARED);
    Ok(Message { kind, flags, creation_order: None, body, offset: 0 })
}

/// Refuses types that libhdf5 would not read back from a header without a checksum.
pub(super) fn check_unused_bits(datatype: &Datatype, header_version: u8) -> Result<()> {
    if header_version >= FIRST_CHECKED_HEADER || !datatype.has_mostly_unused_bits() {
        return Ok(());
    }
    let what = "a number that leaves more than half of its bytes unused, in an object header of version 1: libhdf5 \
                takes it for damage";
    Err(Error::unsupported(what).within(Structure::Datatype))
}
