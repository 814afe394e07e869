//! Channels: where messages leave to, and when.

use std::collections::BTreeMap;

use super::connection::{secret, setting};
use crate::{
    acting::{Channel, Encryption, Way},
    codes,
    decode::{Either, Field, Placed},
    definitions as written,
    findings::Findings,
    id::ChannelId,
    lexical,
    source_text::Span,
    wording::quoted,
};

/// The ways by which messages leave.
const WAYS: [&str; 3] = ["email", "webhook", "chat"];

/// Reads all channels.
pub(super) fn read(
    written: &[Placed<written::Channel>],
    findings: &mut Findings,
) -> BTreeMap<ChannelId, Channel> {
    let mut channels = BTreeMap::new();
    let mut places: BTreeMap<ChannelId, Span> = BTreeMap::new();
    for written in written.iter().map(|channel| &channel.value) {
        let Some(id) = written.channel.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.channel.span;
        if let Some(first) = places.insert(id.clone(), at) {
            findings
                .report(codes::CHANNEL, at, format!("there is another channel `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        if let Some(channel) = one(id, written, findings) {
            channels.insert(channel.id.clone(), channel);
        }
    }
    channels
}

fn one(id: ChannelId, written: &written::Channel, findings: &mut Findings) -> Option<Channel> {
    let ways: Vec<_> = written.written().filter(|(name, ..)| WAYS.contains(name)).collect();
    if ways.len() != 1 {
        let at = ways.get(1).map_or(written.channel.span, |(_, key, _)| *key);
        findings
            .report(codes::CHANNEL, at, format!("a channel has one way, not {}", ways.len()))
            .expected(format!("exactly one of {}", quoted(WAYS)))
            .fix("add where messages leave to, such as `chat: {address: {env: SLACK_ADDRESS}}`");
        return None;
    }
    let to = match (written.email.get(), written.webhook.get(), written.chat.get()) {
        (Some(of), ..) => email(of, findings),
        (_, Some(of), _) => {
            let private = of.private_addresses.cloned()?;
            encrypted(&of.address, private, findings).and_then(|()| {
                let (address, key) = (setting(&of.address)?, secret(&of.secret.get()?.0));
                Some(Way::Webhook { address, secret: key, private })
            })
        }
        (.., Some(of)) => of
            .address
            .get()
            .zip(of.private_addresses.cloned())
            .map(|(address, private)| Way::Chat { address: secret(&address.0), private }),
        _ => None,
    };
    let quiet = written.quiet.get().map(|quiet| {
        let (from, until) = (minute(&quiet.from, findings), minute(&quiet.until, findings));
        from.zip(until)
    });
    let digest = minute(&written.digest, findings);
    let link = written.link.get().map(|link| link.trim_end_matches('/').to_owned());
    if let Some(address) =
        link.as_ref().filter(|link| !["https://", "http://"].iter().any(|of| link.starts_with(of)))
    {
        findings
            .report(codes::CHANNEL, written.link.span, format!("`{address}` is no address"))
            .expected("the address of the pages, such as `https://kepi.example.com`");
        return None;
    }
    if quiet == Some(None) {
        return None;
    }
    Some(Channel {
        id,
        to: to?,
        link,
        quiet: quiet.flatten(),
        budget: u64::try_from(written.budget.get()?.0).ok()?,
        digest: digest?,
    })
}

/// A server of e-mail.
fn email(of: &written::Mailbox, findings: &mut Findings) -> Option<Way> {
    let (encryption, private) = (of.encryption.cloned()?, of.private_addresses.cloned()?);
    if encryption == Encryption::None && !private {
        findings
            .report(codes::CHANNEL, of.encryption.span, "messages could be read on the way")
            .expected("`starttls` or `tls`")
            .fix("leave `encryption` out; within the own network add `private_addresses: true`");
        return None;
    }
    let from = of.from.cloned()?;
    if from.split_once('@').is_none_or(|(name, host)| name.is_empty() || host.is_empty()) {
        findings
            .report(codes::CHANNEL, of.from.span, format!("`{from}` is no address of e-mail"))
            .expected("an address such as `kepi@example.com`");
        return None;
    }
    let login = match (of.user.get(), of.password.get()) {
        (None, None) => None,
        (Some(_), Some(password)) => Some((setting(&of.user)?, secret(&password.0))),
        _ => {
            findings
                .report(codes::CHANNEL, of.server.span, "who sends has a name and a password, or neither")
                .fix("write both `user` and `password: {env: …}`, or leave both out");
            return None;
        }
    };
    Some(Way::Email {
        server: setting(&of.server)?,
        port: u16::try_from(of.port.get()?.0).ok()?,
        encryption,
        login,
        from,
        private,
    })
}

/// Whether what is told cannot be read on the way, where that is known.
fn encrypted(address: &Field<written::Setting>, private: bool, findings: &mut Findings) -> Option<()> {
    let Either::This(text) = address.get()? else { return Some(()) };
    if text.starts_with("https://") || private && text.starts_with("http://") {
        return Some(());
    }
    findings
        .report(codes::CHANNEL, address.span, format!("`{text}` is no address that is encrypted"))
        .expected("an address that begins with `https://`")
        .fix("write `https://`; within the own network add `private_addresses: true`");
    None
}

/// A time of a day.
fn minute(written: &Field<String>, findings: &mut Findings) -> Option<u16> {
    let text = written.get()?;
    let minute = lexical::minute(text).filter(|minute| *minute < 24 * 60);
    if minute.is_none() {
        findings
            .report(codes::CHANNEL, written.span, format!("`{text}` is no time of a day"))
            .expected("hours and minutes, such as `\"19:00\"`")
            .fix("write it in quotes");
    }
    minute
}
