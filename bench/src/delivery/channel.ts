/** One way to bring a record to subscribers, durable before they have it. */
export interface DeliveryChannel {
  readonly name: string;
  /** Append one record. Resolves once it is acknowledged and every subscriber has it. */
  deliver(record: Uint8Array): Promise<void>;
}

/** Counts arrivals: those that wait are let go when all subscribers have had one more. */
export class Arrivals {
  readonly #subscribers: number;
  #left = 0;
  #waiting = Promise.withResolvers<void>();

  constructor(subscribers: number) {
    this.#subscribers = subscribers;
  }

  /** Before a record is sent. */
  expect(): Promise<void> {
    this.#left = this.#subscribers;
    this.#waiting = Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  /** One subscriber has the whole record. */
  count(): void {
    if (--this.#left === 0) this.#waiting.resolve();
  }
}
