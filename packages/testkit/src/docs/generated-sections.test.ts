import { limits } from "@bulla/wire";
import * as api from "@bulla/wire/api";
import { describe, expect, test } from "vitest";
import { generated } from "./generated.fixture.ts";
import { isWriting, readPages, readText, sectionsOf, withSections, writeText } from "./pages.fixture.ts";

const bodyOf = (name: string): string => generated[name]?.() ?? expect.fail(`no section is named ${name}`);
const pages = readPages().filter(({ text }) => sectionsOf(text).length > 0);
if (isWriting) for (const { path, text } of pages) writeText(path, withSections(text, bodyOf));

describe("what a page takes from the code is what the code says now (BULLA_WRITE_DOCS=1 writes it anew):", () => {
  for (const { path } of pages) {
    for (const { name, body } of sectionsOf(readText(path)))
      test(`${name} in ${path}`, () => expect(body).toBe(bodyOf(name)));
  }

  test("every section stands on some page", () => {
    const used = new Set(pages.flatMap(({ text }) => sectionsOf(text).map(({ name }) => name)));
    expect(Object.keys(generated).filter((name) => !used.has(name))).toEqual([]);
  });
});

test("requests.md lists every route of the service, and no other", () => {
  const table = readText("docs/protocol/requests.md");
  const listed = [...table.matchAll(/^\| (GET|PUT|POST) +\| `([^`]+)`/gm)].map(([, , path = ""]) =>
    path.replace(/\?.*$/, ""),
  );
  const { account, statements, claims, keyPackages, inbox, inboxAcknowledgements, capabilities, chunk, ...plain } =
    api.routes;
  const ofDevice = [keyPackages, inbox, inboxAcknowledgements, capabilities].map((route) => route("NAME", "DEVICE"));
  const ofAccount = [account, statements, claims].map((route) => route("NAME"));
  const hash = chunk(new Uint8Array(32)).replace("A".repeat(43), "HASH");
  expect([...new Set(listed)].sort()).toEqual([...Object.values(plain), ...ofAccount, ...ofDevice, hash].sort());
});

test("spaces.md and streams.md name the sizes of records and envelopes", () => {
  const sizes = (list: readonly number[]): string =>
    list
      .map((size) => size / 1024)
      .join(", ")
      .replace(/, (\d+)$/, " or $1 KiB");
  expect(readText("docs/protocol/streams.md")).toContain(sizes(limits.recordSizes));
  expect(readText("docs/protocol/spaces.md")).toContain(sizes(limits.envelopeSizes));
});
