//! The task that a channel owns: follows the registry, and keeps a keeper for each node.

use std::sync::Arc;

use futures_util::StreamExt;
use tokio::task::JoinSet;

use crate::registry::{Instance, Watch};

use super::keeper::Keeper;
use super::pool::Pool;
use super::target::Target;

/// Runs until it is dropped, which drops every connection.
pub(super) async fn run(pool: Arc<Pool>, mut watch: Option<Watch>) {
    // Aborts its tasks when it is dropped.
    let mut keepers = JoinSet::new();
    if let Target::Direct(endpoints) = &pool.target {
        let instances: Vec<_> = endpoints
            .iter()
            .map(|endpoint| Instance::new("", "", "").with_endpoint(endpoint.clone()))
            .collect();
        apply(&pool, &instances, &mut keepers);
    }
    let renewed = async {
        match &pool.way.secure {
            Some(secure) => secure.follow().await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(renewed);
    loop {
        let told = async {
            match &mut watch {
                Some(watch) => watch.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            told = told => match told {
                Some(Ok(instances)) => apply(&pool, &instances, &mut keepers),
                Some(Err(error)) => {
                    let service = &pool.target;
                    tracing::warn!(%service, %error, "the registry cannot be asked; goes on with what is known");
                    pool.registry_failed(&error);
                }
                // The registry is gone for good: what is known stays.
                None => watch = None,
            },
            () = &mut renewed => {}
            Some(ended) = keepers.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "a node's keeper broke");
            },
        }
    }
}

fn apply(pool: &Arc<Pool>, instances: &[Instance], keepers: &mut JoinSet<()>) {
    for member in pool.apply(instances) {
        keepers.spawn(Keeper::new(Arc::clone(pool), member).run());
    }
}
