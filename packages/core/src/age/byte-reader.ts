/** Reads a stream of byte pieces by size or up to a mark, then hands on the rest. */
export class ByteReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #buffer = new Uint8Array(0);
  #start = 0;
  #end = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** What was read ahead and not taken. Valid until the next call. */
  get peeked(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Read ahead by one piece; false at the end of the stream. */
  async more(): Promise<boolean> {
    const next = await this.#iterator.next();
    if (next.done === true) return false;
    this.#append(next.value);
    return true;
  }

  /** Take `length` bytes; fewer at the end of the stream. */
  async take(length: number): Promise<Uint8Array> {
    let isOpen = true;
    while (isOpen && this.#end - this.#start < length) isOpen = await this.more();
    const bytes = this.peeked.slice(0, length);
    this.#start += bytes.length;
    return bytes;
  }

  /** All that was not taken. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (this.#end > this.#start) yield this.peeked;
      for (;;) {
        const next = await this.#iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await this.close();
    }
  }

  /** Let the source go. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  #append(piece: Uint8Array): void {
    const have = this.#end - this.#start;
    if (this.#end + piece.length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(1024, 2 * (have + piece.length)));
      grown.set(this.peeked);
      this.#buffer = grown;
      this.#start = 0;
      this.#end = have;
    }
    this.#buffer.set(piece, this.#end);
    this.#end += piece.length;
  }
}
