//! The port through which forms decide. Who may do what is said by policies before, and by the laws behind it.

use kepi_report::decided::Draft;

use crate::doors::{Answer, Visitor};

/// What a form asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// To say something of what an item proposes.
    Vote {
        /// The item.
        item: u64,
        /// What is said.
        stance: Stance,
        /// The hash of the content that was read.
        content: String,
        /// Why.
        why: Option<String>,
    },
    /// To say something of an item beside a ballot.
    Remark {
        /// The item.
        item: u64,
        /// In which way.
        saying: Saying,
        /// The hash of the content that was read.
        content: String,
        /// In which words.
        text: String,
    },
    /// To give up what one proposed.
    Withdraw {
        /// The item.
        item: u64,
    },
    /// To freeze the days of a period.
    Freeze {
        /// The period.
        period: String,
        /// In which respects.
        aspects: Vec<String>,
        /// Why.
        why: String,
    },
    /// To lift what an item froze.
    Lift {
        /// The item.
        item: u64,
        /// Why.
        why: String,
    },
    /// To say what stands in a column of a rejected row.
    Correct {
        /// The source.
        source: String,
        /// The file.
        file: String,
        /// Number of the row in it, from 1.
        row: u64,
        /// The column, and what stands in it; none: nothing. Without a column what was said before is taken back.
        cell: Option<(String, Option<String>)>,
        /// Why.
        why: String,
    },
    /// To write a definition anew.
    Change {
        /// Kind and name: `kpi/nps`.
        id: String,
        /// The first day of the wording; none: it is the one from ever.
        from: Option<String>,
        /// How.
        edit: Edit,
        /// The open item that is written anew by that; none: another is opened.
        item: Option<u64>,
        /// Why; none: only to look at what would come of it.
        why: Option<String>,
    },
    /// To do something about an item that is with who asks, or with somebody below.
    Act {
        /// The item.
        item: u64,
        /// What.
        deed: Deed,
    },
    /// To take back what was entered by an item.
    TakeBack {
        /// The item.
        item: u64,
        /// Why.
        why: String,
    },
    /// To file what is done about an alert.
    Plan {
        /// The alert.
        item: u64,
        /// The plan.
        plan: NewPlan,
    },
    /// To say that a published figure is not right.
    Dispute {
        /// The KPI.
        kpi: String,
        /// The period.
        period: String,
        /// The unit; none: of all rows.
        unit: Option<String>,
        /// Why.
        why: String,
    },
    /// To say why a published figure is as it is.
    Comment {
        /// The KPI.
        kpi: String,
        /// The period.
        period: String,
        /// The unit; none: of all rows.
        unit: Option<String>,
        /// What happened, why, what is done, what is to be expected, and what is not sure of that.
        parts: [String; 5],
    },
    /// To enter a figure that no source has.
    Enter {
        /// The KPI.
        kpi: String,
        /// The period.
        period: String,
        /// What it is of; empty: the whole.
        part: String,
        /// The figure as it was typed.
        value: String,
        /// What it rests on.
        evidence: String,
        /// Why.
        why: String,
    },
    /// To say what gets in the way of customers.
    PainPoint {
        /// The KPI that suffers.
        kpi: String,
        /// The unit; none: everywhere.
        unit: Option<String>,
        /// What it is.
        text: String,
    },
    /// To write what was learnt from an effect that did not come.
    Learn {
        /// The item.
        item: u64,
        /// Why it did not come.
        findings: String,
        /// What follows.
        follows: String,
    },
    /// To close a period.
    Close {
        /// The period.
        period: String,
        /// Why.
        why: String,
    },
}

/// What somebody does about an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Has seen it.
    Acknowledge,
    /// Gives it to somebody, by id.
    Assign(String),
    /// Says that it is not hers, and why.
    Refuse(String),
    /// Wants to see it again after so many hours, and why.
    Snooze(u16, String),
    /// Ends it without doing anything, and why.
    Dismiss(String),
    /// Is done with it: what came of it, and in words.
    Finish(String, Option<String>),
    /// Is done with this step of a playbook, the first is 1: what came of it, and in words.
    FinishStep(u16, String, Option<String>),
    /// Is done with a case: what came of it, the root cause, and in words.
    Close(String, String, Option<String>),
    /// Has tried to contact the customer: by which way, whether she was reached, and what was said.
    Contact(String, bool, Option<String>),
    /// Has heard of the customer whether it is settled, and what she said.
    Answer(bool, Option<String>),
    /// Says who was there when a review was held, by ids.
    Attend(Vec<String>),
    /// Decides on a point of a review.
    Decide {
        /// The point, the first is 1.
        point: u16,
        /// `accept`, `task`, `plan`, `change` or `defer`.
        decision: String,
        /// Why, or what is to be done.
        why: String,
        /// Who does that, and until when.
        follows: Option<(String, String)>,
    },
}

/// A plan as somebody files it, its days, numbers and periods as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPlan {
    /// Why it happened.
    pub cause: String,
    /// How that was found: `five_whys`.
    pub method: String,
    /// What shows it.
    pub evidence: String,
    /// Who does what until which day: person, day, what.
    pub actions: Vec<(String, String, String)>,
    /// By how much the KPI is to differ, as it is shown.
    pub change: String,
    /// The period in which that is measured.
    pub period: String,
}

/// How a definition is written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// As a whole.
    Text(String),
    /// At places, such as `targets/0/target`.
    Values(Vec<(String, String)>),
}

/// In which way something is said of an item beside a ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    /// A word on it.
    Comment,
    /// It is not to take effect before this is resolved.
    Objection,
    /// What became of an objection, by its number.
    Resolution(u16),
}

/// What is said of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stance {
    /// Agrees.
    Yes,
    /// Does not.
    No,
    /// Neither.
    Abstain,
}

/// Why nothing came of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDone {
    /// What is wrong with it, each in a sentence that says what to do.
    Refused(Vec<String>),
    /// It was only looked at, or has errors.
    Draft(Draft),
    /// It cannot be done now; why, in words.
    Unavailable(String),
}

/// Does what forms ask for.
pub trait Desk: Send + Sync {
    /// Does what a visitor asks for, once however often it is sent under the key: the item that it is about, if it is about one.
    fn act<'a>(
        &'a self,
        visitor: &'a Visitor,
        wish: Wish,
        key: &'a str,
    ) -> Answer<'a, Result<Option<u64>, NotDone>>;
}
