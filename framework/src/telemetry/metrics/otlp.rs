//! Metrics as a collector takes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::metrics::v1::{
    self as proto, AggregationTemporality, ResourceMetrics, ScopeMetrics, exemplar, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::config::Invalid;
use crate::telemetry::otlp::{self, Otlp, Signal};
use crate::telemetry::settings::SignalKind;

use super::catalogue as c;
use super::catalogue::Kind;
use super::reading::{Exemplar, Metric, Point, Reading, Spread, Value};
use super::{Asked, Metrics};

/// Sends the metrics every so often.
///
/// What waits is only that it is time: the metrics are read when they are sent, so that a collector that
/// comes back is told once how things stand now, and nothing is kept while it is away.
struct ToCollector {
    metrics: Metrics,
    interval: Duration,
}

impl Signal for ToCollector {
    type Item = ();
    type Request = ExportMetricsServiceRequest;
    type Response = ExportMetricsServiceResponse;

    const KIND: SignalKind = SignalKind::Metrics;
    const METHOD: &'static str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

    fn interval(&self) -> Option<Duration> {
        Some(self.interval)
    }

    fn collect(&self) -> Option<()> {
        Some(())
    }

    fn request(&self, resource: &Resource, _: Vec<()>) -> ExportMetricsServiceRequest {
        let inner = &self.metrics.0;
        let mut reading = Reading::default();
        self.metrics.read_own(&mut reading);
        let times = Times { from: nanoseconds(inner.begun), to: nanoseconds(SystemTime::now()) };
        let own = ScopeMetrics {
            scope: Some(otlp::scope()),
            metrics: reading.metrics().map(|metric| times.metric(metric)).collect(),
            ..ScopeMetrics::default()
        };
        // Those of the service keep the types of their attributes this way.
        let theirs = inner.user.collect().map(|all| ExportMetricsServiceRequest::from(&all));
        let theirs = theirs.into_iter().flat_map(|request| request.resource_metrics);
        let theirs = theirs.flat_map(|all| all.scope_metrics);
        let all = ResourceMetrics {
            resource: Some(resource.clone()),
            scope_metrics: std::iter::once(own).chain(theirs).collect(),
            ..ResourceMetrics::default()
        };
        ExportMetricsServiceRequest { resource_metrics: vec![all] }
    }

    fn refused(response: &ExportMetricsServiceResponse) -> Option<(u64, &str)> {
        let refused = response.partial_success.as_ref()?;
        let count = u64::try_from(refused.rejected_data_points).unwrap_or(0);
        Some((count, &refused.error_message))
    }
}

impl Metrics {
    /// Has them sent every `interval`, none if that is zero; and has them tell how all sending goes, until
    /// the answer is dropped.
    ///
    /// # Errors
    ///
    /// If a certificate cannot be read.
    pub(crate) fn send(
        &self,
        interval: Duration,
        otlp: Option<&Otlp>,
    ) -> Result<Option<Asked>, Invalid> {
        let Some(otlp) = otlp else { return Ok(None) };
        if !interval.is_zero() {
            // Nothing is pushed: when it is time, they are asked for.
            otlp.lane(ToCollector { metrics: self.clone(), interval })?;
        }
        let otlp = otlp.clone();
        Ok(Some(self.ask(move |reading| {
            for lane in otlp.state() {
                reading.add(&c::TELEMETRY_SENT, [lane.signal], lane.sent);
                reading.add(&c::TELEMETRY_LOST, [lane.signal], lane.lost);
                reading.add(&c::TELEMETRY_WAITING, [lane.signal], lane.waiting);
            }
        })))
    }
}

/// From when to when is counted.
#[derive(Clone, Copy)]
struct Times {
    from: u64,
    to: u64,
}

impl Times {
    fn metric(self, metric: &Metric) -> proto::Metric {
        let about = &metric.about;
        let numbers = || metric.points.iter().filter_map(|point| self.number(point)).collect();
        let aggregation_temporality = AggregationTemporality::Cumulative.into();
        let data = match about.kind {
            Kind::Counter => metric::Data::Sum(proto::Sum {
                data_points: numbers(),
                aggregation_temporality,
                is_monotonic: true,
            }),
            Kind::Gauge => metric::Data::Gauge(proto::Gauge { data_points: numbers() }),
            Kind::Histogram => metric::Data::Histogram(proto::Histogram {
                data_points: metric.points.iter().filter_map(|point| self.spread(point)).collect(),
                aggregation_temporality,
            }),
        };
        proto::Metric {
            name: about.name.to_string(),
            description: about.help.to_string(),
            unit: about.unit.to_string(),
            data: Some(data),
            ..proto::Metric::default()
        }
    }

    fn number(self, point: &Point) -> Option<proto::NumberDataPoint> {
        let value = match &point.value {
            Value::Whole(value) => number_data_point::Value::AsInt(*value),
            Value::Float(value) => number_data_point::Value::AsDouble(*value),
            Value::Spread(_) => return None,
        };
        Some(proto::NumberDataPoint {
            attributes: attributes(point),
            start_time_unix_nano: self.from,
            time_unix_nano: self.to,
            value: Some(value),
            ..proto::NumberDataPoint::default()
        })
    }

    fn spread(self, point: &Point) -> Option<proto::HistogramDataPoint> {
        let Value::Spread(Spread { bounds, counts, sum, exemplars }) = &point.value else {
            return None;
        };
        Some(proto::HistogramDataPoint {
            attributes: attributes(point),
            start_time_unix_nano: self.from,
            time_unix_nano: self.to,
            count: counts.iter().sum(),
            sum: Some(*sum),
            bucket_counts: counts.clone(),
            explicit_bounds: bounds.clone(),
            exemplars: exemplars.iter().flatten().map(example).collect(),
            ..proto::HistogramDataPoint::default()
        })
    }
}

fn attributes(point: &Point) -> Vec<opentelemetry_proto::tonic::common::v1::KeyValue> {
    point.labels.iter().map(|(name, value)| otlp::text(name, value.clone())).collect()
}

fn example(exemplar: &Exemplar) -> proto::Exemplar {
    proto::Exemplar {
        time_unix_nano: nanoseconds(exemplar.at),
        trace_id: exemplar.ids.0.to_vec(),
        span_id: exemplar.ids.1.to_vec(),
        value: Some(exemplar::Value::AsDouble(exemplar.value)),
        ..proto::Exemplar::default()
    }
}

fn nanoseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use opentelemetry::KeyValue;

    use super::super::calls::Ended;
    use super::*;
    use crate::error::Code;
    use crate::operation::{Kind as Shape, Operation};
    use crate::telemetry::settings::MetricSettings;

    static GET: Operation = Operation::new("/user.v1.UserService/GetUser", Shape::Unary);

    #[test]
    fn a_collector_gets_what_the_page_shows_with_exemplars_and_what_the_service_measures() {
        let metrics = Metrics::new(&MetricSettings::default(), Vec::new());
        let calls = metrics.server_calls([&GET]);
        calls.at(Some(0)).begin();
        calls.at(Some(0)).end(Ended {
            code: Code::NotFound,
            reason: "USER_NOT_FOUND",
            duration: Duration::from_millis(3),
            received: 1,
            sent: 2,
            ids: Some(([0xab; 16], [0xcd; 8])),
        });
        let placed = metrics.meter("orders".to_owned()).u64_counter("orders.placed").build();
        placed.add(2, &[KeyValue::new("express", true)]);

        let signal = ToCollector { metrics, interval: Duration::from_secs(60) };
        let request = signal.request(&Resource::default(), vec![(), ()]);
        let [all] = request.resource_metrics.as_slice() else { panic!("{request:?}") };
        let [own, theirs] = all.scope_metrics.as_slice() else { panic!("{all:?}") };
        let named = |scope: &ScopeMetrics, name: &str| {
            scope.metrics.iter().find(|metric| metric.name == name).cloned().unwrap()
        };

        let duration = named(own, "rpc.server.call.duration");
        assert_eq!(duration.unit, "s");
        let Some(metric::Data::Histogram(histogram)) = duration.data else { panic!("{own:?}") };
        let point = histogram.data_points.iter().find(|point| point.count == 1).unwrap();
        let reason = point.attributes.iter().find(|label| label.key == "error.type").unwrap();
        assert_eq!(*reason, otlp::text("error.type", "USER_NOT_FOUND"));
        assert_eq!(point.explicit_bounds.len() + 1, point.bucket_counts.len());
        assert!(point.start_time_unix_nano <= point.time_unix_nano);
        let [exemplar] = point.exemplars.as_slice() else { panic!("{point:?}") };
        assert_eq!(
            (&exemplar.trace_id[..], &exemplar.span_id[..]),
            (&[0xab; 16][..], &[0xcd; 8][..])
        );
        assert_eq!(exemplar.value, Some(exemplar::Value::AsDouble(0.003)));

        assert_eq!(theirs.scope.as_ref().unwrap().name, "orders");
        let Some(metric::Data::Sum(sum)) = named(theirs, "orders.placed").data else {
            panic!("{theirs:?}")
        };
        assert!(sum.is_monotonic);
        assert_eq!(sum.data_points[0].value, Some(number_data_point::Value::AsInt(2)));
    }

    #[test]
    fn what_a_collector_refuses_is_counted() {
        let response = ExportMetricsServiceResponse {
            partial_success: Some(
                opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess {
                    rejected_data_points: 3,
                    error_message: "too old".to_owned(),
                },
            ),
        };
        assert_eq!(ToCollector::refused(&response), Some((3, "too old")));
    }
}
