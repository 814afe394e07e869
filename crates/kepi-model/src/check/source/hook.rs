//! Webhooks: by what something posted is believed, and what it is to be.

use std::collections::BTreeMap;

use super::super::connection::secret;
use crate::{
    codes,
    decode::{Either, Field, Placed},
    definitions as written,
    findings::Findings,
    id::SourceId,
    project::{PostedAs, Proof, Signature, SignedBy, Source, Webhook},
    wording::shorten,
};

/// What is posted.
pub(super) fn webhook(written: &written::Webhook, findings: &mut Findings) -> Option<Webhook> {
    let proof = match (written.signature.get(), written.token.get()) {
        (Some(_), Some(_)) => {
            findings.report(
                codes::HOOK_UNSIGNED,
                written.token.key,
                "either the body is signed or a token says who posts",
            );
            return None;
        }
        (Some(Either::This(by)), None) if !written.token.is_written() => Proof::By(*by),
        (Some(Either::That(of)), None) if !written.token.is_written() => {
            Proof::Signed(signature(of, findings)?)
        }
        (None, Some(_)) if !written.signature.is_written() => Proof::Token(header(&written.token, findings)?),
        (None, None) if !written.signature.is_written() && !written.token.is_written() => {
            findings.report(codes::HOOK_UNSIGNED, written.key, "it is not said by what a post is believed");
            return None;
        }
        _ => return None,
    };
    let secrets: Vec<_> = written.secrets.values().iter().map(|at| secret(&at.0)).collect();
    if secrets.is_empty() {
        if written.secrets.get().is_some_and(Vec::is_empty) && !findings.any_within(written.secrets.span) {
            findings.report(codes::HOOK_UNSIGNED, written.secrets.span, "there is no secret to check it by");
        }
        return None;
    }
    let body = written.body.cloned()?;
    if written.rows.is_written() && body != PostedAs::Json {
        findings
            .report(
                codes::FETCH_MODE,
                written.rows.key,
                "only in a body of JSON rows can stand within something",
            )
            .fix("leave `rows` out, or write `body: json`");
        return None;
    }
    let delivery = match written.delivery.is_written() {
        true => Some(header(&written.delivery, findings)?),
        false => match &proof {
            Proof::By(by) => by.delivery().map(str::to_owned),
            _ => None,
        },
    };
    let rows = written.rows.cloned().unwrap_or_default();
    let per_minute = u32::try_from(written.per_minute.get()?.0).ok()?;
    let names = written.earlier_names.items().iter();
    let names = names.filter_map(|name| {
        let id = name.value.parse().ok();
        if id.is_none() {
            findings.report(
                codes::HOOK_NAMES,
                name.span,
                format!("`{}` is no name that a source can have had", shorten(&name.value)),
            );
        }
        id
    });
    let earlier_names = names.collect();
    Some(Webhook { proof, secrets, body, rows, delivery, per_minute, earlier_names })
}

/// That what is posted to an address is one source's alone.
pub(in crate::check) fn names(
    documents: &[Placed<written::Source>],
    sources: &BTreeMap<SourceId, Source>,
    findings: &mut Findings,
) {
    let mut taken: BTreeMap<SourceId, &SourceId> = BTreeMap::new();
    for written in documents.iter().map(|document| &document.value) {
        let own = written.source.get().and_then(|name| sources.get(name.id.as_ref()?));
        let Some(written::Connector::Webhook(hook)) = written.from.get() else { continue };
        for name in hook.earlier_names.items() {
            let (Some(own), Ok(id)) = (own, name.value.parse::<SourceId>()) else { continue };
            let said = match (sources.get(&id), taken.insert(id.clone(), &own.id)) {
                (Some(other), _) if other.id == own.id => format!("`{id}` is what the source is called now"),
                (Some(other), _) if other.from.webhook().is_some() => {
                    format!("what is posted to `{id}` is that source's own")
                }
                (_, Some(other)) => format!("`{other}` has taken what was posted to `{id}`"),
                _ => continue,
            };
            findings.report(codes::HOOK_NAMES, name.span, said);
        }
    }
}

/// That rows have the name of a delivery where it is mapped.
pub(super) fn delivery(written: &written::Source, hook: &Webhook, findings: &mut Findings) {
    if hook.delivery.is_some() {
        return;
    }
    for entry in written.map.items() {
        let column = entry.value.as_ref().map(|mapping| &mapping.column);
        if let Some(column) = column.filter(|of| of.get().is_some_and(|name| name.trim() == "_delivery")) {
            let said = "no header names a delivery, so no row has `_delivery`";
            findings.report(codes::HOOK_DELIVERY, column.span, said);
        }
    }
}

impl SignedBy {
    /// The header by which it names a delivery, if it has one.
    fn delivery(self) -> Option<&'static str> {
        match self {
            Self::Zendesk => Some("X-Zendesk-Webhook-Invocation-Id"),
            Self::GitHub => Some("X-GitHub-Delivery"),
            Self::Shopify => Some("X-Shopify-Webhook-Id"),
            Self::Standard => Some("webhook-id"),
            // They name what they tell of in the body.
            Self::Stripe | Self::HubSpot | Self::Intercom | Self::Segment | Self::Slack => None,
        }
    }
}

/// A signature as described.
fn signature(written: &written::HookSignature, findings: &mut Findings) -> Option<Signature> {
    let timestamp = match written.timestamp.is_written() {
        true => Some(header(&written.timestamp, findings)?),
        false => None,
    };
    let of = written.of.cloned()?;
    let mut rest = of.as_str();
    let mut parts = Vec::new();
    while let Some((_, behind)) = rest.split_once('{') {
        let Some((part, behind)) = behind.split_once('}') else { break };
        parts.push(part);
        rest = behind;
    }
    let known = ["body", "timestamp", "method", "address"];
    let said = match parts.iter().find(|part| !known.contains(part)) {
        Some(part) => Some(format!("there is no `{{{part}}}` in what is posted")),
        None if !parts.contains(&"body") => Some("the body is not part of what is signed".to_owned()),
        None if parts.contains(&"timestamp") != timestamp.is_some() => Some(match &timestamp {
            Some(header) => {
                format!("the time in `{header}` is not part of what is signed, so anybody could write it")
            }
            None => "no header is named that says the time".to_owned(),
        }),
        None => None,
    };
    if let Some(said) = said {
        let at = if written.of.is_written() { written.of.span } else { written.timestamp.span };
        findings.report(codes::HOOK_SIGNATURE, at, said);
        return None;
    }
    Some(Signature {
        header: header(&written.header, findings)?,
        hash: written.hash.cloned()?,
        digits: written.digits.cloned()?,
        prefix: written.prefix.cloned().unwrap_or_default(),
        timestamp,
        of,
    })
}

/// The name of a header.
fn header(written: &Field<String>, findings: &mut Findings) -> Option<String> {
    let name = written.get()?;
    let is_one = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !is_one {
        findings
            .report(codes::HOOK_SIGNATURE, written.span, format!("`{name}` is no name of a header"))
            .expected("letters, digits and `-`, such as `X-Signature`");
        return None;
    }
    Some(name.clone())
}
