/*
 * The page's verifier, asked from outside, by node and by a browser alike: `answer` takes one question and tells the
 * answer in JSON's terms. Bytes are hex in a question; in an answer, what JSON has no word for is {"hex"}, {"int"} or
 * {"map"}. Trust lists that were read are kept under their names.
 */

import * as page from "../../../gateway/web/static/verify.js";

const lists = new Map([[null, null]]);
const bytes = (hex) => (hex === null ? null : Uint8Array.from(hex.match(/../g) ?? [], (two) => parseInt(two, 16)));
const asked = ({ kind, id, link, previous, known_seq: knownSeq }) =>
  ({ kind, id: bytes(id), link, previous: bytes(previous), knownSeq });

const ACTS = {
  /** {name, data, root}: the list, its entries as rows. */
  trust: async ({ name, data, root }) => {
    const found = await page.readTrust(bytes(data), root);
    lists.set(name, found);
    return { ...found, entries: found.entries.map(({ imported, ...entry }) => Object.values(entry)) };
  },
  /** {stub, trust, now, ...}: the answer on one stub. */
  verify: async (it) => page.verify(bytes(it.stub), lists.get(it.trust), it.now, asked(it)),
  /** {stubs: [[slot, stub]], trust, now, ...}: the answer on the current one. */
  best: async (it) => {
    const stubs = it.stubs.map(([slot, stub]) => [slot, bytes(stub)]);
    return page.verifyBest(stubs, lists.get(it.trust), it.now, asked(it));
  },
  fragment: async ({ text }) => page.fromFragment(text),
  can: async () => page.canVerify(),
  names: async ({ link, product }) => page.linkNames(link, product),
  cbor: async ({ data }) => page.decode(bytes(data), 4096),
  signature: async ({ key, alg, message, signature }) => {
    const imported = await page.importKey(bytes(key));
    return page.isSigned(imported, { alg, signed: bytes(message), signature: bytes(signature) });
  },
  /** As verify, `times` times: milliseconds each. */
  time: async (it) => {
    const begin = performance.now();
    for (let n = 0; n < it.times; n++) await ACTS.verify(it);
    return (performance.now() - begin) / it.times;
  },
};

/** {is: what the act named by question.do answers}, or {malformed: true}. */
export async function answer(question) {
  try {
    return { is: plain(await ACTS[question.do](question)) };
  } catch (why) {
    if (why instanceof page.Malformed) return { malformed: true };
    throw why;
  }
}

function plain(value) {
  if (value instanceof Uint8Array) {
    return { hex: [...value].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
  }
  if (value instanceof Map) return { map: [...value].map((entry) => entry.map(plain)) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "bigint") return { int: String(value) };
  if (value === Infinity) return null;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
