import { chmod, open, rename } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { writeError } from "../files/file-errors.ts";
import { makeFolders } from "../files/make-folders.ts";

/** Make a folder that only its owner may enter, whatever the umask; the folders above it too where they are missing.
 *  @throws BullaError file/unwritable, file/no-space */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await makeFolders(resolve(folder), 0o700);
    await chmod(folder, 0o700);
  } catch (error) {
    throw writeError(error);
  }
}

/** Write a file of mode 0600 as a whole: after a crash it is there with all its bytes or not at all.
 *  @throws BullaError file/unwritable, file/no-space */
export async function writePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.new`;
  try {
    await using file = await open(draft, "w", 0o600);
    await file.chmod(0o600);
    await file.writeFile(bytes);
    await file.sync();
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw writeError(error);
  }
}

/** Make names in a folder durable. File systems that cannot are taken at their word. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && (error.code === "EINVAL" || error.code === "ENOTSUP")))
      throw error;
  }
}
