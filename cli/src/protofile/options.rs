//! What options say, read by name: protos may bring their own copies of those that define them.

use prost_reflect::{DescriptorPool, DynamicMessage, Value};

/// What the extension `name` says in `options`; none if it says nothing.
pub(crate) fn extension(
    pool: &DescriptorPool,
    options: &DynamicMessage,
    name: &str,
) -> Option<Value> {
    let extension = pool.get_extension_by_name(name)?;
    if !options.has_extension(&extension) {
        return None;
    }
    Some(options.get_extension(&extension).into_owned())
}

pub(crate) fn message_extension(
    pool: &DescriptorPool,
    options: &DynamicMessage,
    name: &str,
) -> Option<DynamicMessage> {
    extension(pool, options, name)?.as_message().cloned()
}

/// What is set under `name`.
pub(crate) fn get(message: &DynamicMessage, name: &str) -> Option<Value> {
    if !message.has_field_by_name(name) {
        return None;
    }
    message.get_field_by_name(name).map(std::borrow::Cow::into_owned)
}

pub(crate) fn message(of: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    get(of, name)?.as_message().cloned()
}

pub(crate) fn text(of: &DynamicMessage, name: &str) -> Option<String> {
    get(of, name)?.as_str().map(str::to_owned).filter(|text| !text.is_empty())
}

pub(crate) fn list(of: &DynamicMessage, name: &str) -> Vec<Value> {
    get(of, name).and_then(|value| value.as_list().map(<[_]>::to_vec)).unwrap_or_default()
}
