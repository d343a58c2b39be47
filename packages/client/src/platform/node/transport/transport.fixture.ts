import { createServer as createHttpServer, type RequestListener } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import { expect } from "vitest";
import { NodeTransport, type NodeTransportOptions } from "./node-transport.ts";

export const refusedWith = (code: string): unknown => expect.objectContaining({ code });
export const get = (url: string, maxAnswerBytes = 1000, signal?: AbortSignal) => ({
  method: "GET" as const,
  url,
  maxAnswerBytes,
  ...(signal === undefined ? {} : { signal }),
});

export async function listening<T>(server: Server, run: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await run((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

export const withHttp = <T>(listener: RequestListener, run: (url: string) => Promise<T>): Promise<T> =>
  listening(createHttpServer(listener), (port) => run(`http://127.0.0.1:${port}`));

export async function withTransport(
  options: NodeTransportOptions,
  run: (transport: NodeTransport) => Promise<void>,
): Promise<void> {
  await using short = new NodeTransport(options);
  await run(short);
}
