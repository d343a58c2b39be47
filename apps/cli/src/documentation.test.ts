import { readFileSync, writeFileSync } from "node:fs";
import { parseHandle } from "@bulla/wire";
import { expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { parseCommandLine } from "./command-line.ts";
import { commandNames, commandSpec, everywhere, isOptionName, type OptionName, optionTable } from "./command-table.ts";
import { errorSentences } from "./error-sentences.ts";
import { exitCodes } from "./exit-codes.ts";
import { helpText, overviewText, spelling, usageLine } from "./help-text.ts";
import { explainError } from "./report-error.ts";
import {
  contactJson,
  deviceJson,
  lineJson,
  type ReceiptShownJson,
  type ReceiptVerifiedJson,
  receivedJson,
  refusedJson,
  type SaidJson,
  sentJson,
  spaceJson,
  waitingJson,
} from "./result-lines.ts";
import { Sandbox } from "./run-bulla.fixture.ts";
import { version } from "./version.ts";
import { cardJson } from "./whoami.ts";

// The formatter pads the cells of tables.
const docs = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8").replaceAll(/ +\|/g, " |");

/** The text under one command's heading. */
function sectionOf(command: string): string {
  const shape = commandSpec(commandNames.find((name) => name === command) ?? "whoami").usage;
  const heading = `### \`bulla ${command}${shape === "" ? "" : ` ${shape}`}\`\n`;
  const start = docs.indexOf(heading);
  expect(start, heading).toBeGreaterThan(0);
  return docs.slice(start + heading.length).split(/\n##/, 1)[0] ?? "";
}

function exampleOf(name: string): unknown {
  const found = docs.split(`\n\`\`\`json ${name}\n`)[1];
  return JSON.parse(found?.split("\n```", 1)[0] ?? "");
}

function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== "object" || value === null) return "value";
  return Object.entries(value).map(([key, inner]) => [key, key === "skipped" ? [] : shapeOf(inner)]);
}

test("the version is the package's", () => {
  expect(version).toBe(manifest.version);
});

test.each(commandNames)("docs and help of %s list the options that the parser takes, and no other", (name) => {
  const options = Object.keys(commandSpec(name).options).filter(isOptionName);
  const written = [...sectionOf(name).matchAll(/^\| `(-[^`]+)` \|/gm)].map(([, text]) => text);
  expect(new Set(written)).toEqual(new Set(options.map(spelling)));
  const help = helpText(name === "contacts" ? "contacts accept" : name);
  for (const option of [...options, ...(Object.keys(everywhere) as OptionName[])])
    expect(help).toContain(spelling(option));
});

test("every option of the table belongs to a command", () => {
  const used = commandNames.flatMap((name) => Object.keys(commandSpec(name).options));
  expect([...new Set([...used, ...Object.keys(everywhere), "version"])].toSorted()).toEqual(
    Object.keys(optionTable).toSorted(),
  );
});

test.each(commandNames)("the usage line of %s names every option and word, and the parser takes it", (name) => {
  const { options, words } = commandSpec(name);
  for (const word of words) expect(usageLine(name)).toContain(word);
  for (const option of Object.keys(options).filter(isOptionName)) {
    const { short, value } = { short: undefined, value: undefined, ...optionTable[option] };
    expect(usageLine(name)).toMatch(short === undefined ? `--${option}` : new RegExp(`--${option}\\b|-${short}\\b`));
    const args = [
      ...name.split(" "),
      ...words.map((_, i) => `word${i}`),
      `--${option}`,
      ...(value === undefined ? [] : ["x"]),
    ];
    expect(parseCommandLine(args).kind).toBe("run");
  }
  expect(overviewText()).toContain(`  ${name} `);
});

test("every command line in the docs is one that the parser takes", () => {
  const shell = [...docs.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block]) => (block ?? "").split("\n"));
  const lines = shell.flatMap((line) => /\bbulla (.*)$/.exec(line)?.[1] ?? []);
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) {
    const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
    expect(parseCommandLine(args).kind, line).toBe("run");
  }
});

test("the JSON examples in the docs have the shapes that the commands print", () => {
  const handle = parseHandle("bob@bulla.example");
  const file = { name: "a", size: 1, sha256: "00" };
  const sent = { transfer: "00", to: handle, files: [file], state: "sent", day: 1, skipped: [] } as const;
  const card = {
    handle,
    host: "h",
    service: "s",
    deviceId: "d",
    deviceName: "n",
    createdDay: 1,
    createFingerprint: "f",
  };
  const received = {
    kind: "file",
    transfer: "00",
    from: handle,
    firstContact: true,
    path: "p",
    note: null,
    ...file,
  } as const;
  const refused = { kind: "refused", transfer: null, from: null, name: null, code: "c", message: "m" } as const;
  const space = {
    space: "00",
    kind: "group",
    name: "n",
    home: "h",
    state: "active",
    role: "owner",
    chapter: 1,
    history: "all",
    members: [{ handle, role: "owner", devices: 1 }],
  } as const;
  const shown: ReceiptShownJson = { transfer: "00", recipient: handle, day: "d", files: [file], out: null };
  const verified: ReceiptVerifiedJson = {
    transfer: "00",
    recipient: handle,
    sender: handle,
    day: "d",
    files: [file],
    fingerprint: "f",
    pinned: true,
    file_matches: null,
  };
  const examples: readonly (readonly [string, unknown])[] = [
    ["receipt show", shown],
    ["receipt verify", verified],
    ["space", spaceJson(space)],
    ["message", { space: "00", state: "sent" } satisfies SaidJson],
    ["read", lineJson({ space: "00", id: "1", from: handle, at: 0, own: true, state: "sent", type: "text", text: "" })],
    ["init", cardJson(card, "h")],
    ["whoami", cardJson(card, "h")],
    ["devices", deviceJson({ deviceId: "d", thisDevice: true, state: "active" })],
    ["contacts", contactJson({ handle, state: "accepted", createFingerprint: "f", host: "h" })],
    ["send", sentJson(sent)],
    ["receive", receivedJson(received)],
    ["receive waiting", waitingJson({ kind: "waiting", from: handle, host: "h" })],
    ["receive refused", refusedJson(refused)],
    ["error", { error: explainError(undefined).error }],
  ];
  for (const [name, value] of examples) expect(shapeOf(exampleOf(name)), name).toEqual(shapeOf(value));
});

test("the docs list every error code with its exit code and sentence, and every exit code", () => {
  const rows = [...docs.matchAll(/^\| `([a-z]+\/[a-z-]+)` \| (\d+) \| (.*) \|$/gm)].map(([, ...cells]) => cells);
  expect(rows).toEqual(Object.entries(errorSentences).map(([code, { exit, sentence }]) => [code, `${exit}`, sentence]));
  for (const code of Object.values(exitCodes)) expect(docs).toMatch(new RegExp(`^\\| ${code} \\| `, "m"));
});

test("the docs name every environment variable that is read", () => {
  for (const name of ["BULLA_HOME", "BULLA_PASSPHRASE_FILE", "BULLA_HOSTS", "XDG_DATA_HOME", "XDG_CACHE_HOME"])
    expect(docs).toMatch(new RegExp(`^\\| \`${name}\` \\| `, "m"));
});

test("keygen, seal and open print what the docs show", async () => {
  using box = new Sandbox();
  const made = await box.run(["keygen", "-o", "key.txt", "--json"]);
  const { recipient } = JSON.parse(made.stdout) as { recipient: string };
  writeFileSync(box.path("plain"), "x");
  const sealed = await box.run(["seal", "plain", "-r", recipient, "--json"]);
  const opened = await box.run(["open", "plain.age", "-i", "key.txt", "-o", "again", "--json"]);
  for (const [name, { stdout }] of [
    ["keygen", made],
    ["seal", sealed],
    ["open", opened],
  ] as const)
    expect(shapeOf(JSON.parse(stdout)), name).toEqual(shapeOf(exampleOf(name)));
});
