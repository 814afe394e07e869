//! Which addresses may be connected to. It is asked where a name has become an address, right before connecting, so that no
//! name leads elsewhere between being looked at and being used.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// Resolves names to addresses that may be connected to, all of them or none.
#[derive(Debug)]
pub(crate) struct Filter {
    /// Whether those of the own network may.
    pub private: bool,
}

impl Resolver for Filter {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        match found.iter().find(|address| !self.allows(address.ip())) {
            Some(address) => Err(Error::Io(self.forbidden(address.ip()))),
            None => Ok(found),
        }
    }
}

impl Filter {
    /// Addresses of a server, if all of them may be connected to.
    pub fn resolved(&self, server: &str, port: u16) -> io::Result<Vec<std::net::SocketAddr>> {
        let found: Vec<_> = std::net::ToSocketAddrs::to_socket_addrs(&(server, port))?.collect();
        match found.iter().find(|address| !self.allows(address.ip())) {
            Some(address) => Err(self.forbidden(address.ip())),
            None => Ok(found),
        }
    }

    fn forbidden(&self, ip: IpAddr) -> io::Error {
        let why = format!("{ip} is an address that may not be connected to");
        io::Error::new(io::ErrorKind::PermissionDenied, why)
    }

    fn allows(&self, ip: IpAddr) -> bool {
        match kind(ip) {
            Kind::Public => true,
            Kind::Own => self.private,
            Kind::Special => false,
        }
    }
}

#[derive(Debug, PartialEq)]
enum Kind {
    Public,
    /// Of this machine or its network.
    Own,
    /// Where nobody serves data: links, where clouds tell machines their secrets; groups; what is reserved.
    Special,
}

fn kind(ip: IpAddr) -> Kind {
    if kepi_store::is_own(ip) {
        return Kind::Own;
    }
    match ip {
        IpAddr::V4(ip) => of_four(ip),
        IpAddr::V6(ip) => of_sixteen(ip),
    }
}

fn of_four(ip: Ipv4Addr) -> Kind {
    let [a, b, c, _] = ip.octets();
    let benchmark = a == 198 && (b == 18 || b == 19);
    let protocol = a == 192 && b == 0 && c == 0;
    if a == 0 || a >= 224 || ip.is_link_local() || ip.is_documentation() || benchmark || protocol {
        return Kind::Special;
    }
    Kind::Public
}

fn of_sixteen(ip: Ipv6Addr) -> Kind {
    let [first, second, third, fourth, fifth, sixth, seventh, eighth] = ip.segments();
    let within = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        kind(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
    };
    // Addresses that hold one of four bytes are what that is.
    if (first, second, third, fourth, fifth) == (0, 0, 0, 0, 0) && sixth == 0xffff {
        return within(seventh, eighth);
    }
    if (first, second) == (0x64, 0xff9b) {
        return within(seventh, eighth);
    }
    if first == 0x2002 {
        return within(second, third);
    }
    // Only these are given out to the public; of them some are for documents and tunnels.
    let public = first & 0xe000 == 0x2000 && !(first == 0x2001 && (second == 0x0db8 || second < 0x0200));
    if public { Kind::Public } else { Kind::Special }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_what_registries_say() {
        // RFC 6890 and the registries of special addresses.
        for (kind_of, addresses) in [
            (
                Kind::Public,
                ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2600::1", "2a00:1450::1", "64:ff9b::808:808"],
            ),
            (Kind::Own, ["127.0.0.1", "10.1.2.3", "192.168.0.1", "100.64.0.1", "::1", "::ffff:10.0.0.1"]),
            (
                Kind::Own,
                ["172.16.0.1", "172.31.255.255", "fc00::1", "fd12::1", "64:ff9b::a00:1", "2002:7f00:1::"],
            ),
            (
                Kind::Special,
                ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "::ffff:169.254.169.254", "ff02::1"],
            ),
            (Kind::Special, ["255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "2001:db8::1", "2001::1"]),
        ] {
            for address in addresses {
                assert_eq!(kind(address.parse().unwrap()), kind_of, "{address}");
            }
        }
    }
}
