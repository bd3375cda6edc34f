//! Edits of every kind, in steps between commits.

use std::path::PathBuf;

use h5::types::VarLenUnicode;
use h5::{Driver, File, FileSpaceStrategy, FormatBounds};
use ndarray::{Array1, Array2, s};

use crate::storage::Image;
use crate::support::Folder;

type Edit = fn(&File) -> h5::Result<()>;

/// What is done between two commits, one after the other.
pub(crate) const EDITS: &[(&str, Edit)] = &[
    ("create groups and datasets", create),
    ("overwrite contiguous data and chunks", overwrite),
    ("grow and append", append),
    ("many attributes and links", many),
    ("nothing", |_| Ok(())),
    ("overwrite again, strings too", strings),
    ("shrink and grow", shrink),
    ("delete attributes", delete),
    ("copy objects", |file| file.copy("group", &file.group("group/below")?, "copy")),
    ("delete and move objects", unlink),
    ("only something new", |file| file.create_group("new").map(drop)),
    ("give space back", |file| file.compact().map(drop)),
];

/// The file that the edits begin with.
pub(crate) fn first(bounds: FormatBounds, strategy: FileSpaceStrategy) -> Image {
    let storage = std::sync::Arc::new(h5::storage::MemoryStorage::default());
    let options = File::options().bounds(bounds).file_space_strategy(strategy).file_space_page_size(512);
    fill(options.create_storage(storage.clone()).unwrap());
    vec![storage.to_vec()]
}

/// Where members of files are on the disk.
pub(crate) struct Members {
    pub(crate) driver: Driver,
    pub(crate) names: &'static [&'static str],
}

pub(crate) const SPLIT: Members =
    Members { driver: Driver::Split { meta_ext: None, raw_ext: None }, names: &["x-m.h5", "x-r.h5"] };

pub(crate) const MULTI: Members =
    Members { driver: Driver::Multi, names: &["x-s.h5", "x-b.h5", "x-r.h5", "x-g.h5", "x-l.h5", "x-o.h5"] };

impl Members {
    /// The same file in several members.
    pub(crate) fn first(&self, bounds: FormatBounds) -> Image {
        let folder = Folder::new("crash");
        let options = File::options().bounds(bounds).driver(self.driver.clone());
        fill(options.create(folder.file(self.names[0])).unwrap());
        self.names.iter().map(|name| std::fs::read(folder.file(name)).unwrap()).collect()
    }

    /// Writes an image to the files of its members; returns the first.
    pub(crate) fn store(&self, folder: &Folder, image: &Image) -> PathBuf {
        self.names
            .iter()
            .zip(image)
            .for_each(|(name, bytes)| std::fs::write(folder.file(name), bytes).unwrap());
        folder.file(self.names[0])
    }
}

fn fill(file: File) {
    let numbers = Array1::from_iter(0..900i32);
    file.new_dataset_builder().with_data(&numbers).create("numbers").unwrap();
    let grid = Array2::from_shape_fn((40, 30), |(i, j)| (i * j) as f64);
    file.new_dataset_builder().with_data(&grid).chunk((10, 10)).create("grid").unwrap();
    file.close().unwrap();
}

fn create(file: &File) -> h5::Result<()> {
    let group = file.create_group("group")?;
    group.create_group("below")?;
    let data = Array1::from_iter((0..500).map(f64::from));
    group.new_dataset_builder().with_data(&data).create("contiguous")?;
    group.new_dataset::<u16>().shape((0.., 7)).chunk((5, 7)).deflate(3).create("growing")?;
    group.link_soft("/numbers", "soft")
}

fn overwrite(file: &File) -> h5::Result<()> {
    let window = Array2::from_elem((15, 12), -1.5);
    file.dataset("grid")?.write_slice(&window, s![7..22, 3..15])?;
    file.dataset("numbers")?.write_slice(&Array1::from_elem(300, -7), s![200..500])?;
    file.dataset("group/contiguous")?.write_slice(&Array1::from_elem(100, 0.25), s![..100])
}

fn append(file: &File) -> h5::Result<()> {
    let growing = file.dataset("group/growing")?;
    for rows in 1..12usize {
        growing.resize((rows * 3, 7))?;
        let block = Array2::from_shape_fn((3, 7), |(i, j)| u16::try_from(rows * 100 + i * 10 + j).unwrap());
        growing.write_slice(&block, s![(rows - 1) * 3.., ..])?;
    }
    Ok(())
}

fn many(file: &File) -> h5::Result<()> {
    let numbers = file.dataset("numbers")?;
    for index in 0..20 {
        let name = format!("attribute {index}");
        numbers.new_attr_builder().with_data(&[index; 9]).create(name.as_str())?;
        file.group("group/below")?.create_group(&format!("member {index}"))?;
    }
    Ok(())
}

fn strings(file: &File) -> h5::Result<()> {
    let text: VarLenUnicode = "a text of some length".parse().unwrap();
    file.new_attr::<VarLenUnicode>().create("text")?.write_scalar(&text)?;
    overwrite(file)?;
    file.dataset("numbers")?.attr("attribute 3")?.write(&[3, 3, 3, 3, 3, 3, 3, 3, 4])
}

fn shrink(file: &File) -> h5::Result<()> {
    let growing = file.dataset("group/growing")?;
    growing.resize((4, 7))?;
    growing.resize((9, 7))
}

fn delete(file: &File) -> h5::Result<()> {
    let numbers = file.dataset("numbers")?;
    (0..20).step_by(2).try_for_each(|index| numbers.delete_attr(&format!("attribute {index}")))
}

fn unlink(file: &File) -> h5::Result<()> {
    file.link_hard("grid", "group/same grid")?;
    file.unlink("grid")?;
    file.unlink("group/below/member 3")?;
    file.relink("group/contiguous", "moved")?;
    (4..17).try_for_each(|index| file.unlink(&format!("group/below/member {index}")))?;
    file.unlink("group/growing")
}
