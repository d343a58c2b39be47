import { randomBytes } from "node:crypto";
import { BullaError, base64urlOf } from "@bulla/wire";
import type { AdmissionRequest } from "@bulla/wire/api";
import type { Clock } from "../clock.ts";

export const ticketSeconds = 3600;

interface Ticket {
  bytes: number;
  readonly days: number;
  streams: number;
  envelopes: number;
  readonly expiry: number;
}

export type TicketKind = "streams" | "envelopes";

/** Rights that were paid for, in memory only and without a name: nothing links a ticket's use to the account that asked for it. */
export class Tickets {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #tickets = new Map<string, Ticket>();

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  issue({ bytes, days, streams, envelopes }: AdmissionRequest): string {
    this.#forget();
    const ticket = base64urlOf(randomBytes(32));
    this.#tickets.set(ticket, { bytes, days, streams, envelopes, expiry: this.#clock.now() + ticketSeconds * 1000 });
    return ticket;
  }

  /** Takes one stream or envelope from the ticket.
   *  @returns how to give it back when it was not needed after all
   *  @throws BullaError service/forbidden – unknown or old ticket; service/quota – used up */
  spendOne(secret: string, kind: TicketKind): () => void {
    const ticket = this.#find(secret);
    if (ticket[kind] < 1) throw usedUp();
    ticket[kind]--;
    return () => {
      ticket[kind]++;
    };
  }

  /** Takes bytes of a chunk that is to be kept for `days`. Otherwise as `spendOne`. */
  spendBytes(secret: string, bytes: number, days: number): () => void {
    const ticket = this.#find(secret);
    if (days > ticket.days || bytes > ticket.bytes) throw usedUp();
    ticket.bytes -= bytes;
    return () => {
      ticket.bytes += bytes;
    };
  }

  #find(secret: string): Ticket {
    const ticket = this.#tickets.get(secret);
    if (ticket === undefined || ticket.expiry < this.#clock.now())
      throw new BullaError("service/forbidden", "ticket is not valid", { hint: "ask for admission again" });
    return ticket;
  }

  #forget(): void {
    const now = this.#clock.now();
    for (const [secret, { expiry }] of this.#tickets) {
      if (expiry >= now && this.#tickets.size < this.#max) return;
      this.#tickets.delete(secret);
    }
  }
}

const usedUp = (): BullaError =>
  new BullaError("service/quota", "ticket does not cover this", { hint: "ask for admission again" });
