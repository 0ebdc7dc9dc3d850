use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use futures_util::StreamExt;
use tempfile::TempDir;
use tokio::time::timeout;

use super::file::LeaseFile;
use super::process::Moment;
use super::*;
use crate::registry::{Endpoint, Snapshot};

fn folder() -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("bia");
    (parent, path)
}

fn users(id: &str) -> Instance {
    Instance::new(id, "users", "v1").with_endpoint(Endpoint::new("grpc", "127.0.0.1", 9000))
}

fn ids(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.iter().map(|instance| instance.id.as_str()).collect()
}

async fn seen(watch: &mut Watch) -> Snapshot {
    timeout(Duration::from_secs(10), watch.next()).await.unwrap().unwrap().unwrap()
}

/// A lease whose owner cannot be looked at from here.
fn foreign(id: &str, ttl: Duration) -> LeaseFile {
    LeaseFile {
        instance: users(id),
        token: id.to_owned(),
        ttl,
        renewed: Moment::now(),
        process: None,
    }
}

#[test]
fn the_folder_is_made_for_its_owner_alone() {
    let (_parent, path) = folder();
    let nested = path.join("deeper");
    Local::new(&LocalSettings::at(&nested)).unwrap();
    for made in [&path, &nested] {
        assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_folder_that_others_can_write_to_is_refused_with_a_remedy() {
    let refused = |path: &Path, expected: &str| {
        let error = Local::new(&LocalSettings::at(path)).unwrap_err();
        assert_eq!(error.reason(), "LOCAL_REGISTRY_UNUSABLE");
        assert!(error.message().contains(expected), "{error}");
    };
    let (parent, path) = folder();
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
    refused(&path, "can be written to by others (mode 777): make it 700");
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    Local::new(&LocalSettings::at(&path)).unwrap();
    let link = parent.path().join("link");
    symlink(&path, &link).unwrap();
    refused(&link, "is not a folder: remove it");
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    refused(&file, "is not a folder: remove it");
    match chown(&path, Some(12345), None) {
        Ok(()) => refused(&path, "belongs to user 12345 and not to user"),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "only root can"),
    }
}

#[test]
fn the_default_folder_is_in_the_runtime_directory_or_named_after_the_user() {
    let path = LocalSettings::default_path(Some(Path::new("/run/user/7")));
    assert_eq!(path, Path::new("/run/user/7/bia"));
    let user = folder::own_user(Path::new("/tmp")).unwrap();
    for none in [None, Some(Path::new("")), Some(Path::new("relative"))] {
        assert_eq!(LocalSettings::default_path(none), PathBuf::from(format!("/tmp/bia-{user}")));
    }
}

#[test]
fn a_typo_in_the_settings_is_named() {
    let error = serde_json::from_str::<LocalSettings>(r#"{"tll":"1s"}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `tll`, expected one of `path`, `ttl`"), "{error}");
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_expires_and_is_there_again_when_it_is() {
    let (_parent, path) = folder();
    let local = Local::new(&LocalSettings::at(&path)).unwrap();
    let mut watch = local.watch("users");
    assert_eq!(ids(&seen(&mut watch).await), [""; 0]);
    let hung = foreign("hung", Duration::from_millis(300));
    local.folder.write("users@hung.json", &hung).unwrap();
    assert_eq!(ids(&seen(&mut watch).await), ["hung"]);
    assert_eq!(ids(&seen(&mut watch).await), [""; 0]);
    let renewed = LeaseFile { renewed: Moment::now(), ..hung };
    local.folder.write("users@hung.json", &renewed).unwrap();
    assert_eq!(ids(&seen(&mut watch).await), ["hung"]);
}

#[tokio::test]
async fn a_jump_of_the_clock_expires_nobody() {
    let (_parent, path) = folder();
    let local = Local::new(&LocalSettings::at(&path)).unwrap();
    let name = "users@a.json";
    local.folder.write(name, &foreign("a", Duration::from_secs(10))).unwrap();
    let hour = Duration::from_secs(3600);
    for jumped in [SystemTime::now() - hour, SystemTime::now() + hour] {
        File::options().write(true).open(path.join(name)).unwrap().set_modified(jumped).unwrap();
        // Both for who looked before and for who looks now.
        let other = Local::new(&LocalSettings::at(&path)).unwrap();
        assert_eq!(ids(&seen(&mut other.watch("users")).await), ["a"]);
        let mut reader = watch::Reader::new(Arc::clone(&local.folder), "users".to_owned());
        assert_eq!(reader.read().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_folder_that_is_deleted_comes_back_and_nobody_is_missed_meanwhile() {
    let (_parent, path) = folder();
    let local = Local::new(&LocalSettings::at(&path)).unwrap();
    let lease = local.register(users("a")).await.unwrap();
    let mut watch = local.watch("users");
    assert_eq!(ids(&seen(&mut watch).await), ["a"]);
    fs::remove_dir_all(&path).unwrap();
    let mut state = lease.state();
    let again = state.wait_for(|state| state.registered_again == 1);
    assert!(timeout(Duration::from_secs(10), again).await.unwrap().unwrap().held);
    lease.release().await.unwrap();
    assert_eq!(ids(&seen(&mut watch).await), [""; 0], "the set never was empty before");
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_told_once_and_so_is_its_return() {
    let (parent, path) = folder();
    let local = Local::new(&LocalSettings::at(&path)).unwrap();
    let lease = local.register(users("a")).await.unwrap();
    let mut watch = local.watch("users");
    assert_eq!(ids(&seen(&mut watch).await), ["a"]);
    let aside = parent.path().join("aside");
    fs::rename(&path, &aside).unwrap();
    fs::write(&path, "in the way").unwrap();
    let told = timeout(Duration::from_secs(10), watch.next()).await.unwrap().unwrap();
    let error = told.unwrap_err();
    assert!(error.message().contains("is not a folder"), "{error}");
    let mut state = lease.state();
    let failed = state.wait_for(|state| state.error.is_some());
    assert!(timeout(Duration::from_secs(10), failed).await.unwrap().unwrap().held, "for a while");
    fs::remove_file(&path).unwrap();
    fs::rename(&aside, &path).unwrap();
    assert_eq!(ids(&seen(&mut watch).await), ["a"]);
    lease.release().await.unwrap();
}

#[tokio::test]
async fn another_process_that_registers_the_same_id_takes_it_over() {
    let (_parent, path) = folder();
    let settings = LocalSettings::at(&path).with_ttl(Duration::from_millis(500));
    let local = Local::new(&settings).unwrap();
    let lease = local.register(users("a")).await.unwrap();
    local.folder.write("users@a.json", &foreign("a", Duration::from_secs(10))).unwrap();
    let mut state = lease.state();
    let lost = state.wait_for(|state| !state.held);
    let lost = timeout(Duration::from_secs(10), lost).await.unwrap().unwrap().clone();
    assert_eq!(lost.error.unwrap(), "another process has registered the same id");
    lease.release().await.unwrap();
    assert!(path.join("users@a.json").exists(), "it is not ours to remove");
}

#[tokio::test]
async fn whoever_looks_into_the_folder_sees_all_services_and_who_hangs() {
    let (_parent, path) = folder();
    let local = Local::new(&LocalSettings::at(&path)).unwrap();
    let lease = local.register(users("a")).await.unwrap();
    let other = local.register(Instance::new("1", "orders/é", "")).await.unwrap();
    let hangs = LeaseFile { renewed: None, ..foreign("hangs", Duration::from_secs(10)) };
    local.folder.write("users@hangs.json", &hangs).unwrap();
    let file = File::options().write(true).open(path.join("users@hangs.json")).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(30)).unwrap();
    fs::write(path.join("users@none.json"), "{").unwrap();
    assert_eq!(local.services().unwrap(), ["orders/é", "users"]);
    let listed = local.list("users").unwrap();
    assert_eq!(listed[0], Listed::new(users("a")));
    assert_eq!(listed[1].instance.id, "hangs");
    let fault = listed[1].fault.as_deref().unwrap();
    assert!(fault.contains("longer than its time to live of 10s"), "{fault}");
    assert_eq!(local.list("user").unwrap(), []);
    lease.release().await.unwrap();
    other.release().await.unwrap();
}

#[tokio::test]
async fn what_the_dead_left_is_swept_up() {
    let (_parent, path) = folder();
    let local = Local::new(&LocalSettings::at(&path)).unwrap();
    let old = LeaseFile { renewed: None, ..foreign("old", Duration::from_millis(100)) };
    local.folder.write("users@old.json", &old).unwrap();
    local.folder.write("users@new.json", &foreign("new", Duration::from_secs(10))).unwrap();
    fs::write(path.join(".unfinished.tmp"), "{").unwrap();
    for name in ["users@old.json", ".unfinished.tmp"] {
        let file = File::options().write(true).open(path.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(120)).unwrap();
    }
    Local::new(&LocalSettings::at(&path)).unwrap();
    let mut left: Vec<_> =
        fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["users@new.json"]);
}

/// Collects what is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_is_no_lease_is_read_over_and_named_once() {
    let (_parent, path) = folder();
    let folder = Arc::new(Folder::open(path.clone()).unwrap());
    folder.write("users@good.json", &foreign("good", Duration::from_secs(10))).unwrap();
    let half = serde_json::to_vec(&foreign("half", Duration::from_secs(10))).unwrap();
    fs::write(path.join("users@half.json"), &half[..half.len() / 2]).unwrap();
    fs::write(path.join("users@garbage.json"), b"\xff\x00{").unwrap();
    fs::create_dir(path.join("users@folder.json")).unwrap();
    fs::write(path.join("README"), "not ours").unwrap();
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let mut reader = watch::Reader::new(folder, "users".to_owned());
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..3 {
            let read = reader.read().unwrap();
            assert_eq!(read.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["good"]);
        }
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for name in ["users@half.json", "users@garbage.json", "users@folder.json"] {
        let times = log.lines().filter(|line| line.contains(name)).count();
        assert_eq!(times, 1, "{name} in {log}");
    }
    assert_eq!(log.lines().count(), 3, "{log}");
}
