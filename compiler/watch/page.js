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

const NAMES = { no_data: "no data", not_in_force: "not in force" };
const COLOURS = { met: "good", breach: "bad", provisional: "plain", warning: "warn", run_out: "bad", no_data: "warn" };

function badge(status) {
  return make("span", "badge " + (COLOURS[status] || ""), NAMES[status] || status.replace("_", " "));
}

// --- figures and times ---

function instant(text) {
  const node = make("time", "", text.replace("T", " ").replace(/(:\d\d):\d\d(\.\d+)?/, "$1").replace("Z", ""));
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

function percent(fraction) {
  const [over, under] = fraction.split("/");
  const value = (100 * Number(over)) / Number(under || 1);
  return (Number.isInteger(value) ? value : value.toFixed(1)) + "%";
}

function since(text) {
  return seconds((Date.now() - Date.parse(text)) / 1000);
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
  if (line.kind === "budget") return "budget left " + line.left + " of " + line.allowed;
  if (line.due) return "due " + line.due.replace("T", " ");
  return line.measure ? line.measure + ", " + line.target : line.target || "";
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
    list.append(make("li", "", item.fact || item.left_out + " more"));
  }
  return list.children.length ? list : null;
}

function explain(line) {
  const window_ = line.window ? line.window.from + " to " + line.window.to : "";
  const clock = line.clock || {};
  return make("div", "inside",
    pairs([
      ["Clause", (line.title || line.clause) + ", " + line.agreement + " version " + line.version],
      ["Window", window_], ["Began", clock.at], ["Due", clock.due || line.due], ["Done", clock.done],
      ["At", line.at], ["Measure", line.measure], ["Target", line.target],
      ["Took", clock.elapsed ? seconds(clock.elapsed) + ", allowed " + seconds(clock.allowed) : ""],
      [line.kind === "duty" ? "Too long by" : "Misses the target by", line.shortfall ? (line.kind === "duty" ? seconds(line.shortfall) : line.shortfall) : ""],
      ["Samples", line.counts ? line.counts.samples + ", bad " + line.counts.bad + ", missing " + line.counts.missing : ""],
      ["Credit", line.credit ? money(line.credit) + ", " + line.credit.rule : ""],
      ["Accountable", line.accountable ? line.accountable.party + " to " + line.accountable.to : ""],
      ["Nobody's to mend", line.structural_gap],
    ]),
    answers(line) ? make("div", "", make("p", "quiet", "Who answers"), answers(line)) : null,
    because(line) ? make("div", "", make("p", "quiet", "Because"), because(line)) : null,
    make("p", "quiet", "Ledger line " + line.seq + ", " + line.hash.slice(0, 12) + "…"));
}

function decided(line) {
  return line.status || line.kind;
}

function decision(line) {
  const when = line.clock ? line.clock.done || line.clock.due || line.clock.at : line.window ? line.window.to : line.at;
  const node = make("details", "",
    make("summary", "",
      make("span", "what", make("strong", "", (line.title || line.clause) + subject(line)), " ",
        make("span", "quiet", line.agreement + " · " + figure(line))),
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
  for (const name of ["party", "status"]) if (at(name).value) q.set(name, at(name).value);
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
  if (!at("decisions").children.length) at("decisions").append(make("p", "nothing quiet", "Nothing has been decided yet."));
}

function arrives(line) {
  const fits = (!at("status").value || at("status").value === line.status) &&
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
  inner.style.width = (part * 100).toFixed(1) + "%";
  return make("div", "bar", inner);
}

function counts(clause) {
  return Object.entries(clause.counts).map(([name, n]) => n + " " + (NAMES[name] || name)).join(", ");
}

function clauseRow(clause) {
  const last = clause.last;
  const standing = clause.standing && clause.standing[0];
  const said = [];
  if (standing && standing.measure) said.push("now " + standing.measure + ", " + standing.target);
  else if (last) said.push(figure(last) + subject(last));
  if (clause.running) said.push(clause.running + " running");
  const all = counts(clause);
  const shown = standing && standing.status ? standing.status : last ? decided(last) : "";
  return make("div", "clause",
    make("div", "row", make("span", "what", clause.title || clause.clause), shown ? badge(shown) : make("span", "quiet", "nothing yet")),
    make("p", "quiet", said.join(" · ")),
    budget(standing),
    all ? make("p", "quiet", all) : null);
}

function card(agreement) {
  const node = make("article", "card",
    make("h3", "", agreement.title || agreement.name),
    make("p", "quiet", agreement.kind === "framework" ? "the framework's own, version " + agreement.version
      : agreement.kind.toUpperCase() + ", version " + agreement.version + " · " + agreement.supplier + " to " + agreement.customer),
    agreement.not_in_force ? badge("not_in_force") : null);
  for (const clause of agreement.clauses) node.append(clauseRow(clause));
  return node;
}

function risk(item) {
  const said = [item.agreement];
  if (item.left !== undefined) said.push(Number(item.left) < 0 ? seconds(-item.left) + " over" : seconds(item.left) + " left");
  if (item.due) said.push("due " + item.due.replace("T", " "));
  if (item.holder) said.push("with " + item.holder + (item.paused ? ", paused" : ""));
  if (item.measure) said.push(item.measure + ", " + item.target);
  if (item.gone && !item.over) said.push("gone at " + item.gone.replace("T", " ").replace(/\.\d+/, "") + " at this rate");
  if (item.budget_part !== undefined) said.push(Number(item.budget_part) < 0 ? "budget overspent" : "budget left " + Math.round(100 * Number(item.budget_part)) + "%");
  else if (item.budget_left !== undefined) said.push("no budget");
  if (item.burn_rate) said.push("burn rate " + Number(item.burn_rate).toFixed(1));
  return make("div", "row",
    make("span", "what", make("strong", "", (item.title || item.clause) + (item.subject ? " · " + Object.values(item.subject).join(", ") : "")),
      " ", make("span", "quiet", said.join(" · "))),
    make("span", "badge " + (item.over ? "bad" : "warn"), item.over ? "over" : "at risk"));
}

function source(s) {
  const state = s.ended ? "ended" : s.trouble ? "cannot be read" : s.stalled ? "silent" : "live";
  const said = [s.rows + " rows"];
  for (const name of ["bad", "late", "skipped", "repeated"]) if (s[name]) said.push(s[name] + " " + name);
  if (s.watermark) said.push("final up to " + s.watermark.replace("T", " "));
  if (s.holds_back) said.push("the others wait for it");
  return make("div", "row",
    make("span", "what", make("strong", "", s.feed), " ", make("span", "quiet", s.source + " · " + said.join(" · ") + (s.trouble ? " · " + s.trouble : ""))),
    make("span", "badge " + (state === "live" ? "good" : state === "ended" ? "" : "warn"), state));
}

function alerts(now) {
  const list = [];
  if (now.trouble) list.push(make("p", "alert bad", "Nothing is taken at the moment: " + now.trouble));
  for (const s of now.sources) {
    if (s.stalled) {
      list.push(make("p", "alert warn", s.feed + " from " + s.source + " has said nothing for " + since(s.heard) +
        (s.watermark ? ": nothing after " + s.watermark.replace("T", " ") + " becomes final." : ": nothing becomes final.")));
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
    more.addEventListener("click", () => { allRisks = true; standing(); });
    nodes.push(more);
  }
  return nodes;
}

function orNothing(list, text) {
  return list.length ? list : [make("p", "nothing quiet", text)];
}

async function standing() {
  const now = await (await fetch("/standing")).json();
  const title = now.framework ? now.framework.title || now.framework.name : "Entente";
  document.title = title;
  at("club").textContent = title;
  at("when").textContent = now.watermark ? "final up to " + now.watermark.replace("T", " ").replace("Z", " UTC") : "nothing is final yet";
  at("alerts").replaceChildren(...alerts(now));
  at("risk").replaceChildren(...orNothing(risks(now.at_risk), "Nothing is at risk."));
  at("agreements").replaceChildren(...now.agreements.filter((a) => a.clauses.length).map(card));
  at("sources").replaceChildren(...now.sources.map(source));
  at("foot").textContent = now.decisions + " lines in the ledger · program " + now.program.slice(0, 16) + "…";
  partyNames(now);
  const slow = now.trouble || now.sources.some((s) => s.stalled);
  at("state").textContent = now.finished ? "finished" : slow ? "held back" : "live";
  at("state").className = "badge " + (now.finished ? "" : slow ? "warn" : "good");
  return now;
}

async function refresh() {
  try {
    await standing();
  } catch (problem) {
    at("state").textContent = "not reachable";
    at("state").className = "badge bad";
  }
  setTimeout(refresh, 5000);
}

async function begin() {
  at("more").addEventListener("click", () => older(false));
  for (const name of ["party", "status"]) at(name).addEventListener("change", () => older(true));
  const now = await standing();
  await older(true);
  const events = new EventSource("/decisions?after=" + now.decisions);
  events.onmessage = (event) => arrives(JSON.parse(event.data));
  setTimeout(refresh, 5000);
}

begin().catch(refresh);
