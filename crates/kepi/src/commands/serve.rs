//! `kepi serve`: pages and API.

use std::sync::Arc;

use tokio::net::TcpListener;

use kepi_app::{AppError, live::LiveBoard};
use kepi_connect::Connections;
use kepi_govern::Principal;
use kepi_web::{
    desk::Desk,
    doors::{BACK, Entrance, Provider, guarded},
    hooks::posting,
    hosts::{Hosts, answering_to},
    server::{Patience, serve as serve_on},
};

use super::deliver;
use crate::{
    cli::Serve,
    compose,
    desk::SiteDesk,
    doors::{SiteDoor, Unasked},
    failure::Failure,
    hooks::{Shared, SiteHooks},
    output::Output,
    provider::SiteProvider,
    sight::Sights,
};

/// Serves until interrupted; open requests are finished.
pub async fn serve(what: &Serve, site: compose::Site<'_>, actor: &str, out: Output) -> Result<(), Failure> {
    let (host, port) = (what.host.as_str(), what.port);
    let root = compose::root(site.folder)?;
    let sources = compose::sources(&root);
    let board = Arc::new(LiveBoard::open(compose::reopening(site), root.clone(), &sources).await?);
    let doing = format!("cannot listen on {host}:{port}; choose another --port");
    let listener = TcpListener::bind((host, port)).await.map_err(Failure::io(doing))?;
    let address = listener.local_addr().map_err(Failure::io("the address is not known"))?;
    let unasked = unasked(what, address.ip().is_loopback(), site, out).await?;
    let acts_as = owner(site, actor).await?;
    let unasked =
        unasked.map(|name| Unasked { name, acts_as: Some(acts_as).filter(|_| name == LOCAL_OWNER) });
    out.remark(&format!("serving on http://{address}  (stop with Ctrl-C)"));
    let connections = Connections::new(&root);
    let hooks = Arc::new(SiteHooks::new(Arc::clone(&board), connections, compose::spool(site).await?));
    let door = Arc::new(SiteDoor::new(site, unasked, Some(Sights::new(root, board.clone())?)));
    let follow = tokio::spawn(Arc::clone(&board).follow());
    let (folder, store) = (site.folder.to_owned(), site.store.cloned());
    let deliver = tokio::spawn(deliver::while_serving(async move || {
        let site = compose::Site { folder: &folder, store: store.as_ref(), lake: None };
        let Some(app) = compose::reading(site).await? else { return Ok(None) };
        if !app.delivers().await? {
            return Ok(None);
        }
        compose::app(site, compose::Means::default()).await.map(|app| Some(Arc::new(app)))
    }));
    let here = what.at.as_ref().map_or_else(|| format!("http://{address}"), ToString::to_string);
    let provider = SiteProvider::new(&what.by_provider, &here, &door)?;
    if let Some(provider) = &provider {
        out.remark(&format!(
            "people sign in by {} too, which sends them back to {here}{BACK}",
            provider.name()
        ));
    }
    let provider = provider.map(|provider| Arc::new(provider) as Arc<dyn Provider>);
    let own = what.at.iter().map(|at| &at.host);
    let hosts = Hosts::new(what.allow_host.iter().chain([&what.host]).chain(own).cloned());
    let desk: Arc<dyn Desk> = Arc::new(SiteDesk::new(site));
    let entrance = Entrance { door, at: what.at.clone(), provider };
    let at = what.at.clone();
    let pages = guarded(kepi_web::deciding(board, &desk), entrance);
    let router = answering_to(posting(pages, Arc::new(Shared(Arc::clone(&hooks))), at), hosts);
    let close = tokio::spawn(hooks.close_old());
    let served = serve_on(listener, router, Patience::default(), shutdown()).await;
    follow.abort();
    deliver.abort();
    close.abort();
    served.map_err(Failure::io("serving failed"))
}

/// How the person at this machine is called.
const LOCAL_OWNER: &str = "local owner";

/// As whom the person at this machine decides: as commands do, if that is somebody of the project; else as the one owner that
/// its governance names, because whoever can start a server can write its files.
async fn owner(site: compose::Site<'_>, actor: &str) -> Result<String, Failure> {
    let Some(store) = compose::audited(site).await? else { return Ok(actor.to_owned()) };
    let organisation = store.organisation().await.map_err(AppError::from)?;
    let known = store.person_named(actor).await.map_err(AppError::from)?;
    let there = known.is_some_and(|person| organisation.people.contains(&person));
    match organisation.governance.owners.iter().copied().collect::<Vec<_>>()[..] {
        [owner] if !there => Ok(store.name_of(&Principal::Person(owner)).await.map_err(AppError::from)?),
        _ => Ok(actor.to_owned()),
    }
}

/// How somebody is called who is not asked who it is; none: everybody is asked. A server that everybody could read is not
/// started unless that is said.
async fn unasked(
    what: &Serve,
    loopback: bool,
    site: compose::Site<'_>,
    out: Output,
) -> Result<Option<&'static str>, Failure> {
    let refused = |why: String| Err(Failure::Other(why));
    let kept = SiteDoor::new(site, None, None).is_kept().await?;
    let here = loopback && what.at.is_none();
    match (kept, what.open_to_everyone) {
        (true, true) => refused(
            "people sign in to this project, and --open-to-everyone would show it to everybody; leave it out, or let nobody \
             sign in any more (`kepi access remove`)"
                .to_owned(),
        ),
        (true, false) if !loopback && what.at.is_none() => refused(format!(
            "people would sign in on {} and everybody on the way could read their passwords; put a proxy in front that speaks \
             https and name its address, such as --at https://kpi.example.com",
            what.host
        )),
        (true, false) => {
            if what.at.as_ref().is_some_and(|at| !at.secret) && !loopback {
                out.remark("warning: passwords and figures cross the network where everybody on the way can read them: --at is http");
            }
            // Should the last sign-in be removed while it runs, it stays shut.
            Ok(None)
        }
        (false, _) if what.by_provider.oidc_issuer.is_some() => refused(
            "a provider is named by which people sign in, but nobody may sign in yet, so everybody would see everything. Let \
             somebody sign in first, `kepi access add NAME`; or leave the provider out"
                .to_owned(),
        ),
        (false, true) => {
            out.remark("warning: everybody who reaches this address sees every figure and every rejected row (--open-to-everyone)");
            Ok(Some("everyone"))
        }
        (false, false) if here => Ok(Some(LOCAL_OWNER)),
        (false, false) => refused(format!(
            "everybody who reaches {} would read every figure: nobody has to sign in yet. Let somebody sign in first, `kepi \
             access add NAME`; or say --open-to-everyone; or serve this machine alone, without --host and --at",
            what.at.as_ref().map_or(what.host.as_str(), |at| at.host.as_str())
        )),
    }
}

/// Resolves on Ctrl-C or SIGTERM.
pub async fn shutdown() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
