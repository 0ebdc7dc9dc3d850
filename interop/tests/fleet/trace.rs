//! One trace through processes of their own, as a collector that was not written here has it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

use super::fixture::collector::Collector;
use super::fixture::program;
use super::process::LIMIT;
use super::shop::Shop;

/// A span as the collector prints it: by the words before the colons.
type Printed = BTreeMap<String, String>;

const ORDER: &str = "order.v1.OrderService/CreateOrder";
const USER: &str = "user.v1.UserService/GetUser";

/// Waits for spans of which each lies below the one before it, by their names and kinds. The first
/// lies below what `begins` says.
async fn until_chain(collector: &Collector, begins: (&str, &str), chain: &[(&str, &str)]) {
    collector
        .until("the spans of one order", |printed| {
            let spans = spans(printed);
            let is = |span: &Printed, (name, kind): (&str, &str)| {
                span["Name"] == name && span["Kind"].to_ascii_lowercase().contains(kind)
            };
            let begun = |span: &&Printed| {
                let (trace, parent) = begins;
                is(span, chain[0])
                    && span["Parent ID"] == parent
                    && (trace.is_empty() || span["Trace ID"] == trace)
            };
            spans.iter().filter(begun).find_map(|first| {
                chain[1..].iter().try_fold(first, |above, below| {
                    spans.iter().find(|span| {
                        is(span, *below)
                            && span["Parent ID"] == above["ID"]
                            && span["Trace ID"] == first["Trace ID"]
                    })
                })
            })?;
            Some(())
        })
        .await;
}

#[tokio::test]
async fn one_trace_holds_the_caller_both_services_and_their_statements() {
    const TEST: &str = "one_trace_holds_the_caller_both_services_and_their_statements";
    let Some(collector) = Collector::start(TEST).await else { return };
    let shop = Shop::open(Some(&collector)).await;
    let mut client = shop.program("demo-client");
    let called = client.stdout(Stdio::null()).status();
    assert!(timeout(LIMIT, called).await.unwrap().unwrap().success());
    shop.close();
    let chain = [
        (ORDER, "client"),
        (ORDER, "server"),
        (USER, "client"),
        (USER, "server"),
        ("SELECT", "client"),
    ];
    until_chain(&collector, ("", ""), &chain).await;
}

/// Sends a body of JSON with `curl`; what is answered.
async fn curl(program: &Path, url: &str, headers: &[&str], body: &Value) -> Value {
    let mut command = Command::new(program);
    command.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "30"]);
    command.args(["--header", "content-type: application/json"]);
    for header in headers {
        command.args(["--header", header]);
    }
    let output = command.args(["--data", &body.to_string(), url]).output();
    let output = timeout(LIMIT, output).await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{url}: {said} {text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_trace_that_curl_begins_goes_through_both_services_to_their_statements() {
    const TEST: &str = "a_trace_that_curl_begins_goes_through_both_services_to_their_statements";
    let Some(program) = program("curl", "BIA_CURL", TEST) else { return };
    let Some(collector) = Collector::start(TEST).await else { return };
    let shop = Shop::open(Some(&collector)).await;
    let users = format!("http://{}/v1/users", shop.users.address("api").await);
    let orders = format!("http://{}/v1/orders", shop.orders.address("api").await);
    let user = json!({"name": "Ada", "email": "ada@example.com", "age": 36});
    let user = curl(&program, &users, &[], &user).await;
    let items = json!([{"sku": "tea", "quantity": 2, "unitPrice": "450"}]);
    let order = json!({"userId": user["id"], "items": items});
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let header = format!("traceparent: 00-{trace}-{parent}-01");
    let order = curl(&program, &orders, &[&header], &order).await;
    assert_eq!((&order["userName"], &order["total"]), (&json!("Ada"), &json!("900")));
    shop.close();

    let served = (ORDER, "server");
    let asked = [served, (USER, "client"), (USER, "server"), ("SELECT", "client")];
    until_chain(&collector, (trace, parent), &asked).await;
    // And the order itself is written below the same call.
    until_chain(&collector, (trace, parent), &[served, ("INSERT", "client")]).await;
}

/// What was printed of each span.
fn spans(printed: &str) -> Vec<Printed> {
    const KEYS: [&str; 5] = ["Trace ID", "Parent ID", "ID", "Name", "Kind"];
    let mut spans: Vec<Printed> = Vec::new();
    for line in printed.lines() {
        let Some((key, value)) = line.trim().split_once(':') else { continue };
        let (key, value) = (key.trim(), value.trim());
        if key == "Trace ID" {
            spans.push(KEYS.iter().map(|key| ((*key).to_owned(), String::new())).collect());
        }
        if let Some(span) = spans.last_mut()
            && let Some(place) = span.get_mut(key)
            && place.is_empty()
        {
            value.clone_into(place);
        }
    }
    spans
}
