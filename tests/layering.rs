//! The source against the plan: which layer may name which, where `unsafe` may stand, how long files and functions are.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::path::{Path, PathBuf};

/// What each folder of `src/` may name of the crate, beside itself; `docs/design.md` says why.
const LAYERS: [(&str, &[&str]); 10] = [
    ("base", &[]),
    ("storage", &["base"]),
    ("format", &["base"]),
    ("select", &["base", "format"]),
    ("codec", &["base", "format"]),
    ("convert", &["base", "format"]),
    // The blocks of a fractal heap may be filtered, so the engine decodes them.
    ("engine", &["base", "storage", "format", "codec"]),
    ("data", &["base", "storage", "format", "select", "codec", "convert", "engine"]),
    ("api", &["base", "storage", "format", "select", "codec", "convert", "engine", "data"]),
    ("conventions", &["api", "base"]),
];

/// Folders that are crates of their own and see only what is public.
const CRATES: [&str; 1] = ["bin"];

/// The only files with `unsafe` in them.
const UNSAFE: [&str; 2] = ["base/cast.rs", "storage/map.rs"];

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 80;

/// A file of `src/`.
struct Source {
    /// Below `src/`, with `/` between the parts.
    path: String,
    text: String,
}

impl Source {
    fn layer(&self) -> Option<&str> {
        self.path.split_once('/').map(|(layer, _)| layer)
    }

    /// The modules above the items of the file: 2 for `base/error.rs`, 1 for `base/mod.rs`.
    fn depth(&self) -> usize {
        self.path.matches('/').count() + usize::from(!self.path.ends_with("mod.rs"))
    }

    /// Numbered lines without those that are comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered.filter(|(_, line)| !is_comment(line))
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

#[test]
fn layers_name_only_what_lies_below_them() {
    let sources = sources();
    let mut wrong = Vec::new();
    for source in &sources {
        let Some(layer) = source.layer().filter(|layer| !CRATES.contains(layer)) else { continue };
        let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            wrong.push(format!("{}: no such layer", source.path));
            continue;
        };
        for (line, name) in named(source) {
            if name != layer && !below.contains(&name.as_str()) {
                wrong.push(format!("{}:{line} names {name}", source.path));
            }
        }
    }
    none(&wrong);
}

/// What is named of the crate's root: `crate::name`, each of `crate::{a, b}`, or what `super` climbs up to.
fn named(source: &Source) -> Vec<(usize, String)> {
    let code: Vec<&str> = source.text.lines().map(|line| if is_comment(line) { "" } else { line }).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    let mut inner = 0;
    let mut line = 1;
    for (at, _) in code.match_indices(['\n', 'c', 's', 'm']) {
        let rest = &code[at..];
        let climbs = "super::".repeat(source.depth() + inner);
        if rest.starts_with('\n') {
            line += 1;
        } else if rest.starts_with("mod ") && rest.lines().next().is_some_and(|line| line.ends_with('{')) {
            inner += 1;
        } else if code[..at].ends_with('$') {
            // A macro for users names what they see.
        } else if let Some(path) = rest.strip_prefix("crate::").or_else(|| rest.strip_prefix(&climbs)) {
            found.extend(names(path).map(|name| (line, name)));
        }
    }
    found
}

/// The first word of a path, or of each path in braces.
fn names(path: &str) -> impl Iterator<Item = String> {
    let parts = match path.strip_prefix('{') {
        None => vec![path],
        Some(list) => top_level(list),
    };
    let word = |part: &str| -> String {
        part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let words: Vec<String> = parts.into_iter().map(word).filter(|word| !word.is_empty()).collect();
    words.into_iter()
}

/// The parts between the commas up to the closing brace; braces inside are parts of a part.
fn top_level(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    parts
}

#[test]
fn the_format_does_no_io() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.layer() == Some("format")) {
        let io = ["std::fs", "std::io", "std::net"];
        let lines = source.code().filter(|(_, text)| io.iter().any(|name| text.contains(name)));
        wrong.extend(lines.map(|(line, _)| format!("{}:{line}", source.path)));
    }
    none(&wrong);
}

#[test]
fn unsafe_stands_only_where_it_is_argued_for() {
    let mut wrong = Vec::new();
    for source in &sources() {
        for (line, text) in source.code() {
            let uses = ["unsafe {", "unsafe impl", "unsafe fn", "unsafe trait"];
            let uses_it = uses.iter().any(|word| text.contains(word));
            if uses_it && !UNSAFE.contains(&source.path.as_str()) {
                wrong.push(format!("{}:{line} is unsafe", source.path));
            } else if uses_it && !is_argued(source, line) {
                wrong.push(format!("{}:{line} has no SAFETY comment", source.path));
            }
        }
    }
    none(&wrong);
}

/// Whether the comment above the line says why it is sound.
fn is_argued(source: &Source, line: usize) -> bool {
    let lines: Vec<&str> = source.text.lines().take(line - 1).collect();
    let above = lines.iter().rev().map(|text| text.trim_start());
    // Attributes and the beginning of the statement may stand between.
    above.take(8).any(|text| text.starts_with("// SAFETY:") || text.starts_with("/// # Safety"))
}

#[test]
fn files_and_functions_are_short() {
    let mut wrong = Vec::new();
    for source in &sources() {
        let lines = source.text.lines().count();
        if lines > FILE_LINES {
            wrong.push(format!("{} has {lines} lines", source.path));
        }
        for (line, length) in functions(&source.text) {
            if length > FUNCTION_LINES {
                wrong.push(format!("{}:{line} is a function of {length} lines", source.path));
            }
        }
    }
    none(&wrong);
}

/// First line and length of every function with a body of several lines, relying on how rustfmt lays them out.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate().filter(|(_, line)| begins_function(line)) {
        let indent = &line[..line.len() - line.trim_start().len()];
        // What stands at the same depth; deeper lines say nothing.
        let level =
            |line: &&str| line.strip_prefix(indent).filter(|rest| !rest.starts_with(' ')).map(str::to_owned);
        let ends = |line: &&str| level(line).is_some_and(|rest| rest.starts_with('}'));
        let declared = |line: &&str| level(line).is_some_and(|rest| rest.ends_with(';'));
        if line.ends_with('}') || declared(line) {
            continue;
        }
        let length = lines[first..].iter().position(|line| ends(line) || declared(line));
        found.push((first + 1, length.map_or(usize::MAX, |length| length + 1)));
    }
    found
}

fn begins_function(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let modifier = |word: &&str| {
        word.starts_with("pub")
            || word.ends_with(')')
            || ["const", "async", "unsafe", "super)"].contains(word)
    };
    words.find(|word| !modifier(word)) == Some("fn")
}

#[test]
fn the_measures_measure() {
    let text = "impl A {\n    pub(super) fn long(\n        a: u8,\n    ) -> u8 {\n        a\n    }\n    fn short() {}\n}\n";
    assert_eq!(functions(text), [(2, 5)]);
    assert_eq!(functions("fn f() {\n    x();\n}\n"), [(1, 3)]);
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let named = |path: &str, text: &str| -> Vec<String> {
        named(&source(path, text)).into_iter().map(|(_, name)| name).collect()
    };
    assert_eq!(named("base/error.rs", "use crate::{api, format::x};\n// crate::data"), ["api", "format"]);
    assert_eq!(named("base/error.rs", "use crate::{\n    a::{b, c},\n    d,\n};"), ["a", "d"]);
    assert_eq!(named("base/mod.rs", "use super::engine;"), ["engine"]);
    assert!(named("format/message/link.rs", "use super::super::Wire;").is_empty());
    assert_eq!(named("base/error.rs", "mod tests {\n    use super::super::super::data;"), ["data"]);
}

#[track_caller]
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Every file of `src/`.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 50, "only {} files were found", found.len());
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let parts: Vec<_> =
                path.strip_prefix(root).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
            found.push(Source { path: parts.join("/"), text: std::fs::read_to_string(&path).unwrap() });
        }
    }
}
