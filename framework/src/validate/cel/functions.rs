//! What protovalidate adds to the functions of CEL.
#![expect(clippy::needless_pass_by_value, reason = "the signature of functions of CEL")]

use ::cel::common::types::{
    BOOL_TYPE, BYTES_TYPE, CelBool, CelBytes, CelDouble, CelInt, CelString, CelStruct, DOUBLE_TYPE,
    DYN_TYPE, INT_TYPE, LIST_TYPE, STRING_TYPE, Type,
};
use ::cel::common::value::{CowVal, Val};
use ::cel::{DeclarationError, Env, ExecutionError};

use super::super::format::{self, Version};
use super::value::SET;

/// What `has(a.b)` is made a call of, with `a` and the name `b`.
pub(super) const HAS: &str = "@has";

type Args<'b, 'v> = Vec<CowVal<'b, 'v>>;
type Outcome<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(HAS, "has_field", vec![DYN_TYPE, STRING_TYPE], has)?;
    env.add_overload("getField", "get_field", vec![DYN_TYPE, STRING_TYPE], get_field)?;
    env.add_member_overload("unique", "list_unique", LIST_TYPE, vec![], unique)?;
    env.add_member_overload("isNan", "double_is_nan", DOUBLE_TYPE, vec![], |args| {
        truth(number(&args)?.is_nan())
    })?;
    env.add_member_overload("isInf", "double_is_inf", DOUBLE_TYPE, vec![], |args| {
        truth(number(&args)?.is_infinite())
    })?;
    env.add_member_overload(
        "isInf",
        "double_is_inf_of_sign",
        DOUBLE_TYPE,
        vec![INT_TYPE],
        |args| {
            let (number, sign) = (number(&args)?, int(&args, 1)?);
            truth(number.is_infinite() && (sign == 0 || (sign > 0) == (number > 0.0)))
        },
    )?;
    for (name, id, op) in [
        ("startsWith", "bytes_starts_with", starts_with as ::cel::common::functions::Function),
        ("endsWith", "bytes_ends_with", ends_with),
        ("contains", "bytes_contains", contains),
    ] {
        env.add_member_overload(name, id, BYTES_TYPE, vec![BYTES_TYPE], op)?;
    }
    let mut format = |name: &str, args: Vec<Type>, op: ::cel::common::functions::Function| {
        let id = format!("{name}_{}", args.iter().map(Type::name).collect::<Vec<_>>().join("_"));
        env.add_member_overload(name, &id, STRING_TYPE, args, op)
    };
    format("isEmail", vec![], |args| truth(format::is_email(text(&args, 0)?)))?;
    format("isHostname", vec![], |args| truth(format::is_hostname(text(&args, 0)?)))?;
    format("isUri", vec![], |args| truth(format::is_uri(text(&args, 0)?)))?;
    format("isUriRef", vec![], |args| truth(format::is_uri_reference(text(&args, 0)?)))?;
    format("isHostAndPort", vec![BOOL_TYPE], |args| {
        truth(format::is_host_and_port(text(&args, 0)?, flag(&args, 1)?))
    })?;
    format("isIp", vec![], |args| truth(format::is_ip(text(&args, 0)?, Version::Any)))?;
    format("isIp", vec![INT_TYPE], |args| {
        let version = version(int(&args, 1)?);
        truth(
            version.is_some_and(|version| {
                text(&args, 0).is_ok_and(|text| format::is_ip(text, version))
            }),
        )
    })?;
    format("isIpPrefix", vec![], |args| {
        truth(format::is_ip_prefix(text(&args, 0)?, Version::Any, false))
    })?;
    format("isIpPrefix", vec![BOOL_TYPE], |args| {
        truth(format::is_ip_prefix(text(&args, 0)?, Version::Any, flag(&args, 1)?))
    })?;
    format("isIpPrefix", vec![INT_TYPE], |args| {
        let (text, version) = (text(&args, 0)?, version(int(&args, 1)?));
        truth(version.is_some_and(|version| format::is_ip_prefix(text, version, false)))
    })?;
    format("isIpPrefix", vec![INT_TYPE, BOOL_TYPE], |args| {
        let (text, version, strict) = (text(&args, 0)?, version(int(&args, 1)?), flag(&args, 2)?);
        truth(version.is_some_and(|version| format::is_ip_prefix(text, version, strict)))
    })
}

fn version(number: i64) -> Option<Version> {
    match number {
        0 => Some(Version::Any),
        4 => Some(Version::V4),
        6 => Some(Version::V6),
        _ => None,
    }
}

fn has<'b, 'v>(args: Args<'b, 'v>) -> Outcome<'b, 'v> {
    let [holder, name] = args.as_slice() else { return Err(mistaken("two arguments")) };
    if let Some(message) = holder.downcast_ref::<CelStruct<'_>>() {
        let name = text(&args, 1)?;
        if message.field_value(name).is_none() {
            return Err(ExecutionError::no_such_key(name));
        }
        return truth(message.field_value(&format!("{SET}{name}")).is_some());
    }
    let fields = holder.as_indexer().ok_or_else(|| mistaken("a message or a map"))?;
    match fields.get(name.as_ref()) {
        Ok(_) => truth(true),
        Err(ExecutionError::NoSuchKey(_)) => truth(false),
        Err(error) => Err(error),
    }
}

fn get_field<'b, 'v>(args: Args<'b, 'v>) -> Outcome<'b, 'v> {
    let fields = args[0].as_indexer().ok_or_else(|| mistaken("a message"))?;
    Ok(CowVal::Owned(fields.get(args[1].as_ref())?.into_owned()))
}

fn unique<'b, 'v>(args: Args<'b, 'v>) -> Outcome<'b, 'v> {
    let items = args[0].as_iterable().ok_or_else(|| mistaken("a list"))?;
    let mut items = items.iter();
    let mut seen: Vec<&dyn Val> = Vec::new();
    while let Some(item) = items.next() {
        if seen.iter().any(|other| other.equals(item)) {
            return truth(false);
        }
        seen.push(item);
    }
    truth(true)
}

fn starts_with<'b, 'v>(args: Args<'b, 'v>) -> Outcome<'b, 'v> {
    truth(bytes(&args, 0)?.starts_with(bytes(&args, 1)?))
}

fn ends_with<'b, 'v>(args: Args<'b, 'v>) -> Outcome<'b, 'v> {
    truth(bytes(&args, 0)?.ends_with(bytes(&args, 1)?))
}

fn contains<'b, 'v>(args: Args<'b, 'v>) -> Outcome<'b, 'v> {
    truth(super::super::rules::contains(bytes(&args, 0)?, bytes(&args, 1)?))
}

fn truth<'b, 'v>(is: bool) -> Outcome<'b, 'v> {
    Ok(CowVal::owned(CelBool::from(is)))
}

fn mistaken(want: &str) -> ExecutionError {
    ExecutionError::UnexpectedType { got: "another value".to_owned(), want: want.to_owned() }
}

fn text<'a>(args: &'a [CowVal<'_, '_>], place: usize) -> Result<&'a str, ExecutionError> {
    let text = args.get(place).and_then(|value| value.downcast_ref::<CelString<'_>>());
    text.map(CelString::inner).ok_or_else(|| mistaken("a text"))
}

fn bytes<'a>(args: &'a [CowVal<'_, '_>], place: usize) -> Result<&'a [u8], ExecutionError> {
    let bytes = args.get(place).and_then(|value| value.downcast_ref::<CelBytes<'_>>());
    bytes.map(CelBytes::inner).ok_or_else(|| mistaken("bytes"))
}

fn int(args: &[CowVal<'_, '_>], place: usize) -> Result<i64, ExecutionError> {
    let number = args.get(place).and_then(|value| value.downcast_ref::<CelInt>());
    number.map(|number| *number.inner()).ok_or_else(|| mistaken("a number"))
}

fn flag(args: &[CowVal<'_, '_>], place: usize) -> Result<bool, ExecutionError> {
    let flag = args.get(place).and_then(|value| value.downcast_ref::<CelBool>());
    flag.map(|flag| *flag.inner()).ok_or_else(|| mistaken("true or false"))
}

fn number(args: &[CowVal<'_, '_>]) -> Result<f64, ExecutionError> {
    let number = args.first().and_then(|value| value.downcast_ref::<CelDouble>());
    number.map(|number| *number.inner()).ok_or_else(|| mistaken("a double"))
}
