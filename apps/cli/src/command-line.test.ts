import { isBullaError } from "@bulla/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Invocation, parseCommandLine } from "./command-line.ts";
import { closest } from "./did-you-mean.ts";

function parsed(...args: readonly string[]): Invocation {
  const line = parseCommandLine(args);
  if (line.kind !== "run") throw new Error(`${line.kind} instead of a command`);
  return line.invocation;
}

function refusalOf(...args: readonly string[]): string {
  try {
    parseCommandLine(args);
  } catch (error) {
    if (isBullaError(error, "cli/usage")) return `${error.message} / ${error.hint}`;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("what is accepted", () => {
  test("options stand before, between and after other words, as two words or one", () => {
    for (const args of [
      ["send", "a", "b", "--to", "bob", "--json"],
      ["--json", "send", "--to=bob", "a", "b"],
      ["send", "a", "--to", "bob", "--json", "b"],
      ["--to", "bob", "send", "--json", "--", "a", "b"],
    ]) {
      const { command, words, options } = parsed(...args);
      expect([command, words, options.values("to"), options.has("json")]).toEqual(["send", ["a", "b"], ["bob"], true]);
    }
  });

  test("after -- nothing is an option", () => {
    expect(parsed("send", "--to", "bob", "--", "--note", "-x").words).toEqual(["--note", "-x"]);
  });

  test("a value may begin with a dash when it is joined by =", () => {
    expect(parsed("send", "a", "--to=bob", "--note=-dash=").options.value("note")).toBe("-dash=");
  });

  test("- alone is a word and a value", () => {
    const { words, options } = parsed("seal", "-", "-r", "age1x", "-o", "-");
    expect([words, options.value("out")]).toEqual([["-"], "-"]);
  });

  test("options that may repeat keep every value, short and long", () => {
    expect(parsed("seal", "a", "-r", "one", "-rtwo", "--recipient", "three").options.values("recipient")).toEqual([
      "one",
      "two",
      "three",
    ]);
  });

  test("commands of two words are found", () => {
    expect(parsed("receipt", "--json", "verify", "f").command).toBe("receipt verify");
    expect(parsed("contacts").command).toBe("contacts");
    expect(parsed("contacts", "accept", "eve@b.example").words).toEqual(["eve@b.example"]);
  });

  test.each([
    [["--help"], undefined],
    [["help"], undefined],
    [["-h"], undefined],
    [["help", "send"], "send"],
    [["send", "--help"], "send"],
    [["send", "-h", "--to"], "send"],
    [["receipt", "--help"], "receipt"],
    [["help", "receipt", "verify"], "receipt verify"],
    [["contacts", "--help"], "contacts"],
  ])("%j asks for help", (args, about) => {
    if (args.includes("--to")) expect(refusalOf(...args)).toContain("--to needs a value");
    else expect(parseCommandLine(args)).toEqual({ kind: "help", about });
  });

  test("--version asks for the version", () => {
    expect(parseCommandLine(["--version"])).toEqual({ kind: "version" });
  });
});

describe("what is refused, with a hint", () => {
  test.each([
    [[], "no command was given / bulla --help lists the commands"],
    [["sned", "x"], "bulla sned is not a command / did you mean bulla send?"],
    [["zzz"], "bulla zzz is not a command / bulla --help lists what there is"],
    [["contacts", "acept", "x"], "bulla contacts acept is not a command / did you mean bulla contacts accept?"],
    [["receipt"], "bulla receipt needs one more word / it is one of: show, verify"],
    [["--home", "x", "serve"], "serve must be the first word / bulla serve --help says more"],
    [["whoami", "--jsn"], "--jsn is not an option of bulla whoami / did you mean --json?"],
    [["whoami", "-x"], "-x is not an option of bulla whoami / bulla whoami --help lists what there is"],
    [["whoami", "--to", "bob"], "--to does not belong to bulla whoami / bulla whoami --help lists what does"],
    [["whoami", "--json=yes"], "--json takes no value / write --json alone"],
    [["send", "x", "--to"], "--to needs a value / write --to HANDLE[,HANDLE]"],
    [["send", "x", "--to", "--json"], "--to needs a value / a value that begins with - is written --to=VALUE"],
    [["send", "x", "--to", "b", "--note", "1", "--note", "2"], "--note was given 2 times / give it once"],
    [["seal", "x", "-r", "age1a", "age1b"], "one word too many / give each recipient its own -r"],
    [["whoami", "x"], "one word too many: x / usage: bulla whoami"],
    [["receipt", "show"], "bulla receipt show needs TRANSFER / usage: bulla receipt show TRANSFER [-o FILE]"],
    [["send", "", "--to", "b"], expect.stringContaining("an empty word was given")],
  ])("%j", (args, refusal) => {
    expect(refusalOf(...args)).toEqual(refusal);
  });

  test("whatever is typed, the answer is a command or a usage error", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "send",
        "receipt",
        "show",
        "contacts",
        "help",
        "--",
        "-",
        "--to",
        "--json",
        "-o",
        "-pr",
        "--=",
        "__proto__",
        "--__proto__",
        "constructor",
        "--constructor=1",
      ),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (args) => {
        try {
          parseCommandLine(args);
        } catch (error) {
          expect(isBullaError(error, "cli/usage")).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test("a slip of the fingers finds the nearest name, and something else none", () => {
  const names = ["send", "sent", "seal", "receive", "receipt", "--passphrase-file"];
  expect(["sned", "recieve", "--pasphrase-file", "receip"].map((typed) => closest(typed, names))).toEqual([
    "send",
    "receive",
    "--passphrase-file",
    "receipt",
  ]);
  expect(closest("xyzzy", names)).toBeUndefined();
});
