//! Certificates of both sides. Ballista's clients take an endpoint through a hook, which is where they get theirs; its servers
//! do not, so with certificates Kepi serves Ballista's services by servers of its own.

use std::{error::Error, path::Path, sync::Arc, time::Duration};

use ballista_core::extension::{BallistaConfigGrpcEndpoint, EndpointOverrideFn};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig};

use crate::{Certificates, ClusterError};

/// How long a connection may take to come about, and an end that says nothing may be asked in vain.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often an end is asked whether it is still there.
const ASKED_EVERY: Duration = Duration::from_secs(10);

/// What a member of a cluster shows others, and demands of them.
#[derive(Debug, Clone)]
pub struct Tls {
    client: ClientTlsConfig,
    server: ServerTlsConfig,
}

impl Tls {
    /// From files.
    ///
    /// # Errors
    /// A file cannot be read, or is not what it should be.
    pub fn read(files: &Certificates) -> Result<Self, ClusterError> {
        let authority = pem(&files.authority, "CERTIFICATE")?;
        let (own, key) = (pem(&files.own, "CERTIFICATE")?, pem(&files.key, "PRIVATE KEY")?);
        let authority = Certificate::from_pem(authority);
        let identity = Identity::from_pem(own, key);
        let client = ClientTlsConfig::new().ca_certificate(authority.clone()).identity(identity.clone());
        // A client without a certificate of the authority is refused, whatever it asks.
        let server = ServerTlsConfig::new().identity(identity).client_ca_root(authority);
        let both = Self { client, server };
        let of_no_use = |why: String| ClusterError::Certificates {
            path: files.own.display().to_string(),
            why: format!("{why}; is `{}` its key?", files.key.display()),
        };
        both.on(Server::builder()).map_err(|error| of_no_use(said(&error)))?;
        both.endpoint(&Endpoint::from_static("http://localhost")).map_err(|error| of_no_use(said(&error)))?;
        Ok(both)
    }

    /// A server that lets in who is certified by the authority.
    pub fn on(&self, server: Server) -> Result<Server, tonic::transport::Error> {
        server.tls_config(self.server.clone())
    }

    /// An endpoint that is who its address says, certified by the authority.
    pub fn endpoint(&self, plain: &Endpoint) -> Result<Endpoint, tonic::transport::Error> {
        let address = plain.uri().to_string();
        let address = match address.strip_prefix("http://") {
            Some(rest) => format!("https://{rest}"),
            None => address,
        };
        // Ballista hands over endpoints that are not encrypted, and those cannot be made so: everything is said anew.
        let endpoint = Endpoint::from_shared(address)?
            .connect_timeout(PATIENCE)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(PATIENCE))
            .http2_keep_alive_interval(ASKED_EVERY)
            .keep_alive_timeout(PATIENCE)
            .keep_alive_while_idle(true);
        endpoint.tls_config(self.client.clone())
    }

    /// The same as a hook of Ballista's.
    pub fn hook(&self) -> EndpointOverrideFn {
        let own = self.clone();
        Arc::new(move |plain| {
            own.endpoint(&plain).map_err(|error| Box::new(error) as Box<dyn Error + Send + Sync>)
        })
    }

    /// The same as an extension of a configuration.
    pub fn extension(&self) -> Arc<BallistaConfigGrpcEndpoint> {
        Arc::new(BallistaConfigGrpcEndpoint::new(self.hook()))
    }
}

/// What a file in PEM holds.
fn pem(path: &Path, what: &str) -> Result<Vec<u8>, ClusterError> {
    let wrong = |why: String| ClusterError::Certificates { path: path.display().to_string(), why };
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let begins = |line: &str| line.starts_with("-----BEGIN ") && line.contains(what);
    if String::from_utf8_lossy(&bytes).lines().any(begins) {
        return Ok(bytes);
    }
    Err(wrong(format!("it holds no {} in PEM", what.to_lowercase())))
}

/// An error with what it rests on.
pub fn said(error: &dyn Error) -> String {
    let mut all = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !all.contains(&next) {
            all = format!("{all}: {next}");
        }
        cause = error.source();
    }
    all
}
