//! Who may, and agents that cannot be asked.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::command::{Ran, bia, run};
use crate::consul::{Agent, MASTER};
use crate::fakes::Workspace;

use super::{APP, config_in, example, says};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_may_not_is_told_which_right_it_lacks() {
    let Some(agent) = Agent::with_acl("a_token_that_may_not_is_told_which_right_it_lacks").await
    else {
        return;
    };
    agent.write(APP, "data: {pool: 8}\n").await;
    let read = agent.token("read", r#"key_prefix "config/" { policy = "read" }"#).await;
    let own = r#"key_prefix "config/users/" { policy = "write" }"#;
    let own = agent.token("own", own).await;
    let with = |token: &str, arguments: &[&str]| -> Ran {
        let mut command = bia(agent.folder.path());
        command.arg("config").args(arguments).args(["--prefix", "config/users"]);
        command.env("CONSUL_HTTP_ADDR", agent.address()).env("CONSUL_HTTP_TOKEN", token);
        command.output().unwrap().into()
    };
    assert_eq!(with(&read, &["get", "data.pool"]).out, "8\n");
    let ran = with(&read, &["set", "data.pool=9"]);
    says(&ran, 1, &["Permission denied", r#"key_prefix "config/users/" { policy = "write" }"#]);
    let ran = with(&own, &["set", "data.pool=9"]);
    says(
        &ran,
        1,
        &["cannot write config/.history/users/", r#"key_prefix "config/.history/users/""#],
    );
    assert_eq!(agent.read(APP).await.unwrap(), "data: {pool: 8}\n");
    assert_eq!(with(&own, &["set", "data.pool=9", "--no-history"]).code, 0);
    assert_eq!(with(MASTER, &["set", "data.pool=10"]).code, 0);
    assert_eq!(agent.read(APP).await.unwrap(), "data: {pool: 10}\n");
    says(&with("", &["get"]), 1, &["a token that may not read them sees none"]);
    let ran = with("00000000-0000-0000-0000-000000000000", &["get"]);
    says(&ran, 1, &["it does not know the token", "CONSUL_HTTP_TOKEN"]);
    // Flags go over variables, and a token may lie in a file.
    let ran = with(&read, &["set", "data.pool=11", "--token", MASTER]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let file = agent.folder.path().join("token");
    std::fs::write(&file, format!("{MASTER}\n")).unwrap();
    let mut command = bia(agent.folder.path());
    command.args(["config", "get", "data.pool", "--prefix", "config/users"]);
    command.env("CONSUL_HTTP_ADDR", agent.address()).env("CONSUL_HTTP_TOKEN_FILE", &file);
    assert_eq!(Ran::from(command.output().unwrap()).out, "11\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_behind_tls_is_reached_with_its_ca() {
    let Some(agent) = Agent::with_tls("an_agent_behind_tls_is_reached_with_its_ca").await else {
        return;
    };
    agent.write(APP, "data: {pool: 8}\n").await;
    let ca = agent.folder.path().join("consul-agent-ca.pem");
    let mut command = bia(agent.folder.path());
    command.args(["config", "get", "data.pool", "--prefix", "config/users"]);
    command.env("CONSUL_HTTP_ADDR", format!("127.0.0.1:{}", agent.https));
    command.env("CONSUL_HTTP_SSL", "true");
    says(&command.output().unwrap().into(), 1, &["config.consul.ca_file"]);
    command.args(["--ca-file"]).arg(&ca);
    assert_eq!(Ran::from(command.output().unwrap()).out, "8\n");
}

#[test]
fn settings_that_are_nowhere_and_agents_that_are_away_are_told_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let ran = config_in(folder.path(), "127.0.0.1:1", &["get"]);
    says(&ran, 1, &["cannot be reached", "CONSUL_HTTP_ADDR"]);
    says(&run(folder.path(), &["config", "get"]), 1, &["is in no Rust project", "--prefix"]);
    let ran = run(example(), &["config", "get"]);
    says(&ran, 1, &["user-service reads no settings from Consul", "config.consul.prefix"]);
    let ran = run(example(), &["config", "get", "--service", "usr-service"]);
    says(&ran, 1, &["there is no service `usr-service`", "`--prefix config/usr-service`"]);
    says(&config_in(folder.path(), "127.0.0.1:1", &["set", "pool"]), 2, &["KEY.PATH=VALUE"]);
    says(&config_in(folder.path(), "127.0.0.1:1", &["set"]), 2, &["KEY.PATH=VALUE"]);
    let ran = config_in(folder.path(), "127.0.0.1:1", &["set", "pool"]);
    assert!(ran.err.contains("what pool is to be") && !ran.err.contains("--set"), "{}", ran.err);
    for more in ["data.pool", "data"] {
        let twice = ["set", "--unset", "data.pool", "--unset", more];
        let ran = config_in(folder.path(), "127.0.0.1:1", &twice);
        says(&ran, 2, &[&format!("`--unset {more}` takes data.pool away already")]);
    }
    says(&config_in(folder.path(), "ftp://x", &["get"]), 1, &["is no address"]);
}

/// Answers once, that there is nothing, and tells what was asked.
fn asked(arguments: impl FnOnce(&str) -> Ran) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 16 << 10];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let ran = arguments(&address);
    assert_eq!(ran.code, 1, "{}", ran.err);
    answer.join().unwrap()
}

#[test]
fn a_token_of_the_settings_goes_to_no_other_agent_than_theirs() {
    let get = |own: &str, said: &str| -> Ran {
        let project = Workspace::of(&[(
            "users",
            &format!(
                "config: {{consul: {{address: 'http://{own}', prefix: users, token: hunter2}}}}\n"
            ),
        )]);
        run(project.folder(), &["config", "get", "--consul", said])
    };
    assert!(asked(|said| get(said, said)).contains("hunter2"));
    let request = asked(|said| get("127.0.0.1:1", said));
    assert!(request.contains("/v1/kv/users/") && !request.contains("hunter2"), "{request}");
}
