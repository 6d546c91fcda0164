/*
 * The page's verifier, asked from outside: reads one JSON object a line, answers each with one line.
 *
 * {"do": name, ...} -> what that function of ACTS answers. Bytes are hex; what is beyond JSON is told as {"hex"},
 * {"int"}, {"map"} and {"tag", "value"}. Trust lists that were read are kept under their names.
 */

import { createInterface } from "node:readline";
import * as page from "../../../gateway/web/static/verify.js";

const lists = new Map([[null, null]]);
const bytes = (hex) => (hex === null ? null : Uint8Array.from(Buffer.from(hex, "hex")));
const asked = ({ kind, id, link, previous, known_seq: knownSeq }) =>
  ({ kind, id: bytes(id), link, previous: bytes(previous), knownSeq });

const ACTS = {
  /** {name, data, root}: the list, null where it is malformed. */
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
  /** {link, product} */
  names: async ({ link, product }) => page.linkNames(link, product),
  cbor: async ({ data }) => page.decode(bytes(data), 4096),
  signature: async ({ key, alg, message, signature }) =>
    page.isSigned(await page.importKey(bytes(key)), { alg, signed: bytes(message), signature: bytes(signature) }),
  /** As verify, `times` times: milliseconds each. */
  time: async (it) => {
    const begin = process.hrtime.bigint();
    for (let n = 0; n < it.times; n++) await ACTS.verify(it);
    return Number(process.hrtime.bigint() - begin) / 1e6 / it.times;
  },
};

function plain(value) {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString("hex") };
  if (value instanceof Map) return { map: [...value].map((entry) => entry.map(plain)) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "bigint") return { int: String(value) };
  if (value === Infinity) return null;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const it = JSON.parse(line);
  let answer;
  try {
    answer = { is: plain(await ACTS[it.do](it)) };
  } catch (why) {
    if (!(why instanceof page.Malformed)) throw why;
    answer = { malformed: why.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
