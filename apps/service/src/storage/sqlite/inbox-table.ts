import type { DeviceAddress, StoredEnvelope } from "../directory-store.ts";
import type { Database } from "./database.ts";
import type { DayKeys } from "./day-keys.ts";
import { blobOf, numberOf } from "./row.ts";

export function postEnvelope(
  database: Database,
  keys: DayKeys,
  { name, deviceId }: DeviceAddress,
  envelope: Uint8Array,
  expiryDay: number,
  maxWaiting: number,
): "posted" | "full" {
  return database.transaction(() => {
    const waiting = database.get(
      "SELECT count(*) AS waiting FROM envelopes WHERE name = ? AND device_id = ?",
      name,
      deviceId,
    );
    if (numberOf(waiting ?? {}, "waiting") >= maxWaiting) return "full";
    const inbox = database.get("SELECT next_position FROM inboxes WHERE name = ? AND device_id = ?", name, deviceId);
    const position = inbox === undefined ? 0 : numberOf(inbox, "next_position");
    database.run(
      "INSERT OR REPLACE INTO inboxes (name, device_id, next_position) VALUES (?, ?, ?)",
      name,
      deviceId,
      position + 1,
    );
    database.run(
      "INSERT INTO envelopes (name, device_id, position, expiry_day, envelope) VALUES (?, ?, ?, ?, ?)",
      name,
      deviceId,
      position,
      expiryDay,
      keys.mask(expiryDay, envelope),
    );
    return "posted";
  });
}

export function readEnvelopes(
  database: Database,
  keys: DayKeys,
  { name, deviceId }: DeviceAddress,
  from: number,
  max: number,
  today: number,
): { readonly envelopes: readonly StoredEnvelope[]; readonly more: boolean } {
  const rows = database.all(
    "SELECT position, expiry_day, envelope FROM envelopes WHERE name = ? AND device_id = ? AND position >= ? AND expiry_day >= ? ORDER BY position LIMIT ?",
    name,
    deviceId,
    from,
    today,
    max + 1,
  );
  const envelopes = rows.slice(0, max).map((row) => ({
    position: numberOf(row, "position"),
    envelope: keys.unmask(numberOf(row, "expiry_day"), blobOf(row, "envelope")),
  }));
  return { envelopes, more: rows.length > max };
}

export function acknowledgeEnvelopes(database: Database, { name, deviceId }: DeviceAddress, through: number): void {
  database.transaction(() =>
    database.run("DELETE FROM envelopes WHERE name = ? AND device_id = ? AND position <= ?", name, deviceId, through),
  );
}

export function changeCapabilities(
  database: Database,
  { name, deviceId }: DeviceAddress,
  { add, remove }: { readonly add: readonly Uint8Array[]; readonly remove: readonly Uint8Array[] },
  max: number,
): "changed" | "full" {
  const full = new Error("full");
  try {
    return database.transaction(() => {
      for (const hash of remove)
        database.run("DELETE FROM capabilities WHERE name = ? AND device_id = ? AND hash = ?", name, deviceId, hash);
      for (const hash of add)
        database.run(
          "INSERT OR IGNORE INTO capabilities (name, device_id, hash) VALUES (?, ?, ?)",
          name,
          deviceId,
          hash,
        );
      const count = database.get(
        "SELECT count(*) AS held FROM capabilities WHERE name = ? AND device_id = ?",
        name,
        deviceId,
      );
      // Thrown to undo what this transaction did.
      if (add.length > 0 && numberOf(count ?? {}, "held") > max) throw full;
      return "changed";
    });
  } catch (error) {
    if (error === full) return "full";
    throw error;
  }
}

export function hasCapability(database: Database, { name, deviceId }: DeviceAddress, hash: Uint8Array): boolean {
  return (
    database.get("SELECT 1 FROM capabilities WHERE name = ? AND device_id = ? AND hash = ?", name, deviceId, hash) !==
    undefined
  );
}
