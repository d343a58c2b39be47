import type { CiphersuiteImpl } from "ts-mls";
import { refhash } from "ts-mls/crypto/hash.js";
import { decryptWithLabel, encryptWithLabel } from "ts-mls/crypto/hpke.js";
import { deriveSecret, deriveTreeSecret, expandWithLabel } from "ts-mls/crypto/kdf.js";
import { signWithLabel, verifyWithLabel } from "ts-mls/crypto/signature.js";
import { hexBytes, isHex } from "../vector-bytes.ts";
import type { VectorTally } from "../vector-tally.ts";
import { runSuiteVectors, type SuiteOf, type SuiteVector } from "./suite-vectors.ts";

export interface CryptoBasicsVector extends SuiteVector {
  readonly ref_hash: { readonly label: string; readonly value: string; readonly out: string };
  readonly expand_with_label: {
    readonly secret: string;
    readonly label: string;
    readonly context: string;
    readonly length: number;
    readonly out: string;
  };
  readonly derive_secret: { readonly secret: string; readonly label: string; readonly out: string };
  readonly derive_tree_secret: {
    readonly secret: string;
    readonly label: string;
    readonly generation: number;
    readonly length: number;
    readonly out: string;
  };
  readonly sign_with_label: {
    readonly priv: string;
    readonly pub: string;
    readonly content: string;
    readonly label: string;
    readonly signature: string;
  };
  readonly encrypt_with_label: {
    readonly priv: string;
    readonly pub: string;
    readonly label: string;
    readonly context: string;
    readonly plaintext: string;
    readonly kem_output: string;
    readonly ciphertext: string;
  };
}

/** mls-implementations, crypto-basics: RefHash, ExpandWithLabel, DeriveSecret, DeriveTreeSecret, SignWithLabel, EncryptWithLabel. */
export function runCryptoBasics(vectors: readonly CryptoBasicsVector[], suiteOf: SuiteOf): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async (vector, suite) => {
    const { ref_hash: ref, expand_with_label: expand, derive_secret: derive, derive_tree_secret: tree } = vector;
    return (
      isHex(await refhash(ref.label, hexBytes(ref.value), suite.hash), ref.out) &&
      isHex(
        await expandWithLabel(
          hexBytes(expand.secret),
          expand.label,
          hexBytes(expand.context),
          expand.length,
          suite.kdf,
        ),
        expand.out,
      ) &&
      isHex(await deriveSecret(hexBytes(derive.secret), derive.label, suite.kdf), derive.out) &&
      isHex(
        await deriveTreeSecret(hexBytes(tree.secret), tree.label, tree.generation, tree.length, suite.kdf),
        tree.out,
      ) &&
      (await signs(vector.sign_with_label, suite)) &&
      (await encrypts(vector.encrypt_with_label, suite))
    );
  });
}

async function signs(v: CryptoBasicsVector["sign_with_label"], { signature }: CiphersuiteImpl): Promise<boolean> {
  const content = hexBytes(v.content);
  const own = await signWithLabel(hexBytes(v.priv), v.label, content, signature);
  return (
    (await verifyWithLabel(hexBytes(v.pub), v.label, content, hexBytes(v.signature), signature)) &&
    (await verifyWithLabel(hexBytes(v.pub), v.label, content, own, signature))
  );
}

async function encrypts(v: CryptoBasicsVector["encrypt_with_label"], { hpke }: CiphersuiteImpl): Promise<boolean> {
  const [context, plaintext] = [hexBytes(v.context), hexBytes(v.plaintext)];
  const privateKey = await hpke.importPrivateKey(hexBytes(v.priv));
  const own = await encryptWithLabel(await hpke.importPublicKey(hexBytes(v.pub)), v.label, context, plaintext, hpke);
  return (
    isHex(
      await decryptWithLabel(privateKey, v.label, context, hexBytes(v.kem_output), hexBytes(v.ciphertext), hpke),
      v.plaintext,
    ) && isHex(await decryptWithLabel(privateKey, v.label, context, own.enc, own.ct, hpke), v.plaintext)
  );
}
