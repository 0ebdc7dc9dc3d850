//! What became of a service and its methods.

use std::time::Duration;

use prost_reflect::prost_types::ServiceOptions;
use prost_reflect::{DynamicMessage, MethodDescriptor, ServiceDescriptor};

use crate::command::proto::breaking::change;
use crate::command::proto::breaking::side::Part;

use super::{At, Comparison, values};

/// How long a call may take of which the proto says nothing: what servers have by default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

impl Comparison<'_> {
    pub(super) fn service(&mut self, old_part: &Part, old: &ServiceDescriptor) {
        let old_file = old.parent_file();
        let Some((part, new)) = self.new.service(old_part, old.full_name()) else {
            let at = At::gone(old_part, &old_file, old.path());
            self.found(change::WIRE_SERVICE_REMOVED, old.full_name(), at, None, None);
            return old.methods().for_each(|method| self.bindings_gone(old_part, &method));
        };
        for method in old.methods() {
            match new.methods().find(|it| it.name() == method.name()) {
                Some(now) => self.method(&method, part, &now),
                None => {
                    let at = At::gone(old_part, &old_file, method.path());
                    let subject = method.full_name();
                    self.found(change::WIRE_METHOD_REMOVED, subject, at, None, None);
                    self.bindings_gone(old_part, &method);
                }
            }
        }
        let option = |it: &ServiceDescriptor| {
            it.service_descriptor_proto().options.as_ref().is_some_and(ServiceOptions::deprecated)
        };
        let file = new.parent_file();
        let at = At::new(part, &file, new.path());
        self.deprecated(old.full_name(), at, option(old), option(&new));
    }

    fn method(&mut self, old: &MethodDescriptor, part: &Part, new: &MethodDescriptor) {
        let (name, file) = (old.full_name(), new.parent_file());
        let at = At::new(part, &file, new.path());
        let kinds = |it: &MethodDescriptor| {
            let side = |is_stream| if is_stream { "stream" } else { "message" };
            let (input, output) = (side(it.is_client_streaming()), side(it.is_server_streaming()));
            Some(format!("{input} → {output}"))
        };
        if kinds(old) != kinds(new) {
            self.found(change::WIRE_METHOD_STREAM, name, at, kinds(old), kinds(new));
        }
        let messages = [
            (change::WIRE_METHOD_REQUEST, old.input(), new.input()),
            (change::WIRE_METHOD_RESPONSE, old.output(), new.output()),
        ];
        for (change, was, is) in messages {
            if was.full_name() != is.full_name() {
                let text = |name: &str| Some(name.to_owned());
                self.found(change, name, at, text(was.full_name()), text(is.full_name()));
            }
        }
        let level = |it: &MethodDescriptor| {
            let options = it.method_descriptor_proto().options.clone().unwrap_or_default();
            (options.idempotency_level().as_str_name().to_owned(), options.deprecated())
        };
        let ((was, was_deprecated), (is, is_deprecated)) = (level(old), level(new));
        if was != is {
            self.found(change::WIRE_METHOD_IDEMPOTENCY, name, at, Some(was), Some(is));
        }
        self.deprecated(name, at, was_deprecated, is_deprecated);
        self.options(old, new, at);
        self.bindings(old, new, at);
    }

    fn options(&mut self, old: &MethodDescriptor, new: &MethodDescriptor, at: At<'_>) {
        let name = old.full_name();
        let (was, is) = (Said::of(old), Said::of(new));
        if is.idempotency() < was.idempotency() {
            let text = |said: &Said| Some(LEVELS[said.idempotency()].to_owned());
            self.found(change::OPTION_IDEMPOTENCY, name, at, text(&was), text(&is));
        }
        if is.auth().0 && !was.auth().0 {
            let text = |is_required| {
                Some(if is_required { "required" } else { "not required" }.to_owned())
            };
            self.found(change::OPTION_AUTH, name, at, text(false), text(true));
        }
        for scope in is.auth().1.into_iter().filter(|scope| !was.auth().1.contains(scope)) {
            self.found(change::OPTION_SCOPE, name, at, None, Some(scope));
        }
        let shorter = match (was.timeout(), is.timeout()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(was), Some(is)) => is < was,
        };
        if shorter {
            let text = |time: Option<Duration>| {
                Some(time.map_or_else(|| "none".to_owned(), |time| format!("{time:?}")))
            };
            self.found(change::OPTION_TIMEOUT, name, at, text(was.timeout()), text(is.timeout()));
        }
        for field in ["defaults", "proto_names", "enum_numbers", "int64_numbers", "refuse_unknown"]
        {
            let value = |said: &Said| {
                said.json(field).map_or_else(|| "none".to_owned(), |it| values::show(&it))
            };
            let (was, is) = (value(&was), value(&is));
            // What is refused no more breaks nobody.
            let is_harmless = field == "refuse_unknown" && is != "true";
            if was != is && !is_harmless {
                self.found_in_detail(change::JSON_OPTIONS, (name, field), at, Some(was), Some(is));
            }
        }
    }
}

const LEVELS: [&str; 3] = ["unknown", "IDEMPOTENT", "NO_SIDE_EFFECTS"];

/// What `bia/options.proto` says of a method, and of its service where the method says nothing.
struct Said {
    own: Option<DynamicMessage>,
    all: Option<DynamicMessage>,
    standard: i32,
    is_stream: bool,
}

impl Said {
    fn of(method: &MethodDescriptor) -> Self {
        let pool = method.parent_pool();
        let service = method.parent_service().options();
        let options = method.method_descriptor_proto().options.as_ref();
        Self {
            own: values::message_extension(pool, &method.options(), "bia.method"),
            all: values::message_extension(pool, &service, "bia.service"),
            standard: options.map_or(0, |it| it.idempotency_level().into()),
            is_stream: method.is_client_streaming() || method.is_server_streaming(),
        }
    }

    fn both(&self) -> impl Iterator<Item = &DynamicMessage> {
        self.own.iter().chain(&self.all)
    }

    /// A place in [`LEVELS`]: the higher, the less harm a second try does.
    fn idempotency(&self) -> usize {
        let number = |it: &DynamicMessage| values::get(it, "idempotency")?.as_enum_number();
        let said = self.both().find_map(|it| number(it).filter(|number| *number != 0));
        match if self.standard == 0 { said.unwrap_or(0) } else { self.standard } {
            1 => 2,
            2 => 1,
            _ => 0,
        }
    }

    fn auth(&self) -> (bool, Vec<String>) {
        let Some(auth) = self.both().find_map(|it| values::message(it, "auth")) else {
            return (false, Vec::new());
        };
        let required = values::get(&auth, "required").and_then(|it| it.as_bool()).unwrap_or(false);
        let scopes = values::list(&auth, "scopes");
        (required, scopes.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect())
    }

    fn timeout(&self) -> Option<Duration> {
        let said = self.both().find_map(|it| values::message(it, "timeout"));
        let said = said.and_then(|time| u64::try_from(values::nanos(&time)).ok());
        let default = (!self.is_stream).then_some(DEFAULT_TIMEOUT);
        said.map(Duration::from_nanos).or(default)
    }

    fn json(&self, field: &str) -> Option<prost_reflect::Value> {
        let zero = prost_reflect::Value::EnumNumber(0);
        self.both()
            .filter_map(|it| values::message(it, "json"))
            .find_map(|json| values::get(&json, field).filter(|value| *value != zero))
    }
}
