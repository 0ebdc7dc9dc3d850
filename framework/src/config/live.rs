use std::sync::Arc;

use super::hot::{Hot, Kept};

/// What is in force now, for many readers that look at it often. Cloning is cheap; all clones are one.
///
/// Reading costs as little as [`Hot`] does, and waits for nobody. What a reader holds does not change
/// under it: who needs two values that fit together takes both from one [`Live::get`].
#[derive(Debug)]
pub(crate) struct Live<S>(Arc<Hot<S>>);

impl<S: Send + Sync + 'static> Live<S> {
    pub(crate) fn new(first: S) -> Self {
        Self(Arc::new(Hot::new(first)))
    }

    /// What is in force, to be looked at and let go: it cannot be held across an `.await`.
    pub(crate) fn get(&self) -> Kept<S> {
        self.0.get()
    }

    /// The same, to keep for as long as it is needed.
    pub(crate) fn full(&self) -> Arc<S> {
        self.0.load()
    }

    /// Replaces it. Whoever reads from now on reads this.
    pub(crate) fn set(&self, next: S) {
        self.0.set(Arc::new(next));
    }
}

impl<S> Clone for Live<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clone_reads_what_was_set_last_and_what_is_held_stays_as_it_was() {
        let live = Live::new((1, 1));
        let (other, held) = (live.clone(), live.full());
        live.set((2, 2));
        assert_eq!(*other.get(), (2, 2));
        assert_eq!(*held, (1, 1));
    }

    #[test]
    fn two_values_of_one_look_fit_together_while_others_set_them() {
        let live = Live::new((0, 0));
        std::thread::scope(|scope| {
            scope.spawn(|| (1..=10_000).for_each(|n| live.set((n, n))));
            for _ in 0..10_000 {
                let now = live.get();
                assert_eq!(now.0, now.1);
            }
        });
        assert_eq!(*live.get(), (10_000, 10_000));
    }
}
