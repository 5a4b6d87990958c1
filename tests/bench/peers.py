"""What the benchmark measures itself against: programs of BENCH_DIR, run where they are, and what they need."""
import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = ["luajit", "lua5.4", "liblua5.4-dev", "nodejs", "npm", "gawk", "mawk", "sqlite3", "time"]

# name, workloads, arguments after {bench} and {bin} are filled in; {w} is the workload, {f} the file
FILE_PEERS = [
    ("C", "A A2 B", ["{bin}/sla", "{w}", "{f}"]),
    ("DuckDB, 1 thread", "A A2 B", ["node", "{bench}/peers/sla_duckdb.mjs", "{w}", "{f}", "1"]),
    ("DuckDB, 2 threads", "A A2 B", ["node", "{bench}/peers/sla_duckdb.mjs", "{w}", "{f}", "2"]),
    ("Node.js over bytes", "A A2", ["node", "{bench}/peers/sla_bytes.js", "{w}", "{f}"]),
    ("LuaJIT over bytes", "A A2", ["luajit", "{bench}/peers/sla_ffi.lua", "{w}", "{f}"]),
    ("Node.js", "B", ["node", "{bench}/peers/sla.js", "{w}", "{f}"]),
]

# C programs of BENCH_DIR: name, source, flags before and after it
BUILDS = [
    ("gen", "gen.c", ["-O2", "-ffp-contract=off"], []),
    ("sla", "peers/sla.c", ["-O3", "-march=native"], []),
    ("rule", "peers/rule.c", ["-O3", "-march=native"], []),
    ("rule_embed", "peers/rule_embed.c", ["-O3", "-I/usr/include/lua5.4"], ["-llua5.4"]),
]

RULE_PEERS = [
    ("C scalar", ["{bin}/rule"]),
    ("Node.js (V8)", ["node", "{bench}/peers/rule.js"]),
    ("LuaJIT", ["luajit", "{bench}/peers/rule.lua"]),
    ("Lua 5.4 called from C per event", ["{bin}/rule_embed"]),
]


def fill(argv, bench, data, **more):
    return [a.format(bench=bench, bin=data / "bin", **more) for a in argv]


def build(bench, data):
    """Compiles what can be compiled; says what cannot."""
    out = data / "bin"
    out.mkdir(parents=True, exist_ok=True)
    missing = []
    for name, source, before, after in BUILDS:
        target = out / name
        if target.exists() and target.stat().st_mtime >= (bench / source).stat().st_mtime:
            continue
        made = subprocess.run([os.environ.get("CC", "cc"), *before, str(bench / source), "-o", str(target), *after],
                              stderr=subprocess.PIPE)
        if made.returncode:
            missing.append(f"{name} (does not compile here: `make bench-deps`)")
    return missing


def is_there(argv, data):
    """Whether the program of a peer, and the modules that it needs, are on this machine."""
    if "duckdb" in argv[1] if len(argv) > 1 else False:
        if not (data / "npm/node_modules/@duckdb/node-api").exists():
            return False
    return shutil.which(argv[0]) is not None or os.path.exists(argv[0])


def chosen(table, workload, bench, data, file=None):
    """(name, argv) of the peers that are here, and the names of the others."""
    here, missing = [], []
    for entry in table:
        if workload != "C" and workload not in entry[1].split():
            continue
        argv = fill(entry[-1], bench, data, w=workload, f=file)
        if is_there(argv, data):
            here.append((entry[0], argv))
        else:
            missing.append(entry[0])
    return here, missing


def install(bench, data):
    """The peers that Debian and npm have."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    subprocess.run([*sudo, "apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES], check=True)
    npm = data / "npm"
    npm.mkdir(parents=True, exist_ok=True)
    shutil.copy(bench / "package.json", npm / "package.json")
    subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=npm, check=True)


def environment(data):
    """The scripts look for their npm modules in a folder of this name."""
    return {**os.environ, "BENCH_DIR": str(data)}


def data_files(bench, data, small):
    """Generates the two files once; returns their folder."""
    folder = data / ("small" if small else "full")
    folder.mkdir(parents=True, exist_ok=True)
    sizes = (["200000", "1769875200"], ["40000"]) if small else (["10000000"], ["1000000"])
    for kind, arguments in zip(("samples", "incidents"), sizes):
        target = folder / f"{kind}.csv"
        if not target.exists():
            part = Path(f"{target}.part")
            with open(part, "wb") as out:
                subprocess.run([str(data / "bin/gen"), kind, *arguments], stdout=out, check=True)
            part.rename(target)
    return folder
