import {
  bytesToBase64,
  type CiphersuiteImpl,
  type ClientState,
  decodeMlsMessage,
  joinGroup,
  makePskIndex,
  processPrivateMessage,
  processPublicMessage,
} from "ts-mls";
import { decodeRatchetTree } from "ts-mls/ratchetTree.js";
import { hexBytes, isHex } from "../vector-bytes.ts";
import type { VectorTally } from "../vector-tally.ts";
import { decoded, decodedMessage } from "./decoded.ts";
import { runSuiteVectors, type SuiteOf, type SuiteVector } from "./suite-vectors.ts";

export interface PassiveClientVector extends SuiteVector {
  readonly external_psks: readonly { readonly psk_id: string; readonly psk: string }[];
  readonly key_package: string;
  readonly signature_priv: string;
  readonly encryption_priv: string;
  readonly init_priv: string;
  readonly welcome: string;
  readonly ratchet_tree: string | null;
  readonly initial_epoch_authenticator: string;
  readonly epochs: readonly {
    readonly proposals: readonly string[];
    readonly commit: string;
    readonly epoch_authenticator: string;
  }[];
}

/** mls-implementations, passive-client-*: join by Welcome, follow every commit, and have the epoch authenticator of the others each time. */
export function runPassiveClient(vectors: readonly PassiveClientVector[], suiteOf: SuiteOf): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async (vector, suite) => {
    const psks = Object.fromEntries(
      vector.external_psks.map((psk) => [bytesToBase64(hexBytes(psk.psk_id)), hexBytes(psk.psk)]),
    );
    let state = await join(vector, psks, suite);
    if (!isHex(state.keySchedule.epochAuthenticator, vector.initial_epoch_authenticator)) return false;
    for (const epoch of vector.epochs) {
      for (const message of [...epoch.proposals, epoch.commit]) state = await follow(state, message, psks, suite);
      if (!isHex(state.keySchedule.epochAuthenticator, epoch.epoch_authenticator)) return false;
    }
    return true;
  });
}

function join(
  vector: PassiveClientVector,
  psks: Record<string, Uint8Array>,
  suite: CiphersuiteImpl,
): Promise<ClientState> {
  const privateKeys = {
    initPrivateKey: hexBytes(vector.init_priv),
    hpkePrivateKey: hexBytes(vector.encryption_priv),
    signaturePrivateKey: hexBytes(vector.signature_priv),
  };
  return joinGroup(
    decodedMessage("mls_welcome", vector.welcome).welcome,
    decodedMessage("mls_key_package", vector.key_package).keyPackage,
    privateKeys,
    makePskIndex(undefined, psks),
    suite,
    vector.ratchet_tree === null ? undefined : decoded(decodeRatchetTree, vector.ratchet_tree),
  );
}

async function follow(
  state: ClientState,
  hex: string,
  psks: Record<string, Uint8Array>,
  suite: CiphersuiteImpl,
): Promise<ClientState> {
  const message = decoded(decodeMlsMessage, hex);
  const pskIndex = makePskIndex(state, psks);
  if (message.wireformat === "mls_private_message")
    return (await processPrivateMessage(state, message.privateMessage, pskIndex, suite)).newState;
  if (message.wireformat === "mls_public_message")
    return (await processPublicMessage(state, message.publicMessage, pskIndex, suite)).newState;
  throw new Error(`the vector is ${message.wireformat}, expected a proposal or a commit`);
}
