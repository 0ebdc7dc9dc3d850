//! What the process writes to standard error, as whoever collects it reads it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

impl Running {
    /// Waits for a line of the log that `is` says.
    pub(crate) async fn line(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = timeout(LIMIT, self.log.next_line()).await.unwrap().unwrap();
            assert!(line.is_some(), "it ended: {:#?}", self.said);
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            self.said.push(line.clone());
            if is(&line) {
                return line;
            }
        }
    }

    /// Where its servers are: for calls, for operators.
    pub(crate) async fn addresses(&mut self) -> (String, String) {
        let api = self.line(|line| line["server"] == "api").await;
        let admin = self.line(|line| line["server"] == "admin").await;
        let text = |line: Value| line["address"].as_str().unwrap().to_owned();
        (text(api), text(admin))
    }
}

fn channel(address: String) -> Channel {
    let settings = ClientSettings { health_check: false, ..ClientSettings::default() };
    Channel::builder(address).settings(settings).build().unwrap()
}

fn is_access(line: &Value) -> bool {
    line["target"] == "bia::access"
}

/// Asks the admin port, and reads the status of its answer.
async fn ask(address: &str, method: &str, path: &str) -> String {
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(LIMIT, socket.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn every_line_of_a_call_has_the_ids_that_its_caller_is_told() {
    let folder = folder();
    let settings = "telemetry: {logs: {operations: {/test.Sleeper/*: debug}}}";
    std::fs::write(folder.path().join("own.yaml"), settings).unwrap();
    let mut service = Running::start(&mut command(&folder, &["--config", "own.yaml"]));
    let (api, _) = service.addresses().await;
    let reply = channel(api).unary::<_, u64>(&SLEEP, 3_u64).with_reply().await.unwrap();
    let id = reply.headers["x-request-id"].to_str().unwrap();
    let inside = service.line(|line| line["message"] == "asleep").await;
    let access = service.line(is_access).await;
    for line in [&inside, &access] {
        assert_eq!(line["request_id"], id, "{line}");
        assert_eq!(line["operation"], "/test.Sleeper/Sleep");
        // The id was made of the trace's.
        assert_eq!(line["trace_id"], id);
        assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
    }
    assert_eq!((&inside["password"], &inside["ms"]), (&"***".into(), &3.into()));
    assert_eq!((&access["code"], &access["status"]), (&200.into(), &"OK".into()));
    assert!(access["took_ms"].as_f64().unwrap() >= 3.0, "{access}");
    assert!(access["deadline_left_ms"].as_f64().unwrap() > 0.0);
    assert!(access["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(access["received_bytes"].is_u64() && access["sent_bytes"].is_u64());
    service.signal("-TERM");
    let (code, _, rest) = service.ends().await;
    assert_eq!((code, rest.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_panic_is_one_line_with_its_place_and_its_call() {
    let folder = folder();
    let mut service = Running::start(&mut command(&folder, &[]));
    let (api, _) = service.addresses().await;
    let error = channel(api).unary::<_, u64>(&SLEEP, u64::MAX).await.unwrap_err();
    assert_eq!(error.code(), 500);
    let panic = service.line(|line| line["message"] == "panicked").await;
    assert_eq!((&panic["level"], &panic["target"]), (&"error".into(), &"bia::panic".into()));
    assert_eq!(panic["panic"], "told to: token=***");
    let place = panic["place"].as_str().unwrap();
    assert!(place.contains("child/main.rs:"), "{place}");
    assert!(panic["thread"].is_string());
    assert_eq!(panic["operation"], "/test.Sleeper/Sleep");
    let access = service.line(is_access).await;
    assert_eq!((&access["level"], &access["code"]), (&"error".into(), &500.into()));
    assert_eq!(access["trace_id"], panic["trace_id"]);
    service.signal("-TERM");
    let (code, _, rest) = service.ends().await;
    // Nothing but lines of the log, also of what Rust itself would print.
    assert_eq!((code, rest.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn an_operator_looks_closer_at_one_operation_and_takes_it_back() {
    let folder = folder();
    let mut service = Running::start(&mut command(&folder, &[]));
    let (api, admin) = service.addresses().await;
    let channel = channel(api);
    let asleep = async |service: &mut Running| {
        channel.unary::<_, u64>(&SLEEP, 0_u64).await.unwrap();
        let before = service.said.len();
        service.line(is_access).await;
        service.said[before..].iter().any(|line| line["message"] == "asleep")
    };
    assert!(!asleep(&mut service).await);
    let wrong = ask(&admin, "PUT", "/log?level=loud").await;
    assert!(wrong.starts_with("HTTP/1.1 400") && wrong.contains("is no level"), "{wrong}");
    let changed = ask(&admin, "PUT", "/log?level=debug&operation=/test.Sleeper/Sleep&for=5m").await;
    assert!(changed.starts_with("HTTP/1.1 200"), "{changed}");
    assert!(changed.contains("\"left_seconds\":300.0"), "{changed}");
    assert!(asleep(&mut service).await);
    let state = ask(&admin, "GET", "/log").await;
    assert!(state.contains("\"filter\":\"info\"") && state.contains("/test.Sleeper/Sleep"));
    ask(&admin, "DELETE", "/log").await;
    assert!(!asleep(&mut service).await);
}

#[tokio::test]
async fn the_log_follows_the_settings_while_the_service_runs() {
    let folder = folder();
    let configs = folder.path().join("configs");
    std::fs::create_dir(&configs).unwrap();
    let write = |filter: &str| {
        let text =
            format!("telemetry: {{logs: {{filter: '{filter}'}}}}\nconfig: {{debounce: 20ms}}");
        std::fs::write(configs.join("app.yaml"), text).unwrap();
    };
    write("info");
    let mut service = Running::start(&mut command(&folder, &[]));
    let (api, _) = service.addresses().await;
    service.logs("started").await;
    write("info,child=debug");
    let channel = channel(api);
    let begun = Instant::now();
    loop {
        channel.unary::<_, u64>(&SLEEP, 0_u64).await.unwrap();
        let before = service.said.len();
        service.line(is_access).await;
        if service.said[before..].iter().any(|line| line["message"] == "asleep") {
            break;
        }
        assert!(begun.elapsed() < LIMIT);
    }
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_no_call_up_and_is_whole_at_the_end() {
    let folder = folder();
    let mut service = Running::start(&mut command(&folder, &[]));
    let (api, _) = service.addresses().await;
    let channel = channel(api);
    // Several times what a pipe holds.
    const CALLS: usize = 1000;
    for _ in 0..CALLS {
        channel.unary::<_, u64>(&SLEEP, 0_u64).await.unwrap();
    }
    service.signal("-TERM");
    let lines = service.rest().await;
    assert_eq!(lines.iter().filter(|line| is_access(line)).count(), CALLS);
    assert_eq!(lines.last().unwrap()["message"], "stopped");
    assert_eq!(service.ends().await.0, Some(0));
}
