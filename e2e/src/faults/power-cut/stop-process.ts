import { readFileSync } from "node:fs";

/** Stop a process where it stands; returns when none of its code runs any more, also because it has ended. */
export function stopProcess(pid: number): void {
  process.kill(pid, "SIGSTOP");
  while (!["T", "Z", "gone"].includes(stateOf(pid))) Atomics.wait(pause, 0, 0, 1);
}

const pause = new Int32Array(new SharedArrayBuffer(4));

// proc(5): the state follows the name in brackets.
function stateOf(pid: number): string {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "gone";
  } catch {
    return "gone";
  }
}
