//! What the proto says of one operation.

use bia_codegen::{HttpBody, HttpRule, Idempotency, Kind, Method, Model};
use serde_json::{Value, json};

use crate::remote::kind_name;

/// One operation.
#[derive(Debug)]
pub(super) struct Route {
    /// The program that serves it.
    pub(super) program: String,
    /// `user.v1.UserService`.
    pub(super) service: String,
    /// `GetUser`.
    pub(super) method: String,
    pub(super) operation: String,
    pub(super) kind: bia::Kind,
    pub(super) http: Vec<Binding>,
    pub(super) deadline: Option<String>,
    pub(super) idempotency: Option<&'static str>,
    /// `open`, `required`, or what the caller has to be allowed; none if nothing is said.
    pub(super) auth: Option<String>,
    pub(super) retry: Option<String>,
    pub(super) errors: Vec<(String, u16)>,
    pub(super) is_deprecated: bool,
}

/// One way to call it over HTTP.
#[derive(Debug)]
pub(super) struct Binding {
    /// What it is called by: `GET`; a method that a caller streams to is always opened by `GET`.
    pub(super) verb: String,
    pub(super) path: String,
    body: Option<String>,
    pub(super) over: &'static str,
    is_implied: bool,
}

/// The operations of a program in the order of its protos: of the services for whose function, as
/// `user_service`, `is_served` says so.
pub(super) fn routes(program: &str, model: &Model, is_served: impl Fn(&str) -> bool) -> Vec<Route> {
    let services = model.packages.iter().flat_map(|package| &package.services);
    services
        .filter(|service| is_served(&service.function.to_string()))
        .flat_map(|service| {
            service.methods.iter().map(move |method| Route::of(program, &service.full_name, method))
        })
        .collect()
}

impl Route {
    fn of(program: &str, service: &str, method: &Method) -> Self {
        let kind = match method.kind {
            Kind::Unary => bia::Kind::Unary,
            Kind::ClientStream => bia::Kind::ClientStream,
            Kind::ServerStream => bia::Kind::ServerStream,
            Kind::Bidi => bia::Kind::Bidi,
        };
        let rules = &method.rules;
        Self {
            program: program.to_owned(),
            service: service.to_owned(),
            method: method.proto_name.clone(),
            operation: method.operation.clone(),
            kind,
            http: method.http.iter().map(|rule| Binding::of(rule, kind)).collect(),
            deadline: rules.timeout.map(bia::config::duration::format),
            idempotency: match method.idempotency {
                Idempotency::Unknown => None,
                Idempotency::NoSideEffects => Some("no side effects"),
                Idempotency::Idempotent => Some("idempotent"),
            },
            auth: rules.auth.as_ref().map(|auth| match (auth.required, auth.scopes.as_slice()) {
                (false, _) => "open".to_owned(),
                (true, []) => "required".to_owned(),
                (true, scopes) => scopes.join(" "),
            }),
            retry: rules.retry.as_ref().map(|retry| format!("{}×", retry.max_attempts)),
            errors: rules.errors.iter().map(|it| (it.reason.clone(), it.code)).collect(),
            is_deprecated: method.deprecated,
        }
    }

    /// For a program.
    pub(super) fn document(&self) -> Value {
        let http: Vec<_> = self
            .http
            .iter()
            .map(|binding| {
                json!({
                    "verb": binding.verb,
                    "path": binding.path,
                    "body": binding.body,
                    "over": binding.over,
                    "implied": binding.is_implied,
                })
            })
            .collect();
        let errors: Vec<_> = self
            .errors
            .iter()
            .map(|(reason, code)| json!({"reason": reason, "code": code}))
            .collect();
        json!({
            "program": self.program,
            "service": self.service,
            "operation": self.operation,
            "kind": kind_name(self.kind),
            "grpc": self.operation,
            "http": http,
            "deadline": self.deadline,
            "idempotency": self.idempotency,
            "auth": self.auth,
            "retry": self.retry,
            "errors": errors,
            "deprecated": self.is_deprecated,
        })
    }
}

impl Binding {
    fn of(rule: &HttpRule, kind: bia::Kind) -> Self {
        let (over, opened) = match kind {
            bia::Kind::Unary => ("json", None),
            bia::Kind::ServerStream => ("event stream", None),
            bia::Kind::ClientStream | bia::Kind::Bidi => ("websocket", Some("GET")),
        };
        Self {
            verb: opened.unwrap_or(&rule.verb).to_owned(),
            path: rule.template.text.clone(),
            body: match &rule.body {
                HttpBody::None => None,
                HttpBody::Whole => Some("*".to_owned()),
                HttpBody::Field(field) => Some(field.name().to_owned()),
            },
            over,
            is_implied: rule.is_implied,
        }
    }
}
