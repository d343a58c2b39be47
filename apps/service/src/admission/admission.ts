import { BullaError } from "@bulla/wire";
import type { AdmissionRequest } from "@bulla/wire/api";
import { type Clock, today } from "../clock.ts";
import type { Quota } from "../service-limits.ts";
import type { CounterStore, Usage } from "../storage/counter-store.ts";
import type { Tickets } from "./tickets.ts";

/** Who may open a stream, put a chunk or write to a stranger. A port: blind vouchers can stand here later. */
export interface Admission {
  /** @returns a ticket for exactly what was asked
   *  @throws BullaError service/quota */
  admit(name: string, request: AdmissionRequest): Promise<string>;
  /** Writes down what was counted. */
  flush(): Promise<void>;
}

/** Counts per account against a quota; what was granted is not given back. Counters are written by timer, never together with what they paid for. */
export class CountingAdmission implements Admission {
  readonly #store: CounterStore;
  readonly #tickets: Tickets;
  readonly #quota: Quota;
  readonly #clock: Clock;
  /** Exact, of accounts seen since the start. */
  readonly #usages = new Map<string, Usage>();
  readonly #unsaved = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: CounterStore, tickets: Tickets, quota: Quota, clock: Clock) {
    this.#store = store;
    this.#tickets = tickets;
    this.#quota = quota;
    this.#clock = clock;
  }

  admit(name: string, request: AdmissionRequest): Promise<string> {
    return this.#inTurn(async () => {
      const before = this.#current(this.#usages.get(name) ?? (await this.#store.load(name)));
      this.#usages.set(name, this.#charge(before, request));
      this.#unsaved.add(name);
      return this.#tickets.issue(request);
    });
  }

  flush(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#unsaved.size === 0) return;
      await this.#store.save(
        new Map([...this.#usages].flatMap(([name, usage]) => (this.#unsaved.has(name) ? [[name, coarse(usage)]] : []))),
      );
      this.#unsaved.clear();
      await this.#store.sweep(today(this.#clock) - 2 * this.#quota.days);
    });
  }

  /** One after the other, so that two requests at once cannot both see the old number. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => undefined);
    return run;
  }

  #charge(usage: Usage, request: AdmissionRequest): Usage {
    const next: Usage = {
      sinceDay: usage.sinceDay,
      byteDays: usage.byteDays + request.bytes * request.days,
      streams: usage.streams + request.streams,
      envelopes: usage.envelopes + request.envelopes,
    };
    if (
      next.byteDays > this.#quota.byteDays ||
      next.streams > this.#quota.streams ||
      next.envelopes > this.#quota.envelopes
    ) {
      throw new BullaError("service/quota", "the account's quota on this service is used up", {
        hint: `wait, or ask whoever runs the service; it is counted over ${this.#quota.days} days`,
      });
    }
    return next;
  }

  #current(usage: Usage | undefined): Usage {
    const day = today(this.#clock);
    if (usage === undefined || day >= usage.sinceDay + this.#quota.days)
      return { sinceDay: day, byteDays: 0, streams: 0, envelopes: 0 };
    // A clock that ran ahead must not make the days of a quota longer.
    return { ...usage, sinceDay: Math.min(usage.sinceDay, day) };
  }
}

/** 16 GiB for a day. An exact sum, on the disk of a quiet service, could be matched to the chunks that it paid for. */
const storedStep = 2 ** 34;

function coarse(usage: Usage): Usage {
  return { ...usage, byteDays: Math.ceil(usage.byteDays / storedStep) * storedStep };
}
