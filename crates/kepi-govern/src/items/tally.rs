//! Who has to agree, and what the ballots come to. One function, asked whenever somebody votes.

use std::collections::BTreeSet;

use super::{Item, Stance, Turn, emergency::TWO};
use crate::{governance::Governance, organisation::Organisation, principal::Principal};

/// Who has to agree; all of it has to be met. Nobody: it takes effect at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ask {
    /// All whom it concerns and all who wrote it sign the same content; one alone, or several whose pay it is, need one other.
    pub parties: bool,
    /// One who neither wrote it nor is concerned, nor paid by it.
    pub one_other: bool,
    /// Two such who are named for emergencies.
    pub named: bool,
    /// One such who is an owner of the governance.
    pub owner: bool,
    /// The board, without those who wrote it, are concerned or paid by it: enough functions say yes, and more members yes than no.
    pub board: bool,
}

/// What the ballots come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tally {
    /// Everybody has agreed who has to.
    Passed,
    /// It cannot pass any more.
    Failed,
    /// So much is missing.
    Pending(Vec<Missing>),
}

/// Somebody who has to agree yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// These persons, each of them.
    All(BTreeSet<u64>),
    /// One of these persons.
    One(BTreeSet<u64>),
    /// One of these, who are owners.
    Owner(BTreeSet<u64>),
    /// Of those who are named for emergencies these may say yes yet, and so many have.
    Named {
        /// Who may vote yet.
        of: BTreeSet<u64>,
        /// How many have said yes.
        given: usize,
    },
    /// Objections of these stand.
    Objecting(BTreeSet<u64>),
    /// Of the board these may vote yet; so many functions have said yes of those that have to.
    Board {
        /// Who may vote yet.
        of: BTreeSet<u64>,
        /// Functions that have said yes.
        functions: usize,
        /// How many have to.
        quorum: usize,
    },
}

impl Missing {
    /// Whether nobody can give it any more.
    pub fn is_hopeless(&self, governance: &Governance) -> bool {
        match self {
            Self::All(_) | Self::Objecting(_) => false,
            Self::One(of) | Self::Owner(of) => of.is_empty(),
            Self::Named { of, given } => given + of.len() < TWO,
            Self::Board { of, functions, quorum } => functions + governance.functions(of) < *quorum,
        }
    }

    /// Whom it waits for.
    pub fn of(&self) -> &BTreeSet<u64> {
        match self {
            Self::All(of)
            | Self::One(of)
            | Self::Owner(of)
            | Self::Objecting(of)
            | Self::Named { of, .. }
            | Self::Board { of, .. } => of,
        }
    }
}

/// Who of those there is may say what of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Electorate {
    /// Who signs as a party.
    pub parties: BTreeSet<u64>,
    /// Whether one other has to agree because no party could alone: there is one, or it is the pay of all of them.
    pub alone: bool,
    /// Who may agree as another: neither author nor concerned, and not paid by it.
    pub others: BTreeSet<u64>,
    /// Of them, owners.
    pub owners: BTreeSet<u64>,
    /// Of them, those who are named for emergencies.
    pub named: BTreeSet<u64>,
    /// Of them, members of the board.
    pub board: BTreeSet<u64>,
}

/// Who leaves by what changes no definition.
static NOBODY: BTreeSet<u64> = BTreeSet::new();

/// Who may say something of an item.
pub fn electorate(organisation: &Organisation, item: &Item) -> Electorate {
    let ask = item.ask(organisation.governance.mode);
    let there = &organisation.people;
    // Whoever is to be there no longer signs nothing: that they go is what owners agree to.
    let leaving = item.content.change().map_or(&NOBODY, |change| &change.governing.left);
    let among = |of: &BTreeSet<u64>| of.intersection(there).copied().collect::<BTreeSet<u64>>();
    let (concerned, paid) = (item.content.concerned(), item.content.paid());
    let another = |person: &&u64| {
        !item.authors.contains(&Principal::Person(**person))
            && !concerned.contains(person)
            && !paid.contains(person)
    };
    let others: BTreeSet<u64> = there.iter().filter(another).copied().collect();
    let others_of = |of: &BTreeSet<u64>| of.intersection(&others).copied().collect::<BTreeSet<u64>>();
    let mut parties = BTreeSet::new();
    if ask.parties {
        let authors = item.authors.iter().filter_map(|author| match author {
            Principal::Person(number) => Some(*number),
            Principal::Job(_) => None,
        });
        parties = among(&concerned.iter().copied().chain(authors).collect());
        parties
            .retain(|person| !leaving.contains(person) || item.authors.contains(&Principal::Person(*person)));
    }
    Electorate {
        alone: ask.parties && (parties.len() < 2 || parties.is_subset(paid)),
        parties,
        owners: others_of(&organisation.governance.owners),
        named: organisation.governance.emergency.as_ref().map(|of| others_of(&of.among)).unwrap_or_default(),
        board: others_of(&organisation.governance.members()),
        others,
    }
}

/// Whose turn an item is, by number: of whoever works on it, of who wrote it while it is to be written, of who has to agree while others
/// are asked; nobody's while it waits for data or a day, and once it has ended.
pub fn turn(organisation: &Organisation, item: &Item) -> BTreeSet<u64> {
    match (item.step().map(|step| step.turn), item.owner()) {
        (_, Some(owner)) => BTreeSet::from([owner.person]),
        (Some(Turn::Write), None) => {
            let persons = item.authors.iter().filter_map(|author| match author {
                Principal::Person(number) => Some(*number),
                Principal::Job(_) => None,
            });
            persons.collect()
        }
        (Some(Turn::Ask), None) => match tally(organisation, item) {
            Tally::Pending(missing) => {
                let mut turn: BTreeSet<u64> = missing.iter().flat_map(|of| of.of().iter().copied()).collect();
                if missing.iter().any(|of| matches!(of, Missing::Objecting(_))) {
                    // They answer it, or write anew what it says.
                    turn.extend(item.authors.iter().filter_map(|author| match author {
                        Principal::Person(number) => Some(*number),
                        Principal::Job(_) => None,
                    }));
                }
                turn
            }
            Tally::Passed | Tally::Failed => BTreeSet::new(),
        },
        (Some(Turn::Work | Turn::Wait) | None, None) => BTreeSet::new(),
    }
}

/// What the ballots of an item come to. Those count that are for exactly its content, of people who are there.
pub fn tally(organisation: &Organisation, item: &Item) -> Tally {
    let ask = item.ask(organisation.governance.mode);
    let of = electorate(organisation, item);
    let said = |stance: Stance| -> BTreeSet<u64> {
        let own = item.ballots.iter();
        own.filter(|(_, ballot)| ballot.stance == stance && ballot.content == item.digest)
            .map(|(person, _)| *person)
            .collect()
    };
    let (yes, no, voted) = (said(Stance::Yes), said(Stance::No), {
        let counted = item.ballots.iter().filter(|(_, ballot)| ballot.content == item.digest);
        counted.map(|(person, _)| *person).collect::<BTreeSet<u64>>()
    });
    let mut missing = Vec::new();
    let mut failed = false;
    let mut one_of = |of: &BTreeSet<u64>, missing: &mut Vec<Missing>, kind: fn(BTreeSet<u64>) -> Missing| {
        failed |= !of.is_disjoint(&no);
        if of.is_disjoint(&yes) {
            missing.push(kind(of.difference(&voted).copied().collect()));
        }
    };
    if ask.one_other || of.alone {
        one_of(&of.others, &mut missing, Missing::One);
    }
    if ask.owner {
        one_of(&of.owners, &mut missing, Missing::Owner);
    }
    if ask.named {
        let given = of.named.intersection(&yes).count();
        let left: BTreeSet<u64> = of.named.difference(&voted).copied().collect();
        if given < TWO {
            failed |= given + left.len() < TWO && !of.named.is_disjoint(&no);
            missing.push(Missing::Named { of: left, given });
        }
    }
    if ask.parties {
        failed |= !of.parties.is_disjoint(&no);
        let signed = |person: &u64| yes.contains(person) || item.editor == Principal::Person(*person);
        let left: BTreeSet<u64> = of.parties.iter().filter(|person| !signed(person)).copied().collect();
        if !left.is_empty() {
            missing.push(Missing::All(left));
        }
    }
    if ask.board {
        let governance = &organisation.governance;
        let count = |of: &BTreeSet<u64>| governance.functions(of);
        let among = |said: &BTreeSet<u64>| of.board.intersection(said).copied().collect::<BTreeSet<u64>>();
        let (yes, no) = (among(&yes), among(&no));
        let left: BTreeSet<u64> = of.board.difference(&voted).copied().collect();
        let (functions, quorum) = (count(&yes), usize::from(governance.quorum));
        if functions < quorum || yes.len() <= no.len() {
            // Whoever has not voted yet may make it pass. That members left ends nothing: others may take their place.
            let most: BTreeSet<u64> = yes.union(&left).copied().collect();
            let cannot = count(&most) < quorum || most.len() <= no.len();
            failed |= cannot && !of.board.is_disjoint(&voted.difference(&yes).copied().collect());
            missing.push(Missing::Board { of: left, functions, quorum });
        }
    }
    // What cannot wait does not wait for that: it is asked about again when it is to be ratified.
    let objecting = if ask.named { BTreeSet::new() } else { item.objecting(&organisation.people) };
    if !objecting.is_empty() {
        missing.push(Missing::Objecting(objecting));
    }
    match (failed, missing.is_empty()) {
        (true, _) => Tally::Failed,
        (false, true) => Tally::Passed,
        (false, false) => Tally::Pending(missing),
    }
}
