import { BullaError } from "@bulla/wire";
import type { FastifyInstance } from "fastify";
import { hasCode } from "./objects/fs/durable-file.ts";

/** @returns the port that it listens on
 *  @throws BullaError service/unavailable – the address or port cannot be had */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    if (hasCode(cause, "EADDRINUSE"))
      throw new BullaError("service/unavailable", `port ${port} is in use`, {
        cause,
        hint: "stop the program that uses it, or choose another with --port (0 takes a free one)",
      });
    if (hasCode(cause, "EACCES"))
      throw new BullaError("service/unavailable", `port ${port} may not be used`, {
        cause,
        hint: "choose a port above 1023 with --port",
      });
    if (hasCode(cause, "EADDRNOTAVAIL") || hasCode(cause, "ENOTFOUND"))
      throw new BullaError("service/unavailable", "this machine does not have that address", {
        cause,
        hint: "choose an address of this machine with --host",
      });
    throw cause;
  }
  const address = app.server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}
