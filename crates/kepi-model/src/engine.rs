//! Where a project's scans are computed, if not where the run is: the address of a scheduler, of what its workers share, and how they
//! know each other. None of it changes a figure, so no definition's hash holds it.

use std::{fmt, str::FromStr};

/// The scheduler of a cluster, as in `ballista://10.0.0.5:50050`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or number of its machine.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// The port of a scheduler unless it is said.
pub const PORT: u16 = 50050;

/// Parts into which a scan is cut unless it is said: some more than a small cluster has threads, so that the faster get more.
pub const PARTITIONS: u16 = 16;

/// At most so many parts.
pub const MOST_PARTITIONS: u16 = 4096;

/// A cluster that computes scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// Its scheduler.
    pub scheduler: Address,
    /// Parts into which a scan is cut.
    pub partitions: u16,
    /// Where data files are put for the workers; none: workers read them at the paths that they have where the run is.
    pub shared_files: Option<SharedFiles>,
    /// How both ends know each other; none: nothing is encrypted, unless the environment or the command line says how.
    pub certificates: Option<CertificateFiles>,
}

/// Paths of certificates, as written: one that is not absolute begins in the project's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate of the authority.
    pub authority: String,
    /// The certificate of whoever runs.
    pub own: String,
    /// Its key.
    pub key: String,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address of a scheduler; it is written as `ballista://host:port`")]
pub struct NotAnAddress(String);

impl FromStr for Address {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAnAddress(text.to_owned());
        let rest = text.strip_prefix("ballista://").ok_or_else(wrong)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            // The colons of an IPv6 number are no port.
            Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| wrong())?),
            _ => (rest, PORT),
        };
        let is_number = host.starts_with('[') && host.ends_with(']') && host.len() > 2;
        let is_name = !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || ".-_".contains(c));
        if is_number || is_name { Ok(Self { host: host.to_owned(), port }) } else { Err(wrong()) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ballista://{}:{}", self.host, self.port)
    }
}

/// Where data files lie that all workers read, as in `s3://bucket/kpis`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFiles {
    /// The bucket.
    pub bucket: String,
    /// What the names of all objects begin with; may be empty.
    pub prefix: String,
}

/// Why a text names no place for shared files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place for shared files; it is written as `s3://bucket/prefix`")]
pub struct NotAPlace(String);

impl FromStr for SharedFiles {
    type Err = NotAPlace;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAPlace(text.to_owned());
        let rest = text.strip_prefix("s3://").ok_or_else(wrong)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        // As Amazon names buckets, so that one is a host in an address.
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let is_bucket = (3..=63).contains(&bucket.len())
            && bucket.starts_with(letter)
            && bucket.ends_with(letter)
            && bucket.chars().all(|c| letter(c) || ".-".contains(c));
        let is_part = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.=".contains(c))
                && part.chars().any(|c| c != '.')
        };
        let is_prefix = prefix.is_empty() || prefix.split('/').all(is_part);
        if is_bucket && is_prefix {
            Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for SharedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "s3://{}{slash}{}", self.bucket, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        let read = |text: &str| text.parse::<Address>().map(|address| address.to_string());
        assert_eq!(read("ballista://10.0.0.5:7000").as_deref(), Ok("ballista://10.0.0.5:7000"));
        assert_eq!(read("ballista://kepi-scheduler").as_deref(), Ok("ballista://kepi-scheduler:50050"));
        assert_eq!(read("ballista://[::1]:7000/").as_deref(), Ok("ballista://[::1]:7000"));
        assert_eq!(read("ballista://[::1]").as_deref(), Ok("ballista://[::1]:50050"));
        for wrong in [
            "10.0.0.5:7000",
            "ballista://",
            "ballista://a:b",
            "ballista://a:99999",
            "ballista://a/b:1",
            "ballista://[]:1",
        ] {
            assert_eq!(read(wrong), Err(NotAnAddress(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn places_of_shared_files_are_read_as_they_are_written() {
        let read = |text: &str| text.parse::<SharedFiles>().map(|place| place.to_string());
        assert_eq!(read("s3://kpis/of/2026/").as_deref(), Ok("s3://kpis/of/2026"));
        assert_eq!(read("s3://kpis").as_deref(), Ok("s3://kpis"));
        for wrong in [
            "kpis/of",
            "s3://",
            "s3://k",
            "s3://Kpis/a",
            "s3://kpis//a",
            "s3://kpis/../a",
            "s3://kpis/a b",
            "s3://a:b@c",
        ] {
            assert_eq!(read(wrong), Err(NotAPlace(wrong.to_owned())), "{wrong}");
        }
    }
}
