/** Nonces that the service issued and that no request has used yet. Each signs one request. */
export class NoncePool {
  #nonces: string[] = [];

  /** Keep what an answer brought, if it is a nonce. */
  keep(nonce: string | undefined): void {
    if (nonce === undefined || !/^[A-Za-z0-9_-]{1,64}$/.test(nonce) || this.#nonces.length >= maxNonces) return;
    this.#nonces.push(nonce);
  }

  /** The newest, which lives longest. */
  take(): string | undefined {
    return this.#nonces.pop();
  }

  /** When one turned out to be stale, the older ones are as well. */
  clear(): void {
    this.#nonces = [];
  }
}

const maxNonces = 16;
