import { ageFiles } from "./age-files.ts";
import type { BenchCase } from "./bench-case.ts";
import { blobSealing } from "./blob-sealing.ts";
import { cliStart } from "./cli-start.ts";
import { delivery } from "./delivery.ts";
import { endToEnd } from "./end-to-end.ts";
import { smallFiles } from "./small-files.ts";

export const allCases: readonly BenchCase[] = [cliStart, ageFiles, blobSealing, endToEnd, smallFiles, delivery];
