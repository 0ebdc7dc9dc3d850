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

/// What a caller wants a user to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub name: String,
    pub email: String,
    pub age: i32,
    /// A number of [`Status`]; 0 is the default one.
    pub status: i32,
    pub labels: BTreeMap<String, String>,
}

/// What a caller wants changed of a user.
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
    /// A new user of what `draft` says, or everything that is missing.
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

    /// Changes what `patch` names, or tells everything that is missing.
    ///
    /// The shape of things was checked where they came in, by the rules of the proto. What is empty is
    /// right there, for an update may leave it out: only here it is known whether it may be.
    pub fn apply(&mut self, patch: Patch) -> Result<(), Violations> {
        let mut violations = Violations::default();
        if let Some(name) = patch.name {
            self.name = name.trim().to_owned();
            violations.check("user.name", !self.name.is_empty(), "must not be empty");
        }
        if let Some(email) = patch.email {
            self.email = normal_email(&email);
            violations.check("user.email", !self.email.is_empty(), "must not be empty");
        }
        if let Some(age) = patch.age {
            self.age = age;
        }
        if let Some(status) = patch.status {
            self.status = Status::from_number(status).unwrap_or_default();
        }
        if let Some(labels) = patch.labels {
            self.labels = labels;
        }
        violations.into_result()
    }
}

/// An address as it is kept and compared.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}
