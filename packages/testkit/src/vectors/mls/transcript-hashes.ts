import { decodeAuthenticatedContent } from "ts-mls/authenticatedContent.js";
import { createConfirmedHash, createInterimHash } from "ts-mls/transcriptHash.js";
import { hexBytes, isHex } from "../vector-bytes.ts";
import type { VectorTally } from "../vector-tally.ts";
import { decoded } from "./decoded.ts";
import { runSuiteVectors, type SuiteOf, type SuiteVector } from "./suite-vectors.ts";

export interface TranscriptHashesVector extends SuiteVector {
  readonly confirmation_key: string;
  readonly authenticated_content: string;
  readonly interim_transcript_hash_before: string;
  readonly confirmed_transcript_hash_after: string;
  readonly interim_transcript_hash_after: string;
}

/** mls-implementations, transcript-hashes. */
export function runTranscriptHashes(
  vectors: readonly TranscriptHashesVector[],
  suiteOf: SuiteOf,
): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async (vector, { hash }) => {
    const { wireformat, content, auth } = decoded(decodeAuthenticatedContent, vector.authenticated_content);
    if (content.contentType !== "commit" || auth.contentType !== "commit") return false;
    const before = hexBytes(vector.interim_transcript_hash_before);
    const confirmed = await createConfirmedHash(before, { wireformat, content, signature: auth.signature }, hash);
    return (
      isHex(confirmed, vector.confirmed_transcript_hash_after) &&
      isHex(await createInterimHash(confirmed, auth.confirmationTag, hash), vector.interim_transcript_hash_after) &&
      (await hash.verifyMac(hexBytes(vector.confirmation_key), auth.confirmationTag, confirmed))
    );
  });
}
