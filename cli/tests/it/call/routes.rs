//! Every operation with its faces and rules.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::server::Server;
use crate::command::run;

fn repository() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn the_routes_of_the_examples_are_those_of_their_protos() {
    let ran = run(repository(), &["routes", "user-service"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(
        ran.out,
        "user-service  user.v1.UserService\n\
         METHOD       KIND           HTTP                       DEADLINE  RETRY  REPEATABLE       FAILS WITH\n\
         CreateUser   unary          POST /v1/users             –         –      –                DATABASE_UNAVAILABLE USER_EMAIL_TAKEN\n\
         GetUser      unary          GET /v1/users/{id}         2s        3×     no side effects  DATABASE_UNAVAILABLE USER_NOT_FOUND\n\
         ListUsers    unary          GET /v1/users              –         3×     no side effects  DATABASE_UNAVAILABLE PAGE_TOKEN_INVALID\n\
         UpdateUser   unary          PATCH /v1/users/{user.id}  –         –      idempotent       DATABASE_UNAVAILABLE USER_NOT_FOUND USER_EMAIL_TAKEN USER_CHANGED\n\
         DeleteUser   unary          DELETE /v1/users/{id}      –         –      idempotent       DATABASE_UNAVAILABLE USER_NOT_FOUND\n\
         WatchUsers   server stream  GET /v1/users:watch        –         –      no side effects  DATABASE_UNAVAILABLE STOPPING\n\
         ImportUsers  client stream  WS /v1/users:import        –         –      –                DATABASE_UNAVAILABLE\n\
         SyncUsers    both stream    WS /v1/users:sync          –         –      –                DATABASE_UNAVAILABLE\n"
    );
    // What a service calls is not what it serves.
    let ran = run(repository(), &["routes", "order-service"]);
    assert!(ran.out.contains("order.v1.OrderService"), "{}", ran.out);
    assert!(!ran.out.contains("user.v1.UserService"), "{}", ran.out);
}

#[test]
fn within_the_folder_of_a_service_its_routes_are_meant_and_at_the_root_all() {
    let own = run(repository().join("examples/user-service/src"), &["routes"]);
    assert_eq!((own.code, &own.out), (0, &run(repository(), &["routes", "user-service"]).out));
    assert!(!own.out.contains("order.v1"), "{}", own.out);
    let all = run(repository(), &["routes"]);
    assert!(all.out.contains("order.v1") && all.out.contains("user.v1"), "{}", all.out);
}

#[test]
fn scripts_read_all_that_the_proto_says_of_an_operation() {
    let ran = run(repository(), &["routes", "user-service", "--json"]);
    let routes: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        routes[1],
        json!({
            "program": "user-service",
            "service": "user.v1.UserService",
            "operation": "/user.v1.UserService/GetUser",
            "kind": "unary",
            "grpc": "/user.v1.UserService/GetUser",
            "http": [{"verb": "GET", "path": "/v1/users/{id}", "body": null, "over": "json",
                      "implied": false}],
            "deadline": "2s",
            "idempotency": "no side effects",
            "auth": null,
            "retry": "3×",
            "errors": [{"reason": "DATABASE_UNAVAILABLE", "code": 503},
                       {"reason": "USER_NOT_FOUND", "code": 404}],
            "deprecated": false,
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_runs_tells_its_routes_itself() {
    let server = Server::start().await;
    let ran = server.bia(&["routes", "--of", "user-service", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let routes: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(routes[0]["http"][0]["path"], "/v1/users/{id}");
    assert_eq!(routes[0]["idempotency"], "no side effects");
    assert_eq!(routes[5]["deprecated"], true);
    assert_eq!(routes.as_array().unwrap().len(), 6);
}

#[test]
fn where_there_is_no_project_that_is_told() {
    let ran = run("/", &["routes"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no Rust project") && ran.err.contains("hint"), "{}", ran.err);
    let ran = run(repository(), &["routes", "usr-service"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("there is no service `usr-service`"), "{}", ran.err);
}
