//! Entities and their attributes: landed, computed and gathered ones, and entities whose rows are made.

use crate::{
    calendar::Grain,
    decode::{
        At, AttributeType, Decode, Decoder, ExpressionText, Lag, List, Map, Micros, Name, PathText, Placed,
        Same, Scale, Share, Whole, table,
    },
    definitions::source::Rule,
    entity::screening::Then,
    id::{AttributeId, DimensionId, EntityId, RuleId, SourceId},
    table::Kind,
    word::words,
    yaml::{Value, Yaml},
};

table! {
    Attribute = "attribute",
    "An attribute of an entity: landed (`type`), computed (`expression`), or gathered from rows of another entity (`count` and so on).";
    type_ "type": AttributeType, optional, "What it holds, if it is landed.", "number, 2 decimals";
    name: String, optional;
    description: String, optional;
    values: List<String>, optional, "The members of an `enum`.", "[web, phone]";
    scale: Scale, optional, "Lowest and highest answer; integers only.", "1..5";
    personal: bool, default "false", "Whether it is personal data.", "true";
    precedence: List<SourceId>, optional,
        "Whom this attribute believes first, where the entity says `precedence`; the others follow in its order.", "[billing]";
    newest: AttributeId, optional,
        "In place of that: the source whose row has the latest value of this attribute.", "updated_at";
    expression: ExpressionText, optional,
        "Computed from others of the row; it stands for this wherever it is read.", "closing - opening";
    count: PathText, optional, "How many rows of another entity belong to this one.", "order";
    any: PathText, optional, "Whether there is one.", "order";
    sum: PathText, optional, "The sum of a value of them.", "order.amount";
    least: PathText, optional, "The least value.", "order.amount";
    greatest: PathText, optional, "The greatest value.", "order.amount";
    first: PathText, optional, "The value of the first of them.", "order.ordered_at";
    last: PathText, optional, "The value of the last of them.", "order.ordered_at";
    distinct: PathText, optional, "How many different values.", "event.name";
    days: PathText, optional, "On how many calendar days there is one.", "event";
    value: ExpressionText, optional, "The value, over their row, in place of `.ATTRIBUTE`.", "quantity * price";
    filter "where": ExpressionText, optional, "Only rows for which this is true, over their row.", "plan != 'trial'";
    same: Same, optional,
        "What ties them to this row: attributes of both, or a map from one of this row to one of theirs; default their only reference to this entity.",
        "{account: referred_by}";
    from: ExpressionText, optional, "Only rows dated from here on: a date of this row, or one ± a length.", "created_at";
    after: ExpressionText, optional, "Only rows dated later than this.", "solved_at";
    until: ExpressionText, optional, "Only rows dated before this.", "due_on + 30 days";
    within: Micros, optional,
        "So long from the one bound that is given, forwards, or backwards from `until`; the far end is in.", "7 days";
    in_force: ExpressionText, optional,
        "In place of a stretch: rows that are in force as this instant comes.", "period_end";
    dated: AttributeId, optional, "The attribute that dates their rows; default their entity's `time`.", "signed_at";
    as_of: ExpressionText, optional,
        "Which versions of what they refer to count: default those of their date; a date of this row, or `now`.", "period_start";
    ago: Whole<1, 1000>, optional, "Panels: the stretch or instant so many periods earlier.", "1";
}

table! {
    Lasts = "lasts", "From when until when a row is in force.";
    from: AttributeId, required, "The attribute that says since when.", "started_at";
    until: AttributeId, optional, "The attribute that says until before when; without a value there is no end yet.", "ended_at";
}

words! {
    /// How long the periods of a panel are.
    pub(crate) enum Every {
        /// As long as those of the KPI that reads it.
        Period = "period",
        Day = "day",
        Week = "week",
        Month = "month",
        Quarter = "quarter",
        HalfYear = "half_year",
        Year = "year",
    }
}

impl Every {
    /// The length; none: that of the KPI.
    pub(crate) fn grain(self) -> Option<Grain> {
        match self {
            Self::Period => None,
            Self::Day => Some(Grain::Day),
            Self::Week => Some(Grain::Week),
            Self::Month => Some(Grain::Month),
            Self::Quarter => Some(Grain::Quarter),
            Self::HalfYear => Some(Grain::HalfYear),
            Self::Year => Some(Grain::Year),
        }
    }
}

table! {
    Moment = "moment", "Rows that move somebody from one stage to another.";
    of: EntityId, required, "The entity whose rows they are.", "order";
    filter "where": ExpressionText, optional, "Only rows for which this is true.", "name = 'trial'";
    at: AttributeId, optional, "When; default their entity's `time`.", "ended_at";
    same: AttributeId, optional, "Their attribute that says whom; default their only reference to the entity.", "referred_by";
}

table! {
    Stage = "stage", "A stage: what leads into it, and out of it.";
    enter: Moments, required, "What leads into it: an entity, `{of, where, at, same}`, or a list of them.", "order";
    exit: Moments, optional, "What leads out of it, to no stage.", "{of: subscription, at: ended_at}";
    follows: List<String>, optional,
        "From which stages an entry counts; `nothing` is none. Default: from none, and from the stages before it.", "[nothing, trial]";
}

table! {
    Part = "part_of_union", "Rows of one entity among those of several.";
    of: EntityId, required, "The entity whose rows they are.", "order";
    filter "where": ExpressionText, optional, "Only rows for which this is true.", "status != 'test'";
    at: AttributeId, optional, "What dates them; default their entity's `time`.", "ordered_at";
    set: Map<Name<AttributeId>, ExpressionText>, optional,
        "Attributes that are something else than their own of that name.", "{channel: \"'shop'\"}";
}

/// Somebody's entity, or more of it.
#[derive(Debug, Clone)]
pub(crate) enum Named<T> {
    /// By its name alone.
    Entity(EntityId),
    /// With what else is said of it.
    More(T),
}

impl<T: Decode> Decode for Named<T> {
    const KIND: Kind = Kind::Either(&[EntityId::KIND, T::KIND]);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match &yaml.value {
            Value::Map(_) => T::decode(yaml, at, decoder).map(Self::More),
            _ => EntityId::decode(yaml, at, decoder).map(Self::Entity),
        }
    }
}

/// One of them, or a list.
#[derive(Debug, Clone)]
pub(crate) struct Moments(pub(crate) List<Named<Moment>>);

impl Decode for Moments {
    const KIND: Kind = Kind::Either(&[EntityId::KIND, Moment::KIND, Kind::List(&Named::<Moment>::KIND)]);
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match &yaml.value {
            Value::List(_) => List::decode(yaml, at, decoder).map(Self),
            _ => Named::decode(yaml, at, decoder).map(|value| Self(vec![Placed { span: yaml.span, value }])),
        }
    }
}

table! {
    Rows = "rows", "How the rows of an entity are made: a panel (`every`, `of`), stages (`of`, `stages`), rows of several entities (`union`), or all versions of one (`versions`).";
    every: Every, optional, "A panel: how long a period is; `period`: as long as those of the KPI that reads it.", "month";
    of: EntityId, optional, "The entity of which there is a row in each period, or that goes through the stages.", "account";
    from: AttributeId, optional, "A panel: when its rows begin; default where the entity begins to last.", "first_order_at";
    until: AttributeId, optional, "A panel: when they end; default where it ends to last; `now`: they do not.", "now";
    filter "where": ExpressionText, optional, "A panel: only those for which this is true.", "parent is null";
    keep: ExpressionText, optional, "A panel: only finished rows for which this is true.", "events > 0";
    over: Lag, optional, "A panel: each row's stretch of time reaches back so far from the end of its period.", "12 months";
    stages: Map<Name<DimensionId>, Stage>, optional, "Stages in order, by name.", "{trial: {enter: session}, customer: {enter: order}}";
    union: List<Named<Part>>, optional, "Entities whose rows are taken together.", "[session, order]";
    versions: EntityId, optional, "The entity of which every landed version is a row.", "ticket";
}

table! {
    StraightLining = "straight_lining", "The same answer to one question after the other.";
    items: List<AttributeId>, required,
        "The questions, in the order in which they are asked; best some of them turned round.", "[q1, q2, q3, q4]";
    run: Whole<2, 1000>, optional, "So many equal answers in a row; default all of them.", "5";
    then: Then, default "review", "What becomes of such an answer.", "review";
}

table! {
    Speeding = "speeding", "Faster than anybody reads.";
    took: ExpressionText, required, "How long answering took: a duration.", "responded_at - started_at";
    below: Share, default "33%", "Of the median time of the instrument: whoever is faster is flagged.", "33%";
    after: Whole<20, 100000>, default "200",
        "Of so many first answers to an instrument the median is taken; from then on the cut-off is frozen.", "200";
    at_least: Micros, optional, "Whoever is faster is flagged, whatever the median is.", "45 seconds";
    then: Then, default "review", "What becomes of such an answer.", "review";
}

table! {
    Duplicates = "duplicates", "The second answer of one person to one thing.";
    same: List<AttributeId>, required, "What such answers have in common; an answer that lacks any of it is none.", "[invitation]";
    within: Micros, optional, "So long after the one before; default however long.", "2 days";
    then: Then, default "review", "What becomes of all but the first.", "exclude";
}

table! {
    ScreenFlag = "screen_flag", "A sign of a row of its own: a honeypot that was filled in, a test address, an answer out of time.";
    filter "where": ExpressionText, required, "Rows for which this is true are flagged.", "email like '%@acme.example'";
    then: Then, default "review", "What becomes of such an answer.", "exclude";
}

table! {
    Screen = "screen", "Which rows are doubtful answers, and what becomes of them in KPIs.";
    instrument: AttributeId, optional,
        "The attribute that says which version of the questionnaire was answered: each has cut-offs of its own.", "questionnaire";
    straight_lining: StraightLining, optional, "The same answer to one question after the other.", "{items: [q1, q2, q3, q4]}";
    speeding: Speeding, optional, "Faster than anybody reads.", "{took: responded_at - started_at}";
    duplicates: Duplicates, optional, "The second answer of one person to one thing.", "{same: [invitation], then: exclude}";
    flags: Map<Name<RuleId>, ScreenFlag>, optional, "Further signs, by name.",
        "{internal: {where: \"email like '%@acme.example'\", then: exclude}}";
}

table! {
    Entity = "entity", "Adds attributes to a built-in entity, or declares a new one.";
    entity: Name<EntityId>, required, "A built-in entity, or a new name.", "survey_response";
    name: String, optional;
    description: String, optional;
    key_ "key": List<AttributeId>, optional,
        "The attributes that identify a row; required for a new entity whose rows are landed.", "[id]";
    time: AttributeId, optional, "The attribute that dates a row by default.", "visited_at";
    lasts: Lasts, optional, "From when until when a row is in force.", "{from: started_at, until: ended_at}";
    rows: Rows, optional, "How its rows are made; default they are landed.", "{every: month, of: account}";
    precedence: List<SourceId>, optional,
        "All sources of the entity, where several know the same rows: of each attribute the first that has a value says it.",
        "[crm, billing]";
    apart: List<AttributeId>, optional,
        "Attributes whose values are never put together in one score, such as which survey was answered: each KPI of answers picks one.",
        "[survey]";
    rules: List<Rule>, optional,
        "Validation rules that hold for the rows of every source, whoever delivers them: a source adds to them, and takes none away.",
        "[{name: not_below_zero, require: amount >= 0, else: quarantine}]";
    screen: Screen, optional, "Of answers to surveys: which are doubtful, and what becomes of them.",
        "{speeding: {took: responded_at - started_at}}";
    attributes: Map<Name<AttributeId>, Attribute>, optional, "Attributes by name.", "{terminal: {type: text}}";
}
