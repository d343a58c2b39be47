import { equalBytes, hexOf } from "@bulla/wire";
import type { OuterRecord } from "../outer-record.ts";
import type { StoredEntry } from "../read-record.ts";
import { digest } from "./present.fixture.ts";

export type Appended = "stored" | "duplicate" | "conflict" | "closed";

/** The service in memory: ordered records per sid, idempotent ids, first close wins. It knows nothing else; tests make it lie by reaching into `streams`. */
export interface BlindService {
  readonly streams: Map<string, { entries: StoredEntry[]; closed: boolean }>;
  append(sid: Uint8Array, record: OuterRecord, close?: boolean): Appended;
  read(sid: Uint8Array, from?: number): { readonly entries: readonly StoredEntry[]; readonly closed: boolean };
  /** Forget the body of one record, as after its day of expiry. */
  expire(sid: Uint8Array, position: number): void;
}

export function createBlindService(): BlindService {
  const streams: BlindService["streams"] = new Map();
  const at = (sid: Uint8Array): { entries: StoredEntry[]; closed: boolean } => {
    const known = streams.get(hexOf(sid)) ?? { entries: [], closed: false };
    streams.set(hexOf(sid), known);
    return known;
  };
  return {
    streams,
    append(sid, { recordId, body }, close = false) {
      const stream = at(sid);
      const before = stream.entries.find((entry) => equalBytes(entry.recordId, recordId));
      if (before !== undefined)
        return before.kind === "record" && !equalBytes(before.body, body) ? "conflict" : "duplicate";
      if (stream.closed) return "closed";
      stream.entries.push({ kind: "record", recordId, body });
      stream.closed = close;
      return "stored";
    },
    read(sid, from = 0) {
      const { entries, closed } = at(sid);
      return { entries: entries.slice(from), closed };
    },
    expire(sid, position) {
      const stream = at(sid);
      stream.entries = stream.entries.map((entry, index) =>
        index === position && entry.kind === "record"
          ? { kind: "expired", recordId: entry.recordId, bodyHash: digest(entry.body) }
          : entry,
      );
    },
  };
}
