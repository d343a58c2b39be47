// npm run verify: everything that can be said about the code without running it.
import { root } from "./project.mjs";
import { runChecks } from "./verify/run-checks.ts";

const { failed } = await runChecks(root, (line) => process.stdout.write(`${line}\n`));
process.exitCode = failed === 0 ? 0 : 1;
