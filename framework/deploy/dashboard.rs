//! The dashboard for Grafana.

use serde_json::{Value, json};

use crate::promql::promql;

/// A row of panels.
struct Row {
    title: &'static str,
    panels: &'static [Panel],
}

/// One panel: what it shows over time.
struct Panel {
    title: &'static str,
    about: &'static str,
    /// As Grafana calls it.
    unit: &'static str,
    /// Queries, see [`promql`], each with what its lines are called.
    lines: &'static [(&'static str, &'static str)],
}

const ROWS: &[Row] = &[
    Row {
        title: "Calls to the service",
        panels: &[
            Panel {
                title: "Calls",
                about: "Calls a second, by operation.",
                unit: "reqps",
                lines: &[(
                    "sum by (`rpc.method`) (rate(`rpc.server.call.duration`_count{%}[$__rate_interval]))",
                    "{{rpc_method}}",
                )],
            },
            Panel {
                title: "Faults",
                about: "The share of calls that failed by a fault of the service, by operation.",
                unit: "percentunit",
                lines: &[(
                    "sum by (`rpc.method`) (rate(`rpc.server.call.duration`_count{%,`rpc.response.status_code`=~\"FAULTS\"}[$__rate_interval])) / sum by (`rpc.method`) (rate(`rpc.server.call.duration`_count{%}[$__rate_interval]))",
                    "{{rpc_method}}",
                )],
            },
            Panel {
                title: "Failed calls",
                about: "Calls a second that failed, whoever's fault it was, by code and reason.",
                unit: "reqps",
                lines: &[(
                    "sum by (`rpc.response.status_code`, `error.type`) (rate(`rpc.server.call.duration`_count{%,`rpc.response.status_code`!=\"OK\"}[$__rate_interval]))",
                    "{{rpc_response_status_code}} {{error_type}}",
                )],
            },
            Panel {
                title: "Duration",
                about: "How long calls take. Points are sampled calls: they lead to their traces.",
                unit: "s",
                lines: &[
                    (
                        "histogram_quantile(0.5, sum by (le) (rate(`rpc.server.call.duration`_bucket{%}[$__rate_interval])))",
                        "half",
                    ),
                    (
                        "histogram_quantile(0.95, sum by (le) (rate(`rpc.server.call.duration`_bucket{%}[$__rate_interval])))",
                        "95 of 100",
                    ),
                    (
                        "histogram_quantile(0.99, sum by (le) (rate(`rpc.server.call.duration`_bucket{%}[$__rate_interval])))",
                        "99 of 100",
                    ),
                ],
            },
            Panel {
                title: "Duration by operation",
                about: "What 99 of 100 calls take at most.",
                unit: "s",
                lines: &[(
                    "histogram_quantile(0.99, sum by (le, `rpc.method`) (rate(`rpc.server.call.duration`_bucket{%}[$__rate_interval])))",
                    "{{rpc_method}}",
                )],
            },
            Panel {
                title: "In flight",
                about: "Calls that are being served, by operation; a stream is one.",
                unit: "short",
                lines: &[(
                    "sum by (`rpc.method`) (`rpc.server.active_requests`{%})",
                    "{{rpc_method}}",
                )],
            },
            Panel {
                title: "Messages",
                about: "Bytes of messages a second, uncompressed.",
                unit: "Bps",
                lines: &[
                    ("sum(rate(`rpc.server.request.size`_sum{%}[$__rate_interval]))", "received"),
                    ("sum(rate(`rpc.server.response.size`_sum{%}[$__rate_interval]))", "sent"),
                ],
            },
            Panel {
                title: "Connections",
                about: "Connections of callers, and how many there may be.",
                unit: "short",
                lines: &[
                    ("sum(`bia.server.connections`{%})", "open"),
                    ("sum(`bia.server.connections.max`{%})", "most"),
                ],
            },
            Panel {
                title: "Connections that come and go",
                about: "A second; those that were refused found as many as there may be.",
                unit: "short",
                lines: &[
                    (
                        "sum(rate(`bia.server.connections.accepted`{%}[$__rate_interval]))",
                        "accepted",
                    ),
                    ("sum(rate(`bia.server.connections.refused`{%}[$__rate_interval]))", "refused"),
                    (
                        "sum by (`cause`) (rate(`bia.server.connections.ended`{%}[$__rate_interval]))",
                        "ended: {{cause}}",
                    ),
                ],
            },
        ],
    },
    Row {
        title: "Calls to others",
        panels: &[
            Panel {
                title: "Calls",
                about: "Calls a second, by callee and operation.",
                unit: "reqps",
                lines: &[(
                    "sum by (`server.address`, `rpc.method`) (rate(`rpc.client.call.duration`_count{%}[$__rate_interval]))",
                    "{{server_address}} {{rpc_method}}",
                )],
            },
            Panel {
                title: "Failed calls",
                about: "Calls a second that failed, by callee, code and reason.",
                unit: "reqps",
                lines: &[(
                    "sum by (`server.address`, `rpc.response.status_code`, `error.type`) (rate(`rpc.client.call.duration`_count{%,`rpc.response.status_code`!=\"OK\"}[$__rate_interval]))",
                    "{{server_address}} {{rpc_response_status_code}} {{error_type}}",
                )],
            },
            Panel {
                title: "Duration",
                about: "What 99 of 100 calls take at most, by callee.",
                unit: "s",
                lines: &[(
                    "histogram_quantile(0.99, sum by (le, `server.address`) (rate(`rpc.client.call.duration`_bucket{%}[$__rate_interval])))",
                    "{{server_address}}",
                )],
            },
            Panel {
                title: "In flight",
                about: "Calls that wait for their answer, by callee.",
                unit: "short",
                lines: &[(
                    "sum by (`server.address`) (`rpc.client.active_requests`{%})",
                    "{{server_address}}",
                )],
            },
            Panel {
                title: "Instances",
                about: "Instances of the callees, added up over the callers, by state.",
                unit: "short",
                lines: &[(
                    "sum by (`server.address`, `state`) (`bia.client.nodes`{%})",
                    "{{server_address}} {{state}}",
                )],
            },
            Panel {
                title: "Waiting and sent again",
                about: "Calls that wait for an instance; calls a second that went to another one.",
                unit: "short",
                lines: &[
                    (
                        "sum by (`server.address`) (`bia.client.waiting`{%})",
                        "waiting: {{server_address}}",
                    ),
                    (
                        "sum by (`server.address`) (rate(`bia.client.sent_again`{%}[$__rate_interval]))",
                        "sent again: {{server_address}}",
                    ),
                ],
            },
            Panel {
                title: "Connections and messages",
                about: "Connections to the callees; bytes of messages a second, uncompressed.",
                unit: "short",
                lines: &[
                    (
                        "sum by (`server.address`) (`bia.client.connections`{%})",
                        "connections: {{server_address}}",
                    ),
                    ("sum(rate(`rpc.client.request.size`_sum{%}[$__rate_interval]))", "bytes sent"),
                    (
                        "sum(rate(`rpc.client.response.size`_sum{%}[$__rate_interval]))",
                        "bytes received",
                    ),
                ],
            },
        ],
    },
    Row {
        title: "Instances",
        panels: &[
            Panel {
                title: "What runs",
                about: "How many instances of which version.",
                unit: "short",
                lines: &[(
                    "count by (`service.name`, `service.version`, `bia.version`) (`bia.app.info`{%})",
                    "{{service_name}} {{service_version}} (bia {{bia_version}})",
                )],
            },
            Panel {
                title: "Ready and registered",
                about: "How many instances say that they serve, and how many the registry holds.",
                unit: "short",
                lines: &[
                    ("sum(`bia.app.ready`{%})", "ready"),
                    ("sum(`bia.registry.lease.held`{%})", "registered"),
                ],
            },
            Panel {
                title: "Registry",
                about: "For how long it cannot be asked; when it last confirmed an instance.",
                unit: "s",
                lines: &[
                    (
                        "max by (`server.address`) (`bia.registry.outage`{%})",
                        "away: {{server_address}}",
                    ),
                    ("max by (instance) (`bia.registry.lease.age`{%})", "confirmed: {{instance}}"),
                ],
            },
            Panel {
                title: "Settings",
                about: "The number of the settings in force, and instances whose sources say something that was refused.",
                unit: "short",
                lines: &[
                    ("max by (instance) (`bia.config.revision`{%})", "{{instance}}"),
                    ("sum(`bia.config.refused`{%})", "instances that refuse"),
                    ("sum(rate(`bia.config.refusals`{%}[$__rate_interval]))", "refusals a second"),
                ],
            },
            Panel {
                title: "Telemetry",
                about: "What is sent to the collector, a second, and what waits.",
                unit: "short",
                lines: &[
                    (
                        "sum by (`signal`) (rate(`bia.telemetry.sent`{%}[$__rate_interval]))",
                        "{{signal}}",
                    ),
                    (
                        "sum by (`signal`) (rate(`bia.telemetry.lost`{%}[$__rate_interval]))",
                        "{{signal}} lost",
                    ),
                    ("sum by (`signal`) (`bia.telemetry.waiting`{%})", "{{signal}} waiting"),
                ],
            },
            Panel {
                title: "Log",
                about: "Lines a second by level, and those that were held back or lost.",
                unit: "short",
                lines: &[
                    ("sum by (`level`) (rate(`bia.log.lines`{%}[$__rate_interval]))", "{{level}}"),
                    ("sum(rate(`bia.log.held_back`{%}[$__rate_interval]))", "held back"),
                    ("sum(rate(`bia.log.lost`{%}[$__rate_interval]))", "lost"),
                ],
            },
            Panel {
                title: "CPU",
                about: "Cores in use, by instance.",
                unit: "short",
                lines: &[(
                    "sum by (instance) (rate(`process.cpu.time`{%}[$__rate_interval]))",
                    "{{instance}}",
                )],
            },
            Panel {
                title: "Memory",
                about: "Memory that the process holds, by instance.",
                unit: "bytes",
                lines: &[("max by (instance) (`process.memory.usage`{%})", "{{instance}}")],
            },
            Panel {
                title: "Open files",
                about: "Of those that the process may open; a connection is one.",
                unit: "percentunit",
                lines: &[(
                    "max by (instance) (`process.unix.file_descriptor.count`{%} / `process.unix.file_descriptor.limit`{%})",
                    "{{instance}}",
                )],
            },
            Panel {
                title: "Runtime",
                about: "How busy its threads are. Above 0.9 calls wait for a thread.",
                unit: "percentunit",
                lines: &[(
                    "max by (instance) (rate(`tokio.busy`{%}[$__rate_interval]) / `tokio.workers`{%})",
                    "{{instance}}",
                )],
            },
            Panel {
                title: "Tasks",
                about: "Tasks of the runtime, and those that wait in the queue of all its threads.",
                unit: "short",
                lines: &[
                    ("max by (instance) (`tokio.tasks.alive`{%})", "{{instance}}"),
                    ("max by (instance) (`tokio.global_queue.depth`{%})", "waiting: {{instance}}"),
                ],
            },
            Panel {
                title: "Threads",
                about: "Threads of the process, with those that block.",
                unit: "short",
                lines: &[("max by (instance) (`process.thread.count`{%})", "{{instance}}")],
            },
        ],
    },
];

/// Grafana's grid is 24 wide.
const WIDTH: usize = 8;
const HEIGHT: usize = 8;

/// The dashboard as a file for Grafana's provisioning, or to be imported by hand.
pub(crate) fn dashboard() -> Result<String, String> {
    let mut panels = Vec::new();
    let mut top = 0;
    let mut id = 0;
    for row in ROWS {
        id += 1;
        panels.push(json!({
            "id": id,
            "type": "row",
            "title": row.title,
            "collapsed": false,
            "gridPos": {"x": 0, "y": top, "w": 24, "h": 1},
            "panels": [],
        }));
        top += 1;
        for (place, about) in row.panels.iter().enumerate() {
            id += 1;
            let (column, line) = (place % (24 / WIDTH), place / (24 / WIDTH));
            let at = (column * WIDTH, top + line * HEIGHT);
            panels.push(panel(about, id, at)?);
        }
        top += row.panels.len().div_ceil(24 / WIDTH) * HEIGHT;
    }
    let ready = promql("`bia.app.ready`")?;
    let dashboard = json!({
        "uid": "bia",
        "title": "Bia services",
        "description": "Written by `cargo xtask gen` from the catalogue of metrics.",
        "tags": ["bia"],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [
            {
                "name": "datasource",
                "label": "Data source",
                "type": "datasource",
                "query": "prometheus",
            },
            variable("job", "Service", &format!("label_values({ready}, job)")),
            variable("instance", "Instance", &format!("label_values({ready}{{job=~\"$job\"}}, instance)")),
        ]},
        "panels": panels,
    });
    let text = serde_json::to_string_pretty(&dashboard).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

fn variable(name: &str, label: &str, query: &str) -> Value {
    json!({
        "name": name,
        "label": label,
        "type": "query",
        "datasource": source(),
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": true,
        "includeAll": true,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    })
}

fn panel(about: &Panel, id: usize, (x, y): (usize, usize)) -> Result<Value, String> {
    let mut targets = Vec::new();
    for ((template, legend), name) in about.lines.iter().zip('A'..) {
        let expr = promql(template)?;
        targets.push(json!({
            "refId": name.to_string(),
            "datasource": source(),
            "expr": expr,
            "legendFormat": legend,
            "range": true,
            // Only buckets carry examples.
            "exemplar": expr.contains("_bucket"),
        }));
    }
    Ok(json!({
        "id": id,
        "type": "timeseries",
        "title": about.title,
        "description": about.about,
        "datasource": source(),
        "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {
            "defaults": {
                "unit": about.unit,
                "min": 0,
                "custom": {"fillOpacity": 10, "showPoints": "never", "spanNulls": false},
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": targets,
    }))
}

fn source() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}
