import { type Decoder, decodeMlsMessage, type Encoder, encodeMlsMessage } from "ts-mls";
import { determineLength } from "ts-mls/codec/variableLength.js";
import { decodeCommit, encodeCommit } from "ts-mls/commit.js";
import { decodeGroupSecrets, encodeGroupSecrets } from "ts-mls/groupSecrets.js";
import {
  decodeAdd,
  decodeExternalInit,
  decodeGroupContextExtensions,
  decodePSK,
  decodeReinit,
  decodeRemove,
  decodeUpdate,
  encodeAdd,
  encodeExternalInit,
  encodeGroupContextExtensions,
  encodePSK,
  encodeReinit,
  encodeRemove,
  encodeUpdate,
} from "ts-mls/proposal.js";
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js";
import { hexBytes, isHex } from "../vector-bytes.ts";
import { tallyCases, type VectorCase, type VectorTally } from "../vector-tally.ts";
import { decoded } from "./decoded.ts";

type RoundTrip = (hex: string) => boolean;

const mlsMessage = roundTrip(decodeMlsMessage, encodeMlsMessage);

const kinds = {
  mls_welcome: mlsMessage,
  mls_group_info: mlsMessage,
  mls_key_package: mlsMessage,
  public_message_application: mlsMessage,
  public_message_proposal: mlsMessage,
  public_message_commit: mlsMessage,
  private_message: mlsMessage,
  ratchet_tree: roundTrip(decodeRatchetTree, encodeRatchetTree),
  group_secrets: roundTrip(decodeGroupSecrets, encodeGroupSecrets),
  add_proposal: roundTrip(decodeAdd, encodeAdd),
  update_proposal: roundTrip(decodeUpdate, encodeUpdate),
  remove_proposal: roundTrip(decodeRemove, encodeRemove),
  pre_shared_key_proposal: roundTrip(decodePSK, encodePSK),
  re_init_proposal: roundTrip(decodeReinit, encodeReinit),
  external_init_proposal: roundTrip(decodeExternalInit, encodeExternalInit),
  group_context_extensions_proposal: roundTrip(decodeGroupContextExtensions, encodeGroupContextExtensions),
  commit: roundTrip(decodeCommit, encodeCommit),
} satisfies Record<string, RoundTrip>;

export type MessagesVector = Readonly<Record<keyof typeof kinds, string>>;

/** mls-implementations, messages: every structure decodes to the last byte and encodes to the same bytes. */
export function runMessages(vectors: readonly MessagesVector[]): Promise<VectorTally> {
  return tallyCases(
    vectors.map(
      (vector, index): VectorCase => ({
        name: `${index}`,
        check: () =>
          Object.entries(kinds).every(([kind, survives]) => {
            const hex = Object.entries(vector).find(([name]) => name === kind)?.[1];
            return hex !== undefined && survives(hex);
          }),
      }),
    ),
  );
}

export interface DeserializationVector {
  readonly vlbytes_header: string;
  readonly length: number;
}

/** mls-implementations, deserialization: the length in front of variable-size vectors. */
export function runDeserialization(vectors: readonly DeserializationVector[]): Promise<VectorTally> {
  return tallyCases(
    vectors.map((vector) => ({
      name: vector.vlbytes_header,
      check: () => determineLength(hexBytes(vector.vlbytes_header)).length === vector.length,
    })),
  );
}

function roundTrip<T>(decode: Decoder<T>, encode: Encoder<T>): RoundTrip {
  return (hex) => isHex(encode(decoded(decode, hex)), hex);
}
