//! Programs that were not written here judge everything that is written.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::path::Path;

use serde_json::Value;

use super::fixture::Workspace;
use super::yaml::documents;
use crate::tools::{judged, right, tool};

/// Everything that can be asked for at once.
const EVERYTHING: &str = "--database postgres --canary 10 --monitor --headless --ingress shop.example \
                          --collector http://collector.observability:4317";

/// Kubernetes' own schemas, and those of who defined the rest, find nothing wrong with `text`.
fn judge_resources(folder: &Path, text: &str, test: &str) {
    let Some(validate) = tool("kubernetes-validate", test) else { return };
    let (custom, own): (Vec<Value>, Vec<Value>) = documents(text).into_iter().partition(is_custom);
    // JSON is YAML.
    let own: Vec<String> = own.iter().map(|resource| format!("---\n{resource}\n")).collect();
    std::fs::write(folder.join("own.yaml"), own.concat()).unwrap();
    // Today's Kubernetes, and the oldest that the chart is for.
    for version in ["1.37", "1.27"] {
        let said = right(&validate, folder, &["--strict", "-k", version, "own.yaml"]);
        assert_eq!(said.matches(" passed for ").count(), own.len(), "{said}");
    }
    if custom.is_empty() {
        return;
    }
    let Some(validate) = tool("custom-resources", test) else { return };
    std::fs::write(folder.join("custom.json"), Value::from(custom.clone()).to_string()).unwrap();
    let said = right(&validate, folder, &["custom.json"]);
    assert_eq!(said.matches(": right").count(), custom.len(), "{said}");
}

fn is_custom(resource: &Value) -> bool {
    let version = resource["apiVersion"].as_str().unwrap_or_default();
    version.contains("istio.io") || version.contains("coreos.com")
}

#[test]
fn manifests_pass_the_schemas_of_kubernetes_istio_and_the_prometheus_operator() {
    let test = "manifests_pass_the_schemas_of_kubernetes_istio_and_the_prometheus_operator";
    let mut all = String::new();
    for arguments in [
        "--all-services".to_owned(),
        format!("order-service {EVERYTHING}"),
        "user-service --database postgres --monitor".to_owned(),
    ] {
        let workspace = Workspace::new();
        workspace.deployed(&format!("kubernetes {arguments}"));
        for (path, text) in workspace.tree("deploy/kubernetes") {
            if !path.ends_with("kustomization.yaml") {
                all.push_str(&format!("---\n{text}"));
            }
        }
    }
    judge_resources(Workspace::new().path(), &all, test);
}

#[test]
fn kubectl_makes_one_of_the_manifests_and_leaves_none_out() {
    let test = "kubectl_makes_one_of_the_manifests_and_leaves_none_out";
    let Some(kubectl) = tool("kubectl", test) else { return };
    let workspace = Workspace::new();
    workspace.deployed(&format!("kubernetes order-service {EVERYTHING}"));
    let folder = "deploy/kubernetes/order-service";
    let whole = documents(&right(&kubectl, workspace.path(), &["kustomize", folder]));
    let files = workspace.tree(folder);
    let files = files.iter().filter(|(path, _)| *path != "kustomization.yaml");
    let single: Vec<Value> = files.flat_map(|(_, text)| documents(text)).collect();
    assert_eq!(whole.len(), single.len());
    for resource in &whole {
        assert_eq!(
            resource["metadata"]["labels"]["app.kubernetes.io/managed-by"], "bia",
            "{resource}"
        );
        // Labels that selectors go by are none of what it adds.
        assert!(!resource["spec"].to_string().contains("managed-by"), "{resource}");
    }
}

#[test]
fn a_schema_that_judges_is_one_that_finds_something() {
    let test = "a_schema_that_judges_is_one_that_finds_something";
    let workspace = Workspace::new();
    workspace.deployed(&format!("kubernetes order-service {EVERYTHING}"));
    let folder = workspace.path();
    if let Some(validate) = tool("kubernetes-validate", test) {
        let text = workspace.read("deploy/kubernetes/order-service/deployment.yaml");
        workspace.write("wrong.yaml", &text.replace("containerPort:", "containerport:"));
        assert!(!judged(&validate, folder, &["--strict", "wrong.yaml"]).0);
    }
    if let Some(validate) = tool("custom-resources", test) {
        let routing =
            documents(&workspace.read("deploy/kubernetes/order-service/canary-routing.yaml"));
        let wrong = Value::from(routing).to_string().replace("\"weight\":10", "\"weight\":\"ten\"");
        workspace.write("wrong.json", &wrong);
        assert!(!judged(&validate, folder, &["wrong.json"]).0);
    }
}

/// What `helm template` makes of the chart of `service`.
fn rendered(helm: &Path, workspace: &Workspace, service: &str, sets: &[&str]) -> String {
    let chart = format!("deploy/helm/{service}");
    let mut words = vec!["template", service, &chart];
    words.extend(sets.iter().flat_map(|set| ["--set", set]));
    right(helm, workspace.path(), &words)
}

const SWITCHES: [&str; 9] = [
    "canary.enabled=true",
    "monitor.enabled=true",
    "ingress.enabled=true,ingress.host=shop.example,ingress.className=nginx,ingress.tlsSecret=shop",
    "service.headless=true",
    "telemetry.collector=http://collector:4317",
    "image.tag=v7,image.pullSecrets={registry}",
    "settings.server.timeout=3s",
    "env[0].name=A,env[0].value=b",
    "podAnnotations.a=b,nodeSelector.c=d,tolerations[0].key=e,tolerations[0].operator=Exists",
];

#[test]
fn the_chart_passes_helm_lint_and_what_it_makes_the_schemas() {
    let test = "the_chart_passes_helm_lint_and_what_it_makes_the_schemas";
    let Some(helm) = tool("helm", test) else { return };
    let workspace = Workspace::new();
    workspace.deployed("helm --all-services");
    // Read all at once: the judge takes long to begin.
    let mut made = Vec::new();
    for service in ["mail-service", "order-service", "user-service"] {
        let chart = format!("deploy/helm/{service}");
        let said = right(&helm, workspace.path(), &["lint", "--strict", &chart]);
        assert!(said.contains("0 chart(s) failed") && !said.contains("[WARNING]"), "{said}");
        made.push(rendered(&helm, &workspace, service, &[]));
    }
    for switch in SWITCHES {
        made.push(rendered(&helm, &workspace, "order-service", &[switch]));
    }
    let all = rendered(&helm, &workspace, "order-service", &SWITCHES);
    for kind in [
        "VirtualService",
        "ServiceMonitor",
        "Ingress",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
    ] {
        assert!(all.contains(&format!("kind: {kind}")), "{kind}: {all}");
    }
    made.push(all);
    // Without: as many copies as are said.
    let off =
        "autoscaling.enabled=false,disruptionBudget.enabled=false,networkPolicy.enabled=false";
    let few = rendered(&helm, &workspace, "order-service", &[off, "replicas=4"]);
    assert!(few.contains("replicas: 4") && !few.contains("kind: NetworkPolicy"), "{few}");
    made.push(few);
    judge_resources(workspace.path(), &made.join("\n---\n"), test);
}

#[test]
fn values_that_cannot_be_right_are_refused_by_the_schema_of_the_chart() {
    let test = "values_that_cannot_be_right_are_refused_by_the_schema_of_the_chart";
    let Some(helm) = tool("helm", test) else { return };
    let workspace = Workspace::new();
    workspace.deployed("helm order-service user-service");
    for (service, wrong, said) in [
        ("order-service", "ports.grpc=0", "ports/grpc"),
        ("order-service", "ports.grcp=8000", "grcp"),
        // stop.timeout is 45 s.
        ("order-service", "stop.gracePeriodSeconds=45", "gracePeriodSeconds"),
        ("order-service", "image.digest=sha256:1234", "digest"),
        ("order-service", "canary.weight=100", "weight"),
        ("order-service", "database.kind=oracle", "kind"),
        ("order-service", "ingress.enabled=true", "host"),
        ("order-service", "registry.consul.address=consul:8500", "address"),
        ("order-service", "autoscaling.min=5,autoscaling.max=2", "autoscaling.max is less"),
        ("user-service", "canary.enabled=true", "there can be no second copy"),
    ] {
        let chart = format!("deploy/helm/{service}");
        let words = ["template", service, &chart, "--set", wrong];
        let (is_right, told) = judged(&helm, workspace.path(), &words);
        assert!(!is_right && told.contains(said), "{wrong}: {told}");
    }
}

#[test]
fn hadolint_finds_nothing_in_any_dockerfile() {
    let Some(hadolint) = tool("hadolint", "hadolint_finds_nothing_in_any_dockerfile") else {
        return;
    };
    let workspace = Workspace::new();
    for base in ["distroless", "scratch", "debian"] {
        workspace.deployed(&format!("docker --all-services --base {base} --to {base}"));
        for service in ["mail-service", "order-service", "user-service"] {
            let file = format!("{base}/docker/{service}/Dockerfile");
            let said = right(&hadolint, workspace.path(), &["--failure-threshold", "style", &file]);
            assert_eq!(said, "", "{file}");
        }
    }
    workspace.write("Dockerfile", "FROM debian\nRUN cd /tmp && sudo apt-get install x\n");
    assert!(!judged(&hadolint, workspace.path(), &["Dockerfile"]).0);
}

#[test]
fn docker_compose_reads_the_compose_file_as_it_is_meant() {
    let test = "docker_compose_reads_the_compose_file_as_it_is_meant";
    let Some(compose) = tool("docker-compose", test) else { return };
    for arguments in ["", "--traces tempo", "user-service order-service --database postgres"] {
        let workspace = Workspace::new();
        workspace.deployed(&format!("compose {arguments}"));
        let file = "deploy/compose/compose.yaml";
        let text = right(&compose, workspace.path(), &["-f", file, "config", "--format", "json"]);
        let config: Value = serde_json::from_str(&text).unwrap();
        let services = config["services"].as_object().unwrap();
        for service in services.values() {
            // Nobody but this machine reaches a port of it.
            for port in service["ports"].as_array().into_iter().flatten() {
                assert_eq!(port["host_ip"], "127.0.0.1", "{service}");
            }
            // What is mounted from here is here.
            let mounts = service["volumes"].as_array().into_iter().flatten();
            for mount in mounts.filter(|mount| mount["type"] == "bind") {
                let source = mount["source"].as_str().unwrap();
                assert!(Path::new(source).exists(), "{source}");
            }
            if let Some(build) = service.get("build") {
                let context = Path::new(build["context"].as_str().unwrap());
                assert_eq!(context, workspace.path().canonicalize().unwrap());
                assert!(context.join(build["dockerfile"].as_str().unwrap()).is_file(), "{build}");
            }
        }
        for name in ["consul", "collector", "prometheus", "grafana", "user-service"] {
            assert!(services.contains_key(name), "{name}: {text}");
        }
        assert_eq!(services.contains_key("tempo"), arguments.contains("tempo"));
        assert_eq!(services.contains_key("jaeger"), !arguments.contains("tempo"));
    }
}

#[test]
fn promtool_takes_the_scraping_and_the_alerts() {
    let Some(promtool) = tool("promtool", "promtool_takes_the_scraping_and_the_alerts") else {
        return;
    };
    let workspace = Workspace::new();
    workspace.deployed("compose");
    let folder = workspace.join("deploy/compose/prometheus");
    let said = right(&promtool, &folder, &["check", "config", "--lint-fatal", "prometheus.yaml"]);
    assert!(said.contains("is valid prometheus config") && said.contains("rules found"), "{said}");
    workspace.deployed("grafana");
    right(
        &promtool,
        &workspace.join("deploy/prometheus"),
        &["check", "rules", "--lint-fatal", "bia.rules.yaml"],
    );
}

#[test]
fn actionlint_finds_nothing_in_the_workflow() {
    let Some(actionlint) = tool("actionlint", "actionlint_finds_nothing_in_the_workflow") else {
        return;
    };
    let workspace = Workspace::new();
    // It looks for its own settings at the top of a repository.
    std::fs::create_dir(workspace.join(".git")).unwrap();
    for arguments in ["", "user-service --branch trunk"] {
        workspace.deployed(&format!("github {arguments}"));
        let said =
            right(&actionlint, workspace.path(), &["-no-color", ".github/workflows/bia.yml"]);
        assert_eq!(said, "");
    }
    workspace.write(".github/workflows/bia.yml", "on: push\njobs: {a: {runs-on: ubuntu-latest}}\n");
    assert!(!judged(&actionlint, workspace.path(), &[".github/workflows/bia.yml"]).0);
}
