/** Seam: where the transparency log will stand. Each statement passes through `append` in the very transaction that stores it, so a log can never miss one;
 *  when `append` throws, the statement is not stored either. */
export interface TransparencyLog {
  append(name: string, position: number, statement: Uint8Array): void;
}

/** Keeps no log: answers carry no evidence yet, and clients rely on pins and on comparing chains. */
export const noTransparencyLog: TransparencyLog = { append() {} };
