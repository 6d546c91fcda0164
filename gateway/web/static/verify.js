/*
 * What a passport stub is worth, as edge/verify.py answers it: strict CBOR (RFC 8949, 4.2.1), COSE_Sign1 (RFC 9052),
 * trust list, verdict. WebCrypto checks signatures; what browsers judge differently is refused before.
 */

/** What was read breaks its standard. */
export class Malformed extends Error {}

/** edge/verify.py's: the first row whose conditions all hold gives the colour. */
const COLOURS = `red integrity=malformed
red integrity=bad_signature
red key=revoked
red key=wrong_role
red binding=mismatch
red link=mismatch
red chain=fork
amber integrity=unsigned
amber key=unknown
amber key=not_yet_valid
amber key=expired
amber key=expired_list
amber chain=behind
amber chain=gap
amber binding=not_checked
amber binding=not_bound read_from=tag
green integrity=valid key=trusted binding=match/not_bound chain=first/follows/not_checked link=match/not_checked
red`.split("\n").map((row) => row.split(" "));
// Of a tag's stubs the last of these counts, of answers about the chain the first
const TELLING = ["unsigned", "malformed", "bad_signature", "not_checked", "valid"];
const CHAIN_TELLING = ["fork", "behind", "follows", "gap", "first", "not_checked"];
const EVIDENCE = ["self-declared", "second-party", "third-party"];

/** Whether this browser has WebCrypto, which takes https, with Ed25519. */
export const canVerify = () => importKey(new Uint8Array(32).fill(1)).then(() => true, () => false);

/**
 * The verdict on one stub: {verdict: {integrity, key, binding, chain, evidence, link}, colour, row, claims}.
 *
 * trust: of readTrust, or null. now: Unix seconds. asked: kind (1 NFC, 2 RAIN) and id of the tag, none for print; link
 * beside it; previous stub; knownSeq, the highest. row: the conditions that held. claims: a Map, null for no stub.
 */
export async function verify(bytes, trust, now, asked) {
  const { slot, ...answer } = await verifyBest([[0, bytes]], trust, now, asked);
  return answer;
}

/** As verify, of the current one among a tag's [slot, bytes], with its `slot`. */
export async function verifyBest(stubs, trust, now, asked = {}) {
  const judged = await Promise.all([...stubs, [null, []]].map((each) => judge(each, trust, now, asked)));
  const rank = ({ stub, verdict: { integrity, binding } }) =>
    [TELLING.indexOf(integrity), binding !== "mismatch", stub?.seq ?? -1];
  const [{ slot, stub, verdict }] = judged.sort((a, b) => compare(rank(b), rank(a)));
  if (verdict.integrity === "valid") {
    const others = judged.filter((each) => each.verdict.integrity === "valid").map((each) => each.stub);
    others.push(stubOf(asked.previous));
    const words = await Promise.all(others.map((other) => chain(stub, other, asked.knownSeq)));
    verdict.chain = CHAIN_TELLING.find((word) => words.includes(word));
  }
  const answers = { ...verdict, read_from: asked.kind == null ? "code" : "tag" };
  const holds = (condition) => {
    const [question, words] = condition.split("=");
    return words.split("/").includes(answers[question]);
  };
  const [colour, ...row] = COLOURS.find(([, ...conditions]) => conditions.every(holds));
  return { slot, verdict, colour, row: row.join(" "), claims: stub?.claims ?? null };
}

/**
 * The trust list: {number, issued, notAfter, entries}, these with the names of FIELDS and WebCrypto's key, `imported`.
 *
 * rootHex: the public key that must have signed it. Throws Malformed for what edge/trust.py refuses.
 */
export async function readTrust(bytes, rootHex) {
  const root = Uint8Array.from(rootHex.match(/../g) ?? [], (digits) => parseInt(digits, 16));
  const sign1 = parse(bytes, 1 << 20);
  check(await isSigned(await importKey(root), sign1));
  const list = decode(sign1.payload, 1 << 20);
  check(/^\[(\d+,){3}\[/.test(shape(list)) && list.length === 4);
  const [number, issued, notAfter, rows] = list;
  const entries = [];
  let last = [];
  for (const row of rows) {
    check(Array.isArray(row) && row.length > 1 && row.length <= FIELDS.length && row.at(-1) !== null);
    const entry = {};
    for (const [n, [name, [form, otherwise]]] of FIELDS.entries()) {
      entry[name] = row[n] ?? otherwise;
      check(n > 1 && row[n] == null || form.test(shape(row[n])));
    }
    const place = [...entry.kid, ...entry.key];
    check(compare(place, last) > 0);
    last = place;
    entries.push({ ...entry, imported: await importKey(entry.key) });
  }
  return { number, issued, notAfter, entries };
}

/** The stub in a fragment, "#s=..."; null for any other. Malformed where it is not a stub's one spelling. */
export function fromFragment(fragment) {
  if (!fragment.startsWith("#s=")) return null;
  const isBase32 = fragment[3] === "2", width = isBase32 ? 5 : 6; // as the byte d2 begins; in base64url, with "0"
  const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const letters = capitals + (isBase32 ? "234567" : capitals.toLowerCase() + "0123456789-_");
  const digits = (letter) => letters.indexOf(letter).toString(2).padStart(width, "0");
  const bits = fragment.slice(3).replace(/[^]/g, digits);
  check(/^1101001010000100([01]{8})*0*$/.test(bits) && bits.length % 8 < width && bits.length < 8 * 4097);
  return Uint8Array.from(bits.match(/.{8}/g), (byte) => parseInt(byte, 2));
}

/** All answers but the chain's; the stub is null where there is none. */
async function judge([slot, bytes], trust, now, { kind, id, link }) {
  const no = "not_checked", stub = stubOf(bytes), integrity = bytes.length ? "malformed" : "unsigned";
  const verdict = { integrity, key: "unknown", binding: no, chain: no, evidence: "not_stated", link: no };
  if (!stub) return { slot, stub, verdict };
  const { product, carrier, evidence } = stub;
  const entries = trust?.entries.filter(({ kid }) => !compare(kid, stub.kid)) ?? [];
  const signed = await Promise.all(entries.map((entry) => isSigned(entry.imported, stub)));
  const signer = entries[signed.indexOf(true)], entry = signer ?? entries[0];
  verdict.integrity = signer ? "valid" : entry ? "bad_signature" : no;
  if (entry) verdict.key = keyState(entry, stub, trust.notAfter, now);
  const match = (same) => (same ? "match" : same === null ? no : "mismatch");
  const isHere = kind == null || id == null ? null : carrier?.[0] === kind && !compare(carrier[1], id);
  verdict.binding = carrier ? match(isHere) : "not_bound";
  verdict.evidence = EVIDENCE[evidence] ?? verdict.evidence;
  verdict.link = match(link == null ? null : linkNames(link, product));
  return { slot, stub, verdict };
}

function keyState({ roles, validFrom, validTo, revokedSince, gtinPrefixes }, { product, issuedAt }, notAfter, now) {
  const latest = Math.max(now, issuedAt); // a clock may not be set
  if (revokedSince <= latest) return "revoked";
  if (latest < validFrom) return "not_yet_valid";
  if (issuedAt > validTo) return "expired";
  const gtin13 = product[0] ? "" : gtin14(product[1]).slice(1);
  const covers = !gtinPrefixes.length || gtinPrefixes.some((prefix) => gtin13.startsWith(prefix));
  if (!covers || !roles.includes("issuer")) return "wrong_role";
  return now > notAfter ? "expired_list" : "trusted";
}

async function chain({ bytes, product, carrier, seq, prev }, before, knownSeq) {
  if (knownSeq != null && seq < knownSeq) return "behind";
  // One history: of one product on one carrier; a GS1 batch counts where both state it
  const batch = before?.product.length === product.length ? 2 : 0;
  const whose = (item, tag) => JSON.stringify([item[0], item[1], item[batch], item.at(-1), tag]);
  if (!before || !compare(before.bytes, bytes)
    || whose(before.product, before.carrier) !== whose(product, carrier)) return seq ? "not_checked" : "first";
  if (seq < before.seq) return "behind";
  if (seq > before.seq + 1) return "gap";
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", before.bytes));
  return seq === before.seq || compare(prev, hash.slice(0, 16)) ? "fork" : "follows";
}

// What may stand in a stub (edge/stub.py) and in a row of the trust list (edge/trust.py)

/** A value in CBOR's diagnostic notation (RFC 8949, 8), but bytes as b and their size, and n behind a bigint. */
function shape(value) {
  if (value instanceof Uint8Array) return `b${value.length}`;
  if (Array.isArray(value)) return `[${value.map(shape)}]`;
  if (value instanceof Map) return `{${[...value].map((entry) => entry.map(shape).join(":"))}}`;
  if (value?.tag !== undefined) return `${value.tag}(${shape(value.value)})`;
  return typeof value === "bigint" ? `${value}n` : JSON.stringify(value);
}

const CLAIMS = Object.entries({
  version: /^1$/,
  product:
    /^\[(0,(2[4-9]|[3-9]\d|\d{3,14})(,"([!%-?A-Z_a-z]|\\"){1,20}"){1,2}|([13],"|2,"(?=did:))([!#-[\]-~]|\\["\\]){1,255}")\]$/,
  granularity: /^[01]$/,
  digest: /^b32$/,
  issuedAt: /^\d+$/,
  seq: /^\d+$/,
  prev: /^b16$/,
  carrier: /^\[(1,b([478]|10)|2,b([4-9]|[1-5]\d|6[0-4]))\]$/,
  operator: /^"([^\\\x7f]|\\["\\])+"$/,
  status: /^[123]$/,
  step: /^[0-7]$/,
  totals: /^\{((1[0-4]|2[12]|31|4[1-6]|5[1-4]):\d+,?)+\}$/,
  sector: /^\[\d+,\{/,
  parts: /^\[[1-9]\d*,b16\]$/,
  restricted: /^b16$/,
  evidence: /^[012]$/,
}); // by key

const NAME = /^"([^"\\]|\\(u.{4}|[^u])){1,255}"$/u;
/** With their defaults. */
const FIELDS = Object.entries({
  kid: [/^b8$/],
  key: [/^b(32|64)$/],
  operator: [NAME, ""],
  roles: [/^(?!\["issuer"\]$)\[("([^"\\]|\\(u.{4}|[^u])){1,255}",?)+\]$/u, ["issuer"]],
  validFrom: [/^[1-9]\d*$/, 0],
  validTo: [/^\d+$/, Infinity],
  revokedSince: [/^\d+$/, Infinity],
  gtinPrefixes: [/^\[("\d{1,13}",?)+\]$/, []],
  jurisdiction: [NAME, ""],
});

/** {bytes, claims, and both it and its claims in parts}; null where edge/stub.py would not have written these bytes. */
const stubOf = (bytes) => unlessMalformed(() => {
  const sign1 = parse(bytes ?? [], 4096), claims = decode(sign1.payload, 4096);
  check(sign1.kid.length === 8 && claims instanceof Map);
  const stub = { ...sign1, bytes, claims };
  for (const [key, value] of claims) {
    const [name, form] = CLAIMS[key] ?? [key, /^/];
    check(/^([1-5]?\d|6[0-3])$/.test(shape(key)) && form.test(shape(value)));
    stub[name] = value;
  }
  const { version, product, issuedAt, seq, prev, operator, sector } = stub;
  check(version && product && (product[0] > 1 || (product[0] ? LINK.test(product[1]) : isGtin(product[1]))));
  check(issuedAt <= 253402300799 && (prev ? seq > 0 : seq === 0)); // till the year 9999
  check(!operator || ENCODER.encode(operator).length < 256);
  check(!sector || (sector.length === 2 && [...sector[1].keys()].every((key) => /^-?\d/.test(shape(key)))));
  return stub;
});

// COSE_Sign1 and its signatures

const ENCODER = new TextEncoder();

/** A tagged Sign1 with alg and kid, protected, and no other header; signed: its Sig_structure (RFC 9052, 4.4). */
function parse(data, ceiling) {
  const body = decode(data, ceiling);
  check(/^18\(\[b\d+,\{\},b\d+,b64\]\)$/.test(shape(body)));
  const [head, , payload, signature] = body.value;
  const headers = decode(head, 4096);
  check(/^\{1:-(8|9|19),4:b\d+\}$/.test(shape(headers)));
  const end = head.byteOffset - data.byteOffset + head.length;
  const signed = [0x84, 0x6a, ...ENCODER.encode("Signature1"), ...data.slice(2, end), 0x40, ...data.slice(end + 1, -66)];
  return { alg: headers.get(1), kid: headers.get(4), payload, signature, signed: Uint8Array.from(signed) };
}

/** Whether WebCrypto's `key` made a signature; as in edge/ed25519.py, S is reduced and R not of small order. */
export async function isSigned(key, { alg, signature, signed }) {
  const { name } = key.algorithm;
  if ((alg === -9) !== (name === "ECDSA")) return false;
  if (alg !== -9 && (little(signature.slice(32)) >= L || isSmall(signature.slice(0, 32)))) return false;
  return crypto.subtle.verify({ name, hash: "SHA-256" }, key, signature, signed);
}

/** WebCrypto's key of 32 bytes (Ed25519) or 64 (P-256); Malformed where edge/trust.py calls it not sound. */
export async function importKey(key) {
  const imported = (raw, algorithm) => crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
  if (key.length === 64) {
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    return imported(Uint8Array.of(4, ...key), curve).catch(() => check(false));
  }
  check(key.length === 32 && !isSmall(key));
  const yy = (little(key) & MASK) ** 2n; // is x^2 = u / v, or u v as well, a square?
  check(power((yy - 1n) * (121666n - 121665n * yy) * 121666n, (P - 1n) / 2n) === 1n);
  return imported(key, "Ed25519");
}

// edwards25519 (RFC 8032, 5.1); d = -121665 / 121666
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const MASK = 2n ** 255n - 1n; // all but the sign of x
const big = (bytes) => bytes.reduce((value, byte) => value << 8n | BigInt(byte), 0n);
const little = (bytes) => big(bytes.slice().reverse());
const power = (base, n) => (n ? power(base * base % P, n >> 1n) * (n & 1n ? base : 1n) % P : 1n);

/** Not canonical, or of order 1, 2 (y^2 = 1), 4 (y = 0) or 8 (d y^4 + 2 y^2 = 1). */
function isSmall(point) {
  const y = little(point) & MASK, yy = y * y;
  return y >= P || yy * (yy - 1n) * (121665n * yy * yy - 243332n * yy + 121666n) % P === 0n;
}

// CBOR

/** The one item: number (a bigint beyond 2^53), Uint8Array, string, boolean, null, array, Map or {tag, value}. */
export function decode(data, ceiling) {
  let at = 0;
  const take = (size) => {
    check(size <= data.length - at);
    at += size;
    return data.subarray(at - size, at);
  };
  const item = (depth) => {
    const [head] = take(1);
    const major = head >> 5, low = head & 31;
    if (major === 7) {
      check(head >= 0xf4 && head <= 0xf6); // no float, no undefined
      return [false, true, null][head - 0xf4];
    }
    check(low < 28); // no indefinite length
    const large = low > 23 ? big(take(1 << low - 24)) : BigInt(low);
    check(low < 24 || large >= [24, 256, 65536, 2 ** 32][low - 24]);
    const size = large <= Number.MAX_SAFE_INTEGER ? Number(large) : large;
    if (major === 0) return size;
    if (major === 1) return size === large ? -1n - size : -1 - size;
    if (major === 2) return take(size);
    if (major === 3) return utf8(take(size));
    check(depth > 0);
    if (major === 6) return { tag: size, value: item(depth - 1) };
    const isMap = major === 5, items = [];
    for (let n = 0, last = []; n < size; n++) {
      const start = at, first = item(isMap ? 0 : depth - 1), raw = data.subarray(start, at);
      check(!isMap || (raw[0] < 0x80 && compare(raw, last) > 0));
      last = raw;
      items.push(isMap ? [first, item(depth - 1)] : first);
    }
    return isMap ? new Map(items) : items;
  };
  const value = item(8);
  check(at === data.length && at <= ceiling);
  return value;
}

function utf8(bytes) {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  check(!compare(ENCODER.encode(text), bytes));
  return text;
}

/** Below, at or above 0: by the first entry in which two arrays differ, else by their lengths. */
function compare(a, b) {
  const at = [...a].findIndex((value, n) => value !== b[n]);
  return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1);
}

function check(right) {
  if (!right) throw new Malformed("it breaks its standard");
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

const LINK = /^(?=[!#-;=?-[\]_a-z~]*$)(https?|HTTPS?):\/\/[\dA-Za-z.:[\]-]+(\/[^?#]*)?(\?[^#]*)?(#.*)?$/;
const PATH = /^.*\/01\/([^/]*)(?:\/235\/([^/]*)|(?:\/22\/([^/]*))?(?:\/10\/([^/]*))?(?:\/21\/([^/]*))?)$/;
const gtin14 = (gtin) => String(gtin).padStart(14, "0");
const isGtin = (gtin) =>
  [...gtin14(gtin)].reduce((sum, digit, n) => sum + digit * (n % 2 ? 1 : 3), 0) % 10 === 0;

/** Whether a link names the product of a claim; null where the two cannot be compared. */
export function linkNames(link, [scheme, value, ...serials]) {
  if (scheme) return scheme === 1 ? link.split("#")[0] === value.split("#")[0] : null;
  const found = unlessMalformed(() => digitalLink(link));
  const agrees = (said, claimed) => said === undefined || said === claimed;
  return found && found.gtin === gtin14(value) && agrees(found.serial, serials.at(-1))
    && (serials.length < 2 || agrees(found.batch, serials[0]));
}

function digitalLink(uri) {
  const [, , path, query = "?"] = LINK.exec(uri) ?? [];
  const [gtin, tpx, cpv, batch, serial] = (PATH.exec(path) ?? []).slice(1).map(percentDecoded);
  check(uri.length <= 2048 && /^\d{14}$/.test(gtin) && +gtin && isGtin(gtin) && /^[^]{1,28}$/.test(tpx ?? "-"));
  check([cpv, batch, serial].every((each) => /^[!"%-?A-Z_a-z]{1,20}$/.test(each ?? "-")));
  const attributes = new Set();
  for (const part of query.slice(1).split(/[&;]/)) {
    const [name, ...values] = part.split("="), ai = percentDecoded(name);
    check(!/^(01|10|21|22|235)$/.test(ai) || (ai === "10" && tpx !== undefined)); // these stand in the path
    if (!/^\d+$/.test(ai) || !values.length) continue;
    check(percentDecoded(values.join("=")) && !attributes.has(ai) && attributes.size < 32);
    attributes.add(ai);
  }
  return { gtin, batch, serial };
}

function percentDecoded(text) {
  check(!/%(?![\dA-Fa-f]{2})/.test(text));
  return text?.replace(/%(..)/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
}
