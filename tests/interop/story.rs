//! Random sequences of edits against a model in memory; h5py reads what comes out.

use std::collections::BTreeMap;
use std::path::Path;

use h5::{Extents, File, FormatBounds};
use ndarray::{Array2, ArrayD, IxDyn, Slice};

use super::support::random::Random;
use super::support::{Folder, assert_same, listing, python};

const EDITS: usize = 250;
/// Copies of copies would be many.
const MOST_COPIED: usize = 80;

/// What is at a path.
#[derive(Clone)]
enum Node {
    Group,
    Dataset { data: Array2<i32>, grows: [bool; 2] },
}

/// What the file should hold.
#[derive(Default)]
struct Model {
    nodes: BTreeMap<String, Node>,
    /// By the path of the object and the attribute's name.
    attributes: BTreeMap<(String, String), i64>,
    random: Option<Random>,
    made: usize,
}

impl Model {
    fn below(&mut self, limit: usize) -> usize {
        self.random.as_mut().unwrap().below(limit)
    }

    fn pick(&mut self, wanted: impl Fn(&Node) -> bool) -> Option<String> {
        let paths: Vec<String> =
            self.nodes.iter().filter(|(_, node)| wanted(node)).map(|(path, _)| path.clone()).collect();
        self.random.as_mut().unwrap().pick(&paths)
    }

    /// A path that is new, below a group that exists.
    fn new_path(&mut self) -> String {
        self.made += 1;
        let parent = match self.below(2) {
            0 => String::new(),
            _ => self.pick(|node| matches!(node, Node::Group)).unwrap_or_default(),
        };
        format!("{parent}/n{}", self.made)
    }

    fn edit(&mut self, file: &File) {
        match self.below(13) {
            0 | 1 => {
                let path = self.new_path();
                file.create_group(&path).unwrap();
                self.nodes.insert(path, Node::Group);
            }
            2 | 3 => self.create_dataset(file),
            4..=6 => self.write(file),
            7 => self.resize(file),
            8 | 9 => self.attribute(file),
            10 => self.remove(file),
            11 => self.copy(file),
            _ => self.rename(file),
        }
    }

    /// Copies an object with everything below it; a group may be copied into itself.
    fn copy(&mut self, file: &File) {
        if self.nodes.len() > MOST_COPIED {
            return;
        }
        let Some(path) = self.pick(|_| true) else { return };
        let new = self.new_path();
        file.copy(&path, file, &new).unwrap();
        let moved = |old: &str| {
            let rest = old.strip_prefix(path.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{new}{rest}"))
        };
        let nodes: Vec<_> =
            self.nodes.iter().filter_map(|(old, node)| Some((moved(old)?, node.clone()))).collect();
        let attributes: Vec<_> = self
            .attributes
            .iter()
            .filter_map(|((old, name), value)| Some(((moved(old)?, name.clone()), *value)))
            .collect();
        self.nodes.extend(nodes);
        self.attributes.extend(attributes);
    }

    fn create_dataset(&mut self, file: &File) {
        let (path, kind) = (self.new_path(), self.below(6));
        let shape = (self.below(20) + 1, self.below(12) + 1);
        let data = Array2::from_shape_fn(shape, |(i, j)| i32::try_from(i * 100 + j).unwrap());
        let builder = file.new_dataset::<i32>();
        let (extents, grows): (Extents, [bool; 2]) = match kind {
            2 | 3 => ((shape.0.., shape.1).into(), [true, false]),
            4 => ((shape.0.., shape.1..).into(), [true, true]),
            _ => (shape.into(), [false, false]),
        };
        let builder = builder.shape(extents);
        let chunk = (self.below(5) + 1, self.below(shape.1) + 1);
        let builder = match kind {
            0 => builder,
            1 => builder.chunk((chunk.0.min(shape.0), chunk.1)),
            2 | 4 => builder.chunk(chunk),
            _ => builder.chunk((chunk.0.min(shape.0), chunk.1)).shuffle().deflate(2),
        };
        builder.create(path.as_str()).unwrap().write(&data).unwrap();
        self.nodes.insert(path, Node::Dataset { data, grows });
    }

    fn write(&mut self, file: &File) {
        let Some(path) = self.pick(|node| matches!(node, Node::Dataset { .. })) else { return };
        let number = i32::try_from(self.below(1 << 20)).unwrap();
        let Some(Node::Dataset { data, grows }) = self.nodes.get(&path).cloned() else { return };
        let mut data = data;
        let ranges: Vec<_> = data.shape().to_vec().iter().map(|&size| self.range(size)).collect();
        let mut part = data.slice_each_axis_mut(|axis| Slice::from(ranges[axis.axis.index()].clone()));
        part.fill(number);
        let part = part.to_owned();
        file.dataset(&path)
            .unwrap()
            .write_slice(&part, ndarray::s![ranges[0].clone(), ranges[1].clone()])
            .unwrap();
        self.nodes.insert(path, Node::Dataset { data, grows });
    }

    fn range(&mut self, size: usize) -> std::ops::Range<usize> {
        if size == 0 {
            return 0..0;
        }
        let start = self.below(size);
        start..start + 1 + self.below(size - start)
    }

    fn resize(&mut self, file: &File) {
        let Some(path) = self.pick(|node| matches!(node, Node::Dataset { grows: [true, _], .. })) else {
            return;
        };
        let Some(Node::Dataset { data, grows }) = self.nodes.get(&path).cloned() else { return };
        let columns = if grows[1] { self.below(20) } else { data.ncols() };
        let shape = (self.below(30), columns);
        file.dataset(&path).unwrap().resize(shape).unwrap();
        let new = Array2::from_shape_fn(shape, |at| data.get(at).copied().unwrap_or(0));
        self.nodes.insert(path, Node::Dataset { data: new, grows });
    }

    fn attribute(&mut self, file: &File) {
        let Some(path) = self.pick(|_| true) else { return };
        let (name, value) = (format!("a{}", self.below(14)), i64::try_from(self.below(1000)).unwrap());
        let object = file.open(&path).unwrap();
        let key = (path, name.clone());
        match (self.attributes.remove(&key), self.below(3)) {
            (Some(_), 0) => object.location().delete_attr(&name).unwrap(),
            (Some(_), _) => {
                object.location().attr(&name).unwrap().write_scalar(&value).unwrap();
                self.attributes.insert(key, value);
            }
            (None, _) => {
                let attribute = object.location().new_attr::<i64>().create(name.as_str()).unwrap();
                attribute.write_scalar(&value).unwrap();
                self.attributes.insert(key, value);
            }
        }
    }

    fn remove(&mut self, file: &File) {
        let Some(path) = self.pick(|_| true) else { return };
        file.unlink(&path).unwrap();
        let gone = |other: &str| other == path || other.starts_with(&format!("{path}/"));
        self.nodes.retain(|other, _| !gone(other));
        self.attributes.retain(|(other, _), _| !gone(other));
    }

    fn rename(&mut self, file: &File) {
        let (Some(old), new) = (self.pick(|_| true), self.new_path()) else { return };
        // A group cannot move into itself.
        if new.starts_with(&format!("{old}/")) {
            return;
        }
        file.relink(&old, &new).unwrap();
        let moved = |path: &str| match path.strip_prefix(&old) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{new}{rest}"),
            _ => path.to_owned(),
        };
        let nodes = std::mem::take(&mut self.nodes);
        self.nodes = nodes.into_iter().map(|(path, node)| (moved(&path), node)).collect();
        let attributes = std::mem::take(&mut self.attributes);
        self.attributes = attributes.into_iter().map(|((path, name), v)| ((moved(&path), name), v)).collect();
    }

    /// Fails unless the file has all of the model and nothing else.
    fn check(&self, file: &File) {
        let mut seen = 0;
        let mut pending = vec![file.as_group().clone()];
        while let Some(group) = pending.pop() {
            for name in group.member_names().unwrap() {
                let path = format!("{}/{name}", group.name().trim_end_matches('/'));
                seen += 1;
                match self.nodes.get(&path) {
                    Some(Node::Group) => pending.push(group.group(&name).unwrap()),
                    Some(Node::Dataset { data, .. }) => {
                        let found: ArrayD<i32> = group.dataset(&name).unwrap().read_dyn().unwrap();
                        assert_eq!(found, data.clone().into_dimensionality::<IxDyn>().unwrap(), "{path}");
                    }
                    None => panic!("{path} should not be there"),
                }
            }
        }
        assert_eq!(seen, self.nodes.len());
        let mut attributes = 0;
        for path in self.nodes.keys() {
            let object = file.open(path).unwrap();
            for name in object.location().attr_names().unwrap() {
                let value: i64 = object.location().attr(&name).unwrap().read_scalar().unwrap();
                assert_eq!(self.attributes.get(&(path.clone(), name.clone())), Some(&value), "{path} {name}");
                attributes += 1;
            }
        }
        assert_eq!(attributes, self.attributes.len());
    }
}

fn story(bounds: FormatBounds, seed: u64, path: &Path) {
    let options = File::options().bounds(bounds);
    let mut file = options.create(path).unwrap();
    let mut model = Model { random: Some(Random::new(seed)), ..Model::default() };
    for step in 0..EDITS {
        model.edit(&file);
        match model.below(12) {
            0 => file.flush().unwrap(),
            1 => file.commit().unwrap(),
            2 => {
                file.close().unwrap();
                file = options.open_rw(path).unwrap();
            }
            _ => continue,
        }
        if step % 3 == 0 {
            model.check(&file);
        }
    }
    model.check(&file);
    file.close().unwrap();
    model.check(&File::open(path).unwrap());
}

#[test]
fn any_sequence_of_edits_leaves_what_a_model_has() {
    let folder = Folder::new("story");
    let bounds = [
        FormatBounds::Earliest,
        FormatBounds::V18,
        FormatBounds::V110,
        FormatBounds::V112,
        FormatBounds::V114,
        FormatBounds::V200,
    ];
    let (mut paths, mut ours) = (Vec::new(), String::new());
    for (number, bounds) in bounds.into_iter().cycle().take(18).enumerate() {
        let path = folder.file(&format!("{number}.h5"));
        story(bounds, number as u64, &path);
        ours += &format!("file {number}.h5\n{}", listing::list(&File::open(&path).unwrap()));
        paths.push(path);
    }
    assert_same("we and h5py", &ours, &python("tests/support/listing.py", &paths));
}
