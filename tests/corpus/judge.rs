//! One file: everything in it, in the order in which the expected content has it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use h5::types::VarLenAscii;
use h5::{Container, File, Group, Limits, Link, LinkKind, Location, MissingSources, Object};
use serde_json::Value;

use super::tally::Tally;
use super::values;

/// Large enough for every file that has to be read, small enough for a machine that meets a hostile one.
fn limits() -> Limits {
    Limits { memory: 1 << 30, ..Limits::default() }
}

/// Compares a file with what is expected of it.
pub(crate) fn compare(path: &Path, expected: &Value, tally: &mut Tally) {
    let file = match File::options().limits(limits()).missing_sources(MissingSources::Fill).open(path) {
        Ok(file) => file,
        Err(error) => return tally.error("opening", &error),
    };
    tally.files += 1;
    let objects = expected["objects"].as_array().unwrap();
    let mut missing: BTreeMap<&str, &Value> =
        objects.iter().map(|object| (object["path"].as_str().unwrap(), object)).collect();
    let mut groups = Vec::new();
    let first = walk(&file, tally, &mut |object, links, tally| {
        let path = object.location().name();
        match missing.remove(path.as_str()) {
            None => tally.fail(format!("{path} is not expected")),
            Some(expected) => compare_object(object, expected, tally),
        }
        if let Object::Group(_) = object {
            groups.push((path, links.to_vec()));
        }
    });
    let expected: BTreeMap<&str, &Value> =
        objects.iter().map(|object| (object["path"].as_str().unwrap(), &object["links"])).collect();
    // Only now is it known where each object was met first.
    for (path, links) in groups {
        if let Some(Value::Array(expected)) = expected.get(path.as_str()) {
            compare_links(&path, &links, &first, expected, tally);
        }
    }
    // What lies below something that was left out cannot be found.
    if !tally.is_partial() {
        for path in missing.keys() {
            tally.fail(format!("{path} was not found"));
        }
    }
}

/// The path under which the object at each address was met first.
type First = HashMap<u64, String>;

/// Calls `f` with every object and its links, depth first, the links of a group by the bytes of their names.
fn walk(file: &File, tally: &mut Tally, f: &mut dyn FnMut(&Object, &[Link], &mut Tally)) -> First {
    let mut first = First::from([(file.address(), "/".to_owned())]);
    // What is still to be visited, the next one last. Links are followed only when their turn comes.
    let mut pending = vec![(None, file.as_group().clone())];
    while let Some((link, group)) = pending.pop() {
        let object = match link {
            None => Object::Group(group),
            Some(link) => match follow(&group, &link, &mut first) {
                Ok(None) => continue,
                Ok(Some(object)) => object,
                Err(error) => {
                    tally.error(&format!("{} in {}", link.name, group.name()), &error);
                    continue;
                }
            },
        };
        let links = match &object {
            Object::Group(group) => group.links().and_then(|links| links.into_iter().collect()),
            _ => Ok(Vec::new()),
        };
        match links {
            Err(error) => tally.error(&format!("links of {}", object.location().name()), &error),
            Ok(links) => {
                if let Object::Group(group) = &object {
                    let each = |link: &Link| (Some(link.clone()), group.clone());
                    pending.extend(links.iter().rev().map(each));
                }
                f(&object, &links, tally);
            }
        }
    }
    first
}

/// The object that a hard link leads to, if it was not met before.
fn follow(group: &Group, link: &Link, first: &mut First) -> h5::Result<Option<Object>> {
    let LinkKind::Hard(address) = link.kind else { return Ok(None) };
    if first.contains_key(&address) {
        return Ok(None);
    }
    let object = group.open_link(link)?;
    first.insert(address, object.location().name());
    Ok(Some(object))
}

fn compare_object(object: &Object, expected: &Value, tally: &mut Tally) {
    let path = object.location().name();
    tally.objects += 1;
    let kind = match object {
        Object::Group(_) => "group",
        Object::Dataset(_) => "dataset",
        _ => "datatype",
    };
    tally.same(&format!("kind of {path}"), &kind, &expected["kind"].as_str().unwrap());
    compare_attributes(object.location(), expected, tally);
    if let Object::Dataset(dataset) = object {
        match dataset.dtype() {
            Err(error) => tally.error(&path, &error),
            Ok(_) => values::compare(&path, dataset, expected, tally),
        }
    }
}

fn compare_links(path: &str, links: &[Link], first: &First, expected: &[Value], tally: &mut Tally) {
    tally.links += links.len();
    let ours: Vec<String> = links.iter().map(|link| described(link, first)).collect();
    let theirs: Vec<String> = expected.iter().map(|link| expected_link(link, &ours)).collect();
    tally.same(&format!("links of {path}"), &ours, &theirs);
}

fn described(link: &Link, first: &First) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match &link.kind {
        LinkKind::Hard(address) => match first.get(address) {
            Some(path) => format!("{} hard {path}", link.name),
            // What it leads to was left out.
            None => format!("{} hard", link.name),
        },
        LinkKind::Soft(target) => format!("{} soft {}", link.name, text(target)),
        LinkKind::External { file, path } => {
            format!("{} external {} {}", link.name, text(file), text(path))
        }
        _ => format!("{} user", link.name),
    }
}

fn expected_link(link: &Value, ours: &[String]) -> String {
    let text = |field: &str| link[field].as_str().unwrap_or("?").to_owned();
    match link["type"].as_str().unwrap() {
        "soft" => format!("{} soft {}", text("name"), text("target")),
        "hard" if !ours.contains(&format!("{} hard", text("name"))) => {
            format!("{} hard {}", text("name"), text("to"))
        }
        "external" => format!("{} external {} {}", text("name"), text("file"), text("target")),
        kind => format!("{} {kind}", text("name")),
    }
}

fn compare_attributes(object: &Location, expected: &Value, tally: &mut Tally) {
    let path = object.name();
    let attributes = match object.attrs() {
        Ok(attributes) => attributes,
        Err(error) => return tally.error(&format!("attributes of {path}"), &error),
    };
    let theirs = expected["attrs"].as_array().unwrap();
    let mut theirs: BTreeMap<&str, &Value> =
        theirs.iter().map(|attribute| (attribute["name"].as_str().unwrap(), attribute)).collect();
    let mut complete = true;
    for attribute in attributes {
        match attribute {
            Err(error) => {
                complete = false;
                tally.error(&format!("an attribute of {path}"), &error);
            }
            Ok(attribute) => {
                let name = attribute.name();
                tally.attributes += 1;
                match theirs.remove(name.as_str()) {
                    None => tally.fail(format!("{path}@{name} is not expected")),
                    Some(expected) => values::compare(&format!("{path}@{name}"), &attribute, expected, tally),
                }
            }
        }
    }
    for name in theirs.keys().filter(|_| complete) {
        tally.fail(format!("{path}@{name} was not found"));
    }
}

/// Asks for everything in a file that need not be readable: errors are answers, panics are not.
pub(crate) fn survive(path: &Path, tally: &mut Tally) {
    tally.survived += 1;
    let limits = Limits { memory: 64 << 20, metadata: 16 << 20, items: 1 << 16, depth: 32 };
    let Ok(file) = File::options().limits(limits).open(path) else { return };
    let mut ignored = Tally::default();
    walk(&file, &mut ignored, &mut |object, _, _| {
        for attribute in object.location().attrs().unwrap_or_default().into_iter().flatten() {
            read(&attribute);
        }
        if let Object::Dataset(dataset) = object {
            read(dataset);
        }
    });
}

fn read(elements: &Container) {
    let _ = elements.read_raw::<f64>();
    let _ = elements.read_raw::<VarLenAscii>();
    let _ = elements.read_bytes(..);
}
