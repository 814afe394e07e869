//! What calls for somebody to act, and how soon.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::{
    bound::Bound,
    derived::Made,
    expression::Expression,
    id::{AlertId, CauseId, ChannelId, EntityId, KpiId, LadderId, LoopId, PersonId, PlaybookId, UnitId},
    secret::{Secret, Setting},
    word::words,
};

words! {
    /// What is seen of a figure.
    pub enum Signal {
        /// It changed for the worse, beyond what is usual.
        Beyond = "beyond",
        /// It is red, for several periods.
        Red = "red",
        /// A guardrail that says how far it may go is broken.
        Guardrail = "guardrail",
        /// It is beyond a bound that the alert says itself, for several periods.
        Bound = "bound",
        /// It is worse than the forecast that its own course allowed a period before.
        Forecast = "forecast",
        /// Its newest data are overdue.
        Stale = "stale",
        /// Of a month that is over, data that it is made of came in time less often than was agreed.
        Unkept = "unkept",
        /// Its last period is over, and nobody has entered it yet.
        Owed = "owed",
        /// What it is believed to move does not follow it, or no longer: asked at the end of each quarter.
        Validity = "validity",
    }

    /// How soon somebody has to act.
    #[derive(Default)]
    pub enum Severity {
        /// Within 40 business hours.
        Low = "low",
        /// Within 8 business hours.
        #[default]
        Normal = "normal",
        /// Within 4 business hours.
        High = "high",
    }
}

words! {
    /// When a line to a server of e-mail is encrypted.
    #[derive(Default)]
    pub enum Encryption {
        /// After a greeting.
        #[default]
        Starttls = "starttls",
        /// From the first byte.
        Tls = "tls",
        /// Never.
        None = "none",
    }
}

/// Where messages leave to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub id: ChannelId,
    /// Where to.
    pub to: Way,
    /// The address of the pages, without a slash at its end.
    pub link: Option<String>,
    /// When people are left in peace: minutes of the day at which that begins and ends.
    pub quiet: Option<(u16, u16)>,
    /// How many messages a day come by themselves.
    pub budget: u64,
    /// The minute of the day at which the rest comes together.
    pub digest: u16,
}

/// By which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// To each person.
    Email {
        /// Name of the server.
        server: Setting,
        /// Its port.
        port: u16,
        /// When the line is encrypted.
        encryption: Encryption,
        /// Who sends, and the password.
        login: Option<(Setting, Secret)>,
        /// From which address.
        from: String,
        /// Whether the server may be within the own network.
        private: bool,
    },
    /// To a program.
    Webhook {
        /// Where it listens.
        address: Setting,
        /// What it knows the signature by.
        secret: Secret,
        /// Whether it may be within the own network.
        private: bool,
    },
    /// To a room of a chat.
    Chat {
        /// The address of its incoming webhook.
        address: Secret,
        /// Whether it may be within the own network.
        private: bool,
    },
}

impl Way {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Email { .. } => "email",
            Self::Webhook { .. } => "webhook",
            Self::Chat { .. } => "chat",
        }
    }

    /// Whether people read it, who are left in peace at night and get so many messages a day.
    pub fn is_read(&self) -> bool {
        !matches!(self, Self::Webhook { .. })
    }
}

/// When somebody is asked to act on a KPI.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its name.
    pub id: AlertId,
    /// Shown name.
    pub name: String,
    /// Signals, each of which suffices.
    pub on: BTreeSet<Signal>,
    /// KPIs; empty: those of all scorecards.
    pub kpis: BTreeSet<KpiId>,
    /// Whether units are looked at one by one, beside all rows.
    pub by_unit: bool,
    /// What KPIs may be, by this alert alone.
    pub bounds: BTreeMap<KpiId, Bound>,
    /// So many alerts somebody has at once; none: as many as come.
    pub capacity: Option<u16>,
    /// What acting on a KPI is worth, in points of a scorecard, where no target says what it costs.
    pub worth: BTreeMap<KpiId, u16>,
    /// For so many periods in a row it has to be red, or beyond its bound.
    pub persistence: u16,
    /// After so many periods in a row without a signal it is over.
    pub clear: u16,
    /// How soon somebody has to act.
    pub severity: Severity,
    /// Whose turn it is then; none: that of its severity, or whoever is above.
    pub ladder: Option<LadderId>,
}

/// Who is told if nobody acts in time, rung by rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// Its name.
    pub id: LadderId,
    /// Shown name.
    pub name: String,
    /// All alerts of this severity that name no other go by it.
    pub severity: Option<Severity>,
    /// One after the other.
    pub rungs: Vec<Rung>,
}

/// Who is told next where nobody acted in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Who; none: whoever is above.
    pub to: Option<PersonId>,
    /// In so many business hours she acts.
    pub hours: u16,
    /// It is hers as well once the signal was there for so many periods.
    pub lasts: Option<u16>,
}

/// Which rows behind a KPI somebody follows up, one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedLoop {
    /// Its name.
    pub id: LoopId,
    /// Shown name.
    pub name: String,
    /// The KPI whose rows they are.
    pub kpi: KpiId,
    /// The entity whose rows they are: that of the KPI's measure, or of what stands above its line.
    pub of: EntityId,
    /// Which of them.
    pub when: Expression,
    /// Only rows of this day or later.
    pub since: Date,
    /// Whether the customer may be contacted; none: nobody asks.
    pub permission: Option<Expression>,
    /// In so many business hours a case is closed.
    pub hours: u16,
    /// For so many days a customer who was reached can say otherwise.
    pub confirm: u16,
    /// So many cases are opened by one run.
    pub at_most: u16,
    /// How a customer is asked once more.
    pub again: Option<AskedAgain>,
    /// So many of a hundred are only watched.
    pub hold_out: u8,
    /// Draws other ones.
    pub seed: u32,
    /// So many days after it began it is looked whether it helped.
    pub after: u16,
    /// Whether it is as it should be, of the row later; none: nothing says that, and nothing is held out.
    pub success: Option<Expression>,
    /// Whose turn it is if nobody acts in time; none: whoever is above.
    pub ladder: Option<LadderId>,
    /// The root causes, each in words.
    pub causes: BTreeMap<CauseId, String>,
    /// What has to be made of landed rows for its conditions, each after what it needs.
    pub made: Vec<Made>,
}

/// What stands for the case in a link.
pub const CASE: &str = "{case}";

/// How a customer is asked once more after her case was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAgain {
    /// Where she is asked, with `{case}` in the place of the case.
    pub link: Option<String>,
    /// Which case an answer is of: a text of each row.
    pub case: Expression,
    /// Whether it is settled.
    pub settled: Expression,
}

/// What is done wherever something is so.
#[derive(Debug, Clone, PartialEq)]
pub struct Playbook {
    /// Its name.
    pub id: PlaybookId,
    /// Shown name.
    pub name: String,
    /// The KPI whose rows or state start it.
    pub kpi: KpiId,
    /// What starts it.
    pub trigger: Trigger,
    /// For so many days the same row or unit starts it once.
    pub cool_down: u16,
    /// So many runs are open at once in each unit.
    pub capacity: u16,
    /// So many of a hundred are only watched.
    pub hold_out: u8,
    /// Draws other ones.
    pub seed: u32,
    /// What is done.
    pub steps: Vec<PlaybookStep>,
    /// So many days after it was started it is looked whether it helped.
    pub after: u16,
    /// Whose turn it is if nobody acts in time; none: whoever is above.
    pub ladder: Option<LadderId>,
    /// What is otherwise in units and below them.
    pub units: BTreeMap<UnitId, PlaybookVariant>,
}

/// What starts a playbook.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a project has a handful of playbooks")]
pub enum Trigger {
    /// Rows behind its KPI.
    Rows {
        /// The entity whose rows they are.
        of: EntityId,
        /// Which of them.
        when: Expression,
        /// Only those of them.
        eligible: Option<Expression>,
        /// What says of a row whom it is about, for whom it is started once; none: each row by itself.
        each: Option<Expression>,
        /// What doing it is worth, of a row; none: nothing says that.
        benefit: Option<Expression>,
        /// Whether it helped, of the row later, of several about the same the newest; none: nothing says that.
        success: Option<Expression>,
        /// Only rows of this day or later.
        since: Date,
        /// What has to be made of landed rows for these, each after what it needs.
        made: Vec<Made>,
    },
    /// A state of the KPI, unit by unit: it helped if that is gone.
    State(BTreeSet<Signal>),
}

/// A step of a playbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybookStep {
    /// What is done.
    pub text: String,
    /// In so many business hours.
    pub hours: u16,
    /// Who does it; none: whoever answers for the KPI.
    pub by: Option<PersonId>,
}

/// What is otherwise in a unit and below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaybookVariant {
    /// So many runs are open there at once.
    pub capacity: Option<u16>,
    /// What is done there; empty: as everywhere.
    pub steps: Vec<PlaybookStep>,
}

impl Signal {
    /// Its word.
    pub fn word(self) -> &'static str {
        crate::word::Word::word(self)
    }

    /// Whether it is about a day or a month, whatever the periods of its KPI are, and over as soon as what is missing came.
    pub fn is_of_days(self) -> bool {
        matches!(self, Self::Stale | Self::Unkept | Self::Owed)
    }

    /// What it says of a KPI: it is …
    pub fn says(self) -> &'static str {
        match self {
            Self::Beyond => "worse than usual",
            Self::Red => "red",
            Self::Guardrail => "beyond what was agreed on",
            Self::Bound => "beyond its bound",
            Self::Forecast => "worse than forecast",
            Self::Stale => "without the data that are due",
            Self::Unkept => "made of data that come less often in time than was agreed",
            Self::Owed => "to be entered",
            Self::Validity => "no sign, or no longer, of what it is believed to move",
        }
    }
}

impl Severity {
    /// Its word.
    pub fn word(self) -> &'static str {
        crate::word::Word::word(self)
    }

    /// Business hours within which somebody acts, and after which it is somebody else's turn.
    pub fn hours(self) -> u16 {
        match self {
            Self::Low => 40,
            Self::Normal => 8,
            Self::High => 4,
        }
    }
}
