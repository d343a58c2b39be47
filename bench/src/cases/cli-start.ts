import { bullaProgram } from "../programs/bulla.ts";
import { isHere, peers } from "../programs/peers.ts";
import { measure } from "../programs/program.ts";
import { ours } from "../report/figures.ts";
import type { BenchCase } from "./bench-case.ts";

/** How long a command takes that does nothing. */
export const cliStart: BenchCase = {
  id: "start",
  title: "Starting the command",
  unit: "start",
  plans: {
    tiny: { amounts: [1], rounds: 2 },
    small: { amounts: [1], rounds: 10 },
    full: { amounts: [1], rounds: 30 },
  },
  peers: [peers.age, peers.gpg],
  notes: ["`node -e 0` is the same Node.js without any program: the floor for `bulla`."],
  open: async (place) => {
    const env = { HOME: place.folder, XDG_CACHE_HOME: place.path("cache") };
    const commands = [
      { name: ours, command: [bullaProgram, "--version"] },
      { name: "bulla --help", command: [bullaProgram, "--help"] },
      { name: "node -e 0", command: [process.execPath, "-e", "0"] },
      ...(isHere(peers.age) ? [{ name: "age --version", command: ["age", "--version"] }] : []),
      ...(isHere(peers.gpg) ? [{ name: "gpg --version", command: ["gpg", "--version"] }] : []),
    ];
    return {
      contenders: async () =>
        commands.map(({ name, command }) => ({
          name,
          run: async () => {
            const { seconds, peakBytes } = await measure(command, { env });
            return [
              {
                operation: "start",
                contender: name,
                // The system counts hundredths of a second of CPU: too coarse here.
                sample: peakBytes === undefined ? { seconds } : { seconds, peakBytes },
              },
            ];
          },
        })),
    };
  },
  targets: () => [],
};
