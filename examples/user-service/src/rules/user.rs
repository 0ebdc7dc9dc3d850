use std::collections::BTreeMap;
use std::time::SystemTime;

use super::Violations;

/// A user, as the rules see one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub name: String,
    pub email: String,
    pub age: i32,
    pub status: Status,
    pub labels: BTreeMap<String, String>,
    /// To the microsecond.
    pub created_at: SystemTime,
}

/// What a user may do. The numbers are those of the API and of the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    #[default]
    Active = 1,
    Suspended = 2,
}

impl Status {
    pub fn number(self) -> i32 {
        self as i32
    }

    /// The status of a number; none for a number that this version does not know.
    pub fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Active),
            2 => Some(Self::Suspended),
            _ => None,
        }
    }
}

/// What a caller wants a user to be: nothing is checked yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub name: String,
    pub email: String,
    pub age: i32,
    /// A number of [`Status`]; 0 is the default one.
    pub status: i32,
    pub labels: BTreeMap<String, String>,
}

/// What a caller wants changed of a user: nothing is checked yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    pub name: Option<String>,
    pub email: Option<String>,
    pub age: Option<i32>,
    pub status: Option<i32>,
    pub labels: Option<BTreeMap<String, String>>,
}

impl From<Draft> for Patch {
    /// Changes everything.
    fn from(draft: Draft) -> Self {
        Self {
            name: Some(draft.name),
            email: Some(draft.email),
            age: Some(draft.age),
            status: Some(draft.status),
            labels: Some(draft.labels),
        }
    }
}

impl User {
    /// A new user of what `draft` says, or everything that is wrong with it.
    pub fn new(id: String, draft: Draft, created_at: SystemTime) -> Result<Self, Violations> {
        let mut user = Self {
            id,
            name: String::new(),
            email: String::new(),
            age: 0,
            status: Status::default(),
            labels: BTreeMap::new(),
            created_at,
        };
        user.apply(draft.into())?;
        Ok(user)
    }

    /// Changes what `patch` names, or tells everything that is wrong with it.
    pub fn apply(&mut self, patch: Patch) -> Result<(), Violations> {
        let mut violations = Violations::default();
        if let Some(name) = patch.name {
            self.name = name.trim().to_owned();
            violations.check(
                "user.name",
                is_text(&self.name, 1..=100),
                "must be 1 to 100 characters",
            );
        }
        if let Some(email) = patch.email {
            self.email = normal_email(&email);
            violations.check(
                "user.email",
                is_email(&self.email),
                "must be an address such as ada@example.com",
            );
        }
        if let Some(age) = patch.age {
            self.age = age;
            violations.check("user.age", (0..=150).contains(&age), "must be 0 to 150");
        }
        if let Some(status) = patch.status {
            let known =
                if status == 0 { Some(Status::default()) } else { Status::from_number(status) };
            violations.check("user.status", known.is_some(), "is not known to this version");
            self.status = known.unwrap_or_default();
        }
        if let Some(labels) = patch.labels {
            violations.check("user.labels", labels.len() <= 64, "must be at most 64");
            violations.check(
                "user.labels",
                labels.keys().all(|key| is_label_key(key)),
                "must have keys of 1 to 63 letters, digits and ._-/",
            );
            violations.check(
                "user.labels",
                labels.values().all(|value| is_text(value, 0..=255)),
                "must have values of at most 255 characters",
            );
            self.labels = labels;
        }
        violations.into_result()
    }
}

/// An address as it is kept and compared.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Whether it is so many characters that all can be printed.
pub fn is_text(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.chars().count()) && !text.contains(char::is_control)
}

/// Whether it looks like an address. Only a letter sent to it could tell whether it is one.
fn is_email(email: &str) -> bool {
    let Some((name, host)) = email.split_once('@') else { return false };
    is_text(email, 3..=254)
        && !email.contains(char::is_whitespace)
        && !name.is_empty()
        && host.split('.').all(|part| !part.is_empty())
        && !host.contains('@')
}

fn is_label_key(key: &str) -> bool {
    (1..=63).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
}
