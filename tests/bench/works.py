"""The workloads as Entente runs them, and the targets."""
import random
import subprocess
from pathlib import Path

import figures

HERE = Path(__file__).resolve().parent

PERIOD_END = "2026-03-01"


class Work:
    """`report` are the arguments of the timed runs, whose figures are checked."""

    def __init__(self, name, title, source, feed, file, report, make_figures):
        self.name, self.title, self.source, self.feed, self.file = name, title, source, feed, file
        self.report, self.figures = report, make_figures

    def command(self, entente, here, folder, more):
        return [entente, "run", str(here / self.source), "--feed", f"{self.feed}={folder / self.file}", *more]

    def ours(self, entente, here, folder):
        """(name, argv): on one thread, and on two."""
        return [(name, self.command(entente, here, folder, [*self.report, *jobs]))
                for name, jobs in (("Entente", []), ("Entente, 2 threads", ["--jobs", "2"]))]


CSV = ["--to", PERIOD_END, "--format", "csv"]
WORKS = [
    Work("A2", "CSV to verdicts, every row validated", "samples.ent", "probe", "samples.csv", CSV,
         lambda text: figures.samples(text, False)),
    Work("A", "the same with the exact 95th percentile", "percentiles.ent", "probe", "samples.csv", CSV,
         lambda text: figures.samples(text, True)),
    Work("B", "a clock an incident, paused while the client is waited for; figures by party and priority", "incidents.ent",
         "ticket", "incidents.csv", [], figures.incidents),
]


def many(data, count):
    """So many different agreements over the feed of workload A2."""
    text = (HERE / "samples.ent").read_text()
    head, body = text.split('sla Samples "Availability and latency"')
    agreements = []
    for i in range(count):
        one = body.replace("at least 99.9% each month\n    credit\n      none          when at least 99.9%",
                           f"at least 99.{9000 + i}% each month\n    credit\n      none          when at least 99.{9000 + i}%")
        agreements.append(f'sla Samples{i} "Availability and latency {i}"' + one.replace("1_000_000", f"{1_000_000 + i}"))
    path = data / f"agreements-{count}.ent"
    path.write_text(head + "\n".join(agreements))
    return path


def json_lines(folder):
    """The samples as JSON Lines, made once."""
    path = folder / "samples.jsonl"
    if not path.exists():
        part = Path(f"{path}.part")
        with open(folder / "samples.csv") as rows, open(part, "w") as out:
            next(rows)
            for row in rows:
                t, service, provider, up, latency = row.rstrip("\n").split(",")
                out.write(f'{{"t":"{t}","service":"{service}","provider":"{provider}","up":{up},"latency_ms":{latency}}}\n')
        part.rename(path)
    return path


def lua_of_length(data, lines):
    """A Lua file of functions with so many lines."""
    body = ["local function f{0}(a, b)", "  local t = {{ x = a, y = b, name = \"n{0}\" }}", "  if t.x > t.y and t.name ~= \"\" then",
            "    return t.x - t.y * {0}", "  end", "  return t", "end"]
    text = [line.format(i) for i in range(lines // len(body) + 1) for line in body]
    path = data / "length.lua"
    path.write_text("\n".join(["do " + line if k % len(body) == 0 else line + " end" if k % len(body) == len(body) - 1 else line
                               for k, line in enumerate(text)]) + "\n")
    return path


def variant(source, data, name, *replacements):
    """A source with some of its words replaced."""
    text = source.read_text()
    for old, new in replacements:
        assert old in text, (source, old)
        text = text.replace(old, new)
    path = data / name
    path.write_text(text)
    return path


def depending(folder, data):
    """The services of A2, each standing on two others, under 20 agreements; whose doing an outage was follows that."""
    names = []
    with open(folder / "samples.csv") as rows:
        next(rows)
        for _, row in zip(range(2000), rows):
            name = row.split(",")[1]
            if name not in names:
                names.append(name)
    lines = ["feed probe sampled every 60s {", "  at instant", "  service service key", "  up bool", "}",
             "bind probe from csv", "  at = t", "framework Estate", "  version 1", "  effective from 2026-01-01",
             '  timezone "UTC"', "  currency EUR", "{", "  client Client", "  integrator Hub"]
    lines += [f"  provider P{i}" for i in range(20)]
    for i, name in enumerate(names):
        below = f" depends on `{names[i - 20]}`, `{names[i - 7]}`" if i >= 20 else ""
        lines.append(f"  service `{name}` by P{i % 20}{below}")
    lines += ["  accountability", "    outages follow dependencies", "    credits follow responsibility", "}"]
    for i in range(20):
        lines += [f"sla S{i}", "  version 1", "  under Estate", f"  between P{i} and Client", "  effective from 2026-01-01",
                  "{", "  charge EUR 100 per month", "  measure availability per service",
                  "    share of probe where up", "  objective uptime", "    availability at least 99.9% each month",
                  "    missing is ignored", "    credit none when at least 99.9%, 5% of charge otherwise", "}"]
    path = data / "depending.ent"
    path.write_text("\n".join(lines) + "\n")
    return path


def twelve(data, days):
    """(with roots, without, rows): a service on twelve others, each down for a number of minutes of its own every day."""
    path, rng = data / "twelve.csv", random.Random(1)
    names = [f"s{i}" for i in range(12)]
    with open(path, "w", encoding="utf-8") as out:
        out.write("at,service,up\n")
        for day in range(days):
            down = [i for i, n in enumerate(rng.sample(range(3, 60), 12)) for _ in range(n)]
            down += [None] * (1440 - len(down))
            rng.shuffle(down)
            for minute, who in enumerate(down):
                at = f"2026-04-{day + 1:02}T{minute // 60:02}:{minute % 60:02}:00Z"
                out.writelines(f"{at},{name},{'false' if who == i else 'true'}\n" for i, name in enumerate(names))
                out.write(f"{at},web,{'true' if who is None else 'false'}\n")
    lines = ["feed probe sampled every 60s {", "  at instant", "  service service key", "  up bool", "}",
             "framework Estate", "  version 1", "  effective from 2026-01-01", '  timezone "UTC"', "  currency EUR", "{",
             "  client Client", "  integrator Hub", *(f"  provider P{i}" for i in range(13)),
             *(f"  service {name} by P{i}" for i, name in enumerate(names)),
             f"  service web by P12 depends on {', '.join(names)}",
             "  accountability", "    outages follow dependencies", "    credits stay with provider", "}",
             "sla S", "  version 1", "  under Estate", "  between P12 and Client", "  effective from 2026-01-01", "{",
             "  objective uptime", "    share of probe where up and service == web at least 99.9% each day",
             "    missing is ignored", "}"]
    source = data / "twelve.ent"
    source.write_text("\n".join(lines) + "\n")
    owner = variant(source, data, "twelve_owner.ent", ("outages follow dependencies", "outages stay with owner"))
    return source, owner, path


def attribution(entente, data, folder):
    """Whose doing it was, against everybody answering for their own."""
    owner = ("outages follow dependencies", "outages stay with owner")
    last_holder = ("ticket time follows last holder", "ticket time stays with owner")
    holder = ("ticket time follows holder", "ticket time stays with owner")
    roots = depending(folder, data)
    incidents = HERE / "incidents.ent"
    desk = HERE.parent.parent / "examples/service-desk/desk.ent"
    log = data / "desk.csv"
    subprocess.run([Path(entente).parent / "examples/generate-service-desk", "--incidents", "25000", "--out", log], check=True)
    rows = [
        ("roots along dependencies, 20 agreements", roots, variant(roots, data, "owner.ent", owner),
         f"probe={folder / 'samples.csv'}"),
        ("holders of B's clocks", incidents, variant(incidents, data, "own_clocks.ent", last_holder),
         f"ticket={folder / 'incidents.csv'}"),
        ("holders in the service desk", desk, variant(desk, data, "own_desk.ent", holder), f"ticket={log}"),
    ]
    return [(what, [entente, "run", str(on), "--feed", feed], "staying with the owner",
             [entente, "run", str(off), "--feed", feed], 1.25) for what, on, off, feed in rows]


def selves(entente, data, folder):
    """(what, argv, against, argv, what the ratio may be at most): Entente against itself."""
    probe = [entente, "run", str(HERE / "samples.ent"), "--feed", f"probe={folder / 'samples.csv'}", "--to", PERIOD_END]
    lines = [entente, "run", str(HERE / "samples_jsonl.ent"), "--feed", f"probe={json_lines(folder)}", "--to", PERIOD_END]
    hundred = [entente, "run", str(many(data, 100)), "--feed", f"probe={folder / 'samples.csv'}", "--to", PERIOD_END]
    desk = [entente, "run", str(HERE / "incidents.ent"), "--feed", f"ticket={folder / 'incidents.csv'}"]
    return [
        ("JSON Lines of A2", lines, "its CSV", probe, 2),
        ("100 agreements over one feed", hundred, "one of them", probe, 3),
        ("B with a ledger", [*desk, "--ledger", str(data / "ledger.jsonl")], "without", desk, 2),
        *attribution(entente, data, folder),
    ]


# work, ours, theirs, what the ratio of our time to theirs may be at most
TARGETS = [
    ("A2", "Entente", "C", 2.5),
    ("A2", "Entente", "DuckDB, 1 thread", 1 / 8),
    ("A2", "Entente, 2 threads", "DuckDB, 2 threads", 1 / 8),
    ("A2", "Entente", "LuaJIT over bytes", 1 / 3),
    ("A2", "Entente", "Node.js over bytes", 1 / 3),
    ("A", "Entente", "C", 2.5),
    ("A", "Entente", "DuckDB, 1 thread", 1 / 6),
    ("A", "Entente, 2 threads", "DuckDB, 2 threads", 1 / 6),
    ("B", "Entente", "C", 4),
    ("B", "Entente", "DuckDB, 1 thread", 1 / 7),
    ("B", "Entente, 2 threads", "DuckDB, 2 threads", 1 / 7),
    ("B", "Entente", "Node.js", 1 / 6),
    ("A2", "Entente, 2 threads", "Entente", 1 / 1.7),
    ("A", "Entente, 2 threads", "Entente", 1 / 1.7),
    ("B", "Entente, 2 threads", "Entente", 1 / 1.7),
    ("C", "Entente, batches", "C scalar", 1),
    ("C", "Entente, batches", "Node.js (V8)", 1 / 2),
    ("C", "Entente, batches", "LuaJIT", 1 / 4),
    ("C", "Entente, one lane", "Lua 5.4 called from C per event", 1 / 2),
]


PAIR = "Entente, two runs at once"


def limit_lines(results):
    """What a second core can give, whatever a program does with it."""
    lines = []
    for work in ("A2", "A", "B"):
        found = results.get(work)
        if found and PAIR in found:
            one, two, pair = (found[name].wall() for name in ("Entente", "Entente, 2 threads", PAIR))
            lines.append(f"{work}: two runs at once, a thread each, with nothing in common, take {pair / one:.2f} times as long as "
                         f"one, so a second core gives {2 * one / pair:.2f} at most; two threads are {one / two:.2f} times as fast "
                         "as one.")
    return lines


def ratio_text(ratio):
    return f"{ratio:.2f} × its time" if ratio >= 1 else f"{1 / ratio:.2f} × as fast" if ratio > 0.5 else f"{1 / ratio:.1f} × as fast"


def seconds(result):
    """Wall time, and the processors' time, which tells more on a machine that others use, too."""
    return (result, result) if isinstance(result, float) else (result.wall(), result.cpu())


def verdict(ratio, target):
    return "met" if ratio <= target else "missed"


def target_lines(results, found_selves):
    lines = ["\n### Ratios of medians\n", "| work | | against | measured | of CPU time | target | |",
             "|---|---|---|--:|--:|--:|---|"]
    for work, ours, theirs, target in TARGETS:
        found = results.get(work)
        if not found or ours not in found or theirs not in found:
            continue
        ratio, cpu = (a / b for a, b in zip(seconds(found[ours]), seconds(found[theirs])))
        lines.append(f"| {work} | {ours} | {theirs} | {ratio_text(ratio)} | {ratio_text(cpu)} | {ratio_text(target)} | "
                     f"{verdict(ratio, target)} |")
    for what, against, (ratio, cpu), target in found_selves:
        lines.append(f"| | {what} | {against} | {ratio_text(ratio)} | {ratio_text(cpu)} | {ratio_text(target)} | "
                     f"{verdict(ratio, target)} |")
    a2 = results.get("A2")
    if a2:
        peak = a2["Entente"].rss / 1024
        lines.append(f"| A2 | Entente | memory | {peak:.0f} MB | | 32 MB | {verdict(peak, 32)} |")
    return lines
