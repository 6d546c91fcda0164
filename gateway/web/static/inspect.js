/*
 * The inspector's page: a product's page as a credential opens it, with what the public page leaves out marked.
 *
 * The credential goes into the Authorization header of requests to this origin, and nowhere else: it is in no address
 * and no storage, only in the variable `held`, which is emptied when the page is left. What it opens is compared with
 * what everyone sees, and with what a legitimate interest sees. gateway/web/templates/inspect.html gives the sentences.
 */

const PATH = /^\/01\/\d{8,14}(\/.*)?$/;
const CREDENTIAL = /^[\x21-\x7e]{1,8192}$/; // what stands behind "Bearer "
const LARGEST = 8192; // bytes of a file
const ATOMS = "section, dl > div, tbody tr, li, p, details"; // what is compared: each is marked as a whole
const OURS = ".note, .quiet, .verdict, .reports"; // sentences of the page itself, and what everyone sees

const byId = (name) => document.getElementById(`inspect-${name}`);
const form = byId("form"), link = byId("link"), field = byId("credential"), file = byId("file");
const said = byId("said"), forget = byId("forget"), result = byId("result");

let held = ""; // the credential
let turn = 0; // of the last question: an answer to one before is dropped

/** Say one of the page's sentences; detail: the website's own words, in English. */
function say(key, filled = {}, detail = "") {
  const sentence = said.dataset[key].replace(/\{(\w+)\}/g, (_, name) => filled[name]);
  said.replaceChildren(sentence);
  if (detail) {
    const quoted = document.createElement("q");
    quoted.lang = "en";
    quoted.textContent = detail.slice(0, 300);
    said.append(` ${said.dataset.says} `, quoted);
  }
  said.classList.toggle("alert", !["asking", "loaded", "marked", "same", "forgotten"].includes(key));
  said.hidden = false;
}

/** Forget the credential and all that it opened. */
function clear() {
  turn++;
  held = "";
  field.value = "";
  file.value = "";
  result.replaceChildren();
  result.hidden = forget.hidden = true;
}

/** The path of a Digital Link on this origin, or null. */
function pathOf(text) {
  try {
    const { pathname } = new URL(text.trim(), location.origin);
    return PATH.test(pathname) ? pathname : null;
  } catch (why) {
    if (why instanceof TypeError) return null; // no URL
    throw why;
  }
}

/** A credential as a header carries it; of a file: the same as text, or the bytes that it stands for. */
function credentialOf(text) {
  const bare = text.trim().replace(/^(?:Authorization:\s*)?Bearer\s+/i, "").replace(/\s+/g, "");
  return CREDENTIAL.test(bare) ? bare : null;
}

async function ofFile(chosen) {
  if (chosen.size > LARGEST) return null;
  const bytes = new Uint8Array(await chosen.arrayBuffer());
  const text = String.fromCharCode(...bytes);
  if (bytes.every((byte) => byte < 0x7f)) return credentialOf(text);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The product's page, asked for with these headers. Redirections are not followed: they would lead elsewhere. */
function ask(path, headers = {}) {
  const address = `${path}?lang=${document.documentElement.lang}`;
  const how = { credentials: "omit", cache: "no-store", redirect: "manual", referrerPolicy: "no-referrer" };
  return fetch(address, { ...how, headers: { Accept: "text/html", ...headers } });
}

/** The <main> of a page; its scripts are left out, and none of it has run. */
async function mainOf(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector("main") ?? page.body; // the public page may be none
  for (const script of main.querySelectorAll("script")) script.remove();
  return main;
}

const textOf = (element) => element.textContent.replace(/\s+/g, " ").trim();
const keyOf = (element) => `${element.closest("section")?.id} ${element.localName} ${textOf(element)}`;

/** The elements of `own` that do not stand in `other`: the outermost of which all is new. */
function fresh(own, other) {
  const counts = new Map();
  for (const each of other.querySelectorAll(ATOMS)) counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + 1);
  const isKnown = (element) => (counts.get(keyOf(element)) ?? 0) > 0;
  const found = [];
  const walk = (within, atom) => {
    for (const each of within.querySelectorAll(ATOMS)) {
      if (each.parentElement.closest(ATOMS) !== atom || each.matches(OURS) || !textOf(each)) continue;
      const below = [...each.querySelectorAll(ATOMS)];
      if (isKnown(each)) counts.set(keyOf(each), counts.get(keyOf(each)) - 1);
      else if (below.some((one) => isKnown(one) || one.matches(OURS))) walk(each, each);
      else found.push(each);
    }
  };
  walk(own, null);
  return found;
}

/** Mark what the public page leaves out, each with the class of data that it is of; how many places that are. */
function mark(own, open, lesser) {
  const authorities = new Set(fresh(own, lesser));
  const both = new Set([...authorities, ...fresh(own, open)]);
  for (const element of both) {
    const badge = document.createElement("span");
    badge.className = "restricted-mark";
    badge.textContent = authorities.has(element) ? said.dataset.authorities : said.dataset.interest;
    const place = element.matches("tr, dl > div") ? element.firstElementChild : element;
    place.prepend(badge, " ");
    element.classList.add("restricted");
  }
  return both.size;
}

/** Why an answer shows no page, as a key of sentences; null where it does. */
function troubleOf(answer) {
  if (answer.type === "opaqueredirect") return "elsewhere";
  const known = { 200: null, 401: "refused", 403: "forbidden", 400: "wrongLink", 404: "missing" };
  return answer.status in known ? known[answer.status] : "trouble";
}

/** The hub's own sentence, of an answer {"error": sentence}; "" where there is none. */
async function sentenceOf(answer) {
  const text = await answer.text();
  try {
    return String(JSON.parse(text).error ?? "");
  } catch (why) {
    if (why instanceof SyntaxError) return "";
    throw why;
  }
}

async function inspect() {
  const path = pathOf(link.value);
  const pasted = field.value.trim() ? credentialOf(field.value) : held;
  if (!path || !pasted) {
    say(path ? "wrongCredential" : "wrongLink");
    (path ? field : link).focus();
    return;
  }
  clear();
  const mine = turn;
  say("asking");
  try {
    const shown = { Authorization: `Bearer ${pasted}` };
    const own = await ask(path, shown);
    const trouble = troubleOf(own);
    const detail = own.status === 401 || own.status === 403 ? await sentenceOf(own) : "";
    const page = trouble ? null : await mainOf(own);
    if (mine !== turn) return;
    if (trouble) return say(trouble, {}, detail);
    const others = [ask(path), ask(path, { ...shown, "Tagwright-As": "legitimate_interest" })];
    const places = mark(page, ...(await Promise.all(others.map(async (each) => mainOf(await each)))));
    if (mine !== turn) return;
    held = pasted;
    result.replaceChildren(...page.childNodes);
    result.hidden = forget.hidden = false;
    say(places ? "marked" : "same", { n: places });
    said.scrollIntoView();
  } catch (why) {
    if (!(why instanceof TypeError)) throw why; // fetch's: no network
    if (mine === turn) say("trouble");
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  inspect();
});
file.addEventListener("change", async () => {
  const [chosen] = file.files;
  if (!chosen) return;
  const found = await ofFile(chosen);
  file.value = "";
  field.value = found ?? "";
  say(found ? "loaded" : "wrongCredential", { name: chosen.name });
});
forget.firstElementChild.addEventListener("click", () => {
  clear();
  say("forgotten");
  field.focus();
});
addEventListener("pagehide", clear);
form.hidden = false;
