import { blobReferenceCodec, eventCodec, transferCodec } from "@bulla/content";
import { defaultServiceLimits, type Quota, type Rate } from "@bulla/service";
import { errorCodes, type Label, labels, limits } from "@bulla/wire";
import * as api from "@bulla/wire/api";
import {
  chainPinCodec,
  deviceCertificateCodec,
  deviceKeysCodec,
  signedStatementCodec,
  statementCodec,
} from "@bulla/wire/identity";
import { manifestCodec, receiptStatementCodec, signedReceiptCodec } from "@bulla/wire/receipt";
import { cddlOf, type Rules } from "./cddl.fixture.ts";
import { readText } from "./pages.fixture.ts";

/** What pages say that follows from the code: the body of each generated section. */
export const generated: Readonly<Record<string, () => string>> = {
  limits: () =>
    table(
      ["limit", "value"],
      Object.entries(limits).map(([name, value]) => [`\`${name}\``, String(value)]),
    ),
  labels: () =>
    table(
      ["name", "text", "where"],
      Object.entries(labels).map(([name, text]) => [
        `\`${name}\``,
        `\`${text}\``,
        isLabel(name) ? labelUses[name] : "",
      ]),
    ),
  codes: () =>
    table(
      ["code", "HTTP status"],
      errorCodes.map((code) => [`\`${code}\``, String(api.statusOfCode[code] ?? "")]),
    ),
  "service limits": serviceLimits,
  arrows,
  "cddl identity": () => cddlOf(identityRules),
  "cddl requests": () => cddlOf(requestRules),
  "cddl frames": () => cddlOf({ request: api.requestFrameCodec, answer: api.answerFrameCodec }),
  "cddl receipts": () =>
    cddlOf(
      { manifest: manifestCodec, "receipt-statement": receiptStatementCodec, "signed-receipt": signedReceiptCodec },
      { "chain-pin": chainPinCodec },
    ),
  "cddl events": () =>
    cddlOf({ event: eventCodec }, { "blob-reference": blobReferenceCodec, "signed-receipt": signedReceiptCodec }),
  "cddl transfers": () =>
    cddlOf({ "blob-reference": blobReferenceCodec, transfer: transferCodec }, { manifest: manifestCodec }),
  "example streams": () => golden("stream"),
  "example frames": () => golden("frames"),
  "example identity": () => golden("identity"),
  "example requests": () => golden("request"),
  "example manifest": () => golden("manifest"),
  "example chapter": () => example("spaces.json", "chapter0"),
  "example next chapter": () => example("spaces.json", "chapter1"),
  "example blob": () => example("blobs.json", undefined, ["about", "transfer"]),
  "example receipt": () => example("receipts.json", undefined, ["about", "file", "statement"]),
};

const identityRules: Rules = {
  "chain-pin": chainPinCodec,
  "device-keys": deviceKeysCodec,
  "device-certificate": deviceCertificateCodec,
  statement: statementCodec,
  "signed-statement": signedStatementCodec,
};

const requestRules: Rules = {
  "account-answer": api.accountAnswerCodec,
  "key-package-upload": api.keyPackageUploadCodec,
  "pool-state": api.poolStateCodec,
  "claim-answer": api.claimAnswerCodec,
  "envelope-post": api.envelopePostCodec,
  "inbox-answer": api.inboxAnswerCodec,
  "inbox-acknowledgement": api.inboxAcknowledgementCodec,
  "capability-change": api.capabilityChangeCodec,
  "missing-question": api.missingQuestionCodec,
  "missing-answer": api.missingAnswerCodec,
  "lease-end": api.leaseEndCodec,
};

const labelUses: Readonly<Record<Label, string>> = {
  statement: "signature of a chain statement",
  statementHash: "hash of a link",
  keyPossession: "proofs in a device certificate",
  createFingerprint: "fingerprint of an account",
  connectionProof: "proof of a write key",
  leaseToken: "name of a lease",
  inboxCapability: "what a device registers for a capability",
  streamId: "sid",
  recordId: "record id",
  streamWrite: "seed of the write key",
  streamRead: "read secret",
  streamOuter: "outer key",
  outerRecord: "key of one wrap",
  context: "context of a chapter",
  chapter: "exporter label (without the NUL)",
  chapterRecords: "record secret",
  recordKey: "key and commitment of one record",
  recordPlace: "associated data of a record",
  recordSignature: "signature of a record",
  head: "heads, the first and all others (of other lengths)",
  constitution: "hash of a constitution",
  operation: "signature of an operation",
  commitBinding: "authenticated_data of a commit",
  part: "hash of a part",
  envelope: "HPKE info of an envelope",
  envelopeSignature: "signature inside an envelope",
  blobContext: "context of a Cobblestone message",
  chunkRoot: "root over chunk hashes",
  leaseSecret: "delete token of one chunk",
  manifest: "hash of a manifest",
  receipt: "signature of a receipt",
  storeKey: "passphrase lock of a device",
  storeValue: "values of a device's store",
  spool: "spooled input of a device",
};

function isLabel(name: string): name is Label {
  return Object.hasOwn(labels, name);
}

function serviceLimits(): string {
  const rows = Object.entries<number | Rate | Quota>({ ...defaultServiceLimits }).map(
    ([name, value]): [string, string] => {
      if (typeof value === "number") return [`\`${name}\``, String(value)];
      if ("burst" in value) return [`\`${name}\``, `${value.burst} at once, then ${value.perMinute} a minute`];
      return [
        `\`${name}\``,
        `in ${value.days} days: ${value.byteDays} byte-days, ${value.streams} streams, ${value.envelopes} envelopes`,
      ];
    },
  );
  return table(["limit", "value"], rows);
}

/** Which member declares which, as package.json has it. */
function arrows(): string {
  const members = [
    "packages/wire",
    "packages/content",
    "packages/core",
    "packages/client",
    "packages/testkit",
    "apps/service",
    "apps/cli",
    "e2e",
    "bench",
  ];
  const rows = members.map((folder): [string, string] => {
    const { dependencies } = JSON.parse(readText(`${folder}/package.json`)) as {
      dependencies?: Record<string, string>;
    };
    const ours = Object.keys(dependencies ?? {}).flatMap((name) =>
      name.startsWith("@bulla/") ? [`\`${name.slice(7)}\``] : [],
    );
    return [`\`${folder}\``, ours.length === 0 ? "nothing of ours" : ours.join(", ")];
  });
  return table(["member", "uses"], rows);
}

type Json = string | number | readonly Json[] | { readonly [name: string]: Json };

function golden(part: string): string {
  return values(pick(JSON.parse(readText("packages/wire/src/golden.json")) as Json, part));
}

function example(file: string, part: string | undefined, without: readonly string[] = []): string {
  return values(pick(JSON.parse(readText(`docs/protocol/examples/${file}`)) as Json, part), without);
}

function pick(value: Json, part: string | undefined): Json {
  if (part === undefined) return value;
  if (typeof value !== "object" || Array.isArray(value) || !Object.hasOwn(value, part))
    throw new Error(`no example ${part}`);
  return (value as { readonly [name: string]: Json })[part] ?? "";
}

function values(value: Json, without: readonly string[] = []): string {
  const lines: string[] = [];
  const walk = (name: string, at: Json): void => {
    if (typeof at === "object")
      for (const [key, inner] of Object.entries(at)) walk(name === "" ? key : `${name}.${key}`, inner);
    else
      lines.push(
        `${name} = ${String(at).length > 640 ? `${String(at).slice(0, 128)}... (${String(at).length / 2} bytes)` : at}`,
      );
  };
  walk("", value);
  return `\`\`\`text\n${lines.filter((line) => !without.some((name) => line.startsWith(`${name} `))).join("\n")}\n\`\`\`\n`;
}

/** Columns are as wide as their widest cell, as the formatter has it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((cells) => (cells[i] ?? "").length)));
  const line = (cells: readonly string[], fill = " "): string =>
    `| ${widths.map((width, i) => (cells[i] ?? "").padEnd(width, fill)).join(" | ")} |\n`;
  return line(head) + line([], "-") + rows.map((cells) => line(cells)).join("");
}
