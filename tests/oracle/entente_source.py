"""Prints a club of the oracle's data model as Entente source, and its facts as CSV.

Only forms that stand on the language's page are used. Tested through tests/property and
tests/conformance, which hand the result to the compiler.
"""

import csv
import io
from fractions import Fraction

import timeline as tl

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def decimal_text(value):
    """Exact decimal of a fraction whose denominator has only twos and fives."""
    value = Fraction(value)
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
        if digits > 40:
            raise ValueError(f"no finite decimal: {value}")
    n = int(value * 10**digits)
    if not digits:
        return str(n)
    text = str(abs(n)).rjust(digits + 1, "0")
    return ("-" if n < 0 else "") + text[:-digits] + "." + text[-digits:]


def figure_text(value, unit):
    value = Fraction(value)
    if unit == "ratio":
        return decimal_text(value * 100) + "%"
    if unit == "duration":
        return tl.format_duration(int(value))
    return decimal_text(value)


def literal(e):
    kind, value = e[1], e[2]
    if kind == "dur":
        return tl.format_duration(value)
    if kind == "num":
        return decimal_text(value)
    if kind == "bool":
        return "true" if value else "false"
    if kind == "text":
        return f'"{value}"'
    return str(value)


def expression(e, tight=False):
    """Source of an expression; operands of and/or/not stand in parentheses if they are such."""
    op = e[0]
    if op == "lit":
        return literal(e)
    if op == "field":
        return e[1]
    if op in ("changed", "previous"):
        return f"{op}({e[1]})"
    if op in ("absent", "present"):
        text = f"{expression(e[1])} is {'absent' if op == 'absent' else 'not absent'}"
    elif op == "in":
        text = f"{expression(e[1])} in {{{', '.join(literal(x) for x in e[2:])}}}"
    elif op == "not":
        text = f"not {expression(e[1], True)}"
    elif op in ("and", "or"):
        text = f"{expression(e[1], True)} {op} {expression(e[2], True)}"
    else:
        return f"{expression(e[1])} {op} {expression(e[2])}"
    return f"({text})" if tight else text


def event(ev):
    alts = []
    for x in ev["alts"]:
        text = x["feed"] + (f".{x['event']}" if x.get("event") else "")
        if x.get("where"):
            text = f"({text} where {expression(x['where'])})"
        alts.append(text)
    text = " or ".join(alts)
    if ev.get("where"):
        text = (f"({text})" if len(alts) > 1 else text) + f" where {expression(ev['where'])}"
    return text


def framework(club):
    f = club["framework"]
    lines = [f'framework {f["name"]} "Random club"', "  version 1", "  effective from 1990-01-01",
             f'  timezone "{f["timezone"]}"', f"  currency {f['currency']}", "{"]
    for p in [p for p in club["parties"] if p["role"] != "nobody"]:
        lines.append(f'  {p["role"]} {p["name"]}' + titles(p))
    for s in club["services"]:
        depends = f' depends on {", ".join(s["depends"])}' if s.get("depends") else ""
        title = f' "{s["title"]}"' if s.get("title") else ""
        lines.append(f'  service {s["name"]}{title} by {s["by"]}{depends}{aliases(s)}')
    if f.get("accountability"):
        lines += accountability(f["accountability"])
    if f.get("cap"):
        lines.append(f'  credit cap {f["cap"]["percent"]}% of charge each {f["cap"]["unit"]}')
    lines += caps(f.get("caps", []))
    for a in club["agreements"]:
        for o in a.get("objectives", []) if a["kind"] == "framework" else []:
            lines += objective(o)
    for p in club.get("pools", []):
        lines += pool(p)
    return lines + ["}"]


def accountability(a):
    lines = ["  accountability"]
    if a.get("answers"):
        lines.append(f'    {a["answers"][0]} answers to {a["answers"][1]} for every objective')
    texts = {"outages": {"dependencies": "outages follow dependencies",
                         "owner": "outages stay with owner"},
             "ticket": {"holder": "ticket time follows holder",
                        "last holder": "ticket time follows last holder",
                        "owner": "ticket time stays with owner"},
             "credits": {"responsibility": "credits follow responsibility",
                         "provider": "credits stay with provider"}}
    lines += ["    " + texts[n][a[n]] for n in ("outages", "ticket", "credits") if a.get(n)]
    if a.get("relief"):
        lines.append("    relief for client share")
    if a.get("relief_force"):
        lines.append("    relief for force majeure")
    return lines + ([f'    joint causes {a["joint"]}'] if a.get("joint") else [])


def paid_when(e):
    if e[0] == "met":
        return f"{e[1]}.{e[2]}.met"
    if e[0] == "not":
        return f"not ({paid_when(e[1])})"
    return f" {e[0]} ".join(f"({paid_when(x)})" for x in e[1:])


def caps(all_of_them):
    return [f'  credit cap {c["percent"]}% of charge ' + (
        f'over {c["months"]} months' if c.get("months") else f'each {c["unit"]}')
            for c in all_of_them]


def pool(p):
    return [f'  pool {p["name"]} "{p["name"]}"',
            f'    funded by {amount(p["amount"])} of each {p["of"]} each {p["unit"]}',
            f'    paid when {paid_when(p["paid"])}', f'    shared {p["shared"]}']


def titles(thing):
    return (f' "{thing["title"]}"' if thing.get("title") else "") + aliases(thing)


def aliases(thing):
    if not thing.get("aliases"):
        return ""
    return " alias " + ", ".join(f'"{a}"' for a in thing["aliases"])


def calendar(name, c):
    lines = [f"calendar {name}"]
    if c.get("timezone"):
        lines.append(f'  timezone "{c["timezone"]}"')
    for r in c["open"]:
        lines.append(f'  open {days(r["days"])} {r["from"]}..{r["to"]}')
    if c.get("closed"):
        lines.append(f'  closed {", ".join(c["closed"])}')
    return lines


def days(numbers):
    numbers = sorted(numbers)
    if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{WEEKDAYS[numbers[0]]}..{WEEKDAYS[numbers[-1]]}"
    return ", ".join(WEEKDAYS[n] for n in numbers)


def feed(f):
    every = f' sampled every {tl.format_duration(f["sampled"])}' if f.get("sampled") else ""
    lines = [f'feed {f["name"]}{every} {{']
    for x in f["fields"]:
        kind = f"one of {', '.join(x['members'])}" if x["type"] == "enum" else x["type"]
        marks = (" key" if x.get("key") else "") + (" holder" if x.get("holder") else "")
        lines.append(f'  {x["name"]} {kind}{marks}')
    return lines + ["}"]


def span(s):
    lines = [f'span {s["name"]} per {s["per"]}', f'  from {event(s["from"])}',
             f'  to {event(s["to"])}']
    return lines + ([f'  caused by {s["caused_by"]}'] if s.get("caused_by") else [])


def amount(a):
    if a["kind"] == "none":
        return "none"
    if a["kind"] == "weight":
        return f'{a["value"]}% of weight'
    return f'{a["value"]}% of charge' if a["kind"] == "percent" else f'GBP {a["value"]}'


def credit(o):
    c, unit = o["credit"], o["unit"]
    rounded = f' rounded {c["rounded"]}' if c.get("rounded") else ""
    if c["kind"] == "ladder":
        if c["steps"] == [{"amount": {"kind": "weight", "value": "100"}}]:
            return "credit by weight" + rounded
        steps = [f'{amount(s["amount"])} otherwise' if s.get("op") is None else
                 f'{amount(s["amount"])} when {s["op"]} {figure_text(s["bound"], unit)}'
                 for s in c["steps"]]
        return "credit " + ", ".join(steps) + rounded
    most = f', at most {amount(c["most"])}' if c.get("most") else ""
    pro = " pro rata" if c.get("pro_rata") else ""
    return f'credit {amount(c["amount"])} per {figure_text(c["per"], unit)} {c["side"]}{pro}' + \
        most + rounded


def figure(m):
    field = f'.{m["field"]}' if m.get("field") else ""
    agg = f'percentile {m["n"]} of' if m["agg"] == "percentile" else f'{m["agg"]} of'
    where = f' where {expression(m["where"])}' if m.get("where") else ""
    stale = f' stale after {tl.format_duration(m["stale"])}' if m.get("stale") else ""
    return f'{agg} {m["feed"]}{field}{where}{stale}'


def window(w):
    if w.get("unit"):
        return f'each {w["unit"]}'
    return f'rolling {tl.format_duration(w["length"])} every {tl.format_duration(w["every"])}'


def objective(o, measured=True, word=""):
    lines, m = [], o["measure"]
    if m.get("name"):
        per = f' per {m["per"]}' if m.get("per") else ""
        lines += [] if not measured else [f'  measure {m["name"]}{per}', f"    {figure(m)}"]
        what = m["name"] + (f'({m["arg"]})' if m.get("arg") else "")
    else:
        what = figure(m)
    lines += [f'  {word}objective {o["name"]} "{o["name"]}"',
              f'    {what} {o["op"]} {figure_text(o["target"], o["unit"])} {window(o["window"])}']
    for x in o.get("excluding", []):
        most = f' at most {tl.format_duration(x["most"])}' if x.get("most") is not None else ""
        lines.append(f'    excluding {x["span"]}{most}')
    if o.get("missing"):
        lines.append("    missing is ignored" if o["missing"] == "ignored" else
                     f'    missing counts as {o["missing"]}')
    if o.get("no_data"):
        lines.append(f'    no data counts as {o["no_data"]}')
    if o.get("weight"):
        lines.append(f'    weight {o["weight"]}')
    if o.get("expected"):
        lines.append(f'    expected {o["op"]} {figure_text(o["expected"], o["unit"])}')
    if o.get("credit"):
        lines.append("    " + credit(o))
    if o.get("earn_back"):
        e = o["earn_back"]
        when = e.get("when", "met")
        lines.append(f'    earn back {e["percent"]}% when {when} for {e["windows"]} windows')
    return lines


def duty(d, word=""):
    lines = [f'  {word}duty {d["name"]} "{d["name"]}"', f'    {d["party"]} must {event(d["discharge"])}',
             f'    when {event(d["trigger"])}']
    if d.get("matching"):
        m = d["matching"]
        lines.append(f'    matching {m["feed"]}.{m["field"]} == {m["other"]}.{m["other_field"]}')
    parts = []
    for w in d["within"]:
        text = tl.format_duration(w["ns"]) + (f' of {w["of"]}' if w.get("of") else "")
        if w.get("for"):
            text += " for " + " or ".join(w["for"])
        elif len(d["within"]) > 1:
            text += " otherwise"
        parts.append(text)
    lines.append("    within " + ", ".join(parts))
    lines += [f"    pausing during {s}" for s in d.get("pausing", [])]
    if d.get("following"):
        lines.append(f'    following {d["following"]}')
    if d.get("counting"):
        lines.append(f'    counting from {event(d["counting"])}')
        if d.get("retroactive"):
            lines[-1] += " retroactive"
    if d.get("void"):
        lines.append(f'    void when {event(d["void"])}')
    if d.get("excused_when"):
        lines.append(f'    excused when {expression(d["excused_when"])}')
    if d.get("excused_during"):
        lines.append(f'    excused during {d["excused_during"]}')
    if d.get("undo_mode"):
        until = f' until {event(d["until"])}' if d["undo_mode"] == "resume" else ""
        lines.append(f'    on {event(d["undo"])} {d["undo_mode"]}{until}')
    if d.get("credit"):
        lines.append(f'    credit {amount(d["credit"])}')
    if d.get("warn"):
        lines.append(f'    warn at {d["warn"]}%')
    return lines


def agreement(a, framework_name):
    first, last = a["effective"]
    lines = [f'{a["kind"]} {a["name"]} "{a["name"]}"', "  version 1", f"  under {framework_name}",
             f'  between {a["between"][0]} and {a["between"][1]}',
             f"  effective from {first}" if last is None else f"  effective {first} .. {last}"]
    if a.get("timezone"):
        lines.append(f'  timezone "{a["timezone"]}"')
    lines.append("{")
    if a.get("charge"):
        lines.append(f'  charge GBP {a["charge"]["amount"]} per {a["charge"]["per"]}')
    if a.get("cap"):
        lines.append(f'  credit cap {a["cap"]["percent"]}% of charge each {a["cap"]["unit"]}')
    lines += caps(a.get("caps", []))
    if a.get("at_risk"):
        lines.append(f'  at risk {amount(a["at_risk"]["amount"])} each {a["at_risk"]["unit"]}')
    for d in a.get("duties", []):
        lines += duty(d)
    for o in a.get("objectives", []):
        lines += objective(o)
    return lines + ["}"]


def amendment(a, change, version):
    lines = [f'amendment {change["name"]} "{change["name"]}"', f'  to {a["name"]}',
             f"  version {version}", f'  effective from {change["from"]}', "{"]
    if change.get("charge"):
        lines.append(f'  charge GBP {change["charge"]["amount"]} per {change["charge"]["per"]}')
    for d in change.get("duties", []):
        lines += duty(d, "replace ")
    for o in change.get("objectives", []):
        lines += objective(o, False, "replace ")
    kinds = {x["name"]: kind for kind in ("duty", "objective")
             for x in a["duties" if kind == "duty" else "objectives"]}
    return lines + [f"  remove {kinds[n]} {n}" for n in change.get("remove", [])] + ["}"]


def source(club):
    """The whole club as one .ent text."""
    blocks = [framework(club)]
    blocks += [calendar(n, c) for n, c in club.get("calendars", {}).items()]
    blocks += [feed(f) for f in club["feeds"]]
    blocks += [span(s) for s in club.get("spans", [])]
    blocks += [agreement(a, club["framework"]["name"]) for a in club["agreements"]
               if a["kind"] != "framework"]
    blocks += [amendment(a, x, i + 2) for a in club["agreements"]
               for i, x in enumerate(a.get("amendments", []))]
    return "\n\n".join("\n".join(b) for b in blocks) + "\n"


def csv_text(columns, rows):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([row.get(c, "") for c in columns])
    return out.getvalue()


def facts_csv(club, facts):
    """{feed: CSV text}"""
    return {f["name"]: csv_text([x["name"] for x in f["fields"]], facts.get(f["name"], []))
            for f in club["feeds"]}
