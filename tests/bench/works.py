"""The workloads as Entente runs them, and the targets."""
import figures

PERIOD_END = "2026-03-01"


class Work:
    def __init__(self, name, title, source, feed, file, make_figures, more):
        self.name, self.title, self.source, self.feed, self.file = name, title, source, feed, file
        self.figures, self.more = make_figures, more

    def ours(self, entente, here, folder):
        """(name, argv): on one thread, and on two."""
        base = [entente, "run", str(here / self.source), "--feed", f"{self.feed}={folder / self.file}", *self.more]
        return [("Entente", base), ("Entente, 2 threads", [*base, "--jobs", "2"])]


WORKS = [
    Work("A2", "CSV to verdicts, every row validated", "samples.ent", "probe", "samples.csv",
         lambda text: figures.samples(text, False), ["--to", PERIOD_END, "--format", "csv"]),
    Work("A", "the same with the exact 95th percentile", "percentiles.ent", "probe", "samples.csv",
         lambda text: figures.samples(text, True), ["--to", PERIOD_END, "--format", "csv"]),
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
    ("B", "Entente, 2 threads", "Entente", 1 / 1.7),
    ("C", "Entente, batches", "C scalar", 1),
    ("C", "Entente, batches", "Node.js (V8)", 1 / 2),
    ("C", "Entente, batches", "LuaJIT", 1 / 4),
    ("C", "Entente, one lane", "Lua 5.4 called from C per event", 1 / 2),
]


def ratio_text(ratio):
    return f"{ratio:.2f} × its time" if ratio >= 1 else f"{1 / ratio:.1f} × as fast"


def seconds(result):
    return result if isinstance(result, float) else result.wall()


def print_targets(results):
    print("\n### Ratios of medians\n\n| work | | against | measured | target | |\n|---|---|---|--:|--:|---|")
    for work, ours, theirs, target in TARGETS:
        found = results.get(work)
        if not found or ours not in found or theirs not in found:
            continue
        ratio = seconds(found[ours]) / seconds(found[theirs])
        print(f"| {work} | {ours} | {theirs} | {ratio_text(ratio)} | {ratio_text(target)} | "
              f"{'met' if ratio <= target else 'missed'} |")
