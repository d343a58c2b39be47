import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { createServer, type Socket } from "node:net";

// What no service can beat: take a record, write it to a file, fdatasync, and only then pass it to everybody over TCP.
// Arguments: the file, the length of a record. The first byte of a connection says what it is: `w` writes, `r` reads.

const [, , path = "", length = "0"] = process.argv;
const recordBytes = Number(length);
const file = openSync(path, "w");
const readers = new Set<Socket>();

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => undefined);
  socket.once("data", (first) => {
    if (first[0] === 0x72) {
      readers.add(socket);
      socket.once("close", () => readers.delete(socket));
    } else takeRecords(socket);
    socket.write(".");
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`port ${typeof address === "object" ? address?.port : 0}\n`);
});
process.once("SIGTERM", () => {
  closeSync(file);
  process.exit(0);
});

function takeRecords(socket: Socket): void {
  let pending = Buffer.alloc(0);
  socket.on("data", (piece) => {
    pending = Buffer.concat([pending, piece]);
    while (pending.length >= recordBytes) {
      const record = pending.subarray(0, recordBytes);
      pending = pending.subarray(recordBytes);
      writeSync(file, record);
      fdatasyncSync(file);
      for (const reader of readers) reader.write(record);
      socket.write(".");
    }
  });
}
