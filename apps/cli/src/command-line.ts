import { parseArgs } from "node:util";
import { BullaError } from "@bulla/wire";
import {
  type CommandName,
  commandNames,
  commandSpec,
  everywhere,
  isCommandName,
  isOptionName,
  type OptionName,
  optionSpec,
  optionTable,
  servicePrograms,
} from "./command-table.ts";
import { closest } from "./did-you-mean.ts";

/** One command as it was typed, checked against the table. */
export interface Invocation {
  readonly command: CommandName;
  readonly words: readonly string[];
  readonly options: Options;
}

export interface Options {
  has(name: OptionName): boolean;
  /** The last value; undefined when not given. */
  value(name: OptionName): string | undefined;
  values(name: OptionName): readonly string[];
}

export type CommandLine =
  | { readonly kind: "run"; readonly invocation: Invocation }
  | { readonly kind: "help"; readonly about: Topic | undefined }
  | { readonly kind: "version" };

/** @throws BullaError cli/usage */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { given, words } = readTokens(args);
  const [first] = words;
  if (first === "help") return { kind: "help", about: topicOf(words.slice(1)) };
  if (given.has("help")) return { kind: "help", about: topicOf(words) };
  if (given.has("version") && first === undefined) return { kind: "version" };
  if (first === undefined) throw usage("no command was given", "bulla --help lists the commands");
  const command = commandOf(words);
  const rest = words.slice(command.split(" ").length);
  checkOptions(command, given);
  checkWords(command, rest);
  return { kind: "run", invocation: { command, words: rest, options: optionsOf(given) } };
}

export function usage(message: string, hint: string): BullaError {
  return new BullaError("cli/usage", message, { hint });
}

/** Names typed but unknown stay in the map under their own name, to be answered once the command is known. */
type Given = ReadonlyMap<string, readonly string[]>;

function readTokens(args: readonly string[]): { readonly given: Given; readonly words: readonly string[] } {
  const options = Object.fromEntries(
    Object.keys(optionTable)
      .filter(isOptionName)
      .map((name) => {
        const { short, value } = optionSpec(name);
        return [
          name,
          { type: value === undefined ? "boolean" : "string", ...(short === undefined ? {} : { short }) } as const,
        ];
      }),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const given = new Map<string, string[]>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    if (isOptionName(name)) checkValue(name, rawName, value, inlineValue === true);
    const known = isOptionName(name) ? name : rawName;
    given.set(known, [...(given.get(known) ?? []), value ?? ""]);
  }
  return { given, words };
}

function checkValue(name: OptionName, typed: string, value: string | undefined, inline: boolean): void {
  const { value: placeholder } = optionSpec(name);
  if (placeholder === undefined) {
    if (value !== undefined) throw usage(`${typed} takes no value`, `write ${typed} alone`);
    return;
  }
  if (value === undefined || value === "") throw usage(`${typed} needs a value`, `write ${typed} ${placeholder}`);
  if (!inline && value.startsWith("-") && value !== "-")
    throw usage(`${typed} needs a value`, `a value that begins with - is written --${name}=VALUE`);
}

function commandOf(words: readonly string[]): CommandName {
  const [first = "", second] = words;
  const pair = `${first} ${second}`;
  if (isCommandName(pair)) return pair;
  const family = commandNames
    .filter((name) => name.startsWith(`${first} `))
    .map((name) => name.slice(first.length + 1));
  if (family.length > 0 && (second !== undefined || !isCommandName(first))) {
    if (second === undefined) throw usage(`bulla ${first} needs one more word`, `it is one of: ${family.join(", ")}`);
    throw unknown(
      `bulla ${first} ${second} is not a command`,
      second,
      family,
      (name) => `bulla ${first} ${name}`,
      `bulla ${first} --help`,
    );
  }
  if (isCommandName(first)) return first;
  if (Object.hasOwn(servicePrograms, first))
    throw usage(`${first} must be the first word`, `bulla ${first} --help says more`);
  throw unknown(`bulla ${first} is not a command`, first, topics(), (name) => `bulla ${name}`, "bulla --help");
}

function topics(): readonly string[] {
  return [...new Set(commandNames.map((name) => name.split(" ")[0] ?? name)), ...Object.keys(servicePrograms), "help"];
}

/** A command, or the first word of several. */
export type Topic = CommandName | (string & {});

function topicOf(words: readonly string[]): Topic | undefined {
  const [first, second] = words;
  if (first === undefined) return undefined;
  if (first === "help") return undefined;
  const pair = `${first} ${second}`;
  if (isCommandName(pair)) return pair;
  if (second === undefined && commandNames.some((name) => name.startsWith(`${first} `))) return first;
  return commandOf(words);
}

function checkOptions(command: CommandName, given: Given): void {
  const allowed = [...Object.keys(commandSpec(command).options), ...Object.keys(everywhere)];
  for (const [name, values] of given) {
    if (!isOptionName(name)) {
      const spelled = allowed.map((option) => `--${option}`);
      throw unknown(
        `${name} is not an option of bulla ${command}`,
        name,
        spelled,
        (option) => option,
        `bulla ${command} --help`,
      );
    }
    if (!allowed.includes(name))
      throw usage(`--${name} does not belong to bulla ${command}`, `bulla ${command} --help lists what does`);
    if (values.length > 1 && optionSpec(name).value !== undefined && optionSpec(name).many !== true)
      throw usage(`--${name} was given ${values.length} times`, "give it once");
  }
}

function checkWords(command: CommandName, words: readonly string[]): void {
  const { words: wanted, manyWords, usage: shape } = commandSpec(command);
  const hint = `usage: bulla ${command}${shape === "" ? "" : ` ${shape}`}`;
  const missing = wanted[words.length];
  if (missing !== undefined) throw usage(`bulla ${command} needs ${missing}`, hint);
  if (words.some((word) => word === "")) throw usage("an empty word was given", hint);
  const surplus = words[wanted.length];
  if (manyWords === true || surplus === undefined) return;
  if (command === "seal" && surplus.startsWith("age1"))
    throw usage("one word too many", "give each recipient its own -r");
  throw usage(`one word too many: ${surplus}`, hint);
}

function optionsOf(given: Given): Options {
  return {
    has: (name) => given.has(name),
    value: (name) => given.get(name)?.at(-1),
    values: (name) => given.get(name) ?? [],
  };
}

function unknown(
  message: string,
  typed: string,
  candidates: readonly string[],
  spell: (candidate: string) => string,
  help: string,
): BullaError {
  const meant = closest(typed, candidates);
  return usage(message, meant === undefined ? `${help} lists what there is` : `did you mean ${spell(meant)}?`);
}
