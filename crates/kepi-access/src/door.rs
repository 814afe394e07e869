//! The door: who comes, by which session or token, and how one gets either.

use std::{collections::BTreeSet, net::IpAddr};

use kepi_govern::{
    BindSignIn, Command, EndSignIn, Grant, IssueToken, Permit, Principal, RecordRefusal, RevokeToken,
    access::{OWNER, SignIn, Token},
    plain::Name,
};
use kepi_proof::Digest;
use kepi_store::{
    Asked, Store, StoreError,
    access::{Credential, EventsOnly, KeepCredential},
    door::new_key,
};

use crate::{
    limits::{self, FORGOTTEN, FREE_BY_ADDRESS, FREE_BY_NAME},
    password::{LONGEST, Passwords, SHORTEST},
    secret,
};

const HOUR: i64 = 3600 * 1_000_000;
/// A session that is not used for so long is over.
const IDLE: i64 = 12 * HOUR;
/// A session is over after so long, however it is used.
const LONGEST_SESSION: i64 = 7 * 24 * HOUR;
/// That a session was used is kept when so much has passed since it was kept last.
const KEPT_EVERY: i64 = HOUR / 60;

/// Somebody who has come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The person's number.
    pub person: u64,
    /// What the person is called.
    pub name: String,
    /// The roles held.
    pub roles: BTreeSet<Grant>,
    /// Number and scopes of the token that acts for the person, if one does.
    pub token: Option<(u64, BTreeSet<Grant>)>,
}

/// Why somebody does not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Name and password are not those of anybody. It is not said which of them.
    #[error("name and password do not belong together, or nobody signs in like that")]
    Unknown,
    /// It failed too often in a row.
    #[error("it failed too often; try again in {}", wait(*.seconds))]
    TooOften {
        /// So long it is waited.
        seconds: u64,
    },
    /// Somebody is known elsewhere, and nobody let that person in here.
    #[error("nobody is let in here as `{0}`; whoever owns this project lets people in: `kepi access add`")]
    NotLetIn(String),
    /// Too many try at once.
    #[error("too many are signing in at once; try again in a moment")]
    Busy,
}

fn wait(seconds: u64) -> String {
    match seconds {
        0 | 1 => "a second".to_owned(),
        2..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The database refused, or a law does.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system has no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// A password that would not do.
    #[error(
        "a password has at least {SHORTEST} characters and at most {LONGEST} bytes; a few words are easy to remember"
    )]
    Password,
    /// Nobody is called that.
    #[error("nobody who signs in is called `{0}`; `kepi access list` says who is")]
    Nobody(String),
    /// It did not come to an end.
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// Who signs in and what acts for them.
#[derive(Clone)]
pub struct Access {
    store: Store,
    passwords: Passwords,
}

impl Access {
    /// Over the database of a project.
    pub fn new(store: Store) -> Self {
        Self { store, passwords: Passwords::new() }
    }

    /// Whether nobody signs in: then it is enough to reach the project.
    ///
    /// # Errors
    /// The database refused.
    pub async fn is_empty(&self) -> Result<bool, AccessError> {
        Ok(self.store.organisation().await?.access.is_empty())
    }

    /// Who a token acts for; none: it does not.
    ///
    /// # Errors
    /// The database refused.
    pub async fn by_token(&self, token: &str, at: i64) -> Result<Option<Visitor>, AccessError> {
        let organisation = self.store.organisation().await?;
        let access = &organisation.access;
        let Some(token) = access.token(&secret::hash(token), at) else { return Ok(None) };
        let Some(sign_in) = access.sign_in(token.person) else { return Ok(None) };
        let by = Some((token.token, token.scopes.clone()));
        Ok(Some(self.visitor(token.person, sign_in, by).await?))
    }

    /// Who a browser is signed in as; none: it is not, or not any more.
    ///
    /// # Errors
    /// The database refused.
    pub async fn by_session(&self, key: &str, at: i64) -> Result<Option<Visitor>, AccessError> {
        let id = secret::hash(key).to_string();
        let Some(session) = self.store.session(&id).await? else { return Ok(None) };
        let over =
            at >= session.seen.saturating_add(IDLE) || at >= session.began.saturating_add(LONGEST_SESSION);
        let organisation = self.store.organisation().await?;
        let sign_in = organisation.access.sign_in(session.person).filter(|_| !over);
        let Some(sign_in) = sign_in else {
            self.store.end_session(&id).await?;
            return Ok(None);
        };
        if at - session.seen >= KEPT_EVERY {
            self.store.use_session(&id, at).await?;
        }
        Ok(Some(self.visitor(session.person, sign_in, None).await?))
    }

    async fn visitor(
        &self,
        person: u64,
        sign_in: &SignIn,
        token: Option<(u64, BTreeSet<Grant>)>,
    ) -> Result<Visitor, AccessError> {
        let name = self.store.name_of(&Principal::Person(person)).await?;
        Ok(Visitor { person, name, roles: sign_in.roles.clone(), token })
    }

    /// Signs a browser in: gives the key that it sends from now on, a new one every time.
    ///
    /// An unknown name costs what a wrong password does. Attempts take turns, so that none slips past the limits.
    ///
    /// # Errors
    /// [`AccessError::Denied`], or the database refused.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        from: Option<IpAddr>,
        at: i64,
    ) -> Result<String, AccessError> {
        let name = name.trim();
        let _turn = self.passwords.turn().await.ok_or(Denied::Busy)?;
        let counted = self.counted(name, from);
        let failures = self.store.failures(&counted).await?;
        let free = [FREE_BY_NAME, FREE_BY_ADDRESS];
        let again = failures.iter().zip(free).map(|(failures, free)| limits::again_at(*failures, free)).max();
        if let Some(left) = again.map(|again| again.saturating_sub(at)).filter(|left| *left > 0) {
            return Err(Denied::TooOften { seconds: (left as u64).div_ceil(1_000_000) }.into());
        }
        let (person, known) = match self.known(name).await? {
            Some((person, known)) => (Some(person), Some(known)),
            None => (None, None),
        };
        let fits = password.len() <= LONGEST;
        let password = if fits { password.to_owned() } else { String::new() };
        let is = self.passwords.is(password, known).await && fits;
        let Some(person) = person.filter(|_| is) else {
            self.store.failed(&counted, at, at.saturating_sub(FORGOTTEN)).await?;
            return Err(Denied::Unknown.into());
        };
        if let Some(of_the_name) = counted.first().filter(|_| failures.first().is_some_and(|f| f.count > 0)) {
            self.store.went_well(of_the_name).await?;
        }
        self.begin_session(person, at).await
    }

    /// Signs a browser in as somebody of whom a provider has said who it is; gives the key that it sends from now on. Who is
    /// not let in here does not come in, whoever it is elsewhere.
    ///
    /// # Errors
    /// [`Denied::NotLetIn`], or the database refused.
    pub async fn sign_in_as(&self, name: &str, at: i64) -> Result<String, AccessError> {
        match self.person(name).await {
            Ok(person) => self.begin_session(person, at).await,
            Err(AccessError::Nobody(name)) => Err(Denied::NotLetIn(name).into()),
            Err(other) => Err(other),
        }
    }

    /// What makes texts that browsers keep fit this project and no other; it leaves the server in no form.
    pub fn key(&self) -> [u8; 32] {
        self.store.secret()
    }

    async fn begin_session(&self, person: u64, at: i64) -> Result<String, AccessError> {
        let key = secret::new("").map_err(random)?;
        let id = secret::hash(&key).to_string();
        self.store.begin_session(&id, person, at, at - LONGEST_SESSION, at - IDLE).await?;
        Ok(key)
    }

    /// Under which hashes a failure counts. A name that was typed may be a password, so none stands anywhere.
    fn counted(&self, name: &str, from: Option<IpAddr>) -> Vec<String> {
        let keyed = |what: &str| {
            let mut bytes = self.store.secret().to_vec();
            bytes.extend(what.as_bytes());
            Digest::of(&bytes).to_string()
        };
        let address = from.map(|address| keyed(&format!("address/{address}")));
        std::iter::once(keyed(&format!("name/{name}"))).chain(address).collect()
    }

    /// Number of the person of a name, and what the password is recognised by, if it is what the log says.
    async fn known(&self, name: &str) -> Result<Option<(u64, String)>, AccessError> {
        let Some(person) = self.store.person_named(name).await? else { return Ok(None) };
        let organisation = self.store.organisation().await?;
        let said = organisation.access.sign_in(person).and_then(|sign_in| sign_in.credential);
        let known = self.store.password(person).await?;
        Ok(known.filter(|known| said == Some(Digest::of(known.as_bytes()))).map(|known| (person, known)))
    }

    /// Signs a browser out.
    ///
    /// # Errors
    /// The database refused.
    pub async fn sign_out(&self, key: &str) -> Result<(), AccessError> {
        Ok(self.store.end_session(&secret::hash(key).to_string()).await?)
    }

    /// Lets somebody sign in, or changes roles or password. Without a password the one that is known stays.
    ///
    /// # Errors
    /// A password that would not do, a law, or the database refused.
    pub async fn bind(
        &self,
        by: &Permit,
        name: &str,
        roles: BTreeSet<Grant>,
        password: Option<&str>,
        at: i64,
    ) -> Result<(), AccessError> {
        let Principal::Person(person) = self.store.person(name).await? else {
            return Err(AccessError::Nobody(name.to_owned()));
        };
        let held = self.store.organisation().await?.access.sign_in(person).and_then(|held| held.credential);
        let (credential, digest) = match password {
            None => (Credential::AsItWas, held),
            Some(password) if password.chars().count() < SHORTEST || password.len() > LONGEST => {
                return Err(AccessError::Password);
            }
            Some(password) => {
                let hash = self.passwords.hash(password.to_owned()).await;
                let hash = hash.ok_or_else(|| AccessError::Random("none came".to_owned()))?;
                let digest = Digest::of(hash.as_bytes());
                (Credential::Password(hash), Some(digest))
            }
        };
        let command = Command::BindSignIn(BindSignIn { person, roles, credential: digest });
        self.perform(by, "sign_in", &command, &mut KeepCredential { person, credential }, at).await
    }

    /// Lets somebody sign in no longer; sessions and tokens end.
    ///
    /// # Errors
    /// Nobody is called that, a law, or the database refused.
    pub async fn end(&self, by: &Permit, name: &str, at: i64) -> Result<(), AccessError> {
        let person = self.person(name).await?;
        let command = Command::EndSignIn(EndSignIn { person });
        let mut effects = KeepCredential { person, credential: Credential::None };
        self.perform(by, "sign_in", &command, &mut effects, at).await
    }

    /// Issues a token for somebody and gives it, this once.
    ///
    /// # Errors
    /// Nobody is called that, a law, or the database refused.
    pub async fn issue(
        &self,
        by: &Permit,
        name: &str,
        scopes: BTreeSet<Grant>,
        until: i64,
        at: i64,
    ) -> Result<String, AccessError> {
        let person = self.person(name).await?;
        let token = secret::new(secret::TOKEN).map_err(random)?;
        let command = Command::IssueToken(IssueToken { person, secret: secret::hash(&token), scopes, until });
        self.perform(by, "token", &command, &mut EventsOnly, at).await?;
        Ok(token)
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// There is none, or the database refused.
    pub async fn revoke(&self, by: &Permit, token: u64, at: i64) -> Result<(), AccessError> {
        let command = Command::RevokeToken(RevokeToken { token });
        self.perform(by, "token", &command, &mut EventsOnly, at).await
    }

    /// Everybody who signs in, with names.
    ///
    /// # Errors
    /// The database refused.
    pub async fn sign_ins(&self) -> Result<Vec<(String, SignIn)>, AccessError> {
        let mut all = Vec::new();
        for (person, sign_in) in self.store.organisation().await?.access.sign_ins() {
            all.push((self.store.name_of(&Principal::Person(person)).await?, sign_in.clone()));
        }
        Ok(all)
    }

    /// Every token that was issued, with the names of those it acts for.
    ///
    /// # Errors
    /// The database refused.
    pub async fn tokens(&self) -> Result<Vec<(String, Token)>, AccessError> {
        let mut all = Vec::new();
        for token in self.store.organisation().await?.access.tokens() {
            all.push((self.store.name_of(&Principal::Person(token.person)).await?, token.clone()));
        }
        Ok(all)
    }

    /// The names of those who are owners everywhere: they can change what others may.
    ///
    /// # Errors
    /// The database refused.
    pub async fn owners(&self) -> Result<Vec<String>, AccessError> {
        let owns = |grant: &Grant| grant.name.as_str() == OWNER && grant.unit.is_none();
        let all = self.sign_ins().await?.into_iter();
        Ok(all.filter(|(_, sign_in)| sign_in.roles.iter().any(owns)).map(|(name, _)| name).collect())
    }

    /// Keeps a record that somebody was refused something: once an hour, however often it is tried. What is no name of
    /// anything is not kept.
    ///
    /// # Errors
    /// The database refused.
    pub async fn record_refusal(
        &self,
        person: u64,
        token: Option<u64>,
        action: &str,
        on: (&str, &str),
        unit: Option<&str>,
        at: i64,
    ) -> Result<(), AccessError> {
        let name = |text: &str| text.parse::<Name>().ok();
        let (Some(action), Some(kind), Some(named)) = (name(action), name(on.0), name(on.1)) else {
            return Ok(());
        };
        let unit = unit.and_then(|unit| unit.parse().ok());
        let refusal = RecordRefusal { action, on: (kind, named), unit, token };
        let command = Command::RecordRefusal(refusal.clone());
        let said = serde_json::to_string(&refusal).unwrap_or_default();
        let key = format!("refused/{person}/{said}/{}", at.div_euclid(HOUR));
        let permit = Permit::open(Principal::Person(person));
        self.store.perform(Asked::new(&permit, &key, at), &command, &mut EventsOnly).await?;
        Ok(())
    }

    async fn person(&self, name: &str) -> Result<u64, AccessError> {
        let nobody = || AccessError::Nobody(name.to_owned());
        let person = self.store.person_named(name).await?.ok_or_else(nobody)?;
        let organisation = self.store.organisation().await?;
        organisation.access.sign_in(person).map(|_| person).ok_or_else(nobody)
    }

    async fn perform<E>(
        &self,
        by: &Permit,
        kind: &str,
        command: &Command,
        effects: &mut E,
        at: i64,
    ) -> Result<(), AccessError>
    where
        E: kepi_store::Effects<Output = (), Error = StoreError>,
    {
        self.store.perform(Asked::new(by, &new_key(kind), at), command, effects).await?;
        Ok(())
    }
}

fn random(error: getrandom::Error) -> AccessError {
    AccessError::Random(error.to_string())
}
