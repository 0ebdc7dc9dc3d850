//! Every metric of the framework, said once: the page `/metrics`, OTLP, the reference, the dashboard and
//! the alert rules take their names from here.
//!
//! Names and labels are those of OpenTelemetry's semantic conventions where these have one, 1.40 for
//! RPC; what is this framework's own begins with `bia.`. On `/metrics` they follow the rules for
//! Prometheus: `rpc.server.call.duration` in seconds is `rpc_server_call_duration_seconds`, and a counter
//! ends with `_total`.

use super::text;

/// One metric: what it is called, what it measures, and by what it is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Family {
    /// The name in OpenTelemetry, `rpc.server.call.duration`.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// The unit as UCUM writes it: `s`, `By`, `1`, or what is counted, `{request}`.
    pub unit: &'static str,
    /// What the series of it are told apart by.
    pub labels: &'static [&'static str],
    /// What it says, in a sentence.
    pub help: &'static str,
    /// The name on `/metrics`, without unit and `_total`, where everybody knows it by another one.
    pub(crate) known_as: Option<&'static str>,
}

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Only grows, until the process ends.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How many values fell in which range, and their sum.
    Histogram,
}

impl Family {
    /// The name on `/metrics`: of a counter with `_total`, of a histogram without `_bucket`.
    #[must_use]
    pub fn text_name(&self) -> String {
        let name = text::base_name(self.known_as.unwrap_or(self.name), self.unit, self.kind);
        if self.kind == Kind::Counter { name + "_total" } else { name }
    }

    /// What the labels are called on `/metrics`, `rpc_method`.
    #[must_use]
    pub fn text_labels(&self) -> Vec<String> {
        self.labels.iter().map(|label| text::label_name(label)).collect()
    }
}

/// Every metric of the framework, in the order of the reference.
#[must_use]
pub fn catalogue() -> &'static [&'static Family] {
    ALL
}

/// Declares the families and lists them, so that none is declared and forgotten in the list.
macro_rules! families {
    ($($name:ident = $kind:ident $text:literal $(as $known:literal)? in $unit:literal by $labels:expr => $help:literal;)*) => {
        $(pub(crate) static $name: Family = Family {
            name: $text,
            kind: Kind::$kind,
            unit: $unit,
            labels: $labels,
            help: $help,
            known_as: families!(@known $($known)?),
        };)*
        static ALL: &[&Family] = &[$(&$name),*];
    };
    (@known $known:literal) => { Some($known) };
    (@known) => { None };
}

pub(crate) const SYSTEM: &str = "rpc.system.name";
pub(crate) const METHOD: &str = "rpc.method";
pub(crate) const CODE: &str = "rpc.response.status_code";
pub(crate) const REASON: &str = "error.type";
pub(crate) const CALLEE: &str = "server.address";
pub(crate) const CAUSE: &str = "cause";
pub(crate) const STATE: &str = "state";
pub(crate) const LEVEL: &str = "level";
pub(crate) const SIGNAL: &str = "signal";
pub(crate) const SERVICE: &str = "service.name";
pub(crate) const VERSION: &str = "service.version";
pub(crate) const FRAMEWORK: &str = "bia.version";

families! {
    SERVER_DURATION = Histogram "rpc.server.call.duration" in "s" by &[SYSTEM, METHOD, CODE, REASON]
        => "How long calls to this service took, to the end of their bodies.";
    SERVER_RECEIVED = Histogram "rpc.server.request.size" in "By" by &[SYSTEM, METHOD]
        => "How many bytes of messages the callers sent, for each call.";
    SERVER_SENT = Histogram "rpc.server.response.size" in "By" by &[SYSTEM, METHOD]
        => "How many bytes of messages the callers were answered, for each call.";
    SERVER_ACTIVE = Gauge "rpc.server.active_requests" in "{request}" by &[SYSTEM, METHOD]
        => "How many calls to this service are in flight.";
    CLIENT_DURATION = Histogram "rpc.client.call.duration" in "s" by &[SYSTEM, CALLEE, METHOD, CODE, REASON]
        => "How long calls of this service to others took, with all their attempts.";
    CLIENT_SENT = Histogram "rpc.client.request.size" in "By" by &[SYSTEM, CALLEE, METHOD]
        => "How many bytes of messages were sent, for each call.";
    CLIENT_RECEIVED = Histogram "rpc.client.response.size" in "By" by &[SYSTEM, CALLEE, METHOD]
        => "How many bytes of messages were received, for each call.";
    CLIENT_ACTIVE = Gauge "rpc.client.active_requests" in "{request}" by &[SYSTEM, CALLEE, METHOD]
        => "How many calls of this service to others are in flight.";
    CONNECTIONS = Gauge "bia.server.connections" in "{connection}" by &[]
        => "How many connections callers have to this service.";
    CONNECTIONS_MOST = Gauge "bia.server.connections.max" in "{connection}" by &[]
        => "How many connections there may be: server.connection.max, or what the open files allow.";
    CONNECTIONS_ACCEPTED = Counter "bia.server.connections.accepted" in "{connection}" by &[]
        => "How many connections were accepted.";
    CONNECTIONS_REFUSED = Counter "bia.server.connections.refused" in "{connection}" by &[]
        => "How many connections were closed at once because there were as many as there may be.";
    CONNECTIONS_ENDED = Counter "bia.server.connections.ended" in "{connection}" by &[CAUSE]
        => "How many connections ended: closed, cut, broken, or silent because nothing was said on them.";
    CLIENT_NODES = Gauge "bia.client.nodes" in "{node}" by &[CALLEE, STATE]
        => "How many instances of a called service are connecting, ready, not_serving, unreachable, or unusable because they have no endpoint for gRPC.";
    CLIENT_WAITING = Gauge "bia.client.waiting" in "{call}" by &[CALLEE]
        => "How many calls wait for an instance that takes them.";
    CLIENT_AGAIN = Counter "bia.client.sent_again" in "{call}" by &[CALLEE]
        => "How often a call that no instance had processed went to another one.";
    CLIENT_CONNECTIONS = Gauge "bia.client.connections" in "{connection}" by &[CALLEE]
        => "How many connections to a called service take calls.";
    REGISTRY_AGE = Gauge "bia.registry.snapshot.age" in "s" by &[CALLEE]
        => "How long ago the registry last told who serves a called service; it tells what has changed.";
    REGISTRY_OUTAGE = Gauge "bia.registry.outage" in "s" by &[CALLEE]
        => "For how long the registry cannot be asked who serves a called service; 0 while it can.";
    LEASE_HELD = Gauge "bia.registry.lease.held" in "" by &[]
        => "1 while the registry holds this instance, else 0.";
    LEASE_AGE = Gauge "bia.registry.lease.age" in "s" by &[]
        => "How long ago the registry last confirmed that it holds this instance.";
    REGISTERED_AGAIN = Counter "bia.registry.lease.registered_again" in "{registration}" by &[]
        => "How often this instance was registered anew because the registry had forgotten it.";
    REGISTER_FAILURES = Gauge "bia.registry.lease.failures" in "{attempt}" by &[]
        => "How often in a row registering this instance has failed; 0 once it is registered.";
    APP_READY = Gauge "bia.app.ready" in "" by &[]
        => "1 while this instance says that it serves, else 0. Its checks are not run for this.";
    APP_INFO = Gauge "bia.app.info" in "" by &[SERVICE, VERSION, FRAMEWORK]
        => "1; its labels say what runs.";
    CONFIG_REVISION = Gauge "bia.config.revision" in "" by &[]
        => "The number of the settings in force: how many changes were accepted, and one.";
    CONFIG_AGE = Gauge "bia.config.age" in "s" by &[]
        => "How long the settings have been in force.";
    CONFIG_REFUSALS = Counter "bia.config.refusals" in "{refusal}" by &[]
        => "How often a change of the settings was refused, or a source of them could not be read.";
    CONFIG_REFUSED = Gauge "bia.config.refused" in "" by &[]
        => "1 while the sources of the settings say something that was refused, else 0.";
    LOG_LINES = Counter "bia.log.lines" in "{line}" by &[LEVEL]
        => "How many lines were logged, by level.";
    LOG_HELD_BACK = Counter "bia.log.held_back" in "{line}" by &[]
        => "How many lines were held back because they repeated others (telemetry.logs.repeat_limit).";
    LOG_LOST = Counter "bia.log.lost" in "{line}" by &[]
        => "How many lines were lost because whoever reads standard error did not take them in time.";
    TELEMETRY_SENT = Counter "bia.telemetry.sent" in "{item}" by &[SIGNAL]
        => "How many spans, readings of metrics or log lines a collector took.";
    TELEMETRY_LOST = Counter "bia.telemetry.lost" in "{item}" by &[SIGNAL]
        => "How many spans, readings of metrics or log lines were lost: there were too many, or the collector was away or refused them.";
    TELEMETRY_WAITING = Gauge "bia.telemetry.waiting" in "{item}" by &[SIGNAL]
        => "How many spans, readings of metrics or log lines wait to be sent.";
    TOKIO_WORKERS = Gauge "tokio.workers" in "{thread}" by &[]
        => "How many threads the runtime runs tasks on.";
    TOKIO_TASKS = Gauge "tokio.tasks.alive" in "{task}" by &[]
        => "How many tasks the runtime has.";
    TOKIO_QUEUE = Gauge "tokio.global_queue.depth" in "{task}" by &[]
        => "How many tasks wait in the queue that all threads of the runtime share.";
    TOKIO_BUSY = Counter "tokio.busy" in "s" by &[]
        => "For how long the threads of the runtime have been busy, added up.";
    PROCESS_CPU = Counter "process.cpu.time" as "process_cpu" in "s" by &[]
        => "How much CPU the process has used.";
    PROCESS_RESIDENT = Gauge "process.memory.usage" as "process_resident_memory" in "By" by &[]
        => "How much memory the process holds.";
    PROCESS_VIRTUAL = Gauge "process.memory.virtual" as "process_virtual_memory" in "By" by &[]
        => "How much address space the process has.";
    PROCESS_FILES = Gauge "process.unix.file_descriptor.count" as "process_open_fds" in "{file_descriptor}" by &[]
        => "How many files the process has open; a connection is one.";
    PROCESS_MOST_FILES = Gauge "process.unix.file_descriptor.limit" as "process_max_fds" in "{file_descriptor}" by &[]
        => "How many files the process may open.";
    PROCESS_THREADS = Gauge "process.thread.count" as "process_threads" in "{thread}" by &[]
        => "How many threads the process has.";
    PROCESS_START = Gauge "process.start_time" in "s" by &[]
        => "When the process began, in seconds since 1970.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_metrics_share_a_name() {
        let names: BTreeSet<_> = catalogue().iter().map(|family| family.name).collect();
        let shown: BTreeSet<_> = catalogue().iter().map(|family| family.text_name()).collect();
        assert_eq!((names.len(), shown.len()), (catalogue().len(), catalogue().len()));
    }

    #[test]
    fn names_on_the_page_follow_the_rules_of_prometheus() {
        assert_eq!(SERVER_DURATION.text_name(), "rpc_server_call_duration_seconds");
        assert_eq!(SERVER_SENT.text_name(), "rpc_server_response_size_bytes");
        assert_eq!(SERVER_ACTIVE.text_name(), "rpc_server_active_requests");
        assert_eq!(CLIENT_DURATION.text_labels()[3..], ["rpc_response_status_code", "error_type"]);
    }

    #[test]
    fn every_metric_says_in_a_sentence_what_it_measures() {
        for family in catalogue() {
            assert!(family.help.ends_with('.') && family.help.len() > 20, "{}", family.name);
        }
    }
}
