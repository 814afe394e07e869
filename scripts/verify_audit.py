#!/usr/bin/env python3
"""Verifies an audit bundle or a proof of Kepi, without Kepi: nothing but Python and its standard library.

    python3 verify.py BUNDLE                    the folder that `kepi audit export` wrote
    python3 verify.py proof.json                what `kepi audit proof --format json` printed

    --key KEY           a public key that you were given otherwise; else the bundle's log.pub is believed. Keys to which
                        it handed over, in a checkpoint that it signed, are believed too
    --checkpoints FILE  checkpoints that you kept yourself: the log must agree with each of them

What it rests on: RFC 9162 (tree and proofs), RFC 8032 (Ed25519), c2sp.org/signed-note and c2sp.org/tlog-checkpoint,
and `SHA-256(salt || text)` for texts. It ends with 0 if all holds, with 1 if anything does not, with 2 on wrong usage.
"""

import argparse
import base64
import hashlib
import json
import os
import sys

# --- Ed25519, verification only (RFC 8032 section 5.1) -----------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def add(a, b):
    """Points as (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z."""
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    total = (0, 1, 1, 0)
    while n:
        if n & 1:
            total = add(total, point)
        point, n = add(point, point), n >> 1
    return total


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_of(data):
    """The point that 32 bytes stand for, or None."""
    y = int.from_bytes(data, "little")
    odd, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and odd):
        return None
    if x & 1 != odd:
        x = P - x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key, text, signature):
    public, r = point_of(key), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or public is None or r is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + text).digest()
    k = int.from_bytes(digest, "little") % ORDER
    return same(times(s, BASE), add(r, times(k, public)))


# --- Trees (RFC 9162 section 2.1) --------------------------------------------------------------------------------------


def leaf(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree by the roots of its full subtrees."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, hash_):
        size = self.size
        while size & 1:
            hash_, size = node(self.peaks.pop(), hash_), size >> 1
        self.peaks.append(hash_)
        self.size += 1

    def root(self):
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node(peak, root)
        return root


def is_included(hash_, at, size, path, root):
    if at >= size:
        return False
    last = size - 1
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            hash_ = node(sibling, hash_)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            hash_ = node(hash_, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and hash_ == root


def is_consistent(earlier, before, size, root, path):
    if earlier == 0 or earlier == size:
        return not path and (earlier == 0 or before == root)
    if earlier > size:
        return False
    if earlier & (earlier - 1) == 0:
        path = [before] + path
    if not path:
        return False
    at, last = earlier - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node(sibling, old), node(sibling, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == before and new == root


# --- Signed checkpoints ------------------------------------------------------------------------------------------------

DASH = "\u2014 "


def read_key(text):
    """name+id+base64(1 || key) as (name, id, key)."""
    name, id_, encoded = text.strip().split("+", 2)
    data = base64.b64decode(encoded, validate=True)
    if len(data) != 33 or data[0] != 1:
        raise ValueError(f"`{text}` is no key for Ed25519")
    found = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if found.hex() != id_:
        raise ValueError(f"the id of the key `{text}` is that of another")
    return name, found, data[1:]


def notes_in(text):
    """The notes in a file, one after the other; whatever else stands there is one of its own."""
    notes, note, signed = [], [], False
    for line in text.split("\n"):
        if signed and not line.startswith(DASH):
            notes.append("\n".join(note) + "\n")
            note, signed = [], False
        if not note and not line:
            continue
        note.append(line)
        signed = signed or line.startswith(DASH)
    if any(note):
        notes.append("\n".join(note) + "\n")
    return notes


def open_note(note, keys):
    """(origin, size, root) of a checkpoint that one of the keys has signed; raises ValueError otherwise."""
    text, found, signatures = note.partition("\n\n")
    text += "\n"
    if not found:
        raise ValueError("it is no signed note")
    signed = False
    for line in signatures.splitlines():
        if not line.startswith(DASH):
            raise ValueError("a line of a signature is not `— name base64`")
        name, encoded = line[len(DASH):].split(" ", 1)
        data = base64.b64decode(encoded, validate=True)
        for key_name, id_, key in keys:
            if (key_name, id_) == (name, data[:4]):
                if not is_signed(key, text.encode(), data[4:]):
                    raise ValueError(f"the signature of {name} is not over this text")
                signed = True
    if not signed:
        raise ValueError("no known key has signed it")
    lines = text.split("\n")
    if len(lines) < 4 or str(int(lines[1])) != lines[1]:
        raise ValueError("it is no checkpoint")
    root = base64.b64decode(lines[2], validate=True)
    if len(root) != 32:
        raise ValueError("its root is no hash")
    return lines[0], int(lines[1]), root


NEXT = "kepi.next-key "


def handed_over(keys, notes):
    """The keys, those to which any of them handed over in a note that it signed, and these in turn."""
    notes, more = [note for note in notes if NEXT in note], True
    while more:
        more = False
        for note in notes:
            try:
                open_note(note, keys)
                lines = note.partition("\n\n")[0].split("\n")[3:]
                named = [read_key(line[len(NEXT):]) for line in lines if line.startswith(NEXT)][:1]
            except ValueError:
                continue
            new = [key for key in named if key not in keys]
            keys, more = keys + new, more or bool(new)
    return keys


# --- Bundles and proofs ------------------------------------------------------------------------------------------------


class Findings(list):
    def add(self, text):
        self.append(text)
        print(f"NOT WHOLE: {text}")


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def verify_bundle(folder, keys, kept, findings):
    if not keys:
        keys = [read_key(line) for line in read(os.path.join(folder, "log.pub")).splitlines() if line.strip()]
        print("note: the key is believed as the bundle gives it; name one with --key that you were given otherwise")
    checkpoints, origin = [], None
    sources = [("checkpoint of the bundle", os.path.join(folder, "checkpoints"))]
    sources += [("checkpoint that was kept", path) for path in kept]
    sources = [(place, notes_in(read(path))) for place, path in sources]
    keys = handed_over(keys, [note for _, notes in sources for note in notes])
    for place, notes in sources:
        for note in notes:
            try:
                name, size, root = open_note(note, keys)
            except ValueError as why:
                findings.add(f"{place} `{' '.join(note.splitlines()[:2])}`: {why}")
                continue
            origin = origin or name
            if name != origin:
                findings.add(f"{place} over {size} events is of `{name}`, not of `{origin}`")
            checkpoints.append((size, root, place))
    roots, wanted = {}, {size for size, _, _ in checkpoints}
    tree, committed, counted, at = Tree(), set(), {}, None
    with open(os.path.join(folder, "events.ndjson"), "rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                findings.add(f"the line after event {tree.size} is cut off")
            line = line.rstrip(b"\n")
            if tree.size in wanted:
                roots[tree.size] = tree.root()
            tree.push(leaf(line))
            try:
                event = json.loads(line)
                seq, subject = event["seq"], event["subject"]
                counted[subject] = counted.get(subject, 0) + 1
                if seq != tree.size:
                    findings.add(f"event {seq} stands where {tree.size} is due")
                if event["n"] != counted[subject]:
                    findings.add(f"event {seq} is number {event['n']} about {subject}, not {counted[subject]}")
                if at is not None and event["at"] < at:
                    findings.add(f"event {seq} happened before the event before it")
                at = event["at"]
                collect(event["body"], committed)
            except (ValueError, KeyError, TypeError) as why:
                findings.add(f"line {tree.size} is no event: {why!r}")
    roots[tree.size] = tree.root()
    covered = 0
    for size, root, place in checkpoints:
        if size > tree.size:
            findings.add(f"{place}: {size} events were signed for, there are {tree.size}")
        elif roots[size] != root:
            findings.add(f"{place}: the first {size} events are not those that were signed for")
        else:
            covered = max(covered, size)
    texts = verify_texts(os.path.join(folder, "texts.ndjson"), committed, findings)
    print(f"{tree.size} events of {origin or 'a log that nobody has signed'}, {len(checkpoints)} signed checkpoints; "
          f"{covered} events are under one that holds{texts}")
    if covered < tree.size:
        print(f"note: {tree.size - covered} events at the end are under no checkpoint")
    if not checkpoints:
        findings.add("there is no checkpoint: nothing says what the log was")


def collect(value, into):
    """Everything in a body that may be a commitment."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            collect(part, into)
    elif isinstance(value, str):
        into.add(value)
        into.add(value.rpartition("/")[2])


def verify_texts(path, committed, findings):
    if not os.path.exists(path):
        return ""
    count = 0
    for line in read(path).split("\n")[:-1]:
        try:
            text = json.loads(line)
            found = hashlib.sha256(bytes.fromhex(text["salt"]) + text["text"].encode()).hexdigest()
            commitment = text["commitment"]
        except (ValueError, KeyError, TypeError) as why:
            findings.add(f"text {count + 1} cannot be read: {why!r}")
            continue
        count += 1
        if found != commitment:
            findings.add(f"the text under {commitment} is another than was committed to")
        elif commitment not in committed:
            findings.add(f"no event commits to the text under {commitment}")
    return f", {count} texts are those that were committed to"


def verify_proof(path, keys, kept, findings):
    proof = json.loads(read(path))
    if not keys and proof.get("keys"):
        keys = [read_key(key) for key in proof["keys"]]
        print("note: the key is believed as the proof gives it; name one with --key that you were given otherwise")
    digest = bytes.fromhex
    hashes = [digest(hash_) for hash_ in proof["path"]]
    size, root = proof["size"], digest(proof["root"])
    known = {size: root}
    if proof["proof"] == "inclusion":
        line = proof["event"].encode()
        if json.loads(line)["seq"] != proof["seq"]:
            findings.add("the event is another than the proof says")
        if not is_included(leaf(line), proof["seq"] - 1, size, hashes, root):
            findings.add(f"event {proof['seq']} is not proved to be in the log of {size}")
    else:
        earlier, before = proof["earlier"], digest(proof["before"])
        known[earlier] = before
        if not is_consistent(earlier, before, size, root, hashes):
            findings.add(f"the log of {size} events is not proved to begin as that of {earlier}")
    signed = set()
    notes = list(proof.get("checkpoints", [])) + [note for file in kept for note in notes_in(read(file))]
    keys = handed_over(keys, notes)
    for note in notes:
        try:
            _, of, found = open_note(note, keys)
        except ValueError as why:
            findings.add(f"a checkpoint: {why}")
            continue
        if of in known and found != known[of]:
            findings.add(f"the root over {of} events is not the one that was signed")
        signed.add(of)
    for of in sorted(set(known) - signed - {0}):
        findings.add(f"nobody has signed the root over {of} events")
    print(f"{proof['proof']} in the log of {size} events")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", help="the folder of a bundle, or a file with a proof")
    parser.add_argument("--key", action="append", default=[], help="a public key, as in log.pub; can be repeated")
    parser.add_argument("--checkpoints", action="append", default=[], help="a file of checkpoints; can be repeated")
    options = parser.parse_args()
    findings = Findings()
    try:
        keys = [read_key(key) for key in options.key]
        verify = verify_bundle if os.path.isdir(options.what) else verify_proof
        verify(options.what, keys, options.checkpoints, findings)
    except (OSError, ValueError, KeyError, TypeError) as why:
        findings.add(f"it cannot be read: {why!r}")
    print("whole" if not findings else f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
