//! What a service measures of its own, through OpenTelemetry's API.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, HistogramDataPoint, MetricData, ResourceMetrics,
};
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality,
};

use super::catalogue::Kind;
use super::instrument::as_float;
use super::reading::{About, Labels, Point, Reading, Spread, Value};

/// OpenTelemetry's instruments, read when somebody asks.
///
/// The SDK bounds what hostile labels can do: an instrument has at most 2,000 series, and what is beyond
/// goes into one that says `otel.metric.overflow`.
pub(super) struct UserMetrics {
    provider: SdkMeterProvider,
    reader: Reader,
}

impl UserMetrics {
    pub(super) fn new(target: &[(String, String)]) -> Self {
        let attributes =
            target.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let resource = Resource::builder_empty().with_attributes(attributes).build();
        let reader = Reader(Arc::new(ManualReader::builder().build()));
        let provider =
            SdkMeterProvider::builder().with_resource(resource).with_reader(reader.clone()).build();
        Self { provider, reader }
    }

    pub(super) fn meter(&self, scope: String) -> Meter {
        let scope = opentelemetry::InstrumentationScope::builder(scope).build();
        self.provider.meter_with_scope(scope)
    }

    /// What `opentelemetry::global::meter` gives from now on.
    pub(super) fn become_global(&self) {
        opentelemetry::global::set_meter_provider(self.provider.clone());
    }

    /// Fails only once it was shut down, and nobody shuts it down.
    pub(super) fn collect(&self) -> Option<ResourceMetrics> {
        let mut all = ResourceMetrics::default();
        self.reader.collect(&mut all).is_ok().then_some(all)
    }

    pub(super) fn read(&self, reading: &mut Reading) {
        let Some(all) = self.collect() else { return };
        for scope in all.scope_metrics() {
            for metric in scope.metrics() {
                let mut about = About {
                    name: metric.name().to_owned().into(),
                    known_as: None,
                    kind: Kind::Gauge,
                    unit: metric.unit().to_owned().into(),
                    help: metric.description().to_owned().into(),
                };
                let scope = scope.scope().name();
                match metric.data() {
                    AggregatedMetrics::F64(data) => add(reading, &mut about, scope, data, |it| it),
                    AggregatedMetrics::U64(data) => add(reading, &mut about, scope, data, as_float),
                    AggregatedMetrics::I64(data) => add(reading, &mut about, scope, data, signed),
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn signed(value: i64) -> f64 {
    value as f64
}

fn add<T: Copy>(
    reading: &mut Reading,
    about: &mut About,
    scope: &str,
    data: &MetricData<T>,
    float: impl Fn(T) -> f64,
) {
    match data {
        MetricData::Gauge(gauge) => {
            for point in gauge.data_points() {
                let labels = labels(scope, point.attributes());
                reading.push(about, Point { labels, value: Value::Float(float(point.value())) });
            }
        }
        MetricData::Sum(sum) => {
            about.kind = if sum.is_monotonic() { Kind::Counter } else { Kind::Gauge };
            for point in sum.data_points() {
                let labels = labels(scope, point.attributes());
                reading.push(about, Point { labels, value: Value::Float(float(point.value())) });
            }
        }
        MetricData::Histogram(histogram) => {
            about.kind = Kind::Histogram;
            for point in histogram.data_points() {
                let labels = labels(scope, point.attributes());
                let value = Value::Spread(spread(point, &float));
                reading.push(about, Point { labels, value });
            }
        }
        // Only views make these, and there is none.
        MetricData::ExponentialHistogram(_) => {}
    }
}

fn spread<T: Copy>(point: &HistogramDataPoint<T>, float: impl Fn(T) -> f64) -> Spread {
    Spread {
        bounds: point.bounds().collect(),
        counts: point.bucket_counts().collect(),
        sum: float(point.sum()),
        exemplars: Vec::new(),
    }
}

/// The scope is one of them: two libraries may measure under the same name.
fn labels<'a>(scope: &str, attributes: impl Iterator<Item = &'a KeyValue>) -> Labels {
    let scope = (!scope.is_empty()).then(|| (SCOPE.into(), scope.to_owned()));
    attributes
        .map(|label| (label.key.as_str().to_owned().into(), label.value.as_str().into_owned()))
        .chain(scope)
        .collect()
}

/// As the rules for Prometheus name it.
pub(super) const SCOPE: &str = "otel_scope_name";

impl fmt::Debug for UserMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserMetrics").finish_non_exhaustive()
    }
}

/// A reader that is held by two: by the SDK, and by who reads.
#[derive(Clone, Debug)]
struct Reader(Arc<ManualReader>);

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, all: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(all)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::{Format, page};
    use super::*;

    fn shown(metrics: &UserMetrics) -> String {
        let mut reading = Reading::default();
        metrics.read(&mut reading);
        page(&reading, &[], Format::Prometheus)
    }

    #[test]
    fn what_a_service_measures_is_on_the_page() {
        let metrics = UserMetrics::new(&[]);
        let meter = metrics.meter("orders".to_owned());
        let placed = meter.u64_counter("orders.placed").with_description("Orders.").build();
        placed.add(2, &[KeyValue::new("country", "CH")]);
        placed.add(1, &[KeyValue::new("country", "CH")]);
        meter.i64_up_down_counter("orders.open").build().add(-1, &[]);
        let price = meter.f64_histogram("orders.price").with_boundaries(vec![10.0, 100.0]).build();
        price.record(12.5, &[]);
        let _held = meter
            .u64_observable_gauge("orders.queue")
            .with_unit("By")
            .with_callback(|observer| observer.observe(7, &[]))
            .build();
        assert_eq!(
            shown(&metrics),
            r#"# TYPE orders_open gauge
orders_open{otel_scope_name="orders"} -1
# HELP orders_placed_total Orders.
# TYPE orders_placed_total counter
orders_placed_total{country="CH",otel_scope_name="orders"} 3
# TYPE orders_price histogram
orders_price_bucket{otel_scope_name="orders",le="10.0"} 0
orders_price_bucket{otel_scope_name="orders",le="100.0"} 1
orders_price_bucket{otel_scope_name="orders",le="+Inf"} 1
orders_price_sum{otel_scope_name="orders"} 12.5
orders_price_count{otel_scope_name="orders"} 1
# TYPE orders_queue_bytes gauge
orders_queue_bytes{otel_scope_name="orders"} 7
"#
        );
    }

    #[test]
    fn hostile_label_values_of_a_service_stay_bounded() {
        let metrics = UserMetrics::new(&[]);
        let counter = metrics.meter("a".to_owned()).u64_counter("b").build();
        for number in 0..10_000 {
            counter.add(1, &[KeyValue::new("path", format!("/{number}\"\n"))]);
        }
        let page = shown(&metrics);
        let series = page.lines().filter(|line| line.starts_with("b_total{"));
        assert!(series.count() <= 2001, "{}", page.len());
        assert!(page.contains("otel_metric_overflow=\"true\""), "{}", page.len());
    }
}
