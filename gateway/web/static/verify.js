/* The verdict on a passport stub, as edge/verify.py gives it, by WebCrypto. */

/** What was read breaks its standard. */
export class Malformed extends Error {}

/** The first row that holds counts. */
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
// Of several stubs' the last counts, of a chain's the first
const INTEGRITY = ["unsigned", "malformed", "bad_signature", "not_checked", "valid"];
const MATCH = { true: "match", false: "mismatch", null: "not_checked" };
const CHAIN = ["fork", "behind", "follows", "gap", "first", "not_checked"];

/** Whether WebCrypto (over https) has Ed25519. */
export const canVerify = () => importKey(new Uint8Array(32).fill(1)).then(() => true, () => false);

/**
 * One stub's {verdict: {integrity, key, binding, chain, evidence, link}, colour, row, claims: Map or null}.
 * now: Unix seconds. asked: kind (1 NFC, 2 RAIN) and id of the tag (none: print), link, previous, knownSeq.
 */
export const verify = (bytes, ...more) => verifyBest([[0, bytes]], ...more);

/** As verify, and the slot, of the current one among [slot, bytes]. */
export async function verifyBest(stubs, trust, now, asked = {}) {
  const judged = await Promise.all([...stubs, [null, []]].map((each) => judge(each, trust, now, asked)));
  const [{ slot, stub, verdict }] = judged.sort((a, b) => compare(b.rank, a.rank));
  if (verdict.integrity === "valid") {
    const valid = judged.map((each) => each.verdict.integrity === "valid" && each.stub);
    const others = [stubOf(asked.previous), ...valid];
    const words = await Promise.all(others.map((other) => chain(stub, other, asked.knownSeq)));
    verdict.chain = CHAIN.find((word) => words.includes(word));
  }
  const answers = { ...verdict, read_from: asked.kind == null ? "code" : "tag" };
  const holds = (condition) => {
    const [question, ...words] = condition.split(/[=/]/);
    return words.includes(answers[question]);
  };
  const [colour, ...row] = COLOURS.find(([, ...conditions]) => conditions.every(holds));
  return { slot, verdict, colour, row: row.join(" "), claims: stub && stub.claims };
}

/** {number, issued, notAfter, entries}; Malformed where edge/trust.py would not take it from this root. */
export async function readTrust(bytes, rootHex) {
  const root = Uint8Array.from(rootHex.match(/../g) ?? [], (hex) => parseInt(hex, 16));
  const sign1 = parse(bytes, 1 << 20);
  check(await isSigned(await importKey(root), sign1));
  const list = decode(sign1.payload, 1 << 20);
  check(/^\[(\d+,){3}\[/.test(shape(list)) && list.length === 4);
  const [number, issued, notAfter, rows] = list, entries = [];
  for (const row of rows) {
    const entry = {}, before = entries.at(-1);
    FIELDS.forEach(([name, [form, usual]], n) => {
      entry[name] = row?.[n] ?? usual;
      check(form.test(shape(row?.[n])) || (n > 1 && row[n] == null));
    });
    check(row.length < 10 && row.at(-1) !== null);
    check(!before || compare([...before.kid, ...before.key], [...entry.kid, ...entry.key]) < 0);
    entries.push({ ...entry, imported: await importKey(entry.key) });
  }
  return { number, issued, notAfter, entries };
}

/** The stub in "#s=...", null in other fragments; Malformed where edge/printed.py would not spell it so. */
export function fromFragment(fragment) {
  if (!fragment.startsWith("#s=")) return null;
  const isBase32 = fragment[3] === "2", width = isBase32 ? 5 : 6; // of d2; base64url: "0"
  const letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + (isBase32 ? "234567" : "abcdefghijklmnopqrstuvwxyz0123456789-_");
  const digits = (letter) => letters.indexOf(letter).toString(2).padStart(width, "0");
  const bits = fragment.slice(3).replace(/[^]/g, digits);
  check(/^1101001010000100([01]{8})*0*$/.test(bits) && bits.length % 8 < width && bits.length < 32776);
  return Uint8Array.from(bits.match(/.{8}/g), (byte) => parseInt(byte, 2));
}

async function judge([slot, bytes], trust, now, { kind, id, link }) {
  const stub = stubOf(bytes);
  const entries = (stub && trust?.entries.filter(({ kid }) => !compare(kid, stub.kid))) ?? [];
  const signed = await Promise.all(entries.map(({ imported }) => isSigned(imported, stub)));
  const signer = entries[signed.indexOf(true)], entry = signer ?? entries[0];
  const level = signer ? 4 : entry ? 2 : stub ? 3 : bytes.length && 1;
  const { product, carrier, evidence } = stub ?? {};
  const isHere = !carrier || kind == null || id == null
    ? null : carrier[0] === kind && !compare(carrier[1], id);
  const verdict = {
    integrity: INTEGRITY[level],
    key: entry ? keyState(entry, stub, trust, now) : "unknown",
    binding: stub && !carrier ? "not_bound" : MATCH[isHere],
    chain: "not_checked",
    evidence: ["self-declared", "second-party", "third-party"][evidence] ?? "not_stated",
    link: MATCH[stub && link != null ? linkNames(link, product) : null],
  };
  return { slot, stub, verdict, rank: [level, isHere !== false, stub?.seq ?? -1] };
}

function keyState(entry, { product, issuedAt }, { notAfter }, now) {
  const latest = Math.max(now, issuedAt); // a clock may not be set
  if (entry.revokedSince <= latest) return "revoked";
  if (latest < entry.validFrom) return "not_yet_valid";
  if (issuedAt > entry.validTo) return "expired";
  const covers = (prefix) => !product[0] && gtin14(product[1]).startsWith(prefix, 1);
  const isCovered = !entry.gtinPrefixes.length || entry.gtinPrefixes.some(covers);
  if (!isCovered || !entry.roles.includes("issuer")) return "wrong_role";
  return now > notAfter ? "expired_list" : "trusted";
}

async function chain(stub, before, knownSeq) {
  const { bytes, product, seq, prev } = stub;
  if (seq < knownSeq) return "behind";
  // One product on one carrier; batches count if both are said
  const batch = before?.product?.length === product.length ? 2 : 0;
  const whose = ({ product: item, carrier }) => JSON.stringify([item[0], item[1], item[batch], item.at(-1), carrier]);
  const isOne = before && compare(before.bytes, bytes) && whose(before) === whose(stub);
  if (!isOne) return seq ? "not_checked" : "first";
  const step = seq - before.seq;
  if (step < 0) return "behind";
  if (step > 1) return "gap";
  const hash = await crypto.subtle.digest("SHA-256", before.bytes);
  return step && !compare(prev, new Uint8Array(hash, 0, 16)) ? "follows" : "fork";
}

/** Diagnostic notation (RFC 8949, 8), but b and size for bytes, n behind large integers. */
function shape(value) {
  if (value instanceof Uint8Array) return `b${value.length}`;
  if (Array.isArray(value)) return `[${value.map(shape)}]`;
  if (value instanceof Map) return `{${[...value].map((entry) => entry.map(shape).join(":"))}}`;
  if (value?.tag !== undefined) return `${value.tag}(${shape(value.value)})`;
  if (typeof value === "string") return `"${value.replaceAll('"', "'")}"`;
  return value + (typeof value === "bigint" ? "n" : "");
}

const CLAIMS = Object.entries({
  version: /^1$/,
  product: /^\[(0,(2[4-9]|[3-9]\d|\d{3,14})(,"[!%-?A-Z_a-z]{1,20}"){1,2}|([13],"|2,"(?=did:))[!#-~]{1,255}")\]$/,
  granularity: /^[01]$/,
  digest: /^b32$/,
  issuedAt: /^\d+$/,
  seq: /^\d+$/,
  prev: /^b16$/,
  carrier: /^\[(1,b([478]|10)|2,b([4-9]|[1-5]\d|6[0-4]))\]$/,
  operator: /^"[^\0-\x1f\x7f]+"$/,
  status: /^[123]$/,
  step: /^[0-7]$/,
  totals: /^\{((1[0-4]|2[12]|31|4[1-6]|5[1-4]):\d+,?)+\}$/,
  sector: /^\[\d+,\{/,
  parts: /^\[[1-9]\d*,b16\]$/,
  restricted: /^b16$/,
  evidence: /^[012]$/,
});
const NAME = /^"[^"]{1,255}"$/u;
const FIELDS = Object.entries({
  kid: [/^b8$/],
  key: [/^b(32|64)$/],
  operator: [NAME, ""], // or else
  roles: [/^(?!\["issuer"\]$)\[("[^"]{1,255}",?)+\]$/u, ["issuer"]],
  validFrom: [/^[1-9]\d*$/, 0],
  validTo: [/^\d+$/, Infinity],
  revokedSince: [/^\d+$/, Infinity],
  gtinPrefixes: [/^\[("\d{1,13}",?)+\]$/, []],
  jurisdiction: [NAME, ""],
});

/** Its parts; null if edge/stub.py would not write it. */
function stubOf(bytes) {
  try {
    const sign1 = parse(bytes ?? [], 4096), claims = decode(sign1.payload, 4096);
    check(sign1.kid.length === 8 && claims instanceof Map);
    const stub = { ...sign1, bytes, claims };
    for (const [key, value] of claims) {
      check(/^([1-5]?\d|6[0-3])$/.test(shape(key)));
      const [name, form] = CLAIMS[key] ?? [key, /^/];
      check(form.test(shape(value)));
      stub[name] = value;
    }
    const { version, product, issuedAt, seq, prev, operator = "", sector = [0, new Map()] } = stub;
    check(version && product && (product[0] > 1 || (product[0] ? LINK.test(product[1]) : isGtin(product[1]))));
    check(issuedAt <= 253402300799 && (prev ? seq > 0 : seq === 0)); // year 9999
    check(ENCODER.encode(operator).length < 256);
    check(sector.length === 2 && [...sector[1].keys()].every((key) => /^-?\d/.test(shape(key))));
    return stub;
  } catch (why) {
    if (why instanceof Malformed) return null;
    throw why;
  }
}

const ENCODER = new TextEncoder();

/** A tagged COSE_Sign1 (RFC 9052) with alg and kid, protected, alone; signed: its Sig_structure. */
function parse(data, ceiling) {
  const body = decode(data, ceiling);
  check(/^18\(\[b\d+,\{\},b\d+,b64\]\)$/.test(shape(body)));
  const [head, , payload, signature] = body.value, headers = decode(head, 4096);
  check(/^\{1:-(8|9|19),4:b\d+\}$/.test(shape(headers)));
  const end = head.byteOffset - data.byteOffset + head.length;
  const begin = [0x84, 0x6a, ...ENCODER.encode("Signature1"), ...data.slice(2, end), 0x40];
  const signed = Uint8Array.from([...begin, ...data.slice(end + 1, -66)]);
  return { alg: headers.get(1), kid: headers.get(4), payload, signature, signed };
}

/** Whether it is the key's, as in edge/ed25519.py: S reduced, R not of small order. */
export async function isSigned(key, { alg, signature, signed }) {
  const { name } = key.algorithm, isEcdsa = alg === -9;
  const isFine = isEcdsa || (big(signature.slice(32).reverse()) < L && isSound(signature.slice(0, 32)));
  if (!isFine || isEcdsa !== (name === "ECDSA")) return false;
  return crypto.subtle.verify({ name, hash: "SHA-256" }, key, signature, signed);
}

/** From 32 bytes (Ed25519) or 64 (P-256); Malformed where edge/trust.py finds it unsound. */
export async function importKey(key) {
  const isP256 = key.length === 64;
  check(isP256 || (key.length === 32 && isSound(key)));
  const [raw, algorithm] = isP256 ? [[4, ...key], { name: "ECDSA", namedCurve: "P-256" }] : [key, "Ed25519"];
  return crypto.subtle.importKey("raw", Uint8Array.from(raw), algorithm, false, ["verify"]).catch(() => check(false));
}

const P = 2n ** 255n - 19n, L = 2n ** 252n + 27742317777372353535851937790883648493n;
const big = (bytes) => bytes.reduce((value, byte) => value << 8n | BigInt(byte), 0n);
const jacobi = (a, n) => a < 2n ? Number(a)
  : a & 1n ? jacobi(n % a, a) * (a & n & 2n ? -1 : 1) : jacobi(a >> 1n, n) * (n + 2n & 4n ? -1 : 1);

/** A point of edwards25519, canonical, not of order 1, 2 (x = 0), 4 (y = 0) or 8 (d y^4 + 2 y^2 = 1). */
function isSound(point) {
  const y = big(point.slice().reverse()) & 2n ** 255n - 1n, yy = y * y;
  const xx = (yy - 1n) * (121666n - 121665n * yy) * 121666n % P + P; // times a square
  const order = yy * (121665n * yy * yy - 243332n * yy + 121666n) % P;
  return y < P && order && jacobi(xx, P) > 0;
}

/** CBOR (RFC 8949, 4.2.1): number, bigint, Uint8Array, string, boolean, null, array, Map, {tag, value}. */
export function decode(data, ceiling) {
  let at = 0;
  const take = (size) => {
    check(size <= data.length - at);
    return data.subarray(at, at += size);
  };
  const item = (depth) => {
    const [head] = take(1), major = head >> 5, low = head & 31;
    if (major === 7) {
      check(head >= 0xf4 && head <= 0xf6);
      return [false, true, null][head - 0xf4];
    }
    const argument = low < 24 ? BigInt(low) : big(take(1 << low - 24));
    check(low < 24 || argument >= [24, 256, 65536, 2 ** 32][low - 24]);
    const exact = major === 1 ? ~argument : argument, size = Number(exact);
    const number = Number.isSafeInteger(size) ? size : exact;
    if (major < 2) return number;
    if (major === 2) return take(size);
    if (major === 3) {
      const bytes = take(size), text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      check(!compare(ENCODER.encode(text), bytes));
      return text;
    }
    check(depth > 0);
    if (major === 6) return { tag: number, value: item(depth - 1) };
    const isMap = major === 5, items = [];
    for (let n = 0, last = []; n < size; n++) {
      const start = at, first = item(isMap ? 0 : depth - 1), key = data.subarray(start, at);
      check(!isMap || (key[0] < 0x80 && compare(key, last) > 0));
      last = key;
      items.push(isMap ? [first, item(depth - 1)] : first);
    }
    return isMap ? new Map(items) : items;
  };
  const value = item(8);
  check(at === data.length && at <= ceiling);
  return value;
}

/** Below, at or above 0: by the first difference, then length. */
function compare(a, b) {
  const at = [...a].findIndex((value, n) => value !== b[n]);
  return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1);
}

function check(right) {
  if (!right) throw new Malformed();
}

const LINK = /^(?=[!#-;=?-[\]_a-z~]*$)(https?|HTTPS?):\/\/[\dA-Za-z.:[\]-]+(\/[^?#]*)?(?:\?([^#]*))?(#.*)?$/;
const PATH = /^.*(\/01\/[^/]*)(?:(\/235\/[^/]*)|(\/22\/[^/]*)?(\/10\/[^/]*)?(\/21\/[^/]*)?)$/;
const gtin14 = (gtin) => String(gtin).padStart(14, "0");
const isGtin = (gtin) => [...gtin14(gtin)].reduce((sum, digit, n) => sum + digit * (n % 2 ? 1 : 3), 0) % 10 === 0;

/** Whether a link names a claim's product, by edge/gs1.py; null if they do not compare. */
export function linkNames(link, [scheme, value, ...serials]) {
  if (scheme) return scheme === 1 ? link.split("#")[0] === value.split("#")[0] : null;
  const [, , path, query = ""] = LINK.exec(link) ?? [], [, ...found] = PATH.exec(path) ?? [];
  const [gtin, tpx, cpv, batch, serial] = found.map((each) => each && unescape(each.split("/")[2]));
  const isEscaped = (text) => !/%(?![\dA-Fa-f]{2})/.test(text);
  const said = new Set();
  const isAttribute = (part) => {
    const [, name, text] = /([^=]*)=?([^]*)/.exec(part), ai = unescape(name);
    if (/^(01|10|21|22|235)$/.test(ai) && (ai !== "10" || tpx === undefined)) return false; // in the path
    if (!/^\d+$/.test(ai) || name === part) return isEscaped(name);
    return said.size < said.add(ai).size && said.size < 33 && text && isEscaped(part);
  };
  const isLink = link.length < 2049 && found.every(isEscaped) && /^\d{14}$/.test(gtin) && +gtin && isGtin(gtin)
    && /^[^]{1,28}$/.test(tpx ?? "-") && [cpv, batch, serial].every((each = "-") => /^[!"%-?A-Z_a-z]{1,20}$/.test(each))
    && query.split(/[&;]/).every(isAttribute);
  if (!isLink) return null;
  const agrees = (read, claimed) => read === undefined || read === claimed;
  return gtin === gtin14(value) && agrees(serial, serials.at(-1)) && (serials.length < 2 || agrees(batch, serials[0]));
}
