//! How a method is called: what it takes and answers, as its proto has it, and an example.

use std::collections::BTreeSet;

use prost_reflect::{
    Cardinality, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    MethodDescriptor,
};
use serde_json::{Value, json};

use crate::error::Result;
use crate::remote::kind_name;
use crate::shell::{Look, Shell};

use super::api::{kind, operation};
use super::example::example;

/// Types that everybody knows.
const WELL_KNOWN: &str = "google.protobuf.";

/// Prints how `method` is called.
pub(super) fn run(method: &MethodDescriptor, is_json: bool, shell: &Shell) -> Result<()> {
    let request = example(&method.input());
    if is_json {
        return shell.data(json!({
            "method": operation(method),
            "kind": kind_name(kind(method)),
            "request": method.input().full_name(),
            "answer": method.output().full_name(),
            "proto": proto(method),
            "example": request,
        }));
    }
    shell.data(proto(method).trim_end())?;
    let heading = match method.is_client_streaming() {
        true => "// A request; there may be several, one after the other.",
        false => "// A request.",
    };
    shell.data(format_args!("\n{}", Look::Faint.paint(heading)))?;
    shell.data(in_order(&method.input(), &request).unwrap_or_else(|| format!("{request:#}")))
}

/// The same with the fields in the order of the proto.
fn in_order(kind: &MessageDescriptor, request: &Value) -> Option<String> {
    let message = DynamicMessage::deserialize(kind.clone(), request).ok()?;
    serde_json::to_string_pretty(&message).ok()
}

/// The method and all that it takes and answers, as a proto.
fn proto(method: &MethodDescriptor) -> String {
    let package = method.parent_service().parent_file().package_name().to_owned();
    let mut writer = Writer { text: String::new(), package, seen: BTreeSet::new() };
    let stream = |is_stream: bool| if is_stream { "stream " } else { "" };
    let (input, output) = (method.input(), method.output());
    let line = format!(
        "rpc {}({}{}) returns ({}{});",
        method.name(),
        stream(method.is_client_streaming()),
        writer.name(input.full_name()),
        stream(method.is_server_streaming()),
        writer.name(output.full_name()),
    );
    writer.text.push_str(&line);
    writer.text.push('\n');
    writer.message(&input);
    writer.message(&output);
    writer.text
}

/// Writes each type once, behind those that hold it.
struct Writer {
    text: String,
    package: String,
    seen: BTreeSet<String>,
}

impl Writer {
    /// A type as it is called within the package.
    fn name(&self, full_name: &str) -> String {
        let own = full_name.strip_prefix(&self.package).and_then(|name| name.strip_prefix('.'));
        own.unwrap_or(full_name).to_owned()
    }

    fn is_new(&mut self, full_name: &str) -> bool {
        !full_name.starts_with(WELL_KNOWN) && self.seen.insert(full_name.to_owned())
    }

    fn message(&mut self, message: &MessageDescriptor) {
        if !self.is_new(message.full_name()) {
            return;
        }
        let mut text = format!("\nmessage {} {{\n", self.name(message.full_name()));
        let mut oneof = None;
        for field in message.fields() {
            let within = field.containing_oneof().filter(|it| !it.is_synthetic());
            let name = within.map(|it| it.name().to_owned());
            if name != oneof {
                if oneof.is_some() {
                    text.push_str("  }\n");
                }
                if let Some(name) = &name {
                    text.push_str(&format!("  oneof {name} {{\n"));
                }
                oneof = name;
            }
            let indent = if oneof.is_some() { "    " } else { "  " };
            text.push_str(&format!("{indent}{} = {};\n", self.field(&field), field.number()));
        }
        if oneof.is_some() {
            text.push_str("  }\n");
        }
        text.push_str("}\n");
        self.text.push_str(&text);
        for field in message.fields() {
            self.kind(&field.kind());
        }
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Message(message) if message.is_map_entry() => {
                self.kind(&message.map_entry_value_field().kind());
            }
            Kind::Message(message) => self.message(message),
            Kind::Enum(values) => self.values(values),
            _ => {}
        }
    }

    fn values(&mut self, values: &EnumDescriptor) {
        if !self.is_new(values.full_name()) {
            return;
        }
        let mut text = format!("\nenum {} {{\n", self.name(values.full_name()));
        for value in values.values() {
            text.push_str(&format!("  {} = {};\n", value.name(), value.number()));
        }
        text.push_str("}\n");
        self.text.push_str(&text);
    }

    fn field(&self, field: &FieldDescriptor) -> String {
        if field.is_map()
            && let Kind::Message(entry) = field.kind()
        {
            let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            let (key, value) = (self.of(&key.kind()), self.of(&value.kind()));
            return format!("map<{key}, {value}> {}", field.name());
        }
        let is_optional = field.supports_presence()
            && field.containing_oneof().is_some_and(|oneof| oneof.is_synthetic());
        let label = match field.cardinality() {
            Cardinality::Repeated => "repeated ",
            Cardinality::Required => "required ",
            Cardinality::Optional if is_optional => "optional ",
            Cardinality::Optional => "",
        };
        format!("{label}{} {}", self.of(&field.kind()), field.name())
    }

    fn of(&self, kind: &Kind) -> String {
        match kind {
            Kind::Message(message) => self.name(message.full_name()),
            Kind::Enum(values) => self.name(values.full_name()),
            scalar => format!("{scalar:?}").to_lowercase(),
        }
    }
}
