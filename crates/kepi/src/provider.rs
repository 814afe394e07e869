//! The provider by which people sign in at a server: asked here, and who comes back is found among those who are let in.

use std::sync::Arc;

use kepi_access::AccessError;
use kepi_connect::ask_provider;
use kepi_model::project::Project;
use kepi_oidc::{By, OidcError, Question, Settings, Unreached};
use kepi_web::doors::{Answer, BACK, Back, Begun, NoEntry, Provider};

use crate::{
    called::called,
    cli::{ByProvider, Claim},
    compose,
    doors::{SiteDoor, unavailable},
    failure::Failure,
};

/// Where the secret of the server is read unless a file is named.
const SECRET: &str = "KEPI_OIDC_SECRET";

/// The provider of a server.
pub struct SiteProvider {
    name: String,
    by: By,
    oidc: Arc<kepi_oidc::Provider>,
    door: Arc<SiteDoor>,
}

impl SiteProvider {
    /// The provider that the options name, if they name one. It sends browsers back to the server at `address`.
    pub fn new(what: &ByProvider, address: &str, door: &Arc<SiteDoor>) -> Result<Option<Self>, Failure> {
        let (Some(issuer), Some(client)) = (&what.oidc_issuer, &what.oidc_client) else { return Ok(None) };
        let private = what.oidc_private_addresses;
        if !(issuer.starts_with("https://") || private && issuer.starts_with("http://")) {
            let why = format!(
                "the provider's address `{issuer}` does not begin with `https://`; within the own network say \
                 --oidc-private-addresses"
            );
            return Err(Failure::Other(why));
        }
        let by = match what.oidc_claim {
            Claim::Email => By::Email,
            Claim::Sub => By::Subject,
        };
        let settings = Settings {
            issuer: issuer.clone(),
            client: client.clone(),
            secret: secret(what)?,
            back: format!("{address}{BACK}"),
            left: format!("{address}/sign-in"),
            by,
        };
        let host = issuer.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or(issuer);
        let name = what.oidc_name.clone().unwrap_or_else(|| host.to_owned());
        let ask = Arc::new(move |of: &Question| {
            let (authorization, form) = (of.authorization.as_deref(), of.form.as_deref());
            ask_provider(&of.address, authorization, form, private).map_err(Unreached)
        });
        let oidc = kepi_oidc::Provider::new(settings, ask).map_err(|e| Failure::Other(e.to_string()))?;
        Ok(Some(Self { name, by, oidc: Arc::new(oidc), door: Arc::clone(door) }))
    }

    /// Asks the provider on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&kepi_oidc::Provider) -> Result<T, OidcError> + Send + 'static,
    ) -> Result<T, NoEntry> {
        let oidc = Arc::clone(&self.oidc);
        let asked = tokio::task::spawn_blocking(move || what(&oidc)).await;
        let asked = asked.map_err(|e| unavailable(Failure::Port(Box::new(e))))?;
        asked.map_err(|error| match error {
            OidcError::Unreached(why) => {
                tracing::error!(why, "the provider by which people sign in cannot be asked");
                let name = &self.name;
                NoEntry::Unavailable(format!("{name} cannot be asked now; the log of the server says why"))
            }
            OidcError::Declined(ref code) => {
                tracing::warn!(code, "the provider let nobody in");
                NoEntry::Refused(error.to_string())
            }
            error => {
                tracing::warn!(%error, "somebody did not come in by the provider");
                NoEntry::Refused(error.to_string())
            }
        })
    }

    async fn come_in(&self, kept: Option<String>, back: Back) -> Result<String, NoEntry> {
        let nobody = || NoEntry::Refused("nobody signs in here yet".to_owned());
        let access = self.door.access().await.map_err(unavailable)?.ok_or_else(nobody)?;
        let (key, at) = (access.key(), compose::now());
        let Back { code, state, issuer, error } = back;
        let back = kepi_oidc::Back { code, state, issuer, error };
        let said = self.ask(move |oidc| oidc.finish(&key, kept.as_deref(), &back, at)).await?;
        let project = self.project().await.map_err(unavailable)?;
        let names = access.sign_ins().await.map_err(|error| unavailable(error.into()))?;
        let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
        let name = called(self.by, &said, project.as_ref(), &names).map_err(NoEntry::Refused)?;
        access.sign_in_as(&name, at).await.map_err(|error| match error {
            AccessError::Denied(denied) => {
                tracing::warn!(%denied, "somebody did not come in by the provider");
                NoEntry::Refused(denied.to_string())
            }
            other => unavailable(other.into()),
        })
    }

    /// The definitions in force, if any are: they say whose address is whose.
    async fn project(&self) -> Result<Option<Project>, Failure> {
        let Some(app) = compose::reading(self.door.site()).await? else { return Ok(None) };
        Ok(app.in_force().await.ok())
    }
}

/// What the server proves itself by to the provider; it stands in no definition and on no command line.
fn secret(what: &ByProvider) -> Result<Option<String>, Failure> {
    let text = match &what.oidc_secret_file {
        None => std::env::var(SECRET).ok(),
        Some(path) => {
            let doing = format!("the secret for the provider could not be read from {}", path.display());
            Some(std::fs::read_to_string(path).map_err(Failure::io(doing))?)
        }
    };
    let text = text.map(|text| text.trim_end_matches(['\n', '\r']).to_owned());
    match text {
        Some(text) if text.is_empty() => {
            Err(Failure::Other("the secret for the provider is empty".to_owned()))
        }
        text => Ok(text),
    }
}

impl Provider for SiteProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn send(&self) -> Answer<'_, Result<Begun, NoEntry>> {
        Box::pin(async move {
            let nobody = || NoEntry::Refused("nobody signs in here yet".to_owned());
            let access = self.door.access().await.map_err(unavailable)?.ok_or_else(nobody)?;
            let (key, at) = (access.key(), compose::now());
            let kepi_oidc::Begun { address, kept } = self.ask(move |oidc| oidc.begin(&key, at)).await?;
            Ok(Begun { address, kept })
        })
    }

    fn finish<'a>(&'a self, kept: Option<&'a str>, back: Back) -> Answer<'a, Result<String, NoEntry>> {
        Box::pin(self.come_in(kept.map(str::to_owned), back))
    }

    fn sign_out(&self) -> Answer<'_, Result<Option<String>, NoEntry>> {
        Box::pin(async move {
            let at = compose::now();
            self.ask(move |oidc| oidc.sign_out(at)).await
        })
    }
}
