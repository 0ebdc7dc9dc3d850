//! What a service can be made with.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Where a service is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Registry {
    /// Through a folder: the processes of one machine find each other.
    #[default]
    Local,
    /// Through Consul.
    Consul,
    /// Nobody is told where it is.
    None,
}

/// Where a service keeps what it is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Database {
    /// In memory, until it stops.
    None,
    /// In a file.
    #[default]
    Sqlite,
    /// In PostgreSQL; in a file where there is no server, and in tests.
    Postgres,
}

/// How a service can be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Faces {
    /// By gRPC, gRPC-Web, and HTTP with paths of its own; with an OpenAPI document.
    #[default]
    All,
    /// By gRPC and gRPC-Web; by HTTP only as `POST /package.Service/Method`.
    Grpc,
}

macro_rules! shown_as_typed {
    ($($kind:ty),*) => {
        $(impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let value = self.to_possible_value();
                f.write_str(value.as_ref().map_or("", |value| value.get_name()))
            }
        })*
    };
}

shown_as_typed!(Registry, Database, Faces);
