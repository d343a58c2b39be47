export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface LockFile {
  readonly lockfileVersion: number;
  /** Keyed by place: "" is the root, `packages/wire` a workspace, `node_modules/ws` an installed package. */
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** @throws Error when the text is not a lock file of npm 7 or newer */
export function parseLockFile(text: string): LockFile {
  const lock: unknown = JSON.parse(text);
  if (!isLockFile(lock)) throw new Error("package-lock.json has no list of packages");
  return lock;
}

function isLockFile(lock: unknown): lock is LockFile {
  return typeof lock === "object" && lock !== null && "packages" in lock && typeof lock.packages === "object";
}
