import { connect, type Socket } from "node:net";
import type { Workplace } from "../run/workplace.ts";

/** A connection to loopback without delay, ended with the workplace. */
export async function openSocket(place: Workplace, port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  place.keep({
    [Symbol.asyncDispose]: async () => {
      socket.on("error", () => undefined);
      socket.destroy();
    },
  });
  return socket;
}
