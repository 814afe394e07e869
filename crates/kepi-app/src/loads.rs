//! What was landed as rows of the entity `load`: landed by each run of the log, so that shares of rejected rows, volumes and repeated
//! deliveries are measured, charted and alerted about like anything else.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kepi_govern::{Event, event::Load};
use kepi_model::{
    id::SourceId,
    project::{Connector, Project},
};
use kepi_query::landing::{Fetched, PortError, Rows};
use kepi_store::{EventFilter, Store};
use serde_json::{Value, json};

/// Writes every load that ended behind a bookmark, which is a position of the log. Those of what Kepi lands of its own log are left out: each
/// run would else have something new to land.
pub(crate) async fn after(
    store: &Store,
    project: &Project,
    from: Option<&Value>,
    into: &mut dyn Rows,
) -> Result<Fetched, PortError> {
    let seen = from.and_then(Value::as_u64).unwrap_or(0);
    let kind = Some("load.*".to_owned());
    let new = store.events(&EventFilter { after: Some(seen), kind, ..EventFilter::default() }).await?;
    let is_own = |from: &Connector| matches!(from, Connector::Entries | Connector::Items | Connector::Loads);
    let own: BTreeSet<&SourceId> =
        project.sources.values().filter(|source| is_own(&source.from)).map(|source| &source.id).collect();
    // Where nothing is written nothing is new: the loads of Kepi's own are looked at once more.
    let mut last = seen;
    for recorded in &new {
        let (load, rule, again) = match recorded.event()? {
            Event::LoadLanded(of) => (of.load, None, of.replaces.is_some()),
            Event::LoadStopped(of) => (of.load, Some(of.rule.to_string()), false),
            _ => continue,
        };
        if !own.contains(&load.source) {
            last = recorded.seq;
            into.row(&row(&load, recorded.at, rule.as_deref(), again).to_string())?;
        }
    }
    Ok(Fetched { bookmark: json!(last), whole: false, more: false })
}

fn row(load: &Load, at: i64, rule: Option<&str>, again: bool) -> Value {
    let counts = &load.counts;
    json!({
        "id": load.load.to_string(),
        "source": load.source.as_str(),
        "entity": load.entity.as_str(),
        "landed_at": Timestamp::from_microsecond(at).unwrap_or_default().to_string(),
        "outcome": if rule.is_some() { "stopped" } else { "landed" },
        "rule": rule,
        "again": again,
        "read": counts.read,
        "out_of_scope": counts.out_of_scope,
        "accepted": counts.accepted,
        "superseding": counts.superseding,
        "quarantined": counts.quarantined,
        "duplicate": counts.duplicate,
    })
}
