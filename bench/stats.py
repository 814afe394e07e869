"""Times kepi-stats beside the Python packages of the same methods, on the same data, in one run.

    make bench-stats                                    builds both sides and runs this
    python bench/stats.py path/to/bench_stats [--format json] [--only TASK ...] [--largest N]

Both sides get the same bits. Each side is timed from arrays in memory to the fitted result: the median of three runs, of
one where a run takes longer than ten seconds. Results must agree within the tolerance of the task or the run fails; growth
is Kepi's time at n beside its time at n/2 and n/4.
"""
import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


def timed(fit):
    seconds = []
    while len(seconds) < 3 and sum(seconds) < 10:
        start = time.perf_counter()
        values = fit()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), [float(v) for v in np.asarray(values)]


def columns(path, n):
    return np.fromfile(path, dtype="<f8").reshape(-1, n)


def bgnbd(path, n):
    from lifetimes import BetaGeoFitter

    frequency, recency, age = columns(path, n)

    seconds, p = timed(lambda: BetaGeoFitter().fit(frequency, recency, age).params_[["r", "alpha", "a", "b"]])
    # What lifetimes reports is the likelihood of rescaled times.
    loss = BetaGeoFitter._negative_log_likelihood(np.log(p), frequency, recency, age, np.ones(n), 0)
    return seconds, [-loss, *p]


def kaplan(path, n):
    from lifelines import KaplanMeierFitter

    duration, event = columns(path, n)
    return timed(lambda: KaplanMeierFitter().fit(duration, event).predict([1.0, 10.0, 40.0]))


def cox(path, n):
    from lifelines import CoxPHFitter

    data = pd.DataFrame(columns(path, n).T, columns=["time", "event", *"abcde"])
    return timed(lambda: CoxPHFitter().fit(data, "time", "event").params_)


def logistic(path, n):
    import statsmodels.api as sm

    *x, y = columns(path, n)
    x = sm.add_constant(np.column_stack(x))

    def fit():
        done = sm.Logit(y, x).fit(disp=0)
        return [*done.params, *done.bse]

    return timed(fit)


def weights(levels):
    """m and u of `Model::start(levels, 0.01, 0.9)`."""
    for n in levels:
        rest = np.full(n - 1, 1 / (n - 1))
        yield np.r_[0.9, 0.1 * rest], np.r_[1 - 0.9, 0.9 * rest]


def score(path, n):
    levels = columns(path, n).astype(np.intp)
    bits = [np.log2(m / u) for m, u in weights([4, 4, 3, 2, 3])]

    def fit():
        total = sum(b[column] for b, column in zip(bits, levels)) + np.log2(0.01 / 0.99)
        return [(1 / (1 + np.exp2(-total))).mean()]

    return timed(fit)


def linkage(path, n):
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    fields = ["first", "last", "day", "city", "email"]
    both = pd.read_csv(path, header=None, dtype=str)
    sides = []
    for start in (0, 5):
        side = both.iloc[:, start : start + 5].set_axis(fields, axis=1)
        side["unique_id"] = side["pair"] = np.arange(n)
        sides.append(side)
    comparisons = [
        cl.JaroWinklerAtThresholds("first", [0.9, 0.7]),
        cl.JaroWinklerAtThresholds("last", [0.9, 0.7]),
        cl.LevenshteinAtThresholds("day", [1, 2]),
        cl.ExactMatch("city"),
        cl.LevenshteinAtThresholds("email", [2]),
    ]
    for comparison, (m, u) in zip(comparisons, weights([4, 4, 4, 2, 3])):
        comparison.configure(m_probabilities=list(m), u_probabilities=list(u))
    settings = SettingsCreator(
        link_type="link_only",
        probability_two_random_records_match=0.01,
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on("pair")],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )

    def fit():
        api = DuckDBAPI()
        linker = Linker([api.register(side) for side in sides], settings)
        found = linker.inference.predict().as_pandas_dataframe().match_probability
        return [found.sum() / n, (found >= 0.5).sum()]

    return timed(fit)


# Task, the other side, its package, rows, tolerance of the results relative to 1 + |value|, and why it is not closer.
TASKS = [
    ("bgnbd", bgnbd, "lifetimes", 1_000_000, 1e-5, "lifetimes stops its search at 1e-7 of the mean likelihood"),
    ("bgnbd_distinct", bgnbd, "lifetimes", 1_000_000, 1e-5, "as above"),
    ("kaplan", kaplan, "lifelines", 1_000_000, 1e-12, "rounding of a million factors"),
    ("cox", cox, "lifelines", 100_000, 1e-6, "lifelines stops its search at 1e-7"),
    ("logistic", logistic, "statsmodels", 100_000, 1e-10, "both converge"),
    ("score", score, "numpy", 1_000_000, 1e-12, "rounding"),
    ("linkage", linkage, "splink", 1_000_000, 1e-11, "rounding"),
]


def run(binary, task, peer, package, largest, tolerance):
    ours = {}
    for n in (largest // 4, largest // 2, largest):
        with tempfile.NamedTemporaryFile() as file:
            done = subprocess.run([binary, task, str(n), file.name], check=True, capture_output=True, text=True)
            result = json.loads(done.stdout)
            ours[n] = statistics.median(result["seconds"])
            if n == largest:
                theirs, other = peer(file.name, n)
    apart = max(abs(a - b) / (1 + abs(b)) for a, b in zip(result["values"], other, strict=True))
    return {
        "task": task,
        "n": largest,
        "kepi_seconds": ours,
        "growth": [ours[n * 2] / ours[n] for n in list(ours)[:2]],
        "peer": package,
        "peer_seconds": theirs,
        "ratio": theirs / ours[largest],
        "kepi_values": result["values"],
        "peer_values": other,
        "apart": apart,
        "tolerance": tolerance,
        "agrees": apart <= tolerance,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    parser.add_argument("--only", nargs="*", default=[task[0] for task in TASKS])
    parser.add_argument("--largest", type=int, help="cut all sizes to this many rows")
    options = parser.parse_args()
    results = []
    if options.format == "table":
        print(f"{'task':15}{'rows':>10}{'kepi':>10}{'growth':>14}  {'peer':12}{'seconds':>9}{'ratio':>8}  {'apart':>8}")
    for task, peer, package, largest, tolerance, _ in TASKS:
        if task not in options.only:
            continue
        r = run(options.binary, task, peer, package, min(largest, options.largest or largest), tolerance)
        results.append(r)
        if options.format == "table":
            growth = " ".join(f"×{g:.2f}" for g in r["growth"])
            ours = r["kepi_seconds"][r["n"]]
            word = "" if r["agrees"] else f"  DISAGREES: {r['kepi_values']} {r['peer_values']}"
            print(
                f"{task:15}{r['n']:>10,}{ours:>9.3f}s{growth:>14}  {package:12}{r['peer_seconds']:>8.2f}s"
                f"{r['ratio']:>7.1f}×  {r['apart']:8.1e}{word}",
                flush=True,
            )
    if options.format == "json":
        print(json.dumps(results, indent=1))
    sys.exit(0 if all(r["agrees"] for r in results) else 1)


if __name__ == "__main__":
    main()
