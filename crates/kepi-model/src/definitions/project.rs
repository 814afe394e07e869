//! The project itself, persons and units.

use jiff::civil::Date;

use crate::{
    calendar::{Begins, Pattern},
    decode::{
        AmountText, Either, Lag, List, Map, Name, PemFile, PersonOrRole, Share, Whole, Zone, choices, table,
    },
    engine::{Address, SharedFiles},
    id::{BusinessHoursId, LevelId, PersonId, ProjectId, PurposeId, UnitId},
    word::words,
};

words! {
    /// Days of the week.
    pub(crate) enum Weekday {
        Monday = "monday",
        Tuesday = "tuesday",
        Wednesday = "wednesday",
        Thursday = "thursday",
        Friday = "friday",
        Saturday = "saturday",
        Sunday = "sunday",
    }

    /// Months of the year.
    pub(crate) enum Month {
        January = "january",
        February = "february",
        March = "march",
        April = "april",
        May = "may",
        June = "june",
        July = "july",
        August = "august",
        September = "september",
        October = "october",
        November = "november",
        December = "december",
    }
}

words! {
    /// Of what the months of a fiscal year are made.
    pub(crate) enum WholeWeeks {
        FourFourFive = "4-4-5",
        FourFiveFour = "4-5-4",
        FiveFourFour = "5-4-4",
        None = "none",
    }
}
choices!(Weekday, Month, WholeWeeks, Begins);

impl WholeWeeks {
    /// The weeks of the months of a quarter; none: they are calendar months.
    pub(crate) fn pattern(self) -> Option<Pattern> {
        match self {
            Self::FourFourFive => Some(Pattern::FourFourFive),
            Self::FourFiveFour => Some(Pattern::FourFiveFour),
            Self::FiveFourFour => Some(Pattern::FiveFourFour),
            Self::None => None,
        }
    }
}

table! {
    Attention = "attention", "How often something may be called out although nothing is going on, and what goes first.";
    false_call_outs: Share, default "10%", "Where nothing is going on, at most this share of months shows anything; else at most this share of what is called out is false. From 0.1 % to 50 %.", "5%";
    scorecards: Whole<1, 1000>, default "20", "What a KPI on a scorecard counts beside one that is on none and has no target.", "20";
    targets: Whole<1, 1000>, default "5", "What a KPI with a target counts that is on no scorecard.", "5";
}

table! {
    Balance = "balance", "What a scorecard is held against when it is asked whether it is balanced, and how fast the business goes.";
    cycle: Lag, default "1 year", "How long it takes until what is done for customers shows in money.", "2 quarters";
    decides: Lag, default "1 month", "How long it takes to decide something and to get it done.", "2 weeks";
    either: Share, default "20%", "Of KPIs that say whether they lead or lag, at least this share leads and at least this share lags.", "30%";
    judged: Share, default "10%",
        "Of all KPIs at least this share is qualitative, what people judge on a scale, and at least this share is quantitative: counted, timed or paid.", "20%";
    heaviest: Share, default "60%", "At most this weight lies on one perspective.", "50%";
    per_objective: Whole<1, 100>, default "5", "At most so many KPIs serve one objective.", "4";
    per_person: Whole<1, 100>, default "7", "At most so many KPIs one person answers for.", "5";
    per_scorecard: Whole<1, 1000>, default "30", "At most so many KPIs stand on one scorecard.", "25";
}

table! {
    QuickWins = "quick_wins", "Which initiatives are quick wins.";
    within: Whole<1, 3_650>, default "90", "So many days after it began all that was expected of it has come.", "60";
    budget: AmountText, optional, "Its budget is no larger; without it, any budget that was kept to.", "20000 EUR";
}

table! {
    FiscalCalendar = "calendar", "A fiscal year of whole weeks: 52, or 53, the last of which belongs to its last month.";
    weeks: WholeWeeks, required, "How many weeks the three months of a quarter have; `none`: they are calendar months.", "4-4-5";
    begins: Begins, default "nearest", "With which week a year begins: the one whose first day is `nearest` to the first of `fiscal_year_start`, or the `last` that begins on or before it.", "last";
}

table! {
    CertificateFiles = "certificates", "Files in PEM by which both ends of each connection know each other. Paths that do not begin with `/` begin in the project's folder.";
    authority: PemFile, required, "The certificate of the cluster's authority.", "/etc/kepi/authority.pem";
    own: PemFile, required, "The certificate of whoever runs, by that authority.", "/etc/kepi/own.pem";
    own_key "key": PemFile, required, "Its key: a path, never the key itself.", "/etc/kepi/own.key";
}

table! {
    Cluster = "engine", "A cluster that computes scans.";
    scheduler: Address, required, "Its scheduler; the port is 50050 unless it is said.", "ballista://10.0.0.5:50050";
    partitions: Whole<1, 4096>, default "16", "Parts into which a scan is cut: some more than the workers have threads.", "64";
    shared_files: SharedFiles, optional,
        "A bucket for data files, where workers do not see those of the run. Its endpoint and keys stand in the environment (`AWS_…`).", "s3://our-kpis/interactions";
    certificates: CertificateFiles, optional,
        "Files by which both ends know each other; default what `KEPI_TLS_AUTHORITY`, `KEPI_TLS_CERTIFICATE` and `KEPI_TLS_KEY` name, else nothing is encrypted.",
        "{authority: /etc/kepi/authority.pem, own: /etc/kepi/own.pem, key: /etc/kepi/own.key}";
}

/// A scheduler, or that with what goes with it.
pub(crate) type Engine = Either<Address, Cluster>;

table! {
    Project = "project",
    "What the whole project shares: its reporting zone, its calendar and what data may be used for. Exactly one.";
    project: Name<ProjectId>, required, "The project's name.", "airport";
    name: String, required, "The name shown to people.", "Airport passenger experience";
    description: String, optional;
    language: Whole<1, 1>, required, "Version of the definition language.", "1";
    time_zone: Zone, required, "The reporting zone: decides days and periods.", "America/Los_Angeles";
    week_start: Weekday, default "monday", "The first day of a week.", "monday";
    fiscal_year_start: Month, default "january", "The month in which the fiscal year starts.", "january";
    calendar: FiscalCalendar, optional, "Months, quarters and years of whole weeks; without it, of calendar months.", "{weeks: 4-4-5}";
    confidence: Share, default "95%", "Confidence level of every interval, between 50 % and 100 %.", "95%";
    attention: Attention, optional, "How often something may be called out although nothing is going on.", "{false_call_outs: 5%}";
    balance: Balance, optional, "What a scorecard is held against when it is asked whether it is balanced.", "{cycle: 2 quarters, per_person: 5}";
    quick_wins: QuickWins, optional, "Which initiatives are quick wins.", "{within: 60, budget: 20000 EUR}";
    last_resort: PersonId, optional, "Who gets what nobody else can take; default an owner of the governance, else the manager of the unit above all.", "chief_of_staff";
    engine: Engine, optional,
        "Where `kepi run` computes scans: a cluster, by its scheduler; default where it is started. Figures are the same. `--engine` wins over it.", "ballista://10.0.0.5:50050";
    purposes: Map<Name<PurposeId>, String>, optional, "What data may be used for, each in words.", "{research: …}";
}

table! {
    Absence = "absence", "Days on which somebody is away.";
    from: Date, required, "The first day.", "2026-07-06";
    until: Date, required, "The first day back.", "2026-07-27";
}

table! {
    ReportingLine = "reporting_line", "To whom somebody reports, for a time.";
    to: PersonId, required, "To whom.", "vp_customer";
    from: Date, optional, "The first day; default from ever.", "2026-01-01";
    until: Date, optional, "The first day on which it is no more; default for good.", "2026-07-01";
}

/// One line for good, or several, each with its days.
pub(crate) type ReportingLines = Either<PersonId, List<ReportingLine>>;

table! {
    Person = "person", "Someone who answers for something.";
    person: Name<PersonId>, required, "The person's name in definitions.", "terminal_lead";
    name: String, required, "The name shown to people.", "Maria Ortiz";
    role: String, optional, "What the person does.", "Terminal Services";
    email: String, optional, "Address.", "maria@example.org";
    subject: String, optional, "What a provider by which people sign in calls the person (`sub`).", "248289761001";
    reports_to: ReportingLines, optional, "The superior: gets what is not done in time. Where that changes, each with its days.", "[{to: vp_customer, until: 2026-07-01}, {to: coo, from: 2026-07-01}]";
    dotted_to: ReportingLines, optional, "To whom she reports in another matter: is asked first when she says that something is not hers.", "product_lead";
    substitute: PersonId, optional, "Who acts for her while she is away.", "deputy";
    away: List<Absence>, optional, "When she is away.", "[{from: 2026-07-06, until: 2026-07-27}]";
}

table! {
    Role = "role", "What somebody is in a unit, whoever that is: definitions name the role, the seats of units say who holds it, and from when.";
    role: Name<PersonId>, required, "The role's name in definitions; no person has it.", "service_lead";
    name: String, required, "The name shown to people.", "Head of service";
}

table! {
    Unit = "unit", "An organisational unit. Units form one tree with one root.";
    unit: Name<UnitId>, required, "The unit's name in definitions.", "boarding_area_a";
    name: String, required, "The name shown to people.", "Boarding Area A";
    level: Name<LevelId>, optional, "Its level in the tree; the root may have none.", "boarding_area";
    from: Date, optional,
        "First day it holds. The same unit may stand several times, each from another day; default from ever.",
        "2026-01-01";
    parent: UnitId, optional, "The unit above; none for the root.", "sfo";
    also_below: List<UnitId>, optional,
        "Units of another line that it stands below, too, as in a matrix of regions and products.", "[cloud]";
    member: String, optional, "The segment member it stands for; default its name.", "A";
    manager: PersonId, optional, "Who manages it.", "terminal_lead";
    seats: Map<PersonOrRole, PersonId>, optional, "Who holds a role in this unit, and below it, or answers there for what somebody is accountable for elsewhere.", "{vp_customer: head_of_service_emea}";
    business_hours: BusinessHoursId, optional, "When work is done here; default those of the unit above, at last Monday to Friday from nine to five.", "support_desk";
}
