import { BullaError } from "@bulla/wire";

/** The one table: values under their keys. */
export const table = "entries";
const version = 1;

/** @throws BullaError as {@link storeError} */
export async function openDatabase(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, version);
  opening.onupgradeneeded = () => void opening.result.createObjectStore(table);
  const database = await settled(opening);
  // A later version that wants to change the database may: this one fails at its next step.
  database.onversionchange = () => database.close();
  return database;
}

/** @throws BullaError as {@link storeError} */
export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(storeError(request.error));
  });
}

/** Resolves when all of a transaction is kept. Rejects with the browser's own error. */
export function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException("the transaction ended", "AbortError"));
  });
}

/** What the browser's failure means for the store. */
export function storeError(cause: unknown): BullaError {
  const name = cause instanceof DOMException ? cause.name : "";
  if (name === "QuotaExceededError")
    return new BullaError("file/no-space", "the browser gives no more room to this site", { cause });
  if (name === "VersionError")
    return new BullaError("store/unsupported-version", "the store was written by a newer version", { cause });
  return new BullaError("store/corrupt", "the browser cannot read or write the store", { cause });
}
