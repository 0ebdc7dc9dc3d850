use crate::config::duration;
use crate::error::Result;
use crate::registry::Listed;

use super::file;
use super::folder::Folder;
use super::process::{self, Moment};

/// The leases of the folder, or those of one service. What is none is read over.
pub(super) fn all(folder: &Folder, service: Option<&str>) -> Result<Vec<Listed>> {
    folder.ensure()?;
    let (now, here) = (Moment::now(), process::namespace());
    let mut all = Vec::new();
    for (name, _) in folder.list(&service.map(file::prefix).unwrap_or_default())? {
        let Ok((lease, metadata)) = folder.read(&name) else { continue };
        let gone = lease.process.as_ref().is_some_and(|it| it.is_gone(here.as_deref()));
        if gone || service.is_some_and(|service| service != lease.instance.name) {
            continue;
        }
        let age = lease.age(&metadata, now.as_ref());
        let listed = Listed::new(lease.instance);
        all.push(match age >= lease.ttl {
            true => listed.with_fault(format!(
                "not renewed for {}, longer than its time to live of {}: its process hangs or is gone",
                duration::format(std::time::Duration::from_secs(age.as_secs())),
                duration::format(lease.ttl)
            )),
            false => listed,
        });
    }
    all.sort_by(|a, b| a.instance.id.cmp(&b.instance.id));
    Ok(all)
}
