#!/usr/bin/env python3
"""How cost grows: rows through a pipe, services, agreements over one feed, open tickets; a plot of each as SVG.

    plots.py --entente BUILD/entente --bench DIR --data DIR --out DIR [--rows-max N] [--runs N]

Rows are generated while they are read, so no file is as long as the run.  Prints what it plots, and the bytes of an
open ticket and of a key and window.  See docs/performance.md."""
import argparse
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import peers
import works

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 360, 70, 50, 40, 70


def parse():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--entente", "--bench", "--data", "--out"):
        ap.add_argument(name, required=True, type=Path)
    ap.add_argument("--rows-max", type=int, default=100_000_000)
    ap.add_argument("--runs", type=int, default=1)
    return ap.parse_args()


def once(argv, feeder=None, pipe=None):
    """Seconds of processor time and megabytes of one run; feeder writes into the pipe that it reads."""
    source = None
    if feeder:
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        source = subprocess.Popen(["sh", "-c", 'exec "$@" >"$0"', str(pipe), *feeder])
    run = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = run.stderr.read().decode()
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    if source:
        source.wait()
        pipe.unlink()
    if run.returncode:
        sys.exit(f"{argv}: exit {run.returncode}: {message[-400:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(runs, argv, **more):
    """The quickest of several runs, because what others do on the machine only adds."""
    found = [once(argv, **more) for _ in range(runs)]
    return min(s for s, _ in found), max(m for _, m in found)


# --- the plot ---

def ticks(low, high):
    return [10 ** e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def short(value):
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def scale(values, begin, end):
    marks = ticks(min(values), max(values))
    low, high = math.log10(marks[0]), math.log10(marks[-1])
    high = high if high > low else low + 1
    return marks, lambda v: begin + (math.log10(v) - low) / (high - low) * (end - begin)


def line(points, color):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>{dots}'


def plot(path, title, across, points):
    """points: (x, seconds, megabytes); both axes grow by powers of ten."""
    xs, seconds, memory = zip(*points)
    x_marks, x_at = scale(xs, LEFT, WIDTH - RIGHT)
    y_marks, y_at = scale([*seconds, *memory], HEIGHT - BOTTOM, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{LEFT}" y="22" font-size="15">{title}</text>']
    for mark in y_marks:
        y = y_at(mark)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{mark:g}</text>')
    for mark in x_marks:
        x = x_at(mark)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#eee"/>'
                     f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{short(mark)}</text>')
    for values, name, color in ((seconds, "CPU s", "#1f6feb"), (memory, "MB", "#d9480f")):
        drawn = [(x_at(x), y_at(v)) for x, v in zip(xs, values)]
        parts.append(line(drawn, color))
        parts.append(f'<text x="{drawn[-1][0] + 8:.1f}" y="{drawn[-1][1] + 4:.1f}" fill="{color}">{name}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{across}</text></svg>')
    path.write_text("\n".join(parts) + "\n")


# --- what is plotted ---

def samples_of(path, rows, services):
    """Probes of so many services, one a service and minute."""
    if not path.exists():
        with open(path, "w") as out:
            out.write("t,service,provider,up,latency_ms\n")
            for i in range(rows):
                t = 1767225600 + i // services * 60 + i % services * 60 // services
                stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))
                out.write(f"{stamp},svc-{i % services:05d},p,{int(i * 7919 % 1000 != 0)},{50 + i * 31 % 2000 / 10:.1f}\n")
    return path


def tickets_of(path, count):
    """So many tickets that stay open."""
    if not path.exists():
        with open(path, "w") as out:
            out.write("t,id,event,priority,party\n")
            for i in range(count):
                stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1767225600 + i // 20))
                out.write(f"{stamp},INC{i:07d},opened,{1 + i % 4},Hermes\n")
    return path


def rows(o, data):
    pipe = data / "pipe.csv"
    found = []
    n = 1_000_000
    while n <= o.rows_max:
        argv = [o.entente, "run", HERE / "samples.ent", "--feed", f"probe={pipe}", "--format", "csv"]
        found.append((n, *measure(o.runs, argv, feeder=[str(data / "bin/gen"), "samples", str(n)], pipe=pipe)))
        n *= 10
    return found


def services(o, data, count=1_000_000):
    found = []
    for n in (1, 10, 100, 1000, 10_000):
        file = samples_of(data / f"services-{n}.csv", count, n)
        found.append((n, *measure(o.runs, [o.entente, "run", HERE / "samples.ent", "--feed", f"probe={file}"])))
        file.unlink()
    return found


def agreements(o, data):
    folder = peers.data_files(o.bench, data, True)
    found = []
    for n in (1, 10, 100, 1000):
        source = works.many(data, n)
        found.append((n, *measure(o.runs, [o.entente, "run", source, "--feed", f"probe={folder / 'samples.csv'}",
                                           "--to", works.PERIOD_END])))
    return found


def tickets(o, data):
    found = []
    for n in (10, 100, 1000, 10_000, 100_000, 1_000_000):
        file = tickets_of(data / f"tickets-{n}.csv", n)
        found.append((n, *measure(o.runs, [o.entente, "run", HERE / "incidents.ent", "--feed", f"ticket={file}"])))
        file.unlink()
    return found


def print_bytes(o, data):
    programs = []
    for name in ("incidents", "samples"):
        programs.append(str(data / f"{name}.entc"))
        subprocess.run([o.entente, "build", "-o", programs[-1], HERE / f"{name}.ent"], check=True)
    subprocess.run([o.entente.parent / "bench/state", *programs], check=True)


def main():
    o = parse()
    data = o.data.resolve()
    o.entente = o.entente.resolve()
    o.out.mkdir(parents=True, exist_ok=True)
    for name in peers.build(o.bench.resolve(), data):
        print(f"not here: {name}")
    o.bench = o.bench.resolve()
    found = {}
    for make, title, across in ((services, "One million samples of more and more services", "services"),
                                (agreements, "200,000 samples under more and more agreements", "agreements"),
                                (tickets, "Tickets that stay open", "open tickets"),
                                (rows, "Samples through a pipe, a month of verdicts", "rows")):
        points = found[make.__name__] = make(o, data)
        plot(o.out / f"growth-{make.__name__}.svg", title, across, points)
        for n, seconds, memory in points:
            print(f"{across}: {n:>11,}  {seconds:8.2f} s  {memory:7.1f} MB", flush=True)
    print_bytes(o, data)


if __name__ == "__main__":
    main()
