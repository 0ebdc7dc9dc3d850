//! JSON whose members keep their order, so that a document reads in the order it was thought of.

use std::fmt;

use serde_json::Value;

/// A value of JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Nothing, a truth, a number or a text.
    Leaf(Value),
    List(Vec<Self>),
    Object(Object),
}

/// An object of JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object(Vec<(String, Node)>);

impl Object {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The same with a member, replacing one of the same name where it stands.
    pub(super) fn with(mut self, key: impl Into<String>, value: impl Into<Node>) -> Self {
        self.set(key, value);
        self
    }

    /// The same with a member, if there is one.
    pub(super) fn with_some(self, key: &str, value: Option<impl Into<Node>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The same with the members of `other`, replacing those of the same names.
    pub(super) fn with_all(mut self, other: Self) -> Self {
        for (key, value) in other.0 {
            self.set(key, value);
        }
        self
    }

    pub(super) fn set(&mut self, key: impl Into<String>, value: impl Into<Node>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Node> {
        let place = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(place).1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Node {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Object(object) => object.is_empty(),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let (open, close) = match self {
            Self::Leaf(value) => return write!(f, "{value}"),
            Self::List(_) => ('[', ']'),
            Self::Object(_) => ('{', '}'),
        };
        if self.is_empty() {
            return write!(f, "{open}{close}");
        }
        let mut before = open;
        let mut begin = |f: &mut fmt::Formatter<'_>| {
            write!(f, "{before}\n{:1$}", "", (depth + 1) * 2)?;
            before = ',';
            Ok(())
        };
        match self {
            Self::Leaf(_) => {}
            Self::List(items) => {
                for item in items {
                    begin(f)?;
                    item.write(f, depth + 1)?;
                }
            }
            Self::Object(Object(members)) => {
                for (key, value) in members {
                    begin(f)?;
                    write!(f, "{}: ", Value::from(key.as_str()))?;
                    value.write(f, depth + 1)?;
                }
            }
        }
        write!(f, "\n{:1$}{close}", "", depth * 2)
    }
}

/// In lines, each level two spaces further in.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

macro_rules! leaves {
    ($($type:ty),*) => {$(
        impl From<$type> for Node {
            fn from(value: $type) -> Self {
                Self::Leaf(Value::from(value))
            }
        }
    )*};
}

leaves!(bool, i32, i64, u32, u64, &str, String, serde_json::Number);

impl From<Object> for Node {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Node {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(items) => items.into(),
            Value::Object(members) => Self::Object(Object(
                members.into_iter().map(|(key, value)| (key, value.into())).collect(),
            )),
            leaf => Self::Leaf(leaf),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_the_order_in_which_they_were_told() {
        let node: Node = Object::new()
            .with("z", 1)
            .with("a", vec!["x\n", "\u{1}\""])
            .with("e", Object::new())
            .with("l", Vec::<Node>::new())
            .with("z", true)
            .into();
        let expected = "{\n  \"z\": true,\n  \"a\": [\n    \"x\\n\",\n    \"\\u0001\\\"\"\n  ],\n  \"e\": {},\n  \"l\": []\n}";
        assert_eq!(node.to_string(), expected);
        assert_eq!(
            Node::from(serde_json::from_str::<Value>(expected).unwrap()).to_string().len(),
            expected.len()
        );
    }
}
