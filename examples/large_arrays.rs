//! The recipe that every h5py user begins with; given a path, a walk over that file instead.
//!
//!     cargo run --release --example large_arrays
//!     cargo run --release --example large_arrays -- some/file.h5

use std::collections::HashSet;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use h5::types::VarLenUnicode;
use h5::{Container, Dataset, File, Group, Layout, LinkKind, Location, Object};
use ndarray::{Array2, Axis, concatenate, s};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    match std::env::args_os().nth(1) {
        None => recipe(Path::new("myfile.h5")),
        Some(path) => walk(Path::new(&path)),
    }
}

fn recipe(path: &Path) -> Outcome {
    let array = random_array(1000, 1000);
    write_contiguous(path, &array)?;
    read_contiguous(path, &array)?;
    write_chunked(path, &array)?;
    read_chunked(path, &array)
}

fn write_contiguous(path: &Path, array: &Array2<f64>) -> Outcome {
    let ((), time) = timed(|| {
        let file = File::create(path)?;
        let group = file.create_group("/experiment1")?;
        let date: VarLenUnicode = "2018-01-01".parse()?;
        group.new_attr::<VarLenUnicode>().create("date")?.write_scalar(&date)?;
        group.new_dataset_builder().with_data(array).create("array1")?;
        Ok(file.close()?)
    })?;
    println!("wrote    /experiment1/array1  {:?} f64, contiguous  {:>9.2?}", array.shape(), time);
    println!("         {} is now {} bytes", path.display(), std::fs::metadata(path)?.len());
    Ok(())
}

fn read_contiguous(path: &Path, array: &Array2<f64>) -> Outcome {
    let file = File::open(path)?;
    let date: VarLenUnicode = file.group("experiment1")?.attr("date")?.read_scalar()?;
    println!("read     /experiment1@date    {date}");
    let dataset = file.dataset("/experiment1/array1")?;
    let (row, time) = timed(|| Ok(dataset.read_slice_1d::<f64, _>(s![0, ..])?))?;
    check(row == array.row(0), "row 0")?;
    println!("read     row 0                {} bytes            {:>9.2?}  same", row.len() * 8, time);
    let (mapped, time) = timed(|| Ok(dataset.map::<f64>()?))?;
    let (same, compare) = timed(|| Ok(mapped.view() == array.view().into_dyn()))?;
    check(same, "the mapped array")?;
    println!(
        "mapped   {:?}         no copy               {time:>9.2?}  same, compared in {compare:.2?}",
        mapped.shape()
    );
    Ok(())
}

fn write_chunked(path: &Path, array: &Array2<f64>) -> Outcome {
    let file = File::open_rw(path)?;
    let before = file.size();
    let (dataset, time) = timed(|| {
        let builder = file.new_dataset::<f64>().shape((1000.., 1000)).chunk((100, 100)).shuffle().deflate(4);
        let dataset = builder.create("/experiment1/array2")?;
        dataset.write(array)?;
        file.flush()?;
        Ok(dataset)
    })?;
    println!("wrote    /experiment1/array2  chunked, deflated     {:>9.2?}", time);
    println!("         stored in {} bytes", file.size() - before);
    println!("         {}", filters(&dataset));
    let (window, time) = timed(|| Ok(dataset.read_slice_2d::<f64, _>(s![150..350, 250..450])?))?;
    check(window == array.slice(s![150..350, 250..450]), "the window")?;
    println!("read     200 x 200 window     over 9 chunks         {time:>9.2?}  same");
    let (strided, time) = timed(|| Ok(dataset.read_slice_2d::<f64, _>(s![..;7, 3..;11])?))?;
    check(strided == array.slice(s![..;7, 3..;11]), "the strided slice")?;
    println!("read     [..;7, 3..;11]       {:?}             {time:>9.2?}  same", strided.shape());
    let (column, time) = timed(|| Ok(dataset.read_slice_1d::<f64, _>(s![.., 500])?))?;
    check(column == array.column(500), "the column")?;
    println!("read     column 500           {} values           {time:>9.2?}  same", column.len());
    let ((), time) = timed(|| {
        dataset.resize((1500, 1000))?;
        dataset.write_slice(&more_rows(), s![1000.., ..])?;
        Ok(file.close()?)
    })?;
    println!("extended by 500 rows                                {time:>9.2?}");
    Ok(())
}

fn read_chunked(path: &Path, array: &Array2<f64>) -> Outcome {
    let file = File::open(path)?;
    let dataset = file.dataset("/experiment1/array2")?;
    let (all, time) = timed(|| Ok(dataset.read_2d::<f64>()?))?;
    let expected = concatenate(Axis(0), &[array.view(), more_rows().view()])?;
    check(all == expected, "the extended array")?;
    println!("reopened {:?}         read                  {time:>9.2?}  same", all.shape());
    println!("         {} is now {} bytes", path.display(), file.size());
    Ok(())
}

fn more_rows() -> Array2<f64> {
    Array2::from_shape_fn((500, 1000), |(i, j)| (i * 1000 + j) as f64)
}

/// Numbers between 0 and 1 that are the same at each run (xorshift).
fn random_array(rows: usize, columns: usize) -> Array2<f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    Array2::from_shape_simple_fn((rows, columns), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    })
}

fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Duration)> {
    let start = Instant::now();
    Ok((work()?, start.elapsed()))
}

fn check(same: bool, what: &str) -> Outcome {
    if same { Ok(()) } else { Err(format!("{what} differs from what was written").into()) }
}

/// Prints the tree of a file with types, shapes, layouts, attributes and first values.
fn walk(path: &Path) -> Outcome {
    let file = File::open(path)?;
    println!("{} ({} bytes)", path.display(), file.size());
    let mut seen = HashSet::from([file.address()]);
    let mut pending = vec![(0, file.as_group().clone())];
    print_attributes(&file, 1);
    while let Some((depth, group)) = pending.pop() {
        if depth > 0 {
            println!("{}/", group.name());
            print_attributes(&group, 1);
        }
        match group.links() {
            Err(error) => println!("  cannot be listed: {error}"),
            Ok(links) => {
                let mut below = Vec::new();
                for link in links {
                    let link = match link {
                        Ok(link) => link,
                        Err(error) => {
                            println!("  a link cannot be read: {error}");
                            continue;
                        }
                    };
                    if let Some(group) = print_member(&group, &link.name, &link.kind, &mut seen) {
                        below.push((depth + 1, group));
                    }
                }
                pending.extend(below.into_iter().rev());
            }
        }
    }
    Ok(())
}

/// Prints a member of a group; one that is a group is returned, unless it was printed before.
fn print_member(group: &Group, name: &str, kind: &LinkKind, seen: &mut HashSet<u64>) -> Option<Group> {
    match kind {
        LinkKind::Hard(_) => {}
        LinkKind::Soft(target) => {
            println!("  {name} -> {}", target.escape_ascii());
            return None;
        }
        LinkKind::External { file, path } => {
            println!("  {name} -> {} in {}", path.escape_ascii(), file.escape_ascii());
            return None;
        }
        other => {
            println!("  {name}: {other:?}");
            return None;
        }
    }
    match group.open(name) {
        Err(error) => println!("  {name}: {error}"),
        Ok(object) if !seen.insert(object.location().address()) => println!("  {name}: shown above"),
        Ok(Object::Group(group)) => return Some(group),
        Ok(Object::Dataset(dataset)) => {
            println!("  {name}: {}", describe(&dataset).unwrap_or_else(|error| error.to_string()));
            print_attributes(&dataset, 2);
        }
        Ok(object) => {
            println!("  {name}: committed datatype");
            print_attributes(object.location(), 2);
        }
    }
    None
}

fn print_attributes(object: &Location, depth: usize) {
    let indent = "  ".repeat(depth);
    match object.attrs() {
        Err(error) => println!("{indent}@ cannot be listed: {error}"),
        Ok(attributes) => {
            for attribute in attributes {
                match attribute {
                    Err(error) => println!("{indent}@ {error}"),
                    Ok(attribute) => {
                        let text = content(&attribute).unwrap_or_else(|error| error.to_string());
                        println!("{indent}@{}: {text}", attribute.name());
                    }
                }
            }
        }
    }
}

fn describe(dataset: &Dataset) -> h5::Result<String> {
    let layout = match dataset.layout() {
        Layout::Chunked => format!("chunked {:?}{}", dataset.chunk().unwrap_or_default(), filters(dataset)),
        layout => format!("{layout:?}").to_lowercase(),
    };
    Ok(format!("{}, {layout}", content(dataset)?))
}

fn filters(dataset: &Dataset) -> String {
    let filters = dataset.filters();
    filters.iter().map(|filter| format!(" {}({:?})", filter.name, filter.values)).collect()
}

/// Type, shape and first values, or why there are none.
fn content(elements: &Container) -> h5::Result<String> {
    let datatype = elements.dtype()?;
    if elements.is_null() {
        return Ok(format!("{datatype}, no elements"));
    }
    let shape = elements.shape();
    let values = match first_values(elements) {
        Ok(values) => values,
        Err(error) => format!("({error})"),
    };
    Ok(format!("{datatype} {shape:?} = {values}"))
}

fn first_values(elements: &Container) -> h5::Result<String> {
    const FIRST: usize = 4;
    let many = elements.size() > FIRST;
    let datatype = elements.dtype()?;
    let mut texts: Vec<String> = if datatype.is_string() {
        let strings = first::<h5::types::VarLenAscii>(elements, FIRST)?;
        strings.iter().map(|string| format!("{:?}", string.to_string())).collect()
    } else if datatype.is::<bool>() {
        first::<bool>(elements, FIRST)?.iter().map(ToString::to_string).collect()
    } else if datatype.is::<u64>() {
        first::<u64>(elements, FIRST)?.iter().map(ToString::to_string).collect()
    } else if datatype.is::<i64>() {
        first::<i64>(elements, FIRST)?.iter().map(ToString::to_string).collect()
    } else {
        first::<f64>(elements, FIRST)?.iter().map(ToString::to_string).collect()
    };
    if many {
        texts.push("…".to_owned());
    }
    Ok(texts.join(" "))
}

/// The first elements along the last axis; of attributes, of all.
fn first<T: h5::H5Type>(elements: &Container, count: usize) -> h5::Result<Vec<T>> {
    let shape = elements.shape();
    let axes = shape.iter().enumerate().map(|(axis, &size)| {
        let wanted = if axis + 1 == shape.len() { count } else { 1 };
        h5::Axis::contiguous(0, size.min(wanted) as u64)
    });
    let selection = h5::Hyperslab::new(axes.collect());
    match elements.read_slice::<T, _, ndarray::IxDyn>(selection) {
        Ok(array) => Ok(array.into_iter().collect()),
        // Attributes are small and read as a whole.
        Err(error) if matches!(error.kind(), h5::ErrorKind::Misuse(h5::Misuse::Other(_))) => {
            Ok(elements.read_raw::<T>()?.into_iter().take(count).collect())
        }
        Err(error) => Err(error),
    }
}
