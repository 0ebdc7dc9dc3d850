//! What was changed, by whom, and back.

use serde_json::Value;

use crate::consul::Agent;

use super::{APP, done, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_is_written_down_beside_the_settings_and_can_be_taken_back() {
    let test = "every_change_is_written_down_beside_the_settings_and_can_be_taken_back";
    let Some(agent) = Agent::dev(test).await else { return };
    done(&agent, &["set", "data.pool=1"]);
    done(&agent, &["set", "data.pool=2", "data.password=hunter2"]);
    agent.write(APP, "data:\n  pool: 7 # by hand\n").await;
    done(&agent, &["set", "data.pool=3"]);
    let ran = done(&agent, &["history", "--json"]);
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert_eq!((&all[0]["number"], &all[0]["layer"]), (&3.into(), &"app.yaml".into()));
    assert!(all[0]["by"].as_str().unwrap().contains('@'), "{all}");
    assert_eq!(all[1]["what"], "set data.pool=2, set data.password=***");
    assert!(!done(&agent, &["history"]).out.contains("hunter2"));
    let ran = done(&agent, &["history", "--show", "3"]);
    assert!(ran.out.contains("-  pool: 7 # by hand\n+  pool: 3 # by hand"), "{}", ran.out);
    let ran = done(&agent, &["history", "--show", "2"]);
    assert!(ran.err.contains("changed by other means"), "{}", ran.err);
    let ran = done(&agent, &["history", "ap.yaml"]);
    let told = ["no change of ap.yaml is written down", "did you mean app.yaml?"];
    assert!(told.iter().all(|it| ran.err.contains(it)), "{}", ran.err);
    let ran = done(&agent, &["history", "limits.toml"]);
    assert!(ran.err.contains("there are changes of: app.yaml"), "{}", ran.err);
    refused(&agent, &["history", "--show", "9"], &["no change 9", "it has 1 to 3"]);

    done(&agent, &["set", "--restore", "3"]);
    assert_eq!(agent.read(APP).await.unwrap(), "data:\n  pool: 7 # by hand\n");
    done(&agent, &["set", "--restore", "1"]);
    assert_eq!(agent.read(APP).await, None, "it was not there before the first");
    done(&agent, &["set", "--restore", "5"]);
    assert_eq!(agent.read(APP).await.unwrap(), "data:\n  pool: 7 # by hand\n");
    // No service reads it: it is not below the prefix, and hidden from whoever reads the one above.
    let keys = agent.keys("config").await;
    let own: Vec<_> = keys.iter().filter(|it| it.starts_with("config/users/")).collect();
    assert_eq!(own, [APP]);
    assert!(keys.iter().any(|it| it == "config/.history/users/0000000006"), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_keeps_the_last_fifty_changes() {
    let Some(agent) = Agent::dev("the_history_keeps_the_last_fifty_changes").await else { return };
    for number in 0..53 {
        done(&agent, &["set", &format!("data.pool={number}")]);
    }
    let keys = agent.keys("config/.history/users/").await;
    assert_eq!(keys.len(), 50);
    assert_eq!(keys[0], "config/.history/users/0000000004");
    done(&agent, &["set", "data.pool=x", "--no-history"]);
    assert_eq!(agent.keys("config/.history/users/").await, keys);
}
