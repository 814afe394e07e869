"""Times kepi-stats beside lifetimes, lifelines and statsmodels on the same data, in one run.

    cargo build --release -p kepi-stats --example bench_stats
    python bench/stats.py path/to/bench_stats

Needs lifetimes, lifelines, statsmodels, numpy and pandas. Prints the seconds of both sides, their ratio and the value both must agree on.
"""
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")


def bgnbd(path):
    from lifetimes import BetaGeoFitter

    data = pd.read_csv(path)
    start = time.perf_counter()
    fit = BetaGeoFitter().fit(data.frequency, data.recency, data["T"])
    return time.perf_counter() - start, fit.params_["r"]


def kaplan(path):
    from lifelines import KaplanMeierFitter

    data = pd.read_csv(path)
    start = time.perf_counter()
    fit = KaplanMeierFitter().fit(data.time, data.event)
    return time.perf_counter() - start, float(fit.predict(10.0))


def logistic(path):
    import statsmodels.api as sm

    data = np.loadtxt(path, delimiter=",")
    start = time.perf_counter()
    fit = sm.Logit(data[:, -1], sm.add_constant(data[:, :-1])).fit(disp=0)
    return time.perf_counter() - start, fit.params[1]


def linkage(path):
    levels = [4, 4, 3, 2, 3]
    data = np.loadtxt(path, delimiter=",", dtype=np.int64)
    bits = []
    for n in levels:
        m = np.r_[0.9, np.full(n - 1, 0.1 / (n - 1))]
        u = np.r_[0.1, np.full(n - 1, 0.9 / (n - 1))]
        bits.append(np.log2(m / u))
    start = time.perf_counter()
    total = sum(b[data[:, i]] for i, b in enumerate(bits)) + np.log2(0.01 / 0.99)
    share = (1 / (1 + np.exp2(-total))).mean()
    return time.perf_counter() - start, share


TASKS = [
    ("bgnbd", bgnbd, "lifetimes", [10_000, 100_000, 1_000_000], 100_000),
    ("kaplan", kaplan, "lifelines", [10_000, 100_000, 1_000_000], 1_000_000),
    ("logistic", logistic, "statsmodels", [1_000, 10_000, 100_000], 100_000),
    ("linkage", linkage, "numpy", [10_000, 100_000, 1_000_000], 1_000_000),
]

if __name__ == "__main__":
    for name, peer, package, sizes, largest in TASKS:
        for n in sizes:
            with tempfile.NamedTemporaryFile(suffix=".csv") as file:
                done = subprocess.run([sys.argv[1], name, str(n), file.name], check=True, capture_output=True, text=True)
                ours, value = map(float, done.stdout.split())
                line = f"{name:9} n={n:>9,}  kepi {ours:9.4f} s"
                if n <= largest:
                    theirs, other = peer(file.name)
                    line += f"  {package} {theirs:9.4f} s  ratio {theirs / ours:7.1f}  values {value:.6f} {other:.6f}"
                print(line, flush=True)
