//! The command as it is used: run, and looked at from outside.

mod call;
mod command;
mod help;
mod proto;
