/** Part of the contract with scripts: these numbers never change. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  unknown: 3,
  refused: 4,
  unreachable: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
