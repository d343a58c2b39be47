import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Chance } from "../../kill/chance.ts";
import { receivedLines, sentLines } from "../../support/json-lines.ts";
import { seededBytes } from "../../support/make-files.ts";
import { type Ended, type RunningProgram, type RunOptions, startBulla } from "../../support/programs.ts";
import { ServiceProcess } from "../../support/service-process.ts";
import { hashFile, hashTree, requireCode } from "../../support/workplace.ts";
import { LoopDisk } from "../loop-disk.ts";
import { TcpProxy } from "../tcp-proxy.ts";
import type { Cut } from "./cut.ts";
import { stopProcess } from "./stop-process.ts";

type Person = "alice" | "bob";
/** The most pieces that a command exchanges before the cut; one that needs fewer is cut at its word, or when it has ended. */
const maxPieces = 60;

/** Alice sends and Bob receives, on one disk whose power goes off in the middle of it or just after. What is on the disk then is what they go on with.
 *  @param program what they send and receive with instead of the built one; everything else is done with the built one */
export async function cutDevices(folder: string, chance: Chance, cuts: number, program?: string): Promise<Cut[]> {
  await using round = await DeviceRound.open(folder, chance, program);
  await round.init("alice");
  await round.init("bob");
  const done: Cut[] = [];
  for (let i = 0; done.length < cuts; i++) done.push(await round.send(i), await round.receive());
  return done.slice(0, cuts);
}

class DeviceRound implements AsyncDisposable {
  readonly #folder: string;
  readonly #chance: Chance;
  readonly #program: string | undefined;
  readonly #service: ServiceProcess;
  readonly #proxy: TcpProxy;
  #disk: LoopDisk;
  #disks = 1;
  /** Hashes of what was sent, by name. */
  readonly #files = new Map<string, string>();
  /** What Alice was told of as sent or queued. */
  readonly #told = new Set<string>();

  private constructor(folder: string, chance: Chance, service: ServiceProcess, proxy: TcpProxy, program?: string) {
    this.#folder = folder;
    this.#chance = chance;
    this.#program = program;
    this.#service = service;
    this.#proxy = proxy;
    this.#disk = LoopDisk.make(join(folder, "disk-0"), join(folder, "at"), 96);
  }

  static async open(folder: string, chance: Chance, program?: string): Promise<DeviceRound> {
    const proxy = await TcpProxy.start();
    const service = await ServiceProcess.start(join(folder, "service"), { domain: `localhost:${proxy.port}` });
    proxy.target = service.port;
    return new DeviceRound(folder, chance, service, proxy, program);
  }

  /** Cut off on the way, and finished by the same command. */
  async init(name: Person): Promise<void> {
    const command = ["init", name, "--service", `http://localhost:${this.#proxy.port}`, "--json"];
    const { lines } = await this.#cutDuring(name, command, { program: undefined });
    requireCode(await this.#run(name, command), 0, "init after a cut");
    const told = lines[0];
    const { stdout } = await this.#run(name, ["whoami", "--json"]);
    if (told !== undefined && told !== stdout.trim()) throw new Error("init made another device than it said");
  }

  async send(number: number): Promise<Cut> {
    const name = `file-${number}.bin`;
    const bytes = seededBytes(name, Math.floor(this.#chance.between(0, 300_000)));
    const source = join(this.#folder, name);
    writeFileSync(source, bytes);
    this.#files.set(name, await hashFile(source));
    // Without a service, what comes from standard input has to be kept as well.
    const isAway = number % 3 === 2;
    this.#proxy.isDown = isAway;
    const command = ["send", isAway ? "-" : source, "--to", "bob", "--json", ...(isAway ? ["--name", name] : [])];
    const ended = await this.#cutDuring("alice", command, isAway ? { input: bytes } : {});
    this.#proxy.isDown = false;
    this.#hear(ended);
    const cut = { acknowledged: { transfers: this.#told.size }, losses: await this.#lostTransfers() };
    // Whoever was told nothing gives the command again, unless it is on the list.
    const list = await this.#run("alice", ["sent", "--json"]);
    this.#hear(list);
    const listed = sentLines(list);
    const isDone = listed.some(({ files, state }) => files.some((file) => file.name === name) && state !== "queued");
    if (!isDone) {
      const again = await this.#run("alice", ["send", source, "--to", "bob", "--json"]);
      this.#hear(requireCode(again, 0, "send after a cut"));
    }
    return cut;
  }

  async receive(): Promise<Cut> {
    const command = ["receive", "--out", this.#out, "--json"];
    const ended = await this.#cutDuring("bob", command);
    const losses = [...(await this.#lostTransfers()), ...(await this.#lostFiles(ended))];
    requireCode(await this.#run("bob", command), 0, "receive after a cut");
    const found = await hashTree(this.#out);
    for (const [name, hash] of this.#files)
      if (found.get(name) !== hash) losses.push("a file does not come after a cut");
    if (found.size > this.#files.size) losses.push("a file came twice");
    return { acknowledged: { transfers: this.#told.size, files: found.size }, losses };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disk[Symbol.dispose]();
    await this.#proxy[Symbol.asyncDispose]();
    await this.#service[Symbol.asyncDispose]();
  }

  get #out(): string {
    return join(this.#disk.folder, "out");
  }

  #hear(ended: Ended): void {
    for (const { transfer } of sentLines(ended)) this.#told.add(transfer);
  }

  async #lostTransfers(): Promise<string[]> {
    const ended = await this.#run("alice", ["sent", "--json"]);
    if (ended.code !== 0) return [`alice's device no longer works: ${ended.lines.at(-1) ?? ended.stderr}`];
    const found = new Set(sentLines(ended).map(({ transfer }) => transfer));
    return [...this.#told].filter((transfer) => !found.has(transfer)).map(() => "a transfer is gone");
  }

  /** What Bob was told of, and what Alice has a receipt for, has to be there whole. */
  async #lostFiles(ended: Pick<Ended, "lines">): Promise<readonly string[]> {
    const receipts = sentLines(await this.#run("alice", ["sent", "--json"])).filter(
      ({ state }) => state === "received",
    );
    const wanted = [...receipts.flatMap(({ files }) => files), ...receivedLines(ended)].map(({ name }) => name);
    const found = await hashTree(this.#out);
    return wanted.flatMap((name) => (found.get(name) === this.#files.get(name) ? [] : ["a received file is gone"]));
  }

  /** Run a command until the cut, which comes after some pieces of its talk with the service or when it has ended; the copy of the disk takes the disk's place. */
  async #cutDuring(person: Person, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const image = join(this.#folder, `disk-${this.#disks++}`);
    // What does not sync loses most of what it has just told.
    const isControl = this.#program !== undefined;
    let pieces = isControl ? Number.POSITIVE_INFINITY : Math.ceil(this.#chance.between(0, maxPieces));
    const atItsWord = isControl || this.#chance.between(0, 1) < 0.5;
    let isCut = false;
    const onOutput = (): void => {
      if (atItsWord) cut();
    };
    const running = this.#start(person, args, { program: this.#program, onOutput, ...options });
    const cut = (): void => {
      if (isCut) return;
      isCut = true;
      if (!running.hasEnded) stopProcess(running.pid);
      this.#disk.copyTo(image);
      running.kill("SIGKILL");
    };
    this.#proxy.onPiece = () => {
      if (--pieces === 0) cut();
      return isCut ? 0 : undefined;
    };
    const ended = await running.ended;
    cut();
    this.#proxy.onPiece = undefined;
    this.#disk[Symbol.dispose]();
    this.#disk = LoopDisk.mount(image, join(this.#folder, "at"));
    return ended;
  }

  #start(person: Person, args: readonly string[], options: RunOptions = {}): RunningProgram {
    const home = join(this.#disk.folder, `home-${person}`);
    const env = { HOME: this.#folder, BULLA_HOME: home, XDG_CACHE_HOME: join(this.#folder, "cache") };
    return startBulla(args, { cwd: this.#folder, env, ...options });
  }

  #run(person: Person, args: readonly string[]): Promise<Ended> {
    return this.#start(person, args).ended;
  }
}
