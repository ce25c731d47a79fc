use tracing::callsite::DefaultCallsite;
use tracing::metadata::Kind;
use tracing::subscriber::NoSubscriber;
use tracing::{Level, Metadata, dispatcher};

/// Stands for all records, of which it is the most severe.
static RECORD: DefaultCallsite = DefaultCallsite::new(&ANY);
static ANY: Metadata<'static> = tracing::metadata! {
    name: "record",
    target: "portcullis::request_log",
    level: Level::ERROR,
    fields: &[],
    callsite: &RECORD,
    kind: Kind::EVENT,
};

/// Whether `tracing` has anybody who may take a record.
///
/// Not `event_enabled!`, which asks the subscriber: filters of single layers note what they say to that for the event that
/// follows, and where none does the next one is lost, such as an error of the handler.
pub(super) fn may_be_heard() -> bool {
    tracing::level_enabled!(Level::ERROR)
        && !RECORD.register().is_never()
        && dispatcher::get_default(|subscriber| !subscriber.is::<NoSubscriber>())
}
