#!/usr/bin/env python3
"""Makes up the six files of this example: a small company that sells a planning tool by the seat, 2024 and 2025.

Everything is invented. The same seed gives the same files, byte for byte, with any Python from 3.9 on:

    python3 examples/subscription/generate.py          # writes data/
    python3 examples/subscription/generate.py --check  # fails if a file would change

What is planted, so that there is something to find: the price of a seat rises on 1 January 2025; the desk is slow in the third
quarter of 2025, and small customers leave more often after it; some who leave come back within a month, some later; one in
eight answers comes too late to count; a tenth of the requests come again within a week.
"""
import csv
import datetime as dt
import io
import random
import sys
from pathlib import Path

SEED = 20260101
FIRST, LAST = dt.date(2024, 1, 1), dt.date(2025, 12, 31)
SEGMENTS = {"small": (0.62, (2, 8)), "mid": (0.28, (10, 40)), "large": (0.10, (50, 120))}
CHANNELS = {"web": 0.6, "partner": 0.25, "event": 0.15}
day = dt.timedelta(1)


class Made:
    """Accounts live one after the other, each on random numbers of its own, so that a change in one leaves the others alone."""

    def __init__(self):
        self.files = {name: [] for name in ("accounts", "subscriptions", "tickets", "invitations", "answers", "usage")}

    def add(self, name, *row):
        self.files[name].append(row)


def pick(rng, weights):
    return rng.choices(list(weights), list(weights.values()))[0]


def price(on):
    return 10 if on < dt.date(2025, 1, 1) else 11


def account(made, n):
    rng = random.Random(f"{SEED}-{n}")
    created = FIRST - 200 * day + rng.randrange(200 + 690) * day
    segment = pick(rng, {name: share for name, (share, _) in SEGMENTS.items()})
    channel = pick(rng, CHANNELS)
    id_ = f"A{n:03d}"
    made.add("accounts", id_, created, segment, channel)
    low, high = SEGMENTS[segment][1]
    seats = rng.randint(low, high)
    use(made, rng, id_, created, "trial", channel)
    if rng.random() > 0.82:
        return
    setup = created + rng.choice([1, 1, 2, 2, 3, 5, 9, 16]) * day
    use(made, rng, id_, setup, "setup", channel)
    if rng.random() > {"small": 0.62, "mid": 0.72, "large": 0.8}[segment]:
        return
    start = setup + rng.choice([3, 5, 8, 12, 13, 20]) * day
    if rng.random() < 0.8:
        use(made, rng, id_, start + rng.randint(1, 12) * day, "success", channel)
    paying(made, rng, id_, segment, channel, start, seats)


def paying(made, rng, id_, segment, channel, start, seats):
    """From the first contract on: months, in each of which the customer uses, asks, changes or leaves."""
    on, began = start, start
    first = True
    while on <= LAST:
        month_end = on + 30 * day
        unhappy = activity(made, rng, id_, segment, on, month_end, first)
        first = False
        leaves = {"small": 0.03, "mid": 0.018, "large": 0.008}[segment]
        if segment == "small" and dt.date(2025, 8, 1) <= on <= dt.date(2025, 11, 15):
            leaves *= 2.5
        if unhappy:
            leaves *= 1.6
        if rng.random() < leaves:
            subscription(made, id_, began, month_end, seats)
            back = rng.choice([None, None, None, 12, 25, 70])
            if back is None or month_end + back * day > LAST:
                return
            on = began = month_end + back * day
            continue
        if rng.random() < 0.06:
            subscription(made, id_, began, month_end, seats)
            seats = max(1, seats + rng.choice([-2, -1, 1, 2, 3, 5]) * (1 if segment == "small" else 4))
            began = month_end
        elif began < dt.date(2025, 1, 1) <= month_end:
            subscription(made, id_, began, month_end, seats)
            began = month_end
        on = month_end
    subscription(made, id_, began, None, seats)


def subscription(made, id_, began, ended, seats):
    if began <= LAST:
        number = len(made.files["subscriptions"]) + 1
        made.add("subscriptions", f"S{number:04d}", id_, began, ended if ended and ended <= LAST else "", seats, seats * price(began))


def use(made, rng, id_, on, what, channel=None):
    if on <= LAST:
        number = len(made.files["usage"]) + 1
        at = f"{on} {rng.randint(7, 18):02d}:{rng.randrange(60):02d}"
        made.add("usage", f"U{number:05d}", id_, at, what, channel if channel in ("web", "mobile") else rng.choice(["web", "web", "mobile"]))


def activity(made, rng, id_, segment, on, until, first):
    days = rng.sample(range(30), {"small": rng.choice([0, 2, 4, 5]), "mid": rng.randint(4, 9), "large": rng.randint(8, 14)}[segment])
    for offset in sorted(days):
        use(made, rng, id_, on + offset * day, rng.choices(["plan", "report", "export"], [5, 2, 1])[0])
    unhappy = False
    if rng.random() < {"small": 0.22, "mid": 0.4, "large": 0.7}[segment] * (1.6 if first else 1):
        opened = on + rng.randrange(28) * day
        unhappy = ticket(made, rng, id_, opened)
        if rng.random() < 0.1:
            ticket(made, rng, id_, opened + rng.randint(2, 6) * day)
    if on.month % 3 == 1 and rng.random() < 0.9:
        invited = on + 10 * day
        if invited <= LAST:
            number = len(made.files["invitations"]) + 1
            delivered = rng.random() < 0.96
            made.add("invitations", f"I{number:04d}", id_, invited, "yes" if delivered else "no")
            if delivered and rng.random() < 0.45:
                late = rng.random() < 0.125
                answered = invited + (rng.randint(31, 50) if late else rng.randint(0, 12)) * day
                score = min(10, max(0, round(rng.gauss(6.8 if unhappy else 8.4, 2))))
                if answered <= LAST:
                    made.add("answers", f"R{len(made.files['answers']) + 1:04d}", f"I{number:04d}", id_, answered, score)
    return unhappy


def ticket(made, rng, id_, opened):
    if opened > LAST:
        return False
    slow = dt.date(2025, 7, 1) <= opened <= dt.date(2025, 9, 30)
    minute = rng.randint(7 * 60, 17 * 60)
    at = dt.datetime.combine(opened, dt.time()) + dt.timedelta(minutes=minute)
    answered = at + dt.timedelta(minutes=round(rng.lognormvariate(4.6 if not slow else 5.9, 0.8)))
    solved = answered + dt.timedelta(minutes=round(rng.lognormvariate(6.4 if not slow else 7.4, 0.9)))
    contacts = rng.choices([1, 2, 3, 4], [6, 3, 1, 1])[0]
    category = pick(rng, {"question": 0.55, "fault": 0.33, "complaint": 0.12})
    end = dt.datetime.combine(LAST, dt.time(23, 59))
    show = lambda t: t.strftime("%Y-%m-%d %H:%M") if t <= end else ""
    number = len(made.files["tickets"]) + 1
    made.add("tickets", f"T{number:04d}", id_, show(at), show(answered), show(solved), contacts, category, pick(rng, {"mail": 0.5, "phone": 0.3, "chat": 0.2}))
    return slow or contacts > 2


HEADERS = {
    "accounts": "id,created,segment,channel",
    "subscriptions": "id,account,started,ended,seats,monthly",
    "tickets": "id,account,opened,answered,solved,contacts,category,channel",
    "invitations": "id,account,invited,delivered",
    "answers": "id,invitation,account,answered,score",
    "usage": "id,account,at,what,channel",
}


def main():
    made = Made()
    for n in range(1, 221):
        account(made, n)
    folder = Path(__file__).parent / "data"
    folder.mkdir(exist_ok=True)
    for name, header in HEADERS.items():
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(made.files[name])
        path = folder / f"{name}.csv"
        if "--check" in sys.argv:
            if path.read_text() != text.getvalue():
                sys.exit(f"{path} would change")
        else:
            path.write_text(text.getvalue())
            print(f"{name}: {len(made.files[name])} rows")


if __name__ == "__main__":
    main()
