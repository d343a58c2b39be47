import type { Admission } from "../admission/admission.ts";
import type { Tickets } from "../admission/tickets.ts";
import type { Blobs } from "../blobs/blobs.ts";
import type { Clock } from "../clock.ts";
import type { Accounts } from "../directory/accounts.ts";
import type { ServiceLimits } from "../service-limits.ts";
import type { DirectoryStore } from "../storage/directory-store.ts";
import type { Nonces } from "./nonces.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { RequestAuthority } from "./request-authority.ts";

/** What the routes work with. */
export interface ApiContext {
  readonly clock: Clock;
  readonly limits: ServiceLimits;
  readonly accounts: Accounts;
  readonly directory: DirectoryStore;
  readonly admission: Admission;
  readonly tickets: Tickets;
  readonly blobs: Blobs;
  readonly nonces: Nonces;
  readonly rates: RateLimiter;
  readonly authority: RequestAuthority;
  readonly log: (line: string) => void;
}
