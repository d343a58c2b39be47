import { execFile } from "node:child_process";
import { join } from "node:path";
import { projectNode } from "../project.mjs";

const maxOutputBytes = 64 * 1024 * 1024;

/** Run a program of node_modules that says what is wrong and exits with something else than 0.
 *  @param script its JavaScript file inside node_modules */
export async function runProgram(
  root: string,
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  const options = { cwd: root, maxBuffer: maxOutputBytes, env: { ...process.env, ...env } };
  execFile(projectNode, [join(root, "node_modules", script), ...args], options, (error, stdout, stderr) => {
    const said = `${stdout}${stderr}`.trim();
    resolve(error === null ? [] : [said === "" ? error.message : said]);
  });
  return promise;
}
