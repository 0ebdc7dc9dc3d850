//! `cargo xtask images`: what `bia deploy docker` writes is built as it says, and what comes out is run.

mod bases;
mod builder;
mod container;
mod image;
mod project;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use self::bases::Names;
use self::builder::Builder;
use self::container::Container;
use self::image::{Image, NOBODY};
use self::project::{LITTER, Project, SERVICE, argument, bia};
use crate::error::{About as _, Error, Result};
use crate::exec;
use crate::net::{LOOPBACK, free_pair};
use crate::root::{Cache, empty_folder};
use crate::servers::{self, BUILDER};
use crate::ui;
use crate::wait::Stopwatch;

const DOCKERFILE: &str = "deploy/docker/stock-service/Dockerfile";

/// Why this machine cannot build images, if it cannot; installs what builds them.
///
/// # Errors
///
/// The cache cannot be used.
pub(crate) fn obstacle() -> Result<Option<String>> {
    if !servers::is_root()? {
        return Ok(Some("only root may build images: nobody else may have their files".to_owned()));
    }
    let mut apart = Command::new("unshare");
    if let Err(error) = exec::output(apart.args(["--mount", "--pid", "--fork", "true"])) {
        return Ok(Some(format!("namespaces are needed, and forbidden here: {error}")));
    }
    let missing = servers::install(&Cache::open()?, &[&BUILDER])?;
    Ok(missing.into_iter().next().map(|missing| missing.why))
}

/// Builds the images of a service, for each kind of base that can be had here, and runs them.
///
/// # Errors
///
/// This machine cannot build images, or one does not build, is not what it should be, or does not run.
pub(crate) fn main() -> Result<()> {
    if let Some(why) = obstacle()? {
        return Err(Error::new(format!("images cannot be built here: {why}")));
    }
    let place = Place::take(&Cache::open()?)?;
    let cache = &place.cache;
    let project = Project::make(&place.folder, free_pair()?)?;
    project.fetch()?;

    // Its base is needed before its image is built; what is written is replaced again below.
    project.deploy("debian")?;
    let debian = argument(&project.read(DOCKERFILE)?, "BASE_IMAGE")?;
    let command = project.deploy("distroless")?;
    let dockerfile = project.read(DOCKERFILE)?;
    let names = Names {
        rust: argument(&dockerfile, "RUST_IMAGE")?,
        distroless: argument(&dockerfile, "BASE_IMAGE")?,
        debian,
    };
    let builder = Builder::open(&place.folder.join("images"), &bases::volumes()?)?;
    let watch = Stopwatch::start();
    bases::make(&builder, cache, &names)?;
    bases::fill(&builder, &names, &place.folder)?;
    ui::say(format_args!("bases           {}", watch.text()));
    context(&builder, &project)?;

    let data = "/app/data";
    let volume = place.folder.join("volume");
    let compiled = build(&builder, &project, &command, &[])?;
    expect(compiled.len() > 100, || format!("only {compiled:?} were compiled"))?;
    let image = Image::open(&builder, SERVICE, data)?;
    look(&image, &dockerfile, "unknown")?;
    let programs = image.programs()?;
    expect(programs == [image.program()], || format!("there is more to start: {programs:?}"))?;
    expect(image.health.is_empty(), || "a health check that nothing can ask".to_owned())?;
    image.volume(&volume)?;
    run(&image, &dockerfile, &place.folder, |_, address| {
        call(address, "CreateStock", r#"{"stock":{"name":"first"}}"#)
    })?;
    ui::say(format_args!("distroless      {} MB, runs", image.megabytes()?));

    // The same service after a change, on the other base: what it depends on is there.
    let main = project.read("src/main.rs")?;
    crate::root::write(&project.folder.join("src/main.rs"), format!("{main}\n// Changed.\n"))?;
    let command = project.deploy("debian")?;
    let dockerfile = project.read(DOCKERFILE)?;
    let compiled = build(&builder, &project, &command, &["--build-arg", "REVISION=0123abc"])?;
    expect(compiled == [SERVICE], || format!("these were compiled again: {compiled:?}"))?;
    let image = Image::open(&builder, SERVICE, data)?;
    look(&image, &dockerfile, "0123abc")?;
    run(&image, &dockerfile, &place.folder, |container, address| {
        container.check_health(&image)?;
        call(address, "ListStocks", "{}")
    })?;
    ui::say(format_args!("debian          {} MB, runs with the same data", image.megabytes()?));
    ui::say(
        "NOT BUILT scratch: its base and its compiler are Alpine's, which no registry here has",
    );
    Ok(())
}

/// What a project has lying about gets into no build.
fn context(builder: &Builder, project: &Project) -> Result<()> {
    let ignore = format!("{DOCKERFILE}.dockerignore");
    let file = project.folder.join("deploy/context.Dockerfile");
    crate::root::write(&file, "FROM scratch\nCOPY . /\n")?;
    let words =
        ["--ignorefile", &ignore, "--file", "deploy/context.Dockerfile", "--tag", "context"];
    builder.build(&[&words[..], &["."]].concat(), &project.folder)?;
    let root = builder.unpack("context")?;
    for left in LITTER.iter().chain(&["deploy", "target"]) {
        expect(!root.join(left).exists(), || format!("{left} gets into the build"))?;
    }
    for needed in ["Cargo.lock", "src/main.rs", "configs/app.yaml", "migrations", "proto", "vendor"]
    {
        expect(root.join(needed).exists(), || format!("{needed} is kept from the build"))?;
    }
    Ok(())
}

/// Runs `docker build …` as it is told by `bia`, and tells which crates were compiled.
fn build(
    builder: &Builder,
    project: &Project,
    command: &[String],
    more: &[&str],
) -> Result<Vec<String>> {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let ["docker", "build", words @ ..] = words.as_slice() else {
        return Err(Error::new(format!("`{}` builds no image", words.join(" "))));
    };
    let watch = Stopwatch::start();
    let printed = builder.build(&[more, words].concat(), &project.folder)?;
    let compiled = compiled(&printed);
    ui::say(format_args!("{:<15} built in {}, {} crates", SERVICE, watch.text(), compiled.len()));
    Ok(compiled)
}

/// The crates that cargo says it compiles.
fn compiled(printed: &str) -> Vec<String> {
    let lines = printed.lines().filter_map(|line| line.trim().strip_prefix("Compiling "));
    lines.filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
}

/// What every image has, whatever its base is.
fn look(image: &Image, dockerfile: &str, revision: &str) -> Result<()> {
    let nobody = format!("{NOBODY}:{NOBODY}");
    expect(image.user == nobody, || format!("its user is `{}`", image.user))?;
    expect(image.signal == "SIGTERM", || format!("it is stopped by `{}`", image.signal))?;
    let version = argument(dockerfile, "VERSION")?;
    for (label, value) in
        [("title", SERVICE), ("version", &version), ("revision", revision), ("created", "unknown")]
    {
        let label = format!("org.opencontainers.image.{label} = {value}");
        expect(image.labels.contains(&label), || format!("no {label}: {:?}", image.labels))?;
    }
    let owner = image.owner_of_data()?;
    expect(owner == (NOBODY, NOBODY), || format!("{} belongs to {owner:?}", image.data))?;
    let hidden = image.unreadable()?;
    expect(hidden.is_empty(), || format!("its user cannot read {hidden:?}"))
}

/// Starts the image over the volume, has `ask` talk to it, and stops it.
fn run(
    image: &Image,
    dockerfile: &str,
    folder: &Path,
    ask: impl FnOnce(&Container, &str) -> Result<()>,
) -> Result<()> {
    let volume = folder.join("volume");
    let container = Container::start(image, &volume, &folder.join("container.log"))?;
    for (name, expected) in [
        ("Uid", format!("{NOBODY} {NOBODY} {NOBODY} {NOBODY}")),
        ("Gid", format!("{NOBODY} {NOBODY} {NOBODY} {NOBODY}")),
        ("Groups", String::new()),
        ("CapEff", "0000000000000000".to_owned()),
    ] {
        let found = container.status(name)?;
        expect(found == expected, || format!("it runs with {name} `{found}`"))?;
    }
    ask(&container, &format!("{LOOPBACK}:{}", image.port))?;
    let watch = Stopwatch::start();
    container.stop(&image.signal, patience(dockerfile)?)?;
    ui::say(format_args!("{:<15} stopped in {}", SERVICE, watch.text()));
    let database = volume.join("stocks.db");
    expect(database.is_file(), || format!("it keeps nothing in {}", image.data))
}

/// Calls a method over gRPC, whose answer tells of what was put there first.
fn call(address: &str, method: &str, request: &str) -> Result<()> {
    let answer = exec::output(bia().args(["call", address, method, request, "--json"]))?;
    expect(answer.contains("\"first\""), || format!("{method} answers {answer}"))
}

/// How long whoever stops it is told to wait.
fn patience(dockerfile: &str) -> Result<Duration> {
    let told = dockerfile.split_once("docker stop --time ").map(|(_, rest)| rest);
    let seconds = told.and_then(|rest| rest.split(|it: char| !it.is_ascii_digit()).next());
    let seconds = seconds.and_then(|it| it.parse().ok());
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| Error::new("the Dockerfile does not tell how long stopping takes"))
}

fn expect(holds: bool, what: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::new(what())) }
}

/// The folder of one run; nobody else builds images meanwhile.
struct Place {
    folder: PathBuf,
    cache: Cache,
    _lock: File,
}

impl Place {
    fn take(cache: &Cache) -> Result<Self> {
        let lock = cache.join("images.lock");
        let about = || format!("lock {}", lock.display());
        let lock = File::options().create(true).append(true).open(&lock).about(about)?;
        lock.lock().about(about)?;
        let folder = cache.join("tmp/images");
        empty_folder(&folder)?;
        Ok(Self { folder, cache: cache.clone(), _lock: lock })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            ui::say(format_args!("warning: {} stays: {error}", self.folder.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{compiled, patience};

    #[test]
    fn what_was_compiled_is_read_from_what_cargo_prints() {
        let printed = "STEP 4/9: RUN cargo\n   Compiling serde v1.0.1\n  Finished\n   Compiling a-b v0.1.0 (/src)\n";
        assert_eq!(compiled(printed), ["serde", "a-b"]);
        assert!(compiled("STEP 1/1: FROM scratch\n").is_empty());
    }

    #[test]
    fn how_long_to_wait_is_read_from_the_dockerfile() {
        let text = "# It stops in order within 40 s: docker stop --time 40.\nSTOPSIGNAL SIGTERM\n";
        assert_eq!(patience(text).expect("it is told").as_secs(), 40);
        assert!(patience("STOPSIGNAL SIGTERM\n").is_err());
    }
}
