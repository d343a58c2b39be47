import { rmSync } from "node:fs";
import { bullaProgram } from "../programs/bulla.ts";
import { makeFile } from "../programs/input-files.ts";
import { isHere, peers } from "../programs/peers.ts";
import { measure, runQuietly, settleDisk, together } from "../programs/program.ts";
import { type Measured, ours, type Sample } from "../report/figures.ts";
import { memoryBelow, noSlowerThan, ourPeaks } from "../report/targets.ts";
import type { Contender } from "../run/interleave.ts";
import type { Workplace } from "../run/workplace.ts";
import type { BenchCase, OpenCase } from "./bench-case.ts";
import { opensslMegabytesPerSecond } from "./openssl-speed.ts";

const mebibyte = 1024 * 1024;

/** `bulla seal` and `bulla open` against the tools that people seal files with. */
export const ageFiles: BenchCase = {
  id: "seal",
  title: "Seal and open one file (age format)",
  unit: "MiB",
  plans: {
    tiny: { amounts: [1, 2], rounds: 1 },
    small: { amounts: [16, 64, 256], rounds: 3 },
    full: { amounts: [64, 256, 1024], rounds: 5 },
  },
  peers: [peers.age, peers.gpg, peers.openssl],
  notes: [
    "`bulla` writes under a temporary name, syncs the file to the disk, and only then names it. The others leave their output in memory, so they are also shown with a `sync` of their output after them: that is the fair comparison.",
    "`openssl enc` (AES-256-CTR) detects no changed byte. `ceiling` is `openssl speed` for the cipher alone, on one core, without reading or writing anything.",
  ],
  open: openCase,
  targets: (figures) => [
    ...noSlowerThan(figures, "seal", "age, then sync", "`bulla seal` takes no longer than `age` and a sync"),
    ...noSlowerThan(figures, "open", "age, then sync", "`bulla open` takes no longer than `age -d` and a sync"),
    ...memoryBelow(ourPeaks(figures, "seal"), 200, "`bulla seal` stays under 200 MB"),
    ...memoryBelow(ourPeaks(figures, "open"), 200, "`bulla open` stays under 200 MB"),
  ],
};

async function openCase(place: Workplace): Promise<OpenCase> {
  const keys = place.path("age-keys");
  runQuietly([bullaProgram, "keygen", "-o", keys]);
  const recipient = /age1[a-z0-9]+/.exec(runQuietly(["cat", keys]))?.[0];
  if (recipient === undefined) throw new Error("bulla keygen made no recipient");
  const input = place.path("plain");
  const tools = [bullaTool(recipient, keys)];
  if (isHere(peers.age)) tools.push(ageTool(recipient, keys));
  if (isHere(peers.gpg)) tools.push(...gpgTools(place));
  if (isHere(peers.openssl)) tools.push(opensslTool(place));
  return {
    contenders: async (amount) => {
      makeFile(input, amount * mebibyte);
      settleDisk();
      const contenders = tools.map((tool) => contenderOf(tool, place, input));
      return isHere(peers.openssl) ? [...contenders, ceiling(amount)] : contenders;
    },
    runOurs: async (amount, env) => {
      makeFile(input, amount * mebibyte);
      const [sealed, opened] = [place.path("profiled.age"), place.path("profiled")];
      const [tool] = tools;
      await measure(tool?.seal(input, sealed) ?? [], { env });
      await measure(tool?.open(sealed, opened) ?? [], { env });
      for (const file of [sealed, opened]) rmSync(file);
    },
  };
}

/** How a tool is called. */
interface SealingTool {
  readonly name: string;
  seal(from: string, to: string): readonly string[];
  open(from: string, to: string): readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the output is on the disk when the program ends. */
  readonly syncs: boolean;
}

function contenderOf(tool: SealingTool, place: Workplace, input: string): Contender {
  const env = { HOME: place.folder, ...tool.env };
  return {
    name: tool.name,
    run: async () => {
      const [sealed, opened] = [place.path("sealed"), place.path("opened")];
      const measured = [
        ...(await runAndSync(tool, "seal", tool.seal(input, sealed), sealed, env)),
        ...(await runAndSync(tool, "open", tool.open(sealed, opened), opened, env)),
      ];
      runQuietly(["cmp", input, opened]);
      for (const file of [sealed, opened]) rmSync(file);
      settleDisk();
      return measured;
    },
  };
}

async function runAndSync(
  { name, syncs }: SealingTool,
  operation: string,
  command: readonly string[],
  output: string,
  env: Readonly<Record<string, string>>,
): Promise<readonly Measured[]> {
  const sample = await measure(command, { env });
  const sync = await measure(["sync", output]);
  const alone = { operation, contender: name, sample };
  if (syncs) return [alone];
  return [
    alone,
    { operation, contender: `${name}, then sync`, sample: { ...together(sample, sync), ...peak(sample) } },
  ];
}

function peak({ peakBytes }: Sample): Pick<Sample, "peakBytes"> {
  return peakBytes === undefined ? {} : { peakBytes };
}

function bullaTool(recipient: string, keys: string): SealingTool {
  return {
    name: ours,
    syncs: true,
    seal: (from, to) => [bullaProgram, "seal", from, "-r", recipient, "-o", to],
    open: (from, to) => [bullaProgram, "open", from, "-i", keys, "-o", to],
  };
}

function ageTool(recipient: string, keys: string): SealingTool {
  return {
    name: "age",
    syncs: false,
    seal: (from, to) => ["age", "-r", recipient, "-o", to, from],
    open: (from, to) => ["age", "-d", "-i", keys, "-o", to, from],
  };
}

function gpgTools(place: Workplace): readonly SealingTool[] {
  const home = place.path("gnupg");
  runQuietly(["install", "-d", "-m", "700", home]);
  const gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback"];
  // Compression is off: it costs gpg time, and these files cannot be compressed.
  const sealing = [...gpg, "--compress-algo", "none", "--cipher-algo", "AES256", "--trust-model", "always"];
  runQuietly([...gpg, "--passphrase", "", "--quick-generate-key", "bench@example.org", "default", "default", "never"]);
  place.keep({ [Symbol.asyncDispose]: async () => void runQuietly(["gpgconf", "--homedir", home, "--kill", "all"]) });
  const open = (from: string, to: string): readonly string[] => [...gpg, "--passphrase", "bench", "-o", to, "-d", from];
  return [
    {
      name: "gpg --encrypt",
      syncs: false,
      seal: (from, to) => [...sealing, "-r", "bench@example.org", "-o", to, "--encrypt", from],
      open: (from, to) => [...gpg, "--passphrase", "", "-o", to, "-d", from],
    },
    {
      name: "gpg --symmetric",
      syncs: false,
      seal: (from, to) => [...sealing, "--passphrase", "bench", "-o", to, "--symmetric", from],
      open,
    },
  ];
}

function opensslTool(place: Workplace): SealingTool {
  const env = { BENCH_PASS: "bench" };
  const enc = (from: string, to: string, ...more: readonly string[]): readonly string[] => [
    "openssl",
    "enc",
    "-aes-256-ctr",
    "-pbkdf2",
    "-pass",
    "env:BENCH_PASS",
    "-in",
    from,
    "-out",
    to,
    ...more,
  ];
  return {
    name: "openssl enc",
    syncs: false,
    env: { ...env, HOME: place.folder },
    seal: (from, to) => enc(from, to),
    open: (from, to) => enc(from, to, "-d"),
  };
}

function ceiling(amount: number): Contender {
  const seconds = (speed: number): Sample => ({ seconds: (amount * mebibyte) / (speed * 1e6) });
  return {
    name: "openssl speed",
    run: async () => [
      {
        operation: "seal",
        contender: "ceiling: AES-256-GCM",
        sample: seconds(opensslMegabytesPerSecond("aes-256-gcm", 65536)),
      },
      {
        operation: "seal",
        contender: "ceiling: ChaCha20-Poly1305",
        sample: seconds(opensslMegabytesPerSecond("chacha20-poly1305", 65536)),
      },
    ],
  };
}
