"""Reads a ledger and holds its decisions against the oracle's.

A decision is known by agreement, clause, subject and window or trigger; two of the same name are
paired in order. Compared are status, figure, credit, clock and the counts that both name.
"""

import json
import re
from collections import defaultdict
from fractions import Fraction

import timeline as tl

MINOR_DIGITS = 2


def read(path):
    """The decisions of a ledger file, without its first line about the run."""
    out = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            d = json.loads(line)
            if d.get("kind") != "run":
                out.append(d)
    return out


def decisions_text(path):
    """Decisions without the chain of hashes, which begins with the digests of the input."""
    out = []
    for d in read(path):
        out.append({k: v for k, v in d.items() if k not in ("prev", "hash")})
    return json.dumps(out)


def subject_of(d):
    s = d.get("subject")
    if isinstance(s, dict):
        return next(iter(s.values()), None)
    return s


def name_of_actual(d):
    if "clock" in d:
        return ("duty", d["agreement"], d["clause"], subject_of(d),
                tl.parse_instant(d["clock"]["at"]))
    w = d["window"]
    return (d["kind"], d["agreement"], d["clause"], subject_of(d),
            tl.parse_instant(w["from"]), tl.parse_instant(w["to"]))


def name_of_expected(d):
    if d["kind"] == "duty":
        return ("duty", d["agreement"], d["clause"], d["subject"], d["at"])
    return (d["kind"], d["agreement"], d["clause"], d["subject"], *d["window"])


def show(name):
    times = " .. ".join(tl.format_instant(t) for t in name[4:])
    who = f" for {name[3]}" if name[3] is not None else ""
    return f"{name[1]}.{name[2]}{who} {times}"


def seconds(text):
    """Seconds as text to nanoseconds, exactly."""
    return Fraction(text) * tl.NS


def number(text):
    """The figure at the beginning of a text: 333/334, 99.95%, 0.25, 12 s."""
    m = re.match(r"-?\d+(?:/\d+|(?:\.\d+)?(?:[eE][+-]?\d+)?)", text)
    if not m:
        raise ValueError(f"no figure: {text!r}")
    value = Fraction(m.group())
    return value / 100 if text[m.end():].strip() == "%" else value


def same_figure(expected, unit, actual):
    """Is the ledger's figure the oracle's, as exactly as the ledger gives it?"""
    exact, text = actual.get("measure_exact"), actual.get("measure")
    wanted = Fraction(expected) / (tl.NS if unit == "duration" else 1)
    if exact is not None:
        value = number(str(exact))
        # an average of binary64 numbers is rounded once, to the nearest binary64
        return value == wanted or (unit == "number" and "/" not in str(exact)
                                   and float(value) == float(wanted))
    if text is None:
        return False
    value = number(str(text))
    return abs(value - wanted) <= max(abs(wanted) / 10**12, Fraction(1, 10**6))


def credit_minor(d):
    c = d.get("credit")
    if not c:
        return 0
    return int(Fraction(str(c["amount"])) * 10**MINOR_DIGITS)


def differences(e, a, all_counts):
    """What differs between an expected and an actual decision, as texts."""
    out = []
    if e["status"] != a["status"]:
        out.append(f"status {e['status']}, ledger {a['status']}")
    if e["kind"] == "duty" and e["credit"] != credit_minor(a):
        out.append(f"credit {e['credit']} minor units, ledger {a.get('credit')}")
    if e["kind"] == "pool":
        compare_pool(e, a, out)
    elif e["kind"] == "objective":
        compare_objective(e, a, all_counts, out)
    elif e["status"] != "void":
        compare_clock(e, a["clock"], out)
    return out


def minor(text):
    return int(Fraction(text) * 10**MINOR_DIGITS)


def compare_pool(e, a, out):
    given = {p["party"]: (minor(p["paid_in"]), minor(p["paid_out"])) for p in a.get("parties", [])}
    if given != e["parties"]:
        out.append(f"parties {e['parties']}, ledger {given}")
    nets = [minor(p["amount"]) for p in a.get("parties", [])]
    if nets != [y - x for x, y in given.values()] or sum(nets):
        out.append(f"nets {nets} of {given}")
    if e["status"] == "provisional":
        return
    fund = sum(x for x, _ in e["parties"].values())
    wanted = (fund, fund if e["status"] == "met" else 0)
    credit = a.get("credit", {})
    found = (minor(credit.get("fund", "-1")), minor(credit.get("amount", "-1")))
    if wanted != found:
        out.append(f"fund and payout {wanted}, ledger {found}")


def compare_objective(e, a, all_counts, out):
    given = a.get("measure") is not None or a.get("measure_exact") is not None
    if e["measure"] is None and given:
        out.append(f"no figure, ledger {a.get('measure_exact', a.get('measure'))}")
    elif e["measure"] is not None and not same_figure(e["measure"], e["unit"], a):
        out.append(f"figure {e['measure']}, ledger {a.get('measure_exact')} {a.get('measure')}")
    wanted = e["credit"]
    if e.get("earned_back") and credit_minor(a) < 0:
        wanted = -e["earned_back"]
    if wanted != credit_minor(a):
        out.append(f"credit {wanted} minor units, ledger {a.get('credit')}")
    names = ("samples", "bad", "missing", "absent", "excluded") if all_counts else ("missing",)
    for n in names:
        given = (a.get("counts") or {}).get(n)
        if given is not None and int(given) != e["counts"][n]:
            out.append(f"{n} {e['counts'][n]}, ledger {given}")


def compare_clock(e, clock, out):
    for n in ("due", "done"):
        actual = tl.parse_instant(clock[n]) if clock.get(n) else None
        if e[n] != actual:
            out.append(f"{n} {e[n] and tl.format_instant(e[n])}, ledger {clock.get(n)}")
    for n in ("elapsed", "allowed"):
        if n not in clock or seconds(clock[n]) != e[n]:
            out.append(f"{n} {e[n] / tl.NS:g}, ledger {clock.get(n)}")
    if e["open"] is not None and bool(clock.get("open")) != e["open"]:
        out.append(f"open {e['open']}, ledger {clock.get('open')}")


def compare(expected, actual, all_counts=False):
    """All differences between the oracle's decisions and a ledger's."""
    wanted, given = defaultdict(list), defaultdict(list)
    for d in expected:
        wanted[name_of_expected(d)].append(d)
    for d in actual:
        if d["kind"] in ("objective", "duty", "pool"):
            given[name_of_actual(d)].append(d)
    for name in [n for n in wanted if n not in given and n[0] == "objective"]:
        plain = name[:3] + (None,) + name[4:]      # a ledger may leave out an argument's subject
        if plain in given and plain not in wanted:
            given[name] = given.pop(plain)
    out = []
    for name in sorted(set(wanted) | set(given), key=repr):
        e, a = wanted.get(name, []), given.get(name, [])
        if len(e) != len(a):
            what = f"{len(e)} expected, {len(a)} in the ledger"
            detail = ", ".join(d["status"] for d in e or a)
            out.append(f"{show(name)}: {what} ({detail})")
            continue
        for x, y in zip(e, a):
            out += [f"{show(name)}: {text}" for text in differences(x, y, all_counts)]
    return out
