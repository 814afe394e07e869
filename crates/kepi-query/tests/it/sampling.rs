//! Plans of samples: who may be asked, how many a margin takes, what the caps allow.

use kepi_model::{
    expression::{Expression, Node, Path, Type},
    sampling::{ContactCap, Sampling},
};
use kepi_query::{
    sampling::{Asked, Person, Plan, Spread, plan},
    state::Member,
};
use kepi_stats::estimate::Level;

const DAY: i64 = 86_400_000_000;

fn sampling() -> Sampling {
    let path = Path { references: Vec::new(), attribute: "contact".parse().unwrap() };
    Sampling {
        id: "relationship".parse().unwrap(),
        name: "Relationship".to_owned(),
        kpi: "satisfied".parse().unwrap(),
        margin: 0.05,
        people: "contacts".parse().unwrap(),
        of: "contact".parse().unwrap(),
        by: None,
        invitations: "invited".parse().unwrap(),
        invitation: "survey_invitation".parse().unwrap(),
        person: Expression { type_: Type::Text, node: Node::Path(path) },
        caps: vec![ContactCap { at_most: 1, within: 90 * DAY }, ContactCap { at_most: 3, within: 365 * DAY }],
        response: 0.5,
        made: Vec::new(),
    }
}

fn planned(of: &Sampling, people: &[Person], asked: &Asked, seed: u64) -> Plan {
    plan(of, people, asked, Spread { deviation: 0.5, level: Level::NINETY_FIVE }, (1_000 * DAY, seed))
        .unwrap()
}

fn people(n: usize) -> Vec<Person> {
    (0..n).map(|i| Person { key: format!("p{i:04}").into(), stratum: None }).collect()
}

#[test]
fn nobody_is_asked_whom_a_cap_holds_back_and_the_last_day_counts() {
    let people = people(6);
    let days = |of: &[i64]| of.iter().map(|day| day * DAY).collect::<Vec<_>>();
    let asked: Asked = [
        // 90 days ago to the instant: free again. A moment later: not.
        ("p0000", days(&[910])),
        ("p0001", vec![910 * DAY + 1]),
        // Three times within the year, none of them within 90 days.
        ("p0002", days(&[700, 800, 900])),
        // The first of the three is a year old.
        ("p0003", days(&[635, 800, 900])),
        // Asked tomorrow: not yet.
        ("p0004", days(&[1_001])),
        ("gone", days(&[990, 991])),
    ]
    .into_iter()
    .map(|(key, at)| (key.into(), at))
    .collect();
    let found = planned(&sampling(), &people, &asked, 1);
    let [one] = found.strata.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.people, one.held_back.as_slice(), one.may_be_asked), (6, &[1, 1][..], 4));
    assert_eq!(found.of_others, 2);
    assert!(one.drawn.iter().all(|key| ["p0000", "p0003", "p0004", "p0005"].contains(&&**key)));
    // In 30 days the one who was asked 90 days ago may be asked again, and who is asked tomorrow not; in 90 days the year of the third is not over.
    assert_eq!(one.later, [(30, 4), (60, 4), (90, 5)]);
}

#[test]
fn a_margin_takes_as_many_answers_as_cochran_says_and_caps_widen_it() {
    // 385 for ± 5 points, of 1000 people 278: Cochran 1977.
    let of = sampling();
    let found = planned(&of, &people(1000), &Asked::new(), 1);
    let [one] = found.strata.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.answers_needed, one.to_ask, one.asked), (278, 556, 556));
    assert!((one.reached.unwrap() - 0.05).abs() < 1e-4, "{one:?}");
    assert_eq!(one.drawn.len(), 556);
    // Half the margin takes 606.007 answers, so 607, and more people than there are.
    let half = one.costs.last().unwrap();
    assert_eq!((half.answers, half.to_ask, half.within_caps), (607, 1214, false));
    assert!(one.costs.first().unwrap().within_caps);
    // 800 of them were asked yesterday: the other 200 give 100 answers, and ± 9.3 points: 1.96 · .5 · √(900 ÷ (100 · 999)).
    let asked: Asked = (0..800).map(|i| (format!("p{i:04}").into(), vec![999 * DAY])).collect();
    let found = planned(&of, &people(1000), &asked, 1);
    let [one] = found.strata.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.held_back[0], one.may_be_asked, one.asked), (800, 200, 200));
    assert!((one.reached.unwrap() - 0.093_017).abs() < 1e-5, "{one:?}");
}

#[test]
fn a_draw_is_the_same_for_a_seed_in_whatever_order_rows_came_and_strata_add_up() {
    let stratum = |i: usize| Some(Member::Value(if i.is_multiple_of(4) { "APAC" } else { "EMEA" }.into()));
    let mut all: Vec<Person> =
        (0..2000).map(|i| Person { key: format!("p{i:04}").into(), stratum: stratum(i) }).collect();
    let of = Sampling { margin: 0.1, ..sampling() };
    let first = planned(&of, &all, &Asked::new(), 7);
    all.reverse();
    assert_eq!(planned(&of, &all, &Asked::new(), 7), first);
    assert_ne!(planned(&of, &all, &Asked::new(), 8).strata[0].drawn, first.strata[0].drawn);
    let [apac, emea] = first.strata.as_slice() else { panic!("{first:?}") };
    assert_eq!((apac.member.as_deref(), apac.people, emea.people), (Some("APAC"), 500, 1500));
    let whole = (0.0625 * apac.reached.unwrap().powi(2) + 0.5625 * emea.reached.unwrap().powi(2)).sqrt();
    assert!((first.reached.unwrap() - whole).abs() < 1e-12);
    assert!(apac.drawn.iter().all(|key| key[1..].parse::<usize>().unwrap() % 4 == 0));
}
