import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode, sentLines } from "../../support/json-lines.ts";
import { seededBytes } from "../../support/make-files.ts";
import { type Ended, type RunOptions, startBulla } from "../../support/programs.ts";
import { ServiceProcess } from "../../support/service-process.ts";
import { hashFile, hashTree } from "../../support/workplace.ts";
import { LoopDisk } from "../loop-disk.ts";
import { fill } from "./fill.ts";

/** Two devices on a disk that is full up to so many bytes, at each command in turn; there is room again, and the same command is given again.
 *  @returns one sentence for each thing that is wrong, and how often something was refused */
export async function fillDeviceDisk(
  folder: string,
  levels: readonly number[],
): Promise<{ readonly problems: readonly string[]; readonly refused: number }> {
  using disk = LoopDisk.make(join(folder, "device-disk"), join(folder, "device-at"), 48);
  await using service = await ServiceProcess.start(join(folder, "service"));
  const problems: string[] = [];
  let refused = 0;
  const run = (person: string, args: readonly string[], options: RunOptions): Promise<Ended> => {
    const env = { HOME: folder, BULLA_HOME: join(disk.folder, person), XDG_CACHE_HOME: join(folder, "cache") };
    return startBulla([...args, "--json"], { cwd: folder, env, ...options }).ended;
  };
  for (const [round, level] of levels.entries()) {
    const both = async (person: string, args: readonly string[], options: RunOptions = {}): Promise<void> => {
      const what = `${args[0]} with ${level} bytes left`;
      const empty = fill(disk.folder, level);
      const full = await run(person, args, options);
      empty();
      if (full.code !== 0) refused++;
      const isCoded = errorCode(full) === "file/no-space" && full.stderr.includes("bulla: hint: ");
      if (full.code !== 0 && !isCoded) problems.push(`${what}: ${full.lines.join(" ") ?? full.stderr}`);
      // Whoever was told that it is sent does not send it again; nor does whoever finds it on the list.
      if (full.code === 0 && args[0] === "send") return;
      const listed = options.input === undefined ? [] : sentLines(await run(person, ["sent"], {}));
      if (listed.some(({ files }) => files[0]?.name === "piped.bin")) return;
      const again = await run(person, args, options);
      if (again.code !== 0) problems.push(`${what}, and then room: ${again.lines.at(-1) ?? again.stderr}`);
    };
    const [alice, bob, out] = [`alice-${round}`, `bob-${round}`, join(disk.folder, `out-${round}`)];
    for (const name of [alice, bob]) await both(name, ["init", name, "--service", service.url]);
    const large = join(folder, `large-${round}.bin`);
    writeFileSync(large, seededBytes(large, 700_000));
    await both(alice, ["send", large, "--to", bob]);
    const piped = seededBytes(`piped-${round}`, 90_000);
    await both(alice, ["send", "-", "--name", "piped.bin", "--to", bob], { input: piped });
    await both(bob, ["receive", "--out", out]);
    const [found, wanted] = [await hashTree(out), await hashFile(large)];
    if (found.get(`large-${round}.bin`) !== wanted || !found.has("piped.bin") || found.size !== 2)
      problems.push(`with ${level} bytes left ${[...found.keys()].join()} came, expected two files`);
  }
  return { problems, refused };
}
