//! The command as it is used: run, and looked at from outside.

mod add;
mod added;
mod call;
mod command;
mod config;
mod consul;
mod deploy;
mod doctor;
mod explain;
mod fakes;
mod formatted;
mod help;
mod new;
mod pages;
mod project;
mod proto;
mod run;
mod sync;
mod synced;
mod terminal;
mod tools;
