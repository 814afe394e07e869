//! Under which names a server answers. A page of somebody else that has its own name point here (DNS rebinding)
//! would read every figure in the browser of whoever opens it, where nobody has to sign in. It sends its own name as `Host`,
//! so it gets none.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};

/// Names under which a server answers, beside addresses of machines and `localhost`, to which no name of others points.
#[derive(Debug, Clone, Default)]
pub struct Hosts(BTreeSet<String>);

impl Hosts {
    /// These names; ports and case do not matter.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().map(|name| name_of(&name).to_ascii_lowercase()).collect())
    }

    /// Whether a `Host`, with or without a port, is one of them.
    pub fn has(&self, host: &str) -> bool {
        let name = name_of(host).to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.0.contains(name)
    }
}

/// The name in `name:port`, `[::1]:port`.
fn name_of(host: &str) -> &str {
    let after = host.rfind(']').map_or(0, |at| at + 1);
    match host.get(after..).and_then(|rest| rest.rfind(':')) {
        // An address of version 6 without brackets has no port.
        Some(_) if after == 0 && host.matches(':').count() > 1 => host,
        Some(colon) => host.get(..after + colon).unwrap_or(host),
        None => host,
    }
}

/// The router, answering under these names only. A request without a name, which no browser sends, is answered.
pub fn answering_to(router: Router, hosts: Hosts) -> Router {
    let hosts = Arc::new(hosts);
    router.layer(from_fn(move |request: Request, next: Next| {
        let hosts = Arc::clone(&hosts);
        async move {
            match stranger(&request, &hosts) {
                Some(name) => refused(&name),
                None => next.run(request).await,
            }
        }
    }))
}

/// The name that a request asks for, if it is not one of ours.
fn stranger(request: &Request, hosts: &Hosts) -> Option<String> {
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let named = request.headers().get_all(header::HOST).iter();
    let named = named.map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    authority.into_iter().chain(named).find(|name| !hosts.has(name))
}

fn refused(name: &str) -> Response {
    let known: String = name.chars().filter(|c| c.is_ascii_graphic()).take(253).collect();
    let text = format!(
        "this server does not answer to the name `{known}`; if it is one of its own, start it with \
         `kepi serve --allow-host {}`\n",
        name_of(&known)
    );
    (StatusCode::MISDIRECTED_REQUEST, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text)
        .into_response()
}
