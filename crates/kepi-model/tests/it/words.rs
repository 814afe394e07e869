//! Expressions written out again, and measures in words.

use kepi_model::{
    describe,
    expression::{Expression, Type},
    project::{Measure, Project, Quantile, ValueUnit},
};

use crate::base::{checked, files, short};

/// The base project with another measure for `easy_help`, without targets and scorecard.
fn project(measure: &str) -> Project {
    let mut files = files();
    files.retain(|(path, _)| path != "scorecard.yml");
    files.push((
        "hours.yml".to_owned(),
        "business_hours: warehouse\nname: Warehouse\nweek: {weekdays: [\"06:00-22:00\"]}\n".to_owned(),
    ));
    let (_, kpis) = files.iter_mut().find(|(p, _)| p == "kpis.yml").unwrap();
    *kpis = kpis
        .replacen("effort: {of: survey_response, answer: ease, scale: 1..7, top: 3}", measure, 1)
        .replacen("by: [region]\n", "", 1)
        .replacen(
            "targets:\n  - {from: 2026-01-01, threshold: 50%, target: 70%, stretch: 80%, basis: {benchmark: industry report}}\n",
            "",
            1,
        );
    let checked = checked(&files);
    checked.value.unwrap_or_else(|| panic!("{measure}\n{}", short(&checked.findings)))
}

fn filter(text: &str) -> Expression {
    let project = project(&format!("count: {{of: order, where: {}}}", serde_json::to_string(text).unwrap()));
    match &project.kpis[&"easy_help".parse().unwrap()].measure {
        Measure::Total(part) => part.rows.filter.clone().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn expressions_written_out_read_the_same() {
    for text in [
        "state = 'sent'",
        "state != 'sent' and (channel = 'web' or channel is null)",
        "not (channel = 'web' and status = 'x') or channel like 'C%'",
        "channel not in ('a', 'it''s') and status not like '%x_'",
        "amount > '2.50 EUR'",
        "amount * 2 - amount > 0",
        "amount - (amount - amount * 3) >= '1 EUR'",
        "amount * 1.25 > '100 EUR'",
        "-amount < 0",
        "-(amount + amount) < 0",
        "delivered_at - ordered_at <= interval '90 minutes'",
        "ordered_at + interval '2 days' < delivered_at",
        "ordered_at between '2026-01-01' and '2026-12-31T23:59:59Z'",
        "coalesce(channel, 'unknown') = 'web'",
        "case when channel = 'web' then 1 when channel is not null then 2.5 else 0 end > 1",
        "account.region = 'north' and account.parent.region is not null",
        "lower(channel) = 'web' and upper(trim(channel)) != 'X'",
        "substring(channel, 1, 3) = 'web' or substring(channel, 4) = 'x'",
        "split_part(channel, '-', -1) = 'x' and length(channel) > 3",
        "concat(channel, '-', status) = 'a-b'",
        "replace(channel, '-', '') like 'a%'",
        "weekday(ordered_at) in ('saturday', 'sunday') and hour(ordered_at) >= 18",
        "year(ordered_at) = 2026 and month(ordered_at) = 1 and day(ordered_at) = 31",
        "years_between(ordered_at, delivered_at) > 1",
        "bands(amount, '10 EUR', '50 EUR') = '9.99 or less'",
        "any of [channel, status] = 'web'",
        "not any of [channel, status] in ('web', 'mail')",
        "true",
        "(state = 'sent') = (channel = 'web')",
    ] {
        let first = filter(text);
        let written = first.to_string();
        let second = filter(&written);
        assert_eq!(first, second, "{text} → {written}");
        assert_eq!(written, second.to_string());
    }
}

#[test]
fn operands_are_brought_to_one_scale() {
    let e = filter("amount * 1.25 > '100 EUR'");
    let text = format!("{e:?}");
    assert!(text.contains("scale: 4"), "{text}");
    assert!(text.contains("Integer(1000000)"), "100 EUR at four decimals: {text}");
}

#[test]
fn days_are_read_in_the_reporting_zone() {
    let e = filter("ordered_at >= '2026-07-01'");
    assert_eq!(e.to_string(), "ordered_at >= timestamp '2026-06-30T22:00:00Z'");
}

#[test]
fn measures_have_words_formula_and_unit() {
    for (measure, words, formula, unit) in [
        (
            "effort: {of: survey_response, answer: ease, scale: 1..7, top: 2}",
            "The share of survey responses whose ease of getting help is 6 or 7 on the scale 1–7, among those who answered; dated by responded at",
            "n(ease of getting help ≥ 6) ÷ n(answered)",
            ValueUnit::Share,
        ),
        (
            "satisfaction: {of: survey_response, answer: ease, scale: 1..7, summary: mean, where: \"survey = 'relationship'\"}",
            "The mean ease of getting help of survey responses where survey is “relationship” on the scale 1–7, among those who answered; dated by responded at",
            "Σ ease of getting help ÷ n",
            ValueUnit::Rating { low: 1, high: 7 },
        ),
        (
            "nps: {of: survey_response, answer: score}",
            "Per cent of survey responses whose score is 9 or 10 less per cent whose answer is 0 to 6, among those who answered; dated by responded at",
            "promoters % − detractors %",
            ValueUnit::NetPromoter,
        ),
        (
            "ratio: {numerator: {sum: {of: order, value: amount}}, denominator: {distinct: {of: order, value: account, at: account.created_at}}}",
            "The sum of amount over orders divided by the number of different accounts among orders; above dated by ordered at, below by created at of account",
            "Σ amount ÷ n(different accounts)",
            ValueUnit::Money { currency: "EUR".into() },
        ),
        (
            "rate: {events: {count: {of: order, where: \"state in ('back', 'sent')\"}}, population: {count: {of: order}}, per: 1000}",
            "The number of orders where state is “back” or “sent” per 1000 of the number of orders; dated by ordered at",
            "n(orders) ÷ n(orders) × 1000",
            ValueUnit::Rate { per: 1000 },
        ),
        (
            "duration: {of: order, from: ordered_at, until: delivered_at, within: 36 hours}",
            "The share of orders with at most 36 hours from ordered at until delivered at; those without an end count as late; dated by ordered at",
            "n(delivered at − ordered at ≤ 36 hours) ÷ n",
            ValueUnit::Share,
        ),
        (
            "duration: {of: order, from: ordered_at, until: delivered_at, within: 36 hours, in: warehouse}",
            "The share of orders with at most 36 hours in the business hours “Warehouse” from ordered at until delivered at; those without an end count as late; dated by ordered at",
            "n(delivered at − ordered at ≤ 36 hours in “Warehouse”) ÷ n",
            ValueUnit::Share,
        ),
        (
            "quantile: {of: survey_response, value: minutes, quantile: 97.5%, bins: {from: 0 minutes, to: 1 hour, count: 60}}",
            "The 97.5 % quantile of minutes over survey responses, read from a histogram of 60 bins; dated by responded at",
            "97.5 % quantile of minutes",
            ValueUnit::Duration,
        ),
        (
            "share: {of: order, which: delivered_at is not null}",
            "The share of orders for which delivered at is known, among those for which this is known; dated by ordered at",
            "n(delivered at is known) ÷ n(known)",
            ValueUnit::Share,
        ),
        (
            "stock: {came: {count: {of: order}}, went: {count: {of: order, at: delivered_at}}}",
            "What is there at the end of the period: the number of orders by ordered at so far, less the number of orders by delivered at",
            "so far: n(orders) − n(orders)",
            ValueUnit::Count,
        ),
        (
            "mean: {of: order, value: amount}",
            "The mean amount of orders; those without it are left out; dated by ordered at",
            "Σ amount ÷ n",
            ValueUnit::Money { currency: "EUR".into() },
        ),
    ] {
        let project = project(measure);
        let kpi = &project.kpis[&"easy_help".parse().unwrap()];
        assert_eq!(describe::measure(kpi, &project), words);
        assert_eq!(describe::formula(kpi, &project), formula);
        assert_eq!(kpi.unit, unit);
    }
}

#[test]
fn bins_are_exact() {
    let project = project(
        "quantile: {of: survey_response, value: minutes, quantile: median, bins: {from: 1 minute, to: 100 minutes, count: 2, spacing: logarithmic}}",
    );
    let Measure::Quantile(Quantile { bins, quantile, value, .. }) =
        &project.kpis[&"easy_help".parse().unwrap()].measure
    else {
        panic!("no quantile")
    };
    assert_eq!(bins.edges, [60_000_000, 600_000_000, 6_000_000_000]);
    assert_eq!(*quantile, 500_000);
    assert_eq!(value.type_, Type::Duration);
}
