import type { SQLOutputValue } from "node:sqlite";
import { InternalError } from "@bulla/wire";

/** One row as SQLite answers it. The readers below are its decoder: a column of another type is a broken assumption of ours. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

export function blobOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new InternalError(`column ${column} holds no bytes`);
  return value;
}

export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new InternalError(`column ${column} holds no number`);
  return value;
}

export function nullableNumberOf(row: Row, column: string): number | null {
  return row[column] === null ? null : numberOf(row, column);
}
