//! Groups and datasets that keep the order in which their links and attributes were created, and move them into heaps
//! when they are told: we and h5py say the same of them, and change them in turn.

use std::fmt::Write as _;
use std::path::Path;

use h5::{CreationOrder, File, FormatBounds, Group, Location, Object};

use super::support::{Folder, assert_same, h5dump, python};

fn run(what: &str, path: &Path) -> String {
    python("tests/interop/creation_order.py", [what.as_ref(), path.as_os_str()])
}

/// How the objects of the test are named, and what is decided about them.
struct Rules {
    name: &'static str,
    links: CreationOrder,
    attributes: CreationOrder,
    phases: (u16, u16),
    expected: (u16, u16),
}

const USUAL: Rules = Rules {
    name: "",
    links: CreationOrder::Untracked,
    attributes: CreationOrder::Untracked,
    phases: (8, 6),
    expected: (4, 8),
};

const ALL: [Rules; 7] = [
    Rules { name: "/usual", ..USUAL },
    Rules { name: "/tracked", links: CreationOrder::Tracked, attributes: CreationOrder::Tracked, ..USUAL },
    Rules { name: "/indexed", links: CreationOrder::Indexed, attributes: CreationOrder::Indexed, ..USUAL },
    Rules { name: "/links", links: CreationOrder::Indexed, phases: (4, 2), ..USUAL },
    Rules { name: "/attributes", attributes: CreationOrder::Indexed, expected: (40, 20), ..USUAL },
    Rules {
        name: "/heap",
        links: CreationOrder::Indexed,
        attributes: CreationOrder::Tracked,
        phases: (0, 0),
        ..USUAL
    },
    Rules { name: "/header", links: CreationOrder::Tracked, phases: (300, 0), expected: (300, 30), ..USUAL },
];

/// What h5py calls an order.
fn number(order: CreationOrder) -> u8 {
    match order {
        CreationOrder::Untracked => 0,
        CreationOrder::Tracked => 1,
        CreationOrder::Indexed => 3,
    }
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut sorted = names.to_vec();
    sorted.sort();
    sorted
}

/// What h5py's script is to print of an object.
fn describe(text: &mut String, rules: &Rules, links: Option<&[String]>, attributes: &[String]) {
    let Rules { name, phases, .. } = rules;
    let mut line = |what: &str, names: &[String]| {
        writeln!(text, "{}", format!("{name} {what} {}", names.join(" ")).trim_end()).unwrap();
    };
    if let Some(links) = links {
        let expected = if rules.links == CreationOrder::Untracked {
            String::new()
        } else {
            format!("{:?}", rules.expected)
        };
        line(&format!("links {} {phases:?} {expected}", number(rules.links)), &[]);
        line("by name", &sorted(links));
        if rules.links != CreationOrder::Untracked {
            line("by order", links);
        }
    }
    line(&format!("attributes {} {phases:?}", number(rules.attributes)), &[]);
    line("attributes by name", &sorted(attributes));
    if rules.attributes != CreationOrder::Untracked {
        line("attributes by order", attributes);
    }
}

/// The names of what the test has made, in the order in which it did.
#[derive(Default)]
struct Model {
    links: Vec<String>,
    attributes: Vec<String>,
}

impl Model {
    fn add_link(&mut self, group: &Group, name: &str) {
        group.link_soft("/", name).unwrap();
        self.links.push(name.to_owned());
    }

    fn add_attribute(&mut self, object: &Location, name: &str) {
        object.new_attr::<i32>().create(name).unwrap();
        self.attributes.push(name.to_owned());
    }

    fn fill(&mut self, object: &Object) {
        for name in ["d", "c", "b", "a"] {
            self.add_attribute(object.location(), name);
            if let Object::Group(group) = object {
                self.add_link(group, name);
            }
        }
    }

    /// What the script's `edit` does.
    fn edit(&mut self, is_group: bool) {
        let theirs = || (0..3).map(|number| format!("theirs {number}"));
        self.attributes.extend(theirs());
        self.attributes.retain(|name| name != "b");
        if is_group {
            self.links.extend(theirs());
            self.links.retain(|name| name != "b" && name != "c");
            self.links.push("a moved".to_owned());
        }
    }

    /// So many that they leave the header, and so few that they come back.
    fn grow_and_shrink(&mut self, object: &Object) {
        for number in (0..20).rev() {
            self.add_attribute(object.location(), &format!("many {number}"));
            if let Object::Group(group) = object {
                self.add_link(group, &format!("many {number}"));
            }
        }
        for number in 0..17 {
            let name = format!("many {}", number * 7 % 20);
            object.location().delete_attr(&name).unwrap();
            self.attributes.retain(|known| *known != name);
            if let Object::Group(group) = object {
                group.unlink(&name).unwrap();
                self.links.retain(|known| *known != name);
            }
        }
        object.location().rename_attr("d", "renamed").unwrap();
        self.attributes.iter_mut().filter(|name| *name == "d").for_each(|name| "renamed".clone_into(name));
        if let Object::Group(group) = object {
            // A link that is moved is a new one.
            group.relink("d", "renamed").unwrap();
            self.links.retain(|name| name != "d");
            self.links.push("renamed".to_owned());
        }
    }
}

fn create(file: &File, rules: &Rules) -> Object {
    if rules.links == CreationOrder::Untracked && rules.attributes != CreationOrder::Untracked {
        let new = file.new_dataset::<i32>().shape(3).attr_creation_order(rules.attributes);
        new.attr_phase_change(rules.phases.0, rules.phases.1).create(rules.name).unwrap();
    } else {
        let new = file.new_group().link_creation_order(rules.links).attr_creation_order(rules.attributes);
        let new = new.est_link_info(rules.expected.0, rules.expected.1);
        let new = new.link_phase_change(rules.phases.0, rules.phases.1);
        new.attr_phase_change(rules.phases.0, rules.phases.1).create(rules.name).unwrap();
    }
    file.open(rules.name).unwrap()
}

fn check(path: &Path, models: &[Model], root: &Rules, root_attributes: &[String]) {
    let mut expected = String::new();
    let links: Vec<String> = ALL.iter().map(|rules| rules.name[1..].to_owned()).collect();
    describe(&mut expected, root, Some(&links), root_attributes);
    let file = File::open(path).unwrap();
    let mut all: Vec<_> = ALL.iter().zip(models).collect();
    all.sort_by_key(|(rules, _)| rules.name);
    for (rules, model) in all {
        let object = file.open(rules.name).unwrap();
        let is_group = matches!(object, Object::Group(_));
        describe(&mut expected, rules, is_group.then_some(&model.links[..]), &model.attributes);
        if let Object::Group(group) = object {
            let ordered = group.links_by_creation_order().unwrap();
            let names =
                ordered.map(|links| links.into_iter().map(|link| link.unwrap().name).collect::<Vec<_>>());
            assert_eq!(names, (rules.links != CreationOrder::Untracked).then(|| model.links.clone()));
        }
    }
    let found = run("rules", path);
    let found: String = found.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert_same("h5py", &found, &expected);
}

#[test]
fn orders_and_thresholds_are_those_that_were_asked_for() {
    let folder = Folder::new("order");
    for bounds in [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110, FormatBounds::V200] {
        let path = folder.file(&format!("{bounds:?}.h5"));
        let options = File::options().bounds(bounds).link_creation_order(CreationOrder::Indexed);
        let file = options.link_phase_change(1, 1).attr_phase_change(1, 1).create(&path).unwrap();
        let root = Rules { name: "/", links: CreationOrder::Indexed, phases: (1, 1), ..USUAL };
        let mut models: Vec<Model> = Vec::new();
        for rules in &ALL {
            let object = create(&file, rules);
            let mut model = Model::default();
            model.fill(&object);
            models.push(model);
        }
        file.close().unwrap();
        let check = |models: &[Model], attributes: &[String]| check(&path, models, &root, attributes);
        check(&models, &[]);
        run("edit", &path);
        for (rules, model) in ALL.iter().zip(&mut models) {
            model.edit(matches!(File::open(&path).unwrap().open(rules.name).unwrap(), Object::Group(_)));
        }
        check(&models, &["theirs".to_owned()]);
        let file = File::open_rw(&path).unwrap();
        for (rules, model) in ALL.iter().zip(&mut models) {
            model.grow_and_shrink(&file.open(rules.name).unwrap());
        }
        file.close().unwrap();
        check(&models, &["theirs".to_owned()]);
        if bounds < FormatBounds::V200 {
            assert_dumped_in_order(&path, &models);
        }
    }
}

/// h5dump lists links in the order of their creation where it can.
fn assert_dumped_in_order(path: &Path, models: &[Model]) {
    let options = ["-H", "--sort_by=creation_order", "-g", "/indexed"].map(AsRef::as_ref);
    let dumped = h5dump(options.into_iter().chain([path.as_os_str()]));
    let names = |what: &str| -> Vec<String> {
        let lines = dumped.lines().filter_map(|line| line.trim().strip_prefix(what));
        lines.filter_map(|rest| rest.split('"').nth(1)).map(str::to_owned).collect()
    };
    assert_eq!(names("SOFTLINK "), models[2].links, "{dumped}");
    assert_eq!(names("ATTRIBUTE "), models[2].attributes, "{dumped}");
}

#[test]
fn the_option_of_h5py_means_the_same() {
    let folder = Folder::new("track-order");
    let (ours, theirs) = (folder.file("ours.h5"), folder.file("theirs.h5"));
    run("make", &theirs);
    let file = File::options().track_order(true).create(&ours).unwrap();
    let group = file.new_group().track_order(true).create("z").unwrap();
    let dataset = file.new_dataset::<f32>().shape(3).track_order(true).create("a").unwrap();
    for name in ["d", "c", "b", "a"] {
        group.new_attr::<i64>().create(name).unwrap();
        dataset.new_attr::<i64>().create(name).unwrap();
        group.link_soft("/", name).unwrap();
    }
    file.close().unwrap();
    assert_same("ours and theirs", &run("rules", &ours), &run("rules", &theirs));
}

#[test]
fn rules_that_leave_a_gap_are_refused() {
    let folder = Folder::new("gap");
    let file = File::create(folder.file("gap.h5")).unwrap();
    for new in [file.new_group().link_phase_change(3, 4), file.new_group().attr_phase_change(3, 4)] {
        let error = new.create("group").unwrap_err().to_string();
        assert!(error.contains("at most 3 in the header and at least 4 in a heap"), "{error}");
    }
    assert!(!file.exists("group"));
}
