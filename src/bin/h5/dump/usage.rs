//! What is said about using the verb, and what h5dump's users type that clap takes for something else.

use std::ffi::{OsStr, OsString};

pub(crate) const EXAMPLES: &str = "\
Examples:
  h5 dump file.h5                            everything in the file
  h5 dump -H -p file.h5                      what is there and how it is stored, without data
  h5 dump -a /group/dataset/units file.h5    an attribute
  h5 dump -a '/group/high\\/low' file.h5      an attribute with a slash in its name
  h5 dump -d /x -s 0,10 -c 2,5 file.h5       2 rows and 5 columns of a dataset
  h5 dump -d '/x[0,10;;2,5;]' file.h5        the same
  h5 dump -d /x -y -w 0 -o x.txt file.h5     the values of a dataset without indices into a file
  h5 dump -q creation_order file.h5          in the order of creation

Not there, of what h5dump has: XML (-x, -u, -D, -X), packed bits (-M), binary output (-b), data of region
references (-R), --vds-view-first-missing, --vds-gap-size, --s3-cred, --hdfs-attrs. -E is accepted and ignored, and
so is -f: the driver is found without it.

Exit codes: 0 all is printed, 1 something could not be, 2 wrong usage.";

/// Options whose value may be left out.
const OPTIONAL: [(&str, &[&str]); 6] = [
    ("-A", &["0", "1"]),
    ("--onlyattr", &["0", "1"]),
    ("-n", &["0", "1"]),
    ("--contents", &["0", "1"]),
    ("-E", &["1", "2"]),
    ("--enable-error-stack", &["1", "2"]),
];

/// Puts a value behind an option that may do without into one word with it, so that "-A 0 FILE" has one file.
pub(crate) fn join_values(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::new();
    for word in words {
        let is_dump = joined.get(1).is_some_and(|verb| verb == "dump");
        // "-A0" is the other form that h5dump takes.
        for (option, values) in OPTIONAL.iter().filter(|(option, _)| option.len() == 2) {
            let text = word.to_str().unwrap_or_default();
            if let Some(value) = text.strip_prefix(option)
                && values.contains(&value)
                && is_dump
            {
                joined.push(OsString::from(option));
                return_value(&mut joined, OsStr::new(value));
            }
        }
        if is_dump && is_joined_form(&word) {
            continue;
        }
        let takes = |last: &OsString| {
            OPTIONAL
                .iter()
                .any(|(option, values)| last == option && values.iter().any(|value| word == *value))
        };
        if is_dump && joined.last().is_some_and(takes) {
            return_value(&mut joined, &word);
            continue;
        }
        joined.push(word);
    }
    joined
}

fn is_joined_form(word: &OsStr) -> bool {
    let text = word.to_str().unwrap_or_default();
    OPTIONAL.iter().any(|(option, values)| {
        option.len() == 2 && text.strip_prefix(option).is_some_and(|value| values.contains(&value))
    })
}

/// Appends a value to the last word.
fn return_value(words: &mut [OsString], value: &OsStr) {
    if let Some(last) = words.last_mut() {
        last.push("=");
        last.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_join_options_that_may_do_without() {
        let join = |line: &str| {
            let joined = join_values(line.split(' ').map(OsString::from));
            joined.into_iter().map(|word| word.into_string().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(join("h5 dump -A 0 1.h5"), "h5 dump -A=0 1.h5");
        assert_eq!(join("h5 dump -A0 -n1 1"), "h5 dump -A=0 -n=1 1");
        assert_eq!(join("h5 dump -A f"), "h5 dump -A f");
        assert_eq!(join("h5 digest -A 0"), "h5 digest -A 0");
    }
}
