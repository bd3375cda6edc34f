//! Groups of either style: listing links, finding one by name, adding one.

use std::cmp::Ordering;

use super::creation_rules::GroupRules;
use super::dense_links::DenseLinks;
use super::new_group_edit::NewGroupEdit;
use super::symbol_table::OldGroup;
use super::{Core, Header, symbol_table_edit};
use crate::base::{Address, Error, Misuse, Result, Structure};
use crate::format::message::dense_info::LinkInfo;
use crate::format::message::link::{Link, Target};
use crate::format::message::symbol_table::SymbolTable;
use crate::format::message::{Message as _, MessageType};
use crate::format::object_header::{CONSTANT, LONGEST_BODY, Message};

/// Room for a few links in a new group's header, about what libhdf5 leaves.
const NEW_GROUP_SLACK: usize = 120;

/// Tells whether a header is that of a group.
pub(crate) fn is_group(header: &Header) -> bool {
    header.has(MessageType::SYMBOL_TABLE)
        || header.has(MessageType::LINK_INFO)
        || header.has(MessageType::LINK)
}

/// Every link of a group, in the order of the bytes of their names; those that cannot be read are errors behind the
/// others.
pub(crate) fn links(core: &Core, header: &Header) -> Result<Vec<Result<Link>>> {
    let mut links = match header.message::<SymbolTable>(core)? {
        Some(table) => OldGroup::open(core, &table)?.links(),
        None => new_style_links(core, header)?,
    };
    sort(&mut links, |a, b| a.name.cmp(&b.name));
    Ok(links)
}

/// Every link of a group in the order of their creation, if the group keeps track of that.
pub(crate) fn links_by_creation_order(core: &Core, header: &Header) -> Result<Option<Vec<Result<Link>>>> {
    if header.has(MessageType::SYMBOL_TABLE) {
        return Ok(None);
    }
    let mut links = new_style_links(core, header)?;
    // Each link has its number: the index by creation order tells nothing that they don't.
    let tracked = header.message::<LinkInfo>(core)?.is_some_and(|info| info.next_creation_order.is_some());
    sort(&mut links, |a, b| a.creation_order.cmp(&b.creation_order));
    Ok(tracked.then_some(links))
}

fn new_style_links(core: &Core, header: &Header) -> Result<Vec<Result<Link>>> {
    check_group(core, header)?;
    match dense(core, header)? {
        Some(dense) => Ok(dense.links()),
        None => Ok(header.all(MessageType::LINK).map(|message| header.decode(core, message)).collect()),
    }
}

/// Sorts the links that could be read; the errors follow them.
fn sort(links: &mut [Result<Link>], compare: impl Fn(&Link, &Link) -> Ordering) {
    links.sort_by(|a, b| match (a, b) {
        (Ok(a), Ok(b)) => compare(a, b),
        _ => a.is_err().cmp(&b.is_err()),
    });
}

/// The link with this name.
pub(crate) fn find_link(core: &Core, header: &Header, name: &[u8]) -> Result<Option<Link>> {
    if let Some(table) = header.message::<SymbolTable>(core)? {
        return OldGroup::open(core, &table)?.find(name);
    }
    check_group(core, header)?;
    if let Some(dense) = dense(core, header)? {
        return dense.find(name);
    }
    Ok(message_of(core, header, name)?.map(|(_, link)| link))
}

/// The link with this name in a header, with the position of its message. Where there is none and one cannot be decoded,
/// that may be it.
pub(super) fn message_of(core: &Core, header: &Header, name: &[u8]) -> Result<Option<(usize, Link)>> {
    let mut broken = None;
    for (index, message) in header.messages.iter().enumerate() {
        if message.kind != MessageType::LINK {
            continue;
        }
        match header.decode::<Link>(core, message) {
            Ok(link) if link.name == name => return Ok(Some((index, link))),
            Ok(_) => {}
            Err(error) => broken = Some(error),
        }
    }
    broken.map_or(Ok(None), Err)
}

fn check_group(core: &Core, header: &Header) -> Result<()> {
    if is_group(header) {
        return Ok(());
    }
    let found = if header.has(MessageType::LAYOUT) { "dataset" } else { "object of another kind" };
    Err(Error::from(Misuse::WrongKind { expected: "group", found })
        .at(Structure::ObjectHeader, core.offset(header.address)?))
}

/// The links, if the group keeps them in a heap.
fn dense<'a>(core: &'a Core, header: &Header) -> Result<Option<DenseLinks<'a>>> {
    match header.message::<LinkInfo>(core)? {
        Some(LinkInfo { heap: Some(heap), by_name, .. }) => DenseLinks::open(core, heap, by_name).map(Some),
        _ => Ok(None),
    }
}

/// Writes an empty group, in the style that the file's bounds ask for unless only the other can keep the rules; returns
/// the address of its header.
pub(crate) fn new_group_header(core: &mut Core, rules: &GroupRules) -> Result<Address> {
    if core.versions().symbol_tables && rules.suit_symbol_tables() {
        let table = symbol_table_edit::create(core, rules)?;
        let messages = vec![Header::new_message(core, &table, 0)?];
        return Ok(Header::create(core, messages, 0, &rules.attributes)?.address);
    }
    let messages = new_style_messages(core, rules)?;
    let slack = room_for_links(core, rules)?;
    Ok(Header::create(core, messages, slack, &rules.attributes)?.address)
}

/// Makes what an old-style group without links has beside its header.
pub(crate) fn create_symbol_table(core: &mut Core) -> Result<SymbolTable> {
    symbol_table_edit::create(core, &GroupRules::default())
}

/// The messages of a new-style group without links.
pub(super) fn new_style_messages(core: &Core, rules: &GroupRules) -> Result<Vec<Message>> {
    Ok(vec![
        Header::new_message(core, &rules.link_info(), 0)?,
        Header::new_message(core, &rules.group_info()?, CONSTANT)?,
    ])
}

/// The bytes of the links that are expected, unless they are too many to stand in the header.
fn room_for_links(core: &Core, rules: &GroupRules) -> Result<usize> {
    let Some((_, name)) = rules.estimates else { return Ok(NEW_GROUP_SLACK) };
    let name = vec![b'-'; usize::from(name)];
    let order = rules.link_info().next_creation_order;
    let link = Link::of_bytes(&name, None, order, Target::Hard(Address(0)));
    let style = rules.attributes.prefix(core.versions().object_header)?.style();
    let message = style.head() + style.padded(Header::new_message(core, &link, 0)?.body.len());
    let room = usize::from(rules.expected_in_header()) * message;
    Ok(if room as u64 <= LONGEST_BODY { room } else { 0 })
}

/// Makes an empty group below another one.
pub(crate) fn create_group(
    core: &mut Core,
    parent: Address,
    name: &str,
    rules: &GroupRules,
) -> Result<Address> {
    check_new_name(core, parent, name)?;
    let address = new_group_header(core, rules)?;
    insert_link(core, parent, name, Target::Hard(address))?;
    Ok(address)
}

/// Adds a link to a group that has none of this name.
pub(crate) fn insert_link(core: &mut Core, parent: Address, name: &str, target: Target) -> Result<()> {
    check_new_name(core, parent, name)?;
    add_link(core, parent, Link::new(name, None, target))
}

/// Adds a link whose name was looked at.
pub(crate) fn add_link(core: &mut Core, parent: Address, link: Link) -> Result<()> {
    if let Some(table) = Header::load(core, parent)?.message::<SymbolTable>(core)? {
        if symbol_table_edit::can_hold(&link) {
            return symbol_table_edit::insert(core, &table, &link);
        }
        symbol_table_edit::convert(core, parent, &table)?;
    }
    let header = Header::clone(&*Header::load(core, parent)?);
    NewGroupEdit::open(core, header)?.insert(core, link)
}

/// Takes a link out of a group and returns it. What it led to stays, and is not told.
pub(crate) fn remove_link(core: &mut Core, parent: Address, name: impl AsRef<[u8]>) -> Result<Link> {
    let name = name.as_ref();
    core.check_writable()?;
    let header = Header::clone(&*Header::load(core, parent)?);
    if let Some(table) = header.message::<SymbolTable>(core)? {
        return symbol_table_edit::remove(core, &table, name);
    }
    check_group(core, &header)?;
    let removed = NewGroupEdit::open(core, header)?.remove(core, name)?;
    removed.ok_or_else(|| Misuse::NotFound { path: String::from_utf8_lossy(name).into_owned() }.into())
}

/// Refuses names that exist or that a path cannot hold.
pub(crate) fn check_new_name(core: &Core, parent: Address, name: &str) -> Result<()> {
    if name.is_empty() || name == "." || name.contains(['/', '\0']) {
        return Err(Error::misuse(format!("{name:?} cannot be the name of a link")));
    }
    let header = Header::load(core, parent)?;
    match find_link(core, &header, name.as_bytes())? {
        Some(_) => Err(Misuse::Exists { name: name.to_owned() }.into()),
        None => Ok(()),
    }
}

/// Not a message of a group, but what tells its kind in listings.
pub(crate) fn kind_of(header: &Header) -> &'static str {
    if header.has(MessageType::LAYOUT) {
        "dataset"
    } else if is_group(header) {
        "group"
    } else if header.has(crate::format::datatype::Datatype::TYPE) {
        "datatype"
    } else {
        "object"
    }
}
