import { BullaError } from "@bulla/wire";
import { canonicalAuthority } from "@bulla/wire/api";

/** The names under which this service may be addressed. Known once it listens, because port 0 becomes a real one then. */
export class RequestAuthority {
  #domain: string | undefined;
  #names = new Set<string>();

  /** `domain` is the host part of the service's handles, `host` and `port` where it listens. */
  set(domain: string, host: string, port: number): void {
    this.#domain = domain;
    const listens = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    this.#names = new Set([domain, `localhost:${port}`, listens].map(canonicalAuthority));
  }

  /** @throws BullaError service/unavailable – the service does not listen yet */
  get domain(): string {
    if (this.#domain === undefined) throw new BullaError("service/unavailable", "the service is starting");
    return this.#domain;
  }

  isOurs(authority: string): boolean {
    return this.#names.has(canonicalAuthority(authority));
  }

  /** Base URL as a client reaches it: plain http on this machine, else https at the domain, where a proxy ends TLS. */
  baseUrl(hostHeader: string | undefined): string {
    const asked = canonicalAuthority(hostHeader ?? "");
    return /^localhost(:\d+)?$/.test(asked) && this.isOurs(asked) ? `http://${asked}` : `https://${this.domain}`;
  }
}
