use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;
use tokio::time::Instant;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::registry::{Instance, Lease, LeaseTask};

use super::file::{self, LeaseFile};
use super::folder::Folder;
use super::process::{Moment, Process};

/// A lease is renewed this many times within its time to live.
const RENEWALS: u32 = 10;

pub(super) async fn register(
    folder: Arc<Folder>,
    ttl: Duration,
    instance: Instance,
) -> Result<Lease> {
    instance.check()?;
    let name = file::name(&instance)?;
    let token = Uuid::now_v7().to_string();
    let content =
        LeaseFile { instance: instance.clone(), token, ttl, renewed: None, process: None };
    let keeper = Arc::new(Keeper { folder, name, content });
    blocking(&keeper, Keeper::write).await?;
    Ok(Lease::spawn(instance, |task| keep(keeper, task)))
}

/// One registration, and the file in which it stands.
struct Keeper {
    folder: Arc<Folder>,
    name: String,
    content: LeaseFile,
}

/// What a renewal found.
enum Renewed {
    /// The file where it was.
    InPlace,
    /// No file, or one that cannot be read.
    Again,
    /// The file of another registration of the same id.
    Replaced(Option<u32>),
}

impl Keeper {
    fn write(&self) -> Result<()> {
        let content =
            LeaseFile { renewed: Moment::now(), process: Process::this(), ..self.content.clone() };
        self.folder.write(&self.name, &content)
    }

    fn renew(&self) -> Result<Renewed> {
        let found = self.folder.read(&self.name).ok().map(|(lease, _)| lease);
        let renewed = match found {
            Some(lease) if lease.token != self.content.token => {
                return Ok(Renewed::Replaced(lease.process.map(|process| process.pid())));
            }
            Some(_) => Renewed::InPlace,
            None => Renewed::Again,
        };
        self.write()?;
        Ok(renewed)
    }
}

async fn blocking<T: Send + 'static>(
    keeper: &Arc<Keeper>,
    work: impl FnOnce(&Keeper) -> Result<T> + Send + 'static,
) -> Result<T> {
    let keeper = Arc::clone(keeper);
    spawn_blocking(move || work(&keeper)).await.map_err(Error::from_source)?
}

async fn keep(keeper: Arc<Keeper>, mut task: LeaseTask) -> Result<()> {
    let mut last = Instant::now();
    loop {
        tokio::select! {
            () = task.released() => break,
            () = tokio::time::sleep(keeper.content.ttl / RENEWALS) => {}
        }
        // Not given up half-way when released: it would write the file again after its removal.
        let renewed = blocking(&keeper, Keeper::renew).await;
        if matches!(renewed, Ok(Renewed::InPlace | Renewed::Again)) {
            last = Instant::now();
        }
        task.update(|state| match renewed {
            Ok(renewed @ (Renewed::InPlace | Renewed::Again)) => {
                state.held = true;
                state.renewed_at = Some(SystemTime::now());
                state.registered_again += u64::from(matches!(renewed, Renewed::Again));
                state.error = None;
            }
            Ok(Renewed::Replaced(pid)) => {
                let by = pid
                    .map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
                state.held = false;
                state.error = Some(format!("{by} has registered the same id"));
            }
            Err(error) => {
                state.held = last.elapsed() < keeper.content.ttl;
                state.error = Some(error.to_string());
            }
        });
    }
    blocking(&keeper, |keeper| keeper.folder.withdraw(&keeper.name, &keeper.content.token)).await
}
