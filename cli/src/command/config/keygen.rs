//! `bia config keygen`: a pair of keys, the private one for nobody else's eyes.

use std::path::{Path, PathBuf};

use bia::config::trust::KeyPair;
use clap::Args;

use crate::change::{Changes, Manner};
use crate::cli::Writing;
use crate::error::{Error, Result};
use crate::shell::Shell;

/// Makes a pair of ed25519 keys to sign settings with.
///
/// The private key is written as PEM (PKCS#8), which OpenSSL reads too, for its owner alone (mode 0600).
/// The public one is written beside it as FILE.pub, and printed: it is what `config.trust.key` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bia config keygen ~/keys/users.pem\n  \
    bia config sign --folder configs --key ~/keys/users.pem\n  \
    BIA_CONFIG__TRUST__KEY=$HOME/keys/users.pem.pub cargo run   # takes only what is signed")]
pub(super) struct Arguments {
    /// Where the private key is written. Keep it out of the repository.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    writing: Writing,
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let (_, new) = NewKey::write(&arguments.file, Manner::from(arguments.writing), shell)?;
    new.keep(shell)
}

/// The files of a pair that was made; they go again unless they are kept.
pub(super) struct NewKey {
    public: String,
    files: Vec<PathBuf>,
    /// The folder that was made for them.
    made: Option<PathBuf>,
}

impl NewKey {
    /// Makes a pair in `file` and beside it.
    ///
    /// # Errors
    ///
    /// It cannot be written, or something else is there.
    pub(super) fn write(file: &Path, manner: Manner, shell: &Shell) -> Result<(KeyPair, Self)> {
        let pair = KeyPair::generate()
            .ok_or_else(|| Error::new("the system gives no randomness to make a key of"))?;
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let Some(name) = file.file_name().map(|it| it.to_string_lossy().into_owned()) else {
            return Err(Error::usage(format!("{} is no name of a file", file.display())));
        };
        let made = (!folder.is_dir()).then(|| folder.to_owned());
        let public = pair.public().to_string();
        let mut changes = Changes::below(folder);
        changes.write_private(&name, pair.to_pem());
        changes.write(format!("{name}.pub"), format!("{public}\n"));
        changes.apply(manner, shell)?;
        let files = match manner {
            Manner::DryRun => Vec::new(),
            Manner::Careful | Manner::Force => vec![file.to_owned(), beside(file)],
        };
        Ok((pair, Self { public, files, made }))
    }

    /// Leaves the files where they are, and tells the public key if there are any.
    ///
    /// # Errors
    ///
    /// It cannot be printed.
    pub(super) fn keep(mut self, shell: &Shell) -> Result<()> {
        if std::mem::take(&mut self.files).is_empty() {
            return Ok(());
        }
        if let Some(made) = &self.made {
            shell.status("Created", format!("{}/", made.display()));
        }
        shell.data(&self.public)?;
        shell.hint("the services' config.trust.key is to be that; set it by a variable or a flag, and files must be signed too");
        Ok(())
    }
}

impl Drop for NewKey {
    fn drop(&mut self) {
        for file in &self.files {
            drop(std::fs::remove_file(file));
        }
    }
}

/// Where the public key of a pair in `file` is.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut public = file.as_os_str().to_owned();
    public.push(".pub");
    PathBuf::from(public)
}
