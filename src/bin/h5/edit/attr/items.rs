//! Text to values.

use h5::H5Type;
use h5::types::{VarLenAscii, VarLenUnicode};

use super::set::Type;

/// A value that can be given as text.
pub(super) trait Item: H5Type {
    /// Texts with commas are lists even if nobody says so.
    const SPLIT: bool;

    /// What one of these is called.
    const WHAT: &'static str;

    fn parse(text: &str) -> Option<Self>;
}

macro_rules! item {
    ($($type:ty, $split:expr, $what:expr, $parse:expr;)*) => {
        $(impl Item for $type {
            const SPLIT: bool = $split;
            const WHAT: &'static str = $what;

            fn parse(text: &str) -> Option<Self> {
                $parse(text)
            }
        })*
    };
}

macro_rules! whole {
    ($($type:ty)*) => {
        item! { $($type, true, stringify!($type), |text: &str| text.trim().parse().ok();)* }
    };
}

whole! { i8 i16 i32 i64 u8 u16 u32 u64 }
item! {
    f32, true, "f32", |text: &str| {
        let wide = f64::parse(text)?;
        // Through the wider type it would be rounded twice.
        let value: f32 = text.trim().parse().ok()?;
        (value.is_infinite() == wide.is_infinite()).then_some(value)
    };
    f64, true, "f64", |text: &str| {
        let text = text.trim();
        let value: f64 = text.parse().ok()?;
        let named = text.trim_start_matches(['+', '-']).starts_with(['i', 'I']);
        (value.is_infinite() == named).then_some(value)
    };
    bool, true, "bool: true or false", |text: &str| match text.trim() {
        "true" | "TRUE" | "True" | "1" => Some(true),
        "false" | "FALSE" | "False" | "0" => Some(false),
        _ => None,
    };
    VarLenUnicode, false, "string", |text: &str| text.parse().ok();
    VarLenAscii, false, "ASCII string", |text: &str| text.parse().ok();
}

/// Takes a text apart, or says what is wrong with it.
pub(super) fn parse<T: Item>(text: &str, list: bool) -> Result<Vec<T>, String> {
    let one = |text: &str| T::parse(text).ok_or_else(|| format!("{text:?} is no {}", T::WHAT));
    if list || T::SPLIT { text.split(',').map(one).collect() } else { Ok(vec![one(text)?]) }
}

/// The type of a new attribute by what its value looks like.
pub(super) fn guess(text: &str) -> Result<Type, String> {
    let all = |test: fn(&str) -> bool| text.split(',').map(str::trim).all(test);
    if all(is_whole) {
        return match (parse::<i64>(text, true), parse::<u64>(text, true)) {
            (Ok(_), _) => Ok(Type::I64),
            (_, Ok(_)) => Ok(Type::U64),
            _ => {
                Err(format!("{text:?} has integers that do not fit 64 bits; --type f64 stores them rounded"))
            }
        };
    }
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    if text.split(',').map(str::trim).all(is_number) && parse::<f64>(text, true).is_ok() {
        return Ok(Type::F64);
    }
    Ok(Type::Str)
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_guessed_by_all_items() {
        assert_eq!(guess("7"), Ok(Type::I64));
        assert_eq!(guess("1, -2,3"), Ok(Type::I64));
        assert_eq!(guess("18446744073709551615"), Ok(Type::U64));
        assert!(guess("18446744073709551616").is_err());
        assert!(guess("-1,18446744073709551615").is_err());
        assert_eq!(guess("1,2.5"), Ok(Type::F64));
        assert_eq!(guess("-1e-3"), Ok(Type::F64));
        for text in ["", "inf", "nan", "1,", "2024-01-01", "a,b", "-"] {
            assert_eq!(guess(text), Ok(Type::Str), "{text}");
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert_eq!(parse::<i8>("-128,127", false), Ok(vec![-128, 127]));
        assert_eq!(parse::<i8>("1,128", false), Err("\"128\" is no i8".to_owned()));
        assert_eq!(parse::<f32>("0.1,inf", false), Ok(vec![0.1, f32::INFINITY]));
        assert!(parse::<f32>("1e39", false).is_err());
        assert!(parse::<f64>("1e309", false).is_err());
        assert!(parse::<f64>("-inf", false).is_ok());
        assert!(parse::<bool>("yes", false).is_err());
    }

    #[test]
    fn strings_are_split_only_on_demand() {
        let texts = |list| parse::<VarLenUnicode>("a,b", list).map(|all| all.len());
        assert_eq!((texts(false), texts(true)), (Ok(1), Ok(2)));
        assert!(parse::<VarLenAscii>("é", false).is_err());
    }
}
