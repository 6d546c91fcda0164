/*
 * The passport page's own verdict: on the stub in the address's fragment, and on a tag where the browser reads tags.
 *
 * The trust list is all that is fetched: no fragment, no stub and no UID leaves the device. Where the browser cannot
 * check signatures, what the website found stays, and is called that. gateway/web/passport.py gives the data.
 */

import { Malformed, canVerify, fromFragment, readTrust, verifyBest } from "./verify.js";

const NFC = 1; // carrier kind, as in a stub
const DIGEST = 3; // claim: SHA-256 of the passport
const GARBLED = Uint8Array.of(0); // what no stub is

const data = JSON.parse(document.getElementById("passport-data").textContent);
const section = document.getElementById("verdict");
const part = (name) => section.querySelector(`[data-part="${name}"]`);
const byWebsite = part("by").textContent;

let list = null; // the newest trust list that was read
let ago = null; // says how long ago something was
let asked = 0; // how often a verdict was asked for: only the last one is shown

/** A text of the page; filled: what stands in its braces. */
function text(key, filled = {}) {
  return data.texts[key].replace(/\{(\w+)\}/g, (_, name) => filled[name]);
}

/** The newest trust list's bytes; null where they cannot be had. */
async function fetchList() {
  if (!data.trust) return null;
  try {
    const answer = await fetch(data.trust, { credentials: "omit", cache: "no-cache" });
    return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
  } catch (why) {
    if (why instanceof TypeError) return null; // no network
    throw why;
  }
}

/** Keep the list in `bytes` where it is newer. Why there is none to check by, as a key of texts; null: there is one. */
async function keepList(bytes) {
  if (!bytes) return list ? null : "no_list";
  try {
    const found = await readTrust(bytes, data.root);
    if (!list || found.number >= list.number) list = found;
    return null;
  } catch (why) {
    if (why instanceof Malformed) return "bad_list";
    throw why;
  }
}

/**
 * Check a carrier and show the verdict.
 *
 * stubs: [slot, bytes] of each. from: "code" or "tag". link: the one on the carrier, beside the page's own. id: UID.
 */
async function judge(stubs, from, link = data.link, id = null) {
  const turn = ++asked;
  const fetched = fetchList();
  ago ??= relative(); // while the list is on its way
  const [isAble, bytes] = await Promise.all([able, fetched]);
  if (!isAble) {
    part("by").textContent = `${text("tap.no_crypto")} ${byWebsite}`;
    return;
  }
  const missing = await keepList(bytes);
  const now = Math.floor(Date.now() / 1000);
  const kind = from === "tag" ? NFC : null;
  let answer;
  for (const each of new Set([data.link, link])) { // neither may name another product
    const asked = { kind, id, link: each };
    answer = await verifyBest(stubs, list, now, { ...asked, knownSeq: data.knownSeq });
    const isPrinted = from === "code" && answer.verdict.binding === "not_bound";
    // A label stays what it was, however often the tag beside it was written since
    if (isPrinted && answer.verdict.chain === "behind") answer = await verifyBest(stubs, list, now, asked);
    if (answer.verdict.link === "mismatch") break;
  }
  if (turn === asked) show(answer, from, missing, now);
}

function show({ verdict, colour, row, claims }, from, missing, now) {
  Object.assign(section.dataset, { state: colour, row, by: "device" });
  part("colour").textContent = text(`colour.${colour}`);
  for (const name of ["title", "means", "do"]) part(name).textContent = text(`row.${row}.${name}`);
  const unbound = verdict.binding === "not_bound" && data.texts[`row.${row}.means_unbound`];
  if (unbound) part("means").textContent = unbound; // a code may be a copy
  const isListless = missing && row === "key=unknown"; // nobody knows whose key that is
  if (isListless) {
    part("title").textContent = text("none.no_list.title");
    part("means").textContent = text(`tap.${missing}`);
  }
  part("by").textContent = `${text(`tap.${from}`)} ${text("device")}`;
  part("list").textContent = isListless ? "" : missing ? text(`tap.${missing}`) : age(now);
  const isSigned = verdict.integrity === "valid"; // nothing good is said of what is not
  const answers = section.querySelector(".answers");
  for (const each of answers.children) {
    const { question } = each.dataset, answer = verdict[question];
    const mark = data.marks[answer] ?? "open";
    const isClaim = mark === "yes" || (question === "evidence" && answer !== "not_stated");
    const isProven = isSigned || !isClaim;
    each.dataset.mark = isProven ? mark : "open";
    each.lastElementChild.textContent = text(isProven ? `answer.${question}.${answer}` : "unproven");
  }
  answers.hidden = false;
  const said = isSigned ? documentOf(claims.get(DIGEST)) : "";
  part("document").hidden = !said;
  part("document").textContent = said && text(`document.${said}`);
  performance.mark("verdict");
}

/** "same", "other" or "" (unknown): the page's passport against a stub's digest, by the website's word on its own stub. */
function documentOf(digest) {
  if (!digest || !data.document) return "";
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex === data.digest) return data.document;
  return data.document === "same" ? "other" : "";
}

/** A browser takes 20 ms for the first words of a language. */
function relative() {
  const made = new Intl.RelativeTimeFormat(data.language, { numeric: "auto" });
  made.format(0, "day");
  return made;
}

/** How old the list is, and that it no longer counts where that is so. */
function age(now) {
  const days = Math.min(Math.ceil((list.issued - now) / 86400), 0);
  const said = text("tap.age", { number: list.number, when: ago.format(days, "day") });
  return now > list.notAfter ? `${said} ${text("tap.over")}` : said;
}

/** The stub in the fragment, where there is one; other fragments lead to places on the page. */
async function readFragment() {
  let stub;
  try {
    stub = fromFragment(location.hash);
  } catch (why) {
    if (!(why instanceof Malformed)) throw why;
    stub = GARBLED;
  }
  if (!stub) return;
  // A fragment goes to no server: the page in another language can have it
  for (const other of document.querySelectorAll("a[hreflang]")) other.hash = location.hash;
  await judge([[0, stub]], "code");
}

const able = canVerify();
addEventListener("hashchange", readFragment);
await readFragment();
if ("NDEFReader" in window && (await able)) {
  const { offer } = await import("./tap.js");
  offer(document.getElementById("tap"), text, (stubs, link, id) => judge(stubs, "tag", link ?? data.link, id));
}
