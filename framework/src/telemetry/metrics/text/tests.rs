use std::time::Duration;

use super::super::catalogue as c;
use super::super::reading::About;
use super::*;

fn spread() -> Spread {
    let at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    let exemplar = Exemplar { ids: ([0xab; 16], [0x0c; 8]), value: 0.25, at };
    Spread {
        bounds: vec![0.005, 1.0],
        counts: vec![2, 1, 1],
        sum: 3.5,
        exemplars: vec![None, Some(exemplar), None],
    }
}

fn reading() -> Reading {
    let mut reading = Reading::default();
    let labels = ["grpc", "user.v1.UserService/GetUser", "NOT_FOUND", "A \"B\"\\\nC"];
    reading.add(&c::SERVER_DURATION, labels, spread());
    reading.add(&c::SERVER_ACTIVE, ["grpc", "_OTHER"], 3_i64);
    let about = About {
        name: "orders.placed".into(),
        known_as: None,
        kind: Kind::Counter,
        unit: "{order}".into(),
        help: "Orders,\n\"placed\".".into(),
    };
    let labels = vec![("a.b".into(), "1".to_owned()), ("a_b".into(), "2".to_owned())];
    reading.push(&about, Point { labels, value: Value::Float(1.5) });
    reading
}

#[test]
fn the_page_is_openmetrics_with_exemplars() {
    let target = [("service.name".to_owned(), "users".to_owned())];
    assert_eq!(
        page(&reading(), &target, Format::OpenMetrics),
        r##"# HELP target Who is speaking.
# TYPE target info
target_info{service_name="users"} 1
# HELP orders_placed Orders,\n\"placed\".
# TYPE orders_placed counter
orders_placed_total{a_b="1;2"} 1.5
# HELP rpc_server_active_requests How many calls to this service are in flight.
# TYPE rpc_server_active_requests gauge
rpc_server_active_requests{rpc_system_name="grpc",rpc_method="_OTHER"} 3
# HELP rpc_server_call_duration_seconds How long calls to this service took, to the end of their bodies.
# TYPE rpc_server_call_duration_seconds histogram
# UNIT rpc_server_call_duration_seconds seconds
rpc_server_call_duration_seconds_bucket{rpc_system_name="grpc",rpc_method="user.v1.UserService/GetUser",rpc_response_status_code="NOT_FOUND",error_type="A \"B\"\\\nC",le="0.005"} 2
rpc_server_call_duration_seconds_bucket{rpc_system_name="grpc",rpc_method="user.v1.UserService/GetUser",rpc_response_status_code="NOT_FOUND",error_type="A \"B\"\\\nC",le="1.0"} 3 # {trace_id="abababababababababababababababab",span_id="0c0c0c0c0c0c0c0c"} 0.25 1700000000.123
rpc_server_call_duration_seconds_bucket{rpc_system_name="grpc",rpc_method="user.v1.UserService/GetUser",rpc_response_status_code="NOT_FOUND",error_type="A \"B\"\\\nC",le="+Inf"} 4
rpc_server_call_duration_seconds_sum{rpc_system_name="grpc",rpc_method="user.v1.UserService/GetUser",rpc_response_status_code="NOT_FOUND",error_type="A \"B\"\\\nC"} 3.5
rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="user.v1.UserService/GetUser",rpc_response_status_code="NOT_FOUND",error_type="A \"B\"\\\nC"} 4
# EOF
"##
    );
}

#[test]
fn the_page_for_everybody_is_prometheus_own_text() {
    let text = page(&reading(), &[], Format::Prometheus);
    for expected in [
        "# HELP orders_placed_total Orders,\\n\"placed\".\n# TYPE orders_placed_total counter\n",
        "# TYPE rpc_server_call_duration_seconds histogram\nrpc_server",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    for unexpected in ["# UNIT", "# EOF", "# {", "target"] {
        assert!(!text.contains(unexpected), "{text}");
    }
}

#[test]
fn the_format_is_the_one_the_reader_prefers() {
    use Format::{OpenMetrics, Prometheus};
    let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                        application/openmetrics-text;version=0.0.1;q=0.4,\
                        text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                        text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    for (accept, format) in [
        (None, Prometheus),
        (Some(""), Prometheus),
        (Some("*/*"), Prometheus),
        (Some(prometheus_3), OpenMetrics),
        (Some("application/openmetrics-text"), OpenMetrics),
        (Some("text/plain;q=0.9, application/openmetrics-text;q=0.1"), Prometheus),
        (Some("application/openmetrics-text;q=0, */*;q=0.1"), Prometheus),
        (Some("application/openmetrics-text;q=nonsense"), Prometheus),
        (Some("application/json"), Prometheus),
    ] {
        assert_eq!(Format::of(accept), format, "{accept:?}");
    }
}

#[test]
fn names_and_units_follow_the_rules() {
    for (name, unit, kind, expected) in [
        ("orders.total", "{order}", Kind::Counter, "orders"),
        ("queue.size", "By", Kind::Gauge, "queue_size_bytes"),
        ("queue_bytes", "By", Kind::Gauge, "queue_bytes"),
        ("load", "1", Kind::Gauge, "load_ratio"),
        ("load", "1", Kind::Counter, "load"),
        ("9 lives", "", Kind::Gauge, "_9_lives"),
        ("größe", "", Kind::Gauge, "gr__e"),
        ("", "", Kind::Gauge, "_"),
    ] {
        assert_eq!(base_name(name, unit, kind), expected);
    }
    assert_eq!(label_name("http.route:x"), "http_route_x");
}

#[test]
fn two_metrics_that_come_to_one_name_do_not_spoil_the_page() {
    let mut reading = Reading::default();
    for name in ["a.b", "a_b"] {
        let about = About {
            name: name.into(),
            known_as: None,
            kind: Kind::Gauge,
            unit: "".into(),
            help: "".into(),
        };
        reading.push(&about, Point { labels: vec![], value: Value::Whole(1) });
    }
    assert_eq!(page(&reading, &[], Format::Prometheus), "# TYPE a_b gauge\na_b 1\n");
}

#[test]
fn numbers_are_written_as_readers_expect_them() {
    let all =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1, 1e21].map(|n| Number(n).to_string());
    assert_eq!(all, ["NaN", "+Inf", "-Inf", "0.1", "1000000000000000000000"]);
}
