import { concatBytes, utf8 } from "@bulla/wire";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { type Identity, type Recipient, Stanza } from "age-encryption";
import type { Random } from "../primitives.ts";
import type { AgeCipher } from "./age-cipher.ts";
import { base64Of, bytesOfBase64 } from "./base64.ts";

// https://c2sp.org/age#scrypt-recipient-stanza. Ours and not the library's, so that the platform's scrypt does the work.

/** 256 MiB and a good part of a second. */
export const defaultWorkFactor = 18;
/** A file may ask for 1 GiB to be opened, no more. */
const maxWorkFactor = 20;

export function passphraseRecipient(
  passphrase: string,
  random: Random,
  cipher: Pick<AgeCipher, "scrypt">,
  logN: number,
): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const salt = random(16);
      const key = await cipher.scrypt(passphrase, concatBytes(label, salt), logN);
      return [new Stanza(["scrypt", base64Of(salt), `${logN}`], chacha20poly1305(key, zeroNonce).encrypt(fileKey))];
    },
  };
}

/** Refuses, before any work, a stanza that is not alone, not well formed or asks for more than {@link maxWorkFactor}. */
export function passphraseIdentity(passphrase: string, cipher: Pick<AgeCipher, "scrypt">): Identity {
  return {
    async unwrapFileKey(stanzas) {
      const stanza = stanzas.find(({ args }) => args[0] === "scrypt");
      if (stanza === undefined) return null;
      const [, saltText, logNText, ...rest] = stanza.args;
      const salt = bytesOfBase64(saltText ?? "", false);
      const isWellFormed =
        stanzas.length === 1 &&
        rest.length === 0 &&
        salt?.length === 16 &&
        stanza.body.length === 32 &&
        /^[1-9][0-9]?$/.test(logNText ?? "");
      if (!isWellFormed || salt === undefined) throw new Error("invalid scrypt stanza");
      const logN = Number(logNText);
      if (logN > maxWorkFactor) throw new Error("scrypt work factor is too high");
      const key = await cipher.scrypt(passphrase, concatBytes(label, salt), logN);
      try {
        return chacha20poly1305(key, zeroNonce).decrypt(stanza.body);
      } catch {
        return null;
      }
    },
  };
}

const label = utf8("age-encryption.org/v1/scrypt");
const zeroNonce = new Uint8Array(12);
