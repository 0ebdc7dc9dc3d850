//! What became of the rules that messages keep: whether they are tighter or looser.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};

use crate::command::proto::breaking::change;
use crate::command::proto::breaking::side::Part;

use super::values::{self, Number, show};
use super::{At, Comparison};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Tighter,
    Looser,
}

/// One rule that changed.
#[derive(Clone, Debug)]
struct Turn {
    rule: String,
    way: Way,
    from: Option<String>,
    to: Option<String>,
}

impl Comparison<'_> {
    pub(super) fn message_rules(
        &mut self,
        old: &MessageDescriptor,
        new: &MessageDescriptor,
        at: At<'_>,
    ) {
        let rules = |it: &MessageDescriptor| {
            values::message_extension(it.parent_pool(), &it.options(), "buf.validate.message")
        };
        let mut turns = Vec::new();
        compare(rules(old).as_ref(), rules(new).as_ref(), "", &mut turns);
        for oneof in new.oneofs() {
            let required = |oneof: &prost_reflect::OneofDescriptor| {
                let pool = oneof.parent_pool();
                values::message_extension(pool, &oneof.options(), "buf.validate.oneof")
            };
            let was = old.oneofs().find(|it| it.name() == oneof.name());
            let rule = format!("{}.", oneof.name());
            compare(
                was.as_ref().and_then(required).as_ref(),
                required(&oneof).as_ref(),
                &rule,
                &mut turns,
            );
        }
        self.turned(new.full_name(), new.full_name(), at, turns);
    }

    pub(super) fn field_rules(
        &mut self,
        old: &FieldDescriptor,
        new: &FieldDescriptor,
        part: &Part,
    ) {
        let mut turns = Vec::new();
        compare(rules_of(old).as_ref(), rules_of(new).as_ref(), "", &mut turns);
        let file = new.parent_file();
        let at = At::new(part, &file, new.path());
        self.turned(new.full_name(), new.parent_message().full_name(), at, turns);
    }

    /// A new field that callers who do not know it are refused for.
    pub(super) fn new_field_rules(&mut self, field: &FieldDescriptor, at: At<'_>) {
        let message = field.parent_message().full_name();
        let is_only_answered = self.answers.contains(message) && !self.requests.contains(message);
        let Some(rules) = rules_of(field).filter(|_| !is_only_answered) else { return };
        if let Some(rule) = refuses_nothing_sent(field, &rules) {
            self.found(change::RULE_NEW_FIELD, field.full_name(), at, None, Some(rule));
        }
    }

    fn turned(&mut self, subject: &str, message: &str, at: At<'_>, turns: Vec<Turn>) {
        let (asked, answered) = (self.requests.contains(message), self.answers.contains(message));
        for turn in turns {
            // Only requests are held against rules. What is promised of answers alone is a promise to callers.
            let change = match turn.way {
                Way::Tighter if asked || !answered => change::RULE_TIGHTENED,
                Way::Looser if answered && !asked => change::RULE_LOOSENED_IN_ANSWERS,
                Way::Tighter | Way::Looser => continue,
            };
            self.found_in_detail(change, (subject, &turn.rule), at, turn.from, turn.to);
        }
    }
}

fn rules_of(field: &FieldDescriptor) -> Option<DynamicMessage> {
    values::message_extension(field.parent_pool(), &field.options(), "buf.validate.field")
}

/// Compares two messages of `buf.validate`, of which either may be missing.
fn compare(
    old: Option<&DynamicMessage>,
    new: Option<&DynamicMessage>,
    prefix: &str,
    turns: &mut Vec<Turn>,
) {
    let names = |it: Option<&DynamicMessage>| -> BTreeSet<String> {
        it.iter().flat_map(|it| it.fields().map(|(field, _)| field.name().to_owned())).collect()
    };
    let mut names: BTreeSet<String> = names(old).union(&names(new)).cloned().collect();
    let get = |of: Option<&DynamicMessage>, name: &str| of.and_then(|it| values::get(it, name));
    for (under, or_equal, is_upper) in [("lt", "lte", true), ("gt", "gte", false)] {
        let has = names.remove(under) | names.remove(or_equal);
        if has {
            let bound = |of| {
                let strict = get(of, under).map(|value| (value, true));
                strict.or_else(|| get(of, or_equal).map(|value| (value, false)))
            };
            bounds(
                bound(old),
                bound(new),
                is_upper,
                &format!("{prefix}{}", if is_upper { "lt/lte" } else { "gt/gte" }),
                turns,
            );
        }
    }
    for name in names {
        let (was, is) = (get(old, &name), get(new, &name));
        // Messages of two states are never equal, though they say the same.
        if was.as_ref().map(show) == is.as_ref().map(show) {
            continue;
        }
        let rule = format!("{prefix}{name}");
        let below = |value: &Option<Value>| {
            let message = value.as_ref()?.as_message()?;
            let is_rules = message.descriptor().full_name().starts_with("buf.validate.");
            is_rules.then(|| message.clone())
        };
        if below(&was).is_some() || below(&is).is_some() {
            let prefix = format!("{rule}.");
            compare(below(&was).as_ref(), below(&is).as_ref(), &prefix, turns);
            continue;
        }
        turns.extend(way(&name, was.as_ref(), is.as_ref()).into_iter().map(|way| Turn {
            rule: rule.clone(),
            way,
            from: Some(was.as_ref().map_or_else(|| "none".to_owned(), show)),
            to: Some(is.as_ref().map_or_else(|| "none".to_owned(), show)),
        }));
    }
}

/// A bound, and whether it is itself outside.
type Bound = Option<(Value, bool)>;

fn bounds(was: Bound, is: Bound, is_upper: bool, rule: &str, turns: &mut Vec<Turn>) {
    let order = match (&was, &is) {
        (None, None) => return,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(was), Some(is)) => {
            let place = |(value, is_outside): &(Value, bool)| match Number::of(value) {
                // Of whole numbers, below 5 is up to 4.
                Some(Number::Whole(number)) if *is_outside => {
                    Some((Number::Whole(if is_upper { number - 1 } else { number + 1 }), false))
                }
                number => number.map(|number| (number, *is_outside)),
            };
            let (Some((was, was_outside)), Some((is, is_outside))) = (place(was), place(is)) else {
                return;
            };
            let order = is.order(was);
            let order = if is_upper { order } else { order.reverse() };
            order.then(was_outside.cmp(&is_outside))
        }
    };
    let way = match order {
        Ordering::Less => Way::Tighter,
        Ordering::Greater => Way::Looser,
        Ordering::Equal => return,
    };
    let text = |bound: Bound| {
        let signs = if is_upper { ["<=", "<"] } else { [">=", ">"] };
        Some(bound.map_or_else(
            || "none".to_owned(),
            |(value, is_outside)| format!("{} {}", signs[usize::from(is_outside)], show(&value)),
        ))
    };
    turns.push(Turn { rule: rule.to_owned(), way, from: text(was), to: text(is) });
}

/// Which ways a rule of this name went; both, where some values came and others went.
fn way(name: &str, was: Option<&Value>, is: Option<&Value>) -> Vec<Way> {
    let number = |value: Option<&Value>| value.and_then(Number::of);
    let list = |value: Option<&Value>| -> BTreeSet<String> {
        let list = value.and_then(|value| value.as_list()).unwrap_or_default();
        list.iter().map(show).collect()
    };
    let by = |tighter: bool, looser: bool| {
        let both = [(tighter, Way::Tighter), (looser, Way::Looser)];
        both.into_iter().filter(|(is, _)| *is).map(|(_, way)| way).collect()
    };
    match name {
        // For documentation only.
        "example" => Vec::new(),
        "max_len" | "max_bytes" | "max_items" | "max_pairs" | "within" => {
            match (number(was), number(is)) {
                (Some(was), Some(is)) => by(is.order(was).is_lt(), is.order(was).is_gt()),
                (was, _) => by(was.is_none(), was.is_some()),
            }
        }
        "min_len" | "min_bytes" | "min_items" | "min_pairs" => {
            let zero = Number::Whole(0);
            let order = number(is).unwrap_or(zero).order(number(was).unwrap_or(zero));
            by(order.is_gt(), order.is_lt())
        }
        "in" => {
            let (was, is) = (list(was), list(is));
            match (was.is_empty(), is.is_empty()) {
                (true, _) => by(true, false),
                (_, true) => by(false, true),
                _ => by(!was.is_subset(&is), !is.is_subset(&was)),
            }
        }
        "not_in" | "cel" | "cel_expression" | "oneof" => {
            let (was, is) = (list(was), list(is));
            by(!is.is_subset(&was), !was.is_subset(&is))
        }
        "ignore" => {
            let rank = |value: Option<&Value>| value.and_then(Value::as_enum_number).unwrap_or(0);
            by(rank(is) < rank(was), rank(is) > rank(was))
        }
        "strict" => {
            let strict = |value: Option<&Value>| value.and_then(Value::as_bool).unwrap_or(true);
            by(strict(is) && !strict(was), strict(was) && !strict(is))
        }
        _ => {
            let on = |value: Option<&Value>| match value {
                Some(Value::Bool(on)) => *on,
                value => value.is_some(),
            };
            match (on(was), on(is)) {
                (false, true) => by(true, false),
                (true, false) => by(false, true),
                // Another pattern, or another length: some values that fitted do not.
                (true, true) => by(true, true),
                (false, false) => Vec::new(),
            }
        }
    }
}

/// The rule by which a message without the field is refused; none if it is not.
fn refuses_nothing_sent(field: &FieldDescriptor, rules: &DynamicMessage) -> Option<String> {
    let is_on = |name: &str| values::get(rules, name).and_then(|it| it.as_bool()).unwrap_or(false);
    if is_on("required") {
        return Some("required".to_owned());
    }
    let is_ignored =
        values::get(rules, "ignore").and_then(|it| it.as_enum_number()).unwrap_or(0) != 0;
    if is_ignored || field.supports_presence() {
        return None;
    }
    let typed = rules.fields().find_map(|(field, value)| {
        let message = value.as_message()?;
        let is_rules = message.descriptor().full_name().starts_with("buf.validate.");
        is_rules.then(|| (field.name().to_owned(), message.clone()))
    });
    let (kind, typed) = typed?;
    let zero = match field.kind() {
        Kind::Float | Kind::Double => Number::Broken(0.0),
        _ => Number::Whole(0),
    };
    let breaks = |rule: &FieldDescriptor, value: &Value| {
        let order = Number::of(value).map(|number| number.order(zero));
        let has_zero = |list: &[Value]| {
            list.iter().any(|it| Number::of(it) == Some(zero) || it.as_str() == Some(""))
        };
        match (rule.name(), value) {
            ("example" | "pattern", _) => false,
            (
                "min_len" | "min_bytes" | "min_items" | "min_pairs" | "len" | "len_bytes" | "const",
                Value::String(_),
            ) => value.as_str() != Some(""),
            (
                "min_len" | "min_bytes" | "min_items" | "min_pairs" | "len" | "len_bytes" | "gte"
                | "const",
                _,
            ) => {
                order.is_some_and(Ordering::is_gt)
                    || (rule.name() == "const" && order.is_some_and(Ordering::is_lt))
            }
            ("gt", _) => order.is_some_and(Ordering::is_ge),
            ("lt", _) => order.is_some_and(Ordering::is_le),
            ("lte", _) => order.is_some_and(Ordering::is_lt),
            ("in", Value::List(list)) => !list.is_empty() && !has_zero(list),
            ("not_in", Value::List(list)) => has_zero(list),
            ("prefix" | "suffix" | "contains", Value::String(text)) => !text.is_empty(),
            // An empty text is no address, no name of a host, no UUID.
            (name, Value::Bool(true)) => kind == "string" && name != "strict",
            _ => false,
        }
    };
    let rule = typed.fields().find(|(rule, value)| breaks(rule, value));
    rule.map(|(rule, value)| format!("{kind}.{}: {}", rule.name(), show(value)))
}
