//! What an error tells beside its four fields: messages of `google.rpc`, or of anybody.

use bia::error::details::{
    BadRequest, DebugInfo, Detail, ErrorInfo, Help, LocalizedMessage, PreconditionFailure,
    QuotaFailure, RequestInfo, ResourceInfo, RetryInfo,
};
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde::Serialize;
use serde_json::{Value, json};

/// A detail in lines: what it is, and below what it says.
pub(super) fn told(detail: &Detail, pool: &DescriptorPool) -> String {
    let name = detail.type_url().rsplit('/').next().unwrap_or_default();
    let short = name.strip_prefix("google.rpc.").unwrap_or(name);
    let lines = known(detail).unwrap_or_else(|| vec![rest(detail, pool)]);
    match lines.as_slice() {
        [] => short.to_owned(),
        [one] => format!("{short}: {one}"),
        several => format!("{short}:\n  {}", several.join("\n  ")),
    }
}

fn known(detail: &Detail) -> Option<Vec<String>> {
    let pair = |name: &str, value: &str| match value {
        "" => None,
        value => Some(format!("{name} {value}")),
    };
    if let Some(bad) = detail.decode::<BadRequest>() {
        let violations = bad.field_violations.iter();
        return Some(violations.map(|it| format!("{}: {}", it.field, it.description)).collect());
    }
    if let Some(failed) = detail.decode::<PreconditionFailure>() {
        let violations = failed.violations.iter();
        return Some(
            violations
                .map(|it| format!("{} {}: {}", it.r#type, it.subject, it.description))
                .collect(),
        );
    }
    if let Some(quota) = detail.decode::<QuotaFailure>() {
        let violations = quota.violations.iter();
        return Some(violations.map(|it| format!("{}: {}", it.subject, it.description)).collect());
    }
    if let Some(retry) = detail.decode::<RetryInfo>() {
        let wait = retry.delay().map(bia::config::duration::format);
        return Some(vec![format!("after {}", wait.unwrap_or_else(|| "no time".to_owned()))]);
    }
    if let Some(help) = detail.decode::<Help>() {
        return Some(
            help.links.iter().map(|it| format!("{}: {}", it.description, it.url)).collect(),
        );
    }
    if let Some(text) = detail.decode::<LocalizedMessage>() {
        return Some(vec![format!("({}) {}", text.locale, text.message)]);
    }
    if let Some(debug) = detail.decode::<DebugInfo>() {
        let told = (!debug.detail.is_empty()).then_some(debug.detail);
        return Some(told.into_iter().chain(debug.stack_entries).collect());
    }
    if let Some(request) = detail.decode::<RequestInfo>() {
        let parts = [pair("request", &request.request_id), pair("data", &request.serving_data)];
        return Some(parts.into_iter().flatten().collect());
    }
    if let Some(resource) = detail.decode::<ResourceInfo>() {
        let owner = pair("owner", &resource.owner);
        let name = format!("{} {}", resource.resource_type, resource.resource_name);
        let told = (!resource.description.is_empty()).then_some(resource.description);
        return Some([Some(name), owner, told].into_iter().flatten().collect());
    }
    if let Some(info) = detail.decode::<ErrorInfo>() {
        let metadata = info.metadata.iter().map(|(key, value)| format!("{key} = {value}"));
        return Some(std::iter::once(info.reason.clone()).chain(metadata).collect());
    }
    None
}

/// A detail of anybody: as JSON if its type is known, else how large it is.
fn rest(detail: &Detail, pool: &DescriptorPool) -> String {
    if let Some(message) = of_pool(detail, pool)
        && let Ok(text) = serde_json::to_string(&message)
    {
        return text;
    }
    match detail.to_any() {
        Some(any) => format!("{} bytes, of a type that is not known here", any.value.len()),
        None => "of a type that is not known here".to_owned(),
    }
}

fn of_pool(detail: &Detail, pool: &DescriptorPool) -> Option<DynamicMessage> {
    let name = detail.type_url().rsplit('/').next()?;
    let kind = pool.get_message_by_name(name)?;
    DynamicMessage::decode(kind, detail.to_any()?.value.as_slice()).ok()
}

/// A detail as protobuf writes an `Any`; of a type that is not known, its size in bytes.
pub(super) fn document(detail: &Detail, pool: &DescriptorPool) -> Value {
    let known = [
        written::<BadRequest>,
        written::<PreconditionFailure>,
        written::<QuotaFailure>,
        written::<RetryInfo>,
        written::<Help>,
        written::<LocalizedMessage>,
        written::<DebugInfo>,
        written::<RequestInfo>,
        written::<ResourceInfo>,
        written::<ErrorInfo>,
    ];
    let told = known.iter().find_map(|write| write(detail));
    let told = told.or_else(|| serde_json::to_value(of_pool(detail, pool)?).ok());
    let mut document = match told {
        Some(Value::Object(members)) => Value::Object(members),
        Some(value) => json!({"value": value}),
        None => json!({"bytes": detail.to_any().map(|any| any.value.len())}),
    };
    document["@type"] = detail.type_url().into();
    document
}

fn written<T: prost::Name + bia::json::Json + Default + Serialize>(
    detail: &Detail,
) -> Option<Value> {
    serde_json::to_value(detail.decode::<T>()?).ok()
}
