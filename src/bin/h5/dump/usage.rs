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
  h5 dump family%05d.h5                      a file in several: a family of numbered members
  h5 dump -f split name                      the members name-m.h5 and name-r.h5

Not there, of what h5dump has: XML (-x, -u, -D, -X), packed bits (-M), binary output (-b),
--vds-view-first-missing, --vds-gap-size, --s3-cred, --hdfs-attrs, and connectors and drivers by number or
plug-in (--vol-..., --vfd-...). -E is accepted and ignored: what is wrong is always told.

Different from h5dump: -i prints addresses in the file, not h5dump's own handles; of a path that is not there, and of
a part that reaches beyond the dataset, there is a message and nothing in the output.

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

/// Options that name a file to write, or without a name say that nothing is to be written.
const OUTPUTS: [&str; 4] = ["-o", "--output", "-O", "--ddl"];

/// Puts a value behind an option that may do without into one word with it, so that "-A 0 FILE" has one file; gives
/// options the empty name that they stand for without one.
pub(crate) fn join_values(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let words: Vec<OsString> = words.into_iter().collect();
    let mut words = words.as_slice();
    let mut joined = Vec::with_capacity(words.len());
    let mut is_option = words.get(1).is_some_and(|verb| verb == "dump");
    while let [word, rest @ ..] = words {
        words = rest;
        is_option &= word != "--";
        let next = rest.first();
        if let Some((option, value)) = attached(word).filter(|_| is_option) {
            joined.push(OsString::from(format!("{option}={value}")));
        } else if let Some(next) = next.filter(|next| is_option && takes(word, next)) {
            joined.push([word, OsStr::new("="), next].into_iter().collect());
            words = &rest[1..];
        } else {
            joined.push(word.clone());
            let is_next_a_name =
                rest.len() > 1 && next.is_some_and(|next| !next.as_encoded_bytes().starts_with(b"-"));
            if is_option && OUTPUTS.iter().any(|output| word == output) && !is_next_a_name {
                joined.push(OsString::new());
            }
        }
    }
    joined
}

/// The option and the value of "-A0", which is how other programs take such values.
fn attached(word: &OsStr) -> Option<(&str, &str)> {
    let (option, value) = word.to_str()?.split_at_checked(2)?;
    takes(OsStr::new(option), OsStr::new(value)).then_some((option, value))
}

/// Whether an option may have this value.
fn takes(option: &OsStr, value: &OsStr) -> bool {
    OPTIONAL.iter().any(|(name, values)| option == *name && values.iter().any(|one| value == *one))
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
        assert_eq!(join("h5 dump -- -A 0"), "h5 dump -- -A 0");
    }

    #[test]
    fn options_without_the_name_of_a_file_have_an_empty_one() {
        let join = |words: &[&str]| {
            let joined = join_values([&["h5", "dump"], words].concat().into_iter().map(OsString::from));
            joined.into_iter().skip(2).map(|word| word.into_string().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(join(&["-O", "f"]), ["-O", "", "f"]);
        assert_eq!(join(&["-O", "-y", "f"]), ["-O", "", "-y", "f"]);
        assert_eq!(join(&["-O", "x", "f"]), ["-O", "x", "f"]);
        assert_eq!(join(&["-O", "", "f"]), ["-O", "", "f"]);
    }
}
