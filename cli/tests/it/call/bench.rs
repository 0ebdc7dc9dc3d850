//! A quick load.

use serde_json::Value;

use super::server::Server;

fn bench(server: &Server, request: &str, arguments: &[&str]) -> (i32, Value, String) {
    let call = ["call", "user-service", "GetUser", request, "--bench", "--json"];
    let ran = server.bia(&[&call[..], arguments].concat());
    let report = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    (ran.code, report, ran.err)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_makes_as_many_calls_as_it_is_asked_for_and_its_numbers_add_up() {
    let server = Server::start().await;
    let (code, report, err) = bench(&server, r#"{"id":"1"}"#, &["-n", "200", "-c", "8"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!((report["calls"].as_u64(), report["codes"]["OK"].as_u64()), (Some(200), Some(200)));
    assert_eq!((report["failed"].as_u64(), report["cut"].as_u64()), (Some(0), Some(0)));
    let latency = |name: &str| report["latencyMs"][name].as_f64().unwrap();
    let ordered = [latency("p50"), latency("p90"), latency("p99"), latency("max")];
    assert!(ordered.is_sorted() && ordered[0] > 0.0, "{ordered:?}");
    let rate = report["callsPerSecond"].as_f64().unwrap();
    let seconds = report["seconds"].as_f64().unwrap();
    assert!((rate * seconds - 200.0).abs() < 20.0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_ends_by_itself_when_its_time_is_up() {
    let server = Server::start().await;
    let (code, report, _) = bench(&server, "{}", &["--duration", "300ms"]);
    assert_eq!(code, 0);
    assert!(report["calls"].as_u64().unwrap() > 0, "{report}");
    // What does not end is cut, and not counted.
    let (code, report, err) =
        bench(&server, r#"{"id":"slow"}"#, &["--duration", "200ms", "-c", "3"]);
    assert_eq!((code, report["calls"].as_u64(), report["cut"].as_u64()), (1, Some(0), Some(3)));
    assert!(err.contains("no call ended in that time"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_fails_says_how_often_and_why() {
    let server = Server::start().await;
    let (code, report, err) = bench(&server, r#"{"id":"nobody"}"#, &["-n", "50"]);
    assert_eq!((code, report["codes"]["NOT_FOUND"].as_u64()), (1, Some(50)));
    assert!(err.contains("every call failed; the first one: no user nobody"), "{err}");
    let ran = server.bia(&["call", "user-service", "GetUser", "--bench", "-n", "20"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with("20 calls in ") && ran.out.contains("100.0 %"), "{}", ran.out);
    assert!(!ran.err.contains("Calling"), "no bar where nobody watches: {}", ran.err);
}
