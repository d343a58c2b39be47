import { hexOf, limits } from "@bulla/wire";
import type { KeptRecord, StreamChange, StreamOutcome, StreamRead } from "../storage/stream-store.ts";

/** What many followers of one stream read at the same moment is read once. Kept for one turn of the event loop, or until the streams change. */
export class SharedReads {
  readonly #reads = new Map<string, Promise<StreamRead>>();
  #clearing = false;

  /** @returns the same object to all who ask for the same in one turn */
  take(sid: Uint8Array, from: number, read: () => Promise<StreamRead>): Promise<StreamRead> {
    const key = keyOf(sid, from);
    const known = this.#reads.get(key);
    if (known !== undefined) return known;
    const fresh = read();
    this.#keep(key, fresh);
    return fresh;
  }

  /** The streams changed: what was read before is old, and what was appended need not be read for those who had all that came before it. */
  renew(changes: readonly StreamChange[], outcomes: readonly StreamOutcome[]): void {
    this.#reads.clear();
    for (const [sid, { from, records, closed }] of appendedBySid(changes, outcomes)) {
      const bytes = records.reduce((sum, record) => sum + (record.kind === "record" ? record.body.length : 0), 0);
      if (records.length > limits.maxRecordsPerRead || bytes > limits.maxReadBytes) continue;
      this.#keep(`${sid}/${from}`, Promise.resolve({ records, length: from + records.length, closed }));
    }
  }

  #keep(key: string, read: Promise<StreamRead>): void {
    this.#reads.set(key, read);
    if (this.#clearing) return;
    this.#clearing = true;
    setImmediate(() => {
      this.#clearing = false;
      this.#reads.clear();
    });
  }
}

interface Appended {
  readonly from: number;
  readonly records: KeptRecord[];
  closed: boolean;
}

function appendedBySid(
  changes: readonly StreamChange[],
  outcomes: readonly StreamOutcome[],
): ReadonlyMap<string, Appended> {
  const appended = new Map<string, Appended>();
  for (const [i, change] of changes.entries()) {
    const outcome = outcomes[i];
    if (change.kind !== "append" || outcome?.kind !== "appended") continue;
    const { recordId, body, close } = change;
    const key = hexOf(change.sid);
    const known = appended.get(key) ?? { from: outcome.position, records: [], closed: false };
    appended.set(key, known);
    known.records.push({ kind: "record", recordId, body });
    known.closed = close;
  }
  return appended;
}

function keyOf(sid: Uint8Array, from: number): string {
  return `${hexOf(sid)}/${from}`;
}
