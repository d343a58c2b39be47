import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createService } from "@bulla/service";
import { expect, test } from "vitest";
import { codeBlocks, readText, root } from "./pages.fixture.ts";

const run = promisify(execFile);

/** The commands of the README's first five minutes, in their order, as one script each. */
function scripts(): readonly string[] {
  const text = readText("README.md");
  const [, section = ""] = text.split("## The first five minutes");
  return codeBlocks(section.split("More to try")[0] ?? "", "sh");
}

test("the README's first five minutes work as typed", { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "bulla-readme-"));
  const service = await createService({ dataFolder: join(folder, "service"), port: 0 });
  try {
    const bulla = join(folder, "bulla");
    const program = `'${process.execPath}' --conditions=@bulla/source '${join(root, "apps/cli/src/main.ts")}'`;
    await writeFile(bulla, `#!/bin/sh\nexec ${program} "$@"\n`);
    await chmod(bulla, 0o755);
    const asTyped = (script: string): string =>
      script.replaceAll("node_modules/.bin/bulla", bulla).replaceAll("http://localhost:7400", service.url);
    const shell = async (script: string): Promise<string> => {
      const env = { PATH: process.env["PATH"] ?? "", HOME: folder, LANG: "C.UTF-8", BULLA_HOME: ".data/alice" };
      return (await run("sh", ["-eu", "-c", asTyped(script)], { cwd: folder, env })).stdout;
    };
    const [accounts = "", sending = "", looking = "", ...more] = scripts();
    expect(more).toEqual([]);
    expect(await shell(accounts)).toContain("alice@");
    expect(await shell(sending)).toContain("the packing list");
    const [sent = "", ...receipts] = looking.trim().split("\n");
    const [transfer = ""] = (await shell(sent)).split(/\s/);
    expect(transfer).toMatch(/^[0-9a-f]{32}$/);
    const verified = await shell(receipts.join("\n").replaceAll("TRANSFER", transfer));
    expect(verified).toContain("bob@");
    await expect(shell("echo 'the packing lost' > list.txt\n" + (receipts.at(-1) ?? ""))).rejects.toMatchObject({
      code: 4,
    });
  } finally {
    await service[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
});
