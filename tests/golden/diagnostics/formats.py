#!/usr/bin/env python3
"""Diagnostics for tools, held against what they must be.

    tests/golden/diagnostics/formats.py build/entente

Every case of this folder is checked with `--format json` and `--format sarif`.

 - SARIF: the log is valid under the schema of version 2.1.0 (sarif/README.md says where it comes from), and what
   a schema cannot say holds too: only members that we mean to write, places that lie in the files, rules that
   are found under their index.  Logs that were spoilt are invalid under the same schema.
 - JSON and SARIF say the same: codes, places, fixes, in one order.
 - Fixes: with the replacement put in, the diagnostic is gone, or at least another one.
 - Codes: every one fires in a case, here or among the golden runs (tests/explain_pages.py tries what
   `entente explain` shows of it).

The last line says `N passed, N failed`.
"""
import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))

# SARIF 2.1.0, sections 3.13 ff.: members that we write, as (required, optional) with their types
OBJECTS = {
    "log": ({"version": str, "runs": list}, {"$schema": str}),
    "run": ({"tool": dict}, {"results": list, "columnKind": str}),
    "tool": ({"driver": dict}, {}),
    "driver": ({"name": str}, {"rules": list, "version": str, "informationUri": str}),
    "rule": ({"id": str}, {"name": str, "shortDescription": dict, "defaultConfiguration": dict}),
    "configuration": ({}, {"level": str}),
    "text": ({"text": str}, {}),
    "result": ({"message": dict}, {"ruleId": str, "ruleIndex": int, "level": str, "locations": list,
                                   "relatedLocations": list, "fixes": list}),
    "location": ({}, {"physicalLocation": dict, "message": dict}),
    "physical": ({}, {"artifactLocation": dict, "region": dict}),
    "artifact": ({}, {"uri": str}),
    "region": ({}, {"startLine": int, "startColumn": int, "endLine": int, "endColumn": int}),
    "fix": ({"artifactChanges": list}, {"description": dict}),
    "change": ({"artifactLocation": dict, "replacements": list}, {}),
    "replacement": ({"deletedRegion": dict}, {"insertedContent": dict}),
}
# a file of 16 MiB is not kept
UNREACHED = ("E0116",)
LEVELS = ("none", "note", "warning", "error")
URI = re.compile(r"^(file://)?(/?[A-Za-z0-9._~-]|%[0-9A-F]{2}|/)+$")


class Wrong(Exception):
    pass


def schema_of_sarif():
    with open(os.path.join(HERE, "sarif", "sarif-2.1.0-rtm.5.json"), encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema)


def check_schema(validator, log):
    for error in validator.iter_errors(log):
        where = "/".join(str(step) for step in error.absolute_path)
        raise Wrong(f"the schema of SARIF refuses {where}: {error.message}")


def spoilt_copies(log):
    """Copies of a log with a result, each with one mistake that the schema must find."""
    def spoil(change):
        spoilt = copy.deepcopy(log)
        change(spoilt, spoilt["runs"][0], spoilt["runs"][0]["results"][0])
        return spoilt

    return [spoil(change) for change in (
        lambda whole, run, result: whole.update(version="2.0.0"),
        lambda whole, run, result: whole.pop("runs"),
        lambda whole, run, result: run.pop("tool"),
        lambda whole, run, result: run["tool"]["driver"].pop("name"),
        lambda whole, run, result: run.update(columnKind="bytes"),
        lambda whole, run, result: result.pop("message"),
        lambda whole, run, result: result.update(level="fatal"),
        lambda whole, run, result: result.update(severity="error"),
        lambda whole, run, result: result.update(ruleIndex="0"),
        lambda whole, run, result: result["locations"][0]["physicalLocation"].pop("artifactLocation"),
        lambda whole, run, result: result["locations"][0]["physicalLocation"]["region"].update(startLine=0),
        lambda whole, run, result: result.update(fixes=[{"description": {"text": "nothing"}}]),
    )]


def need(condition, what):
    if not condition:
        raise Wrong(what)


def shape(kind, value):
    required, optional = OBJECTS[kind]
    need(isinstance(value, dict), f"{kind} is no object")
    for name in required:
        need(name in value, f"{kind} has no `{name}`")
    for name, item in value.items():
        wanted = required.get(name) or optional.get(name)
        need(wanted is not None, f"{kind} has `{name}`, which SARIF does not know there")
        need(isinstance(item, wanted) and not isinstance(item, bool), f"{kind}.{name} has a wrong type")
    return value


def check_region(region, lines):
    shape("region", region)
    start = (region["startLine"], region["startColumn"])
    end = (region["endLine"], region["endColumn"])
    need(start >= (1, 1) and end >= start, f"region {region} goes backwards")
    need(end[0] <= max(1, len(lines)), f"region {region} lies behind the file's end")


def check_location(location, files):
    shape("location", location)
    if "message" in location:
        shape("text", location["message"])
    physical = shape("physical", location["physicalLocation"])
    uri = shape("artifact", physical["artifactLocation"])["uri"]
    need(URI.match(uri), f"`{uri}` is no URI reference")
    check_region(physical["region"], files(uri))


def check_fix(fix, files):
    shape("fix", fix)
    shape("text", fix["description"])
    for change in fix["artifactChanges"]:
        shape("change", change)
        lines = files(shape("artifact", change["artifactLocation"])["uri"])
        for replacement in change["replacements"]:
            shape("replacement", replacement)
            check_region(replacement["deletedRegion"], lines)
            shape("text", replacement["insertedContent"])


def check_sarif(log, files):
    need(shape("log", log)["version"] == "2.1.0" and len(log["runs"]) == 1, "one run of 2.1.0")
    run = shape("run", log["runs"][0])
    need(run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints"), "columnKind")
    rules = shape("driver", shape("tool", run["tool"])["driver"]).get("rules", [])
    for rule in rules:
        shape("rule", rule)
        shape("text", rule["shortDescription"])
        need(shape("configuration", rule["defaultConfiguration"])["level"] in LEVELS, "level")
    need(len({rule["id"] for rule in rules}) == len(rules), "a rule stands twice")
    for result in run["results"]:
        shape("result", result)
        need(shape("text", result["message"])["text"] != "", "a message is empty")
        need(rules[result["ruleIndex"]]["id"] == result["ruleId"], "ruleIndex and ruleId differ")
        need(result["level"] in LEVELS, "level")
        for location in result.get("locations", []) + result.get("relatedLocations", []):
            check_location(location, files)
        for fix in result.get("fixes", []):
            check_fix(fix, files)
    return run["results"]


def check_agreement(diagnostics, results):
    need(len(diagnostics) == len(results), "JSON and SARIF have different numbers of diagnostics")
    for d, r in zip(diagnostics, results):
        need(d["code"] == r["ruleId"] and d["severity"] == r["level"], "codes or levels differ")
        need(len(d["fixes"]) == len(r.get("fixes", [])), "fixes differ")
        for location in r.get("locations", []):
            region = location["physicalLocation"]["region"]
            need(region["startLine"] == d["line"] and region["startColumn"] == d["column"],
                 "places differ")


def run(entente, folder, source, form):
    done = subprocess.run([entente, "check", "--format", form, source], cwd=folder, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    need(done.returncode in (0, 1), f"exit status {done.returncode}: {done.stderr.decode()}")
    text = done.stdout.decode("utf-8")
    return json.JSONDecoder().raw_decode(text)[0]


def check_fixes(entente, folder, source, diagnostics):
    tried = 0
    path = os.path.join(folder, source)
    with open(path, "rb") as f:
        original = f.read()
    for d in diagnostics:
        for fix in d["fixes"]:
            if fix["file"] != source:
                continue
            need(0 <= fix["start"] <= fix["end"] <= len(original), "a fix lies outside of the file")
            with open(path, "wb") as f:
                f.write(original[:fix["start"]] + fix["replacement"].encode() + original[fix["end"]:])
            after = run(entente, folder, source, "json")
            same = [a for a in after if (a["code"], a["message"], a["line"], a["column"]) ==
                    (d["code"], d["message"], d["line"], d["column"])]
            with open(path, "wb") as f:
                f.write(original)
            need(not same, f"{d['code']} at line {d['line']} is still there after its fix: {d['message']}")
            tried += 1
    return tried


def check_codes():
    root = os.path.join(HERE, "..", "..", "..")
    with open(os.path.join(root, "compiler", "syntax", "diagnostics.def"), encoding="utf-8") as f:
        codes = re.findall(r"^ENT_DIAG\((\w+),", f.read(), re.M)
    shown = set()
    for folder, _, names in os.walk(os.path.join(HERE, "..")):
        for name in names:
            if name == "expected" or name.endswith(".expected"):
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                    shown |= set(re.findall(r"\[([EW]0\d\d\d)\]", f.read()))
    wrong = [code for code in codes if code not in shown and code not in UNREACHED]
    for code in wrong:
        print(f"{code}: fires in no case")
    return len(codes) - len(wrong), len(wrong)


def main():
    entente = os.path.abspath(sys.argv[1])
    passed = failed = fixes = 0
    validator = schema_of_sarif()
    a_log = None
    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir(HERE):
            if os.path.isdir(os.path.join(HERE, name)):
                shutil.copytree(os.path.join(HERE, name), os.path.join(folder, name))
            elif not name.endswith(".expected"):
                shutil.copy(os.path.join(HERE, name), folder)

        def lines_of(uri):
            path = uri[len("file://"):] if uri.startswith("file://") else os.path.join(folder, uri)
            path = re.sub("%([0-9A-F]{2})", lambda m: chr(int(m.group(1), 16)), path)
            need(os.path.exists(path), f"`{uri}` is no file")
            with open(path, encoding="utf-8", errors="replace") as f:
                return f.read().split("\n")

        for source in sorted(n for n in os.listdir(HERE) if n.endswith((".ent", ".ent.md"))):
            try:
                diagnostics = run(entente, folder, source, "json")
                log = run(entente, folder, source, "sarif")
                check_schema(validator, log)
                check_agreement(diagnostics, check_sarif(log, lines_of))
                a_log = a_log or (diagnostics and log)
                fixes += check_fixes(entente, folder, source, diagnostics)
                passed += 1
            except Wrong as wrong:
                failed += 1
                print(f"{source}: {wrong}")
    for number, spoilt in enumerate(spoilt_copies(a_log)):
        if validator.is_valid(spoilt):
            failed += 1
            print(f"the schema of SARIF does not refuse spoilt log {number}")
        else:
            passed += 1
    fired, unfired = check_codes()
    passed += fired
    failed += unfired
    print(f"{fixes} fixes were applied")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not fixes else 0


if __name__ == "__main__":
    sys.exit(main())
