import { sha256 } from "../../node-verifier.ts";
import type { ClaimedPackage, DeviceAddress, PackageUpload, PoolCount } from "../directory-store.ts";
import type { Database } from "./database.ts";
import { blobOf, numberOf } from "./row.ts";

/** KeyPackages are short-lived by their own lifetime; what was spent longer ago than this cannot come back. */
const rememberSpentDays = 180;

export function addKeyPackages(
  database: Database,
  device: DeviceAddress,
  { keyPackages, lastResort, today, maxRemaining }: PackageUpload,
): PoolCount | "full" {
  const { name, deviceId } = device;
  return database.transaction(() => {
    const fresh = new Map(
      keyPackages.map((keyPackage) => [Buffer.from(sha256(keyPackage)).toString("hex"), keyPackage]),
    );
    for (const hash of fresh.keys()) {
      const key = Buffer.from(hash, "hex");
      const spent = database.get(
        "SELECT 1 FROM spent_packages WHERE name = ? AND device_id = ? AND hash = ?",
        name,
        deviceId,
        key,
      );
      const held = database.get(
        "SELECT 1 FROM key_packages WHERE name = ? AND device_id = ? AND hash = ?",
        name,
        deviceId,
        key,
      );
      if (spent !== undefined || held !== undefined) fresh.delete(hash);
    }
    if (poolCount(database, device).remaining + fresh.size > maxRemaining) return "full";
    for (const [hash, keyPackage] of fresh) {
      database.run(
        "INSERT INTO key_packages (name, device_id, hash, key_package) VALUES (?, ?, ?, ?)",
        name,
        deviceId,
        Buffer.from(hash, "hex"),
        keyPackage,
      );
    }
    if (lastResort !== null) {
      database.run(
        "INSERT OR REPLACE INTO last_resorts (name, device_id, key_package, day) VALUES (?, ?, ?, ?)",
        name,
        deviceId,
        lastResort,
        today,
      );
    }
    return poolCount(database, device);
  });
}

export function poolCount(database: Database, { name, deviceId }: DeviceAddress): PoolCount {
  const count = database.get(
    "SELECT count(*) AS remaining FROM key_packages WHERE name = ? AND device_id = ?",
    name,
    deviceId,
  );
  const last = database.get("SELECT day FROM last_resorts WHERE name = ? AND device_id = ?", name, deviceId);
  return {
    remaining: numberOf(count ?? {}, "remaining"),
    lastResortDay: last === undefined ? null : numberOf(last, "day"),
  };
}

export function claimPackages(
  database: Database,
  name: string,
  deviceIds: readonly Uint8Array[],
  today: number,
): readonly ClaimedPackage[] {
  return database.transaction(() => deviceIds.flatMap((deviceId) => claimOne(database, { name, deviceId }, today)));
}

export function forgetSpentPackages(database: Database, today: number): void {
  database.run("DELETE FROM spent_packages WHERE day < ?", today - rememberSpentDays);
}

function claimOne(database: Database, { name, deviceId }: DeviceAddress, today: number): readonly ClaimedPackage[] {
  const row = database.get(
    "SELECT hash, key_package FROM key_packages WHERE name = ? AND device_id = ? ORDER BY hash LIMIT 1",
    name,
    deviceId,
  );
  if (row !== undefined) {
    const hash = blobOf(row, "hash");
    database.run("DELETE FROM key_packages WHERE name = ? AND device_id = ? AND hash = ?", name, deviceId, hash);
    database.run(
      "INSERT INTO spent_packages (name, device_id, hash, day) VALUES (?, ?, ?, ?)",
      name,
      deviceId,
      hash,
      today,
    );
    return [{ deviceId, keyPackage: blobOf(row, "key_package"), lastResort: false }];
  }
  const last = database.get("SELECT key_package FROM last_resorts WHERE name = ? AND device_id = ?", name, deviceId);
  return last === undefined ? [] : [{ deviceId, keyPackage: blobOf(last, "key_package"), lastResort: true }];
}
