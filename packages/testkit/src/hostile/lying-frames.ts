import { hexOf } from "@bulla/wire";
import { decodeAnswer, decodeRequest, encodeAnswer, type RequestFrame } from "@bulla/wire/api";
import type { Lies } from "./lies.ts";

/** One connection's frames: remembers which stream a question was about, so that its answer can be changed. */
export class LyingFrames {
  readonly #lies: () => Lies;
  readonly #asked = new Map<number, string>();

  constructor(lies: () => Lies) {
    this.#lies = lies;
  }

  /** A frame of the client, on its way to the service. */
  note(frame: Uint8Array): RequestFrame {
    const request = decodeRequest(frame);
    if (request.operation.kind === "read") this.#asked.set(request.id, hexOf(request.operation.sid));
    return request;
  }

  /** A frame of the service, on its way to the client. */
  change(frame: Uint8Array): Uint8Array {
    const lies = this.#lies();
    if (lies.records === undefined) return frame;
    const answer = decodeAnswer(frame);
    if (answer.kind === "pushed") {
      const { from, records, closed } = answer;
      return encodeAnswer({ ...answer, ...lies.records({ sid: hexOf(answer.sid), from, records, closed }) });
    }
    if (answer.kind !== "result" || answer.result.kind !== "records") return frame;
    const { from, records, closed } = answer.result;
    const sid = this.#asked.get(answer.id) ?? "";
    return encodeAnswer({ ...answer, result: { ...answer.result, ...lies.records({ sid, from, records, closed }) } });
  }
}
