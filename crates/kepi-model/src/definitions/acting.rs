//! When somebody is asked to act.

use crate::{
    acting::{Severity, Signal},
    decode::{List, Name, Whole, choices, table},
    id::{AlertId, KpiId},
};

choices!(Signal, Severity);

table! {
    Alert = "alert", "When somebody is asked to act on a KPI. Without one, nobody is.";
    alert: Name<AlertId>, required, "The name in definitions.", "attention";
    name: String, required, "The name shown to people.", "What needs somebody";
    on: List<Signal>, default "[beyond, red]", "Signals, each of which suffices: `beyond` is a change for the worse beyond what is usual, `red` a KPI that is red for `persistence` periods.", "[red]";
    kpis: List<KpiId>, optional, "KPIs; default those of all scorecards.", "[renewals, nps]";
    by_unit: bool, default "false", "Whether units are looked at one by one, beside all rows.", "true";
    persistence: Whole<1, 24>, default "2", "For so many periods in a row it has to be red.", "3";
    clear: Whole<1, 24>, default "2", "After so many periods in a row without a signal it is over.", "3";
    severity: Severity, default "normal", "How soon somebody has to act, in business hours: `high` 4, `normal` 8, `low` 40. Then it is the turn of whoever is above.", "high";
}
