//! Reviews and disputes: each is opened once, decided on by whom it is with, and over when nothing of it is open.

use jiff::civil::Date;
use kepi_govern::{
    Command, Content, Deed, Observe, Open,
    items::{
        Action, Decision, Dispute, Follows, OnAgenda, Outcome, Point, Review, Seen, Task, TaskOf, Topic,
    },
    laws,
    periods::PeriodId,
};
use kepi_model::governance::Mode;

use crate::{
    acting::{Acting, WHY, alert, at, month, plan},
    deciding::{DAY, person},
};

pub fn point(kpi: &str, unit: Option<&str>, why: &[OnAgenda]) -> Point {
    Point {
        why: why.iter().copied().collect(),
        about: Topic::Kpi(kpi.parse().unwrap()),
        unit: unit.map(|of| of.parse().unwrap()),
        items: [].into(),
    }
}

/// A review of a period, which 5 takes part in.
pub fn review(period: PeriodId, chair: u64) -> Review {
    Review {
        rule: "monthly".parse().unwrap(),
        scorecard: "service".parse().unwrap(),
        unit: None,
        period,
        chair,
        participants: [5].into(),
        hours: 16,
        run: Some(1),
        points: vec![
            point("renewals", Some("emea"), &[OnAgenda::PlanOwed, OnAgenda::Red]),
            point("renewals", None, &[OnAgenda::Red]),
            point("renewals", None, &[OnAgenda::Definition]),
        ],
        ladder: Vec::new(),
    }
}

pub fn dispute(unit: Option<&str>, period: PeriodId) -> Dispute {
    Dispute { kpi: "renewals".parse().unwrap(), unit: unit.map(|of| of.parse().unwrap()), period, run: 1 }
}

fn decide(point: u16, decision: Decision, follows: Option<Follows>) -> Deed {
    Deed::Decide { point, decision, why: WHY, follows }
}

fn until(owner: u64, day: i8) -> Option<Follows> {
    Some(Follows { owner, by: Date::constant(2026, 5, day) })
}

fn open(acting: &mut Acting, of: Review) -> Result<u64, Vec<&'static str>> {
    let number = acting.world.organisation.items.next();
    acting.job(&Command::Open(Open { content: Content::Review(of), why: WHY })).map(|_| number)
}

#[test]
fn a_review_is_held_once_and_closed_with_a_decision_on_every_point() {
    let mut acting = Acting::new(Mode::Reviewed);
    let item = open(&mut acting, review(month(3), 2)).unwrap();
    // Sixteen business hours from Thursday 15:00, with a holiday and a week-end between.
    assert_eq!((acting.owner(item), acting.step(item)), (2, "deciding"));
    assert_eq!(acting.item(item).due(), Some(at("2026-05-05T15:00[Europe/Berlin]")));
    assert_eq!(open(&mut acting, review(month(3), 3)).unwrap_err(), [laws::ALREADY_OPEN]);
    assert_eq!(open(&mut acting, review(month(8), 2)).unwrap_err(), [laws::NOTHING_NEW]);
    let mut twice = review(month(2), 2);
    twice.points.push(point("renewals", None, &[OnAgenda::Alert]));
    assert_eq!(open(&mut acting, twice).unwrap_err(), [laws::INCOMPLETE]);
    let by_hand = Command::Open(Open { content: Content::Review(review(month(2), 2)), why: WHY });
    assert_eq!(acting.ask(person(1), &by_hand).unwrap_err(), [laws::BY_ITSELF]);

    // Who takes part does not decide, and it is owed.
    assert_eq!(acting.act(5, item, decide(1, Decision::Accept, None)).unwrap_err(), [laws::NOT_YOUR_TURN]);
    assert_eq!(acting.act(2, item, Deed::Dismiss { why: WHY }).unwrap_err(), [laws::OWED]);
    assert_eq!(acting.finish(2, item, "held").unwrap_err(), [laws::UNDECIDED]);
    // A plan is owed: that is not accepted.
    assert_eq!(acting.act(2, item, decide(0, Decision::Accept, None)).unwrap_err(), [laws::PLAN_OWED]);
    assert_eq!(acting.act(2, item, decide(9, Decision::Accept, None)).unwrap_err(), [laws::INCOMPLETE]);
    // What is to be done is somebody's, until a day that has not passed; and nothing else is.
    assert_eq!(acting.act(2, item, decide(0, Decision::Task, None)).unwrap_err(), [laws::INCOMPLETE]);
    assert_eq!(
        acting.act(2, item, decide(1, Decision::Defer, until(5, 20))).unwrap_err(),
        [laws::INCOMPLETE]
    );
    assert_eq!(
        acting.act(2, item, decide(0, Decision::Task, until(9, 20))).unwrap_err(),
        [laws::NOBODY_THERE]
    );
    let past = Follows { owner: 5, by: Date::constant(2026, 4, 29) };
    assert_eq!(acting.act(2, item, decide(0, Decision::Plan, Some(past))).unwrap_err(), [laws::INCOMPLETE]);

    // What is owed is not put off for years.
    for (decision, day) in
        [(Decision::Plan, Date::constant(2026, 8, 1)), (Decision::Task, Date::constant(2199, 1, 1))]
    {
        let far = Some(Follows { owner: 5, by: day });
        assert_eq!(acting.act(2, item, decide(0, decision, far)).unwrap_err(), [laws::INCOMPLETE], "{day}");
    }

    acting.act(2, item, decide(0, Decision::Plan, until(5, 20))).unwrap();
    assert_eq!(acting.act(2, item, decide(0, Decision::Defer, None)).unwrap_err(), [laws::NOTHING_NEW]);
    let task = item + 1;
    assert_eq!((acting.owner(task), acting.step(task)), (5, "doing"));
    assert_eq!(acting.item(task).due(), Some(at("2026-05-21T00:00[UTC]")));
    // Whoever is above may decide as well.
    acting.act(1, item, decide(1, Decision::Accept, None)).unwrap();
    assert_eq!(acting.finish(2, item, "held").unwrap_err(), [laws::UNDECIDED]);
    acting.act(2, item, decide(2, Decision::Defer, None)).unwrap();
    acting.finish(2, item, "held").unwrap();
    assert_eq!(acting.item(item).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
    assert_eq!(open(&mut acting, review(month(3), 2)).unwrap_err(), [laws::ALREADY_OPEN], "for ever");

    // The plan that was asked for answers the task: that is done when others agree to it.
    assert_eq!(acting.finish(5, task, "done").unwrap_err(), [laws::PLAN_OWED]);
    assert_eq!(acting.act(5, task, Deed::Dismiss { why: WHY }).unwrap_err(), [laws::PLAN_OWED]);
    let owed = plan(Some(task), 5);
    assert_eq!(acting.open_plan(5, plan(Some(item), 5)).unwrap_err(), [laws::INCOMPLETE]);
    let other = kepi_govern::items::ActionPlan { unit: None, ..owed.clone() };
    assert_eq!(acting.open_plan(5, other).unwrap_err(), [laws::INCOMPLETE]);
    let number = acting.open_plan(5, owed).unwrap();
    acting.approve(2, number).unwrap();
    assert_eq!((acting.step(number), acting.step(task)), ("doing", "ended"));
    assert_eq!(acting.item(task).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
}

#[test]
fn what_comes_up_after_a_review_opened_is_decided_as_well_and_who_was_there_is_kept() {
    let mut acting = Acting::new(Mode::Open);
    let item = open(&mut acting, review(month(3), 2)).unwrap();
    for place in [1, 2] {
        acting.act(2, item, decide(place, Decision::Accept, None)).unwrap();
    }
    acting.act(2, item, decide(0, Decision::Defer, None)).unwrap();
    let more = |points: Vec<Point>| Command::Observe(Observe { item, seen: Seen::Agenda(points) });
    let new = point("renewals", Some("apac"), &[OnAgenda::Trend, OnAgenda::Data]);
    let of = |about: Topic, why: OnAgenda| Point { why: [why].into(), about, unit: None, items: [].into() };
    let source = of(Topic::Source("calls".parse().unwrap()), OnAgenda::Late);
    let journey = of(Topic::Journey("journey".parse().unwrap()), OnAgenda::DropOff);
    assert_eq!(acting.ask(person(2), &more(vec![new.clone()])).unwrap_err(), [laws::BY_ITSELF]);
    let known = point("renewals", Some("emea"), &[OnAgenda::Alert]);
    for wrong in [vec![], vec![known], vec![new.clone(), new.clone()], vec![point("nps", None, &[])]] {
        assert_eq!(acting.job(&more(wrong)).unwrap_err(), [laws::NOTHING_NEW]);
    }
    let was = acting.item(item).digest;
    acting.job(&more(vec![new, source.clone(), journey])).unwrap();
    assert_eq!(acting.job(&more(vec![source])).unwrap_err(), [laws::NOTHING_NEW]);
    assert!(acting.item(item).digest != was);
    // It is closed with a decision on that point, too.
    assert_eq!(acting.finish(2, item, "held").unwrap_err(), [laws::UNDECIDED]);
    acting.act(2, item, decide(3, Decision::Accept, None)).unwrap();
    // A plan says what it is to come to at a KPI; about a source or a journey somebody does something.
    assert_eq!(acting.act(2, item, decide(4, Decision::Plan, until(5, 20))).unwrap_err(), [laws::INCOMPLETE]);
    acting.act(2, item, decide(4, Decision::Task, until(5, 20))).unwrap();
    let task = acting.world.organisation.items.next() - 1;
    assert_eq!((acting.owner(task), acting.finish(5, task, "done").is_ok()), (5, true));
    acting.act(2, item, decide(5, Decision::Defer, None)).unwrap();
    // Who was there is said by whoever leads it, or is above; said again, the last counts.
    let attend = |present: &[u64]| Deed::Attend { present: present.iter().copied().collect() };
    assert_eq!(acting.act(5, item, attend(&[5])).unwrap_err(), [laws::NOT_YOUR_TURN]);
    assert_eq!(acting.act(2, item, attend(&[])).unwrap_err(), [laws::NOBODY_THERE]);
    assert_eq!(acting.act(2, item, attend(&[2, 99])).unwrap_err(), [laws::NOBODY_THERE]);
    acting.act(2, item, attend(&[2])).unwrap();
    acting.act(1, item, attend(&[2, 6])).unwrap();
    acting.finish(2, item, "held").unwrap();
    assert_eq!(acting.item(item).work.present, Some([2, 6].into()));
}

#[test]
fn a_plan_is_asked_for_before_a_review_and_owed_until_the_figure_is_red_no_more() {
    let mut acting = Acting::new(Mode::Reviewed);
    let ask = |unit: &str, month: PeriodId| {
        let (review, kpi) = ("monthly".parse().unwrap(), "renewals".parse().unwrap());
        let of = TaskOf::Before { review, period: month, kpi, unit: Some(unit.parse().unwrap()) };
        let action = Action { what: WHY, owner: 5, by: Date::constant(2026, 5, 6) };
        Command::Open(Open { content: Content::Task(Task { of, action }), why: WHY })
    };
    assert_eq!(acting.ask(person(1), &ask("emea", month(3))).unwrap_err(), [laws::BY_ITSELF]);
    acting.job(&ask("emea", month(3))).unwrap();
    assert_eq!(acting.job(&ask("emea", month(3))).unwrap_err(), [laws::ALREADY_OPEN]);
    assert_eq!((acting.owner(1), acting.item(1).due()), (5, Some(at("2026-05-07T00:00[UTC]"))));
    // Only a plan answers it, about that KPI and unit; not in time it goes up.
    assert_eq!(acting.finish(5, 1, "done").unwrap_err(), [laws::PLAN_OWED]);
    assert_eq!(acting.act(5, 1, Deed::Dismiss { why: WHY }).unwrap_err(), [laws::PLAN_OWED]);
    acting.job(&ask("apac", month(3))).unwrap();
    assert_eq!(acting.open_plan(5, plan(Some(2), 5)).unwrap_err(), [laws::INCOMPLETE]);
    acting.world.at = at("2026-05-07T01:00[UTC]");
    acting.job(&Command::Tick).unwrap();
    assert_eq!(acting.owner(1), 3);
    let number = acting.open_plan(3, plan(Some(1), 3)).unwrap();
    acting.approve(2, number).unwrap();
    assert_eq!((acting.step(number), acting.step(1)), ("doing", "ended"));
    // What is red no more asks for nothing.
    let clear = Seen::Clear { period: month(4), run: 2 };
    acting.job(&Command::Observe(Observe { item: 2, seen: clear })).unwrap();
    assert_eq!(acting.item(2).ended.map(|(outcome, _)| outcome), Some(Outcome::Recovered));
}

#[test]
fn a_change_that_a_review_asked_for_is_asked_for_or_said_not_to_be() {
    let mut acting = Acting::new(Mode::Open);
    let item = open(&mut acting, review(month(3), 2)).unwrap();
    acting.act(2, item, decide(1, Decision::Change, until(5, 20))).unwrap();
    acting.act(2, item, decide(2, Decision::Task, until(5, 20))).unwrap();
    let (change, task) = (item + 1, item + 2);
    assert_eq!(acting.finish(5, change, "done").unwrap_err(), [laws::INCOMPLETE]);
    assert_eq!(acting.finish(5, task, "no_change").unwrap_err(), [laws::NO_SUCH_OUTCOME]);
    acting.finish(5, change, "no_change").unwrap();
    assert_eq!(acting.item(change).work.finished.as_ref().map(|(of, _)| of.as_str()), Some("no_change"));
    acting.finish(5, task, "done").unwrap();
}

#[test]
fn a_review_that_nobody_closes_goes_up() {
    let mut acting = Acting::new(Mode::Open);
    let item = open(&mut acting, review(month(3), 5)).unwrap();
    acting.world.at += 10 * DAY;
    acting.job(&Command::Tick).unwrap();
    assert_eq!(acting.owner(item), 3);
    assert_eq!(acting.act(5, item, decide(1, Decision::Accept, None)).unwrap_err(), [laws::WENT_ON]);
    acting.act(3, item, decide(1, Decision::Accept, None)).unwrap();
}

#[test]
fn a_dispute_is_answered_by_another_and_once() {
    let mut acting = Acting::new(Mode::Reviewed);
    let ask = |acting: &mut Acting, by: u64, of: Dispute| {
        let number = acting.world.organisation.items.next();
        acting
            .ask(person(by), &Command::Open(Open { content: Content::Dispute(of), why: WHY }))
            .map(|_| number)
    };
    let item = ask(&mut acting, 4, dispute(Some("emea"), month(4))).unwrap();
    assert_eq!((acting.owner(item), acting.step(item)), (5, "answering"));
    assert_eq!(ask(&mut acting, 6, dispute(Some("emea"), month(4))).unwrap_err(), [laws::ALREADY_OPEN]);
    // Another period is another figure. Who answers for it does not answer herself.
    let own = ask(&mut acting, 5, dispute(Some("emea"), month(3))).unwrap();
    assert_eq!(acting.owner(own), 3);
    assert_eq!(ask(&mut acting, 9, dispute(None, month(3))).unwrap_err(), [laws::NOT_THERE]);
    assert_eq!(acting.finish(4, item, "stands").unwrap_err(), [laws::NOT_YOUR_TURN]);
    assert_eq!(acting.finish(5, item, "fixed").unwrap_err(), [laws::NO_SUCH_OUTCOME]);
    acting.finish(5, item, "corrected").unwrap();
    assert_eq!(acting.step(item), "ended");
    // It can be said again of what was answered.
    ask(&mut acting, 4, dispute(Some("emea"), month(4))).unwrap();
    // Whoever is above may answer, unless she says it herself; and where nobody is above, nobody answers it.
    let above = ask(&mut acting, 3, dispute(Some("emea"), month(2))).unwrap();
    assert_eq!(acting.owner(above), 5);
    assert_eq!(acting.finish(3, above, "stands").unwrap_err(), [laws::NOT_YOUR_TURN]);
    acting.finish(5, above, "stands").unwrap();
    acting.directory.accountable.insert("renewals".parse().unwrap(), 1);
    acting.directory.units.clear();
    assert_eq!(ask(&mut acting, 1, dispute(None, month(1))).unwrap_err(), [laws::NOBODY_THERE]);
    // An alert is another matter.
    acting.raise(alert(Some("emea"), month(4))).unwrap();
}
