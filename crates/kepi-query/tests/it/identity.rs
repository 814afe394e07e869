//! Identities of states are what they were: what is kept under one of them is found again.

use std::sync::Arc;

use kepi_model::{
    expression::{Comparison, Expression, Literal, Node, Path, Type},
    project::AsOf,
};
use kepi_query::{plan::StateKind, side::state_id};

#[test]
fn identities_of_states_are_what_they_were() {
    let path = |references: &[(&str, &str)], attribute: &str| Path {
        references: references.iter().map(|(a, e)| (a.parse().unwrap(), e.parse().unwrap())).collect(),
        attribute: attribute.parse().unwrap(),
    };
    let money = Type::Money { currency: "EUR".into(), scale: 2 };
    let amount = Expression { type_: money.clone(), node: Node::Path(path(&[], "amount")) };
    let zero = Expression { type_: money, node: Node::Literal(Literal::Integer(0)) };
    let filter = Expression {
        type_: Type::Boolean,
        node: Node::Compare(Comparison::Greater, Box::new(amount.clone()), Box::new(zero)),
    };
    let entity = "order".parse().unwrap();
    let time = path(&[("account", "account")], "created_at");
    let kinds = [
        ("count", StateKind::Count),
        ("sum", StateKind::Sum(amount.clone())),
        ("minimum", StateKind::Minimum(amount.clone())),
        ("maximum", StateKind::Maximum(amount.clone())),
        ("histogram", StateKind::Histogram { of: amount.clone(), edges: Arc::new([0, 100, 250]) }),
        ("distinct", StateKind::Distinct(vec![amount])),
    ];
    let mut now = String::new();
    for (name, kind) in &kinds {
        let plain = state_id(&entity, &time, AsOf::Event, kind, None).0;
        let filtered = state_id(&entity, &time, AsOf::Now, kind, Some(&filter)).0;
        now.push_str(&format!("{name} {plain} {filtered}\n"));
    }
    assert_eq!(now, include_str!("state_ids_v1.txt"));
}
