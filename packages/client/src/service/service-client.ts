import { bytesOfBase64url, utf8, type Verifier } from "@bulla/wire";
import {
  type About,
  type AdmissionRequest,
  aboutSchema,
  admissionAnswerSchema,
  mediaTypes,
  routes,
} from "@bulla/wire/api";
import type { Transport } from "../ports.ts";
import { type AccountDirectory, createAccountDirectory } from "./account-directory.ts";
import { type Chunks, createChunks } from "./chunks.ts";
import { type AccountSigner, createExchange, decodeJson } from "./exchange.ts";
import { createInboxes, type Inboxes } from "./inboxes.ts";
import { badAnswer } from "./service-refusal.ts";

/** The right to use up something of a service, good for a while and for nobody in particular. */
export interface Ticket {
  readonly ticket: Uint8Array;
  readonly seconds: number;
}

/** The HTTP side of one service. What it answers is checked for shape and size only: whether it is true is for the caller to verify.
 *  Every call throws BullaError transport/* or a code of the service (`statusOfCode`); none retries, but for a stale nonce. */
export interface ServiceClient extends AccountDirectory, Inboxes, Chunks {
  about(): Promise<About>;
  /** Signed. Asks for the right to open streams, put chunks and post envelopes. */
  requestTicket(request: AdmissionRequest): Promise<Ticket>;
}

export interface ServiceClientOptions {
  readonly transport: Transport;
  readonly verifier: Verifier;
  /** Base URL of the service, without a trailing slash. */
  readonly url: string;
  /** Needed for what is signed. */
  readonly signer?: AccountSigner;
}

export function createServiceClient({ transport, verifier, url, signer }: ServiceClientOptions): ServiceClient {
  const exchange = createExchange(transport, verifier, url, signer);
  return {
    ...createAccountDirectory(exchange),
    ...createInboxes(exchange),
    ...createChunks(exchange, verifier),
    async about(): Promise<About> {
      return decodeJson(
        aboutSchema,
        await exchange.ask({ method: "GET", path: routes.about, expect: "json", maxAnswerBytes: 4096 }),
      );
    },
    async requestTicket(request: AdmissionRequest): Promise<Ticket> {
      const body = { type: mediaTypes.json, bytes: utf8(JSON.stringify(request)) };
      const answer = await exchange.askSigned({
        method: "POST",
        path: routes.admissions,
        body,
        expect: "json",
        maxAnswerBytes: 4096,
      });
      const { ticket, seconds } = decodeJson(admissionAnswerSchema, answer);
      const bytes = bytesOfBase64url(ticket);
      if (bytes?.length !== ticketBytes) throw badAnswer("service answered with something else than a ticket");
      return { ticket: bytes, seconds };
    },
  };
}

const ticketBytes = 32;
