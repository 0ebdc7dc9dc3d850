use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

use crate::config::{Snapshot, Source};

/// Checks that a [`Source`] of settings keeps its promises.
///
/// `make` makes a source of a place of the given name, which is new in each case (a folder, a prefix
/// of keys); `write` puts a document of a name into that place, or removes it if there is no text.
/// Loaded documents may have longer names than they were written by (`conformance-1/a.yaml`).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::collections::HashMap;
/// use std::sync::{Arc, Mutex};
/// use bia::config::MemorySource;
/// use bia::testing::conformance;
///
/// let places = Arc::new(Mutex::new(HashMap::<String, MemorySource>::new()));
/// let at = move |place: &str| places.lock().unwrap().entry(place.to_owned()).or_default().clone();
/// let writer = at.clone();
/// conformance::source(at, move |place, name, text| {
///     let source = writer(&place);
///     async move {
///         match text {
///             Some(text) => source.set(&name, text),
///             None => source.remove(&name),
///         }
///     }
/// })
/// .await;
/// # }
/// ```
///
/// Panics, naming case and promise, at the first that is not kept.
pub fn source<S, F>(
    make: impl Fn(&str) -> S + Send + Sync + 'static,
    write: impl Fn(String, String, Option<String>) -> F + Send + Sync + 'static,
) -> SourceSuite
where
    S: Source,
    F: Future<Output = ()> + Send + 'static,
{
    SourceSuite {
        make: Box::new(move |place| Box::new(make(place))),
        write: Box::new(move |place, name, text| Box::pin(write(place, name, text))),
        known_within: Duration::from_secs(1),
        changes: 200,
    }
}

type Make = dyn Fn(&str) -> Box<dyn Source> + Send + Sync;
type Write = dyn Fn(String, String, Option<String>) -> BoxFuture<'static, ()> + Send + Sync;

/// The suite that [`source`] makes; awaiting it runs it.
pub struct SourceSuite {
    make: Box<Make>,
    write: Box<Write>,
    known_within: Duration,
    changes: usize,
}

impl SourceSuite {
    /// How soon a change must be known, default 1 s.
    #[must_use]
    pub fn known_within(mut self, time: Duration) -> Self {
        self.known_within = time;
        self
    }

    /// How many changes follow each other in the case of many, default 200.
    #[must_use]
    pub fn changes(mut self, changes: usize) -> Self {
        self.changes = changes;
        self
    }

    async fn run(self) {
        self.what_is_there_is_loaded().await;
        self.nothing_changed_is_the_same_again().await;
        self.a_change_is_known().await;
        self.a_change_before_it_is_waited_for_is_known().await;
        self.a_wait_that_is_given_up_loses_nothing().await;
        self.a_document_that_comes_and_one_that_goes_are_known().await;
        self.of_many_changes_the_last_is_known().await;
        self.two_sources_of_one_place_see_the_same().await;
        self.where_nothing_changes_it_rests().await;
    }

    async fn what_is_there_is_loaded(&self) {
        let case = Case::new("what is there is loaded whole, byte by byte", self);
        let text = "# Zürich – 東京 \u{1f980}\r\n\tkey: \"va\\lue\"\n\n";
        case.write("b.yaml", Some(text)).await;
        case.write("a.yaml", Some("a: 1")).await;
        case.sees(&*case.make(), &[("a.yaml", "a: 1"), ("b.yaml", text)]).await;
    }

    async fn nothing_changed_is_the_same_again(&self) {
        let case =
            Case::new("loaded again without a change, it is the same, and its revision", self);
        case.write("a.yaml", Some("a: 1")).await;
        let source = case.make();
        let (first, again) = (case.load(&*source).await, case.load(&*source).await);
        assert_eq!(first, again, "{case}");
        case.write("a.yaml", Some("a: 2")).await;
        case.sees(&*source, &[("a.yaml", "a: 2")]).await;
        let changed = case.load(&*source).await;
        assert_ne!(first.revision, changed.revision, "{case}: another state, the same revision");
    }

    async fn a_change_is_known(&self) {
        let case = Case::new("a change is known while it is waited for", self);
        case.write("a.yaml", Some("a: 1")).await;
        let source = case.make();
        case.sees(&*source, &[("a.yaml", "a: 1")]).await;
        let (_, ()) = tokio::join!(
            case.knows(&*source, &[("a.yaml", "a: 2")]),
            case.write("a.yaml", Some("a: 2")),
        );
    }

    async fn a_change_before_it_is_waited_for_is_known(&self) {
        let case = Case::new("a change between a load and the wait is not missed", self);
        case.write("a.yaml", Some("a: 1")).await;
        let source = case.make();
        case.sees(&*source, &[("a.yaml", "a: 1")]).await;
        case.write("a.yaml", Some("a: 2")).await;
        case.knows(&*source, &[("a.yaml", "a: 2")]).await;
    }

    async fn a_wait_that_is_given_up_loses_nothing(&self) {
        let case = Case::new("a wait that is given up loses no change", self);
        case.write("a.yaml", Some("a: 1")).await;
        let source = case.make();
        case.sees(&*source, &[("a.yaml", "a: 1")]).await;
        for round in 2..6 {
            let text = format!("a: {round}");
            let expected = [("a.yaml", text.as_str())];
            let waiting = async {
                let mut seen = false;
                for _ in 0..3 {
                    if timeout(Duration::from_millis(3), source.changed()).await.is_ok() {
                        seen = is(&case.load(&*source).await, &expected);
                    }
                }
                seen
            };
            let (seen, ()) = tokio::join!(waiting, case.write("a.yaml", Some(&text)));
            if !seen {
                case.knows(&*source, &expected).await;
            }
        }
    }

    async fn a_document_that_comes_and_one_that_goes_are_known(&self) {
        let case = Case::new("a document that comes is known, and one that goes", self);
        case.write("a.yaml", Some("a: 1")).await;
        let source = case.make();
        case.sees(&*source, &[("a.yaml", "a: 1")]).await;
        case.write("b.yaml", Some("b: 1")).await;
        case.knows(&*source, &[("a.yaml", "a: 1"), ("b.yaml", "b: 1")]).await;
        case.write("a.yaml", None).await;
        case.knows(&*source, &[("b.yaml", "b: 1")]).await;
    }

    async fn of_many_changes_the_last_is_known(&self) {
        let case = Case::new("of many changes in a row the last one is known, none half", self);
        case.write("a.yaml", Some("a: 0")).await;
        let source = case.make();
        case.sees(&*source, &[("a.yaml", "a: 0")]).await;
        let last = format!("a: {}", self.changes);
        let writing = async {
            for round in 1..=self.changes {
                case.write("a.yaml", Some(&format!("a: {round}"))).await;
            }
        };
        let reading = async {
            // Bounded by the writing, which is the longer part.
            let deadline = Instant::now() + Duration::from_secs(120);
            loop {
                let hint = timeout_at(deadline, source.changed()).await;
                assert!(hint.is_ok(), "{case}: {last:?} is never seen");
                let snapshot = case.load(&*source).await;
                let [document] = &snapshot.documents[..] else {
                    panic!("{case}: expected one document, found {snapshot:?}");
                };
                let text = String::from_utf8_lossy(&document.bytes);
                let number = text.strip_prefix("a: ").and_then(|it| it.parse::<usize>().ok());
                assert!(number.is_some(), "{case}: half a document: {text:?}");
                if text == last.as_str() {
                    break;
                }
            }
        };
        tokio::join!(writing, reading);
    }

    async fn two_sources_of_one_place_see_the_same(&self) {
        let case = Case::new("two sources of one place see the same", self);
        case.write("a.yaml", Some("a: 1")).await;
        let (one, other) = (case.make(), case.make());
        case.sees(&*one, &[("a.yaml", "a: 1")]).await;
        case.sees(&*other, &[("a.yaml", "a: 1")]).await;
        assert_eq!(one.name(), other.name(), "{case}: the name is that of the place");
        case.write("a.yaml", Some("a: 2")).await;
        case.knows(&*one, &[("a.yaml", "a: 2")]).await;
        case.knows(&*other, &[("a.yaml", "a: 2")]).await;
    }

    async fn where_nothing_changes_it_rests(&self) {
        let case = Case::new("where nothing changes there are few hints", self);
        case.write("a.yaml", Some("a: 1")).await;
        let source = case.make();
        case.load(&*source).await;
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut hints = 0;
        while timeout_at(deadline, source.changed()).await.is_ok() {
            hints += 1;
            assert!(hints <= 20, "{case}: more than 20 within a second");
            case.load(&*source).await;
        }
        case.write("a.yaml", Some("a: 2")).await;
        let deadline = Instant::now() + Duration::from_secs(1);
        while timeout_at(deadline, source.changed()).await.is_ok() {
            hints += 1;
            assert!(hints <= 40, "{case}: what is not loaded is told without end");
        }
    }
}

impl IntoFuture for SourceSuite {
    type Output = ();
    type IntoFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for SourceSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceSuite")
            .field("known_within", &self.known_within)
            .field("changes", &self.changes)
            .finish_non_exhaustive()
    }
}

/// One promise, and a place to try it in.
struct Case<'a> {
    promise: &'static str,
    place: String,
    suite: &'a SourceSuite,
}

impl<'a> Case<'a> {
    fn new(promise: &'static str, suite: &'a SourceSuite) -> Self {
        Self { promise, place: format!("conformance-{}", Uuid::now_v7().simple()), suite }
    }

    fn make(&self) -> Box<dyn Source> {
        (self.suite.make)(&self.place)
    }

    async fn write(&self, name: &str, text: Option<&str>) {
        let (place, name) = (self.place.clone(), name.to_owned());
        (self.suite.write)(place, name, text.map(str::to_owned)).await;
    }

    async fn load(&self, source: &dyn Source) -> Snapshot {
        match source.load().await {
            Ok(snapshot) => snapshot,
            Err(error) => panic!("{self}: {} cannot be loaded: {error}", source.name()),
        }
    }

    /// Loads exactly these documents.
    async fn sees(&self, source: &dyn Source, expected: &[(&str, &str)]) {
        let snapshot = self.load(source).await;
        assert!(is(&snapshot, expected), "{self}: expected {expected:?}, found {snapshot:?}");
    }

    /// Waits until exactly these documents are there; what lies between is read over.
    async fn knows(&self, source: &dyn Source, expected: &[(&str, &str)]) {
        let deadline = Instant::now() + self.suite.known_within;
        let mut last = None;
        loop {
            if timeout_at(deadline, source.changed()).await.is_err() {
                let time = self.suite.known_within;
                panic!("{self}: expected {expected:?} within {time:?}, last seen {last:?}");
            }
            let snapshot = self.load(source).await;
            if is(&snapshot, expected) {
                return;
            }
            last = Some(snapshot);
        }
    }
}

fn is(snapshot: &Snapshot, expected: &[(&str, &str)]) -> bool {
    // Which order they have is the source's own affair.
    let documents = &snapshot.documents;
    documents.len() == expected.len()
        && expected.iter().all(|(name, text)| {
            let own = documents.iter().find(|it| it.name.rsplit('/').next() == Some(*name));
            own.is_some_and(|own| own.bytes == text.as_bytes())
        })
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "promised: {}", self.promise)
    }
}
