import { commits } from "./commits.ts";
import { floods } from "./floods.ts";
import { gates } from "./gates.ts";
import { home } from "./home.ts";
import { keys } from "./keys.ts";
import { records } from "./records.ts";
import { requests } from "./requests.ts";
import type { Family } from "./row.ts";
import { seized } from "./seized.ts";
import { serviceRules } from "./service-rules.ts";
import { transfers } from "./transfers.ts";

/** Everything that is tried, in the order of the scoreboard. */
export const families: readonly Family[] = [
  keys,
  home,
  records,
  transfers,
  commits,
  requests,
  serviceRules,
  floods,
  seized,
  gates,
];
