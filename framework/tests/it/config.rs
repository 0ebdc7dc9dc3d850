//! Settings in files that change under a program that runs, as people and orchestrators change them.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use bia::Config;
use bia::config::{FileSource, Source, Variables};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

/// Longer than anything here takes, on the slowest machine.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    low: u64,
    high: u64,
    name: String,
}

async fn config(paths: &[&Path]) -> Config<Own> {
    let arguments =
        paths.iter().flat_map(|path| ["--config".to_owned(), path.display().to_string()]);
    let quick = ["--set".to_owned(), "config.debounce=20ms".to_owned()];
    bia::config::<Own>().arguments(arguments.chain(quick), &Variables::default()).await.unwrap()
}

/// Waits until the settings are as they are to be, and looks at each state on the way.
async fn until(config: &Config<Own>, mut is_so: impl FnMut(&Own) -> bool) {
    // Revisions are not shown: every part is watched.
    let mut all = config.watch(|own| (own.low, own.high, own.name.clone()));
    let waited = timeout(LIMIT, async {
        while !is_so(&config.get()) {
            all.changed().await;
        }
    });
    assert!(waited.await.is_ok(), "in force: {:?}\n{}", *config.get(), config.report());
}

/// Waits until something was refused for this reason.
async fn refused(config: &Config<Own>, reason: &str) {
    let begun = Instant::now();
    loop {
        let report = config.report();
        let refusals = report["refusals"].as_array().unwrap();
        let told = |it: &serde_json::Value| it["reason"].as_str().unwrap().contains(reason);
        if refusals.iter().any(told) {
            return;
        }
        assert!(begun.elapsed() < LIMIT, "{report}");
        // sleeps: a refusal is seen by looking.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// As editors and `kubectl` write: a whole file in place of the other.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("tmp");
    fs::write(&new, text).unwrap();
    fs::rename(&new, path).unwrap();
}

#[tokio::test]
async fn a_file_that_is_written_replaced_removed_and_put_back_is_followed() {
    let folder = folder();
    let file = folder.path().join("app.yaml");
    fs::write(&file, "name: a").unwrap();
    let config = config(&[&file]).await;
    let _reloading = config.reloading();
    fs::write(&file, "name: b").unwrap();
    until(&config, |own| own.name == "b").await;
    replace(&file, "name: c");
    until(&config, |own| own.name == "c").await;
    fs::remove_file(&file).unwrap();
    refused(&config, "app.yaml: cannot be read: No such file").await;
    assert_eq!(config.get().name, "c", "what was in force stays");
    fs::write(&file, "name: d").unwrap();
    until(&config, |own| own.name == "d").await;
    fs::write(&file, "nmae: e").unwrap();
    refused(&config, "app.yaml:1: there is no such setting: did you mean name?").await;
    assert_eq!(config.get().name, "d");
}

#[tokio::test]
async fn a_file_is_read_only_once_its_writer_has_closed_it() {
    let folder = folder();
    let file = folder.path().join("app.yaml");
    fs::write(&file, "{low: 1, high: 1}").unwrap();
    follow_a_slow_writer(&file, &file).await;
}

#[tokio::test]
async fn a_file_behind_a_link_is_read_only_once_its_writer_has_closed_it() {
    let (here, there) = (folder(), folder());
    let (link, file) = (here.path().join("app.yaml"), there.path().join("real.yaml"));
    fs::write(&file, "{low: 1, high: 1}").unwrap();
    symlink(&file, &link).unwrap();
    follow_a_slow_writer(&link, &file).await;
}

async fn follow_a_slow_writer(path: &Path, file: &Path) {
    let config = config(&[path]).await;
    let _reloading = config.reloading();
    fs::write(file, "{low: 2, high: 2}").unwrap();
    until(&config, |own| own.low == 2).await;

    // Half of it is settings too, and would be taken by whoever looks at the text alone.
    let mut open = fs::File::create(file).unwrap();
    writeln!(open, "low: 0").unwrap();
    open.flush().unwrap();
    // sleeps: this is the slow writer, far slower than the debounce.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((config.get().low, config.get().high), (2, 2));
    writeln!(open, "high: 7").unwrap();
    drop(open);
    until(&config, |own| own.high == 7).await;
    assert_eq!(config.report()["revision"], 3, "no state in between");
}

#[tokio::test]
async fn of_a_folder_every_file_is_a_layer_in_the_order_of_the_names() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("10-base.yaml"), "{low: 1, high: 1, name: base}").unwrap();
    fs::write(at("20-more.toml"), "high = 2").unwrap();
    for left_over in
        [".hidden.yaml", "20-more.toml~", "#20-more.toml#", "30.yaml.swp", "30.yaml.bak"]
    {
        fs::write(at(left_over), "nonsense: [").unwrap();
    }
    fs::create_dir(at("sub")).unwrap();
    let config = config(&[folder.path()]).await;
    let _reloading = config.reloading();
    let own = config.hold();
    assert_eq!((own.low, own.high, own.name.as_str()), (1, 2, "base"));
    fs::write(at("30-last.json"), r#"{"name": "last"}"#).unwrap();
    until(&config, |own| own.name == "last").await;
    fs::remove_file(at("20-more.toml")).unwrap();
    until(&config, |own| own.high == 1).await;
    fs::write(at("README"), "about").unwrap();
    refused(&config, "README: cannot tell how it is written").await;
    fs::remove_dir_all(folder.path()).unwrap();
    refused(&config, "cannot be read: No such file").await;
    assert_eq!(config.get().name, "last");
}

/// A folder as Kubernetes mounts a `ConfigMap`: the files are links through `..data`.
struct Mount {
    folder: TempDir,
    version: u32,
}

impl Mount {
    fn new(files: &[(&str, &str)]) -> Self {
        let mut mount = Self { folder: folder(), version: 0 };
        mount.put(files);
        mount
    }

    /// What the kubelet does (`AtomicWriter`): a new folder, one rename, links, the old one removed.
    fn put(&mut self, files: &[(&str, &str)]) {
        let root = self.folder.path();
        let (old, new) = (self.version, self.version + 1);
        let name = format!("..2026_01_01_{new}");
        fs::create_dir(root.join(&name)).unwrap();
        for (file, text) in files {
            fs::write(root.join(&name).join(file), text).unwrap();
        }
        symlink(&name, root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
        for (file, _) in files {
            symlink(Path::new("..data").join(file), root.join(file)).ok();
        }
        for entry in fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            let is_shown = !path.file_name().unwrap().to_str().unwrap().starts_with("..");
            if is_shown && !path.exists() {
                fs::remove_file(path).unwrap();
            }
        }
        fs::remove_dir_all(root.join(format!("..2026_01_01_{old}"))).ok();
        self.version = new;
    }
}

#[tokio::test]
async fn a_mounted_config_map_changes_as_a_whole_a_hundred_times() {
    let mut mount = Mount::new(&[("a.yaml", "low: 0"), ("b.yaml", "high: 0")]);
    let root = mount.folder.path().to_owned();
    let whole = config(&[&root]).await;
    let single = config(&[&root.join("a.yaml")]).await;
    let _reloading = (whole.reloading(), single.reloading());
    let writer = tokio::task::spawn_blocking(move || {
        for number in 1..=100 {
            let (low, high) = (format!("low: {number}"), format!("high: {number}"));
            mount.put(&[("a.yaml", &low), ("b.yaml", &high)]);
            std::thread::park_timeout(Duration::from_millis(3));
        }
        mount
    });
    until(&whole, |own| {
        assert_eq!(own.low, own.high, "two files of one change");
        own.low == 100
    })
    .await;
    until(&single, |own| own.low == 100).await;
    let mut mount = writer.await.unwrap();
    mount.put(&[("b.yaml", "{high: 101, name: alone}")]);
    until(&whole, |own| own.name == "alone" && own.low == 0).await;
    refused(&single, "a.yaml: cannot be read").await;
    assert_eq!(single.get().low, 100);
}

#[tokio::test]
async fn torn_writes_are_never_applied_and_the_last_value_is_not_lost() {
    for in_place in [true, false] {
        let folder = folder();
        let file = folder.path().join("app.yaml");
        fs::write(&file, "low: 0\nhigh: 0\n").unwrap();
        let config = config(&[&file]).await;
        let _reloading = config.reloading();
        let writer = tokio::task::spawn_blocking(move || {
            for number in 1..=1000 {
                // Without the second line it would be right too, and `high` 0.
                let (low, high) = (format!("low: {number}\n"), format!("high: {number}\n"));
                if in_place {
                    let mut open = fs::File::create(&file).unwrap();
                    open.write_all(low.as_bytes()).unwrap();
                    std::thread::yield_now();
                    open.write_all(high.as_bytes()).unwrap();
                } else {
                    replace(&file, &(low + &high));
                }
                if number % 10 == 0 {
                    std::thread::park_timeout(Duration::from_millis(5));
                }
            }
        });
        until(&config, |own| {
            assert_eq!(own.low, own.high, "in place: {in_place}");
            own.low == 1000
        })
        .await;
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn a_link_to_a_file_elsewhere_is_followed_to_where_it_changes() {
    let (here, there) = (folder(), folder());
    let (link, file) = (here.path().join("app.yaml"), there.path().join("real.yaml"));
    fs::write(&file, "name: a").unwrap();
    symlink(&file, &link).unwrap();
    let config = config(&[&link]).await;
    let _reloading = config.reloading();
    fs::write(&file, "name: b").unwrap();
    until(&config, |own| own.name == "b").await;
    let other = there.path().join("other.yaml");
    fs::write(&other, "name: c").unwrap();
    let new = here.path().join("new.tmp");
    symlink(&other, &new).unwrap();
    fs::rename(&new, &link).unwrap();
    until(&config, |own| own.name == "c").await;
    fs::write(&other, "name: d").unwrap();
    until(&config, |own| own.name == "d").await;
}

#[tokio::test]
async fn a_folder_that_is_removed_and_made_again_is_found_again() {
    let folder = folder();
    let (configs, file) = (folder.path().join("configs"), folder.path().join("configs/app.yaml"));
    fs::create_dir(&configs).unwrap();
    fs::write(&file, "name: a").unwrap();
    let config = config(&[&file]).await;
    let _reloading = config.reloading();
    fs::write(&file, "name: b").unwrap();
    until(&config, |own| own.name == "b").await;
    fs::remove_dir_all(&configs).unwrap();
    refused(&config, "cannot be read").await;
    fs::create_dir(&configs).unwrap();
    fs::write(&file, "name: c").unwrap();
    until(&config, |own| own.name == "c").await;
    fs::write(&file, "name: d").unwrap();
    until(&config, |own| own.name == "d").await;
}

#[tokio::test]
async fn what_is_no_settings_is_not_read_into_memory() {
    let folder = folder();
    let file = folder.path().join("app.yaml");
    fs::write(&file, vec![b'#'; 5 << 20]).unwrap();
    let error = FileSource::new(&file).load().await.unwrap_err();
    assert!(error.message().contains("it has more than 4194304 bytes"), "{error}");
    fs::remove_file(&file).unwrap();
    for number in 0..257 {
        fs::write(folder.path().join(format!("{number}.yaml")), "").unwrap();
    }
    let error = FileSource::new(folder.path()).load().await.unwrap_err();
    assert!(error.message().contains("has 257 files: expected at most 256"), "{error}");
    fs::write(&file, [0xff, 0xfe]).unwrap();
    let arguments = ["--config".to_owned(), file.display().to_string()];
    let read = bia::config::<()>().arguments(arguments, &Variables::default()).await;
    let exit = read.unwrap_err();
    assert_eq!(exit.code(), 78);
    assert!(exit.to_string().ends_with("app.yaml: is no text: byte 0 is not UTF-8"), "{exit}");
}
