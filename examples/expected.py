#!/usr/bin/env python3
"""Computes what the examples must come to, straight from the raw files with pandas, and writes `*/expected.json`.

Nothing here reads a Kepi definition: columns, codes and filters are written out again, so that an error in the
definitions, in the landing or in the engine shows as a difference. Needs Python 3.11 and pandas 2 or 3:

    python3 examples/expected.py            # writes the files
    python3 examples/expected.py --check    # fails if a file would change

Format of `expected.json`: a list of objects

    kpi        name of the KPI
    period     as Kepi writes it: 2015, 2011-11, 2024-Q4
    segment    dimension → member; {} is the total
    value      in the unit of the KPI: shares of 1, points, major units of money, microseconds
    n          cases behind the value, where that is a plain count of rows with an answer
    tolerance  largest absolute difference allowed; without it, 1e-9 of the value
    source     "published: …" or "computed independently with pandas"

Format of `expected_rows.json`: source → what became of its rows, all files together.
"""
import gzip
import hashlib
import json
import sys
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
PANDAS = "computed independently with pandas"


def read(path, **more):
    """A file as texts, exactly as they stand in it."""
    return pd.read_csv(path, dtype=str, keep_default_na=False, **more)


def entry(kpi, period, segment, value, n=None, source=PANDAS, tolerance=None):
    """One expectation; a Fraction becomes the nearest double."""
    out = {"kpi": kpi, "period": period, "segment": segment, "value": float(value)}
    if n is not None:
        out["n"] = int(n)
    if tolerance is not None:
        out["tolerance"] = tolerance
    return out | {"source": source}


# --- Airport ---------------------------------------------------------------------------------------------------------

YEARS = range(2010, 2016)
AIRPORT_COLUMNS = {
    # column per year 2010 … 2015, from the six code lists
    "overall": ["Q6N", "Q8N", "Q8N_WHOLE", "Q7O_WHOLE", "Q7ALL", "Q7ALL"],
    "restaurants": ["Q6B", "Q8B", "Q8B_FOOD", "Q7B_FOOD", "Q7FOOD", "Q7FOOD"],
    "signs": ["Q6D", "Q8D", "Q8D_SIGNS", "Q7D_SIGNS", "Q7SIGN", "Q7SIGN"],
    "screens": ["Q6F", "Q8F", "Q8F_SCREENS", "Q7F_SCREENS", "Q7SCREENS", "Q7SCREENS"],
    "wifi": [None, None, None, "Q7I_WIFI", "Q7WIFI", "Q7WIFI"],
    "clean_boarding_areas": ["Q8A", "Q10A", "Q10A_CLNBOARD", "Q9A_CLNBOARD", "Q9BOARDING", "Q9BOARDING"],
    "clean_restrooms": ["Q8F", "Q10F", "Q10F_CLNBATH", "Q9E_CLNBATH", "Q9RESTROOM", "Q9RESTROOM"],
    "safety": ["Q9", "Q11", "Q11SAFE", "Q10SAFE", "Q10SAFE", "Q10SAFE"],
    "finding": ["Q13A", "Q15A", "Q15A_FIND", "Q14A_FIND", "Q14FIND", "Q14FIND"],
    "security": ["Q13B", "Q15B", "Q15B_SECURITY", "Q14B_SECURITY", "Q14PASSTHRU", "Q14PASSTHRU"],
    "problem": ["Q14", "Q16", "Q16_PROBLEM", "Q15_PROBLEMS", "Q15PROBLEM", "Q15PROBLEM"],
    "store": ["Q4B", "Q4B", "Q4BUY", "Q4BUY", "Q4STORE", "Q4STORE"],
    "food": ["Q4C", "Q4C", "Q4FOOD", "Q4FOOD", "Q4FOOD", "Q4FOOD"],
    "gate": ["GATENUM", "GATE", "GATE", "GATE", "GATE", "GATE"],
    "age": ["Q17", "Q19", "Q19_AGE", "Q18_AGE", "Q18AGE", "Q18AGE"],
    "purpose": ["Q2_1", "Q2_1", "Q2PURP1", "Q2PURP1", "Q2PURP1", "Q2PURP1"],
}
TOP_TWO = {
    "overall_satisfaction": "overall", "feels_safe": "safety", "wayfinding_ease": "finding", "signs": "signs",
    "screens": "screens", "security_ease": "security", "clean_restrooms": "clean_restrooms",
    "clean_boarding_areas": "clean_boarding_areas", "restaurants": "restaurants", "wifi": "wifi",
}
YES_NO = {"problem_rate": "problem", "store_purchases": "store", "food_purchases": "food"}
TERMINALS = {"A": "International Terminal", "G": "International Terminal", "B": "Terminal 1", "C": "Terminal 1",
             "D": "Terminal 2", "E": "Terminal 3", "F": "Terminal 3"}


def boarding_area(year, gate):
    """Gates by the plan of the year; B's gates 37 to 39 opened in 2013, E was shut from 2011 to 2013."""
    e_to = {2010: 67, 2014: 69, 2015: 69}.get(year, 59)
    for first, last, area in [(1, 12, "A"), (20, 39, "B"), (40, 48, "C"), (50, 59, "D"), (60, e_to, "E"),
                              (60, 90, "F"), (91, 102, "G")]:
        if first <= gate <= last:
            return area
    return None


def airport_year(year):
    raw = read(HERE / f"airport/data/{year}_SFO_Customer_Survey.csv.gz")
    d = pd.DataFrame(index=raw.index)
    for name, columns in AIRPORT_COLUMNS.items():
        column = columns[year - 2010]
        d[name] = raw[column] if column else ""
    d["boarding_area"] = [boarding_area(year, int(g)) for g in d.gate]
    d["terminal"] = d.boarding_area.map(TERMINALS)
    d["time_of_day"] = raw.STRATA.map({"1": "morning", "2": "midday", "3": "evening"})
    d["language"] = raw.LANG.map({"1": "english", "2": "spanish", "3": "chinese", "4": "japanese"})
    d["age_group"] = d.age.map({"1": "under_25", "2": "under_25", "3": "from_25_to_44", "4": "from_25_to_44",
                                "5": "from_45_to_64", "6": "from_45_to_64", "7": "over_64"})
    blank = "8" if year <= 2013 else "0"
    d["trip_purpose"] = d.purpose.map(
        lambda code: {"1": "business", "5": "business", "2": "leisure", "3": "visiting", blank: None}.get(code, "other"))
    if "WEIGHT" in raw:
        d["weight"] = [int((Decimal(w) * 10**6).quantize(Decimal(1), ROUND_HALF_EVEN)) for w in raw.WEIGHT]
    return d


def share(mask):
    return Fraction(int(mask.sum()), len(mask)) if len(mask) else None


def airport():
    out = []
    dimensions = ["terminal", "boarding_area", "time_of_day", "trip_purpose", "age_group", "language"]
    for year in YEARS:
        d = airport_year(year)
        groups = [({}, d)]
        for dimension in dimensions:
            groups += [({dimension: member}, g) for member, g in d.groupby(dimension)]
        for segment, g in groups:
            def add(kpi, value, n=None, gate=30):
                if value is not None and (n is None or n >= gate):
                    out.append(entry(kpi, str(year), segment, value, n))
            for kpi, column in TOP_TWO.items():
                answers = g[column][g[column].isin(list("12345"))].astype(int)
                add(kpi, share(answers >= 4), len(answers))
            rated = g[g.overall.isin(list("12345"))]
            if len(rated):
                add("overall_rating", Fraction(int(rated.overall.astype(int).sum()), len(rated)), len(rated))
                if "weight" in g:
                    top = int(rated.weight[rated.overall.isin(["4", "5"])].sum())
                    add("overall_satisfaction_weighted", Fraction(top, int(rated.weight.sum())), len(rated))
            for kpi, column in YES_NO.items():
                answers = g[column][g[column].isin(["1", "2"])]
                add(kpi, share(answers == "1"), len(answers))
            add("interviews", len(g), None)
            add("overall_answered", share(g.overall.isin(list("12345"))), len(g))
            if "language" not in segment:
                add("beyond_english", share(g.language != "english"), len(g))
    rows = {f"survey_{year}": {"read": len(airport_year(year)), "accepted": len(airport_year(year))} for year in YEARS}
    return out, rows


# --- Retail ----------------------------------------------------------------------------------------------------------

RETAIL_SHA256 = "c35975c40d0e1e105090fbb11188a409393055f873841bd012915475fc84e69f"
NO_GOODS = {"POST", "DOT", "C2", "D", "M", "m", "S", "B", "AMAZONFEE", "BANK CHARGES", "CRUK"}
CHEN = "published: Chen, Online Retail, UCI Machine Learning Repository, doi:10.24432/C5BW33"
KNOWN = "published about this data set many times, and computed independently with pandas"


def retail_lines():
    whole = hashlib.sha256()
    frames = []
    for number, path in enumerate(sorted((HERE / "retail/data").glob("online_retail_*.csv.gz"))):
        raw = gzip.decompress(path.read_bytes())
        whole.update(raw if number == 0 else raw.split(b"\n", 1)[1])
        frames.append(read(path))
    assert whole.hexdigest() == RETAIL_SHA256, "the monthly files are not the published file any more"
    d = pd.concat(frames, ignore_index=True)
    # The figures under which the data set is known.
    assert len(d) == 541_909
    assert d.InvoiceNo.nunique() == 25_900
    assert d.CustomerID[d.CustomerID != ""].nunique() == 4_372
    assert (d.CustomerID == "").sum() == 135_080
    assert d.InvoiceNo.str.startswith("C").sum() == 9_288
    assert d.Country.nunique() == 38
    assert d.duplicated().sum() == 5_268
    d["quantity"] = d.Quantity.astype(int)
    d["amount"] = d.quantity * [int(Decimal(p) * 1000) for p in d.UnitPrice]   # thousandths of a pound
    assert d.amount.sum() == 9_747_747_934
    d["month"] = d.InvoiceDate.str[:7]
    d["kind"] = d.InvoiceNo.str[0].map({"C": "credit_note", "A": "adjustment"}).fillna("sale")
    d["goods"] = ~d.StockCode.isin(NO_GOODS)
    d["market"] = d.Country.map(lambda c: "home" if c == "United Kingdom" else None if c == "Unspecified" else "abroad")
    known = d[d.CustomerID != ""]
    d["home_country"] = d.CustomerID.map(known.groupby("CustomerID").Country.last())
    return d


def retail():
    d = retail_lines()
    out = []
    for month, of_month in d.groupby("month"):
        groups = [({}, of_month)]
        groups += [({"market": m}, g) for m, g in of_month.groupby("market")]
        groups += [({"country": c}, of_month[of_month.Country == c]) for c in ("Germany", "France", "EIRE", "Netherlands")]
        groups += [({"home_country": c}, of_month[of_month.home_country == c]) for c in ("Germany", "Belgium", "Spain")]
        for segment, g in groups:
            by = next(iter(segment), None)
            sold = g[(g.kind == "sale") & (g.quantity > 0) & g.goods]
            known = sold[sold.CustomerID != ""]
            returned = g[(g.kind == "credit_note") & g.goods]
            orders, customers = sold.InvoiceNo.nunique(), known.CustomerID.nunique()
            pounds, known_pounds = int(sold.amount.sum()), int(known.amount.sum())

            def add(kpi, value, n=None, dimensions=("market", "country")):
                if by is None or by in dimensions:
                    out.append(entry(kpi, month, segment, value, n))

            def ratio(kpi, above, below, **more):
                if below:
                    add(kpi, Fraction(int(above), int(below)), **more)

            add("net_revenue", Fraction(int(g.amount.sum()), 1000))
            add("product_sales", Fraction(pounds, 1000))
            ratio("average_order_value", pounds, 1000 * orders)
            ratio("return_rate", -returned.amount.sum(), pounds)
            fees = g[g.StockCode.isin(["AMAZONFEE", "BANK CHARGES", "CRUK"])]
            if len(fees):
                ratio("charges_share", -fees.amount.sum(), pounds, dimensions=("market",))
            add("active_customers", customers)
            ratio("sales_per_customer", known_pounds, 1000 * customers, dimensions=("market", "home_country"))
            ratio("orders_per_customer", known.InvoiceNo.nunique(), customers)
            placed = sold[sold.market.notna()]
            ratio("international_share", placed.amount[placed.market == "abroad"].sum(), placed.amount.sum(), dimensions=())
            add("markets_served", placed.Country.nunique(), dimensions=("market",))
            add("orders", orders)
            ratio("items_per_order", sold.quantity.sum(), orders)
            ratio("bulk_lines", (sold.quantity >= 12).sum(), len(sold), n=len(sold))
            ratio("credit_note_rate", 100 * returned.InvoiceNo.nunique(), orders)
            add("write_off_lines", ((g.kind == "sale") & (g.quantity < 0)).sum(), dimensions=())
            ratio("identified_sales_share", known_pounds, pounds)
            ratio("lines_without_description", (g.Description == "").sum(), len(g), n=len(g))
            add("range_sold", sold.StockCode.nunique())
    out += buyers(d)
    known = d[d.CustomerID != ""]
    first = ~known.CustomerID.duplicated()
    # Each later invoice is a version of its customer, each further line of it says the same again.
    again = known.duplicated(["CustomerID", "InvoiceDate"])
    rows = {
        "invoice_lines": {"read": len(d), "accepted": len(d)},
        "customers": {"read": len(d), "out_of_scope": len(d) - len(known), "accepted": int(first.sum()),
                      "superseding": int((~first & ~again).sum()), "duplicate": int(again.sum())},
    }
    published = [
        {"fact": "invoice lines", "value": 541_909, "source": CHEN},
        {"fact": "different customers", "value": 4_372, "source": KNOWN},
        {"fact": "sum of net_revenue over all months, pounds", "value": 9_747_747.934, "source": KNOWN},
    ]
    return out, rows, published


def buyers(d):
    """Cohorts of buyers by months since the first purchase, and who came into each stage of buying."""
    sold = d[(d.CustomerID != "") & (d.kind == "sale") & (d.quantity > 0) & d.goods]
    at = lambda month: 12 * int(month[:4]) + int(month[5:])
    months = sorted(d.month.unique())
    since = sold.groupby("CustomerID").month.min()
    bought = sold.groupby("month").CustomerID.agg(set).to_dict()
    spent = sold.groupby(["month", "CustomerID"]).amount.sum().to_dict()
    out = []
    for month in months:
        for cohort, of in since.groupby(since):
            age, customers = at(month) - at(cohort), list(of.index)
            if age < 0:
                continue
            hits = sum(c in bought[month] for c in customers)
            out.append(entry("buyers_who_return", month, {"age": str(age)}, Fraction(hits, len(customers)), len(customers)))
            total = sum(int(spent.get((month, c), 0)) for c in customers)
            out.append(entry("spending_by_age", month, {"age": str(age)}, Fraction(total, 1000 * len(customers)), len(customers)))

    # The first purchase, the second, and the first after purchases on two days.
    def stages(instants):
        instants = sorted(set(instants))
        regular = [at for at in instants if len({e[:10] for e in instants if e < at}) == 2]
        return [instants[0], *instants[1:2], *regular[:1]]

    entered = sold.groupby("CustomerID").InvoiceDate.agg(stages)
    for place, stage in enumerate(["first_purchase", "second_purchase", "regular"]):
        came = [of[place] for of in entered if len(of) > place]
        for month in months:
            here = [on for on in came if on[:7] == month]
            if here:
                out.append(entry("came_into_stage", month, {"stage": stage}, len(here), len(here)))
    return out


# --- SaaS ------------------------------------------------------------------------------------------------------------

def day(texts):
    return pd.to_datetime(texts, format="%d-%m-%Y")


def quarter(texts):
    return day(texts).map(lambda t: f"{t.year}-Q{(t.month + 2) // 3}")


def minutes_quantile(minutes, q):
    """From a histogram of one-minute bins: the place below which a share q lies, evenly within a bin."""
    counts = minutes.value_counts().sort_index()
    rank, below = q * len(minutes), 0
    for minute, count in counts.items():
        if below + count >= rank:
            return minute + (rank - below) / count
        below += count
    raise AssertionError("the rank lies within the sample")


def saas():
    table = {name: read(HERE / f"saas/data/ravenstack_{name}.csv.gz", encoding="utf-8-sig")
             for name in ("accounts", "subscriptions", "feature_usage", "supports_ticket", "churn_events")}
    accounts, subscriptions, usage, tickets, departures = table.values()
    again = usage.usage_id.duplicated()
    usage = usage[~again].copy()
    usage["account_id"] = usage.subscription_id.map(subscriptions.set_index("subscription_id").account_id)
    usage["period"] = quarter(usage.usage_date)
    subscriptions["period"] = quarter(subscriptions.start_date)
    tickets["period"] = quarter(tickets.submitted_at)
    departures["period"] = quarter(departures.churn_date)
    of_account = accounts.set_index("account_id")
    for frame in (subscriptions, usage, tickets, departures):
        frame["tier"] = frame.account_id.map(of_account.plan_tier)
        frame["country"] = frame.account_id.map(of_account.country)
        frame["industry"] = frame.account_id.map(of_account.industry)
    out = []
    segments = [{}]
    for dimension, column in (("tier", "plan_tier"), ("country", "country"), ("industry", "industry")):
        segments += [{dimension: member} for member in sorted(accounts[column].unique())]
    segments += [{"tier": t, "country": "US"} for t in sorted(accounts.plan_tier.unique())]
    for period in sorted(tickets.period.unique()):
        for segment in segments:
            crossed = len(segment) == 2
            def pick(frame):
                mask = frame.period == period
                for dimension, member in segment.items():
                    mask &= frame[dimension] == member
                return frame[mask]
            s, u, t, d = pick(subscriptions), pick(usage), pick(tickets), pick(departures)

            def add(kpi, value, n=None, tolerance=None):
                if n is None or n >= 20:
                    out.append(entry(kpi, period, segment, value, n, tolerance=tolerance))

            paid = s[s.is_trial == "FALSE"]
            revenue = int(paid.mrr_amount.astype(int).sum())
            if len(paid):
                add("new_recurring_revenue", revenue)
                add("revenue_per_subscription", Fraction(revenue, len(paid)), len(paid))
            if len(d):
                add("refunds", sum(map(Fraction, d.refund_amount_usd)))
            for kpi, column in (("trial_share", "is_trial"), ("upgrades", "upgrade_flag"),
                                ("downgrades", "downgrade_flag"), ("renewal_by_itself", "auto_renew_flag")):
                if len(s):
                    add(kpi, share(s[column] == "TRUE"), len(s))
            rated = t.satisfaction_score[t.satisfaction_score != ""].astype(int)
            if len(rated) and 2 * len(rated) >= len(t):
                add("ticket_satisfaction", share(rated >= 4), len(rated))
            if len(t):
                minutes = t.first_response_time_minutes.astype(int)
                hours = t.resolution_time_hours.astype(int)
                add("first_response_time", Fraction(60_000_000 * int(minutes.sum()), len(t)), len(t))
                add("first_response_90", 60_000_000 * minutes_quantile(minutes, 0.9), len(t), tolerance=1.0)
                add("solved_within_48_hours", share(hours <= 48), len(t))
                add("escalations", share(t.escalation_flag == "TRUE"), len(t))
            if crossed:
                continue
            active = u.account_id.nunique()
            left = int((d.is_reactivation == "FALSE").sum())
            if active and left:
                add("departures_per_100", Fraction(100 * left, active))
            if active and len(t):
                add("tickets_per_100", Fraction(100 * len(t), active))
            add("errors_per_100_uses", Fraction(100 * int(u.error_count.astype(int).sum()), int(u.usage_count.astype(int).sum())))
            add("features_in_use", u.feature_name.nunique())
            add("beta_use", share(u.is_beta_feature == "TRUE"), len(u))
            add("minutes_per_use", Fraction(1_000_000 * int(u.usage_duration_secs.astype(int).sum()), len(u)), len(u))
    # Accounts by the paid subscriptions in force at an instant: begun before it, not ended before it.
    paid = subscriptions[subscriptions.is_trial == "FALSE"]
    begun, ended = day(paid.start_date), day(paid.end_date.where(paid.end_date != ""))
    revenue = paid.mrr_amount.astype(int)
    in_force = lambda at: revenue[(begun < at) & ~(ended < at)].groupby(paid.account_id).sum().to_dict()
    for period in sorted(tickets.period.unique()):
        start = pd.Period(period.replace("-", ""), freq="Q").start_time
        opening, closing = in_force(start), in_force(start + pd.DateOffset(months=3))
        signed_up = day(of_account.signup_date)
        for tier in [None, *sorted(accounts.plan_tier.unique())]:
            here = [a for a in accounts.account_id if tier in (None, of_account.plan_tier[a])
                    and signed_up[a] < start + pd.DateOffset(months=3)]
            segment = {} if tier is None else {"tier": tier}
            before, after = [[int(of.get(a, 0)) for a in here] for of in (opening, closing)]
            out.append(entry("recurring_revenue", period, segment, sum(after)))
            if sum(before):
                kept = sum(y for x, y in zip(before, after) if x)
                out.append(entry("net_revenue_retention", period, segment, Fraction(kept, sum(before))))
                out.append(entry("gross_revenue_retention", period, segment, Fraction(sum(map(min, before, after)), sum(before))))
                stays = [y for x, y in zip(before, after) if x]
                out.append(entry("accounts_lost", period, segment, Fraction(stays.count(0), len(stays)), len(stays)))
    rows = {
        "accounts": {"read": 500, "accepted": len(accounts)},
        "subscriptions": {"read": 5_000, "accepted": len(subscriptions)},
        "departures": {"read": 600, "accepted": len(departures)},
        "feature_usage": {"read": 25_000, "accepted": len(usage), "quarantined": int(again.sum())},
        "tickets": {"read": 2_000, "accepted": len(tickets)},
    }
    return out, rows


# --- A subscription business, customer by customer -------------------------------------------------------------------

SUBSCRIPTION = "computed row by row"


def quarters():
    edges = [pd.Timestamp(year, month, 1) for year in (2024, 2025) for month in (1, 4, 7, 10)] + [pd.Timestamp(2026, 1, 1)]
    return [(f"{a.year}-Q{(a.month + 2) // 3}", a, b) for a, b in zip(edges, edges[1:])]


def working_minutes(a, b):
    """Minutes from a to b while the desk is open: Monday to Friday, 8 to 18."""
    total, at = 0, a.normalize()
    while at < b:
        if at.weekday() < 5:
            opens, shuts = at + pd.Timedelta(hours=8), at + pd.Timedelta(hours=18)
            total += max(0, (min(b, shuts) - max(a, opens)).total_seconds() / 60)
        at += pd.Timedelta(days=1)
    return int(total)


def subscription():
    def rows(name, *times):
        d = read(HERE / f"subscription/data/{name}.csv")
        for column in times:
            d[column] = pd.to_datetime(d[column])
        return d.to_dict("records")
    accounts, contracts = rows("accounts", "created"), rows("subscriptions", "started", "ended")
    tickets, invitations = rows("tickets", "opened", "answered", "solved"), rows("invitations", "invited")
    answers, usage = rows("answers", "answered"), rows("usage", "at")
    day = pd.Timedelta(days=1)
    by = lambda all_, key: {k: [r for r in all_ if r[key] == k] for k in {r[key] for r in all_}}
    contracts_of, usage_of, tickets_of = by(contracts, "account"), by(usage, "account"), by(tickets, "account")
    answers_of = by(answers, "invitation")
    segment = {a["id"]: a["segment"] for a in accounts}

    def paid(account, at, within=0 * day):
        return sum(int(c["monthly"]) for c in contracts_of.get(account, [])
                   if c["started"] < at + within + (pd.Timedelta(microseconds=1) if within else 0 * day)
                   and (pd.isna(c["ended"]) or c["ended"] >= at))

    def first(account, what, from_, until):
        found = sorted(u["at"] for u in usage_of.get(account, []) if u["what"] == what and from_ <= u["at"] <= until)
        return found[0] if found else None

    out = []
    for label, start, end in quarters():
        for part in [None, "small", "mid", "large"]:
            here = [a["id"] for a in accounts if part in (None, a["segment"]) and a["created"] < end]
            among = lambda all_: [r for r in all_ if part in (None, segment[r["account"]])]
            def add(kpi, value, n=None):
                if value is not None:
                    out.append(entry(kpi, label, {} if part is None else {"segment": part}, value, n, SUBSCRIPTION))
            def of(kpi, hits, all_):
                if all_:
                    add(kpi, Fraction(len(hits), len(all_)), len(all_))
            opening = {a: paid(a, start) for a in here}
            closing = {a: paid(a, end) for a in here}
            customers = [a for a in here if opening[a] > 0]
            payers = [a for a in here if closing[a] > 0]
            add("recurring_revenue", sum(closing.values()))
            add("revenue_per_customer", Fraction(sum(closing.values()), len(payers)), len(payers))
            if customers:
                all_of = sum(opening.values())
                add("net_revenue_retention", Fraction(sum(closing[a] for a in customers), all_of))
                add("gross_revenue_retention", Fraction(sum(min(opening[a], closing[a]) for a in here), all_of))
                if end < pd.Timestamp(2026, 1, 1):  # of the last quarter the month after is not known
                    of("churn", [a for a in customers if not paid(a, end, 30 * day)], customers)
                add("requests_per_100", Fraction(100 * len([t for t in among(tickets) if start <= t["opened"] < end]), len(customers)))
            if part is None:
                add("paying_customers", len(payers))
                add("open_requests", len([t for t in tickets if t["opened"] < end]) - len([t for t in tickets if t["solved"] < end]))
            days = lambda a, from_, until: len({u["at"].date() for u in usage_of.get(a, []) if from_ <= u["at"] < until})
            of("active_share", [a for a in payers if days(a, start, end)], payers)
            add("days_of_use", Fraction(sum(days(a, start, end) for a in payers), len(payers)), len(payers))
            of("export_adoption", [a for a in payers if any(u["what"] == "export" and start <= u["at"] < end for u in usage_of.get(a, []))], payers)
            # Answers within 30 days, of each invitation the first.
            sent = [i for i in among(invitations) if start <= i["invited"] < end and i["delivered"] == "yes"]
            got = {}
            for i in sent:
                found = sorted((r["answered"], r["id"], int(r["score"])) for r in answers_of.get(i["id"], [])
                               if i["invited"] <= r["answered"] <= i["invited"] + 30 * day)
                if found:
                    got[i["id"]] = found[0][2]
            of("response_rate", got, sent)
            if got:
                balance = sum(s >= 9 for s in got.values()) - sum(s <= 6 for s in got.values())
                add("net_promoter_score", Fraction(100 * balance, len(got)), len(got))
            # From the trial on.
            trials = {}
            for a in here:
                created = next(x["created"] for x in accounts if x["id"] == a)
                trial = first(a, "trial", created, created + 30 * day)
                if trial is not None and start <= trial < end:
                    setup = first(a, "setup", trial, trial + 14 * day)
                    begins = [c["started"] for c in contracts_of.get(a, [])]
                    trials[a] = (setup, setup is not None and any(setup <= b <= setup + 30 * day for b in begins))
            of("set_up_rate", [a for a, (setup, _) in trials.items() if setup is not None], trials)
            of("conversion", [a for a, (_, buys) in trials.items() if buys], trials)
            # The desk.
            opened = [t for t in among(tickets) if start <= t["opened"] < end]
            waits = [working_minutes(t["opened"], t["answered"]) for t in opened if not pd.isna(t["answered"])]
            if waits:
                add("first_response_time", Fraction(60_000_000 * sum(waits), len(waits)), len(waits))
                of("service_level", [w for w in waits if w <= 240], opened)
            solved = [t for t in among(tickets) if start <= t["solved"] < end]
            again = lambda t: any(t["solved"] < o["opened"] <= t["solved"] + 7 * day for o in tickets_of[t["account"]] if o is not t)
            of("first_contact_resolution", [t for t in solved if t["contacts"] == "1" and not again(t)], solved)
    # The triangle: customers whose first contract began in a month, so many months later.
    since = {a: min(c["started"] for c in of) for a, of in contracts_of.items()}
    for age in (0, 1, 6, 12):
        for year, month in ((2024, 6), (2025, 2), (2025, 9)):
            end = pd.Timestamp(year, month, 1) + pd.DateOffset(months=1)
            cohort = [a for a, at in since.items() if (year - at.year) * 12 + month - at.month == age]
            if cohort:
                out.append(entry("retention_by_age", f"{year}-{month:02d}", {"age": str(age)},
                                 Fraction(sum(paid(a, end) > 0 for a in cohort), len(cohort)), len(cohort), SUBSCRIPTION))
    counts = {"accounts": accounts, "subscriptions": contracts, "tickets": tickets, "invitations": invitations,
              "answers": answers, "usage": usage}
    return out, {name: {"read": len(all_), "accepted": len(all_)} for name, all_ in counts.items()}


# --- A city's service line --------------------------------------------------------------------------------------------

BOROUGHS = {"BRONX": "bronx", "BROOKLYN": "brooklyn", "MANHATTAN": "manhattan", "QUEENS": "queens",
            "STATEN ISLAND": "staten_island"}


def city():
    raw = read(HERE / "city/data/nyc_311_animals_2025.csv.gz")
    clock = lambda column: pd.to_datetime(raw[column].where(raw[column] != ""), format="%m/%d/%Y %H:%M")
    t = pd.DataFrame({"opened": clock("Created Date"), "closed": clock("Closed Date"),
                      "acted": raw["Resolution Action Updated Date"] != "",
                      "agency": raw.Agency, "category": raw["Complaint Type"], "borough": raw.Borough.map(BOROUGHS),
                      "zip": raw["Incident Zip"], "descriptor": raw.Descriptor})
    # What passed is not what the clock shows: an hour is missing on 9 March 2025.
    passed = lambda column: t[column].dt.tz_localize("America/New_York").dt.tz_convert("UTC")
    t["from"], t["until"] = passed("opened"), passed("closed")
    t["took"] = t["until"] - t["from"]
    nearby = {}
    for zip_, descriptor, at in zip(t.zip, t.descriptor, t["from"]):
        nearby.setdefault((zip_, descriptor), []).append(at)
    week = pd.Timedelta(days=7)
    t["again"] = [any(end < at <= end + week for at in nearby[zip_, descriptor]) if pd.notna(end) else False
                  for zip_, descriptor, end in zip(t.zip, t.descriptor, t["until"])]
    label = {"month": lambda at: at.dt.strftime("%Y-%m"), "week": lambda at: at.dt.strftime("%G-W%V")}
    out = []

    def of(kpi, grain, dimensions, dated, figure, least=20):
        whole = t.assign(period=label[grain](t[dated]))
        for period, rows in whole[whole.period.notna()].groupby("period"):
            groups = [({}, rows)] + [({d: m}, g) for d in dimensions for m, g in rows.groupby(d)]
            if {"borough", "agency"} <= set(dimensions) and kpi in ("requests", "closed_within_3_days"):
                groups += [(dict(zip(("borough", "agency"), m)), g) for m, g in rows.groupby(["borough", "agency"])]
            for segment, g in groups:
                value, n = figure(g)
                if n is None or n >= least:
                    out.append(entry(kpi, period, segment, value, n))

    three = ("borough", "agency", "category")
    three_days = pd.Timedelta(hours=72)

    def nine_in_ten(g):
        half_hours = (g.took[g.took.notna()].dt.total_seconds() / 60).astype(int) // 30
        return len(half_hours) and 30 * 60_000_000 * minutes_quantile(half_hours, Fraction(9, 10)), len(half_hours)

    for grain in ("week", "month"):
        of("requests", grain, three, "opened", lambda g: (len(g), len(g)), least=0)
        of("closed_within_3_days", grain, three, "opened", lambda g: (share(g.took <= three_days), len(g)))
    of("time_to_close", "month", three, "opened", nine_in_ten)
    two = ("borough", "agency")
    located = t.zip.ne("") & t.descriptor.ne("")
    of("asked_again", "month", two, "closed", lambda g: (share(g.again[located[g.index]]), int(located[g.index].sum())))
    of("closed_at_once", "month", two, "closed", lambda g: (share(g.took == pd.Timedelta(0)), len(g)))
    of("acted_on_recorded", "month", two, "opened", lambda g: (share(g.acted), len(g)))
    for grain in ("week", "month"):
        opened, closed = label[grain](t.opened), label[grain](t.closed)
        for period in sorted(opened.unique()):
            for segment in [{}] + [{d: m} for d in two for m in sorted(t[d].dropna().unique())]:
                here = pd.Series(True, index=t.index)
                for dimension, member in segment.items():
                    here &= t[dimension] == member
                out.append(entry("open_requests", period, segment, int((here & (opened <= period)).sum() - (here & (closed <= period)).sum())))
    return out, {"requests": {"read": len(t), "accepted": len(t)}}


# --- Tiny ------------------------------------------------------------------------------------------------------------

def tiny():
    hand = "worked by hand"
    out = [
        entry("recommendation", "2026-01", {}, Fraction(100 * (3 - 1), 6), 6, hand),
        entry("recommendation", "2026-02", {}, Fraction(100 * (4 - 1), 6), 6, hand),
        entry("recommendation", "2026-01", {"region": "north"}, Fraction(100 * 2, 3), 3, hand),
        entry("recommendation", "2026-01", {"region": "south"}, 0, 3, hand),
        entry("recommendation", "2026-02", {"region": "north"}, Fraction(100 * 2, 3), 3, hand),
        entry("recommendation", "2026-02", {"region": "south"}, Fraction(100 * (2 - 1), 3), 3, hand),
        entry("answers", "2026-01", {}, 6, None, hand),
        entry("answers", "2026-02", {}, 6, None, hand),
    ]
    return out, {"answers": {"read": 12, "accepted": 12}}


def write(path, value, check):
    if isinstance(value, list):
        text = "[\n" + ",\n".join(json.dumps(one) for one in value) + "\n]\n"
    else:
        text = json.dumps(value, indent=2) + "\n"
    if check and path.read_text() != text:
        sys.exit(f"{path} differs from what the raw files say")
    path.write_text(text)


def main():
    check = "--check" in sys.argv[1:]
    for name, make in (("airport", airport), ("retail", retail), ("saas", saas), ("subscription", subscription),
                       ("city", city), ("tiny", tiny)):
        out, rows, *published = make()
        write(HERE / name / "expected.json", out, check)
        write(HERE / name / "expected_rows.json", rows, check)
        if published:
            write(HERE / name / "published.json", published[0], check)
        print(f"{name}: {len(out)} figures")


main()
