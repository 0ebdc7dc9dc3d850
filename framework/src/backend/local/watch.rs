use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::error::Result;
use crate::registry::{Instance, Publisher};

use super::file::{self, LeaseFile, Stamp};
use super::folder::Folder;
use super::process::{self, Moment};

/// Reads the folder for ever and publishes who serves.
pub(super) async fn publish(
    folder: Arc<Folder>,
    service: String,
    poll: Duration,
    publisher: Publisher,
) {
    let mut reader = Reader::new(folder, service);
    loop {
        let read = spawn_blocking(move || {
            let found = reader.read();
            (reader, found)
        });
        let Ok((again, found)) = read.await else {
            // The runtime is being shut down.
            return;
        };
        reader = again;
        match found {
            Ok(instances) => publisher.publish(instances),
            Err(error) => publisher.fail(error),
        }
        sleep(poll).await;
    }
}

/// What one watch has read so far.
pub(super) struct Reader {
    folder: Arc<Folder>,
    service: String,
    prefix: String,
    /// Tells the folder from another one of the same name.
    identity: Option<u64>,
    leases: BTreeMap<String, Known>,
    /// Files that are no leases, named in the log.
    named: BTreeSet<(String, Stamp)>,
}

struct Known {
    lease: LeaseFile,
    stamp: Stamp,
    /// When it ends unless it is renewed, on a clock that nobody sets.
    until: Instant,
    /// Its file went away together with the folder: that is no release.
    orphan: bool,
}

impl Reader {
    pub(super) fn new(folder: Arc<Folder>, service: String) -> Self {
        let prefix = file::prefix(&service);
        let (leases, named) = (BTreeMap::new(), BTreeSet::new());
        Self { folder, service, prefix, identity: None, leases, named }
    }

    pub(super) fn read(&mut self) -> Result<Vec<Instance>> {
        let identity = Some(self.folder.ensure()?);
        if self.identity != identity {
            // Its instances write themselves again at their next heartbeat.
            self.leases.values_mut().for_each(|known| known.orphan = true);
            self.identity = identity;
        }
        let files = self.folder.list(&self.prefix)?;
        let moment = Moment::now();
        for (name, stamp) in &files {
            match self.leases.get_mut(name) {
                Some(known) if known.stamp == *stamp => known.orphan = false,
                _ if self.named.contains(&(name.clone(), *stamp)) => {}
                _ => self.take(name, *stamp, moment.as_ref()),
            }
        }
        let present: BTreeSet<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        self.leases.retain(|name, known| known.orphan || present.contains(name.as_str()));
        self.named.retain(|(name, _)| present.contains(name.as_str()));
        self.end_the_dead();
        let now = Instant::now();
        let live = self.leases.values().filter(|known| now < known.until);
        Ok(live.map(|known| known.lease.instance.clone()).collect())
    }

    /// Reads a file that is new or has changed.
    fn take(&mut self, name: &str, stamp: Stamp, moment: Option<&Moment>) {
        let read = self.folder.read(name).and_then(|(lease, metadata)| {
            match lease.instance.name == self.service {
                true => Ok((lease, metadata)),
                false => Err(format!("it is a lease of {}", lease.instance.name).into()),
            }
        });
        match read {
            Ok((lease, metadata)) => {
                let left = lease.ttl.saturating_sub(lease.age(&metadata, moment));
                // It may have been replaced between listing and reading: then it is read again.
                let known = Known { lease, stamp, until: Instant::now() + left, orphan: false };
                self.leases.insert(name.to_owned(), known);
            }
            Err(error) => {
                // What was known before stays for its time: whoever owns the file writes it anew.
                let gone = error
                    .downcast_ref::<std::io::Error>()
                    .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound);
                if !gone && self.named.insert((name.to_owned(), stamp)) {
                    let path = self.folder.path().join(name);
                    tracing::warn!(file = %path.display(), %error, "ignoring a file that is no lease: remove it");
                }
            }
        }
    }

    /// Forgets the leases whose process is known to be gone, and sweeps up their files.
    fn end_the_dead(&mut self) {
        let here = process::namespace();
        let folder = &self.folder;
        self.leases.retain(|name, known| {
            let gone = known.lease.process.as_ref().is_some_and(|it| it.is_gone(here.as_deref()));
            if gone {
                folder.remove(name, known.stamp);
            }
            !gone
        });
    }
}
