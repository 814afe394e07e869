//! The built-in customer model, as data: the entities an analyst expects, each with its key, the time that dates its
//! rows, and the attributes that nearly every company has. Everything else is added by `entity:` documents.
//!
//! Money is left out on purpose: its currency and decimals differ between projects, and a column of unstated currency
//! is what this language exists to prevent. A project adds `amount: {type: "money EUR, 2 decimals"}` where it has one.
//! Words such as channel, status or plan are texts, because their members are each company's own; a project may close
//! the list by declaring the attribute again as an `enum`.

use std::collections::BTreeMap;

use crate::{
    derived::Lasts,
    entity::{Attribute, Entity},
    expression::Type,
    id::EntityId,
    lexical,
};

/// A built-in entity.
#[derive(Debug)]
pub(crate) struct BuiltinEntity {
    pub(crate) id: &'static str,
    name: &'static str,
    doc: &'static str,
    time: Option<&'static str>,
    attributes: &'static [BuiltinAttribute],
}

/// Name, type, shown name, explanation; personal data are marked by a shown name that starts with `*`.
type BuiltinAttribute = (&'static str, &'static str, &'static str, &'static str);

const ID: BuiltinAttribute = ("id", "text", "Id", "Identifies the row.");
const ACCOUNT: BuiltinAttribute = ("account", "reference account", "Account", "The customer it belongs to.");
const CONTACT: BuiltinAttribute = ("contact", "reference contact", "Contact", "The person it is about.");
const CHANNEL: BuiltinAttribute = ("channel", "text", "Channel", "Where it happened: web, phone, store …");
const UPDATED: BuiltinAttribute =
    ("updated_at", "timestamp", "Updated at", "When the row last changed in its source.");
const EMPLOYEE: BuiltinAttribute = ("employee", "reference employee", "Employee", "Who handled it.");
const ORG_UNIT: BuiltinAttribute =
    ("org_unit", "reference org_unit", "Organisational unit", "Where it was handled.");

/// All built-in entities.
pub(crate) static ENTITIES: &[BuiltinEntity] = &[
    BuiltinEntity {
        id: "account",
        name: "Account",
        doc: "A customer: a company or a household, or the person who buys.",
        time: Some("created_at"),
        attributes: &[
            ID,
            ("name", "text", "*Name", "Name of the customer."),
            ("created_at", "timestamp", "Created at", "When it became a customer."),
            ("closed_at", "timestamp", "Closed at", "When it ceased to be one."),
            ("parent", "reference account", "Parent", "The account it belongs to."),
            ("status", "text", "Status", "Such as active or closed."),
            ("kind", "text", "Kind", "Such as business or consumer."),
            ("country", "text", "Country", "ISO 3166 code."),
            ("region", "text", "Region", "Sales region."),
            ("segment", "text", "Segment", "Market segment."),
            ("tier", "text", "Tier", "Service tier."),
            ("industry", "text", "Industry", "Line of business."),
            ("owner", "reference employee", "Owner", "Who looks after it."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "contact",
        name: "Contact",
        doc: "A person at a customer.",
        time: Some("created_at"),
        attributes: &[
            ID,
            ACCOUNT,
            ("name", "text", "*Name", "The person's name."),
            ("email", "text", "*E-mail", "E-mail address."),
            ("phone", "text", "*Phone", "Telephone number."),
            ("created_at", "timestamp", "Created at", "When the person became known."),
            ("role", "text", "Role", "Role at the customer."),
            ("language", "text", "Language", "BCP 47 tag."),
            ("country", "text", "Country", "ISO 3166 code."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "subscription",
        name: "Subscription",
        doc: "A contract that runs until it ends; an open end is still running.",
        time: Some("started_at"),
        attributes: &[
            ID,
            ACCOUNT,
            ("product", "reference product", "Product", "What is subscribed to."),
            ("plan", "text", "Plan", "Such as trial, basic or pro."),
            ("status", "text", "Status", "Such as active or cancelled."),
            ("started_at", "timestamp", "Started at", "First moment of the contract."),
            ("ended_at", "timestamp", "Ended at", "First moment after it."),
            ("cancelled_at", "timestamp", "Cancelled at", "When notice was given."),
            ("reason", "text", "Reason", "Why it was cancelled."),
            ("seats", "integer", "Seats", "How many users it covers."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "invoice",
        name: "Invoice",
        doc: "A bill. Projects add the amount in their currency.",
        time: Some("issued_at"),
        attributes: &[
            ID,
            ACCOUNT,
            ("subscription", "reference subscription", "Subscription", "What it bills, if a subscription."),
            ("order", "reference order", "Order", "What it bills, if an order."),
            ("issued_at", "timestamp", "Issued at", "When it was sent."),
            ("due_on", "date", "Due on", "When it is to be paid."),
            ("paid_at", "timestamp", "Paid at", "When it was paid in full."),
            ("status", "text", "Status", "Such as open, paid or void."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "payment",
        name: "Payment",
        doc: "Money that came in or went back. Projects add the amount in their currency.",
        time: Some("paid_at"),
        attributes: &[
            ID,
            ACCOUNT,
            ("invoice", "reference invoice", "Invoice", "What it pays."),
            ("paid_at", "timestamp", "Paid at", "When it was booked."),
            ("method", "text", "Method", "Such as card or transfer."),
            ("status", "text", "Status", "Such as settled, failed or refunded."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "order",
        name: "Order",
        doc: "What a customer ordered at one time. Projects add the amount in their currency.",
        time: Some("ordered_at"),
        attributes: &[
            ID,
            ACCOUNT,
            CONTACT,
            ("ordered_at", "timestamp", "Ordered at", "When it was placed."),
            ("promised_at", "timestamp", "Promised at", "When delivery was promised for."),
            ("shipped_at", "timestamp", "Shipped at", "When it left."),
            ("delivered_at", "timestamp", "Delivered at", "When it arrived."),
            ("cancelled_at", "timestamp", "Cancelled at", "When it was cancelled."),
            ("status", "text", "Status", "Such as open, delivered or cancelled."),
            CHANNEL,
            ("country", "text", "Country", "ISO 3166 code of the delivery."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "order_item",
        name: "Order item",
        doc: "One line of an order. Projects add unit price and amount in their currency.",
        time: Some("ordered_at"),
        attributes: &[
            ID,
            ("order", "reference order", "Order", "The order it is a line of."),
            ACCOUNT,
            ("product", "reference product", "Product", "What was ordered."),
            ("ordered_at", "timestamp", "Ordered at", "When it was ordered."),
            ("quantity", "integer", "Quantity", "How many; negative for returns."),
            ("status", "text", "Status", "Such as delivered or returned."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "product",
        name: "Product",
        doc: "What is sold.",
        time: Some("created_at"),
        attributes: &[
            ID,
            ("name", "text", "Name", "Shown name."),
            ("category", "text", "Category", "Group of products."),
            ("created_at", "timestamp", "Created at", "When it was first on sale."),
            ("retired_at", "timestamp", "Retired at", "When it was last on sale."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "ticket",
        name: "Ticket",
        doc: "A request, a complaint or an incident that someone deals with.",
        time: Some("opened_at"),
        attributes: &[
            ID,
            ACCOUNT,
            CONTACT,
            ("order", "reference order", "Order", "The order it is about."),
            ("product", "reference product", "Product", "The product it is about."),
            EMPLOYEE,
            ORG_UNIT,
            ("opened_at", "timestamp", "Opened at", "When it came in."),
            ("first_response_at", "timestamp", "First response at", "When it was first answered."),
            ("solved_at", "timestamp", "Solved at", "When it was solved."),
            ("closed_at", "timestamp", "Closed at", "When it was closed."),
            ("reopened", "boolean", "Reopened", "Whether it was opened again."),
            ("contacts", "integer", "Contacts", "How many contacts it took."),
            CHANNEL,
            ("category", "text", "Category", "What it is about."),
            ("priority", "text", "Priority", "How urgent it is."),
            ("status", "text", "Status", "Such as open or closed."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "interaction",
        name: "Interaction",
        doc: "A call, chat, visit or message with a customer.",
        time: Some("started_at"),
        attributes: &[
            ID,
            ACCOUNT,
            CONTACT,
            ("ticket", "reference ticket", "Ticket", "The ticket it belongs to."),
            EMPLOYEE,
            ORG_UNIT,
            ("started_at", "timestamp", "Started at", "When it began."),
            ("ended_at", "timestamp", "Ended at", "When it ended."),
            ("waited", "duration", "Waited", "How long the customer waited."),
            ("handled", "duration", "Handled", "How long it was worked on."),
            CHANNEL,
            ("direction", "text", "Direction", "Inbound or outbound."),
            ("abandoned", "boolean", "Abandoned", "Whether the customer gave up."),
            ("outcome", "text", "Outcome", "How it ended."),
        ],
    },
    BuiltinEntity {
        id: "survey_invitation",
        name: "Survey invitation",
        doc: "An invitation to answer a survey: what a response rate counts.",
        time: Some("invited_at"),
        attributes: &[
            ID,
            ("survey", "text", "Survey", "Which survey."),
            ACCOUNT,
            CONTACT,
            ("invited_at", "timestamp", "Invited at", "When it was sent."),
            CHANNEL,
            ("delivered", "boolean", "Delivered", "Whether it arrived."),
        ],
    },
    BuiltinEntity {
        id: "survey_response",
        name: "Survey response",
        doc: "One person's answers to one survey. Projects add an attribute for each question.",
        time: Some("responded_at"),
        attributes: &[
            ID,
            ("survey", "text", "Survey", "Which survey."),
            ("invitation", "reference survey_invitation", "Invitation", "The invitation that it answers."),
            ACCOUNT,
            CONTACT,
            ("ticket", "reference ticket", "Ticket", "The ticket it is about."),
            ("order", "reference order", "Order", "The order it is about."),
            ("invited_at", "timestamp", "Invited at", "When the person was asked."),
            ("responded_at", "timestamp", "Responded at", "When the person answered."),
            ("score", "integer", "Score", "The main answer."),
            CHANNEL,
            ("language", "text", "Language", "BCP 47 tag."),
            ("comment", "text", "*Comment", "In the person's own words."),
        ],
    },
    BuiltinEntity {
        id: "event",
        name: "Event",
        doc: "Something a user did in a product.",
        time: Some("occurred_at"),
        attributes: &[
            ID,
            ACCOUNT,
            CONTACT,
            ("session", "reference session", "Session", "The session it belongs to."),
            ("product", "reference product", "Product", "Where it happened."),
            ("name", "text", "Name", "What was done."),
            ("occurred_at", "timestamp", "Occurred at", "When."),
        ],
    },
    BuiltinEntity {
        id: "session",
        name: "Session",
        doc: "A visit to a product or site.",
        time: Some("started_at"),
        attributes: &[
            ID,
            ACCOUNT,
            CONTACT,
            ("started_at", "timestamp", "Started at", "When it began."),
            ("ended_at", "timestamp", "Ended at", "When it ended."),
            ("device", "text", "Device", "Such as phone or desktop."),
            ("campaign", "reference campaign", "Campaign", "What led to it."),
            CHANNEL,
            ("country", "text", "Country", "ISO 3166 code."),
            ("converted", "boolean", "Converted", "Whether its aim was reached."),
        ],
    },
    BuiltinEntity {
        id: "campaign",
        name: "Campaign",
        doc: "An effort to win or keep customers.",
        time: Some("started_at"),
        attributes: &[
            ID,
            ("name", "text", "Name", "Shown name."),
            CHANNEL,
            ("started_at", "timestamp", "Started at", "When it began."),
            ("ended_at", "timestamp", "Ended at", "When it ended."),
        ],
    },
    BuiltinEntity {
        id: "experiment_exposure",
        name: "Experiment exposure",
        doc: "The moment at which someone first saw a variant of an experiment.",
        time: Some("exposed_at"),
        attributes: &[
            ID,
            ("experiment", "text", "Experiment", "Which experiment."),
            ("variant", "text", "Variant", "Which variant."),
            ACCOUNT,
            CONTACT,
            ("exposed_at", "timestamp", "Exposed at", "When it was first seen."),
        ],
    },
    BuiltinEntity {
        id: "employee",
        name: "Employee",
        doc: "Someone who works for the company.",
        time: Some("hired_at"),
        attributes: &[
            ID,
            ("name", "text", "*Name", "The person's name."),
            ORG_UNIT,
            ("role", "text", "Role", "What the person does."),
            ("hired_at", "timestamp", "Hired at", "First moment of the contract."),
            ("left_at", "timestamp", "Left at", "First moment after it."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "org_unit",
        name: "Organisational unit",
        doc: "A part of the company, such as a team, a store or an airport.",
        time: Some("created_at"),
        attributes: &[
            ID,
            ("name", "text", "Name", "Shown name."),
            ("parent", "reference org_unit", "Parent", "The unit above."),
            ("level", "text", "Level", "Such as region or team."),
            ("region", "text", "Region", "Where it is."),
            ("created_at", "timestamp", "Created at", "When it was set up."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "entered_value",
        name: "Entered value",
        doc: "A figure that somebody entered, by a form or a spreadsheet.",
        time: Some("period"),
        attributes: &[
            ID,
            ("figure", "text", "Figure", "Which figure, such as market_share."),
            ("period", "date", "Period", "A day of the period that it is of, such as the first."),
            ("value", "number, 6 decimals", "Value", "The figure; a share is one of 1."),
            ("part", "text", "Part", "What it is of, such as a region."),
            ("item", "integer", "Item", "The item by which it was entered and agreed to."),
        ],
    },
    BuiltinEntity {
        id: "budget_line",
        name: "Line of a budget",
        doc: "What a planning system says is to be spent: it is held against operating plans.",
        time: Some("period"),
        attributes: &[
            ID,
            ("plan", "text", "Plan", "The operating plan that it is of."),
            ("version", "text", "Version", "The version of the budget, as the plan names it."),
            ("objective", "text", "Objective", "The objective of the strategy that it is for."),
            ("unit", "text", "Unit", "The unit whose money it is; without one that of the plan."),
            ("period", "date", "Period", "A day of the period that it is for, such as the first."),
            ("amount", "number, 6 decimals", "Amount", "What is to be spent."),
            ("currency", "text", "Currency", "ISO 4217 code of the amount."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "item",
        name: "Item",
        doc: "What waits for somebody, or did: an alert, a case, a plan, a proposal. Kepi lands it of its own log: `from: {kepi: items}`.",
        time: Some("opened_at"),
        attributes: &[
            ID,
            ("kind", "text", "Kind", "Such as alert, case, action_plan or change_request."),
            ("rule", "text", "Rule", "The alert or closed loop that opened it."),
            ("kpi", "text", "KPI", "The KPI that it is about."),
            ("unit", "text", "Unit", "The unit that it is about; none: the whole."),
            (
                "about_at",
                "timestamp",
                "About at",
                "When that was: the first day of an alert's period, the time of a case's row.",
            ),
            ("opened_at", "timestamp", "Opened at", "The signal: when it was opened."),
            (
                "seen_at",
                "timestamp",
                "Seen at",
                "When somebody else than who opened it first did anything about it.",
            ),
            (
                "decided_at",
                "timestamp",
                "Decided at",
                "When it was said what is to come of it: work on it was finished, a plan agreed to, others agreed or did not.",
            ),
            (
                "done_at",
                "timestamp",
                "Done at",
                "When that was carried out: of an alert with a plan, when the plan was.",
            ),
            (
                "effect_at",
                "timestamp",
                "Effect at",
                "When its effect was seen: an alert is over, a plan is measured.",
            ),
            ("ended_at", "timestamp", "Ended at", "When it ended."),
            ("due_at", "timestamp", "Due at", "Until when its step is to be done, while it is open."),
            ("state", "text", "State", "The step that it is in, or how it ended."),
            ("outcome", "text", "Outcome", "What was said to have come of it, such as fixed or solved."),
            ("cause", "text", "Root cause", "Of a case."),
            (
                "permitted",
                "boolean",
                "Permitted",
                "Whether the customer of a case may be contacted; none: nobody asks.",
            ),
            ("contacts", "integer", "Contacts", "Attempts to contact the customer."),
            ("reached", "boolean", "Reached", "Whether the customer of a case was reached."),
            ("settled", "boolean", "Settled", "What the customer said last: whether it is settled."),
            ("raised", "integer", "Raised", "How often it went up because nobody acted in time."),
            UPDATED,
        ],
    },
    BuiltinEntity {
        id: "load",
        name: "Load",
        doc: "One landing of one file. Kepi lands it of its own log: `from: {kepi: loads}`.",
        time: Some("landed_at"),
        attributes: &[
            ID,
            ("source", "text", "Source", "What was landed."),
            ("entity", "text", "Entity", "What its rows are."),
            ("landed_at", "timestamp", "Landed at", "When it was landed, or stopped."),
            ("outcome", "text", "Outcome", "landed, or stopped by a rule."),
            ("rule", "text", "Rule", "The rule that stopped it."),
            (
                "again",
                "boolean",
                "Again",
                "Whether it replaces a load of the same file, as when a mapping changed.",
            ),
            ("read", "integer", "Rows read", "Rows in the file."),
            ("out_of_scope", "integer", "Out of scope", "Of them, those that `only` leaves out."),
            ("accepted", "integer", "Accepted", "New rows."),
            ("superseding", "integer", "Superseding", "New versions of rows that were there."),
            ("quarantined", "integer", "Quarantined", "Rejected rows."),
            ("duplicate", "integer", "Duplicate", "Rows that were there already."),
        ],
    },
];

/// From when until when rows are in force, of the built-in entities whose rows last.
const LASTS: [(&str, &str, &str); 8] = [
    ("account", "created_at", "closed_at"),
    ("subscription", "started_at", "ended_at"),
    ("ticket", "opened_at", "solved_at"),
    ("interaction", "started_at", "ended_at"),
    ("session", "started_at", "ended_at"),
    ("campaign", "started_at", "ended_at"),
    ("employee", "hired_at", "left_at"),
    ("item", "opened_at", "ended_at"),
];

/// The built-in entities as they are before any project adds to them.
pub(crate) fn entities() -> BTreeMap<EntityId, Entity> {
    ENTITIES
        .iter()
        .filter_map(|builtin| {
            let id: EntityId = builtin.id.parse().ok()?;
            let attributes = builtin.attributes.iter().filter_map(attribute).collect();
            let entity = Entity {
                id: id.clone(),
                name: builtin.name.to_owned(),
                description: builtin.doc.to_owned(),
                key: "id".parse().into_iter().collect(),
                time: builtin.time.and_then(|t| t.parse().ok()),
                attributes,
                derived: Vec::new(),
                lasts: LASTS.iter().find(|(id, ..)| *id == builtin.id).and_then(|(_, from, until)| {
                    Some(Lasts { from: from.parse().ok()?, until: until.parse().ok() })
                }),
                rows: None,
                screen: None,
                precedence: None,
            };
            Some((id, entity))
        })
        .collect()
}

fn attribute((id, type_, name, doc): &BuiltinAttribute) -> Option<Attribute> {
    let type_: Type = lexical::attribute_type(type_)?;
    Some(Attribute {
        id: id.parse().ok()?,
        name: name.trim_start_matches('*').to_owned(),
        description: Some((*doc).to_owned()),
        type_,
        scale: None,
        personal: name.starts_with('*'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_entity_is_whole() {
        let all = entities();
        assert_eq!(all.len(), ENTITIES.len());
        assert_eq!(all.values().filter(|entity| entity.lasts.is_some()).count(), LASTS.len());
        for builtin in ENTITIES {
            let entity = &all[&builtin.id.parse::<EntityId>().unwrap()];
            assert_eq!(entity.attributes.len(), builtin.attributes.len(), "{}", builtin.id);
            assert!(entity.key.iter().all(|k| entity.attribute(k).is_some()));
            assert!(entity.time.as_ref().is_none_or(|t| entity.attribute(t).is_some()), "{}", builtin.id);
            if let Some(Lasts { from, until }) = &entity.lasts {
                assert!([from].into_iter().chain(until).all(|at| entity.attribute(at).is_some()));
            }
            for attribute in &entity.attributes {
                if let Type::Reference { entity } = &attribute.type_ {
                    assert!(all.contains_key(entity), "{entity}");
                }
            }
        }
    }
}
