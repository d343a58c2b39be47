import { type DeviceCard, readDeviceCard } from "@bulla/client/node";
import type { Output } from "./output.ts";
import { dateOf, groupedHex, oneLine } from "./terminal-text.ts";

/** Show the device's public card. @throws BullaError store/* */
export async function whoami(home: string, output: Output): Promise<void> {
  showCard(await readDeviceCard(home), home, output);
}

export function showCard(card: DeviceCard, home: string, output: Output): void {
  const value = cardJson(card, home);
  const rows = [
    ["handle", value.handle],
    ["device", `${value.device_name} (${value.device})`],
    ["service", value.service],
    ["fingerprint", groupedHex(value.fingerprint)],
    ["since", value.since],
    ["folder", value.home],
  ] as const;
  output.result(rows.map(([name, text]) => `${name.padEnd(11)}  ${oneLine(text)}`).join("\n"), value);
}

/** What `whoami` and `init` print with --json. */
export interface CardJson {
  readonly handle: string;
  readonly service: string;
  readonly device: string;
  readonly device_name: string;
  readonly since: string;
  readonly fingerprint: string;
  readonly home: string;
}

export function cardJson(card: DeviceCard, home: string): CardJson {
  return {
    handle: card.handle,
    service: card.service,
    device: card.deviceId,
    device_name: card.deviceName,
    since: dateOf(card.createdDay),
    fingerprint: card.createFingerprint,
    home,
  };
}
