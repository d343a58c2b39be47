import { acquireLock } from "./home-lock.ts";

// A process that takes a lock, says so, and waits to be killed.
const [folder, name] = process.argv.slice(2);
if (folder === undefined || name === undefined) throw new Error("usage: hold-lock.fixture.ts FOLDER NAME");
await acquireLock({ folder }, name);
process.stdout.write("held\n");
setInterval(() => undefined, 1000);
