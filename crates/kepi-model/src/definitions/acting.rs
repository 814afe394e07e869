//! When somebody is asked to act.

use jiff::civil::Date;

use crate::{
    acting::{Encryption, Severity, Signal},
    decode::{ExpressionText, List, Map, Name, Whole, choices, table},
    definitions::{Bound, SecretText, Setting},
    id::{
        AlertId, AttributeId, CauseId, ChannelId, FeedbackId, FeedbackThemeId, KpiId, LadderId, LoopId,
        PersonId, PlaybookId, UnitId,
    },
};

choices!(Signal, Severity, Encryption);

table! {
    Alert = "alert", "When somebody is asked to act on a KPI. Without one, nobody is.";
    alert: Name<AlertId>, required, "The name in definitions.", "attention";
    name: String, required, "The name shown to people.", "What needs somebody";
    on: List<Signal>, default "[beyond, red]", "Signals, each of which suffices: `beyond` is a change for the worse beyond what is usual, `red` a KPI that is red for `persistence` periods, `guardrail` that a guardrail is broken that says how far it may go, `bound` that it is beyond what `bounds` say for `persistence` periods, `forecast` that it is worse than what its own course let expect a period before, `stale` that a delivery is overdue that it is computed of, or its figures came later than promised (`expect` of the source), `unkept` that of a month that is over a delivery that it is computed of came less often in time than was agreed (`kept_at_least` of the source), in the unit that delivers it, `owed` that its last period is over and people have not entered it yet, before it is due, `validity` that what it is believed to move does not follow it, or no longer, at the end of a quarter.", "[red]";
    kpis: List<KpiId>, optional, "KPIs; default those of all scorecards.", "[renewals, nps]";
    by_unit: bool, default "false", "Whether units are looked at one by one, beside all rows.", "true";
    bounds: Map<KpiId, Bound>, optional, "What KPIs may be by this alert alone, for `bound`.", "{nps: {at_least: 30}}";
    capacity: Whole<1, 1_000>, optional, "So many alerts somebody has at once. While she has more, only those are raised that cost her scorecard the most, of a unit by its share of the rows; the others wait for room. Severity `high` always comes.", "5";
    worth: Map<KpiId, Whole<0, 100>>, optional, "What acting on a KPI is worth, in points of a scorecard, where that does not follow from a target: by that it takes its place among those that cost points.", "{complaints: 5}";
    persistence: Whole<1, 24>, default "2", "For so many periods in a row it has to be red, or beyond its bound.", "3";
    clear: Whole<1, 24>, default "2", "After so many periods in a row without a signal it is over.", "3";
    severity: Severity, default "normal", "How soon somebody has to act, in business hours: `high` 4, `normal` 8, `low` 40. Then it is the turn of whoever is above.", "high";
    ladder: LadderId, optional, "Whose turn it is then, rung by rung; default the ladder of this severity, or whoever is above.", "service";
}

table! {
    Rung = "rung", "Who is told next where nobody acted in time, and has to act from then on.";
    to: PersonId, optional, "Who; in a unit whoever holds her seat there. Default whoever is above whom it was with.", "coo";
    hours: Whole<1, 400>, default "8", "In so many business hours of the unit she acts; then it is the next rung's, past the last whoever is above.", "4";
    lasts: Whole<2, 60>, optional, "Of an alert: it is hers as well, whatever the clock says, once the signal was there for so many periods, that in which it was raised among them.", "3";
}

table! {
    Ladder = "ladder", "Who is told after which time if nobody acts, rung by rung. Without one it is always whoever is above, with as much time as the one before.";
    ladder: Name<LadderId>, required, "The name in definitions, by which alerts, closed loops, playbooks and reviews name it.", "service";
    name: String, required, "The name shown to people.", "Service, in a hurry";
    severity: Severity, optional, "All alerts of this severity that name no other go by it.", "high";
    rungs: List<Rung>, required, "One after the other. The first begins when whoever has it at first has not acted in the time that the severity, the loop, the playbook or the review gives.", "[{hours: 4}, {to: coo, hours: 4, lasts: 3}]";
}

table! {
    AskedAgain = "asked_again", "How a customer is asked once more after her case was closed: her answer comes back as a row of the same entity and says whether it is settled.";
    link: String, optional, "Where she is asked, shown to whoever has the case; `{case}` stands for the case.", "https://survey.example.com/again?case={case}";
    case: AttributeId, required, "The attribute that says of such an answer which case it is of.", "case";
    settled: ExpressionText, required, "Whether it is settled, of such an answer; where that is unknown it says nothing.", "score >= 7";
}

table! {
    ClosedLoop = "closed_loop", "Which rows behind a KPI somebody follows up, one by one. Without one, nobody does.";
    closed_loop: Name<LoopId>, required, "The name in definitions.", "detractors";
    name: String, required, "The name shown to people.", "Everybody who would not recommend us";
    kpi: KpiId, required, "The KPI whose rows are followed up. Whose it is in the unit of a row has the case.", "recommendation";
    when: ExpressionText, required, "Rows for which this is true, among those that the KPI looks at.", "score <= 6";
    since: Date, required, "Only rows of this day or later: nobody is asked about what is long over.", "2026-01-01";
    permission: ExpressionText, optional, "Whether the customer may be contacted; where it is not true she may not. Without it nobody asks.", "may_contact";
    hours: Whole<1, 400>, default "16", "In so many business hours of the unit the case is closed; then it is the turn of whoever is above.", "8";
    confirm: Whole<1, 90>, default "14", "For so many days a customer who was reached can say otherwise before the case is over.", "7";
    at_most: Whole<1, 10_000>, default "100", "So many cases are opened by one run, the newest rows first; the others by those that follow.", "50";
    again: AskedAgain, optional, "How a customer is asked once more after her case was closed.", "{case: case, settled: score >= 7}";
    hold_out: Whole<0, 50>, default "0", "So many of a hundred nobody follows up: they are only watched, to see what would have been without it. Who that is hangs on `seed` and the row alone, for ever. It needs `success`.", "10";
    seed: Whole<0, 1_000_000>, default "1", "Draws other ones.", "7";
    after: Whole<1, 365>, default "30", "So many days after it began it is looked at both, those followed up and those held out.", "60";
    success: ExpressionText, optional, "Whether it is as it should be, of the row as it is then, and of what it refers to.", "account.status = 'active'";
    ladder: LadderId, optional, "Whose turn it is if nobody acts in time, rung by rung; default whoever is above.", "service";
    causes: Map<Name<CauseId>, String>, required, "The root causes of which one is named when a case is closed, each in words.", "{waiting: Waited too long, price: The price, other: Something else}";
}

table! {
    Feedback = "feedback", "What customers write in their own words, among rows behind a KPI: it can be searched, and is counted by themes.";
    feedback: Name<FeedbackId>, required, "The name in definitions.", "comments";
    name: String, required, "The name shown to people.", "What customers write";
    kpi: KpiId, required, "The KPI whose rows have the text.", "recommendation";
    text: AttributeId, required, "The attribute of the rows that is the text. One that is personal, such as `comment` of survey responses, is told to nobody: map the column into one of your own if nobody's name is in it.", "said";
    since: Date, optional, "Only rows of this day or later.", "2026-01-01";
    themes: Map<Name<FeedbackThemeId>, List<String>>, optional, "What a text of the KPI may be about, each with the words that say so, wherever it was said. `wait*` stands for all words that begin so, `called back` for words that follow one another.", "{waiting: [queue, wait*], price: [expensive, too much]}";
}

table! {
    PlaybookStep = "playbook_step", "A step of a playbook.";
    text "do": String, required, "What is done.", "Call, and ask what is in the way";
    hours: Whole<1, 400>, default "16", "In so many business hours of the unit from when the one before was done.", "8";
    by: PersonId, optional, "Who does it; in a unit whoever holds her seat there. Default whoever answers for the KPI there.", "account_manager";
}

table! {
    PlaybookVariant = "playbook_variant", "What is otherwise in a unit and below it.";
    capacity: Whole<0, 10_000>, optional, "So many runs are open there at once; 0: none is started.", "5";
    steps: List<PlaybookStep>, optional, "What is done there instead.", "[{do: Visit}]";
}

table! {
    Playbook = "playbook", "What is done, step by step, wherever something is so, and whether that helps. Without one, nothing is started.";
    playbook: Name<PlaybookId>, required, "The name in definitions.", "low_health";
    name: String, required, "The name shown to people.", "Accounts in bad health";
    kpi: KpiId, required, "The KPI whose rows, or whose state, start it. Whose it is in the unit has the run.", "health";
    when: ExpressionText, optional, "Rows of the KPI for which this is true start it, each by itself.", "score <= 40";
    on: List<Signal>, optional, "Instead of `when`: signals of the KPI that start it, in each unit, as an alert says them.", "[red]";
    eligible: ExpressionText, optional, "Only rows for which this is true, too.", "not cancelled";
    each: AttributeId, optional, "The attribute of rows that says whom they are about, such as a customer: for each of them it is started once, by the newest of those rows. Default: each row by itself.", "account";
    since: Date, required, "Only rows of this day or later.", "2026-01-01";
    cool_down: Whole<1, 3_650>, default "90", "For so many days the same row, or unit, starts it once.", "30";
    capacity: Whole<1, 10_000>, default "50", "So many runs are open at once in each unit; the others wait for room.", "20";
    hold_out: Whole<0, 50>, default "0", "So many of a hundred are only watched, to see what would have been without it. Who that is hangs on `seed` and the row alone.", "20";
    seed: Whole<0, 1_000_000>, default "1", "Draws other ones.", "2";
    steps: List<PlaybookStep>, required, "What is done, in order.", "[{do: Call, hours: 8}, {do: Agree on the next step}]";
    benefit: ExpressionText, optional, "What it is worth to do it, of a row: those of whom it is worth most come first where there is no room for all. Default: the newest first.", "account.revenue";
    success: ExpressionText, optional, "Whether it helped: of the row as it is `after` so many days. Of a state: that the signal is gone.", "score > 60";
    after: Whole<1, 365>, default "30", "So many days after it was started that is looked at, of what was only watched as well.", "60";
    ladder: LadderId, optional, "Whose turn it is if nobody acts in time, rung by rung; default whoever is above.", "service";
    units: Map<UnitId, PlaybookVariant>, optional, "What is otherwise in units and below them.", "{emea: {capacity: 5}}";
}

table! {
    Mailbox = "mailbox", "A server that takes e-mail, and from whom it is.";
    server: Setting, required, "Its name.", "smtp.example.com";
    port: Whole<1, 65_535>, default "587", "Its port.", "465";
    encryption: Encryption, default "starttls", "When the line is encrypted: `starttls` after a greeting, `tls` from the first byte, `none` never, which is for the own network only.", "tls";
    user: Setting, optional, "Who sends.", "kepi";
    password: SecretText, optional, "The password.", "{env: SMTP_PASSWORD}";
    from: String, required, "The address from which it comes.", "kepi@example.com";
    private_addresses: bool, default "false", "Whether the server may be within the own network.", "true";
}

table! {
    Webhook = "webhook", "A program that is told over HTTP, signed as Standard Webhooks say.";
    address: Setting, required, "Where it listens.", "https://hooks.example.com/kepi";
    secret: SecretText, required, "What it knows the signature by: `whsec_` and Base64, or any text.", "{env: KEPI_WEBHOOK_SECRET}";
    private_addresses: bool, default "false", "Whether it may be within the own network, and be told without encryption.", "true";
}

table! {
    Chat = "chat", "A room of a chat that takes JSON as Slack does.";
    address: SecretText, required, "The address of its incoming webhook, which lets in whoever knows it.", "{env: SLACK_ADDRESS}";
    private_addresses: bool, default "false", "Whether it may be within the own network, and be told without encryption.", "true";
}

table! {
    Quiet = "quiet", "A time of each day, in the zone of the project.";
    from: String, required, "When it begins.", "\"19:00\"";
    until: String, required, "When it ends.", "\"07:30\"";
}

table! {
    Channel = "channel", "Where messages leave to. Without one, nothing leaves.";
    channel: Name<ChannelId>, required, "The name in definitions.", "mail";
    name: String, optional;
    email: Mailbox, optional, "To each person, at her `email`.", "{server: smtp.example.com, user: kepi, password: {env: SMTP_PASSWORD}, from: kepi@example.com}";
    webhook: Webhook, optional, "To a program.", "{address: \"https://hooks.example.com/kepi\", secret: {env: KEPI_WEBHOOK_SECRET}}";
    chat: Chat, optional, "To a room of a chat.", "{address: {env: SLACK_ADDRESS}}";
    link: String, optional, "The address of the pages, so that messages lead to them.", "https://kepi.example.com";
    quiet: Quiet, optional, "When people are left in peace, unless something went up because nobody acted in time, or is of severity `high`.", "{from: \"19:00\", until: \"07:30\"}";
    budget: Whole<0, 1_000>, default "8", "How many messages a day come by themselves to a person, or to a room of a chat; what is more stands in one message a day.", "3";
    digest: String, default "08:00", "At what time of the day that message comes.", "\"07:00\"";
}
