import type { HpkeBox, Random } from "@bulla/core";
import { concatBytes, isBullaError, uintBytes, utf8 } from "@bulla/wire";
import { type AeadName, aeadKeyBytes, aeadNonceBytes, type HashName, hashBytes } from "./algorithms.ts";
import type { Encapsulation, Kem, KemPrivateKey, KemPublicKey } from "./kem.ts";
import type { SymmetricParts } from "./parts.ts";

/** The three algorithms of an HPKE suite, RFC 9180 §7. */
export interface HpkeSuite {
  readonly kem: Kem;
  readonly kdf: HashName;
  readonly aead: AeadName;
}

/** A secret that the sender exports, and the encapsulated key from which the recipient exports the same. */
export interface ExportedSecret {
  readonly enc: Uint8Array;
  readonly secret: Uint8Array;
}

/** HPKE base mode, one message per context, RFC 9180 §6.1. */
export interface Hpke {
  seal(recipient: KemPublicKey, info: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Promise<HpkeBox>;
  /** Undefined for every cause of failure. */
  open(
    recipient: KemPrivateKey,
    info: Uint8Array,
    associatedData: Uint8Array,
    box: HpkeBox,
  ): Promise<Uint8Array | undefined>;
  /** RFC 9180 §6.2, sender's side. */
  exportSecret(recipient: KemPublicKey, info: Uint8Array, context: Uint8Array, length: number): ExportedSecret;
  /** RFC 9180 §6.2, recipient's side. Undefined for every cause of failure. */
  importSecret(
    recipient: KemPrivateKey,
    info: Uint8Array,
    context: Uint8Array,
    enc: Uint8Array,
    length: number,
  ): Uint8Array | undefined;
}

const none = new Uint8Array(0);
const version = utf8("HPKE-v1");
const baseMode = Uint8Array.of(0);
const kdfIds: Readonly<Record<HashName, number>> = { sha256: 1, sha512: 3 };
const aeadIds: Readonly<Record<AeadName, number>> = { "aes-128-gcm": 1, "aes-256-gcm": 2, "chacha20-poly1305": 3 };
const ephemeralBytes = 32;

type HpkeParts = Pick<SymmetricParts, "hkdfExtract" | "hkdfExpand" | "sealAead" | "openAead">;

export function createHpke({ kem, kdf, aead }: HpkeSuite, parts: HpkeParts, random: Random): Hpke {
  const suiteId = concatBytes(
    utf8("HPKE"),
    uintBytes(kem.id, 2),
    uintBytes(kdfIds[kdf], 2),
    uintBytes(aeadIds[aead], 2),
  );
  const noPskHash = labeledExtract(none, "psk_id_hash", none);

  return {
    async seal(recipient, info, associatedData, plaintext): Promise<HpkeBox> {
      const { enc, sharedSecret } = encapsulate(recipient);
      const { key, nonce } = messageKey(sharedSecret, info);
      return { enc, ciphertext: await parts.sealAead(aead, key, nonce, associatedData, plaintext) };
    },
    async open(recipient, info, associatedData, box): Promise<Uint8Array | undefined> {
      const sharedSecret = decapsulate(recipient, box.enc);
      if (sharedSecret === undefined) return undefined;
      const { key, nonce } = messageKey(sharedSecret, info);
      return parts.openAead(aead, key, nonce, associatedData, box.ciphertext);
    },
    exportSecret(recipient, info, context, length): ExportedSecret {
      const { enc, sharedSecret } = encapsulate(recipient);
      return { enc, secret: exported(sharedSecret, info, context, length) };
    },
    importSecret(recipient, info, context, enc, length): Uint8Array | undefined {
      const sharedSecret = decapsulate(recipient, enc);
      return sharedSecret === undefined ? undefined : exported(sharedSecret, info, context, length);
    },
  };

  function encapsulate(recipient: KemPublicKey): Encapsulation {
    return recipient.encapsulate(random(ephemeralBytes));
  }

  function messageKey(
    sharedSecret: Uint8Array,
    info: Uint8Array,
  ): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
    const schedule = keySchedule(sharedSecret, info);
    return {
      key: labeledExpand(schedule.secret, "key", schedule.context, aeadKeyBytes[aead]),
      nonce: labeledExpand(schedule.secret, "base_nonce", schedule.context, aeadNonceBytes),
    };
  }

  function exported(sharedSecret: Uint8Array, info: Uint8Array, context: Uint8Array, length: number): Uint8Array {
    const schedule = keySchedule(sharedSecret, info);
    const exporterSecret = labeledExpand(schedule.secret, "exp", schedule.context, hashBytes[kdf]);
    return labeledExpand(exporterSecret, "sec", context, length);
  }

  // RFC 9180 §5.1
  function keySchedule(
    sharedSecret: Uint8Array,
    info: Uint8Array,
  ): { readonly secret: Uint8Array; readonly context: Uint8Array } {
    return {
      secret: labeledExtract(sharedSecret, "secret", none),
      context: concatBytes(baseMode, noPskHash, labeledExtract(none, "info_hash", info)),
    };
  }

  function labeledExtract(salt: Uint8Array, label: string, inputKeyingMaterial: Uint8Array): Uint8Array {
    return parts.hkdfExtract(kdf, salt, version, suiteId, utf8(label), inputKeyingMaterial);
  }

  function labeledExpand(pseudorandomKey: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array {
    const labeled = concatBytes(uintBytes(length, 2), version, suiteId, utf8(label), info);
    return parts.hkdfExpand(kdf, pseudorandomKey, labeled, length);
  }
}

function decapsulate(recipient: KemPrivateKey, enc: Uint8Array): Uint8Array | undefined {
  try {
    return recipient.decapsulate(enc);
  } catch (error) {
    if (isBullaError(error, "core/bad-key")) return undefined;
    throw error;
  }
}
