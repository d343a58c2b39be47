/** A chunk on its way in. Nothing of it can be seen under its hash before `keep`. */
export interface ChunkWriter {
  /** @param bytes given away: their memory may be freed once they are written */
  write(bytes: Uint8Array): Promise<void>;
  /** Puts what was written under its SHA-256, durable when resolved. A chunk that is there already stays as it is.
   *  @returns whether the bytes had that hash; if not, nothing is kept */
  keep(hash: Uint8Array): Promise<boolean>;
  /** Forgets what was written; does nothing after `keep`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface StoredChunk {
  readonly size: number;
  /** Pieces of bounded size, each in memory of its own that now belongs to the reader. */
  read(): AsyncIterable<Uint8Array>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Chunks of ciphertext by their SHA-256. */
export interface ChunkStore {
  create(): Promise<ChunkWriter>;
  open(hash: Uint8Array): Promise<StoredChunk | undefined>;
  /** Deletes the chunk at once, in the turn of the caller; an unknown one is ignored. */
  remove(hash: Uint8Array): void;
  /** Every chunk's hash, in no order of time. */
  list(): AsyncIterable<Uint8Array>;
}
