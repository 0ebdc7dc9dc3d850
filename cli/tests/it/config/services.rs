//! Services that run, and take what was set and signed, and nothing else.

use std::time::Duration;

use bia::config::Variables;
use codegen_fixture::api::user::v1::{
    GetUserRequest, MockUserService, User, UserServiceClient, user_service,
};
use serde::Deserialize;
use tokio::time::timeout;

use crate::consul::Agent;

use super::{APP, PREFIX, config, done, refused, says};

const LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    greeting: String,
    number: u32,
}

async fn start(agent: &Agent, more: &[String]) -> Result<bia::Config<Own>, bia::Exit> {
    let mut flags = vec![
        format!("config.consul.prefix={PREFIX}"),
        format!("config.consul.address={}", agent.address()),
    ];
    flags.extend(more.iter().cloned());
    let arguments = flags.into_iter().flat_map(|flag| ["--set".to_owned(), flag]);
    bia::config::<Own>().arguments(arguments, &Variables::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_service_has_what_was_set_and_reads_no_history() {
    let test = "a_running_service_has_what_was_set_and_reads_no_history";
    let Some(agent) = Agent::dev(test).await else { return };
    done(&agent, &["set", "greeting=hello", "number=1"]);
    let service = start(&agent, &[]).await.unwrap();
    assert_eq!((service.get().greeting.as_str(), service.get().number), ("hello", 1));
    let _reloading = service.reloading();
    let mut greeting = service.watch(|own| own.greeting.clone());
    done(&agent, &["set", "greeting=0123"]);
    assert_eq!(timeout(LIMIT, greeting.changed()).await.unwrap(), "0123");
    done(&agent, &["set", "--layer", "app.prod.toml", "greeting=more"]);
    assert_eq!(timeout(LIMIT, greeting.changed()).await.unwrap(), "more");
    assert_eq!(service.report()["refused"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_takes_what_was_signed_and_refuses_what_was_not() {
    let test = "a_service_takes_what_was_signed_and_refuses_what_was_not";
    let Some(agent) = Agent::dev(test).await else { return };
    let public = done_alone(&agent, &["config", "keygen", "key.pem"]);
    done_alone(&agent, &["config", "keygen", "other.pem"]);
    let trust = [format!("config.trust.key={}", public.trim())];
    done(&agent, &["set", "greeting=one"]);
    let exit = start(&agent, &trust).await.unwrap_err();
    assert!(exit.to_string().contains("it is not signed"), "{exit}");
    refused(
        &agent,
        &["verify", "--key", "key.pem.pub"],
        &["a service refuses it", "it is not signed"],
    );

    done(&agent, &["sign", "--key", "key.pem"]);
    done(&agent, &["verify", "--key", "key.pem.pub"]);
    done(&agent, &["verify", "--key", public.trim()]);
    let service = start(&agent, &trust).await.unwrap();
    let _reloading = service.reloading();
    let mut greeting = service.watch(|own| own.greeting.clone());
    refused(&agent, &["set", "greeting=two"], &["the settings there are signed", "--key FILE"]);
    let ran = done(&agent, &["set", "greeting=two", "--key", "key.pem"]);
    assert!(ran.err.contains("signed version 2"), "{}", ran.err);
    assert_eq!(timeout(LIMIT, greeting.changed()).await.unwrap(), "two");
    // A layer that comes, and one that goes back, are signed in the same write.
    done(&agent, &["set", "--layer", "app.prod.yaml", "greeting=three", "--key", "key.pem"]);
    assert_eq!(timeout(LIMIT, greeting.changed()).await.unwrap(), "three");
    done(&agent, &["set", "--restore", "4", "--key", "key.pem"]);
    assert_eq!(timeout(LIMIT, greeting.changed()).await.unwrap(), "two");
    assert_eq!(service.report()["refused"], 0, "never was there anything that did not fit");

    agent.write(APP, "greeting: evil\n").await;
    agent.write("config/users/more.yaml", "greeting: evil\n").await;
    let ran = config(&agent, &["verify", "--key", "key.pem.pub"]);
    says(&ran, 1, &["app.yaml is not as it was signed", "bia config sign"]);
    assert!(
        ran.out.contains("app.yaml   altered") && ran.out.contains("more.yaml  extra"),
        "{}",
        ran.out
    );
    let refusal = async {
        while service.report()["refused"] == 0 {
            // sleeps: a refusal is what does not come out of a watch.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LIMIT, refusal).await.unwrap();
    assert_eq!(service.get().greeting, "two");
    done(&agent, &["set", "--file", "good.yaml", "--layer", "app.yaml", "--key", "key.pem"]);
    done(&agent, &["set", "--layer", "more.yaml", "--unset", "greeting", "--key", "key.pem"]);
    // Whoever looks between the two sees what the first of them signed.
    while timeout(LIMIT, greeting.changed()).await.unwrap() != "good" {}

    refused(&agent, &["verify", "--key", "other.pem.pub"], &["holds no signature"]);
    says(
        &config(&agent, &["sign", "--key", "key.pem", "--version", "1"]),
        2,
        &["is not greater than"],
    );
    refused(&agent, &["sign", "--key", "key.pem.pub"], &["holds no private key", "the public one"]);
    refused(&agent, &["verify", "--key", "key.pem"], &["no public key"]);
    done(&agent, &["sign", "--key", "key.pem", "--key", "other.pem"]);
    for key in ["key.pem.pub", "other.pem.pub"] {
        done(&agent, &["verify", "--key", key]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_staged_is_what_instances_roll_out_and_settle_on() {
    let test = "what_is_staged_is_what_instances_roll_out_and_settle_on";
    let Some(agent) = Agent::dev(test).await else { return };
    done(&agent, &["set", "greeting=old", "number=1"]);
    let alone = ["server.address=127.0.0.1:0", "admin.address=", "registry.kind=none"];
    let service = start(&agent, &alone.map(str::to_owned)).await.unwrap();
    let users = MockUserService::new().on_get_user(|_, _| async { Ok(User::default()) });
    let app = bia::App::new("users", "1", &service).unwrap().serve(user_service(users));
    let app = bia::testing::TestApp::spawn(app).await.unwrap();
    // Without calls there is nothing to judge a change by.
    let client = UserServiceClient::new(app.channel().unwrap());
    let calls = tokio::spawn(async move {
        while client.get_user(GetUserRequest::default()).await.is_ok() {
            // sleeps: this is the rate of the calls.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let rollout = |key: &str| service.report()["rollout"][key].as_str().map(str::to_owned);

    // Who is told of a change says by which name, and has it before anybody else does.
    let mut greeting = service.watch(|own| own.greeting.clone());
    let staged = ["set", "--staged", "polite", "greeting=new", "rollout.every=200ms"];
    let guard = ["rollout.guard.min_calls=1", "rollout.guard.latency=1000"];
    done(&agent, &[&staged[..], &guard].concat());
    assert_eq!(timeout(LIMIT, greeting.changed()).await.unwrap(), "new");
    assert_eq!(rollout("id").as_deref(), Some("polite"));
    assert_eq!(service.get().number, 1, "the rest is as it was");
    let notes = agent.keys("config/users/.rollout/polite/").await;
    assert!(!notes.is_empty(), "it is on the board in Consul");

    let mut id = service.watch_settings(|settings| settings.rollout.id.clone());
    done(&agent, &["set", "--unset", "rollout", "greeting=new"]);
    assert_eq!(timeout(LIMIT, id.changed()).await.unwrap(), "");
    assert_eq!(service.get().greeting, "new", "what was staged is settled");
    // By the same name it would be read over: instances remember what they found of it.
    refused(&agent, &["set", "--staged", "polite", "greeting=x"], &["polite before"]);
    assert_eq!(service.report()["refused"], 0);
    calls.abort();
    app.stop().await.unwrap();
}

/// Runs the command without Consul, in the folder of the agent; with a file for later.
fn done_alone(agent: &Agent, arguments: &[&str]) -> String {
    std::fs::write(agent.folder.path().join("good.yaml"), "greeting: good\n").unwrap();
    let ran = crate::command::run(agent.folder.path(), arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out
}
