import { parseHandle, utf8 } from "@bulla/wire";
import { prepareHome } from "./staged-home.ts";

// A process that begins to make a home, says so, and waits to be killed.
const [folder, handle, service] = process.argv.slice(2);
if (folder === undefined || handle === undefined || service === undefined)
  throw new Error("usage: stage.fixture.ts FOLDER HANDLE SERVICE");
const staged = await prepareHome(folder, { handle: parseHandle(handle), service });
await staged.store.step((step) => step.put("secrets", utf8("made by the killed one")));
process.stdout.write("staged\n");
setInterval(() => undefined, 1000);
