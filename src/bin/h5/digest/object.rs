//! One object: what all of them have, a group's links, attributes.

use h5::{Attribute, File, Group, Link, LinkKind, Location, Object};
use serde_json::{Value, json};

use super::walk::Tree;
use super::{Fields, Outcome, dataset, datatype, put, text, values};

/// Everything about one object. What goes wrong is said in its fields.
pub(super) fn describe(file: &File, tree: &Tree, index: usize) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "path", tree.path(index));
    let object = match file.open_address_as(tree.address(index), &tree.path(index)) {
        Ok(object) => object,
        Err(error) => {
            put(&mut fields, "unreadable", error.to_string());
            return fields;
        }
    };
    let kind = match &object {
        Object::Group(_) => "group",
        Object::Dataset(_) => "dataset",
        _ => "datatype",
    };
    put(&mut fields, "kind", kind);
    common(object.location(), &mut fields);
    match &object {
        Object::Group(group) => {
            attributes(group, &mut fields);
            links(group, tree, &mut fields);
        }
        Object::Dataset(dataset) => {
            note(dataset::describe(dataset, &mut fields), &mut fields);
            attributes(dataset, &mut fields);
        }
        other => {
            note(committed(other.location(), &mut fields), &mut fields);
            attributes(other.location(), &mut fields);
        }
    }
    fields
}

/// Says what could not be read.
fn note(outcome: Outcome<()>, fields: &mut Fields) {
    if let Err(error) = outcome {
        put(fields, "unreadable", error.0);
    }
}

fn common(location: &Location, fields: &mut Fields) {
    put(fields, "addr", location.address());
    if let Ok(count) = location.link_count() {
        put(fields, "hard_links", count);
    }
    if let Ok(Some(comment)) = location.comment() {
        put(fields, "comment", comment);
    }
}

fn committed(location: &Location, fields: &mut Fields) -> Outcome<()> {
    if let Some(stored) = location.committed()? {
        put(fields, "dtype", datatype::describe(stored.stored())?);
    }
    Ok(())
}

/// The attributes, sorted by the bytes of their names.
fn attributes(location: &Location, fields: &mut Fields) {
    let mut found = Vec::new();
    match location.attrs() {
        Ok(all) => {
            for attribute in all {
                match attribute {
                    Ok(attribute) => found.push(attribute),
                    Err(error) => put(fields, "attrs_error", error.to_string()),
                }
            }
        }
        Err(error) => put(fields, "attrs_error", error.to_string()),
    }
    found.sort_by(|a, b| a.raw_name().cmp(b.raw_name()));
    let found = found.iter().map(attribute).collect::<Vec<Value>>();
    // Attributes whose names nobody knows: libhdf5 lists none then. What can be read is shown all the same.
    if fields.contains_key("attrs_error") {
        put(fields, "attrs", Vec::<Value>::new());
        put(fields, "attrs_readable", found);
    } else {
        put(fields, "attrs", found);
    }
}

fn attribute(attribute: &Attribute) -> Value {
    let mut fields = Fields::new();
    put(&mut fields, "name", text(attribute.raw_name()));
    let outcome = describe_attribute(attribute, &mut fields);
    note(outcome, &mut fields);
    Value::Object(fields)
}

fn describe_attribute(attribute: &Attribute, fields: &mut Fields) -> Outcome<()> {
    let stored = attribute.dtype()?;
    let shape = dataset::space(attribute, fields)?;
    put(fields, "dtype", datatype::describe(stored.stored())?);
    values::of_attribute(attribute, stored.stored(), &shape, fields)
}

fn links(group: &Group, tree: &Tree, fields: &mut Fields) {
    let (mut links, mut errors) = (Vec::new(), Vec::new());
    match group.links() {
        Ok(all) => {
            for found in all {
                match found {
                    Ok(found) => links.push(link(&found, tree)),
                    Err(error) => errors.push(error.to_string()),
                }
            }
        }
        Err(error) => errors.push(error.to_string()),
    }
    if errors.is_empty() {
        put(fields, "links", links);
        return;
    }
    // To libhdf5 such a group has no links at all, and so it is in the canonical form.
    put(fields, "links_error", errors.join("; "));
    put(fields, "links", Vec::<Value>::new());
    put(fields, "links_readable", links);
}

fn link(link: &Link, tree: &Tree) -> Value {
    let mut fields = Fields::new();
    put(&mut fields, "name", text(&link.raw_name));
    if let Some(order) = link.creation_order {
        put(&mut fields, "corder", order);
    }
    let class = match &link.kind {
        LinkKind::Hard(_) => "hard",
        LinkKind::Soft(_) => "soft",
        LinkKind::External { .. } | LinkKind::Unreadable(_) => "external",
        _ => "user",
    };
    put(&mut fields, "type", class);
    match &link.kind {
        LinkKind::Hard(address) => match tree.target(*address) {
            Ok(path) => put(&mut fields, "to", path),
            Err(why) => put(&mut fields, "unreadable", why),
        },
        LinkKind::Soft(path) => put(&mut fields, "target", text(path)),
        LinkKind::External { file, path } => {
            put(&mut fields, "file", text(file));
            put(&mut fields, "target", text(path));
        }
        LinkKind::User(class) => put(&mut fields, "class", *class),
        LinkKind::Unreadable(why) => put(&mut fields, "unreadable", why.as_str()),
        other => put(&mut fields, "class", json!(format!("{other:?}"))),
    }
    Value::Object(fields)
}
