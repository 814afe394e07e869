//! Figures of a small subscription business, worked by hand: churn, retention with returns, uplift of prices and currencies,
//! groups, renewals, repeat orders, cohorts, funnels, stages, journeys, tickets and answers.

use kepi_model::project::Project;
use kepi_query::{port::PinnedInputs, value::Value};
use kepi_testkit::{
    road::{Road, made},
    tables::{inputs, instant, project, table},
};

const MODEL: &str = include_str!("worked/model.yml");
const KPIS: &str = include_str!("worked/kpis.yml");

/// The business, of which everything is known up to a day, and what a run on that day makes of it.
fn business(end: &str) -> (Project, Vec<Value>) {
    let project = project(&format!("{MODEL}\n---\n{KPIS}"));
    let landed = landed(&project, end);
    let all = made(&project, &landed, instant(&project.calendar, end));
    let values = Road::by_reference(&project, &all).values(&project);
    (project, values)
}

/// All that a trace needs of the business.
pub(crate) fn traceable() -> (Project, PinnedInputs, i64, Vec<Value>) {
    let end = "2026-07-01";
    let (project, values) = business(end);
    let landed = landed(&project, end);
    let at = instant(&project.calendar, end);
    (project, landed, at, values)
}

/// Rows of nobody, called `zz`, say in each table how far the data reach.
fn landed(project: &Project, end: &str) -> PinnedInputs {
    let calendar = &project.calendar;
    let read = |text: &str| table(calendar, &text.replace("END", end));
    let contracts = contracts();
    inputs(vec![
        (
            "account",
            read(
                "id:text created_at:instant closed_at:instant parent:text referred_by:text
                 a1 2026-01-10 - - -
                 a2 2026-01-20 - a1 -
                 a3 2026-02-05 - - -
                 a4 2026-02-20 2026-04-15 - -
                 a5 2026-03-01 - - a1
                 a6 2026-05-02 - - -
                 a7 2026-01-05 2026-01-31 - -",
            ),
        ),
        (
            "subscription",
            read(
                "id:text account:text product:text currency:text plan:text fee:integer seats:integer started_at:instant ended_at:instant
                 s1 a1 p1 EUR pro 100 10 2026-01-10 -
                 s2 a2 p1 EUR pro 50 5 2026-01-20 2026-03-10
                 s2b a2 p1 EUR pro 60 5 2026-04-02 -
                 s3 a3 p1 EUR pro 80 8 2026-02-05 2026-03-20
                 s4 a4 p1 EUR trial 0 0 2026-02-20 2026-03-06
                 s4b a4 p1 EUR pro 40 4 2026-03-06 2026-04-15
                 s5 a5 p1 USD pro 30 3 2026-03-01 2026-04-10
                 s5b a5 p1 USD pro 45 4 2026-04-10 -
                 s6 zz p1 EUR pro 1 1 END -",
            ),
        ),
        (
            "product",
            read(
                "id:text price:integer _valid_from:instant _valid_to:instant
                 p1 10 - 2026-04-20
                 p1 12 2026-04-20 -",
            ),
        ),
        (
            "currency",
            read(
                "id:text rate:integer _valid_from:instant _valid_to:instant
                 EUR 1 - -
                 USD 1 - 2026-04-15
                 USD 2 2026-04-15 -",
            ),
        ),
        (
            "order",
            read(
                "id:text account:text ordered_at:instant amount:integer promised_at:instant delivered_at:instant
                 o1 a1 2026-01-09+600 20 - -
                 o2 a1 2026-02-03+600 30 - -
                 o3 a1 2026-03-03+600 40 2026-03-05 2026-03-04
                 o4 a2 2026-03-15+540 10 2026-03-17 2026-03-20
                 o5 a2 2026-03-15+540 5 2026-03-17 -
                 o6 a3 2026-03-20+540 7 2026-03-25 2026-03-25
                 o7 a6 2026-05-10+540 8 - -
                 o8 a7 2026-01-06+540 0 - -
                 o9 zz END 0 - -",
            ),
        ),
        (
            "event",
            read(
                "id:text account:text name:text feature:text occurred_at:instant
                 e01 a1 trial x 2026-01-12+540
                 e02 a1 setup x 2026-01-15+540
                 e03 a1 value y 2026-01-16
                 e04 a1 onboarded y 2026-01-25+540
                 e05 a1 use x 2026-03-01+10
                 e06 a1 use x 2026-03-02+600
                 e07 a1 export y 2026-03-03+600
                 e08 a1 use x 2026-03-03+620
                 e09 a2 use x 2026-03-04+600
                 e10 a2 use z 2026-02-04+600
                 e11 a2 use z 2026-02-05+600
                 e12 a3 trial x 2026-02-06+600
                 e13 a3 setup x 2026-02-20+600
                 e14 a6 trial x 2026-05-03+600
                 e15 a6 setup x 2026-05-04+600
                 e16 zz use x END",
            ),
        ),
        (
            "session",
            read(
                "id:text account:text channel:text started_at:instant
                 w1 a1 web 2026-01-05+600
                 w2 a1 web 2026-03-02+600
                 w3 a3 web 2026-03-18+600
                 w4 a6 web 2026-05-02+600
                 w5 zz web END",
            ),
        ),
        (
            "interaction",
            read(
                "id:text account:text ticket:text channel:text outcome:text started_at:instant
                 n1 a3 t4 phone escalated 2026-03-19+600
                 n2 zz - phone done END",
            ),
        ),
        (
            "ticket",
            read(
                "id:text account:text opened_at:instant first_response_at:instant solved_at:instant status:text contacts:integer category:text cost:integer _valid_from:instant _valid_to:instant
                 t1 a1 2026-03-02+960 - - open 0 question 30 - 2026-03-03+600
                 t1 a1 2026-03-02+960 2026-03-02+990 2026-03-03+600 solved 1 question 30 2026-03-03+600 -
                 t2 a2 2026-03-05+600 - - open 0 complaint 30 - 2026-03-06+600
                 t2 a2 2026-03-05+600 2026-03-05+960 2026-03-06+600 solved 1 complaint 30 2026-03-06+600 -
                 t3 a2 2026-03-10+540 - - open 0 question 30 - 2026-03-12+540
                 t3 a2 2026-03-10+540 2026-03-10+600 2026-03-12+540 solved 1 question 30 2026-03-12+540 -
                 t5 - 2026-03-20+960 - - open 0 question 30 - 2026-03-23+600
                 t5 - 2026-03-20+960 2026-03-23+600 2026-03-23+600 solved 1 question 30 2026-03-23+600 -
                 t4 a3 2026-03-16+540 2026-03-16+660 - open 2 question 30 - 2026-03-20+540
                 t4 a3 2026-03-16+540 2026-03-16+660 2026-03-20+540 solved 2 question 30 2026-03-20+540 2026-03-25+540
                 t4 a3 2026-03-16+540 2026-03-16+660 - open 2 question 30 2026-03-25+540 2026-03-27+540
                 t4 a3 2026-03-16+540 2026-03-16+660 2026-03-27+540 solved 2 question 30 2026-03-27+540 -
                 t9 zz END - - open 0 question 0 - -",
            ),
        ),
        ("contract", read(&contracts)),
        (
            "survey_invitation",
            read(
                "id:text account:text invited_at:instant delivered:boolean
                 i1 a1 2026-03-02 true
                 i2 a2 2026-03-02 true
                 i3 a3 2026-03-02 true
                 i4 a4 2026-03-02 true
                 i9 zz END false",
            ),
        ),
        (
            "survey_response",
            read(
                "id:text invitation:text account:text responded_at:instant score:integer
                 q1 i1 a1 2026-03-04 10
                 q2 i2 a2 2026-03-05 9
                 q3 i3 a3 2026-04-11 3
                 q9 - zz END 0",
            ),
        ),
        ("spend", read("id:text spent_on:instant amount:integer\n m1 2026-03-05 90\n m9 END 0")),
        ("wallet", read("id:text asked_on:instant estimate:integer\n x1 2026-03-05 400\n x9 END 0")),
        (
            "training",
            read(
                "id:text due_on:instant assigned_at:instant completed_at:instant
                 r1 2026-03-10 2026-02-01 2026-03-10+900
                 r2 2026-03-12 2026-02-01 -
                 r9 END END -",
            ),
        ),
    ])
}

/// 400 customers with a contract each, 50 of them due in May 2026. Of these, 48 sign again: two months early, on the day or 20
/// days late; the last but one 31 days late, which is too late, and the last for another product. So 46 renew.
fn contracts() -> String {
    let mut text = String::from("id:text account:text product:text signed_at:instant due_on:instant\n");
    let due = |n: u32| format!("2026-05-{:02}", 1 + n % 28);
    for n in 0..400 {
        let on = if n < 50 { due(n) } else { "2026-11-01".to_owned() };
        text.push_str(&format!("k{n} c{n} p1 2025-05-01 {on}\n"));
    }
    for n in 0..48 {
        let minutes: i64 = match n {
            46 => 31,
            n if n % 3 == 0 => -60,
            n if n % 3 == 1 => 20,
            _ => 0,
        } * 1440;
        let product = if n == 47 { "p2" } else { "p1" };
        let again = format!("2027-05-{:02}", 1 + n % 28);
        text.push_str(&format!("r{n} c{n} {product} {}+{minutes} {again}\n", due(n)));
    }
    text.push_str("k999 zz p9 END 2028-01-01\n");
    text
}

const HOUR: f64 = 3_600_000_000.0;
const DAY: f64 = 24.0 * HOUR;

#[test]
fn figures_are_as_worked_by_hand() {
    let (project, values) = business("2026-07-01");
    let expected: &[(&str, &str, &str, Option<f64>)] = &[
        ("logo_churn", "2026-03", "", Some(1.0 / 3.0)),
        ("revenue_churn", "2026-03", "", Some(130.0 / 230.0)),
        ("gross_retention", "2026-03", "", Some(100.0 / 230.0)),
        ("net_retention", "2026-03", "", Some(100.0 / 230.0)),
        ("net_retention", "2026-04", "", Some(145.0 / 170.0)),
        ("net_retention_with_returns", "2026-04", "", Some(205.0 / 170.0)),
        ("net_retention_of_groups", "2026-04", "", Some(205.0 / 170.0)),
        ("net_retention_at_old_prices", "2026-04", "", Some(140.0 / 170.0)),
        ("net_retention_at_old_rates", "2026-04", "", Some(145.0 / 170.0)),
        ("expansion", "2026-04", "", Some(15.0 / 170.0)),
        ("won_back", "2026-04", "", Some(0.5)),
        ("won_back", "2026-03", "", None),
        ("quarterly_logo_churn", "2026-Q2", "", Some(1.0 / 3.0)),
        ("renewal_rate", "2026-05", "", Some(0.92)),
        ("repeat_orders", "2026-03", "", Some(0.5)),
        ("repeat_customers", "2026-03", "", Some(0.5)),
        ("two_orders_a_year", "2026", "", Some(0.4)),
        ("best_customers", "2026-03", "", Some(1.0 / 3.0)),
        ("retention_triangle", "2026-02", "age=1", Some(0.5)),
        ("retention_triangle", "2026-04", "age=1", Some(0.0)),
        ("revenue_triangle", "2026-03", "age=2", Some(45.0)),
        ("third_month_retention", "2026-01", "", Some(0.0)),
        ("first_year_value", "2026-03", "", Some(11.0)),
        ("acquisition_cost", "2026-03", "", Some(45.0)),
        ("share_of_wallet", "2026-03", "", Some(112.0 / 400.0)),
        ("referral_rate", "2026-03", "", Some(1.0 / 3.0)),
        ("revenue_per_customer", "2026-03", "", Some(170.0 / 3.0)),
        ("funnel", "2026-01", "", Some(0.0)),
        ("funnel", "2026-05", "", Some(1.0)),
        ("activation", "2026-01", "", Some(1.0 / 3.0)),
        ("onboarding_completion", "2026-01", "", Some(1.0 / 3.0)),
        ("time_to_first_value", "2026-01", "", Some(6.0 * DAY)),
        ("daily_active_customers", "2026-03-03", "", Some(1.0)),
        ("stickiness", "2026-03", "", Some(4.0 / 62.0)),
        ("adoption", "2026-03", "", Some(1.0 / 3.0)),
        ("usage_frequency", "2026-03", "", Some(2.0)),
        ("engagement_score", "2026-03", "", Some(19.0 / 3.0)),
        ("engagement_index", "2026-03", "", Some(16.0 / 3.0)),
        ("engagement_decay", "2026-03", "", Some(1.0)),
        ("visits", "2026-03", "", Some(4.0)),
        ("first_contact_resolution", "2026-03", "", Some(0.5)),
        ("reopen_rate", "2026-03", "", Some(0.2)),
        ("escalation_rate", "2026-03", "", Some(0.2)),
        ("tickets_per_100", "2026-03", "", Some(500.0 / 3.0)),
        ("complaints_per_1000", "2026-03", "", Some(1000.0 / 3.0)),
        ("cost_to_serve", "2026-03", "", Some(50.0)),
        ("first_response_time", "2026-03", "", Some(15.1 * HOUR)),
        ("resolution_time", "2026-03", "", Some(20.0 * HOUR)),
        ("in_time", "2026-03", "", Some(0.8)),
        ("on_time_delivery", "2026-03", "", Some(0.5)),
        ("fulfilment_time", "2026-03", "", Some((14.0 + 111.0 + 111.0) / 3.0 * HOUR)),
        ("training_completion", "2026-03", "", Some(0.5)),
        ("net_promoter_score", "2026-03", "", Some(100.0)),
        ("response_rate", "2026-03", "", Some(0.5)),
        ("journeys", "2026-03", "", Some(3.0)),
        ("journeys_that_sell", "2026-03", "", Some(1.0)),
        ("evaluation_to_purchase", "2026-05", "", Some(1.0)),
        ("evaluation_to_purchase", "2026-02", "", None),
        ("time_in_onboarding", "2026-03", "", Some(44.0 * DAY)),
        ("customers_by_stage", "2026-02", "stage=retention", Some(1.0)),
    ];
    compare(&project, &values, expected);
}

#[test]
fn figures_that_look_back_twelve_months_are_as_worked_by_hand() {
    let (project, values) = business("2027-07-01");
    let expected = [
        ("net_retention_of_12_months", "2027-03", "", Some(145.0 / 170.0)),
        ("third_month_retention", "2026-03", "", Some(0.0)),
    ];
    compare(&project, &values, &expected);
}

fn compare(project: &Project, values: &[Value], expected: &[(&str, &str, &str, Option<f64>)]) {
    let mut wrong = String::new();
    for (kpi, period, segment, expected) in expected {
        let at = project.calendar.parse(period).unwrap();
        let found = values.iter().find(|value| {
            value.kpi.as_str() == *kpi && value.period == at && value.segment.to_string() == *segment
        });
        let found = found.and_then(|value| value.estimate.as_ref().ok()).map(|estimate| estimate.point);
        let same = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            (None, None) => true,
            _ => false,
        };
        if !same {
            wrong.push_str(&format!("{kpi} {period} {segment}: {found:?}, not {expected:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
