import { join } from "node:path";

/** Where this person's device lives unless they say otherwise: BULLA_HOME, else below XDG_DATA_HOME, else ~/.local/share (XDG base directory specification). */
export function defaultHomeFolder(
  environment: Readonly<Record<string, string | undefined>>,
  personFolder: string,
): string {
  const chosen = environment["BULLA_HOME"];
  if (chosen !== undefined && chosen !== "") return chosen;
  const data = environment["XDG_DATA_HOME"];
  // The specification has relative paths ignored.
  return join(data?.startsWith("/") === true ? data : join(personFolder, ".local", "share"), "bulla", "device");
}
