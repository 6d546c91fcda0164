/*
 * A tag by Web NFC: its slots as edge/slots.py writes them, its link, its UID. The UID serves the check alone.
 */

const MAGIC = [0x54, 0x57, 0x01]; // "TW", version 1
const PAGE = 4; // bytes
const TROUBLES = {
  NotAllowedError: "refused",
  NotSupportedError: "off",
  NotReadableError: "off",
};

/**
 * Put a button into `place` that reads tags until the page is left.
 *
 * text: of a key. judge: given [slot, stub] of each slot, link and UID (both may be null), shows the verdict.
 */
export function offer(place, text, judge) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text("tap.read");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  const say = (key) => { status.textContent = key && text(`tap.${key}`); };
  place.append(button, status);
  place.hidden = false;

  let reader = null;
  // Once it reads it goes on: where it ended with the tag still there, Android would open the tag's link
  const read = async () => {
    reader = new NDEFReader();
    reader.addEventListener("readingerror", () => say("failed"));
    reader.addEventListener("reading", async ({ serialNumber, message }) => {
      say("checking");
      const { link, stubs, holds } = contentOf(message.records);
      await judge(stubs, link, uidOf(serialNumber));
      say(holds);
    });
    try {
      await reader.scan();
    } catch (why) {
      reader = null;
      say(TROUBLES[why.name] ?? "failed");
      return;
    }
    say("hold");
  };
  button.onclick = () => (reader ? say("hold") : read());
}

/** What stands on a tag: its link or null, its stubs, and what is to be said of it: a key of texts, or "". */
export function contentOf(records) {
  const [first, ours] = records;
  const link = first?.recordType === "url" ? new TextDecoder().decode(first.data) : null;
  // Of any external or media type: a line may have its own
  const isOurs = records.length === 2 && link !== null && /:|^mime$/.test(ours.recordType) && ours.data;
  if (!isOurs) return { link, stubs: [], holds: "nothing" };
  const payload = new Uint8Array(ours.data.buffer, ours.data.byteOffset, ours.data.byteLength);
  const stubs = stubsOf(payload);
  if (stubs) return { link, stubs, holds: stubs.length ? "" : "nothing" };
  return { link, stubs: [], holds: payload[0] === 0x84 ? "mini" : "nothing" };
}

/** [slot, stub] of each slot that holds one, or holds what is none; null where there are no slots. */
function stubsOf(payload) {
  const count = payload[MAGIC.length];
  const start = PAGE + PAGE * count, size = payload.length - start;
  if (MAGIC.some((byte, n) => payload[n] !== byte)) return null;
  if (![1, 2].includes(count) || size <= 0 || size % (PAGE * count)) return null;
  const room = size / count, stubs = [];
  for (let slot = 0; slot < count; slot++) {
    const content = payload.subarray(start + slot * room, start + (slot + 1) * room);
    const stub = stubIn(content);
    if (stub) stubs.push([slot, stub]);
  }
  return stubs;
}

/** The bytes from the slot's start that are framed as a tagged COSE_Sign1; null where they are not whole. */
function stubIn(content) {
  const after = (at) => { // the byte string that begins there
    const head = content[at];
    if (head >= 0x40 && head < 0x58) return at + 1 + head - 0x40;
    if (head === 0x58) return at + 2 + content[at + 1];
    if (head === 0x59) return at + 3 + (content[at + 1] << 8 | content[at + 2]);
    return content.length;
  };
  const headers = after(2);
  if (content[0] !== 0xd2 || content[1] !== 0x84 || content[headers] !== 0xa0) return null;
  const signature = after(headers + 1), end = signature + 66;
  if (content[signature] !== 0x58 || content[signature + 1] !== 0x40 || end > content.length) return null;
  return content.slice(0, end);
}

/** A UID as a stub names it, null where the browser knows none. ISO 15693's comes with its last byte first. */
function uidOf(serialNumber) {
  if (!/^[\da-f]{2}(:[\da-f]{2})+$/i.test(serialNumber)) return null;
  const uid = Uint8Array.from(serialNumber.split(":"), (byte) => parseInt(byte, 16));
  return uid.length === 8 && uid[7] === 0xe0 ? uid.reverse() : uid;
}
