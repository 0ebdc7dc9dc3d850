//! `bia deploy`: what it writes, who judges it, and that it agrees with the code.

mod agreement;
mod fixture;
mod golden;
mod rewriting;
mod validators;
mod wrong;
mod yaml;
