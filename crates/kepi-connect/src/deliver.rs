//! Messages that leave: as e-mail, to programs as Standard Webhooks (1.0.0) say, and as JSON that chats like Slack take.
//!
//! An address is looked at where a name has become one, right before connecting, as for sources. No error repeats a secret,
//! and the address of a chat is one.

use std::{io, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use kepi_govern::delivery::{Carrier, NotSent, Parcel, Sending};
use kepi_model::{
    acting::{Encryption, Way},
    wording::with_causes,
};
use lettre::{
    SmtpTransport, Transport,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};
use serde_json::json;
use ureq::http::StatusCode;

use crate::{Connections, address::Filter, asking, secret::Secrets, sign::hmac};

/// How long sending once may take; less than half of the time for which a worker has what it sends.
const LIMIT: Duration = Duration::from_secs(60);
/// What a secret of Standard Webhooks begins with; Base64 follows.
const PREFIX: &str = "whsec_";

impl Carrier for Connections {
    fn send<'a>(&'a self, to: &'a Way, parcel: &'a Parcel) -> Sending<'a> {
        Box::pin(async move {
            let letter = Letter::of(to, parcel, &self.secrets)?;
            let sent = tokio::task::spawn_blocking(move || letter.send()).await;
            sent.unwrap_or_else(|e| Err(NotSent::Now(e.to_string())))
        })
    }
}

/// What is sent, with all that it takes.
enum Letter {
    Mail {
        server: String,
        port: u16,
        private: bool,
        tls: Encryption,
        login: Option<Credentials>,
        mail: lettre::Message,
    },
    Post {
        address: String,
        private: bool,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
}

/// What cannot be read is not there before somebody writes it.
fn unread(error: crate::FetchError) -> NotSent {
    NotSent::Ever(error.to_string())
}

impl Letter {
    fn of(to: &Way, parcel: &Parcel, secrets: &Secrets) -> Result<Self, NotSent> {
        Ok(match to {
            Way::Email { server, port, encryption, login, from, private } => {
                let login = match login {
                    None => None,
                    Some((user, password)) => Some(Credentials::new(
                        secrets.setting(user).map_err(unread)?,
                        secrets.read(password).map_err(unread)?,
                    )),
                };
                let server = secrets.setting(server).map_err(unread)?;
                let mail = mail(from, parcel)?;
                Self::Mail { server, port: *port, private: *private, tls: *encryption, login, mail }
            }
            Way::Webhook { address, secret, private } => {
                let secret = secrets.read(secret).map_err(unread)?;
                let body = body(parcel);
                let seconds = parcel.at.div_euclid(1_000_000);
                let headers = vec![
                    ("content-type", "application/json".to_owned()),
                    ("webhook-id", parcel.id.clone()),
                    ("webhook-timestamp", seconds.to_string()),
                    ("webhook-signature", signature(&secret, &parcel.id, seconds, &body)?),
                ];
                Self::Post {
                    address: secrets.setting(address).map_err(unread)?,
                    private: *private,
                    headers,
                    body,
                }
            }
            Way::Chat { address, private } => {
                let text = parcel.text().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                let headers = vec![("content-type", "application/json".to_owned())];
                let body = json!({ "text": text }).to_string();
                Self::Post {
                    address: secrets.read(address).map_err(unread)?,
                    private: *private,
                    headers,
                    body,
                }
            }
        })
    }

    fn send(self) -> Result<(), NotSent> {
        match self {
            Self::Mail { server, port, private, tls, login, mail } => {
                let tls_of = || TlsParameters::new(server.clone()).map_err(|e| NotSent::Ever(e.to_string()));
                let tls = match tls {
                    Encryption::Starttls => Tls::Required(tls_of()?),
                    Encryption::Tls => Tls::Wrapper(tls_of()?),
                    Encryption::None => Tls::None,
                };
                let found = Filter { private }.resolved(&server, port).map_err(|e| reached(&e))?;
                let first =
                    found.first().ok_or_else(|| NotSent::Now(format!("`{server}` has no address")))?;
                let own = mail.envelope().from().map_or_else(String::new, |from| from.domain().to_owned());
                let mut to = SmtpTransport::builder_dangerous(first.ip().to_string())
                    .port(port)
                    .tls(tls)
                    .hello_name(ClientId::Domain(own))
                    .timeout(Some(LIMIT / 4));
                if let Some(login) = login {
                    to = to.credentials(login);
                }
                to.build().send(&mail).map(drop).map_err(|e| match e.is_permanent() {
                    true => NotSent::Ever(format!("the server of e-mail refused it: {}", with_causes(&e))),
                    false => NotSent::Now(format!("the server of e-mail: {}", with_causes(&e))),
                })
            }
            Self::Post { address, private, headers, body } => {
                let encrypted = address.starts_with("https://");
                if !(encrypted || private && address.starts_with("http://")) {
                    let why = "its address does not begin with `https://`; within the own network say `private_addresses: true`";
                    return Err(NotSent::Ever(why.to_owned()));
                }
                let mut request = asking::agent(encrypted, private, LIMIT).post(&address);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                match request.send(body) {
                    Ok(answer) => answered(answer.status()),
                    Err(ureq::Error::Io(e)) => Err(reached(&e)),
                    // Its words may repeat the address, which lets in whoever knows it.
                    Err(ureq::Error::Http(_) | ureq::Error::BadUri(_)) => {
                        Err(NotSent::Ever("the request cannot be written: look at its address".to_owned()))
                    }
                    Err(ureq::Error::Timeout(_)) => Err(NotSent::Now("it did not answer in time".to_owned())),
                    Err(_) => Err(NotSent::Now("it cannot be reached".to_owned())),
                }
            }
        }
    }
}

fn reached(error: &io::Error) -> NotSent {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            NotSent::Ever(format!("{error}; within the own network say `private_addresses: true`"))
        }
        _ => NotSent::Now(error.to_string()),
    }
}

/// What an answer means.
fn answered(status: StatusCode) -> Result<(), NotSent> {
    let said = format!("it answered {status}");
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Err(NotSent::Now(said)),
        status if status.is_server_error() => Err(NotSent::Now(said)),
        status if status.is_redirection() => {
            Err(NotSent::Ever(format!("{said}, and no redirection is followed")))
        }
        _ => Err(NotSent::Ever(said)),
    }
}

/// An e-mail. It is the same one however often it is sent: its id says so.
fn mail(from: &str, parcel: &Parcel) -> Result<lettre::Message, NotSent> {
    let never = |what: &str| NotSent::Ever(format!("{what} is no address of e-mail"));
    let address = parcel.address.as_deref().unwrap_or_default();
    let from: Mailbox = from.parse().map_err(|_| never("`from`"))?;
    let to: Mailbox = address.parse().map_err(|_| never("`email` of the person"))?;
    let id = format!("<{}@{}>", parcel.id, from.email.domain());
    lettre::Message::builder()
        .from(from)
        .to(to)
        .subject(parcel.subject())
        .message_id(Some(id))
        .header(ContentType::TEXT_PLAIN)
        .body(parcel.text())
        .map_err(|e| NotSent::Ever(e.to_string()))
}

/// What a program is told.
fn body(parcel: &Parcel) -> String {
    let at = Timestamp::from_microsecond(parcel.at).unwrap_or_default();
    json!({ "type": "item.turn", "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "data": { "messages": parcel.messages } })
        .to_string()
}

/// The signature of Standard Webhooks: HMAC-SHA256 over id, seconds and body.
fn signature(secret: &str, id: &str, seconds: i64, body: &str) -> Result<String, NotSent> {
    let key = match secret.strip_prefix(PREFIX) {
        Some(base64) => STANDARD.decode(base64).map_err(|_| {
            NotSent::Ever(format!("the secret begins with `{PREFIX}`, and no Base64 follows"))
        })?,
        None => secret.as_bytes().to_vec(),
    };
    let signed = hmac(&key, format!("{id}.{seconds}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(signed)))
}
