import type { GroupContext } from "ts-mls";
import { encodeGroupContext } from "ts-mls/groupContext.js";
import { initializeEpoch, mlsExporter } from "ts-mls/keySchedule.js";
import { computePskSecret } from "ts-mls/presharedkey.js";
import { hexBytes, isHex } from "../vector-bytes.ts";
import type { VectorTally } from "../vector-tally.ts";
import { runSuiteVectors, type SuiteOf, type SuiteVector } from "./suite-vectors.ts";

export interface KeyScheduleVector extends SuiteVector {
  readonly group_id: string;
  readonly initial_init_secret: string;
  readonly epochs: readonly {
    readonly tree_hash: string;
    readonly confirmed_transcript_hash: string;
    readonly group_context: string;
    readonly commit_secret: string;
    readonly psk_secret: string;
    readonly joiner_secret: string;
    readonly welcome_secret: string;
    readonly init_secret: string;
    readonly sender_data_secret: string;
    readonly encryption_secret: string;
    readonly exporter_secret: string;
    readonly epoch_authenticator: string;
    readonly external_secret: string;
    readonly confirmation_key: string;
    readonly membership_key: string;
    readonly resumption_psk: string;
    readonly external_pub: string;
    readonly exporter: {
      readonly label: string;
      readonly context: string;
      readonly length: number;
      readonly secret: string;
    };
  }[];
}

/** mls-implementations, key-schedule: every secret of several epochs, each from the init secret of the one before. */
export function runKeySchedule(vectors: readonly KeyScheduleVector[], suiteOf: SuiteOf): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async (vector, suite) => {
    let initSecret = hexBytes(vector.initial_init_secret);
    for (const [index, epoch] of vector.epochs.entries()) {
      const context: GroupContext = {
        version: "mls10",
        cipherSuite: suite.name,
        groupId: hexBytes(vector.group_id),
        epoch: BigInt(index),
        treeHash: hexBytes(epoch.tree_hash),
        confirmedTranscriptHash: hexBytes(epoch.confirmed_transcript_hash),
        extensions: [],
      };
      const secrets = await initializeEpoch(
        initSecret,
        hexBytes(epoch.commit_secret),
        context,
        hexBytes(epoch.psk_secret),
        suite.kdf,
      );
      const keys = secrets.keySchedule;
      const external = await suite.hpke.deriveKeyPair(keys.externalSecret);
      const { exporter } = epoch;
      const matches =
        isHex(encodeGroupContext(context), epoch.group_context) &&
        isHex(secrets.joinerSecret, epoch.joiner_secret) &&
        isHex(secrets.welcomeSecret, epoch.welcome_secret) &&
        isHex(secrets.encryptionSecret, epoch.encryption_secret) &&
        isHex(keys.initSecret, epoch.init_secret) &&
        isHex(keys.senderDataSecret, epoch.sender_data_secret) &&
        isHex(keys.exporterSecret, epoch.exporter_secret) &&
        isHex(keys.epochAuthenticator, epoch.epoch_authenticator) &&
        isHex(keys.externalSecret, epoch.external_secret) &&
        isHex(keys.confirmationKey, epoch.confirmation_key) &&
        isHex(keys.membershipKey, epoch.membership_key) &&
        isHex(keys.resumptionPsk, epoch.resumption_psk) &&
        isHex(await suite.hpke.exportPublicKey(external.publicKey), epoch.external_pub) &&
        isHex(
          await mlsExporter(keys.exporterSecret, exporter.label, hexBytes(exporter.context), exporter.length, suite),
          exporter.secret,
        );
      if (!matches) return false;
      initSecret = keys.initSecret;
    }
    return vector.epochs.length > 0;
  });
}

export interface PskSecretVector extends SuiteVector {
  readonly psks: readonly { readonly psk_id: string; readonly psk: string; readonly psk_nonce: string }[];
  readonly psk_secret: string;
}

/** mls-implementations, psk_secret. We refuse PSK proposals, but Welcome and epoch derivation go through the same code. */
export function runPskSecret(vectors: readonly PskSecretVector[], suiteOf: SuiteOf): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async (vector, suite) => {
    const psks = vector.psks.map((psk): Parameters<typeof computePskSecret>[0][number] => [
      { psktype: "external", pskId: hexBytes(psk.psk_id), pskNonce: hexBytes(psk.psk_nonce) },
      hexBytes(psk.psk),
    ]);
    return isHex(await computePskSecret(psks, suite), vector.psk_secret);
  });
}
