import type { VectorFolder } from "../vector-folder.ts";

/** The folder that the page's server offers, or why it does not. The one who bundled this put the address in. */
export function vectorFolder(): VectorFolder {
  const path = process.env["BULLA_VECTORS"];
  return path === undefined ? { kind: "missing", reason: "the page was given no official test vectors" } : { kind: "found", path };
}

/** One vector file. Its shape is taken on trust: the file is official and unedited.
 *  @throws Error when the server does not have the file */
export async function readVectors<Vectors>(folder: string, file: string): Promise<Vectors> {
  const answer = await fetch(new URL(`${folder}/${file}`, location.href));
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
  return (await answer.json()) as Vectors;
}
