import { proofBytes, type StreamAddress } from "@bulla/wire";
import type { FrameLink } from "./frame-link.ts";
import { badAnswer, refusal } from "./service-refusal.ts";
import { passes } from "./with-retries.ts";

/** Signs with the stream's write key. */
export type ProveWriteKey = (message: Uint8Array) => Promise<Uint8Array>;

interface Attachment {
  readonly sid: Uint8Array;
  readonly address: StreamAddress;
  prove: ProveWriteKey | undefined;
  /** Counts attempts, so that the answer to an older one is not taken for this one's. */
  attempt: number;
  on: FrameLink | undefined;
}

export interface AttachmentHooks {
  readonly onAttached: (stream: string) => void;
  /** The service refused it, or it could not be proved; it is forgotten. */
  readonly onRefused: (stream: string, error: unknown) => void;
}

/** The streams that this connection shows its right to, on each link anew. */
export class StreamAttachments {
  readonly #attachments = new Map<string, Attachment>();
  readonly #hooks: AttachmentHooks;
  #link: FrameLink | undefined;

  constructor(hooks: AttachmentHooks) {
    this.#hooks = hooks;
  }

  has(stream: string): boolean {
    return this.#attachments.has(stream);
  }

  isAttached(stream: string): boolean {
    const attachment = this.#attachments.get(stream);
    return attachment?.on !== undefined && attachment.on === this.#link;
  }

  /** A right to append stays when the stream is added again without one. */
  add(stream: string, sid: Uint8Array, address: StreamAddress, prove: ProveWriteKey | undefined): void {
    const known = this.#attachments.get(stream);
    if (known !== undefined && (prove === undefined || known.prove !== undefined)) return;
    const attachment: Attachment = known ?? { sid, address, prove, attempt: 0, on: undefined };
    attachment.prove = prove;
    attachment.on = undefined;
    this.#attachments.set(stream, attachment);
    if (this.#link !== undefined) void this.#attach(this.#link, stream, attachment);
  }

  useLink(link: FrameLink | undefined): void {
    this.#link = link;
    for (const [stream, attachment] of this.#attachments) {
      attachment.on = undefined;
      if (link !== undefined) void this.#attach(link, stream, attachment);
    }
  }

  async #attach(link: FrameLink, stream: string, attachment: Attachment): Promise<void> {
    const attempt = ++attachment.attempt;
    const isCurrent = (): boolean => attachment.attempt === attempt && this.#link === link;
    const { streamKind, writeKey, readSecret } = addressFields(attachment.address);
    let proof: Uint8Array | null = null;
    try {
      if (attachment.prove !== undefined) proof = await attachment.prove(proofBytes(link.nonce, attachment.sid));
    } catch (error) {
      if (isCurrent()) this.#refuse(stream, error);
      return;
    }
    if (!isCurrent()) return;
    link.request({ kind: "attach", streamKind, writeKey, readSecret, proof }, (result) => {
      if (!isCurrent()) return;
      if (result.kind === "failed") {
        const error = refusal(result.code, result.message);
        // A service that is busy for the moment is asked again on the next link.
        if (passes(error)) link.end(error);
        else this.#refuse(stream, error);
        return;
      }
      if (result.kind !== "done") throw badAnswer("service answered an attach with something else");
      attachment.on = link;
      this.#hooks.onAttached(stream);
    });
  }

  #refuse(stream: string, error: unknown): void {
    this.#attachments.delete(stream);
    this.#hooks.onRefused(stream, error);
  }
}

function addressFields({ kind, writeKey, readSecret }: StreamAddress): {
  readonly streamKind: number;
  readonly writeKey: Uint8Array;
  readonly readSecret: Uint8Array;
} {
  return { streamKind: kind, writeKey, readSecret };
}
