import { BullaError } from "@bulla/wire";
import { exitCodes } from "./exit-codes.ts";

const patienceMilliseconds = 3000;

/** A signal that aborts at the first Ctrl-C (or SIGTERM, SIGHUP). A second one, or three seconds, end the process at once: everything is made to survive that. */
export function listenForInterruption(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    setTimeout(() => process.exit(exitCodes.interrupted), patienceMilliseconds).unref();
    controller.abort(new BullaError("cli/interrupted", "interrupted"));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, interrupt);
  return controller.signal;
}

/** The work's result, unless the signal comes first; work that goes on then is nobody's any more. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
