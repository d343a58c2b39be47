import { buildCli } from "./build-cli.ts";
import { buildService } from "./build-service.ts";

/** Build what people run: the service and the `bulla` command. Files that did not change are left alone; the others are
 *  replaced in one step each, so a program that is running keeps working.
 *  @returns what is wrong, one sentence each; empty when all is well */
export async function buildAll(root: string): Promise<readonly string[]> {
  const problems = await Promise.all([buildService(root), buildCli(root)]);
  return problems.flat();
}
