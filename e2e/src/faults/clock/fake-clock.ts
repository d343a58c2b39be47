import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";

/** A clock on the wall that can be set while programs look at it. Time that passes (timers) is not changed, as on a real machine. */
export class FakeClock {
  readonly env: Readonly<Record<string, string>>;
  readonly #file: string;

  private constructor(file: string, library: string) {
    this.#file = file;
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    };
    this.set("+0");
  }

  /** @param file where the clock is kept
   *  @returns nothing where there is no faketime */
  static at(file: string): FakeClock | undefined {
    const { stdout } = spawnSync("faketime", ["-f", "+0", "env"], { encoding: "utf8" });
    const library = /^LD_PRELOAD=(.+)$/m.exec(stdout ?? "")?.[1];
    return library === undefined ? undefined : new FakeClock(file, library);
  }

  /** @param offset from now, as faketime(1) writes it: `+3h`, `-2y` */
  set(offset: string): void {
    writeFileSync(this.#file, `${offset}\n`);
  }
}
