//! When what happened to an item: from the signal over whoever saw it and what was decided to its effect.
//!
//! What has not happened has no time: whoever measures how long things take has to count what is still open, too.

use super::{
    Seen,
    acting::PLANNED,
    kind::{Kind, Turn},
};
use crate::{event::Event, items::Outcome, principal::Principal};

/// When what happened to an item, µs UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// The signal: it was opened.
    pub opened: i64,
    /// Somebody else than who opened it first did anything about it.
    pub seen: Option<i64>,
    /// It was said what is to come of it: others agreed or did not, or whoever had it was done with it.
    pub decided: Option<i64>,
    /// That was carried out. What is answered by a plan is done when the plan is, which its own events do not say.
    pub done: Option<i64>,
    /// Its effect was seen: what it was about is over, or was measured.
    pub effect: Option<i64>,
    /// It ended.
    pub ended: Option<i64>,
    /// How often it went up because nobody acted in time.
    pub raised: u64,
    /// The last that happened.
    pub last: i64,
    opener: Principal,
    step: usize,
}

impl Times {
    /// From all events of an item, the oldest first; none: the first is not that it was opened. What comes back to somebody is not
    /// decided any more, nor done.
    pub fn of<'a>(events: impl IntoIterator<Item = (i64, &'a Principal, &'a Event)>) -> Option<Self> {
        let mut events = events.into_iter();
        let (at, by, first) = events.next()?;
        let Event::ItemOpened(opened) = first else { return None };
        let kind = opened.content.kind();
        let mut times = Self {
            opened: at,
            seen: None,
            decided: None,
            done: None,
            effect: None,
            ended: None,
            raised: 0,
            last: at,
            opener: by.clone(),
            step: 0,
        };
        for (at, by, event) in events {
            times.take(kind, at, by, event);
        }
        Some(times)
    }

    fn take(&mut self, kind: &Kind, at: i64, by: &Principal, event: &Event) {
        self.last = at;
        let acts = matches!(
            event,
            Event::ItemAcknowledged(_)
                | Event::ItemAssigned(_)
                | Event::ItemRefused(_)
                | Event::ItemSnoozed(_)
                | Event::ItemFinished(_)
                | Event::ItemContacted(_)
                | Event::ItemAnswered(_)
                | Event::ItemStepped(_)
                | Event::ItemAttended(_)
                | Event::PointDecided(_)
                | Event::ItemVoted(_)
                | Event::ItemRemarked(_)
                | Event::ItemEdited(_)
        );
        if acts && matches!(by, Principal::Person(_)) && *by != self.opener {
            self.seen = self.seen.or(Some(at));
        }
        let turn = |step: usize| kind.steps.get(step).map(|step| step.turn);
        match event {
            Event::ItemFinished(e) => {
                self.decided = self.decided.or(Some(at));
                // What is dismissed has been decided, and nothing was done.
                let undone = [PLANNED, Outcome::Dismissed.word()].contains(&e.outcome.as_str());
                self.done = self.done.or(Some(at)).filter(|_| !undone);
            }
            Event::ItemMoved(e) => {
                let Some(to) = kind.step(e.to.as_str()) else { return };
                if to > self.step && turn(self.step) == Some(Turn::Ask) {
                    self.decided = Some(at);
                }
                if to < self.step {
                    (self.decided, self.done) = (None, None);
                }
                self.step = to;
            }
            Event::ItemReturned(_) => {
                self.step = 0;
                self.decided = None;
            }
            Event::ItemObserved(e) if matches!(e.seen, Seen::Effect(_)) => self.effect = Some(at),
            Event::ItemEscalated(_) => self.raised += 1,
            Event::ItemEnded(e) => {
                self.ended = Some(at);
                if matches!(e.outcome, Outcome::Done | Outcome::Rejected | Outcome::Dismissed) {
                    self.decided = self.decided.or(Some(at));
                }
                if e.outcome == Outcome::Done {
                    self.done = self.done.or(Some(at));
                }
                if e.outcome == Outcome::Recovered {
                    self.effect = Some(at);
                }
            }
            _ => {}
        }
    }
}
