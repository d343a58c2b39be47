import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BullaError, isHost } from "@bulla/wire";
import { hasCode } from "./objects/fs/durable-file.ts";
import { sqliteCode } from "./storage/sqlite/database.ts";

const BUSY = 5;

/** The folder that one service process owns while it runs. */
export class DataFolder {
  readonly path: string;
  readonly #lock: DatabaseSync;

  /** Makes the folder and takes its lock, which the system frees when the process ends, however it ends.
   *  @throws BullaError store/locked – another process has it; file/unwritable */
  constructor(path: string) {
    this.path = path;
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      this.#lock = new DatabaseSync(join(path, "lock"));
    } catch (cause) {
      throw unwritable(cause);
    }
    try {
      this.#lock.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    } catch (cause) {
      this.#lock.close();
      if (sqliteCode(cause) !== BUSY) throw unwritable(cause);
      throw new BullaError("store/locked", "another service runs on this data folder", {
        cause,
        hint: "stop it first, or choose another folder with --data",
      });
    }
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** The domain of this folder's handles. Once there are handles it cannot change, so a folder serves one domain for ever.
   *  Without `wanted` it is the one that was remembered; a service without a name of its own is `localhost:PORT`.
   *  @throws BullaError service/conflict – the folder served another domain before */
  settleDomain(wanted: string | undefined, port: number): string {
    const remembered = this.#rememberedDomain();
    const local = `localhost:${port}`;
    const domain = wanted ?? (remembered !== undefined && !remembered.startsWith("localhost:") ? remembered : local);
    if (remembered === domain) return domain;
    if (remembered !== undefined) {
      throw new BullaError("service/conflict", `this data folder belongs to ${remembered}, not to ${domain}`, {
        hint: `its handles end in @${remembered}; start with --domain ${remembered} to keep them${remembered.startsWith("localhost:") ? ` (or with --port ${remembered.slice("localhost:".length)})` : ""}, or choose another folder with --data`,
      });
    }
    const temporary = this.file("service.json.new");
    writeFileSync(temporary, `${JSON.stringify({ version: 1, domain })}\n`, { mode: 0o600, flush: true });
    renameSync(temporary, this.file("service.json"));
    return domain;
  }

  [Symbol.dispose](): void {
    if (this.#lock.isOpen) this.#lock.close();
  }

  #rememberedDomain(): string | undefined {
    let text: string;
    try {
      text = readFileSync(this.file("service.json"), "utf8");
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw unwritable(error);
    }
    const domain = domainOf(text);
    if (domain === undefined)
      throw new BullaError("store/corrupt", "service.json of the data folder is damaged", {
        hint: "restore the data folder from a backup",
      });
    return domain;
  }
}

function domainOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const domain: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "domain") : undefined;
    return typeof domain === "string" && isHost(domain) ? domain : undefined;
  } catch {
    return undefined;
  }
}

function unwritable(cause: unknown): BullaError {
  return new BullaError("file/unwritable", "data folder cannot be written", {
    cause,
    hint: "choose a folder that you may write with --data",
  });
}
