import { fileTwins } from "./twins-files.ts";
import { identityTwins } from "./twins-identity.ts";
import { recordTwins } from "./twins-records.ts";
import { serviceTwins } from "./twins-service.ts";

/** The permissive twins: what the product would be without one of its checks. They exist only here; the product has no switch for any of them. */
export const permissive = { ...identityTwins, ...recordTwins, ...fileTwins, ...serviceTwins } as const;

export type SwapName = keyof typeof permissive;
