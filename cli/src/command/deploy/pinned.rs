//! The versions of what is not ours, in one place.

/// The Rust that images are built with: what the framework needs.
pub(super) const RUST: &str = env!("CARGO_PKG_RUST_VERSION");

/// The command's own version, for the workflow that installs it.
pub(super) const BIA: &str = env!("CARGO_PKG_VERSION");

pub(super) const CONSUL: &str = "docker.io/hashicorp/consul:1.20.1";
pub(super) const COLLECTOR: &str = "docker.io/otel/opentelemetry-collector-contrib:0.114.0";
pub(super) const JAEGER: &str = "docker.io/jaegertracing/all-in-one:1.62.0";
pub(super) const TEMPO: &str = "docker.io/grafana/tempo:2.6.1";
pub(super) const PROMETHEUS: &str = "docker.io/prom/prometheus:v2.55.1";
pub(super) const GRAFANA: &str = "docker.io/grafana/grafana:11.3.1";
pub(super) const POSTGRES: &str = "docker.io/library/postgres:17.2-bookworm";
/// What the chart's test asks with.
pub(super) const BUSYBOX: &str = "docker.io/library/busybox:1.36.1";
