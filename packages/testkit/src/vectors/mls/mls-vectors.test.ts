import { createMlsSuite } from "@bulla/client/crypto";
import { test } from "vitest";
import { vectorTest } from "../vector-test.ts";
import { runCryptoBasics } from "./crypto-basics.ts";
import { runKeySchedule, runPskSecret } from "./key-schedule.ts";
import { runMessageProtection } from "./message-protection.ts";
import { runDeserialization, runMessages } from "./messages.ts";
import { runPassiveClient } from "./passive-client.ts";
import { runSecretTree } from "./secret-tree.ts";
import { otherSuite, type SuiteOf } from "./suite-vectors.ts";
import { runTranscriptHashes } from "./transcript-hashes.ts";
import { runTreeMath, runTreeOperations, runTreeValidation } from "./tree-vectors.ts";
import { runTreeKem } from "./treekem.ts";
import { runWelcome } from "./welcome.ts";

const suite1 = createMlsSuite("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519");
const otherPrimitives = createMlsSuite("MLS_256_XWING_AES256GCM_SHA512_Ed25519");
const suiteOf: SuiteOf = (cipherSuite) => (cipherSuite === 1 ? suite1 : undefined);

vectorTest(test, { name: "MLS tree math is RFC 9420's", file: "mls/tree-math.json", run: runTreeMath });
vectorTest(test, {
  name: "MLS vector lengths decode as RFC 9420 says",
  file: "mls/deserialization.json",
  run: runDeserialization,
});
vectorTest(test, {
  name: "every MLS structure survives decoding and encoding",
  file: "mls/messages.json",
  run: runMessages,
});

const bySuite = [
  {
    name: "MLS labelled primitives are RFC 9420's on our provider",
    file: "crypto-basics",
    run: runCryptoBasics,
    others: 6,
  },
  { name: "the MLS key schedule is RFC 9420's on our provider", file: "key-schedule", run: runKeySchedule, others: 6 },
  { name: "MLS PSK secrets are RFC 9420's on our provider", file: "psk_secret", run: runPskSecret, others: 66 },
  { name: "MLS secret trees are RFC 9420's on our provider", file: "secret-tree", run: runSecretTree, others: 18 },
  {
    name: "MLS transcript hashes are RFC 9420's on our provider",
    file: "transcript-hashes",
    run: runTranscriptHashes,
    others: 6,
  },
  {
    name: "MLS messages of others open on our provider, and ours as well",
    file: "message-protection",
    run: runMessageProtection,
    others: 6,
  },
  { name: "a Welcome of others opens and verifies on our provider", file: "welcome", run: runWelcome, others: 6 },
  { name: "MLS tree operations give RFC 9420's trees", file: "tree-operations", run: runTreeOperations, others: 0 },
  { name: "MLS trees of others validate on our provider", file: "tree-validation", run: runTreeValidation, others: 84 },
  {
    name: "update paths of others open on our provider, and ours as well",
    file: "treekem",
    run: runTreeKem,
    others: 66,
  },
  {
    name: "a client joins by Welcome as the official passive clients do",
    file: "passive-client-welcome",
    run: runPassiveClient,
    others: 48,
  },
  {
    name: "a client follows commits as the official passive clients do",
    file: "passive-client-handling-commit",
    run: runPassiveClient,
    others: 78,
  },
  {
    name: "a client follows 200 random epochs of an official group",
    file: "passive-client-random",
    run: runPassiveClient,
    others: 0,
  },
] as const;

for (const { name, file, run, others } of bySuite) {
  vectorTest<never>(test, {
    name,
    file: `mls/${file}.json`,
    run: (vectors) => run(vectors, suiteOf),
    skipped: others === 0 ? {} : { [otherSuite]: others },
  });
  vectorTest<never>(test, {
    name: `control: not one case of ${file} passes with the primitives of another suite`,
    file: `mls/${file}.json`,
    run: async (vectors) => {
      const tally = await run(vectors, (cipherSuite) => (cipherSuite === 1 ? otherPrimitives : undefined));
      return { ran: tally.ran, failed: tally.failed.length === tally.ran ? [] : ["some case passed"], skipped: {} };
    },
  });
}
