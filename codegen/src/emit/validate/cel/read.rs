//! Reads expressions in CEL, to see that they can be and speak of what is there: variables, functions,
//! and fields of messages. Whether types fit is seen when they run.

use std::collections::BTreeMap;

use ::cel::IdedExpr;
use ::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue};
use ::cel::parser::Parser;
use prost_reflect::{FieldDescriptor, Kind};

use super::super::re2;
use super::{Refused, Type};

/// What may stand as a name of its own: values, types, and where functions are.
const NAMES: [&str; 17] = [
    "now",
    "int",
    "uint",
    "double",
    "bool",
    "string",
    "bytes",
    "list",
    "map",
    "type",
    "null_type",
    "duration",
    "timestamp",
    "google",
    "strings",
    "math",
    "optional",
];

/// What may be called: the functions of CEL, those for strings and optional values that the framework
/// knows, and what protovalidate adds.
const FUNCTIONS: [&str; 68] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "type",
    "dyn",
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "duration",
    "timestamp",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "charAt",
    "format",
    "indexOf",
    "join",
    "lastIndexOf",
    "lowerAscii",
    "quote",
    "strings.quote",
    "replace",
    "reverse",
    "split",
    "substring",
    "trim",
    "upperAscii",
    "none",
    "of",
    "ofNonZeroValue",
    "optional.none",
    "optional.of",
    "optional.ofNonZeroValue",
    "hasValue",
    "or",
    "orValue",
    "value",
    "optMap",
    "optFlatMap",
    "getField",
    "unique",
    "isNan",
    "isInf",
    "isEmail",
    "isHostname",
    "isUri",
    "isUriRef",
    "isHostAndPort",
    "isIp",
    "isIpPrefix",
    "has",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
];

/// Why `expression` is not taken, which is asked of a value of `this`.
pub(super) fn read(expression: &str, this: &Type) -> Result<(), Refused> {
    let refused = |reason: String| Refused {
        reason: format!("the expression `{expression}` cannot be compiled: {reason}"),
        remedy: "expressions are of CEL, and may speak of this and now",
    };
    let parsed = Parser::new().parse(expression).map_err(|errors| {
        let told = errors.to_string();
        // The first line says what; pictures of the place follow.
        refused(told.lines().next().unwrap_or_default().trim_start_matches("ERROR: ").to_owned())
    })?;
    let mut scope = Scope(BTreeMap::from([("this".to_owned(), this.clone())]));
    scope.type_of(&parsed).map(drop).map_err(refused)
}

/// The variables that an expression may speak of, where it does.
#[derive(Clone)]
struct Scope(BTreeMap<String, Type>);

impl Scope {
    /// What an expression is of, as far as that is known; what is wrong with it.
    fn type_of(&mut self, expr: &IdedExpr) -> Result<Type, String> {
        match &expr.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(Type::Other),
            Expr::Ident(name) => match self.0.get(name) {
                Some(known) => Ok(known.clone()),
                None if NAMES.contains(&name.as_str()) => Ok(Type::Other),
                None => Err(format!("'{name}' is not known")),
            },
            Expr::Select(select) => match self.type_of(&select.operand)? {
                Type::Message(message) => match message.get_field_by_name(&select.field) {
                    Some(field) => Ok(of_field(&field)),
                    None => Err(format!("{} has no field '{}'", message.full_name(), select.field)),
                },
                Type::Map(value) => Ok(*value),
                Type::List(_) | Type::Other => Ok(Type::Other),
            },
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.all(&list.elements),
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Struct(made) => self.entries(made.entries.iter().map(|entry| &entry.expr)),
            Expr::Comprehension(inner) => self.comprehension(inner),
        }
    }

    fn all<'a>(&mut self, parts: impl IntoIterator<Item = &'a IdedExpr>) -> Result<Type, String> {
        for part in parts {
            self.type_of(part)?;
        }
        Ok(Type::Other)
    }

    fn entries<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a EntryExpr>,
    ) -> Result<Type, String> {
        for entry in entries {
            match entry {
                EntryExpr::StructField(field) => self.type_of(&field.value)?,
                EntryExpr::MapEntry(entry) => self.all([&entry.key, &entry.value])?,
            };
        }
        Ok(Type::Other)
    }

    fn call(&mut self, call: &CallExpr) -> Result<Type, String> {
        let name = call.func_name.as_str();
        // Operators are called `_+_`, `!_`, `@in`.
        let is_operator = name.contains(['@', '!', '-']) || name.starts_with('_');
        if !is_operator && !FUNCTIONS.contains(&name) {
            return Err(format!("the function '{name}' is not known"));
        }
        if name == "matches"
            && let Some(Expr::Literal(LiteralValue::String(pattern))) =
                call.args.last().map(|pattern| &pattern.expr)
        {
            let pattern = pattern.inner();
            re2::translate(pattern)
                .map_err(|reason| format!("the pattern `{pattern}` is none of RE2: {reason}"))?;
        }
        let of = call.target.iter().map(|target| &**target).chain(&call.args).next();
        let of = of.map_or(Ok(Type::Other), |first| self.type_of(first))?;
        self.all(call.target.iter().map(|target| &**target).chain(&call.args).skip(1))?;
        Ok(match of {
            Type::List(item) if name == "_[_]" => *item,
            Type::Map(value) if name == "_[_]" => *value,
            _ => Type::Other,
        })
    }

    /// `this.all(item, …)` and the like, which name what they go through.
    fn comprehension(&mut self, inner: &ComprehensionExpr) -> Result<Type, String> {
        let (first, second) = match self.type_of(&inner.iter_range)? {
            Type::List(item) if inner.iter_var2.is_none() => (*item, Type::Other),
            Type::List(item) => (Type::Other, *item),
            Type::Map(value) => (Type::Other, *value),
            Type::Message(_) | Type::Other => (Type::Other, Type::Other),
        };
        self.type_of(&inner.accu_init)?;
        let mut within = self.clone();
        within.0.insert(inner.iter_var.clone(), first);
        within.0.extend(inner.iter_var2.clone().map(|name| (name, second)));
        within.0.insert(inner.accu_var.clone(), Type::Other);
        within.all([&inner.loop_cond, &inner.loop_step, &inner.result])
    }
}

fn of_field(field: &FieldDescriptor) -> Type {
    let one = |kind: Kind| match kind {
        Kind::Message(message) => Type::of_message(message),
        _ => Type::Other,
    };
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            Type::Map(Box::new(one(entry.map_entry_value_field().kind())))
        }
        kind if field.is_list() => Type::List(Box::new(one(kind))),
        kind => one(kind),
    }
}
