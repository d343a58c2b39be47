import { isBullaError, limits } from "@bulla/wire";
import type { ServiceClient } from "../service/service-client.ts";

const portionBytes = 256 * 1024 * 1024;
/** For what is under way at once. */
const leastBytes = 4 * limits.chunkBytes;

/** The right to put chunks, asked for in portions, and again when it is used up or the service has forgotten it. */
export class UploadTicket {
  readonly #service: ServiceClient;
  readonly #days: number;
  #left: number;
  #current: Promise<Uint8Array> | undefined;

  /** @param wanted bytes that are still to be put, at most */
  constructor(service: ServiceClient, days: number, wanted: number) {
    this.#service = service;
    // One more than needed, because the service's day may already be the next one or still the last.
    this.#days = Math.min(limits.maxLeaseDays, days + 1);
    this.#left = wanted;
  }

  /** Put so many bytes with a ticket; a refused ticket is replaced, twice at most.
   *  @throws BullaError service/quota when the account may put no more */
  async use(bytes: number, put: (ticket: Uint8Array) => Promise<void>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const asked = (this.#current ??= this.#ask());
      const ticket = await asked.catch((error: unknown) => {
        if (this.#current === asked) this.#current = undefined;
        throw error;
      });
      try {
        await put(ticket);
        this.#left -= bytes;
        return;
      } catch (error) {
        if (attempt >= 2 || !(isBullaError(error, "service/quota") || isBullaError(error, "service/forbidden")))
          throw error;
        if (this.#current === asked) this.#current = undefined;
      }
    }
  }

  async #ask(): Promise<Uint8Array> {
    const bytes = Math.max(leastBytes, Math.min(this.#left, portionBytes));
    const { ticket } = await this.#service.requestTicket({ bytes, days: this.#days, streams: 0, envelopes: 0 });
    return ticket;
  }
}
