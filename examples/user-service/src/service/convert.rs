//! Between the messages of the API and what the rules speak of.

use crate::api;
use crate::rules::{Draft, Page, Patch, Query, Status, Told, User, Violations};

/// What a request of the user `user` asks for.
pub fn draft(user: api::User) -> Draft {
    let api::User { name, email, age, status, labels, id: _, created_at: _ } = user;
    Draft { name, email, age, status, labels: labels.into_iter().collect() }
}

/// The fields of `user` that the mask's `paths` name; without a mask, those that are not empty.
pub fn patch(user: api::User, paths: Option<Vec<String>>) -> Result<Patch, Violations> {
    let draft = draft(user);
    let paths = paths.unwrap_or_else(|| filled(&draft));
    let mut violations = Violations::default();
    violations.check("update_mask", !paths.is_empty(), "names nothing to change");
    let all = Patch::from(draft);
    let mut patch = Patch::default();
    for path in &paths {
        match path.as_str() {
            "*" => patch = all.clone(),
            "name" => patch.name.clone_from(&all.name),
            "email" => patch.email.clone_from(&all.email),
            "age" => patch.age = all.age,
            "status" => patch.status = all.status,
            "labels" => patch.labels.clone_from(&all.labels),
            other => violations.check("update_mask", false, &unknown(other)),
        }
    }
    violations.into_result()?;
    Ok(patch)
}

fn filled(draft: &Draft) -> Vec<String> {
    [
        ("name", !draft.name.is_empty()),
        ("email", !draft.email.is_empty()),
        ("age", draft.age != 0),
        ("status", draft.status != 0),
        ("labels", !draft.labels.is_empty()),
    ]
    .into_iter()
    .filter(|(_field, is_filled)| *is_filled)
    .map(|(field, _)| field.to_owned())
    .collect()
}

fn unknown(path: &str) -> String {
    match path {
        "id" | "created_at" => format!("names {path}, which never changes"),
        _ => format!("names {path:?}: only name, email, age, status and labels can change"),
    }
}

impl From<User> for api::User {
    fn from(user: User) -> Self {
        let User { id, name, email, age, status, labels, created_at } = user;
        Self {
            id,
            name,
            email,
            age,
            status: status.number(),
            created_at: Some(created_at.into()),
            labels: labels.into_iter().collect(),
        }
    }
}

impl From<api::ListUsersRequest> for Query {
    fn from(request: api::ListUsersRequest) -> Self {
        let api::ListUsersRequest { page_size, page_token, status, name_prefix, email } = request;
        Self { page_size, page_token, status, name_prefix, email }
    }
}

impl From<Page> for api::ListUsersResponse {
    fn from(page: Page) -> Self {
        let users = page.users.into_iter().map(Into::into).collect();
        Self { users, next_page_token: page.next_token }
    }
}

impl From<Told> for api::WatchUsersResponse {
    fn from(told: Told) -> Self {
        use api::watch_users_response::Change;

        match told {
            Told::Nothing { revision } => Self { revision, change: None },
            Told::Change(change) => Self {
                revision: change.revision,
                change: Some(match change.user {
                    Some(user) => Change::User(user.into()),
                    None => Change::DeletedId(change.id),
                }),
            },
        }
    }
}

impl From<bia::Error> for api::Failure {
    fn from(error: bia::Error) -> Self {
        Self {
            reason: error.reason().to_owned(),
            message: error.message().to_owned(),
            metadata: error.metadata().clone().into_iter().collect(),
        }
    }
}

// The rules and the API number statuses alike.
const _: () = {
    assert!(Status::Active as i32 == api::UserStatus::Active as i32);
    assert!(Status::Suspended as i32 == api::UserStatus::Suspended as i32);
};
