import { homedir } from "node:os";
import { join } from "node:path";
import { BullaError, isHost } from "@bulla/wire";

export type Command =
  | { readonly kind: "help" }
  | {
      readonly kind: "serve";
      readonly dataFolder: string;
      readonly port: number;
      readonly host: string;
      readonly domain: string | undefined;
      readonly json: boolean;
    };

export const helpText = `usage: bulla serve [--data DIR] [--port 7400] [--host 127.0.0.1] [--domain HOST] [--json]

Run a blind service: it stores and moves sealed bytes, and can open none of them.

  --data DIR     where it keeps everything (default: $XDG_DATA_HOME/bulla/service, or ~/.local/share/bulla/service)
  --port PORT    port to listen on; 0 takes a free one (default: 7400)
  --host HOST    address to listen on (default: 127.0.0.1)
  --domain HOST  host part of its handles, remembered in DIR (default: localhost:PORT)
  --json         say on standard output, as one line of JSON, where it listens
  --help         this text

Stop it with Ctrl-C.
`;

/** What the person asked for. The word \`serve\` may be left out.
 *  @throws BullaError cli/usage */
export function parseCommandLine(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Command {
  const [first] = words;
  if (first === "witness" || first === "admin")
    throw usage(`'bulla ${first}' is not there yet`, "this version has 'bulla serve'");
  const rest = first === "serve" ? words.slice(1) : [...words];
  const values = new Map<string, string>();
  let json = false;
  while (rest.length > 0) {
    const word = rest.shift() ?? "";
    if (word === "--help" || word === "-h") return { kind: "help" };
    if (word === "--json") {
      json = true;
      continue;
    }
    const [option, inline] = splitOnce(word);
    if (!options.includes(option))
      throw usage(
        word.startsWith("-") ? `unknown option ${option}` : `unexpected word ${word}`,
        "see 'bulla serve --help'",
      );
    const value = inline ?? rest.shift();
    if (value === undefined || value === "") throw usage(`${option} needs a value`, "see 'bulla serve --help'");
    values.set(option, value);
  }
  const domain = values.get("--domain")?.toLowerCase();
  if (domain !== undefined && !isHost(domain))
    throw usage("--domain is not a host", "a domain looks like acme.example or localhost:7400");
  return {
    kind: "serve",
    dataFolder: values.get("--data") ?? defaultDataFolder(environment),
    port: portOf(values.get("--port")),
    host: values.get("--host") ?? "127.0.0.1",
    domain,
    json,
  };
}

const options = ["--data", "--port", "--host", "--domain"];

function splitOnce(word: string): readonly [string, string | undefined] {
  const at = word.indexOf("=");
  return word.startsWith("--") && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word, undefined];
}

function portOf(text: string | undefined): number {
  if (text === undefined) return 7400;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535)
    throw usage("--port is not a port", "a port is a number from 0 to 65535");
  return port;
}

function defaultDataFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const base = environment["XDG_DATA_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".local", "share") : base, "bulla", "service");
}

function usage(message: string, hint: string): BullaError {
  return new BullaError("cli/usage", message, { hint });
}
