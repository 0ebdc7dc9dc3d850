//! Whole trees, as they were looked at: `BIA_WRITE_GOLDEN=1 cargo test -p bia-cli golden` writes them anew.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::path::Path;

use super::fixture::{Workspace, tree};

/// What is the repository's own and lies there.
const COPIES: [&str; 2] = ["dashboards/bia.json", "bia.rules.yaml"];

/// Compares what `arguments` write below `folder` with the golden tree `name`.
#[track_caller]
fn golden(name: &str, arguments: &str, folder: &str) {
    let workspace = Workspace::new();
    workspace.deployed(arguments);
    let mut written = workspace.tree(folder);
    for copy in COPIES {
        written.retain(|path, _| !path.ends_with(copy));
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/deploy").join(name);
    if std::env::var_os("BIA_WRITE_GOLDEN").is_some() {
        drop(std::fs::remove_dir_all(&golden));
        for (path, text) in &written {
            let path = golden.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    let expected = tree(&golden);
    let names = |tree: &std::collections::BTreeMap<String, String>| {
        tree.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&written), names(&expected), "{name}");
    for (path, text) in &written {
        assert_eq!(text, &expected[path], "{name}/{path}");
    }
}

#[test]
fn the_dockerfile_is_as_it_was_looked_at() {
    golden("docker", "docker user-service", "deploy");
    golden("docker-scratch", "docker mail-service --base scratch", "deploy");
    golden("docker-debian", "docker order-service --base debian", "deploy");
}

#[test]
fn the_compose_file_is_as_it_was_looked_at() {
    golden("compose", "compose", "deploy/compose");
    golden(
        "compose-tempo",
        "compose user-service --traces tempo --database postgres",
        "deploy/compose",
    );
}

#[test]
fn the_manifests_are_as_they_were_looked_at() {
    golden("kubernetes", "kubernetes --all-services", "deploy/kubernetes");
    golden(
        "kubernetes-everything",
        "kubernetes order-service --image registry.example/shop/orders:7 --canary 10 --monitor --headless \
         --ingress shop.example --collector http://collector.observability:4317 --cpu 250m --memory 256Mi \
         --replicas 3 --max-replicas 20 --consul https://consul.example:8501",
        "deploy/kubernetes",
    );
}

#[test]
fn the_chart_is_as_it_was_looked_at() {
    golden("helm", "helm order-service --image registry.example/orders", "deploy/helm");
}

#[test]
fn the_workflow_is_as_it_was_looked_at() {
    golden("github", "github", ".github");
}

#[test]
fn the_provisioning_of_grafana_is_as_it_was_looked_at() {
    golden("grafana", "grafana", "deploy");
    golden(
        "grafana-tempo",
        "grafana --traces http://tempo:3200 --prometheus http://metrics:9090",
        "deploy",
    );
}

#[test]
fn dashboard_and_alerts_are_those_of_the_framework_that_the_command_came_with() {
    let workspace = Workspace::new();
    workspace.deployed("grafana");
    workspace.deployed("compose user-service");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let own = |path: &str| std::fs::read_to_string(repository.join("deploy").join(path)).unwrap();
    for folder in ["deploy/grafana", "deploy/compose/grafana"] {
        assert_eq!(
            workspace.read(&format!("{folder}/dashboards/bia.json")),
            own("grafana/bia.json")
        );
    }
    for folder in ["deploy/prometheus", "deploy/compose/prometheus"] {
        assert_eq!(
            workspace.read(&format!("{folder}/bia.rules.yaml")),
            own("prometheus/bia.rules.yaml")
        );
    }
}
