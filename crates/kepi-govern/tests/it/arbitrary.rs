//! Any event, any command, any evidence.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_govern::{
    Adopt, BindSignIn, Command, Content, Edit, EndSignIn, Event, Evidence, Governance, Governing, Grant,
    IssueToken, Land, Open, Publish, PublishInsights, Rebase, RecordForbidden, RecordRefusal, Remark,
    RevokeToken, Shape, Stance, Vote, Withdraw,
    acting::{
        Act, Deed, ItemAnswered, ItemAssigned, ItemAttended, ItemContacted, ItemEscalated, ItemFinished,
        ItemObserved, ItemRefused, ItemSnoozed, ItemStepped, Observe, PointDecided,
    },
    correcting::Correcting,
    directory::{Duty, Line, Passed, Reached},
    entries::Entry,
    erasing::{self, Erase, Resealed, RowsErased},
    event::{
        AlertsSilenced, AttemptForbidden, AttemptRefused, DefinitionAdopted, FigureOverridden,
        InsightsPublished, ItemEdited, ItemEnded, ItemMoved, ItemOpened, ItemRebased, ItemRemarked,
        ItemReturned, ItemVoted, Legacy, Load, LoadCounts, LoadLanded, LoadStopped, OverrideEnded,
        PeriodFrozen, Returned, RunCounts, RunPublished, Sealed, SignInBound, SignInEnded, Subject,
        TableShaped, TokenIssued, TokenRevoked, ValueEntered,
    },
    governance::InEmergency,
    items::{
        Action, ActionPlan, Alert, Alone, Attestation, Beside, By, Came, Case, Change, ChangeNotice,
        Commentary, Decision, Dispute, Effect, Emergency, Expected, Follows, Handover, Method, Missed, Named,
        Notice, OnAgenda, Outcome, PainPoint, Permission, Play, PlayStep, Point, PostMortem, Review, Rung,
        Says, Seen, Task, TaskOf, Topic, Untold,
    },
    judging::{Judging, Verdict},
    overrides::{Figure, Over, Override},
    periods::{ByRule, Close, Freeze, PeriodId},
    plain::{ColumnName, Engine, Number, Uuid},
    register::{Adopted, DocumentId, Effective},
    silences::Silence,
};
use kepi_model::{
    acting::{Severity, Signal},
    calendar::Grain,
    governance::{Aspect, Mode},
    id::Hash,
    project::WhenLate,
};
use kepi_proof::{Commitment, Digest};
use proptest::{collection, option, prelude::*};

/// Integers that JSON can hold.
fn whole() -> impl Strategy<Value = u64> {
    prop_oneof![0..5u64, 0..=(1u64 << 53) - 1]
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_]{0,8}"
}

fn parsed<T: std::str::FromStr + std::fmt::Debug>() -> impl Strategy<Value = T>
where
    T::Err: std::fmt::Debug,
{
    name().prop_map(|n| n.parse().unwrap())
}

fn uuid() -> impl Strategy<Value = Uuid> {
    "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}".prop_map(|u| u.parse().unwrap())
}

pub fn commitment() -> impl Strategy<Value = Commitment> {
    any::<[u8; 32]>().prop_map(Commitment)
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

pub fn effective() -> impl Strategy<Value = Effective> {
    let day = (0i16..30).prop_map(|d| Effective::From(Date::constant(2026, 1, 1 + d as i8)));
    prop_oneof![Just(Effective::Ever), day]
}

/// Of few definitions, so that adoptions meet.
pub fn document() -> impl Strategy<Value = DocumentId> {
    prop_oneof![
        "[ab]".prop_map(|n| DocumentId::named("kpi", &n).unwrap()),
        (0u8..2).prop_map(|n| DocumentId::Person(Commitment([n; 32]))),
    ]
}

pub fn adopted() -> impl Strategy<Value = Adopted> {
    (option::of(commitment()), option::of(hash())).prop_map(|(text, meaning)| Adopted { text, meaning })
}

fn patch() -> impl Strategy<Value = BTreeMap<DocumentId, Adopted>> {
    collection::btree_map(document(), adopted(), 0..4)
}

pub fn adoption() -> impl Strategy<Value = DefinitionAdopted> {
    (effective(), patch(), option::of(commitment())).prop_map(|(from, texts, files)| DefinitionAdopted {
        from,
        texts,
        files,
    })
}

fn sealed() -> impl Strategy<Value = Sealed> {
    (whole(), digest()).prop_map(|(rows, root)| Sealed { rows, root })
}

/// Half of them add up.
fn counts() -> impl Strategy<Value = LoadCounts> {
    ([0..9u64, 0..9, 0..9, 0..9, 0..9, 0..3], prop_oneof![Just(None), whole().prop_map(Some)]).prop_map(
        |([out_of_scope, accepted, superseding, quarantined, duplicate, erased], read)| LoadCounts {
            read: read.unwrap_or(out_of_scope + accepted + superseding + quarantined + duplicate + erased),
            out_of_scope,
            accepted,
            superseding,
            quarantined,
            duplicate,
            erased,
        },
    )
}

fn load() -> impl Strategy<Value = Load> {
    (uuid(), parsed(), parsed(), hash(), hash(), counts()).prop_map(
        |(load, source, entity, content, definition, counts)| Load {
            load,
            source,
            entity,
            content,
            definition,
            counts,
        },
    )
}

fn engine() -> impl Strategy<Value = Engine> {
    "[a-z]{1,9}/[0-9]{1,2}[.][0-9]{1,2}[+]kepi/0[.]1[.]0".prop_map(|e| e.parse().unwrap())
}

fn column() -> impl Strategy<Value = ColumnName> {
    "_?[a-z][a-z0-9_]{0,8}".prop_map(|c| c.parse().unwrap())
}

fn run_counts() -> impl Strategy<Value = RunCounts> {
    (whole(), whole(), whole(), whole(), whole(), whole(), whole()).prop_map(
        |(values, reasons, scores, first, restated, withdrawn, unchanged)| RunCounts {
            values,
            reasons,
            scores,
            first,
            restated,
            withdrawn,
            unchanged,
        },
    )
}

fn grants() -> impl Strategy<Value = std::collections::BTreeSet<Grant>> {
    let name = prop_oneof![Just("owner".to_owned()), name()];
    let grant =
        (name, option::of(parsed())).prop_map(|(name, unit)| Grant { name: name.parse().unwrap(), unit });
    collection::btree_set(grant, 0..3)
}

fn access_event() -> impl Strategy<Value = Event> {
    let few = || 0..4u64;
    prop_oneof![
        (few(), grants(), option::of(digest())).prop_map(|(person, roles, credential)| {
            Event::SignInBound(SignInBound { person, roles, credential })
        }),
        few().prop_map(|person| Event::SignInEnded(SignInEnded { person })),
        (few(), few(), digest(), grants(), 0..9i64).prop_map(|(token, person, secret, scopes, until)| {
            Event::TokenIssued(TokenIssued { token, person, secret, scopes, until })
        }),
        few().prop_map(|token| Event::TokenRevoked(TokenRevoked { token })),
        (parsed(), name(), option::of(parsed()), option::of(few())).prop_map(|(action, kpi, unit, token)| {
            let on = Subject::recorded(&format!("kpi/{kpi}"));
            Event::AttemptRefused(AttemptRefused { action, on, unit, token })
        }),
    ]
}

fn access_command() -> impl Strategy<Value = Command> {
    let few = || 0..4u64;
    prop_oneof![
        (few(), grants(), option::of(digest())).prop_map(|(person, roles, credential)| {
            Command::BindSignIn(BindSignIn { person, roles, credential })
        }),
        few().prop_map(|person| Command::EndSignIn(EndSignIn { person })),
        (few(), digest(), grants(), 0..9i64).prop_map(|(person, secret, scopes, until)| {
            Command::IssueToken(IssueToken { person, secret, scopes, until })
        }),
        few().prop_map(|token| Command::RevokeToken(RevokeToken { token })),
        (parsed(), parsed(), parsed(), option::of(parsed()), option::of(few())).prop_map(
            |(action, kind, name, unit, token)| {
                Command::RecordRefusal(RecordRefusal { action, on: (kind, name), unit, token })
            }
        ),
    ]
}

pub fn event() -> impl Strategy<Value = Event> {
    let landed =
        (load(), whole(), option::of(uuid()), whole(), sealed(), commitment(), option::of(commitment()))
            .prop_map(|(load, ended, replaces, snapshot, files, ledger, rejected)| {
                Event::LoadLanded(LoadLanded { load, ended, replaces, snapshot, files, ledger, rejected })
            });
    let stopped = (load(), parsed(), commitment())
        .prop_map(|(load, rule, ledger)| Event::LoadStopped(LoadStopped { load, rule, ledger }));
    let shaped =
        (parsed(), whole(), collection::vec(column(), 0..5)).prop_map(|(entity, snapshot, columns)| {
            Event::TableShaped(TableShaped { entity, snapshot, columns })
        });
    let published = (
        (whole(), whole(), hash(), uuid(), whole(), engine()),
        (run_counts(), sealed(), sealed(), sealed(), digest()),
    )
        .prop_map(
            |(
                (run, register, definitions, lake, snapshot, engine),
                (counts, values, scores, vouched, watermarks),
            )| {
                Event::RunPublished(RunPublished {
                    run,
                    register,
                    definitions,
                    lake,
                    snapshot,
                    engine,
                    counts,
                    values,
                    scores,
                    vouched,
                    watermarks,
                })
            },
        );
    let legacy = (uuid(), commitment(), whole()).prop_map(|(id, body, run)| {
        Event::Legacy(Legacy { was: "load.landed".parse().unwrap(), id, body, subject: Subject::run(run) })
    });
    let insights = (whole(), 0..9u32, sealed(), sealed()).prop_map(|(run, version, usual, insights)| {
        Event::InsightsPublished(InsightsPublished { run, version, usual, insights })
    });
    let adopted = adoption().prop_map(Event::DefinitionAdopted);
    prop_oneof![
        adopted,
        landed,
        stopped,
        shaped,
        published,
        insights,
        legacy,
        access_event(),
        deciding(),
        (1..4u64, silence()).prop_map(|(silence, of)| Event::AlertsSilenced(AlertsSilenced { silence, of })),
        (1..4u64).prop_map(Event::SilenceEnded),
        judging().prop_map(Event::RowsJudged),
        correcting().prop_map(Event::RowCorrected),
        erase().prop_map(Event::ErasureAsked),
        erased().prop_map(Event::RowsErased)
    ]
}

fn judging() -> impl Strategy<Value = Judging> {
    let verdict = prop_oneof![Just(Verdict::Confirm), Just(Verdict::Dismiss)];
    (parsed(), collection::btree_set(digest(), 0..3), verdict, commitment())
        .prop_map(|(of, rows, verdict, why)| Judging { of, rows, verdict, why })
}

fn correcting() -> impl Strategy<Value = Correcting> {
    (parsed(), hash(), 0..4u64, option::of(commitment()), commitment())
        .prop_map(|(of, content, row, cells, why)| Correcting { of, content, row, cells, why })
}

fn erase() -> impl Strategy<Value = Erase> {
    (parsed(), collection::btree_set(digest(), 0..3), collection::btree_set(parsed(), 0..2), commitment())
        .prop_map(|(of, keys, with, why)| Erase { of, keys, with, why })
}

fn what_was_reached() -> impl Strategy<Value = erasing::Reached> {
    let rows = || collection::btree_map(parsed(), 0..9u64, 0..3);
    (rows(), rows(), [0..9u64, 0..9, 0..9, 0..9]).prop_map(|(rows, emptied, n)| {
        let [rejected, raw, texts, figures] = n;
        erasing::Reached { rows, emptied, rejected, raw, texts, figures }
    })
}

fn resealed() -> impl Strategy<Value = Vec<Resealed>> {
    let one = (uuid(), commitment(), option::of(commitment()));
    let one = one.prop_map(|(load, ledger, rejected)| Resealed { load, ledger, rejected });
    collection::vec(one, 0..3)
}

fn erased() -> impl Strategy<Value = RowsErased> {
    (erase(), what_was_reached(), whole(), sealed(), resealed(), commitment()).prop_map(
        |(erase, reached, snapshot, files, loads, stand)| RowsErased {
            erase,
            reached,
            snapshot,
            files,
            loads,
            stand,
        },
    )
}

fn silence() -> impl Strategy<Value = Silence> {
    (option::of(parsed()), option::of(parsed()), option::of(parsed()), 0..9i64, commitment())
        .prop_map(|(rule, kpi, unit, until, why)| Silence { rule, kpi, unit, until, why })
}

fn persons() -> impl Strategy<Value = BTreeSet<u64>> {
    collection::btree_set(0..6u64, 0..4)
}

fn governance() -> impl Strategy<Value = Governance> {
    let board = collection::btree_map(parsed(), persons(), 0..4);
    let mode = prop_oneof![Just(Mode::Open), Just(Mode::Reviewed), Just(Mode::Board)];
    (mode, persons(), board, 0..4u16, any::<bool>()).prop_map(|(mode, owners, board, quorum, ruled)| {
        Governance {
            emergency: ruled.then(|| InEmergency { among: BTreeSet::from([1, 2]), days: 3 }),
            freezes: ruled
                .then(|| ("month_end".parse().unwrap(), crate::deciding::rule()))
                .into_iter()
                .collect(),
            mode,
            owners,
            board,
            quorum,
        }
    })
}

pub fn content() -> impl Strategy<Value = Content> {
    let aspect = prop_oneof![
        Just(Aspect::Governance),
        Just(Aspect::Definition),
        Just(Aspect::Data),
        Just(Aspect::Weight),
        Just(Aspect::Target),
        Just(Aspect::Owner),
        Just(Aspect::Absence),
        Just(Aspect::Words),
    ];
    let governing = (option::of(governance()), persons(), persons())
        .prop_map(|(governance, joined, left)| Governing { governance, joined, left });
    let aspects = || collection::btree_set(aspect.clone(), 0..4);
    let freeze = (day(), day(), aspects())
        .prop_map(|(from, until, aspects)| Content::Freeze(frozen_days(from, until, aspects)));
    let lift = (1..4u64).prop_map(Content::Lift);
    let change = (0..4u64, collection::vec(adoption(), 0..3), aspects(), (persons(), persons()), governing)
        .prop_map(|(base, adoptions, aspects, (concerned, paid), governing)| {
            Content::Change(Change { base, adoptions, aspects, concerned, paid, governing })
        })
        .boxed();
    let close = close().prop_map(Content::Close);
    let back = collection::vec(adoption(), 0..2);
    let emergency = (change.clone(), back, 0..9u16).prop_map(|(content, back, days)| match content {
        Content::Change(change) => Content::Emergency(Emergency { change, back, days }),
        other => other,
    });
    let change = prop_oneof![3 => change, 1 => emergency];
    prop_oneof![3 => change.boxed(), 1 => freeze.boxed(), 1 => lift.boxed(), 1 => close.boxed(), 1 => overriding().prop_map(Content::Override).boxed(),
                 1 => (1..4u64).prop_map(Content::Restore).boxed(), 1 => entry().prop_map(Content::Entry).boxed(), 4 => acted_on()].boxed()
}

fn period() -> impl Strategy<Value = PeriodId> {
    let grain = prop_oneof![Just(Grain::Day), Just(Grain::Month), Just(Grain::Year)];
    (grain, day()).prop_map(|(grain, first)| PeriodId { grain, first })
}

fn amount() -> impl Strategy<Value = Number> {
    (-999..999i32, 0..3i32).prop_map(|(n, places)| Number::new(f64::from(n) / 10f64.powi(places)).unwrap())
}

fn action() -> impl Strategy<Value = Action> {
    (commitment(), 0..6u64, day()).prop_map(|(what, owner, by)| Action { what, owner, by })
}

fn acted_on() -> impl Strategy<Value = Content> {
    let sign = prop_oneof![Just(Signal::Beyond), Just(Signal::Red)];
    let severity = prop_oneof![Just(Severity::Low), Just(Severity::Normal), Just(Severity::High)];
    let alert = ((parsed(), parsed(), option::of(parsed()), period()), sign, severity, 1..4u16, 0..9u64)
        .prop_map(|((rule, kpi, unit, period), sign, severity, clear, run)| {
            let ladder = ladder(run);
            Content::Alert(Alert { rule, kpi, unit, period, sign, severity, clear, run, ladder })
        });
    let of = prop_oneof![
        (1..4u64).prop_map(TaskOf::Plan),
        (1..4u64, 0..3u16).prop_map(|(review, point)| TaskOf::Point { review, point }),
        (parsed(), period(), parsed(), option::of(parsed()))
            .prop_map(|(review, period, kpi, unit)| TaskOf::Before { review, period, kpi, unit }),
        (parsed(), period()).prop_map(|(kpi, period)| TaskOf::Comment { kpi, period })
    ];
    let task = (of, action()).prop_map(|(of, action)| Content::Task(Task { of, action }));
    let expected = (amount(), period(), period(), day()).prop_map(|(change, from, to, until)| Expected {
        change,
        from,
        to,
        until,
    });
    let of = (option::of(1..4u64), parsed(), option::of(parsed()));
    let texts = (commitment(), 0..4usize, commitment());
    let plan = (of, texts, collection::vec(action(), 0..3), expected).prop_map(
        |((alert, kpi, unit), (cause, method, evidence), actions, expected)| {
            let method = Method::ALL[method];
            Content::ActionPlan(ActionPlan { alert, kpi, unit, cause, method, evidence, actions, expected })
        },
    );
    let missed = prop_oneof![
        (1..4u64).prop_map(Missed::Plan),
        (parsed(), parsed(), option::of(parsed()), 0..6u64)
            .prop_map(|(name, kpi, unit, owner)| Missed::Initiative { name, kpi, unit, owner })
    ];
    let post_mortem = (missed, option::of(commitment()), option::of(commitment()))
        .prop_map(|(of, findings, follows)| Content::PostMortem(PostMortem { of, findings, follows }));
    let texts = (commitment(), commitment(), commitment(), commitment(), option::of(commitment()));
    let commentary =
        ((parsed(), option::of(parsed()), period()), texts, (0..3u32, 0..3u32, 0..3u32, 1..9u64)).prop_map(
            |(
                (kpi, unit, period),
                (what, why, done, outlook, unsure),
                (favourable, other, all_other, run),
            )| {
                let named = Named { favourable, other, all_other, run };
                Content::Commentary(Commentary { kpi, unit, period, what, why, done, outlook, unsure, named })
            },
        );
    let acted = prop_oneof![
        alert.boxed(),
        task.boxed(),
        plan.boxed(),
        post_mortem.boxed(),
        commentary.boxed(),
        case().boxed(),
        play().boxed(),
        (parsed(), option::of(parsed()))
            .prop_map(|(kpi, unit)| Content::PainPoint(PainPoint { kpi, unit }))
            .boxed()
    ];
    prop_oneof![4 => acted, 2 => told(), 1 => reviewed()].boxed()
}

fn case() -> impl Strategy<Value = Content> {
    let permission =
        prop_oneof![Just(Permission::Given), Just(Permission::Withheld), Just(Permission::NotAsked)];
    let of = (parsed(), parsed(), option::of(parsed()), parsed());
    let row = (digest(), commitment(), 0..9i64, permission);
    (of, row, (1..40u16, 1..20u16), collection::vec(parsed(), 0..3)).prop_map(
        |((rule, kpi, unit, of), (row, key, since, permission), (hours, confirm), causes)| {
            let ladder = ladder(u64::from(confirm));
            Content::Case(Case {
                rule,
                kpi,
                unit,
                of,
                row,
                key,
                since,
                permission,
                hours,
                confirm,
                causes,
                ladder,
            })
        },
    )
}

fn play() -> impl Strategy<Value = Content> {
    let of = (parsed(), parsed(), option::of(parsed()), digest(), commitment());
    let how = (0..9i64, any::<bool>(), collection::vec(commitment(), 0..3));
    (of, how, (1..40u16, 1..90u16, 1..90u16)).prop_map(
        |((playbook, kpi, unit, row, key), (since, held_out, steps), (hours, cool_down, after))| {
            Content::Play(Play {
                playbook,
                kpi,
                unit,
                row,
                key,
                since,
                held_out,
                steps,
                each: ladder(u64::from(after))
                    .into_iter()
                    .map(|of| PlayStep { hours: of.hours, by: of.to })
                    .collect(),
                hours,
                cool_down,
                after,
                ladder: ladder(u64::from(cool_down)),
            })
        },
    )
}

fn topic() -> impl Strategy<Value = Topic> {
    prop_oneof![
        parsed().prop_map(Topic::Kpi),
        parsed().prop_map(Topic::Journey),
        parsed().prop_map(Topic::Source)
    ]
}

fn reviewed() -> impl Strategy<Value = Content> {
    let why = collection::btree_set((0..OnAgenda::ALL.len()).prop_map(|n| OnAgenda::ALL[n]), 0..3);
    let point = (why, topic(), option::of(parsed()), collection::btree_set(1..9u64, 0..3))
        .prop_map(|(why, about, unit, items)| Point { why, about, unit, items });
    let of = (parsed(), parsed(), option::of(parsed()), period());
    let who = (0..6u64, persons(), 1..99u16, option::of(1..9u64));
    let review = (of, who, collection::vec(point, 0..4)).prop_map(
        |((rule, scorecard, unit, period), (chair, participants, hours, run), points)| {
            let ladder = ladder(u64::from(hours));
            Content::Review(Review {
                rule,
                scorecard,
                unit,
                period,
                chair,
                participants,
                hours,
                run,
                points,
                ladder,
            })
        },
    );
    let dispute = (parsed(), option::of(parsed()), period(), 1..9u64)
        .prop_map(|(kpi, unit, period, run)| Content::Dispute(Dispute { kpi, unit, period, run }));
    prop_oneof![review, dispute]
}

/// Rungs that hang on a number.
fn ladder(of: u64) -> Vec<Rung> {
    let rung = |n: u64| Rung {
        to: n.is_multiple_of(2).then_some(n),
        hours: n as u16 + 1,
        lasts: n.is_multiple_of(3).then_some(n as u16 + 2),
    };
    (0..of % 4).map(rung).collect()
}

fn decision() -> impl Strategy<Value = Decision> {
    (0..Decision::ALL.len()).prop_map(|n| Decision::ALL[n])
}

fn by() -> impl Strategy<Value = By> {
    (0..By::ALL.len()).prop_map(|n| By::ALL[n])
}

fn told() -> impl Strategy<Value = Content> {
    let duty = prop_oneof![
        parsed().prop_map(Duty::Kpi),
        (parsed(), 0..6u64).prop_map(|(unit, of)| Duty::Seat { unit, of }),
        parsed().prop_map(Duty::Unit),
    ];
    let duties = collection::btree_set(duty, 1..4);
    let handover = (0..6u64, 0..6u64, duties, collection::btree_set(1..9u64, 0..3), 0..3u64).prop_map(
        |(from, to, duties, items, register)| {
            Content::Handover(Handover { from, to, duties, items, register })
        },
    );
    let notice = (parsed(), day(), 0..6u64, 0..3u64, any::<bool>()).prop_map(
        |(kpi, from, to, register, announced)| Content::Notice(Notice { kpi, from, to, register, announced }),
    );
    let changed = (0..6u64, collection::btree_set(parsed(), 1..3), 0..3u64, 0..3u64).prop_map(
        |(to, kpis, before, register)| Content::ChangeNotice(ChangeNotice { to, kpis, before, register }),
    );
    prop_oneof![handover, notice, changed, attestation(), (1..9u64).prop_map(Content::TakeBack)]
}

fn way() -> impl Strategy<Value = Vec<Reached>> {
    let by = prop_oneof![Just(Line::Seat), Just(Line::Dotted), Just(Line::LastResort)];
    let passed =
        prop_oneof![Just(Passed::Gone), Just(Passed::Away), Just(Passed::Refused), Just(Passed::Unaccepted)];
    let stop = (0..6u64, by, option::of(parsed()), option::of(passed))
        .prop_map(|(person, by, unit, passed)| Reached { person, by, unit, passed });
    collection::vec(stop, 1..4)
}

fn seen() -> impl Strategy<Value = Seen> {
    let came =
        prop_oneof![Just(Came::Shown), Just(Came::NotShown), Just(Came::Contrary), Just(Came::NotComputable)];
    let change = option::of((amount(), option::of((amount(), amount()))));
    prop_oneof![
        (period(), whole()).prop_map(|(period, run)| Seen::Signal { period, run }),
        (period(), whole()).prop_map(|(period, run)| Seen::Clear { period, run }),
        (any::<bool>(), whole()).prop_map(|(helped, run)| Seen::Helped { helped, run }),
        (topic(), option::of(parsed())).prop_map(|(about, unit)| {
            let why = [OnAgenda::Trend].into();
            Seen::Agenda(vec![Point { why, about, unit, items: [].into() }])
        }),
        (came, change, any::<bool>(), option::of(whole()), beside(), option::of(untold())).prop_map(
            |(came, change, enough, run, beside, untold)| {
                Seen::Effect(Effect { came, change, enough, run, beside, untold })
            }
        ),
    ]
}

fn untold() -> impl Strategy<Value = Untold> {
    use Untold::*;
    prop_oneof![
        Just(NoFigure),
        Just(NotInTime),
        Just(NoInterval),
        Just(FewPeriods),
        Just(FewCases),
        Just(NeverMoved),
        Just(Overlapping)
    ]
}

fn beside() -> impl Strategy<Value = Option<Result<Beside, Alone>>> {
    let alone = prop_oneof![
        Just(Alone::Whole),
        Just(Alone::FewUnits),
        Just(Alone::NoPast),
        Just(Alone::OtherCourse),
        Just(Alone::NoSize),
        Just(Alone::Alike),
        Just(Alone::Mixed)
    ];
    option::of(prop_oneof![
        (1u16.., amount()).prop_map(|(units, alone)| Ok(Beside { units, alone })),
        alone.prop_map(Err)
    ])
}

fn acting() -> impl Strategy<Value = Event> {
    let item = || 1..4u64;
    let finished = (item(), parsed(), option::of(parsed()), option::of(commitment()));
    let contacted =
        (item(), by(), any::<bool>(), option::of(commitment())).prop_map(|(item, by, reached, note)| {
            Event::ItemContacted(ItemContacted { item, by, reached, note })
        });
    let answered = (item(), any::<bool>(), option::of(commitment()))
        .prop_map(|(item, settled, note)| Event::ItemAnswered(ItemAnswered { item, settled, note }));
    let decided = (item(), 0..4u16, decision(), commitment(), option::of(1..9u64)).prop_map(
        |(item, point, decision, why, task)| {
            Event::PointDecided(PointDecided { item, point, decision, why, task })
        },
    );
    prop_oneof![
        contacted,
        answered,
        decided,
        (item(), parsed(), option::of(commitment()))
            .prop_map(|(item, outcome, why)| Event::ItemStepped(ItemStepped { item, outcome, why })),
        (item(), persons()).prop_map(|(item, present)| Event::ItemAttended(ItemAttended { item, present })),
        (item(), way(), any::<bool>(), 0..9i64)
            .prop_map(|(item, way, bound, due)| Event::ItemAssigned(ItemAssigned { item, way, bound, due })),
        (item(), commitment()).prop_map(|(item, why)| Event::ItemRefused(ItemRefused { item, why })),
        (item(), way(), 0..9i64).prop_map(|(item, way, due)| Event::ItemEscalated(ItemEscalated {
            item,
            way,
            due
        })),
        item().prop_map(Event::ItemAcknowledged),
        (item(), 0..9i64, commitment()).prop_map(|(item, until, why)| Event::ItemSnoozed(ItemSnoozed {
            item,
            until,
            why
        })),
        finished.prop_map(|(item, outcome, cause, why)| {
            Event::ItemFinished(ItemFinished { item, outcome, cause, why })
        }),
        (item(), seen()).prop_map(|(item, seen)| Event::ItemObserved(ItemObserved { item, seen })),
    ]
    .boxed()
}

fn act() -> impl Strategy<Value = Command> {
    let deed = prop_oneof![
        Just(Deed::Acknowledge),
        (0..6u64).prop_map(|to| Deed::Assign { to }),
        commitment().prop_map(|why| Deed::Refuse { why }),
        (0..9i64, commitment()).prop_map(|(until, why)| Deed::Snooze { until, why }),
        commitment().prop_map(|why| Deed::Dismiss { why }),
        (parsed(), option::of(parsed()), option::of(commitment()))
            .prop_map(|(outcome, cause, why)| Deed::Finish { outcome, cause, step: None, why }),
        (by(), any::<bool>(), option::of(commitment())).prop_map(|(by, reached, note)| Deed::Contact {
            by,
            reached,
            note
        }),
        (any::<bool>(), option::of(commitment())).prop_map(|(settled, note)| Deed::Answer { settled, note }),
        persons().prop_map(|present| Deed::Attend { present }),
        (0..4u16, decision(), commitment(), option::of((0..6u64, day()))).prop_map(
            |(point, decision, why, follows)| {
                let follows = follows.map(|(owner, by)| Follows { owner, by });
                Deed::Decide { point, decision, why, follows }
            }
        ),
    ];
    let act = (1..4u64, deed).prop_map(|(item, deed)| Command::Act(Act { item, deed }));
    let observe = (1..4u64, seen()).prop_map(|(item, seen)| Command::Observe(Observe { item, seen }));
    prop_oneof![act.boxed(), observe.boxed()].boxed()
}

fn day() -> impl Strategy<Value = Date> {
    (1i8..28).prop_map(|day| Date::constant(2026, 1, day))
}

fn close() -> impl Strategy<Value = Close> {
    let grain = prop_oneof![Just(Grain::Day), Just(Grain::Month), Just(Grain::HalfYear), Just(Grain::Year)];
    let late = collection::btree_map(parsed(), when_late(), 0..3);
    (grain, day(), day(), 0..4u64, late).prop_map(|(grain, first, until, published, late)| Close {
        period: PeriodId { grain, first },
        until,
        published,
        late,
    })
}

fn when_late() -> impl Strategy<Value = WhenLate> {
    prop_oneof![Just(WhenLate::Block), Just(WhenLate::Exclude), Just(WhenLate::Carry), Just(WhenLate::Warn)]
}

fn attestation() -> impl Strategy<Value = Content> {
    let times = (day(), day(), 1..9u16, 0..9i64);
    let of = (parsed(), proptest::option::of(parsed()), times, 0..6u64, when_late());
    of.prop_map(|(source, unit, (first, until, days, cut_off), steward, otherwise)| {
        let period = PeriodId { grain: Grain::Month, first };
        Content::Attestation(Attestation { source, unit, period, until, steward, days, cut_off, otherwise })
    })
}

fn overriding() -> impl Strategy<Value = Override> {
    let number = any::<f64>().prop_filter_map("a number that fits", Number::new);
    let figure = (parsed(), day(), option::of(commitment())).prop_map(|(kpi, first, segment)| Figure {
        kpi,
        period: PeriodId { grain: Grain::Month, first },
        segment,
    });
    (figure, day(), number, option::of(day()), commitment(), persons()).prop_map(
        |(figure, until, value, expires, evidence, concerned)| Override {
            figure,
            until,
            value,
            expires,
            evidence,
            concerned,
        },
    )
}

fn entry() -> impl Strategy<Value = Entry> {
    (overriding(), parsed()).prop_map(|(of, figure)| Entry {
        figure,
        period: of.figure.period,
        until: of.until,
        part: of.figure.segment,
        value: of.value,
        evidence: of.evidence,
        concerned: of.concerned,
    })
}

fn stance() -> impl Strategy<Value = Stance> {
    prop_oneof![Just(Stance::Yes), Just(Stance::No), Just(Stance::Abstain)]
}

fn says() -> impl Strategy<Value = Says> {
    prop_oneof![Just(Says::Comment), Just(Says::Objection), Just(Says::Resolution)]
}

/// What is proposed and decided, of few items so that events meet.
fn deciding() -> impl Strategy<Value = Event> {
    let item = || 1..4u64;
    let opened = (item(), content(), commitment())
        .prop_map(|(item, content, why)| Event::ItemOpened(ItemOpened { item, content, why }));
    let edited = (item(), content(), commitment())
        .prop_map(|(item, content, why)| Event::ItemEdited(ItemEdited { item, content, why }));
    let rebased = (item(), content(), any::<bool>())
        .prop_map(|(item, content, kept)| Event::ItemRebased(ItemRebased { item, content, kept }));
    let edited = prop_oneof![edited, rebased];
    let to = prop_oneof![Just("draft"), Just("review"), Just("elsewhere")].prop_map(|to| to.parse().unwrap());
    let moved = (item(), to).prop_map(|(item, to)| Event::ItemMoved(ItemMoved { item, to }));
    let voted = (item(), stance(), digest(), option::of(commitment()))
        .prop_map(|(item, stance, content, why)| Event::ItemVoted(ItemVoted { item, stance, content, why }));
    let remarked = (item(), says(), option::of(1..4u16), digest(), commitment()).prop_map(
        |(item, says, to, content, text)| Event::ItemRemarked(ItemRemarked { item, says, to, content, text }),
    );
    let voted = prop_oneof![voted, remarked];
    let why = prop_oneof![Just(Returned::Outdated), Just(Returned::Unsound)];
    let returned = (item(), why).prop_map(|(item, why)| Event::ItemReturned(ItemReturned { item, why }));
    let outcome = prop_oneof![
        Just(Outcome::Done),
        Just(Outcome::Rejected),
        Just(Outcome::Withdrawn),
        Just(Outcome::Lapsed),
        Just(Outcome::Recovered),
        Just(Outcome::Dismissed)
    ];
    let overridden =
        (item(), overriding()).prop_map(|(item, of)| Event::FigureOverridden(FigureOverridden { item, of }));
    let why = prop_oneof![Just(Over::Expired), Just(Over::Restored), Just(Over::Replaced)];
    let over = (item(), why).prop_map(|(item, why)| Event::OverrideEnded(OverrideEnded { item, why }));
    let ended = (item(), outcome).prop_map(|(item, outcome)| Event::ItemEnded(ItemEnded { item, outcome }));
    let forbidden = (option::of(item()), parsed(), collection::btree_set(1..2000u16, 0..3))
        .prop_map(|(item, action, laws)| Event::AttemptForbidden(AttemptForbidden { item, action, laws }));
    let governance = prop_oneof![governance().prop_map(Event::GovernanceAdopted), forbidden];
    let joined = (0..6u64).prop_map(Event::PersonJoined);
    let left = (0..6u64).prop_map(Event::PersonLeft);
    let frozen = (item(), day(), day()).prop_map(|(item, from, until)| {
        let aspects = [Aspect::Definition].into_iter().collect();
        Event::PeriodFrozen(PeriodFrozen { item, freeze: frozen_days(from, until, aspects) })
    });
    let lifted = item().prop_map(Event::PeriodLifted);
    let closed = close().prop_map(Event::PeriodClosed);
    let periods = prop_oneof![frozen, lifted, closed];
    let entered = (item(), entry()).prop_map(|(item, of)| Event::ValueEntered(ValueEntered { item, of }));
    let taken_back = item().prop_map(Event::ValueTakenBack);
    let figures = prop_oneof![overridden, over, entered, taken_back];
    let of_items = prop_oneof![opened, edited, moved, voted, returned, ended, acting()].boxed();
    prop_oneof![of_items, governance, joined, left, periods, figures].boxed()
}

pub fn command() -> impl Strategy<Value = Command> {
    let adopt = (0..4u64, collection::vec(adoption(), 0..3)).prop_map(|(base, adoptions)| {
        Command::Adopt(Adopt { aspects: None, base, adoptions, governing: Governing::default() })
    });
    let land = (load(), whole(), option::of(uuid()), option::of(parsed()))
        .prop_map(|(load, ended, replaces, stopped)| Command::Land(Land { load, ended, replaces, stopped }));
    let shape = (parsed(), collection::vec(column(), 0..5))
        .prop_map(|(entity, columns)| Command::Shape(Shape { entity, columns }));
    let publish = (whole(), 0..4u64, hash(), uuid(), whole(), engine(), digest()).prop_map(
        |(run, register, definitions, lake, snapshot, engine, watermarks)| {
            Command::Publish(Publish { run, register, definitions, lake, snapshot, engine, watermarks })
        },
    );
    let insights = (whole(), 0..9u32)
        .prop_map(|(run, version)| Command::PublishInsights(PublishInsights { run, version }));
    let open = (content(), commitment()).prop_map(|(content, why)| Command::Open(Open { content, why }));
    let edit = (1..4u64, digest(), content(), commitment())
        .prop_map(|(item, was, content, why)| Command::Edit(Edit { item, was, content, why }));
    let rebase = (1..4u64, digest(), option::of(content()))
        .prop_map(|(item, was, content)| Command::Rebase(Rebase { item, was, content }));
    let vote = (1..4u64, stance(), digest(), option::of(commitment()))
        .prop_map(|(item, stance, content, why)| Command::Vote(Vote { item, stance, content, why }));
    let remark = (1..4u64, says(), option::of(1..4u16), digest(), commitment()).prop_map(
        |(item, says, to, content, text)| Command::Remark(Remark { item, says, to, content, text }),
    );
    let vote = prop_oneof![vote, remark];
    let forbidden = (option::of(1..4u64), parsed(), collection::btree_set(1..2000u16, 0..3))
        .prop_map(|(item, action, laws)| Command::RecordForbidden(RecordForbidden { item, action, laws }));
    let withdraw = (1..4u64).prop_map(|item| Command::Withdraw(Withdraw { item }));
    let deciding = prop_oneof![open, edit, rebase, forbidden, vote, withdraw, Just(Command::Tick)];
    let silent = prop_oneof![silence().prop_map(Command::Silence), (1..4u64).prop_map(Command::EndSilence)];
    prop_oneof![
        adopt,
        land,
        shape,
        publish,
        insights,
        access_command(),
        deciding,
        act(),
        silent,
        judging().prop_map(Command::Judge),
        proptest::collection::vec(correcting(), 1..3).prop_map(Command::Correct),
        erase().prop_map(Command::AskErase),
        erase().prop_map(Command::Erase)
    ]
}

pub fn evidence() -> impl Strategy<Value = Evidence> {
    let landed = (option::of(whole()), sealed(), commitment(), option::of(commitment())).prop_map(
        |(snapshot, files, ledger, rejected)| Evidence::Landed { snapshot, files, ledger, rejected },
    );
    let published = (option::of(whole()), run_counts(), sealed(), sealed(), sealed()).prop_map(
        |(outrun_by, counts, values, scores, vouched)| Evidence::Published {
            outrun_by,
            counts,
            values,
            scores,
            vouched,
        },
    );
    let shaped = whole().prop_map(|snapshot| Evidence::Shaped { snapshot });
    let insights = (option::of(whole()), sealed(), sealed())
        .prop_map(|(newest, usual, insights)| Evidence::Insights { newest, usual, insights });
    let merged = (0..4u64, any::<bool>()).prop_map(|(register, sound)| Evidence::Merged { register, sound });
    let answerable = Just(Evidence::Answerable(Box::new(crate::acting::directory(0))));
    let erased = (what_was_reached(), whole(), sealed(), resealed(), commitment()).prop_map(
        |(reached, snapshot, files, loads, stand)| Evidence::Erased {
            reached,
            snapshot,
            files,
            loads,
            stand,
        },
    );
    prop_oneof![answerable, merged, Just(Evidence::None), landed, shaped, published, insights, erased]
}

/// A freeze with or without a rule and a scope, by its first day.
fn frozen_days(from: Date, until: Date, aspects: BTreeSet<Aspect>) -> Freeze {
    let id = DocumentId::named("kpi", "nps").unwrap();
    let scope = if from.day() % 2 == 0 { BTreeSet::from([id]) } else { BTreeSet::new() };
    let period = PeriodId { grain: Grain::Month, first: from };
    let rule = (from.day() % 3 == 0).then(|| ByRule { rule: "month_end".parse().unwrap(), period });
    Freeze { from, until, aspects, scope, rule }
}
