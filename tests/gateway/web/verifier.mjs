/* The page's verifier in node: one question a line of JSON, one answer a line. */

import { createInterface } from "node:readline";
import { answer } from "./verifier_acts.mjs";

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
}
