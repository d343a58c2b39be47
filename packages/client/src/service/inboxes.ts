import { hexOf } from "@bulla/wire";
import {
  envelopePostCodec,
  type InboxAnswer,
  type InboxRight,
  inboxAcknowledgementCodec,
  inboxAnswerCodec,
  routes,
} from "@bulla/wire/api";
import { cborBody, decodeAnswerBody, type Exchange, speakerOf } from "./exchange.ts";
import { badAnswer } from "./service-refusal.ts";

/** Envelopes to devices, and this device's own inbox. */
export interface Inboxes {
  /** @throws BullaError service/forbidden when the right does not hold, service/quota when the inbox is full */
  postEnvelope(name: string, deviceId: Uint8Array, right: InboxRight, envelope: Uint8Array): Promise<void>;
  /** Signed. Envelopes from that position on, positions rising. */
  readInbox(from: number): Promise<InboxAnswer>;
  /** Signed. Everything up to and including that position may go. */
  acknowledgeInbox(through: number): Promise<void>;
}

const maxInboxAnswerBytes = 64 * 16_500;

export function createInboxes(exchange: Exchange): Inboxes {
  return {
    async postEnvelope(name: string, deviceId: Uint8Array, right: InboxRight, envelope: Uint8Array): Promise<void> {
      const path = routes.inbox(name, hexOf(deviceId));
      await exchange.ask({
        method: "POST",
        path,
        body: cborBody(envelopePostCodec, { right, envelope }),
        expect: "nothing",
        maxAnswerBytes: 0,
      });
    },
    async readInbox(from: number): Promise<InboxAnswer> {
      const { name, deviceId } = speakerOf(exchange);
      const path = `${routes.inbox(name, deviceId)}?from=${from}`;
      const body = await exchange.askSigned({
        method: "GET",
        path,
        expect: "cbor",
        maxAnswerBytes: maxInboxAnswerBytes,
      });
      const answer = decodeAnswerBody(inboxAnswerCodec, body, maxInboxAnswerBytes);
      let next = from;
      for (const { position } of answer.envelopes) {
        if (position < next) throw badAnswer("service answered with envelopes out of order");
        next = position + 1;
      }
      if (answer.more && answer.envelopes.length === 0)
        throw badAnswer("service promises more envelopes and sends none");
      return answer;
    },
    async acknowledgeInbox(through: number): Promise<void> {
      const { name, deviceId } = speakerOf(exchange);
      const path = routes.inboxAcknowledgements(name, deviceId);
      await exchange.askSigned({
        method: "POST",
        path,
        body: cborBody(inboxAcknowledgementCodec, { through }),
        expect: "nothing",
        maxAnswerBytes: 0,
      });
    },
  };
}
