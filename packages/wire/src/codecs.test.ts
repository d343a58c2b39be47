import { encodingsOf, mutationsOf, readsOneSpelling, valuesOf } from "@bulla/testkit/properties";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  accountAnswerCodec,
  capabilityChangeCodec,
  claimAnswerCodec,
  envelopePostCodec,
  inboxAcknowledgementCodec,
  inboxAnswerCodec,
  keyPackageUploadCodec,
  leaseEndCodec,
  missingAnswerCodec,
  missingQuestionCodec,
  poolStateCodec,
} from "./api/codecs.ts";
import {
  answerFrameCodec,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  requestFrameCodec,
} from "./api/frames.ts";
import { type Codec, decode, encode } from "./encoding/codec.ts";
import { chainPinCodec } from "./identity/chain.ts";
import { deviceCertificateCodec, deviceKeysCodec } from "./identity/device-certificate.ts";
import { handleCodec, signedStatementCodec, statementBodyCodec, statementCodec } from "./identity/statement.ts";
import { manifestCodec } from "./receipt/manifest.ts";
import { receiptFileCodec, receiptStatementCodec, signedReceiptCodec } from "./receipt/receipt.ts";

/** Every codec of the package. */
const registry: Readonly<Record<string, Codec<unknown>>> = {
  accountAnswer: accountAnswerCodec,
  answerFrame: answerFrameCodec,
  capabilityChange: capabilityChangeCodec,
  chainPin: chainPinCodec,
  claimAnswer: claimAnswerCodec,
  deviceCertificate: deviceCertificateCodec,
  deviceKeys: deviceKeysCodec,
  envelopePost: envelopePostCodec,
  handle: handleCodec,
  inboxAcknowledgement: inboxAcknowledgementCodec,
  inboxAnswer: inboxAnswerCodec,
  keyPackageUpload: keyPackageUploadCodec,
  leaseEnd: leaseEndCodec,
  manifest: manifestCodec,
  missingAnswer: missingAnswerCodec,
  missingQuestion: missingQuestionCodec,
  poolState: poolStateCodec,
  receiptFile: receiptFileCodec,
  receiptStatement: receiptStatementCodec,
  requestFrame: requestFrameCodec,
  signedReceipt: signedReceiptCodec,
  signedStatement: signedStatementCodec,
  statement: statementCodec,
  statementBody: statementBodyCodec,
};
const names = Object.keys(registry);
const codecOf = (name: string): Codec<unknown> => registry[name] ?? expect.fail(`no codec ${name}`);
const limits = { maxBytes: 8 * 1024 * 1024 };

describe.each(names)("%s", (name) => {
  const codec = codecOf(name);

  test("what is encoded comes back the same", () => {
    fc.assert(
      fc.property(valuesOf(codec), (value) => {
        expect(decode(codec, encode(codec, value), limits)).toEqual(value);
      }),
      { numRuns: 60 },
    );
  });

  test("changed bytes are refused or are the one spelling of another value", () => {
    fc.assert(
      fc.property(mutationsOf(encodingsOf(codec)), (input) => {
        readsOneSpelling(codec, input);
      }),
      { numRuns: 200 },
    );
  });
});

describe("all codecs together", () => {
  test("bytes of one are refused by another or read as exactly what they are, never otherwise", () => {
    const mixed = new Set<string>();
    for (const from of names) {
      for (const input of fc.sample(encodingsOf(codecOf(from)), { numRuns: 40, seed: 7 })) {
        expect(readsOneSpelling(codecOf(from), input)).toBe(true);
        for (const to of names) if (to !== from && readsOneSpelling(codecOf(to), input)) mixed.add(`${from} > ${to}`);
      }
    }
    // These look alike on the wire. All but the manifest travel unsigned on a path of their own; the manifest is hashed behind its label.
    expect([...mixed].filter((pair) => !lookAlikes.includes(pair))).toEqual([]);
  });

  test("frames have doors with a limit of their own", () => {
    fc.assert(
      fc.property(valuesOf(requestFrameCodec), valuesOf(answerFrameCodec), (request, answer) => {
        expect(decodeRequest(encodeRequest(request))).toEqual(request);
        expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
      }),
      { numRuns: 60 },
    );
    const huge = new Uint8Array(5 * 1024 * 1024 + 1);
    expect(() => decodeRequest(huge)).toThrow(expect.objectContaining({ code: "wire/too-large" }));
    expect(() => decodeAnswer(huge)).toThrow(expect.objectContaining({ code: "wire/too-large" }));
  });

  test("attaching to a stream keeps both the kind of the operation and the kind of the stream", () => {
    const frame = {
      id: 1,
      operation: {
        kind: "attach",
        streamKind: 1,
        writeKey: new Uint8Array(32),
        readSecret: new Uint8Array(32),
        proof: null,
      },
    } as const;
    expect(decodeRequest(encodeRequest(frame))).toEqual(frame);
  });
});

const lookAlikes: readonly string[] = [
  "accountAnswer > keyPackageUpload",
  "keyPackageUpload > accountAnswer",
  "claimAnswer > leaseEnd",
  "claimAnswer > missingAnswer",
  "leaseEnd > claimAnswer",
  "leaseEnd > missingAnswer",
  "missingAnswer > claimAnswer",
  "missingAnswer > leaseEnd",
  "manifest > missingQuestion",
];
