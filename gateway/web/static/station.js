/**
 * The station page: what the journal says, as it becomes durable, from the event stream /live.
 *
 * A stream that breaks goes on behind its last row by itself (Last-Event-ID is the journal's seq), so no row is lost.
 * Texts come with the page (#station-data); whatever the stream says is set as text, never as markup.
 */

const { texts, language, product, beside } = JSON.parse(byId("station-data").textContent);
const KEPT = 20; // rows in the table
const BACK_MS = 5000; // until a page that was refused is loaded anew
const TOGETHER_S = 10; // between an answer and the row that ends it, as in gateway/web/station/tally.py
const HELD = 50; // events, of those that come while the page is paused: the last
const SPOKEN_MS = 1000; // between two answers that are told to a reader of screens
const GRAVITY = ["", "green", "amber", "red"];
const TONES = { green: [[880, 0.12]], amber: [[440, 0.25], [440, 0.25]], red: [[220, 0.5], [180, 0.5]] }; // Hz, s

const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const main = byId("main");
let sound = null;
const newest = new Map(); // station -> its last answer, and its row in the table
let unspoken = null; // the answer that is told next
let silence = null; // a timer, while none is told
let held = null; // what is shown when the page goes on; null: it is not paused

document.querySelector(".station").hidden = false;
linked("waiting");
listen();

/** Follow the stream for ever. */
function listen() {
  const stream = new EventSource("/live");
  main.dataset.rows = 0;
  stream.addEventListener("open", () => linked("live"));
  stream.addEventListener("error", () => {
    linked("lost");
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), BACK_MS);
  });
  stream.addEventListener("board", ({ data, lastEventId }) => {
    main.dataset.since ??= lastEventId; // from there on every row comes
    show(() => showBoard(JSON.parse(data)), "board");
  });
  stream.addEventListener("told", ({ data }) => {
    const told = { ...JSON.parse(data), why: "" };
    show((isNew) => {
      showLast(told);
      if (isNew) speak(told);
    });
  });
  stream.addEventListener("row", ({ data, lastEventId }) => {
    main.dataset.rows = Number(main.dataset.rows) + 1;
    main.dataset.seq = lastEventId;
    const row = JSON.parse(data);
    if (row.answer && !beside.includes(row.station)) show((isNew) => showAnswer(row, isNew));
  });
  stream.addEventListener("gap", ({ data }) => {
    const { first, last } = JSON.parse(data);
    main.dataset.seq = last;
    const { item, parts } = made("a-row");
    parts.outcome.textContent = text("gap", { first, last });
    show(() => recent(item));
  });
}

/** Now, or when the page goes on: then it is neither told nor heard. key: of what takes the place of the one before. */
function show(what, key = {}) {
  if (!held) return what(true);
  held.delete(key);
  held.set(key, what);
  if (held.size > HELD) held.delete(held.keys().next().value);
}

function linked(state) {
  const said = held && state === "live" ? "paused" : state;
  byId("link").dataset.state = said;
  put(byId("link"), text(`link.${said}`));
}

/** An answer to the person at the line. is_new: it came just now. */
function showAnswer(row, isNew) {
  const before = newest.get(row.station);
  if (before && row.ends && isSame(before.row, row)) before.item.remove();
  const { item, parts } = made("a-row");
  item.dataset.state = row.colour || "none";
  parts.outcome.textContent = outcome(row);
  parts.time.textContent = clock.format(row.at * 1000);
  parts.station.textContent = row.station;
  parts.product.textContent = inert(row.product);
  if (row.product) parts.product.href = `${product}${encodeURIComponent(row.product)}`;
  parts.sentence.textContent = sentence(row);
  recent(item);
  newest.set(row.station, { row, item });
  showLast(row);
  if (!isNew) return;
  play(row.colour);
  speak(row);
}

/** Tell a reader of screens: the gravest of what comes within a second, the latest of those; a faster line floods it. */
function speak(row) {
  const gravity = (each) => GRAVITY.indexOf(each?.colour || "");
  if (gravity(row) >= gravity(unspoken)) unspoken = row;
  if (silence === null) tell();
}

function tell() {
  silence = null;
  if (!unspoken) return;
  const { colour, product, uid } = unspoken;
  const said = [text(`colour.${colour || "none"}`), outcome(unspoken), inert(product || uid || ""), sentence(unspoken)];
  byId("spoken").textContent = said.filter(Boolean).join(". ");
  unspoken = null;
  silence = setTimeout(tell, SPOKEN_MS);
}

/** Whether a row ends what the one before it, of the same station, began. */
function isSame(before, row) {
  if (before.ends || row.at < before.at || row.at - before.at >= TOGETHER_S) return false;
  return row.kind === "label" ? before.kind === "code" : row.uid !== "" && row.uid === before.uid;
}

function recent(item) {
  const table = byId("recent");
  table.prepend(item);
  while (table.children.length > KEPT) table.lastElementChild.remove();
}

function showLast(row) {
  const last = byId("last"), parts = partsOf(last);
  last.dataset.state = row.colour || "none";
  put(parts.colour, text(`colour.${row.colour || "none"}`));
  put(parts.outcome, outcome(row));
  put(parts.product, inert(row.product || row.code?.text || row.uid || row.epc || ""));
  put(parts.sentence, sentence(row));
  put(parts.do, row.why && row.colour !== "green" ? texts[`row.${row.why}.do`] ?? "" : "");
  const took = row.elapsed_ms == null ? "" : ` · ${number.format(row.elapsed_ms)} ms`;
  put(parts.when, `${clock.format(row.at * 1000)} · ${row.station}${took}`);
  last.dataset.seq = row.seq ?? "";
}

function outcome(row) {
  return texts[`outcome.${row.outcome}`] ?? texts[`kind.${row.kind}`] ?? inert(row.outcome || row.kind || "");
}

function sentence(row) {
  return inert((row.why && texts[`row.${row.why}.title`]) || row.sentence || "");
}

function showBoard(board) {
  for (const colour of ["green", "amber", "red"])
    put(document.querySelector(`[data-count="${colour}"]`), number.format(board.counts[colour]));
  const figures = partsOf(document.querySelector(".figures"));
  put(figures.takt, board.takt_s == null ? "–" : text("seconds", { n: number.format(board.takt_s) }));
  put(figures.lag, board.sync.on ? number.format(board.sync.lag) : text("no_hub"));
  put(figures.journal, text("full", { n: Math.round(board.journal.full * 100) }));
  keyed(byId("readers"), board.readers, "a-reader", (each) => each.name, showReader);
  keyed(byId("torn"), board.torn, "a-torn", (each) => String(each.intent), showTorn);
  keyed(byId("aside"), board.aside, "an-aside", (each) => `${each.sink} ${each.seq}`, showAside);
  const more = board.torn_count + board.aside_count - board.torn.length - board.aside.length;
  put(byId("more-todo"), more ? text("more", { n: more }) : "");
  byId("todo").hidden = !(board.torn_count + board.aside_count);
  for (const row of board.recent ?? []) showAnswer(row, false);
}

function showReader(item, parts, reader) {
  const state = reader.work !== "running" ? reader.work : reader.up ? "up" : "down";
  item.dataset.state = { up: "green", down: "red" }[state] ?? "amber";
  put(parts.name, reader.name);
  put(parts.state, text(`reader.${state}`));
  const counted = Object.values(reader.counts).reduce((sum, each) => sum + each, 0);
  const takt = reader.takt_s == null ? "" : ` · ${text("seconds", { n: number.format(reader.takt_s) })}`;
  const job = texts[`job.${reader.job}`] ?? reader.job;
  const answered = beside.includes(reader.name) ? "" : ` · ${text("count", { n: number.format(counted) })}${takt}`;
  put(parts.about, `${job}${answered}${reader.trouble && ` · ${inert(reader.trouble)}`}`);
  parts.order.hidden = !reader.order;
  if (reader.order) {
    const { name, rows, done, refused } = reader.order;
    put(parts.progress, text("order", { name: inert(name), done, rows, refused }));
    const bar = parts.order.querySelector("progress");
    [bar.max, bar.value] = [rows || 1, done + refused];
  }
  const button = item.querySelector("[data-act]");
  if (!button) return;
  const act = reader.work === "running" ? "stop" : "start";
  put(button, text(`reader.${act}`, { name: reader.name }));
  button.dataset.act = act;
  button.onclick = () => send(button, { act, reader: reader.name });
}

function showTorn(item, parts, torn) {
  const what = inert(torn.product || torn.uid);
  put(parts.what, text("torn", { what, station: torn.station, time: clock.format(torn.at * 1000) }));
  put(parts.do, text("torn_do", { station: torn.station }));
  const button = item.querySelector("[data-act]");
  if (button) button.onclick = async () => (await sure(what)) && send(button, { act: "void", intent: torn.intent });
}

function showAside(item, parts, aside) {
  put(parts.what, text("aside", { seq: aside.seq, sink: aside.sink }));
  put(parts.do, text(aside.replay ? "aside_again" : "aside_do", { seq: aside.seq }));
  put(parts.why, inert(aside.reason));
}

/** Whether the person means it. */
function sure(what) {
  const dialog = byId("sure");
  put(partsOf(dialog).what, what);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

async function send(button, act) {
  if (button.ariaBusy) return; // not disabled, which would take the focus from it
  button.ariaBusy = true;
  const refused = byId("refused");
  put(refused, "");
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/act", { method: "POST", headers, body: JSON.stringify(act) });
    if (!answer.ok) put(refused, text("act_failed", { why: (await answer.json()).error }));
  } catch (why) {
    put(refused, text("act_failed", { why: why.message }));
  } finally {
    button.ariaBusy = null;
  }
}

byId("pause").addEventListener("click", ({ currentTarget }) => {
  const late = held;
  held = held ? null : new Map();
  currentTarget.setAttribute("aria-pressed", String(held !== null));
  if (["live", "paused"].includes(byId("link").dataset.state)) linked("live");
  for (const what of late?.values() ?? []) what(false);
});

byId("sound").addEventListener("click", ({ currentTarget }) => {
  if (sound) sound.close();
  sound = sound ? null : new AudioContext();
  currentTarget.setAttribute("aria-pressed", String(sound !== null));
  play("green");
});

/** The colour's tones, where sound was asked for: high and short, twice, low and long. */
function play(colour) {
  let at = sound?.currentTime;
  for (const [pitch, seconds] of (sound && TONES[colour]) || []) {
    const tone = new OscillatorNode(sound, { frequency: pitch, type: "square" });
    tone.connect(new GainNode(sound, { gain: 0.2 })).connect(sound.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds + 0.08;
  }
}

/** Give each of `items` an element of the template, kept by its key: what has the focus keeps it. */
function keyed(list, items, template, keyOf, fill) {
  const had = new Map([...list.children].map((each) => [each.dataset.key, each]));
  items.forEach((each, place) => {
    const key = keyOf(each);
    let item = had.get(key);
    if (!item) {
      item = made(template).item;
      item.dataset.key = key;
    }
    had.delete(key);
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
    fill(item, partsOf(item), each);
  });
  for (const gone of had.values()) {
    if (gone.contains(document.activeElement)) main.focus(); // what was done with it is done
    gone.remove();
  }
}

function made(template) {
  const item = byId(template).content.firstElementChild.cloneNode(true);
  return { item, parts: partsOf(item) };
}

function partsOf(element) {
  return Object.fromEntries([...element.querySelectorAll("[data-part]")].map((each) => [each.dataset.part, each]));
}

/** Set a text where it is another: a reader of screens says again what is set again. */
function put(element, said) {
  if (element.textContent !== said) element.textContent = said;
}

function text(key, filled = {}) {
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => filled[name]);
}

/** As gateway/web/inert.py: what shows nothing of its own, or turns the direction, is shown. */
function inert(said) {
  return said.replace(/[\n\t]/g, " ").replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

function byId(id) {
  return document.getElementById(id);
}
