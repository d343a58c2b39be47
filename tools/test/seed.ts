// Every property of a run begins with the seed that SEED names, so that what was found can be found again.
import { configureGlobal } from "fast-check";

const seed = process.env["SEED"];
if (seed !== undefined) configureGlobal({ seed: Number(seed) });
