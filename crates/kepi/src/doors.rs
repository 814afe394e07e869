//! The door of a server: who comes is asked of the project's database, however it was replaced meanwhile.

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use kepi_access::policy::Holder;
use kepi_access::{Access, AccessError};
use kepi_store::{Store, door::new_key};
use kepi_web::doors::{Answer, Attempt, Credentials, Door, NoEntry, Visitor};
use tokio::sync::Mutex;

use crate::{
    cli::Address,
    compose::{self, Site},
    failure::Failure,
    sight::Sights,
};

/// What is open now.
#[derive(Clone)]
struct Opened {
    store: Store,
    access: Access,
    /// Whether sessions can be written there.
    writes: bool,
}

/// Somebody whom nobody asks who it is.
#[derive(Debug, Clone)]
pub struct Unasked {
    /// As shown.
    pub name: &'static str,
    /// As whom, by name, that person decides; none: nobody decides.
    pub acts_as: Option<String>,
}

/// The door of the project at a site.
pub struct SiteDoor {
    folder: PathBuf,
    address: Option<Address>,
    opened: Mutex<Option<Opened>>,
    /// What each visitor sees; none: it is only asked whether anybody signs in.
    sights: Option<Sights>,
    /// What somebody is called whom nobody asks who it is; none: everybody is asked.
    unasked: Option<Unasked>,
    /// What forms of somebody carry whom nobody asks who it is.
    form_key: String,
    /// Whether anybody ever had to sign in here: what was closed opens to nobody because its state is moved away.
    closed: AtomicBool,
}

impl SiteDoor {
    /// The door, at which nobody is asked as long as nobody can sign in, if `unasked` says how to call them.
    pub fn new(site: Site<'_>, unasked: Option<Unasked>, sights: Option<Sights>) -> Self {
        Self {
            folder: site.folder.to_owned(),
            address: site.store.cloned(),
            opened: Mutex::new(None),
            sights,
            unasked,
            form_key: new_key("key"),
            closed: AtomicBool::new(false),
        }
    }

    /// Where the project is.
    pub fn site(&self) -> Site<'_> {
        Site { folder: &self.folder, store: self.address.as_ref(), lake: None }
    }

    /// The sign-ins of the project, if there are any.
    pub async fn access(&self) -> Result<Option<Access>, Failure> {
        let site = self.site();
        let mut held = self.opened.lock().await;
        if held.as_ref().is_some_and(|opened| opened.store.is_replaced()) {
            *held = None;
        }
        if held.is_none() {
            *held = compose::audited(site).await?.map(|store| Opened {
                access: Access::new(store.clone()),
                store,
                writes: false,
            });
        }
        let Some(opened) = held.as_mut() else { return Ok(None) };
        if opened.access.is_empty().await? {
            return Ok(None);
        }
        self.closed.store(true, Ordering::Relaxed);
        if !opened.writes {
            let store = compose::store(site).await?;
            *opened = Opened { access: Access::new(store.clone()), store, writes: true };
        }
        Ok(Some(opened.access.clone()))
    }

    /// Whether anybody signs in.
    pub async fn is_kept(&self) -> Result<bool, Failure> {
        Ok(self.access().await?.is_some())
    }

    async fn known(&self, with: Credentials<'_>) -> Result<Option<Visitor>, Failure> {
        let Some(access) = self.access().await? else {
            let closed = self.closed.load(Ordering::Relaxed);
            // A session of another time opens nothing and shuts nothing out; a token that is not known is a mistake.
            let asked = closed || matches!(with, Credentials::Token(_));
            return Ok(self.unasked.as_ref().filter(|_| !asked).map(|unasked| Visitor {
                name: unasked.name.to_owned(),
                unasked: true,
                sight: None,
                known: None,
                acts_as: unasked.acts_as.clone(),
                form_key: unasked.acts_as.is_some().then(|| self.form_key.clone()),
                request_key: new_key("page"),
            }));
        };
        let known = match with {
            Credentials::None => None,
            Credentials::Session(key) => access.by_session(key, compose::now()).await?,
            Credentials::Token(token) => access.by_token(token, compose::now()).await?,
        };
        let Some(visitor) = known else { return Ok(None) };
        let (number, scopes) = visitor.token.unzip();
        let holder = Holder { name: visitor.name.clone(), roles: visitor.roles, scopes };
        // Without policies nobody is shown anything.
        let Some(sights) = &self.sights else { return Ok(None) };
        let sight = sights.of(holder, &access.owners().await?)?;
        let known = Some((visitor.person, number));
        Ok(Some(Visitor {
            acts_as: Some(visitor.name.clone()),
            name: visitor.name,
            unasked: false,
            sight: Some(sight),
            known,
            form_key: None,
            request_key: new_key("page"),
        }))
    }
}

/// What the server's own log has in full, and a stranger not at all.
pub fn unavailable(failure: Failure) -> NoEntry {
    tracing::error!(failure = failure.in_words(), "who comes cannot be told");
    NoEntry::Unavailable("who asks cannot be told now; the log of the server says why".to_owned())
}

impl Door for SiteDoor {
    fn who<'a>(&'a self, with: Credentials<'a>) -> Answer<'a, Result<Visitor, NoEntry>> {
        Box::pin(async move { self.known(with).await.map_err(unavailable)?.ok_or(NoEntry::Stranger) })
    }

    fn sign_in<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
        from: Option<IpAddr>,
    ) -> Answer<'a, Result<String, NoEntry>> {
        Box::pin(async move {
            let nobody = || NoEntry::Refused("nobody signs in here yet".to_owned());
            let access = self.access().await.map_err(unavailable)?.ok_or_else(nobody)?;
            access.sign_in(name, password, from, compose::now()).await.map_err(|error| match error {
                AccessError::Denied(denied) => {
                    tracing::warn!(%denied, from = ?from, "somebody did not come in");
                    NoEntry::Refused(denied.to_string())
                }
                other => unavailable(other.into()),
            })
        })
    }

    fn refused<'a>(&'a self, visitor: &'a Visitor, attempt: Attempt) -> Answer<'a, ()> {
        Box::pin(async move {
            let Attempt { action, on, unit } = attempt;
            tracing::info!(?visitor.known, action, ?on, ?unit, "refused");
            let Some((person, token)) = visitor.known else { return };
            let done = match self.access().await {
                Ok(Some(access)) => access
                    .record_refusal(person, token, action, (on.0, &on.1), unit.as_deref(), compose::now())
                    .await
                    .map_err(Failure::from),
                Ok(None) => Ok(()),
                Err(failure) => Err(failure),
            };
            if let Err(failure) = done {
                tracing::error!(failure = failure.in_words(), "a refusal is not in the log");
            }
        })
    }

    fn sign_out<'a>(&'a self, key: &'a str) -> Answer<'a, Result<(), NoEntry>> {
        Box::pin(async move {
            let Some(access) = self.access().await.map_err(unavailable)? else { return Ok(()) };
            access.sign_out(key).await.map_err(|error| unavailable(error.into()))
        })
    }
}
