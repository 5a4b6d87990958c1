"""Holds who answers, who caused it and who pays in a ledger against the oracle's answers.

A ledger leaves out what is false, zero or empty; texts may be decimals, fractions, percentages, or
carry a unit. Compared exactly.
"""

import re
from fractions import Fraction

import ledger
import timeline as tl


def figure(text):
    """A number from a text such as 3/4, 75%, 12.5 s, GBP 3.00, true."""
    text = str(text).strip()
    text = re.sub(r"^[A-Z]{3}\s*", "", text)
    m = re.match(r"-?\d+(?:\.\d+)?(?:/\d+(?:\.\d+)?)?", text)
    if not m:
        raise ValueError(f"no figure: {text!r}")
    above, _, below = m.group().partition("/")
    value = Fraction(above) / (Fraction(below) if below else 1)
    return value / 100 if text[m.end():].strip() == "%" else value


def money(value):
    if value is None:
        return 0
    if isinstance(value, dict):
        value = value["amount"]
    return int(figure(value) * 10**ledger.MINOR_DIGITS)


def actual_parties(line):
    """{party: what the ledger says of it}, with what it leaves out filled in."""
    out = {}
    for r in line.get("responsible") or []:
        out[r["party"]] = {
            "share": figure(r["share"]) if r.get("share") is not None else Fraction(0),
            "but_for": bool(r.get("but_for")),
            "degree": figure(r["degree"]) if r.get("degree") is not None else Fraction(0),
            "held": figure(r["held"]) * tl.NS if r.get("held") is not None else None,
            "excess": figure(r["excess"]) * tl.NS if r.get("excess") is not None else None,
            "amount": money(r.get("amount"))}
    return out


def expected_parties(answer):
    return {p: {"share": x["share"] or Fraction(0), "but_for": x["but_for"],
                "degree": x["degree"], "held": x.get("held"), "excess": x.get("excess"),
                "amount": x.get("amount", 0)} for p, x in answer["parties"].items()}


NOTHING = {"share": Fraction(0), "but_for": False, "degree": Fraction(0), "held": None,
           "excess": None, "amount": 0}


def differences(expected, line):
    """What differs between an oracle's decision and a ledger's line, as texts."""
    answer, out = expected.get("answer"), []
    if answer is None:
        if line.get("responsible"):
            out.append(f"no breach, and yet responsible {line['responsible']}")
        return out
    given = line.get("accountable") or {}
    if (given.get("party"), given.get("to")) != answer["accountable"]:
        out.append(f"accountable {answer['accountable']}, ledger {given}")
    wanted, given = expected_parties(answer), actual_parties(line)
    for p in sorted(set(wanted) | set(given)):
        w, g = wanted.get(p, NOTHING), given.get(p, NOTHING)
        # whoever has neither a share nor an amount and is no but-for cause need not be listed
        figures = ("share", "but_for", "degree", "amount")
        for n in figures if p in given else ("share", "but_for", "amount"):
            if w[n] != g[n]:
                out.append(f"{p}: {n} {w[n]}, ledger {g[n]}")
        for n in ("held", "excess"):
            if p in given and expected["kind"] == "duty" and (w[n] or 0) != (g[n] or 0):
                out.append(f"{p}: {n} {seconds(w[n])}, ledger {seconds(g[n])}")
    compare_gap(expected, answer, line, out)
    return out


def seconds(ns):
    return None if ns is None else f"{float(Fraction(ns) / tl.NS):g}s"


def compare_gap(expected, answer, line, out):
    given = line.get("structural_gap")
    unit = "duration" if expected["kind"] == "duty" else expected["unit"]
    wanted = answer["gap"] / (tl.NS if unit == "duration" else 1)
    if unit != "duration" and expected["kind"] == "objective" and answer.get("boundary"):
        return
    if wanted != (figure(given) if given is not None else 0):
        out.append(f"structural gap {wanted}, ledger {given}")


def invariants(line):
    """What must hold of any line whatever the oracle says."""
    out = []
    shares = [figure(r["share"]) for r in line.get("responsible") or [] if r.get("share")]
    if shares and sum(shares) != 1 and set(shares) != {1}:
        out.append(f"shares sum to {sum(shares)}")
    for r in line.get("responsible") or []:
        if "clock" in line and r.get("excess") in (None, "0") and r.get("share") not in (None, "0"):
            out.append(f"{r['party']} has nothing in excess and a share")
    if line["status"] == "breach":
        parts = [money(r["amount"]) for r in line.get("responsible") or [] if r.get("amount")]
        whole = ledger.credit_minor(line)
        if parts and whole > 0 and sum(parts) != whole:
            out.append(f"parts {parts} of a credit of {whole}")
    return out


def compare(expected, actual):
    """All differences of answers; decisions are paired by name, in order, as in ledger.py."""
    wanted, given, out = {}, {}, []
    for d in expected:
        wanted.setdefault(ledger.name_of_expected(d), []).append(d)
    for d in actual:
        if d["kind"] in ("objective", "duty"):
            given.setdefault(ledger.name_of_actual(d), []).append(d)
            out += [f"{ledger.show(ledger.name_of_actual(d))}: {text}" for text in invariants(d)]
    for name, lines in wanted.items():
        plain = name[:3] + (None,) + name[4:]
        found = given.get(name) or given.get(plain) or []
        for e, a in zip(lines, found):
            if e["status"] == a["status"]:
                out += [f"{ledger.show(name)}: {text}" for text in differences(e, a)]
    return out
