import { equalBytes, hexOf, limits } from "@bulla/wire";
import { sha256 } from "../../node-verifier.ts";
import type { KeptRecord, ReadBounds, StreamChange, StreamOutcome, StreamRead, StreamStore } from "../stream-store.ts";
import { Database } from "./database.ts";
import { DayKeys } from "./day-keys.ts";
import { blobOf, nullableNumberOf, numberOf, type Row } from "./row.ts";

/** `content` is the body, masked under the key of its day if it has one; once it is swept, the day is NULL and `content` is the body's SHA-256 (no body has 32 bytes).
 *  So the day index holds only what is still to be swept. */
const migrations = [
  `
  CREATE TABLE streams (
    sid BLOB PRIMARY KEY, length INTEGER NOT NULL, closed INTEGER NOT NULL, allowance INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE records (
    sid BLOB NOT NULL, position INTEGER NOT NULL, record_id BLOB NOT NULL, expiry_day INTEGER, content BLOB NOT NULL,
    PRIMARY KEY (sid, position)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX record_ids ON records (sid, record_id);
  CREATE INDEX record_days ON records (expiry_day) WHERE expiry_day IS NOT NULL;
  `,
] as const;

const hashBytes = 32;

interface StreamState {
  readonly sid: Uint8Array;
  length: number;
  closed: boolean;
  allowance: number;
  changed: boolean;
}

/** Streams in one SQLite file, and the keys of their days in a small one beside it. */
export class SqliteStreamStore implements StreamStore {
  readonly #database: Database;
  readonly #keys: DayKeys;

  constructor(file: string) {
    this.#database = new Database(file, migrations);
    this.#keys = new DayKeys(`${file}.days`);
  }

  async commit(changes: readonly StreamChange[]): Promise<readonly StreamOutcome[]> {
    return this.#database.transaction(() => {
      // One row per stream is written once per group, however many records it got.
      const states = new Map<string, StreamState>();
      const outcomes = changes.map((change) => this.#apply(states, change));
      for (const state of states.values()) if (state.changed) this.#save(state);
      return outcomes;
    });
  }

  async read(sid: Uint8Array, { from, maxRecords, maxBytes, today }: ReadBounds): Promise<StreamRead> {
    const state = this.#load(sid);
    if (state === undefined) return { records: [], length: 0, closed: false };
    const rows = this.#database.all(
      "SELECT record_id, expiry_day, content FROM records WHERE sid = ? AND position >= ? ORDER BY position LIMIT ?",
      sid,
      from,
      maxRecords,
    );
    const records: KeptRecord[] = [];
    let size = 0;
    for (const row of rows) {
      const record = this.#keptRecord(row, today);
      size += record.kind === "record" ? record.body.length : hashBytes;
      if (size > maxBytes && records.length > 0) break;
      records.push(record);
    }
    return { records, length: state.length, closed: state.closed };
  }

  async isOpen(sid: Uint8Array): Promise<boolean> {
    return this.#load(sid) !== undefined;
  }

  async sweep(today: number, max: number): Promise<number> {
    const swept = this.#database.transaction(() => {
      const rows = this.#database.all(
        "SELECT sid, position, expiry_day, content FROM records WHERE expiry_day < ? LIMIT ?",
        today,
        max,
      );
      for (const row of rows) {
        const hash = sha256(this.#plain(row));
        this.#database.run(
          "UPDATE records SET content = ?, expiry_day = NULL WHERE sid = ? AND position = ?",
          hash,
          blobOf(row, "sid"),
          numberOf(row, "position"),
        );
      }
      return rows.length;
    });
    // Their hashes are durable, so nothing needs these keys any more.
    if (swept < max) this.#keys.forgetBefore(today);
    return swept;
  }

  async compact(): Promise<void> {
    this.#database.checkpoint();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database[Symbol.dispose]();
  }

  #apply(states: Map<string, StreamState>, change: StreamChange): StreamOutcome {
    const state = this.#state(states, change.sid);
    if (change.kind === "append") return state === undefined ? { kind: "notOpen" } : this.#append(state, change);
    if (state !== undefined) return { kind: "alreadyOpen" };
    if (change.kind === "openFrom") {
      const closed = this.#state(states, change.closedSid);
      if (closed === undefined || !closed.closed || closed.allowance === 0) return { kind: "notAllowed" };
      closed.allowance--;
      closed.changed = true;
    }
    states.set(hexOf(change.sid), {
      sid: change.sid,
      length: 0,
      closed: false,
      allowance: limits.streamsPerClosedStream,
      changed: true,
    });
    return { kind: "opened" };
  }

  #append(
    state: StreamState,
    { sid, recordId, body, expiryDay, close }: StreamChange & { kind: "append" },
  ): StreamOutcome {
    const known = this.#database.get(
      "SELECT position, expiry_day, content FROM records WHERE sid = ? AND record_id = ?",
      sid,
      recordId,
    );
    if (known !== undefined) {
      const content = this.#plain(known);
      const same = equalBytes(content, content.length === hashBytes ? sha256(body) : body);
      return same ? { kind: "duplicate", position: numberOf(known, "position") } : { kind: "conflict" };
    }
    if (state.closed) return { kind: "closed", length: state.length };
    const position = state.length;
    const content = expiryDay === null ? body : this.#keys.mask(expiryDay, body);
    this.#database.run(
      "INSERT INTO records (sid, position, record_id, expiry_day, content) VALUES (?, ?, ?, ?, ?)",
      sid,
      position,
      recordId,
      expiryDay,
      content,
    );
    state.length++;
    state.closed = close;
    state.changed = true;
    return { kind: "appended", position };
  }

  #state(states: Map<string, StreamState>, sid: Uint8Array): StreamState | undefined {
    const key = hexOf(sid);
    const known = states.get(key) ?? this.#load(sid);
    if (known !== undefined) states.set(key, known);
    return known;
  }

  #load(sid: Uint8Array): StreamState | undefined {
    const row = this.#database.get("SELECT length, closed, allowance FROM streams WHERE sid = ?", sid);
    if (row === undefined) return undefined;
    return {
      sid,
      length: numberOf(row, "length"),
      closed: numberOf(row, "closed") === 1,
      allowance: numberOf(row, "allowance"),
      changed: false,
    };
  }

  #save({ sid, length, closed, allowance }: StreamState): void {
    this.#database.run(
      "INSERT INTO streams (sid, length, closed, allowance) VALUES (?, ?, ?, ?) ON CONFLICT (sid) DO UPDATE SET length = excluded.length, closed = excluded.closed, allowance = excluded.allowance",
      sid,
      length,
      closed ? 1 : 0,
      allowance,
    );
  }

  /** What was given as the body; of a swept record its hash. */
  #plain(row: Row): Uint8Array {
    const day = nullableNumberOf(row, "expiry_day");
    const content = blobOf(row, "content");
    return day === null ? content : this.#keys.unmask(day, content);
  }

  #keptRecord(row: Row, today: number): KeptRecord {
    const recordId = blobOf(row, "record_id");
    const content = this.#plain(row);
    if (content.length === hashBytes) return { kind: "expired", recordId, bodyHash: content };
    const expiryDay = nullableNumberOf(row, "expiry_day");
    return expiryDay !== null && expiryDay < today
      ? { kind: "expired", recordId, bodyHash: sha256(content) }
      : { kind: "record", recordId, body: content };
  }
}
