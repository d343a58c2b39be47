import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from "ts-mls/groupInfo.js";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import { decryptGroupInfo, decryptGroupSecrets } from "ts-mls/welcome.js";
import { hexBytes } from "../vector-bytes.ts";
import type { VectorTally } from "../vector-tally.ts";
import { decodedMessage } from "./decoded.ts";
import { runSuiteVectors, type SuiteOf, type SuiteVector } from "./suite-vectors.ts";

export interface WelcomeVector extends SuiteVector {
  readonly init_priv: string;
  readonly signer_pub: string;
  readonly key_package: string;
  readonly welcome: string;
}

/** mls-implementations, welcome: open the group secrets and the GroupInfo, then check its signature and confirmation tag. */
export function runWelcome(vectors: readonly WelcomeVector[], suiteOf: SuiteOf): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async (vector, suite) => {
    const { welcome } = decodedMessage("mls_welcome", vector.welcome);
    const ref = await makeKeyPackageRef(decodedMessage("mls_key_package", vector.key_package).keyPackage, suite.hash);
    const secrets = await decryptGroupSecrets(
      await suite.hpke.importPrivateKey(hexBytes(vector.init_priv)),
      ref,
      welcome,
      suite.hpke,
    );
    if (secrets === undefined) return false;
    const noPsk = new Uint8Array(suite.kdf.size);
    const info = await decryptGroupInfo(welcome, secrets.joinerSecret, noPsk, suite);
    return (
      info !== undefined &&
      (await verifyGroupInfoSignature(info, hexBytes(vector.signer_pub), suite.signature)) &&
      (await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noPsk, suite))
    );
  });
}
