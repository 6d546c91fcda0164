/*
 * The inspector's page: a product's page as a credential opens it, with what the public page leaves out marked.
 *
 * The credential goes into the Authorization header of requests to this origin, and nowhere else: it is in no address
 * and no storage, only in the variable `held`, which is emptied when the page is left. gateway/web/templates/inspect.html.
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
  const main = page.querySelector("main");
  for (const script of main.querySelectorAll("script")) script.remove();
  return main;
}

const textOf = (element) => element.textContent.replace(/\s+/g, " ").trim();
const keyOf = (element) => `${element.closest("section")?.id} ${element.localName} ${textOf(element)}`;

/** Mark what of `own` does not stand in `open`, as a whole where all of it is new; how many places that are. */
function mark(own, open) {
  const known = new Map();
  for (const each of open.querySelectorAll(ATOMS)) known.set(keyOf(each), (known.get(keyOf(each)) ?? 0) + 1);
  const isKnown = (element) => (known.get(keyOf(element)) ?? 0) > 0;
  let places = 0;
  const walk = (within) => {
    for (const each of within.querySelectorAll(ATOMS)) {
      if (each.parentElement.closest(ATOMS) !== (within.matches(ATOMS) ? within : null)) continue;
      if (each.matches(OURS) || !textOf(each)) continue;
      if (isKnown(each)) known.set(keyOf(each), known.get(keyOf(each)) - 1);
      else if ([...each.querySelectorAll(ATOMS)].some((below) => isKnown(below) || below.matches(OURS))) walk(each);
      else places += put(each);
    }
  };
  walk(own);
  return places;
}

function put(element) {
  const badge = document.createElement("span");
  badge.className = "restricted-mark";
  badge.textContent = said.dataset.mark;
  const place = element.matches("tr, dl > div") ? element.firstElementChild : element;
  place.prepend(badge, " ");
  element.classList.add("restricted");
  return 1;
}

/** Why an answer shows no page, as a key of sentences; null where it does. */
function troubleOf(answer) {
  if (answer.type === "opaqueredirect") return "elsewhere";
  const known = { 200: null, 401: "refused", 403: "forbidden", 400: "wrongLink", 404: "missing" };
  return answer.status in known ? known[answer.status] : "trouble";
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
    const own = await ask(path, { Authorization: `Bearer ${pasted}` });
    const trouble = troubleOf(own);
    const detail = own.status === 401 || own.status === 403 ? (await own.json()).error : "";
    const page = trouble ? null : await mainOf(own);
    const open = await ask(path);
    const places = page && mark(page, open.ok ? await mainOf(open) : document.createElement("main"));
    if (mine !== turn) return;
    if (trouble) return say(trouble, {}, detail);
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
