import { buildAll } from "../build/build-all.ts";
import type { Check } from "./check.ts";

export const builds: Check = {
  sentence: "the programs build, and the service holds nothing that opens",
  findProblems: buildAll,
};
