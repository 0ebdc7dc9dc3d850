//! `/config`, while the settings of a running service change.

use bia::config::MemorySource;

use super::*;

/// What the page says once `condition` holds of it.
async fn once(admin: SocketAddr, condition: impl Fn(&Value) -> bool) -> Value {
    let begun = tokio::time::Instant::now();
    loop {
        let (status, page) = get(admin, "/config").await;
        assert_eq!(status, 200);
        if condition(&page) {
            return page;
        }
        assert!(begun.elapsed().as_secs() < 20, "{page:#}");
        // sleeps: between two looks at a page.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_cannot_change_while_running_is_pending_until_it_is_taken_back() {
    let centre = MemorySource::new();
    centre.set("centre.yaml", "server: {timeout: 5s}");
    let config = bia::config::<()>().for_test("").source(centre.clone()).await.unwrap();
    let app = TestApp::spawn(App::new("svc", "1.2.3", &config).unwrap()).await.unwrap();
    let admin = app.admin_address().unwrap();
    let page = once(admin, |_| true).await;
    assert_eq!((&page["revision"], &page["pending"]), (&json!(1), &json!({})), "{page:#}");

    let both = "server: {timeout: 6s, advertise: users.internal}\nregistry: {required: true}";
    centre.set("centre.yaml", both);
    let page = once(admin, |page| page["revision"] == json!(2)).await;
    let expected = json!({
        "registry.required": {"in_force": "false", "next": "true"},
        "server.advertise": {"in_force": "auto", "next": "users.internal"},
    });
    assert_eq!(page["pending"], expected, "{page:#}");
    assert_eq!(config.settings().server.timeout.as_secs(), 6, "the rest is in force");

    centre.set("centre.yaml", "server: {timeout: 6s}");
    let page = once(admin, |page| page["revision"] == json!(3)).await;
    assert_eq!(page["pending"], json!({}), "{page:#}");

    // What is refused changes nothing, and stands there with its reason.
    centre.set("centre.yaml", "server: {timeout: soon}");
    let page = once(admin, |page| page["refused"] != json!(0)).await;
    assert!(page["refusals"][0]["reason"].as_str().unwrap().contains("server.timeout"), "{page:#}");
    assert_eq!(config.settings().server.timeout.as_secs(), 6);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_in_the_settings_is_told_to_operators_only() {
    let app = TestApp::spawn(app("admin: {token: t0k3n}")).await.unwrap();
    let admin = app.admin_address().unwrap();
    assert_eq!(send(admin, "GET", "/config", None).await.0, 401);
    let (status, _, page) = send(admin, "GET", "/config", Some("Bearer t0k3n")).await;
    assert_eq!(status, 200);
    assert!(!page.to_string().contains("t0k3n"), "{page:#}");
    app.stop().await.unwrap();
}
