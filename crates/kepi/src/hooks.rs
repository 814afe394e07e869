//! What other systems post to the sources of a project: believed by what the source declares, and kept until a run lands it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use kepi_app::live::LiveBoard;
use kepi_connect::{Connections, Post, Refusal};
use kepi_lake::{Delivery, Kept, NotKept, Spool};
use kepi_model::{
    id::SourceId,
    project::{Project, Source},
};
use kepi_report::reader::Reader;
use kepi_web::{
    doors::Answer,
    hooks::{Hooks, Posted, Took},
};

use crate::compose;

/// After so long it may be posted again where a run has to make room, and where the disk or a secret has to come back.
const AFTER_A_RUN: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(5);
/// Segments are looked at so often whether they are old enough to be closed.
const LOOKED_AT: Duration = Duration::from_secs(10);

/// Takes what is posted to a project that is served.
pub struct SiteHooks {
    board: Arc<LiveBoard>,
    connections: Connections,
    spool: Spool,
    room: Mutex<HashMap<SourceId, Room>>,
}

/// How many posts a source takes now: as many as in a minute after one in which nothing came.
struct Room {
    posts: f64,
    at: Instant,
}

impl SiteHooks {
    /// By the definitions of a board.
    pub fn new(board: Arc<LiveBoard>, connections: Connections, spool: Spool) -> Self {
        Self { board, connections, spool, room: Mutex::default() }
    }

    /// Takes the room of one post; else how long it is until there is some.
    fn make_way(&self, source: &SourceId, per_minute: u32) -> Result<(), Duration> {
        let most = f64::from(per_minute);
        let mut all = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let room = all.entry(source.clone()).or_insert(Room { posts: most, at: now });
        room.posts = (room.posts + now.duration_since(room.at).as_secs_f64() / 60.0 * most).min(most);
        room.at = now;
        if room.posts < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - room.posts) / most * 60.0));
        }
        room.posts -= 1.0;
        Ok(())
    }

    /// Closes segments that are old enough, as long as the server runs.
    pub async fn close_old(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOKED_AT).await;
            let hooks = Arc::clone(&self);
            let closed = tokio::task::spawn_blocking(move || hooks.spool.close_old()).await;
            if let Ok(Err(error)) = closed {
                tracing::warn!(%error, "what was posted could not be closed");
            }
        }
    }

    /// A source to which something is posted, by its name or one that it had.
    fn source(project: &Project, name: &str) -> Option<SourceId> {
        let id: SourceId = name.parse().ok()?;
        if project.sources.get(&id).is_some_and(|source| source.from.webhook().is_some()) {
            return Some(id);
        }
        let had = |of: &&Source| of.from.webhook().is_some_and(|hook| hook.earlier_names.contains(&id));
        project.sources.values().find(had).map(|source| source.id.clone())
    }

    async fn taken(self: Arc<Self>, posted: Posted) -> Took {
        let Ok(facts) = self.board.now() else { return Took::Later(SOON) };
        let Some(id) = Self::source(facts.project(), &posted.source) else { return Took::Unknown };
        let at = compose::now();
        let (hooks, own) = (Arc::clone(&self), id.clone());
        let hook = facts.project().sources.get(&id).and_then(|source| source.from.webhook());
        let per_minute = hook.map_or(u32::MAX, |hook| hook.per_minute);
        let believed = tokio::task::spawn_blocking(move || {
            let source = facts.project().sources.get(&own)?;
            // Of two none is believed: who could add one could add the first.
            let header = |name: &str| {
                let mut all = posted.headers.get_all(name).iter();
                let one = all.next().and_then(|value| value.to_str().ok());
                one.filter(|_| all.next().is_none())
            };
            let (method, address) = (posted.method.as_str(), posted.address.as_str());
            let post = Post { method, address, header: &header, body: &posted.body, at };
            Some(hooks.connections.posted(source, post))
        });
        let rows = match believed.await {
            Ok(Some(Ok(rows))) => rows,
            Ok(Some(Err(refusal))) => {
                self.spool.refused(&id, &refusal.to_string(), at);
                tracing::info!(source = %id, why = %refusal, "something posted was refused");
                return match refusal {
                    Refusal::Unproven(_) => Took::Unproven,
                    Refusal::Form(why) => Took::Form(why),
                    Refusal::Unclear(why) => Took::Unclear(why),
                    Refusal::TooMuch(why) => Took::TooMuch(why),
                    Refusal::NoSecret(why) => {
                        tracing::warn!(source = %id, "nothing that is posted can be believed: {why}");
                        Took::Later(AFTER_A_RUN)
                    }
                };
            }
            Ok(None) => return Took::Unknown,
            Err(_) => return Took::Later(SOON),
        };
        if rows.rows.is_empty() {
            return Took::Kept;
        }
        // Of those that are believed: what anybody sends takes nobody's room.
        if let Err(after) = self.make_way(&id, per_minute) {
            self.spool.refused(&id, &format!("more than {per_minute} in a minute (`per_minute`)"), at);
            return Took::TooMany(after);
        }
        match self.spool.keep(&id, Delivery { rows: rows.rows, mark: rows.mark, at }).await {
            Ok(Kept::Now | Kept::Before) => Took::Kept,
            Err(error) => {
                self.spool.refused(&id, &error.to_string(), at);
                tracing::warn!(source = %id, %error, "something posted was not kept");
                Took::Later(if matches!(error, NotKept::Full(_)) { AFTER_A_RUN } else { SOON })
            }
        }
    }
}

/// As the server sees it.
pub struct Shared(pub Arc<SiteHooks>);

impl Hooks for Shared {
    fn take(&self, posted: Posted) -> Answer<'_, Took> {
        Box::pin(Arc::clone(&self.0).taken(posted))
    }

    fn too_large(&self, source: &str) {
        let Ok(facts) = self.0.board.now() else { return };
        if let Some(id) = SiteHooks::source(facts.project(), source) {
            self.0.spool.refused(&id, "it was longer than 4 MiB", compose::now());
        }
    }
}
