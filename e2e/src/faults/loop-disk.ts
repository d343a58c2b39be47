import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

/** An ext4 file system of its own on an image file. What programs write stays in the system's memory until they, or the system, sync it;
 *  what was synced is in the image file, because the loop device goes around the cache (direct I/O). To be used in a sandbox. */
export class LoopDisk implements Disposable {
  readonly image: string;
  readonly folder: string;
  readonly #device: string;
  #isMounted = true;

  private constructor(image: string, folder: string) {
    this.image = image;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    // Nothing but a sync brings anything to the disk early.
    run("mount", "-o", "loop,commit=300", image, folder);
    this.#device = run("findmnt", "-no", "SOURCE", folder).trim();
    run("losetup", "--direct-io=on", this.#device);
  }

  /** A new, empty disk. */
  static make(image: string, folder: string, megabytes: number): LoopDisk {
    run("truncate", "-s", `${megabytes}M`, image);
    // Blocks as on any disk of today. With smaller ones, SQLite's shared memory has holes that a full disk cannot fill, and the system kills whoever touches one (SIGBUS).
    run(
      "mkfs.ext4",
      "-q",
      "-F",
      "-b",
      "4096",
      "-m",
      "0",
      "-E",
      "lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0",
      image,
    );
    return new LoopDisk(image, folder);
  }

  /** What was on a disk, as the next start of a machine finds it. */
  static mount(image: string, folder: string): LoopDisk {
    return new LoopDisk(image, folder);
  }

  /** Copy what is on the disk at this instant. Whoever writes to it has to be stopped; a write of the system itself in between means another copy. */
  copyTo(image: string): void {
    for (let tries = 0; tries < 200; tries++) {
      const before = this.#writes();
      run("cp", "--sparse=always", this.image, image);
      if (before.underWay === 0 && this.#writes().count === before.count) return;
    }
    throw new Error("the disk does not come to rest");
  }

  /** @see https://docs.kernel.org/block/stat.html */
  #writes(): { readonly count: string; readonly underWay: number } {
    const fields = readFileSync(`/sys/block/${basename(this.#device)}/stat`, "utf8")
      .trim()
      .split(/\s+/);
    return { count: `${fields[4]} ${fields[6]}`, underWay: Number(fields[8]) };
  }

  [Symbol.dispose](): void {
    if (!this.#isMounted) return;
    this.#isMounted = false;
    run("umount", this.folder);
  }
}

function run(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args[0] ?? ""} failed: ${error?.message ?? stderr}`);
  return stdout;
}
