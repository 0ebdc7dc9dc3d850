//! The command as it is used: run, and looked at from outside.

mod add;
mod call;
mod command;
mod deploy;
mod help;
mod project;
mod sync;
mod synced;
