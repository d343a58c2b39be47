import { BullaError } from "./errors.ts";

/** `name@host`: what names an account. */
export type Handle = string & { readonly handle: unique symbol };

export interface HandleParts {
  readonly name: string;
  readonly host: string;
}

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const hostPattern =
  /^(?=.{1,253}(:\d{1,5})?$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*(:[1-9]\d{0,4})?$/;

/** Lower-cases ASCII letters and checks. A bare name belongs to `ownHost`.
 *  @throws BullaError wire/bad-handle */
export function parseHandle(input: string, ownHost?: string): Handle {
  // Only ASCII: `toLowerCase` alone turns the Kelvin sign into a k.
  const lower = input.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const [name = "", host, ...rest] = lower.split("@");
  const fullHost = host ?? ownHost;
  if (rest.length > 0 || fullHost === undefined || !namePattern.test(name) || !isHost(fullHost)) {
    throw new BullaError("wire/bad-handle", "that is not a handle", {
      hint: "a handle is name@host; the name has 1 to 64 of a-z, 0-9, '.', '-', '_' and starts with a letter or digit",
    });
  }
  return `${name}@${fullHost}` as Handle;
}

export function splitHandle(handle: Handle): HandleParts {
  const at = handle.indexOf("@");
  return { name: handle.slice(0, at), host: handle.slice(at + 1) };
}

/** Whether text is a handle in its one canonical spelling. */
export function isHandle(text: string): text is Handle {
  const at = text.indexOf("@");
  return at > 0 && namePattern.test(text.slice(0, at)) && isHost(text.slice(at + 1));
}

export function isHost(host: string): boolean {
  return hostPattern.test(host) && Number(host.split(":")[1] ?? 1) <= 65535;
}
