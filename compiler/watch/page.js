// The page of `entente watch`: asks for /standing now and then, and is told decisions as they come.
// Everything is put into the page as text, never as markup.
"use strict";

const PAGE = 30;
const RISKS = 8;
const at = (id) => document.getElementById(id);

function make(tag, className, ...inside) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const item of inside) {
    if (item !== null && item !== undefined && item !== "") node.append(item);
  }
  return node;
}

// What is said of something, piece by piece: lines break between pieces rather than within a date.
function parts(said) {
  return said.filter(Boolean).flatMap((text, i) => [i > 0 ? " · " : "", make("span", "part", text)]);
}

const NAMES = { no_data: "no data", not_in_force: "not in force", budget: "budget low", program: "new version",
  on_target: "on target", off_target: "off target", overspent: "budget gone" };
const COLOURS = { met: "good", breach: "bad", provisional: "plain", warning: "warn", run_out: "bad", no_data: "warn",
  budget: "warn", on_target: "good", off_target: "bad", overspent: "bad" };

function badge(status) {
  return make("span", "badge " + (COLOURS[status] || ""), NAMES[status] || status.replace("_", " "));
}

// --- figures and times ---

// To the minute; the offset is shown where it is not that of the page, UTC.
function moment(text) {
  return text.replace("T", " ").replace(/(:\d\d):\d\d(\.\d+)?/, "$1").replace("Z", "");
}

function instant(text) {
  const node = make("time", "", moment(text));
  node.dateTime = text;
  node.title = text;
  return node;
}

function seconds(value) {
  let left = Math.abs(Math.round(Number(value)));
  const parts = [];
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]]) {
    const n = Math.floor(left / size);
    left -= n * size;
    if (n > 0 && parts.length < 2) parts.push(n + unit);
  }
  return (Number(value) < 0 ? "−" : "") + (parts.join(" ") || "0s");
}

// A figure of the ledger is exact, if need be a fraction.
function rounded(text) {
  const parts = /^(-?\d+)\/(\d+)(.*)$/.exec(text || "");
  return parts ? "≈ " + Number((Number(parts[1]) / Number(parts[2])).toPrecision(5)) + parts[3] : text;
}

function percent(fraction) {
  const [over, under] = fraction.split("/");
  const value = (100 * Number(over)) / Number(under || 1);
  return (Number.isInteger(value) ? value : value.toFixed(1)) + "%";
}

function subject(line) {
  const values = Object.values(line.subject || {});
  return values.length ? " · " + values.join(", ") : "";
}

// --- decisions ---

function figure(line) {
  if (line.kind === "duty" && line.clock) {
    return seconds(line.clock.elapsed) + " of " + seconds(line.clock.allowed);
  }
  if (line.kind === "budget") return "budget left " + budgetText(line.left, line.unit) + " of " + budgetText(line.allowed, line.unit);
  if (line.due) return "due " + moment(line.due);
  return line.measure ? rounded(line.measure) + ", " + line.target : line.target || "";
}

function budgetText(value, unit) {
  return unit === "seconds" ? seconds(value) : unit === "samples" ? value + " samples" : value;
}

function pairs(list) {
  const node = make("dl");
  for (const [name, value] of list) {
    if (value !== null && value !== undefined && value !== "") {
      node.append(make("dt", "", name), make("dd", "", value));
    }
  }
  return node;
}

function money(credit) {
  return credit ? credit.currency + " " + credit.amount : "";
}

function answers(line) {
  const list = make("ul");
  for (const part of line.responsible || []) {
    const said = [part.party];
    if (part.share) said.push("share " + percent(part.share));
    if (part.but_for) said.push("without it there would have been no breach");
    if (part.held) said.push("held it for " + seconds(part.held));
    if (part.excess && part.excess !== "0") said.push(seconds(part.excess) + " beyond its own allowance");
    if (part.amount) said.push("bears " + (line.credit ? line.credit.currency + " " : "") + part.amount);
    list.append(make("li", "", said.join(", ")));
  }
  return list.children.length ? list : null;
}

function because(line) {
  const list = make("ul");
  for (const item of line.because || []) {
    list.append(make("li", "", item.fact ? item.fact.replace(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d):00(\.0+)?Z/g, "$1 $2") : item.left_out + " more"));
  }
  return list.children.length ? list : null;
}

function explain(line) {
  const window_ = line.window ? moment(line.window.from) + " to " + moment(line.window.to) : "";
  const clock = line.clock || {};
  return make("div", "inside",
    pairs([
      ["What", MEANINGS[decided(line)] || ""],
      ["Clause", line.clause ? (line.title || line.clause) + ", " + line.agreement + " version " + line.version : ""],
      ["Window", window_], ["Began", clock.at && moment(clock.at)], ["Due", (clock.due || line.due) && moment(clock.due || line.due)],
      ["Done", clock.done && moment(clock.done)],
      ["At", line.at && moment(line.at)], ["Measure", rounded(line.measure)], ["Target", line.target],
      ["Budget", line.kind === "budget" ? "left " + budgetText(line.left, line.unit) + " of " + budgetText(line.allowed, line.unit) : ""],
      ["Burn rate", line.burn_rate ? line.burn_rate + ": at 1 the budget lasts just to the end" : ""],
      ["Gone at", line.gone ? moment(line.gone) : ""], ["Program", line.program],
      ["Took", clock.elapsed ? seconds(clock.elapsed) + ", allowed " + seconds(clock.allowed) : ""],
      [line.kind === "duty" ? "Too long by" : "Misses the target by", line.shortfall ? (line.kind === "duty" ? seconds(line.shortfall) : rounded(line.shortfall)) : ""],
      ["Samples", line.counts ? line.counts.samples + ", bad " + line.counts.bad + ", missing " + line.counts.missing : ""],
      ["Credit", line.credit ? money(line.credit) + ", " + line.credit.rule : ""],
      ["Accountable", line.accountable ? line.accountable.party + " to " + line.accountable.to : ""],
      ["Nobody's to mend", line.structural_gap],
    ]),
    answers(line) ? make("div", "", make("p", "quiet", "Who answers"), answers(line)) : null,
    because(line) ? make("div", "", make("p", "quiet", "Because"), because(line)) : null,
    make("p", "quiet", "Ledger line " + line.seq + ", " + line.hash.slice(0, 12) + "…"));
}

const MEANINGS = {
  warning: "The clock has used up the part of its time at which the duty warns, and still runs.",
  run_out: "The clock has used up all of its time, and still runs. The decision follows when it ends.",
  budget: "Less of the error budget is left than must be warned of. The decision follows when the window ends.",
  program: "From here on another version of the agreements decides; it comes to every line before.",
  provisional: "The window or clock had not ended: it may come out otherwise.",
  not_in_force: "A signature of one of its parties is missing: nothing is owed.",
  excused: "The agreement excuses it: it is no breach.",
  no_data: "No row counts towards the figure.",
};

function decided(line) {
  return line.status || line.kind;
}

function decision(line) {
  const when = line.clock ? line.clock.done || line.clock.due || line.clock.at : line.window ? line.window.to : line.at;
  const node = make("details", "",
    make("summary", "",
      make("span", "what", make("strong", "", (line.title || line.clause || "New version") + subject(line)), " ",
        make("span", "quiet", ...parts([line.agreement, figure(line)]))),
      line.credit ? make("span", "", money(line.credit)) : null,
      when ? make("span", "quiet", instant(when)) : null, badge(decided(line))));
  node.addEventListener("toggle", () => {
    if (node.open && node.children.length === 1) node.append(explain(line));
  });
  return node;
}

let oldest = 0;
let generation = 0;

function filters() {
  const q = new URLSearchParams({ newest: "1", limit: String(PAGE) });
  if (at("party").value) q.set("party", at("party").value);
  if (at("status").value === "warnings") q.set("status", "");
  else if (at("status").value) q.set("status", at("status").value);
  return q;
}

async function older(first) {
  const mine = first ? ++generation : generation;
  const q = filters();
  if (!first) q.set("before", String(oldest));
  const page = await (await fetch("/decisions?" + q)).json();
  if (mine !== generation) return;
  if (first) at("decisions").replaceChildren();
  at("decisions").append(...page.decisions.map(decision));
  oldest = page.next || 0;
  at("more").hidden = !oldest;
  if (!at("decisions").children.length) {
    const chosen = at("party").value || at("status").value;
    at("decisions").append(make("p", "nothing quiet", chosen ? "Nothing of that kind." : "Nothing has been decided yet."));
  }
}

function arrives(line) {
  const status = at("status").value;
  const fits = (!status || (status === "warnings" ? !line.status : status === line.status)) &&
    (!at("party").value || JSON.stringify(line).includes('"party":' + JSON.stringify(at("party").value)));
  if (!fits) return;
  for (const nothing of at("decisions").querySelectorAll(".nothing")) nothing.remove();
  at("decisions").prepend(decision(line));
  while (at("decisions").children.length > 300) at("decisions").lastChild.remove();
}

// --- standing ---

function budget(standing) {
  if (!standing || standing.budget_part === undefined) return null;
  const part = Math.max(0, Math.min(1, Number(standing.budget_part)));
  const inner = make("i", part <= 0 ? "gone" : part < 0.5 ? "half" : "");
  inner.style.width = part <= 0 ? "100%" : (part * 100).toFixed(1) + "%"; // what is gone is a whole bar of its colour
  const bar = make("div", "bar", inner);
  bar.setAttribute("aria-hidden", "true"); // the text beside it says the same
  return bar;
}

function budgetLeft(item) {
  if (item.budget_part === undefined) return item.budget_left !== undefined ? "no budget" : "";
  const part = Number(item.budget_part);
  return part < 0 ? "budget overspent" : "budget left " + Math.round(100 * part) + "%";
}

// How an open window would be decided now: it is not over, so these are not the words of decisions.
function state(item) {
  if (item.budget_part !== undefined && Number(item.budget_part) < 0) return "overspent";
  return item.status === "met" ? "on_target" : item.status === "breach" ? "off_target" : item.status;
}

function counts(clause) {
  return Object.entries(clause.counts).map(([name, n]) => n + " " + (NAMES[name] || name)).join(", ");
}

// Of a duty: clocks that are over or at risk, else how the last one came out.
function dutyBadge(clause) {
  const over = clause.standing.filter((item) => item.over).length;
  if (over) return make("span", "badge bad", over + " over");
  if (clause.standing.length) return make("span", "badge warn", clause.standing.length + " at risk");
  return clause.last ? badge(decided(clause.last)) : null;
}

function clauseRow(clause, begun) {
  const last = clause.last;
  const duty = clause.kind === "duty";
  const standing = duty ? null : clause.standing[0];
  const said = [];
  if (standing && standing.measure) said.push("now " + rounded(standing.measure) + ", " + standing.target, budgetLeft(standing));
  else if (last) said.push("last " + figure(last) + subject(last));
  if (clause.running) said.push(clause.running + " running");
  const all = counts(clause);
  const shown = duty ? dutyBadge(clause) : standing && standing.status ? badge(state(standing)) : last ? badge(decided(last)) : null;
  return make("div", "clause",
    make("div", "row", make("span", "what", clause.title || clause.clause),
      shown || make("span", "quiet", begun ? "nothing yet" : "not yet in effect")),
    make("p", "quiet", ...parts(said)),
    budget(standing),
    all ? make("p", "quiet", "so far " + all) : null);
}

function term(agreement) {
  return agreement.from && agreement.to ? "from " + agreement.from + " to " + agreement.to
    : agreement.from ? "from " + agreement.from : "";
}

function card(agreement, today) {
  const begun = !agreement.from || !today || agreement.from <= today;
  const node = make("article", "card",
    make("h3", "", agreement.title || agreement.name),
    make("p", "quiet", agreement.kind === "framework" ? "the framework's own, version " + agreement.version
      : agreement.kind.toUpperCase() + ", version " + agreement.version + " · " + agreement.supplier + " to " + agreement.customer),
    make("p", "quiet", term(agreement)),
    agreement.not_in_force ? make("p", "", badge("not_in_force"), " ", make("span", "quiet", "signatures are missing: nothing is owed")) : null);
  for (const clause of agreement.clauses) node.append(clauseRow(clause, begun));
  return node;
}

function risk(item) {
  const said = [item.agreement];
  if (item.left !== undefined) said.push(Number(item.left) < 0 ? seconds(-item.left) + " over" : seconds(item.left) + " left");
  if (item.due) said.push("due " + moment(item.due));
  if (item.holder) said.push("with " + item.holder + (item.paused ? ", paused" : ""));
  if (item.measure) said.push(rounded(item.measure) + ", " + item.target);
  if (budgetLeft(item)) said.push(budgetLeft(item));
  if (item.gone && !(Number(item.budget_part) < 0)) said.push("gone at " + moment(item.gone) + " at this rate");
  if (item.burn_rate) said.push("burn rate " + Number(item.burn_rate).toFixed(1));
  return make("div", "row",
    make("span", "what", make("strong", "", (item.title || item.clause) + (item.subject ? " · " + Object.values(item.subject).join(", ") : "")),
      " ", make("span", "quiet", ...parts(said))),
    item.left !== undefined ? make("span", "badge " + (item.over ? "bad" : "warn"), item.over ? "over" : "at risk")
      : state(item) === "on_target" ? make("span", "badge warn", "at risk") : badge(state(item)));
}

function source(s) {
  const state = s.ended ? "ended" : s.trouble ? "cannot be read" : s.stalled ? "silent" : "live";
  const said = [s.rows + " rows"];
  for (const name of ["bad", "late", "skipped", "repeated"]) if (s[name]) said.push(s[name] + " " + name);
  if (s.watermark) said.push("final up to " + moment(s.watermark));
  if (s.holds_back) said.push("the others wait for it");
  return make("div", "row",
    make("span", "what", make("strong", "", s.feed), " ", make("span", "quiet", ...parts([s.source, ...said, s.trouble]))),
    make("span", "badge " + (state === "live" ? "good" : state === "ended" ? "" : "warn"), state));
}

function alerts(now) {
  const list = [];
  if (now.trouble) list.push(make("p", "alert bad", "Nothing is taken at the moment: " + now.trouble));
  for (const s of now.sources) {
    if (s.stalled) {
      list.push(make("p", "alert warn", s.feed + " from " + s.source + " has said nothing since " + moment(s.heard) + " UTC" +
        (s.watermark ? ": nothing after " + moment(s.watermark) + " becomes final." : ": nothing becomes final.")));
    }
  }
  return list;
}

function partyNames(now) {
  const known = new Set([...at("party").options].map((o) => o.value));
  for (const p of now.parties) {
    if (known.has(p.name)) continue;
    const option = make("option", "", p.title || p.name);
    option.value = p.name;
    at("party").append(option);
  }
}

// What can still be helped comes first; a long list begins with its head.
let allRisks = false;

function risks(list) {
  const sorted = [...list].sort((a, b) => Number(a.over) - Number(b.over));
  const shown = allRisks ? sorted : sorted.slice(0, RISKS);
  const nodes = shown.map(risk);
  if (shown.length < sorted.length) {
    const more = make("button", "", "Show all " + sorted.length);
    more.type = "button";
    more.addEventListener("click", () => { allRisks = true; show(); });
    nodes.push(more);
  }
  return nodes;
}

function orNothing(list, text) {
  return list.length ? list : [make("p", "nothing quiet", text)];
}

// Only what has changed is drawn again: focus and a reader's place stay where they are.
const drawn = {};

function draw(id, of, nodes) {
  const text = JSON.stringify(of);
  if (drawn[id] === text) return;
  drawn[id] = text;
  at(id).replaceChildren(...nodes());
}

function say(node, text, className) {
  if (node.textContent !== text) node.textContent = text;
  if (className !== undefined && node.className !== className) node.className = className;
}

function finality(now) {
  if (!now.watermark) return "nothing is final yet";
  const slow = now.sources.find((s) => s.holds_back);
  const fast = Math.max(...now.sources.map((s) => Date.parse(s.watermark || now.watermark)));
  return "final up to " + moment(now.watermark) + " UTC" +
    (slow && fast - Date.parse(now.watermark) > 300000 ? ", where " + slow.feed + " is; the others are further" : "");
}

// What a party is a side of, answers for, or has in hand.
function concerns(item, sides, party) {
  return !party || item.holder === party || (sides[item.agreement] || []).includes(party);
}

let latest = null;

function show() {
  const now = latest;
  const party = at("party").value;
  const sides = {};
  for (const a of now.agreements) sides[a.name] = [a.supplier, a.customer];
  const list = now.at_risk.filter((item) => concerns(item, sides, party));
  const agreements = now.agreements.filter((a) => a.clauses.length && concerns({ agreement: a.name }, sides, party));
  draw("risk", [list, allRisks], () => orNothing(risks(list), "Nothing is at risk."));
  const today = (now.watermark || now.now).slice(0, 10);
  draw("agreements", [agreements, today], () => orNothing(agreements.map((a) => card(a, today)), "No agreement."));
}

async function standing() {
  const answer = await fetch("/standing");
  if (!answer.ok) throw new Error(String(answer.status));
  const now = latest = await answer.json();
  const title = now.framework ? now.framework.title || now.framework.name : "Entente";
  document.title = title;
  say(at("club"), title);
  say(at("when"), finality(now));
  draw("alerts", now.sources.map((s) => [s.stalled, s.heard]).concat(now.trouble), () => alerts(now));
  draw("sources", now.sources, () => now.sources.map(source));
  say(at("foot"), now.decisions + " lines in the ledger · program " + now.program.slice(0, 16) + "…");
  partyNames(now);
  show();
  const slow = now.trouble || now.sources.some((s) => s.stalled);
  say(at("state"), now.finished ? "finished" : slow ? "held back" : "live", "badge " + (now.finished ? "" : slow ? "warn" : "good"));
  return now;
}

async function refresh() {
  try {
    await standing();
  } catch (problem) {
    say(at("state"), "not reachable", "badge bad");
  }
  setTimeout(refresh, 5000);
}

async function begin() {
  at("more").addEventListener("click", () => older(false));
  for (const name of ["party", "status"]) at(name).addEventListener("change", () => { show(); older(true); });
  const now = await standing();
  await older(true);
  const events = new EventSource("/decisions?after=" + now.decisions);
  events.onmessage = (event) => arrives(JSON.parse(event.data));
  setTimeout(refresh, 5000);
}

begin().catch(refresh);
