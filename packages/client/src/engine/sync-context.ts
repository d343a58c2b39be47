import type { Account } from "./account.ts";
import type { ChainShelf } from "./chain-shelf.ts";
import type { Services } from "./services.ts";
import type { MailHandler } from "./space-mail.ts";

/** What everything that moves a space works with. */
export interface SyncContext {
  readonly account: Account;
  readonly services: Services;
  readonly chains: ChainShelf;
  readonly handlers: readonly MailHandler[];
}
