//! What is written agrees with the settings, with the framework's defaults, and with what the framework does.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bia::config::Variables;
use bia::testing::TestApp;
use serde_json::Value;

use super::fixture::Workspace;
use super::yaml::{document, documents};
use crate::tools::{right, tool};

/// The only container of a Deployment.
fn container(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]["containers"][0]
}

fn manifest(workspace: &Workspace, service: &str, file: &str) -> Value {
    document(&workspace.read(&format!("deploy/kubernetes/{service}/{file}.yaml")))
}

fn port(list: &Value, name: &str, key: &str) -> u16 {
    let found = list.as_array().unwrap().iter().find(|port| port["name"] == name).unwrap();
    u16::try_from(found[key].as_u64().unwrap()).unwrap()
}

/// The words after `args:`, with the image's folders where they lie in the workspace.
fn arguments(workspace: &Workspace, service: &str, deployment: &Value) -> Vec<String> {
    let cluster = workspace.join("mounted");
    let config = manifest(workspace, service, "configmap");
    for (name, text) in config["data"].as_object().unwrap() {
        workspace.write(&format!("mounted/{name}"), text.as_str().unwrap());
    }
    let home = workspace.join(service);
    let words = container(deployment)["args"].as_array().unwrap().iter();
    words
        .map(|word| {
            let word = word.as_str().unwrap();
            let of_image = word.strip_prefix("/app/").map(|path| home.join(path));
            let mounted = (word == format!("/etc/{service}")).then(|| cluster.clone());
            let path = of_image.or(mounted).map(|path| path.display().to_string());
            path.unwrap_or_else(|| word.to_owned())
        })
        .collect()
}

/// The settings that the pod would have.
async fn settings(
    arguments: Vec<String>,
    variables: &[(&str, &str)],
) -> bia::Config<BTreeMap<String, Value>> {
    let variables = Variables::new(variables.iter().copied());
    bia::config().arguments(arguments, &variables).await.unwrap()
}

#[tokio::test]
async fn the_pod_has_the_settings_that_its_manifest_speaks_of() {
    for (service, flags) in [
        ("user-service", ""),
        ("user-service", "--database postgres --collector http://collector:4317"),
        ("order-service", "--canary 5"),
        ("mail-service", "--collector https://collector.example"),
    ] {
        let workspace = Workspace::new();
        workspace.deployed(&format!("kubernetes {service} {flags}"));
        let deployment = manifest(&workspace, service, "deployment");
        let words = arguments(&workspace, service, &deployment);
        let config = settings(words, &[("POD_IP", "10.1.2.3")]).await;
        let in_force = config.settings();
        let pod = &deployment["spec"]["template"]["spec"];
        let container = container(&deployment);
        let ports = &container["ports"];

        assert_eq!(
            in_force.server.address,
            format!("0.0.0.0:{}", port(ports, "grpc", "containerPort"))
        );
        assert_eq!(
            in_force.admin.address,
            format!("0.0.0.0:{}", port(ports, "admin", "containerPort"))
        );
        assert_eq!(in_force.registry.kind.name(), "consul");
        // The stop is over before the pod is killed, and nothing is waited for twice.
        let patience = Duration::from_secs(pod["terminationGracePeriodSeconds"].as_u64().unwrap());
        assert!(patience > in_force.stop.timeout, "{patience:?}");
        assert!(in_force.stop.drain_delay < in_force.stop.timeout);
        assert!(container.get("lifecycle").is_none());
        // A check that is slow is told before the probe gives up.
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let timeout = Duration::from_secs(container[probe]["timeoutSeconds"].as_u64().unwrap());
            assert!(timeout > in_force.admin.check_timeout, "{probe}");
            assert_eq!(container[probe]["httpGet"]["port"], "admin");
        }
        // Others find the pod by its own address.
        let env = container["env"].as_array().unwrap();
        assert_eq!(env[0]["name"], "POD_IP");
        assert_eq!(env[0]["valueFrom"]["fieldRef"]["fieldPath"], "status.podIP");
        // A secret is named, not told.
        for variable in env.iter().filter(|it| it["name"].as_str().unwrap().contains("TOKEN")) {
            assert!(variable.get("value").is_none(), "{variable}");
        }
    }
}

#[test]
fn the_numbers_are_those_of_the_settings_and_else_of_the_framework() {
    let workspace = Workspace::new();
    workspace.deployed("kubernetes --all-services");
    let defaults = bia::Settings::default();
    let default_port = |address: &str| address.rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    for (service, grpc, admin, stop, check) in [
        ("user-service", 8000, 8001, defaults.stop.timeout.as_secs(), 1),
        ("order-service", 8100, 8101, 45, 3),
        (
            "mail-service",
            default_port(&defaults.server.address),
            default_port(&defaults.admin.address),
            defaults.stop.timeout.as_secs(),
            defaults.admin.check_timeout.as_secs(),
        ),
    ] {
        let deployment = manifest(&workspace, service, "deployment");
        let container = container(&deployment);
        assert_eq!(port(&container["ports"], "grpc", "containerPort"), grpc, "{service}");
        assert_eq!(port(&container["ports"], "admin", "containerPort"), admin, "{service}");
        assert_eq!(
            deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"],
            stop + 10
        );
        assert_eq!(container["readinessProbe"]["timeoutSeconds"], check + 1, "{service}");
        let entry = manifest(&workspace, service, "service");
        assert_eq!(port(&entry["spec"]["ports"], "grpc", "port"), grpc);
        assert_eq!(port(&entry["spec"]["ports"], "admin", "port"), admin);
        // Which pods it is for, it says as the pods do.
        let labels = &deployment["spec"]["template"]["metadata"]["labels"];
        for (name, value) in entry["spec"]["selector"].as_object().unwrap() {
            assert_eq!(&labels[name], value);
        }
    }
    // With a sentence on the drain, in the words of the settings.
    let text = workspace.read("deploy/kubernetes/order-service/deployment.yaml");
    assert!(text.contains("stop.drain_delay (5s)"), "{text}");
}

#[test]
fn whom_a_service_calls_it_may_reach_and_nobody_else_in_the_cluster() {
    let workspace = Workspace::new();
    workspace
        .deployed("kubernetes --all-services --consul http://consul-server.discovery.svc:8500");
    for (service, calls) in
        [("order-service", &["mail-service", "user-service"][..]), ("user-service", &[])]
    {
        let policy = manifest(&workspace, service, "networkpolicy");
        let egress = policy["spec"]["egress"].as_array().unwrap();
        let to = egress.iter().filter_map(|rule| {
            rule["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"].as_str()
        });
        assert_eq!(to.collect::<Vec<_>>(), calls, "{service}");
        assert!(egress.iter().any(|rule| rule["ports"][0]["port"] == 8500), "{policy}");
        assert_eq!(
            egress.iter().any(|rule| rule["ports"][0]["port"] == 5432),
            service == "order-service"
        );
        let consul = &policy["spec"]["ingress"][1]["from"][0]["namespaceSelector"]["matchLabels"];
        assert_eq!(consul["kubernetes.io/metadata.name"], "discovery");
    }
}

#[test]
fn data_in_a_file_is_one_copy_on_a_volume_and_data_in_postgresql_is_many() {
    let workspace = Workspace::new();
    let ran = workspace.deployed("kubernetes user-service --canary");
    assert!(
        ran.err.contains("keeps its data in a file") && ran.err.contains("no canary"),
        "{}",
        ran.err
    );
    let deployment = manifest(&workspace, "user-service", "deployment");
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert_eq!(deployment["spec"]["strategy"]["type"], "Recreate");
    let container_ = container(&deployment);
    let variable =
        container_["env"].as_array().unwrap().iter().find(|it| it["name"] == "BIA_DATA__URL");
    assert_eq!(variable.unwrap()["value"], "sqlite:///app/data/users.db?mode=rwc");
    let mounts = container_["volumeMounts"].as_array().unwrap();
    assert!(mounts.iter().any(|mount| mount["mountPath"] == "/app/data"), "{mounts:?}");
    for file in ["hpa", "pdb", "canary-deployment"] {
        assert!(!workspace.join(&format!("deploy/kubernetes/user-service/{file}.yaml")).exists());
    }

    workspace.deployed("kubernetes user-service --database postgres");
    let deployment = manifest(&workspace, "user-service", "deployment");
    assert!(deployment["spec"].get("replicas").is_none(), "the autoscaler says how many");
    let secret = container(&deployment)["env"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "BIA_DATA__URL");
    let secret = &secret.unwrap()["valueFrom"]["secretKeyRef"];
    assert_eq!(
        (secret["name"].as_str(), secret["key"].as_str()),
        (Some("user-service-database"), Some("url"))
    );
    assert!(!workspace.join("deploy/kubernetes/user-service/volume.yaml").exists());
    assert_eq!(
        manifest(&workspace, "user-service", "hpa")["spec"]["scaleTargetRef"]["name"],
        "user-service"
    );
}

#[test]
fn the_ingress_has_the_paths_of_the_proto() {
    let workspace = Workspace::new();
    workspace.deployed("kubernetes user-service order-service --ingress shop.example");
    for (service, paths) in [
        ("user-service", &["/user.v1.UserService/", "/v1/users"][..]),
        ("order-service", &["/order.v1.OrderService/", "/v1/orders"][..]),
    ] {
        let ingress = manifest(&workspace, service, "ingress");
        let rules = ingress["spec"]["rules"][0]["http"]["paths"].as_array().unwrap();
        let told: Vec<&str> = rules.iter().map(|rule| rule["path"].as_str().unwrap()).collect();
        assert_eq!(told, paths, "{service}");
    }
}

#[test]
fn two_tracks_share_a_service_and_the_calls_by_their_weights() {
    let workspace = Workspace::new();
    workspace.deployed("kubernetes order-service --canary 10");
    let stable = manifest(&workspace, "order-service", "deployment");
    let canary = manifest(&workspace, "order-service", "canary-deployment");
    for (deployment, name, track) in
        [(&stable, "order-service", "stable"), (&canary, "order-service-canary", "canary")]
    {
        assert_eq!(deployment["metadata"]["name"], name);
        assert_eq!(deployment["spec"]["selector"]["matchLabels"]["track"], track);
        assert_eq!(deployment["spec"]["template"]["metadata"]["labels"]["track"], track);
    }
    // A canary that is added later needs no other selector: those cannot be changed.
    workspace.deployed("kubernetes order-service");
    assert_eq!(
        manifest(&workspace, "order-service", "deployment")["spec"]["selector"],
        stable["spec"]["selector"]
    );
    workspace.deployed("kubernetes order-service --canary 10");
    let routing = documents(&workspace.read("deploy/kubernetes/order-service/canary-routing.yaml"));
    let routes = routing[1]["spec"]["http"][0]["route"].as_array().unwrap();
    let weights: Vec<u64> = routes.iter().map(|route| route["weight"].as_u64().unwrap()).collect();
    assert_eq!(weights, [90, 10]);
}

/// The chart and the manifests say the same of one service.
#[test]
fn the_chart_makes_the_pods_that_the_manifests_make() {
    let Some(helm) = tool("helm", "the_chart_makes_the_pods_that_the_manifests_make") else {
        return;
    };
    for service in ["user-service", "order-service", "mail-service"] {
        let workspace = Workspace::new();
        let flags = format!(
            "{service} --image registry.example/{service} --collector http://collector:4317"
        );
        workspace.deployed(&format!("kubernetes {flags}"));
        workspace.deployed(&format!("helm {flags}"));
        let chart = format!("deploy/helm/{service}");
        let made = documents(&right(&helm, workspace.path(), &["template", service, &chart]));
        let of_kind = |kind: &str| made.iter().find(|it| it["kind"] == kind).unwrap();
        let (deployment, plain) =
            (of_kind("Deployment"), manifest(&workspace, service, "deployment"));
        for key in [
            "ports",
            "args",
            "env",
            "startupProbe",
            "livenessProbe",
            "readinessProbe",
            "resources",
            "securityContext",
            "volumeMounts",
            "image",
        ] {
            assert_eq!(container(deployment)[key], container(&plain)[key], "{service}: {key}");
        }
        for key in
            ["securityContext", "terminationGracePeriodSeconds", "serviceAccountName", "volumes"]
        {
            let of = |deployment: &Value| deployment["spec"]["template"]["spec"][key].clone();
            assert_eq!(of(deployment), of(&plain), "{service}: {key}");
        }
        assert_eq!(deployment["spec"]["strategy"], plain["spec"]["strategy"]);
        let config = manifest(&workspace, service, "configmap");
        let (ours, theirs) =
            (&config["data"]["cluster.yaml"], &of_kind("ConfigMap")["data"]["10-cluster.yaml"]);
        assert_eq!(
            document(ours.as_str().unwrap()),
            document(theirs.as_str().unwrap()),
            "{service}"
        );
        let (ours, theirs) = (manifest(&workspace, service, "service"), of_kind("Service"));
        assert_eq!(ours["spec"]["ports"], theirs["spec"]["ports"]);
        let (ours, theirs) =
            (manifest(&workspace, service, "networkpolicy"), of_kind("NetworkPolicy"));
        assert_eq!(
            numbers(&ours["spec"]["egress"]),
            numbers(&theirs["spec"]["egress"]),
            "{service}"
        );
        assert_eq!(ours["spec"]["ingress"], theirs["spec"]["ingress"], "{service}");
    }
}

/// Helm makes text of numbers that it takes out of an address, which YAML takes for numbers again.
fn numbers(value: &Value) -> String {
    value.to_string().replace('"', "")
}

#[test]
fn prometheus_scrapes_each_service_of_the_compose_file_where_it_tells() {
    let workspace = Workspace::new();
    workspace.deployed("compose");
    let compose = document(&workspace.read("deploy/compose/compose.yaml"));
    let scraping = document(&workspace.read("deploy/compose/prometheus/prometheus.yaml"));
    let jobs = scraping["scrape_configs"].as_array().unwrap();
    for service in ["user-service", "order-service", "mail-service"] {
        let job = jobs.iter().find(|job| job["job_name"] == service).unwrap();
        assert_eq!(job["metrics_path"], "/metrics");
        let found = &job["dns_sd_configs"][0];
        assert_eq!(found["names"][0], service);
        let environment = &compose["services"][service]["environment"];
        assert_eq!(environment["BIA_ADMIN__ADDRESS"], format!("0.0.0.0:{}", found["port"]));
    }
    // Two of the same default ports do not meet on this machine.
    let ports = |service: &str| compose["services"][service]["ports"].to_string();
    assert_ne!(ports("user-service"), ports("mail-service"));
}

#[tokio::test]
async fn the_variables_of_the_compose_file_are_settings() {
    let workspace = Workspace::new();
    workspace.deployed("compose --database postgres user-service order-service");
    let compose = document(&workspace.read("deploy/compose/compose.yaml"));
    for service in ["user-service", "order-service"] {
        let of = &compose["services"][service];
        let environment = of["environment"].as_object().unwrap();
        let variables: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let file = workspace.join(service).join("configs/app.yaml").display().to_string();
        let config = settings(vec!["--config".to_owned(), file], &variables).await;
        let in_force = config.settings();
        assert!(in_force.server.address.starts_with("0.0.0.0:"));
        assert_eq!(in_force.registry.consul.address, "http://consul:8500");
        assert_eq!(in_force.telemetry.otlp.endpoint, "http://collector:4317");
        assert!(!in_force.telemetry.otlp.metrics.enabled);
        let url = config.get()["data"]["url"].as_str().unwrap().to_owned();
        let database = service.replace('-', "_");
        assert!(
            url.starts_with("postgres://bia:") && url.ends_with(&format!("/{database}")),
            "{url}"
        );
        let script = workspace.read("deploy/compose/postgres/databases.sql");
        assert!(script.contains(&format!("CREATE DATABASE {database};")), "{script}");
        let grace =
            of["stop_grace_period"].as_str().unwrap().trim_end_matches('s').parse().unwrap();
        assert!(Duration::from_secs(grace) > in_force.stop.timeout);
    }
}

/// An app of the framework, started with the settings of the pod, is asked what the manifest has it asked.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_probes_ask_is_answered_by_the_framework() {
    let workspace = Workspace::new();
    workspace.deployed("kubernetes order-service");
    let deployment = manifest(&workspace, "order-service", "deployment");
    let mut words = arguments(&workspace, "order-service", &deployment);
    // The ports of a test are those that are free; nobody needs to find it.
    for set in [
        "server.address=127.0.0.1:0",
        "admin.address=0.0.0.0:0",
        "registry.kind=none",
        "stop.drain_delay=0s",
    ] {
        words.extend(["--set".to_owned(), set.to_owned()]);
    }
    let config = settings(words, &[("POD_IP", "127.0.0.1")]).await;
    let app = bia::App::new("order-service", "1.0.0", &config).unwrap();
    let running = TestApp::spawn(app).await.unwrap();
    let port = running.admin_address().unwrap().port();
    let of = container(&deployment);
    let annotations = &deployment["spec"]["template"]["metadata"]["annotations"];
    for path in [
        &of["startupProbe"]["httpGet"]["path"],
        &of["livenessProbe"]["httpGet"]["path"],
        &of["readinessProbe"]["httpGet"]["path"],
        &annotations["prometheus.io/path"],
    ] {
        let path = path.as_str().unwrap();
        let answer = answer(port, path);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    assert!(answer(port, "/no-such-page").starts_with("HTTP/1.1 404"));
    running.stop().await.unwrap();
}

/// What is answered to a plain GET.
fn answer(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_workflow_makes_an_image_of_each_service_of_its_own_dockerfile() {
    let workspace = Workspace::new();
    std::fs::create_dir(workspace.join(".git")).unwrap();
    workspace.deployed("github");
    let workflow = document(&workspace.read(".github/workflows/bia.yml"));
    let image = &workflow["jobs"]["image"];
    let services = image["strategy"]["matrix"]["service"].as_array().unwrap();
    assert_eq!(services.len(), 3);
    let build =
        image["steps"].as_array().unwrap().iter().find(|step| step["id"] == "build").unwrap();
    for service in services {
        let name = service["name"].as_str().unwrap();
        let file = build["with"]["file"].as_str().unwrap();
        let file = file.replace("${{ matrix.service.name }}", name);
        assert!(workspace.join(&file).is_file(), "{file}");
    }
    // Least rights: only the job that pushes may write, and nothing but packages.
    assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}));
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        let rights = job.get("permissions").map(ToString::to_string).unwrap_or_default();
        assert_eq!(rights.contains("write"), name == "image", "{name}");
    }
    // What breaks callers is looked for in changes, by a command that there is.
    let job = &workflow["jobs"]["protos"];
    assert_eq!(job["if"], "github.event_name == 'pull_request'");
    let mut runs = job["steps"].as_array().unwrap().iter().filter_map(|step| step["run"].as_str());
    assert!(runs.any(|run| run == "bia proto breaking --against \"git:origin/${BASE}\""), "{job}");
}
