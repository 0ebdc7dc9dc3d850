//! The command as it is used: run, and looked at from outside.

mod command;
mod help;
mod new;
