//! The way to a server of databases: whether others can read along, and what is done about it.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use crate::error::{Refusal, StoreError};

/// Whether an address is of this machine or of a network of one's own.
pub fn is_own(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_loopback() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_own(ip.into()),
            None => ip.is_loopback() || ip.is_unique_local(),
        },
    }
}

/// Whether a name of a server leads to this machine, whatever it is resolved to.
pub(crate) fn is_here(host: &str) -> bool {
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An address of a server that may be spoken to openly: one of the own network, as are all that its name has.
///
/// # Errors
/// It has none, or one that is not.
pub(crate) async fn open(location: &str, host: &str, port: u16) -> Result<IpAddr, StoreError> {
    let unknown = |e: io::Error| StoreError::Open {
        location: location.to_owned(),
        reason: Refusal::new(sqlx::Error::Io(e)),
    };
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(unknown)?.collect();
    if let Some(public) = found.iter().find(|at| !is_own(at.ip())) {
        return Err(StoreError::Readable { location: location.to_owned(), address: public.ip() });
    }
    // Servers listen to four bytes more often.
    let first = found.iter().find(|at| at.is_ipv4()).or(found.first());
    Ok(first.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), SocketAddr::ip))
}

/// What is said where no connection came about: of one that could not be encrypted, how it can.
pub(crate) fn failed(location: &str, way_out: &'static str, error: sqlx::Error) -> StoreError {
    let encrypting = match &error {
        sqlx::Error::Tls(_) => true,
        // So says who encrypts that the other side's certificate is of no use.
        sqlx::Error::Io(e) => e.kind() == io::ErrorKind::InvalidData,
        _ => false,
    };
    let (location, reason) = (location.to_owned(), Refusal::new(error));
    if encrypting {
        StoreError::Encryption { location, reason, way_out }
    } else {
        StoreError::Open { location, reason }
    }
}
