//! Rules about data sets.

use super::Bound;
use crate::{
    decode::{AmountText, List, Map, Name, Whole, table},
    id::{EntityId, KpiId, PersonId, RuleId},
    project::Consequence,
};

table! {
    DataRule = "rule", "What must hold of landed data: a KPI within a bound, and what follows in a period in which it is not.";
    rule: Name<RuleId>, required, "The rule's name in definitions.", "orders_have_accounts";
    name: String, optional;
    description: String, optional;
    kpi: KpiId, required, "What measures it: its value over all rows, period by period.", "orders_with_account";
    at_least: AmountText, optional, "The least that it may be, in the KPI's unit.", "99%";
    at_most: AmountText, optional, "The most that it may be, in the KPI's unit.", "101%";
    by: String, optional,
        "A dimension of the KPI: each of its segments is judged by itself, and figures of the others stand.", "region";
    bounds: Map<String, Bound>, optional,
        "What it may be in segments, with `by`, in place of what is said for all of them.", "{apac: {at_least: 95%}}";
    n: Whole<1, 1_000_000_000>, optional, "With fewer cases nothing is said of it.", "30";
    about: List<EntityId>, optional,
        "Whose rows are in doubt where it does not hold; default those that the KPI counts.", "[order]";
    else_ "else": Consequence, required,
        "What follows where it does not hold: it is said, or figures made of these rows are not trusted and withheld.", "distrust";
    owner: PersonId, optional, "Who answers for it.", "terminal_lead";
}
