//! PostgreSQL for a test: a database cluster of its own, without a password, on loopback only.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::daemon::Group;
use super::debian;
use crate::error::{About as _, Error, Result};
use crate::exec;
use crate::net::{LOOPBACK, free_ports};
use crate::root::{Cache, on_path};

/// The newest server on this machine; Debian keeps it out of `PATH`.
pub(super) fn server() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok();
    let newest = versions
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .map(|(version, folder)| (version, folder.join("bin/postgres")))
        .filter(|(_, server)| server.is_file())
        .max();
    newest.map(|(_, server)| server).or_else(|| on_path("postgres"))
}

pub(super) fn start(cache: &Cache, name: &str) -> Result<Group> {
    let server = server().ok_or_else(|| {
        Error::new("PostgreSQL is not installed")
            .with_hint("`cargo xtask servers install postgres`")
    })?;
    let mut group = Group::create(cache, name)?;
    // It refuses to run as root, and another user cannot look into root's home: then its data lies in /tmp.
    let as_other = debian::is_root()?;
    let data = if as_other { make_data_folder()? } else { group.folder().join("data") };
    if as_other {
        group.adopt(&data)?;
    }
    let user = |program: &str| {
        let program = server.with_file_name(program);
        let mut command = Command::new(if as_other { "setpriv".into() } else { program.clone() });
        if as_other {
            command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]);
            command.arg(program);
        }
        command.current_dir("/");
        command
    };
    let mut init = user("initdb");
    init.arg("-D").arg(&data).args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]);
    exec::logged(&mut init, &group.folder().join("initdb.log"))?;
    let port = free_ports(1, &[LOOPBACK])?[0];
    let mut run = user("postgres");
    run.arg("-D").arg(&data).args(["-p", &port.to_string()]);
    for option in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"] {
        run.args(["-c", option]);
    }
    group.spawn("postgres", &mut run)?;
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    // What services call it that are made of the template.
    group.set("TEST_POSTGRES_URL", url.clone())?;
    group.set("BIA_POSTGRES_URL", url)?;
    let port = port.to_string();
    group.until_ready(Duration::from_secs(30), |_| {
        let mut probe = Command::new(server.with_file_name("pg_isready"));
        exec::output(probe.args(["-q", "-h", "127.0.0.1", "-p", &port])).is_ok()
    })
}

fn make_data_folder() -> Result<PathBuf> {
    let text = exec::output(Command::new("mktemp").args(["-d", "-t", "bia-postgres.XXXXXX"]))?;
    let folder = PathBuf::from(text.trim());
    exec::output(Command::new("chown").arg("postgres:postgres").arg(&folder))
        .about(|| format!("give {} to the user postgres", folder.display()))?;
    Ok(folder)
}
