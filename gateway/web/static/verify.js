/*
 * What a passport stub is worth, as edge/verify.py answers it: strict CBOR (RFC 8949, section 4.2.1), COSE_Sign1
 * (RFC 9052), the trust list, and the verdict with its colour. Nothing is asked of anyone, and nothing kept.
 * WebCrypto checks signatures; keys and signatures on which browsers disagree are refused before it sees them.
 */

/** Bytes, or a link's fragment, that break their standard. */
export class Malformed extends Error {}

/** edge/verify.py's table: the first row whose conditions all hold gives the colour; where none does, red. */
const COLOURS = [
  ["red", "integrity=malformed"],
  ["red", "integrity=bad_signature"],
  ["red", "key=revoked"],
  ["red", "key=wrong_role"],
  ["red", "binding=mismatch"],
  ["red", "link=mismatch"],
  ["red", "chain=fork"],
  ["amber", "integrity=unsigned"],
  ["amber", "key=unknown"],
  ["amber", "key=not_yet_valid"],
  ["amber", "key=expired"],
  ["amber", "key=expired_list"],
  ["amber", "chain=behind"],
  ["amber", "chain=gap"],
  ["amber", "binding=not_checked"],
  ["amber", "binding=not_bound read_from=tag"],
  ["green", "integrity=valid key=trusted binding=match/not_bound chain=first/follows/not_checked"
    + " link=match/not_checked"],
];
// Which answer counts of several: of a tag's stubs the last, of a stub's neighbours the first
const TELLING = ["unsigned", "malformed", "bad_signature", "not_checked", "valid"];
const CHAIN_TELLING = ["fork", "behind", "follows", "gap", "first", "not_checked"];
const EVIDENCE_LEVELS = ["self-declared", "second-party", "third-party"];
const PRODUCT = 1, ISSUED_AT = 4, SEQ = 5, PREV = 6, CARRIER = 7, EVIDENCE = 15; // claims

/** Whether this browser can: it needs WebCrypto (https alone has it) with Ed25519. */
export async function canVerify() {
  try {
    await importKey(new Uint8Array(32).fill(1));
    return true;
  } catch {
    return false;
  }
}

/**
 * The verdict on one stub: {verdict: {integrity, key, binding, chain, evidence, link}, colour, row, claims}.
 *
 * trust: of readTrust, or null. now: Unix seconds. kind (1 NFC, 2 RAIN), id: the tag it was read from; none: print.
 * link: the one beside it. previous: the stub before it; knownSeq: the highest seq seen of this product.
 * row: the conditions in COLOURS that held, "" where none did. claims: a Map, null where `bytes` are no stub.
 */
export async function verify(bytes, trust, now, asked = {}) {
  const { slot, ...answer } = await verifyBest([[0, bytes]], trust, now, asked);
  return answer;
}

/** As verify, with the `slot` of the current one among a tag's [slot, bytes], as edge's verify_best finds it. */
export async function verifyBest(stubs, trust, now, asked = {}) {
  let best = { slot: null, rank: [-1], judged: await judge([], trust, now, asked) };
  const neighbours = [decodedStub(asked.previous)];
  for (const [slot, bytes] of stubs) {
    const judged = await judge(bytes, trust, now, asked);
    const { integrity, binding, stub } = judged;
    if (integrity === "valid") neighbours.push(stub);
    const rank = [TELLING.indexOf(integrity), +(binding !== "mismatch"), stub ? stub.claims.get(SEQ) : -1];
    if (compare(rank, best.rank) > 0) best = { slot, rank, judged };
  }
  const { stub, readFrom: read_from, ...verdict } = best.judged;
  if (verdict.integrity === "valid") {
    const words = await Promise.all(neighbours.map((other) => chain(stub, other, asked.knownSeq)));
    verdict.chain = CHAIN_TELLING.find((word) => words.includes(word));
  }
  const holds = (condition) => {
    const [question, words] = condition.split("=");
    return words.split("/").includes({ read_from, ...verdict }[question]);
  };
  const [colour, row] = COLOURS.find((each) => each[1].split(" ").every(holds)) ?? ["red", ""];
  return { slot: best.slot, verdict, colour, row, claims: stub?.claims ?? null };
}

/**
 * The trust list that `bytes` are: {number, issued, notAfter, entries}; times are Unix seconds, Infinity is never.
 *
 * rootHex: the public key that must have signed it. Throws Malformed for what edge/trust.py refuses.
 */
export async function readTrust(bytes, rootHex) {
  const root = Uint8Array.from(rootHex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const sign1 = parse(bytes, 1 << 20);
  check(await isSignedBy(await importKey(root), sign1));
  const list = decode(sign1.payload, 1 << 20);
  check(isArray(list, 4) && list.slice(0, 3).every(uint(0)) && isArray(list[3]));
  const [number, issued, notAfter, rows] = list;
  const entries = [];
  let last = [];
  for (const row of rows) {
    check(isArray(row) && row.length > 1 && row.length <= FIELDS.length && row.at(-1) !== null);
    check(row.every((value, n) => (value === null && n > 1) || FIELDS[n](value)));
    const place = [...row[0], ...row[1]];
    check(compare(place, last) > 0);
    last = place;
    const [kid, key, operator, roles, validFrom, validTo, revokedSince, gtinPrefixes, jurisdiction] =
      [, , "", ["issuer"], 0, Infinity, Infinity, [], ""].map((value, n) => row[n] ?? value);
    entries.push({ kid: row[0], key: row[1], operator, roles, validFrom, validTo, revokedSince, gtinPrefixes,
      jurisdiction, cryptoKey: await importKey(row[1]) });
  }
  return { number, issued, notAfter, entries };
}

/** The stub in a fragment "#s=..."; null for any other. Malformed where it is not the one spelling of a stub. */
export function fromFragment(fragment) {
  if (!fragment.startsWith("#s=")) return null;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const [width, alphabet] = fragment[3] === "2" ? [5, letters + "234567"]
    : [6, letters + letters.toLowerCase() + "0123456789-_"]; // the first letters of d2 84 in base32 and base64url
  const out = [];
  let held = 0, bits = 0;
  for (const letter of fragment.slice(3)) {
    check(alphabet.includes(letter));
    held = held << width | alphabet.indexOf(letter);
    bits += width;
    if (bits < 8) continue;
    bits -= 8;
    out.push(held >> bits);
    held &= (1 << bits) - 1;
  }
  check(bits < width && !held && out[0] === 0xd2 && out[1] === 0x84 && out.length <= 4096);
  return Uint8Array.from(out);
}

/** All answers but the chain's, and the stub, null where there is none. */
async function judge(bytes, trust, now, { kind, id, link }) {
  const stub = decodedStub(bytes);
  const open = "not_checked";
  const judged = { integrity: open, key: "unknown", binding: open, chain: open, evidence: "not_stated", link: open,
    readFrom: kind == null ? "code" : "tag", stub };
  if (!stub) {
    judged.integrity = bytes.length ? "malformed" : "unsigned";
    return judged;
  }
  const { claims, kid } = stub;
  const product = claims.get(PRODUCT), carrier = claims.get(CARRIER);
  const entries = trust ? trust.entries.filter((entry) => !compare(entry.kid, kid)) : [];
  if (entries.length) {
    let signer;
    for (const entry of entries) {
      if (!signer && await isSignedBy(entry.cryptoKey, stub)) signer = entry;
    }
    judged.integrity = signer ? "valid" : "bad_signature";
    judged.key = keyState(signer ?? entries[0], product, claims.get(ISSUED_AT), now);
    if (judged.key === "trusted" && now > trust.notAfter) judged.key = "expired_list";
  }
  if (!carrier) judged.binding = "not_bound";
  else if (kind != null && id != null) {
    judged.binding = carrier[0] === kind && !compare(carrier[1], id) ? "match" : "mismatch";
  }
  const names = link == null ? null : linkNames(link, product);
  if (names !== null) judged.link = names ? "match" : "mismatch";
  judged.evidence = EVIDENCE_LEVELS[claims.get(EVIDENCE)] ?? judged.evidence;
  return judged;
}

function keyState({ roles, validFrom, validTo, revokedSince, gtinPrefixes }, product, issuedAt, now) {
  const latest = Math.max(now, issuedAt); // a clock may not be set
  if (revokedSince <= latest) return "revoked";
  if (latest < validFrom) return "not_yet_valid";
  if (issuedAt > validTo) return "expired";
  const gtin13 = product[0] ? "" : gtin14(product[1]).slice(1);
  const covers = !gtinPrefixes.length || gtinPrefixes.some((prefix) => gtin13.startsWith(prefix));
  return roles.includes("issuer") && covers ? "trusted" : "wrong_role";
}

async function chain(stub, before, knownSeq) {
  const seq = stub.claims.get(SEQ), last = before?.claims.get(SEQ);
  if (knownSeq != null && seq < knownSeq) return "behind";
  if (!before || !compare(before.bytes, stub.bytes) || !isSameChain(before.claims, stub.claims)) {
    return seq ? "not_checked" : "first";
  }
  if (seq < last) return "behind";
  if (seq > last + 1) return "gap";
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", before.bytes));
  return seq === last || compare(stub.claims.get(PREV), hash.slice(0, 16)) ? "fork" : "follows";
}

/** One product on one carrier; a GS1 batch counts where both state it. */
function isSameChain(...both) {
  const [a, b] = both.map((claims) => claims.get(PRODUCT));
  const [one, other] = [a, b].map((each) => JSON.stringify([each[0], each[1], each.at(-1), a.length === b.length && each[2]]));
  return one === other && String(both[0].get(CARRIER)) === String(both[1].get(CARRIER));
}

// What may stand in a stub (edge/stub.py) and in a trust list's row (edge/trust.py)

const isArray = (value, size) => Array.isArray(value) && (size === undefined || value.length === size);
const uint = (low, high = Number.MAX_SAFE_INTEGER) => (value) =>
  Number.isInteger(value) && low <= value && value <= high;
const octets = (low, high = low) => (value) =>
  value instanceof Uint8Array && low <= value.length && value.length <= high;
const text = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const pair = (first, second) => (value) => isArray(value, 2) && first(value[0]) && second(value[1]);
const list = (each) => (value) => isArray(value) && value.length > 0 && value.every(each);
const map = (key, each) => (value) => value instanceof Map && [...value].every(([k, v]) => key(k) && each(v));
const isSerial = text(/^[!"%-?A-Z_a-z]{1,20}$/);
const isName = text(/^.{1,255}$/su);
const TOTALS = [10, 11, 12, 13, 14, 21, 22, 31, 41, 42, 43, 44, 45, 46, 51, 52, 53, 54];

const CLAIMS = [
  uint(1, 1), // version
  isProduct,
  uint(0, 1), // granularity
  octets(32), // digest
  uint(0, 253402300799), // issued_at: to the end of the year 9999
  uint(0), // seq
  octets(16), // prev
  (carrier) => pair(uint(1, 2), octets(4, 64))(carrier)
    && (carrier[0] === 2 || [4, 7, 8, 10].includes(carrier[1].length)),
  (operator) => text(/^[^\x00-\x1f\x7f]+$/)(operator) && new TextEncoder().encode(operator).length < 256,
  uint(1, 3), // status
  uint(0, 7), // step
  (totals) => map((code) => TOTALS.includes(code), uint(0))(totals) && totals.size > 0,
  pair(uint(0), map((field) => /number|bigint/.test(typeof field), () => true)), // sector
  pair(uint(1), octets(16)), // parts
  octets(16), // restricted
  uint(0, 2), // evidence
];
const FIELDS = [
  octets(8), // kid
  (key) => octets(32)(key) || octets(64)(key),
  isName, // operator
  (roles) => list(isName)(roles) && String(roles) !== "issuer",
  uint(1), // valid_from
  uint(0), // valid_to
  uint(0), // revoked_since
  list(text(/^\d{1,13}$/)), // gtin_prefixes
  isName, // jurisdiction
];

function isProduct(product) {
  const [scheme, value, ...serials] = isArray(product) ? product : [];
  if (scheme === 0) return isGtin(value, 24) && /1|2/.test(serials.length) && serials.every(isSerial);
  if (!uint(1, 3)(scheme) || !text(/^[!-~]{1,255}$/)(value) || serials.length) return false;
  return scheme === 1 ? URI.test(value) && hostEnd(value) > 0 : scheme === 3 || value.startsWith("did:");
}

/** {bytes, claims, and what parse finds}; null where edge would not have written these bytes. */
function decodedStub(bytes) {
  return unlessMalformed(() => {
    const sign1 = parse(bytes ?? [], 4096);
    const claims = decode(sign1.payload, 4096);
    check(sign1.kid.length === 8 && claims instanceof Map);
    check([0, PRODUCT, ISSUED_AT, SEQ].every((key) => claims.has(key)));
    check([...claims].every(([key, value]) => uint(0, 63)(key) && (key > 15 || CLAIMS[key](value))));
    check(claims.has(PREV) === claims.get(SEQ) > 0);
    return { bytes, claims, ...sign1 };
  });
}

// COSE_Sign1 and signatures

/** {alg, kid, payload, signature, signed} of a tagged Sign1 that has alg and kid, protected, and no other header. */
function parse(data, ceiling) {
  const body = decode(data, ceiling);
  check(body?.tag === 18 && isArray(body.value, 4));
  const [head, unprotected, payload, signature] = body.value;
  check(octets(0, 4096)(head) && octets(0, ceiling)(payload) && octets(64)(signature));
  const headers = decode(head, 4096);
  check(unprotected instanceof Map && unprotected.size === 0 && headers instanceof Map && headers.size === 2);
  const alg = headers.get(1), kid = headers.get(4);
  check([-19, -8, -9].includes(alg) && kid instanceof Uint8Array);
  const end = head.byteOffset - data.byteOffset + head.length;
  const begin = [0x84, 0x6a, ...new TextEncoder().encode("Signature1")]; // of the Sig_structure (RFC 9052, 4.4)
  const signed = Uint8Array.from([...begin, ...data.slice(2, end), 0x40, ...data.slice(end + 1, -66)]);
  return { alg, kid, payload, signature, signed };
}

async function isSignedBy(key, { alg, signature, signed }) {
  const allowed = key.algorithm.name === "ECDSA" ? [-9] : [-19, -8];
  return allowed.includes(alg) && isSigned(key, signed, signature);
}

/** Whether 64 bytes are a key's signature: as in edge/ed25519.py, S is reduced, and R not of small order. */
export async function isSigned(key, message, signature) {
  const { name } = key.algorithm;
  if (name !== "ECDSA" && (little(signature.slice(32)) >= L || isSmall(signature.slice(0, 32)))) return false;
  return crypto.subtle.verify({ name, hash: "SHA-256" }, key, signature, message);
}

/** WebCrypto's key of 32 bytes (Ed25519) or 64 (P-256); Malformed where edge/trust.py calls it not sound. */
export async function importKey(key) {
  if (key.length === 64) {
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    return crypto.subtle.importKey("raw", Uint8Array.of(4, ...key), curve, false, ["verify"]).catch(() => check(false));
  }
  check(key.length === 32 && !isSmall(key));
  const yy = (little(key) & MASK) ** 2n;
  check(power((yy - 1n) * (121666n - 121665n * yy) * 121666n, (P - 1n) / 2n) === 1n); // is there an x?
  return crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
}

// edwards25519 (RFC 8032, section 5.1), whose d is -121665/121666
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const MASK = 2n ** 255n - 1n; // without the sign of x
const big = (bytes) => bytes.reduce((value, byte) => value << 8n | BigInt(byte), 0n);
const little = (bytes) => big(bytes.slice().reverse());
const power = (base, n) => n ? power(base * base % P, n >> 1n) * (n & 1n ? base : 1n) % P : 1n;

/** Whether a point is not canonical, or of order 1, 2 (y = 1, -1), 4 (y = 0) or 8 (d y^4 + 2 y^2 = 1). */
function isSmall(bytes) {
  const y = little(bytes) & MASK, yy = y * y;
  return y >= P || yy * (yy - 1n) * (121665n * yy * yy - 243332n * yy + 121666n) % P === 0n;
}

// CBOR

/** The one item: a number (beyond 2^53 a bigint), Uint8Array, string, boolean, null, array, Map or {tag, value}. */
export function decode(data, ceiling) {
  let at = 0;
  const take = (size) => {
    check(size <= data.length - at);
    at += size;
    return data.subarray(at - size, at);
  };
  const argument = (low) => {
    if (low < 24) return low;
    check(low < 28); // no indefinite length
    const value = big(take(1 << low - 24));
    check(value >= [24, 256, 65536, 2 ** 32][low - 24]);
    return value > Number.MAX_SAFE_INTEGER ? value : Number(value);
  };
  const item = (depth) => {
    const [head] = take(1);
    const major = head >> 5;
    if (major === 7) {
      check(head >= 0xf4 && head <= 0xf6); // no float, undefined or other simple value
      return [false, true, null][head - 0xf4];
    }
    const size = argument(head & 31);
    if (major === 0) return size;
    if (major === 1) return -size - (typeof size === "bigint" ? 1n : 1);
    if (major === 2) return take(size);
    if (major === 3) return utf8(take(size));
    check(depth > 0);
    if (major === 6) return { tag: size, value: item(depth - 1) };
    const items = [];
    let last = [];
    for (let n = 0; n < size; n++) {
      if (major === 4) items.push(item(depth - 1));
      else {
        const start = at, key = item(0), raw = data.subarray(start, at);
        check(raw[0] < 0x80 && compare(raw, last) > 0);
        last = raw;
        items.push([key, item(depth - 1)]);
      }
    }
    return major === 4 ? items : new Map(items);
  };
  check(data.length <= ceiling);
  const value = item(8);
  check(at === data.length);
  return value;
}

function utf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed("no UTF-8");
  }
}

/** Below, at or above 0, by the first entry in which two arrays differ, else by length. */
function compare(a, b) {
  const n = [...a].findIndex((value, n) => value !== b[n]);
  return n < 0 || n >= b.length ? a.length - b.length : a[n] - b[n];
}

function check(right) {
  if (!right) throw new Malformed("malformed");
}

function unlessMalformed(read) {
  try {
    return read();
  } catch (why) {
    if (why instanceof Malformed) return null;
    throw why;
  }
}

// GS1 Digital Links (edge/gs1.py)

const URI = /^[!#-;=?-[\]_a-z~]*$/;
const segment = (ai, name) => `(/${ai}/(?<${name}>[^/]*))`;
const PATH = RegExp(`^.*${segment("01", "gtin")}(${segment(235, "tpx")}|`
  + `${segment(22, "cpv")}?${segment(10, "batch")}?${segment(21, "serial")}?)$`);
const hostEnd = (uri) => /^(https?|HTTPS?):\/\/[\dA-Za-z.:[\]-]+(?=[#?/]|$)/.exec(uri)?.[0].length ?? 0;
const gtin14 = (gtin) => String(gtin).padStart(14, "0");

function isGtin(value, low) {
  const sum = (total, digit, n) => total + digit * (n % 2 ? 1 : 3);
  return uint(low, 99999999999999)(value) && [...gtin14(value)].reduce(sum, 0) % 10 === 0;
}

/** Whether a link names the product of a claim; null where the two cannot be compared. */
export function linkNames(link, [scheme, value, ...serials]) {
  if (scheme === 1) return link.split("#")[0] === value.split("#")[0];
  if (scheme !== 0) return null;
  const serial = serials.at(-1), tail = `/01/${gtin14(value)}/21/${serial}`;
  const plain = link.endsWith(tail) && /^[\w.~-]+$/.test(serial);
  if (plain && /^https:\/\/[\dA-Za-z.-][\dA-Za-z./-]*$/.test(link.slice(0, -tail.length))) return true;
  const found = unlessMalformed(() => digitalLink(link));
  if (!found) return null;
  const other = (said, claimed) => said !== undefined && said !== claimed;
  if (found.gtin !== gtin14(value) || other(found.serial, serial)) return false;
  return serials.length < 2 || !other(found.batch, serials[0]);
}

/** {gtin, tpx, cpv, batch, serial} of a Digital Link's path. */
function digitalLink(uri) {
  check(hostEnd(uri) && uri.length <= 2048 && URI.test(uri));
  const [, path, query] = /^([^?#]*)\??([^#]*)/.exec(uri.slice(hostEnd(uri)));
  const found = { ...PATH.exec(path)?.groups };
  for (const name in found) {
    if (found[name] !== undefined) found[name] = percentDecoded(found[name]);
  }
  const { gtin, tpx, cpv, batch, serial } = found;
  check(/^\d{14}$/.test(gtin) && isGtin(+gtin, 1) && (tpx === undefined || /^[^]{1,28}$/.test(tpx)));
  check([cpv, batch, serial].every((value) => value === undefined || isSerial(value)));
  const attributes = new Set();
  for (const part of query.split(/[&;]/)) {
    const [, name, equals, value] = /^([^=]*)(=?)(.*)$/.exec(part);
    const ai = percentDecoded(name);
    check(!/^(01|22|21|235|10)$/.test(ai) || (ai === "10" && tpx !== undefined)); // these stand in the path
    if (!/^\d+$/.test(ai) || !equals) continue;
    check(value && !attributes.has(ai) && attributes.size < 32);
    percentDecoded(value);
    attributes.add(ai);
  }
  return found;
}

function percentDecoded(text) {
  check(!/%(?![\dA-Fa-f]{2})/.test(text));
  return text.replace(/%(..)/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
}
