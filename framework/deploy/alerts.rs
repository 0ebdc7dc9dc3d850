//! The alert rules for Prometheus.

use std::fmt::Write as _;

use crate::promql::promql;

/// One rule.
pub(crate) struct Alert {
    pub(crate) name: &'static str,
    /// See [`promql`].
    when: &'static str,
    /// For how long it must be so.
    pub(crate) lasting: &'static str,
    pub(crate) severity: &'static str,
    /// In Prometheus' templates; the first line of what somebody is woken by.
    summary: &'static str,
    /// What it means and what to look at.
    pub(crate) meaning: &'static str,
}

pub(crate) const ALERTS: &[Alert] = &[
    Alert {
        name: "BiaFaults",
        when: "sum by (job, `rpc.method`) (rate(`rpc.server.call.duration`_count{`rpc.response.status_code`=~\"FAULTS\"}[5m])) / sum by (job, `rpc.method`) (rate(`rpc.server.call.duration`_count[5m])) > 0.05",
        lasting: "5m",
        severity: "critical",
        summary: "{{ $value | humanizePercentage }} of the calls of {{ $labels.job }} {{ $labels.rpc_method }} fail by its own fault",
        meaning: "More than 5 % of an operation's calls end with a code that is the service's fault. The log has each with its causes; the panel `Failed calls` has the reasons.",
    },
    Alert {
        name: "BiaSlow",
        when: "histogram_quantile(0.99, sum by (job, `rpc.method`, le) (rate(`rpc.server.call.duration`_bucket{`rpc.response.status_code`=\"OK\"}[5m]))) > 2.5",
        lasting: "10m",
        severity: "warning",
        summary: "One of 100 calls of {{ $labels.job }} {{ $labels.rpc_method }} takes longer than {{ $value | humanizeDuration }}",
        meaning: "An operation takes longer than 2.5 s for one call of 100 that goes well. The points in the panel `Duration` lead to the traces of such calls. Streams that live long are counted too; silence the rule for them.",
    },
    Alert {
        name: "BiaCalleeFails",
        when: "sum by (job, `server.address`) (rate(`rpc.client.call.duration`_count{`rpc.response.status_code`=~\"FAULTS\"}[5m])) / sum by (job, `server.address`) (rate(`rpc.client.call.duration`_count[5m])) > 0.1",
        lasting: "5m",
        severity: "warning",
        summary: "{{ $value | humanizePercentage }} of the calls of {{ $labels.job }} to {{ $labels.server_address }} fail",
        meaning: "More than 10 % of the calls to a service fail by its fault, as its callers see it. If it does not see them itself, look at what lies between: the panel `Instances`.",
    },
    Alert {
        name: "BiaNobodyToCall",
        when: "sum by (job, instance, `server.address`) (`bia.client.nodes`{`state`=\"ready\"}) == 0",
        lasting: "1m",
        severity: "critical",
        summary: "{{ $labels.instance }} reaches no instance of {{ $labels.server_address }}",
        meaning: "An instance has a channel to a service and no instance of it that takes calls. `/registry` says of each why.",
    },
    Alert {
        name: "BiaNotReady",
        when: "`bia.app.ready` == 0",
        lasting: "5m",
        severity: "warning",
        summary: "{{ $labels.instance }} is not ready",
        meaning: "An instance runs, and says that it does not serve. It is starting, stopping, or one of its services was declared not to serve.",
    },
    Alert {
        name: "BiaNotRegistered",
        when: "`bia.registry.lease.held` == 0 and `bia.app.ready` == 1",
        lasting: "2m",
        severity: "critical",
        summary: "{{ $labels.instance }} serves and is not registered",
        meaning: "An instance serves, and the registry does not hold it: callers do not find it. `/registry` says why.",
    },
    Alert {
        name: "BiaRegistryAway",
        when: "max by (job, instance) (`bia.registry.outage`) > 60",
        lasting: "1m",
        severity: "warning",
        summary: "{{ $labels.instance }} cannot ask the registry for {{ $value | humanizeDuration }}",
        meaning: "An instance cannot ask who serves what it calls. It goes on with what it was told last: instances that come are not called, ones that go are found out by failing.",
    },
    Alert {
        name: "BiaSettingsRefused",
        when: "`bia.config.refused` == 1",
        lasting: "5m",
        severity: "warning",
        summary: "{{ $labels.instance }} refuses its settings",
        meaning: "The sources say something that cannot be in force; the last good settings are. `/config` and the log say why.",
    },
    Alert {
        name: "BiaTelemetryLost",
        when: "sum by (job, instance, `signal`) (increase(`bia.telemetry.lost`[10m])) > 0",
        lasting: "5m",
        severity: "warning",
        summary: "{{ $labels.instance }} loses {{ $labels.signal }}",
        meaning: "The collector is away, refuses what it is sent, or takes it more slowly than it comes. Calls do not suffer; what is lost is not seen. The log says why.",
    },
    Alert {
        name: "BiaConnectionsRefused",
        when: "rate(`bia.server.connections.refused`[5m]) > 0",
        lasting: "5m",
        severity: "warning",
        summary: "{{ $labels.instance }} has as many connections as it may have",
        meaning: "Connections are closed as soon as they come. Start more instances, or raise `server.connection.max` and what limits open files.",
    },
    Alert {
        name: "BiaFilesRunOut",
        when: "`process.unix.file_descriptor.count` / `process.unix.file_descriptor.limit` > 0.8",
        lasting: "5m",
        severity: "warning",
        summary: "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its files open",
        meaning: "Without a file left, no connection is accepted and none made. Raise the limit (`ulimit -n`), or find who keeps them open.",
    },
    Alert {
        name: "BiaRuntimeBusy",
        when: "rate(`tokio.busy`[5m]) / `tokio.workers` > 0.9",
        lasting: "10m",
        severity: "warning",
        summary: "The threads of {{ $labels.instance }} are busy {{ $value | humanizePercentage }} of the time",
        meaning: "Calls wait for a thread. Start more instances, or find in `/debug/pprof/profile` what works or blocks.",
    },
    Alert {
        name: "BiaRestarts",
        when: "changes(`process.start_time`[1h]) > 3",
        lasting: "0m",
        severity: "warning",
        summary: "{{ $labels.instance }} was started {{ $value }} times within an hour",
        meaning: "A process ends again and again. Its last lines in the log, or its exit code, say why: 78 is for settings.",
    },
];

const HEAD: &str = "\
# Written by `cargo xtask gen` from the catalogue of metrics. Edit framework/deploy/alerts.rs.
#
# Thresholds are where to begin: what a service promises is its own affair.
groups:
  - name: bia
    rules:
";

/// The rules as a file for Prometheus.
pub(crate) fn rules() -> Result<String, String> {
    let mut text = HEAD.to_owned();
    for alert in ALERTS {
        let when = promql(alert.when)?;
        // JSON's texts are YAML's.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let written = write!(
            text,
            "      - alert: {}\n        expr: {}\n        for: {}\n        labels:\n          severity: {}\n        annotations:\n          summary: {}\n          description: {}\n",
            alert.name,
            quoted(&when),
            alert.lasting,
            alert.severity,
            quoted(alert.summary),
            quoted(alert.meaning),
        );
        written.map_err(|error| error.to_string())?;
    }
    Ok(text)
}
