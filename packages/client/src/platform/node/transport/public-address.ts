import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** Whether an IP address is one that a stranger may make us connect to: globally reachable by the IANA special-purpose registries (RFC 6890), not multicast.
 *  IPv4 inside IPv6 (mapped, 6to4, NAT64, Teredo) is refused, whatever it stands for. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special4.check(address, "ipv4");
  return family === 6 && globalUnicast.check(address, "ipv6") && !special6.check(address, "ipv6");
}

/** Whether an IP address is this machine itself. */
export function isLoopbackAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** Whether every address that a host name has now is public. A connection must still be pinned to a checked address: names change. */
export async function isPublicHost(host: string): Promise<boolean> {
  try {
    const addresses = await lookup(host, { all: true });
    return addresses.length > 0 && addresses.every(({ address }) => isPublicAddress(address));
  } catch {
    return false;
  }
}

const special4 = blocks("ipv4", [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
]);
const globalUnicast = blocks("ipv6", [["2000::", 3]]);
const special6 = blocks("ipv6", [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
]);
const loopback = blocks("ipv4", [["127.0.0.0", 8]]);
loopback.addAddress("::1", "ipv6");

function blocks(family: "ipv4" | "ipv6", subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of subnets) list.addSubnet(network, prefix, family);
  return list;
}
