use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use crate::config::duration;
use crate::error::{Error, Result};
use crate::registry::Instance;

use super::process::{Moment, Process};

/// What a lease's file holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct LeaseFile {
    pub(super) instance: Instance,
    /// Tells this registration from another one of the same id.
    pub(super) token: String,
    #[serde(with = "duration")]
    pub(super) ttl: Duration,
    /// When it was last renewed.
    #[serde(default)]
    pub(super) renewed: Option<Moment>,
    /// Who renews it.
    #[serde(default)]
    pub(super) process: Option<Process>,
}

impl LeaseFile {
    /// How long ago it was renewed. Where the file does not say so in a way that is understood
    /// here, the time of day does.
    pub(super) fn age(&self, file: &Metadata, now: Option<&Moment>) -> Duration {
        let told = self.renewed.as_ref().zip(now).and_then(|(renewed, now)| renewed.age(now));
        told.unwrap_or_else(|| {
            let modified = file.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            // A file of the future was written before the clock was set back.
            modified.elapsed().unwrap_or(Duration::ZERO)
        })
    }
}

/// What changes whenever a file is replaced by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    inode: u64,
    size: u64,
    seconds: i64,
    nanos: i64,
}

impl Stamp {
    pub(super) fn of(file: &Metadata) -> Self {
        let (inode, size) = (file.ino(), file.size());
        Self { inode, size, seconds: file.mtime(), nanos: file.mtime_nsec() }
    }
}

/// The ending of a lease's file; whatever else lies in the folder is not ours.
const ENDING: &str = ".json";

/// The longest name that file systems take, in bytes.
const LONGEST: usize = 255;

/// The name of an instance's file: `users@0192-….json`.
pub(super) fn name(instance: &Instance) -> Result<String> {
    let name = format!("{}{}{ENDING}", prefix(&instance.name), escaped(&instance.id));
    if name.len() > LONGEST {
        return Err(Error::bad_request(
            "INSTANCE_INVALID",
            format!(
                "cannot register {} {}: its file's name would have {} bytes, more than {LONGEST}: shorten name or id",
                instance.name,
                instance.id,
                name.len()
            ),
        ));
    }
    Ok(name)
}

/// How the names of a service's files begin.
pub(super) fn prefix(service: &str) -> String {
    format!("{}@", escaped(service))
}

/// Whether a file of this name is one of those that begin with `prefix`.
pub(super) fn is_lease(name: &str, prefix: &str) -> bool {
    name.starts_with(prefix) && name.ends_with(ENDING)
}

/// The text with all but `A-Z a-z 0-9 - _ .` as `%XX`, and never beginning with a dot.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'.' if at == 0 => escaped.push_str("%2E"),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_service_and_instance_whatever_they_are_called() {
        let table = [
            ("users", "1", "users@1.json"),
            ("users.v1", "a/b", "users.v1@a%2Fb.json"),
            ("..", "@é", "%2E.@%40%C3%A9.json"),
        ];
        for (service, id, expected) in table {
            let name = name(&Instance::new(id, service, "")).unwrap();
            assert_eq!(name, expected);
            assert!(is_lease(&name, &prefix(service)));
            assert!(!is_lease(&name, &prefix("user")));
        }
        let error = name(&Instance::new("é".repeat(50), "users", "")).unwrap_err();
        assert!(error.message().contains("shorten name or id"), "{error}");
    }
}
