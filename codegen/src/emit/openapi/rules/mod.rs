//! The rules of `buf.validate` and `google.api.field_behavior`, as far as a schema can say them, and
//! what it cannot say in words.

mod numbers;
mod texts;

use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, OneofDescriptor,
    Value,
};

use super::node::{Node, Object};

/// Where the rules are told.
#[derive(Debug)]
pub(super) struct Rules {
    field: Option<ExtensionDescriptor>,
    oneof: Option<ExtensionDescriptor>,
    behavior: Option<ExtensionDescriptor>,
}

/// What is asked of a value.
#[derive(Debug, Default)]
pub(super) struct Constraints {
    pub(super) schema: Object,
    /// What a schema cannot say.
    pub(super) notes: Vec<String>,
}

/// `IGNORE_IF_ZERO_VALUE` and `IGNORE_ALWAYS` of buf.validate.
const IF_ZERO: i32 = 1;
const ALWAYS: i32 = 3;

/// Numbers of google.api.FieldBehavior.
const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;
const INPUT_ONLY: i32 = 4;
const IMMUTABLE: i32 = 5;

impl Rules {
    pub(super) fn of_pool(pool: &DescriptorPool) -> Self {
        Self {
            field: pool.get_extension_by_name("buf.validate.field"),
            oneof: pool.get_extension_by_name("buf.validate.oneof"),
            behavior: pool.get_extension_by_name("google.api.field_behavior"),
        }
    }

    /// What `(buf.validate.field)` says of a field, unless it says to ignore it.
    pub(super) fn of(&self, field: &FieldDescriptor) -> Option<DynamicMessage> {
        let extension = self.field.as_ref()?;
        let options = field.options();
        if !options.has_extension(extension) {
            return None;
        }
        let rules = options.get_extension(extension).as_message()?.clone();
        (number_of(&rules, "ignore") != Some(ALWAYS)).then_some(rules)
    }

    /// Whether a message without the field is refused.
    pub(super) fn is_required(&self, field: &FieldDescriptor) -> bool {
        let by_rule = self.of(field).is_some_and(|rules| {
            is_set(&rules, "required")
                || (!field.supports_presence()
                    && number_of(&rules, "ignore") != Some(IF_ZERO)
                    && refuses_zero(field, &rules))
        });
        let by_syntax = field.cardinality() == prost_reflect::Cardinality::Required;
        by_rule || by_syntax || self.behaviors(field).contains(&REQUIRED)
    }

    /// Whether one of a oneof's fields has to be there.
    pub(super) fn is_oneof_required(&self, oneof: &OneofDescriptor) -> bool {
        let Some(extension) = &self.oneof else { return false };
        let options = oneof.options();
        options.get_extension(extension).as_message().is_some_and(|rules| is_set(rules, "required"))
    }

    /// What `google.api.field_behavior` says beside whether a field is required.
    pub(super) fn behavior(&self, field: &FieldDescriptor) -> Object {
        let behaviors = self.behaviors(field);
        let has = |behavior| behaviors.contains(&behavior).then_some(true);
        Object::new()
            .with_some("readOnly", has(OUTPUT_ONLY))
            .with_some("writeOnly", has(INPUT_ONLY))
            .with_some("x-immutable", has(IMMUTABLE))
    }

    /// Whether callers are not to tell the field.
    pub(super) fn is_output_only(&self, field: &FieldDescriptor) -> bool {
        self.behaviors(field).contains(&OUTPUT_ONLY)
    }

    fn behaviors(&self, field: &FieldDescriptor) -> Vec<i32> {
        let Some(extension) = &self.behavior else { return Vec::new() };
        let told = field.options();
        let told = told.get_extension(extension);
        told.as_list().into_iter().flatten().filter_map(Value::as_enum_number).collect()
    }
}

impl Constraints {
    /// What rules say of a field as a whole.
    pub(super) fn of_field(field: &FieldDescriptor, rules: Option<&DynamicMessage>) -> Self {
        let Some(rules) = rules else { return Self::default() };
        let mut constraints = if field.is_map() {
            counted(rules, "map", [("min_pairs", "minProperties"), ("max_pairs", "maxProperties")])
        } else if field.is_list() {
            let mut list =
                counted(rules, "repeated", [("min_items", "minItems"), ("max_items", "maxItems")]);
            if part(rules, "repeated").is_some_and(|list| is_set(&list, "unique")) {
                list.schema.set("uniqueItems", true);
            }
            list
        } else {
            Self::of(&field.kind(), rules)
        };
        if is_set(rules, "required") && !field.supports_presence() {
            constraints.add_not_zero(field);
        }
        if number_of(rules, "ignore") == Some(IF_ZERO)
            && !field.supports_presence()
            && !constraints.schema.is_empty()
        {
            constraints.let_zero(field);
        }
        constraints
    }

    /// What rules say of one value.
    pub(super) fn of(kind: &Kind, rules: &DynamicMessage) -> Self {
        let mut constraints = Self::default();
        for name in ["cel", "cel_expression"] {
            let expressions = rules.get_field_by_name(name);
            let expressions = expressions.iter().filter_map(|list| list.as_list()).flatten();
            constraints.notes.extend(expressions.filter_map(told_expression));
        }
        let Some((name, of_type)) = of_type(rules) else { return constraints };
        match name.as_str() {
            "string" => texts::add(&mut constraints, &of_type),
            "bool" => constraints.add_const(&of_type),
            "enum" => constraints.add_names(kind, &of_type),
            "bytes" => texts::add_bytes(&mut constraints, &of_type),
            "any" => texts::add_any(&mut constraints, &of_type),
            "duration" | "timestamp" | "field_mask" => {
                numbers::add_times(&mut constraints, &of_type);
            }
            _ => numbers::add(&mut constraints, &of_type),
        }
        let examples = list_of(&of_type, "example");
        let examples: Vec<_> = examples.iter().filter_map(plain).collect();
        if !examples.is_empty() {
            constraints.schema.set("examples", examples);
        }
        constraints
    }

    /// What rules say of the keys of a map, whose JSON is text: nothing of numbers.
    pub(super) fn of_text(kind: &Kind, rules: Option<&DynamicMessage>) -> Object {
        match (kind, rules) {
            (Kind::String, Some(rules)) => Self::of(kind, rules).schema,
            _ => Object::new(),
        }
    }

    fn add_const(&mut self, rules: &DynamicMessage) {
        if let Some(value) = told(rules, "const").as_ref().and_then(plain) {
            self.schema.set("const", value);
        }
    }

    fn add_lists(&mut self, rules: &DynamicMessage) {
        let one_of: Vec<_> = list_of(rules, "in").iter().filter_map(plain).collect();
        if !one_of.is_empty() {
            self.schema.set("enum", one_of);
        }
        let none_of: Vec<_> = list_of(rules, "not_in").iter().filter_map(plain).collect();
        if !none_of.is_empty() {
            self.schema.set("not", Object::new().with("enum", none_of));
        }
    }

    /// The same of an enum, whose rules tell numbers and whose JSON tells names.
    fn add_names(&mut self, kind: &Kind, rules: &DynamicMessage) {
        let Kind::Enum(proto) = kind else { return };
        let name = |value: &Value| {
            let value = proto.get_value(value.as_i32().or_else(|| value.as_enum_number())?)?;
            Some(Node::from(value.name()))
        };
        let names =
            |list: &str| -> Vec<_> { list_of(rules, list).iter().filter_map(name).collect() };
        if let Some(value) = told(rules, "const").as_ref().and_then(name) {
            self.schema.set("const", value);
        }
        let (one_of, none_of) = (names("in"), names("not_in"));
        if !one_of.is_empty() {
            self.schema.set("enum", one_of);
        }
        if !none_of.is_empty() {
            self.schema.set("not", Object::new().with("enum", none_of));
        }
    }

    fn add_not_zero(&mut self, field: &FieldDescriptor) {
        if field.is_map() {
            self.at_least("minProperties");
        } else if field.is_list() {
            self.at_least("minItems");
        } else if matches!(field.kind(), Kind::String | Kind::Bytes) {
            self.at_least("minLength");
        } else if let Some(zero) = zero(field) {
            self.schema.set("not", Object::new().with("const", zero));
        }
    }

    fn at_least(&mut self, keyword: &str) {
        if self.schema.get(keyword).is_none() {
            self.schema.set(keyword, 1);
        }
    }

    /// Lets the zero value by, whatever is asked of others.
    fn let_zero(&mut self, field: &FieldDescriptor) {
        let zero = if field.is_map() {
            Object::new().with("maxProperties", 0)
        } else if field.is_list() {
            Object::new().with("maxItems", 0)
        } else if let Some(zero) = zero(field) {
            Object::new().with("const", zero)
        } else {
            return;
        };
        let examples = self.schema.remove("examples");
        let others = std::mem::take(&mut self.schema);
        self.schema =
            Object::new().with("anyOf", vec![zero, others]).with_some("examples", examples);
    }
}

/// What rules say of what a field repeats.
pub(super) fn of_items(rules: Option<&DynamicMessage>) -> Option<DynamicMessage> {
    part(&part(rules?, "repeated")?, "items")
}

/// What rules say of a map's keys and of its values.
pub(super) fn of_map(rules: Option<&DynamicMessage>) -> [Option<DynamicMessage>; 2] {
    let map = rules.and_then(|rules| part(rules, "map"));
    ["keys", "values"].map(|name| part(map.as_ref()?, name))
}

/// Whether numbers are bounded, so that what is no number cannot be meant.
pub(super) fn is_bounded(rules: Option<&DynamicMessage>) -> bool {
    let of_type = rules.and_then(of_type);
    of_type.is_some_and(|(_, rules)| {
        ["const", "lt", "lte", "gt", "gte", "in"].iter().any(|name| rules.has_field_by_name(name))
            || is_set(&rules, "finite")
    })
}

/// The zero value of a field without presence, in JSON.
fn zero(field: &FieldDescriptor) -> Option<Node> {
    Some(match field.kind() {
        Kind::Bool => false.into(),
        Kind::String | Kind::Bytes => "".into(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => "0".into(),
        Kind::Enum(proto) => proto.get_value(0)?.name().into(),
        Kind::Message(_) => return None,
        Kind::Double
        | Kind::Float
        | Kind::Int32
        | Kind::Uint32
        | Kind::Sint32
        | Kind::Fixed32
        | Kind::Sfixed32 => 0.into(),
    })
}

fn refuses_zero(field: &FieldDescriptor, rules: &DynamicMessage) -> bool {
    let at_least = |part_name: &str, name: &str| {
        part(rules, part_name)
            .and_then(|part| told(&part, name))
            .is_some_and(|n| n.as_u64() > Some(0))
    };
    if field.is_map() {
        return at_least("map", "min_pairs");
    }
    if field.is_list() {
        return at_least("repeated", "min_items");
    }
    let Some((name, of_type)) = of_type(rules) else { return false };
    match name.as_str() {
        "string" | "bytes" => texts::refuse_empty(&of_type),
        "bool" => told(&of_type, "const").and_then(|value| value.as_bool()) == Some(true),
        _ => numbers::refuse_zero(&of_type),
    }
}

/// The least and the most of what there may be many of.
fn counted(rules: &DynamicMessage, name: &str, keywords: [(&str, &str); 2]) -> Constraints {
    let mut constraints = Constraints::default();
    if let Some(rules) = part(rules, name) {
        for (rule, keyword) in keywords {
            if let Some(count) = told(&rules, rule).and_then(|value| value.as_u64()) {
                constraints.schema.set(keyword, count);
            }
        }
    }
    constraints
}

/// The rules of the one type that they are for, and its name.
fn of_type(rules: &DynamicMessage) -> Option<(String, DynamicMessage)> {
    rules.fields().find_map(|(field, value)| {
        let of_type = field.containing_oneof().is_some_and(|oneof| oneof.name() == "type");
        Some((field.name().to_owned(), of_type.then(|| value.as_message())??.clone()))
    })
}

/// A rule in CEL: what it says when it does not hold, or else itself.
fn told_expression(rule: &Value) -> Option<String> {
    if let Some(expression) = rule.as_str() {
        return Some(format!("`{expression}`"));
    }
    let rule = rule.as_message()?;
    let of = |name| told(rule, name).and_then(|value| value.as_str().map(str::to_owned));
    of("message")
        .filter(|message| !message.is_empty())
        .or_else(|| of("expression").map(|expression| format!("`{expression}`")))
}

fn part(message: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    told(message, name)?.as_message().cloned()
}

/// The value of a field that was told.
fn told(message: &DynamicMessage, name: &str) -> Option<Value> {
    message
        .has_field_by_name(name)
        .then(|| message.get_field_by_name(name))?
        .map(std::borrow::Cow::into_owned)
}

fn list_of(message: &DynamicMessage, name: &str) -> Vec<Value> {
    told(message, name).and_then(|value| value.as_list().map(<[Value]>::to_vec)).unwrap_or_default()
}

fn is_set(message: &DynamicMessage, name: &str) -> bool {
    told(message, name).and_then(|value| value.as_bool()).unwrap_or_default()
}

fn number_of(message: &DynamicMessage, name: &str) -> Option<i32> {
    told(message, name)?.as_enum_number()
}

/// A value as JSON has it.
fn plain(value: &Value) -> Option<Node> {
    Some(match value {
        Value::Bool(value) => (*value).into(),
        Value::I32(value) => (*value).into(),
        Value::U32(value) => (*value).into(),
        Value::I64(value) => value.to_string().into(),
        Value::U64(value) => value.to_string().into(),
        Value::F32(_) | Value::F64(_) => numbers::float(value)?.into(),
        Value::String(value) => value.as_str().into(),
        Value::Message(_) => numbers::time(value)?.into(),
        Value::Bytes(_) | Value::EnumNumber(_) | Value::List(_) | Value::Map(_) => return None,
    })
}
