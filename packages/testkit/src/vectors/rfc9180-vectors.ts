import type { Primitives } from "@bulla/core";
import { utf8 } from "@bulla/wire";
import { hexBytes, isHex } from "./vector-bytes.ts";
import { tallyCases, type VectorTally } from "./vector-tally.ts";

type MlsHpke = Primitives["mls"]["hpke"];

/** RFC 9180 appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode. */
export const rfc9180Base = {
  info: "4f6465206f6e2061204772656369616e2055726e",
  ikmE: "7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234",
  skEm: "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
  ikmR: "6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037",
  pkRm: "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
  skRm: "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
  enc: "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
  sharedSecret: "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
  /** Sequence number 0. */
  aad: "436f756e742d30",
  plaintext: "4265617574792069732074727574682c20747275746820626561757479",
  ciphertext: "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
  exports: [
    { context: "", value: "3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee" },
    { context: "00", value: "2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5" },
    { context: "54657374436f6e74657874", value: "e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931" },
  ],
} as const;

/** Key derivation, opening and export of MLS suite 1, whose HPKE is the suite of appendix A.1. */
export function runRfc9180Vectors(hpke: MlsHpke): Promise<VectorTally> {
  const v = rfc9180Base;
  const [info, enc, aad, ciphertext] = [hexBytes(v.info), hexBytes(v.enc), hexBytes(v.aad), hexBytes(v.ciphertext)];
  const recipient: () => ReturnType<MlsHpke["importPrivateKey"]> = () => hpke.importPrivateKey(hexBytes(v.skRm));
  return tallyCases([
    {
      name: "DeriveKeyPair of the recipient",
      check: async () => {
        const pair = await hpke.deriveKeyPair(hexBytes(v.ikmR));
        return (
          isHex(await hpke.exportPrivateKey(pair.privateKey), v.skRm) &&
          isHex(await hpke.exportPublicKey(pair.publicKey), v.pkRm)
        );
      },
    },
    {
      name: "DeriveKeyPair of the sender",
      check: async () =>
        isHex(await hpke.exportPublicKey((await hpke.deriveKeyPair(hexBytes(v.ikmE))).publicKey), v.enc),
    },
    {
      name: "Open",
      check: async () => isHex(await hpke.open(await recipient(), enc, ciphertext, info, aad), v.plaintext),
    },
    ...v.exports.map(({ context, value }) => ({
      name: `Export with context ${context}`,
      check: async () => isHex(await hpke.importSecret(await recipient(), hexBytes(context), enc, 32, info), value),
    })),
    {
      name: "Open refuses other info",
      check: async () => {
        try {
          await hpke.open(await recipient(), enc, ciphertext, utf8("other"), aad);
          return false;
        } catch {
          return true;
        }
      },
    },
  ]);
}
