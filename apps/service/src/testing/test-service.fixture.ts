import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Clock } from "../clock.ts";
import { createService, type Service, type ServiceOptions } from "../service.ts";
import { TestAccount } from "./test-client.fixture.ts";

/** A folder of this test's own, deleted after it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bulla-service-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export class MovableClock implements Clock {
  milliseconds: number = Date.now();
  now(): number {
    return this.milliseconds;
  }
  passDays(days: number): void {
    this.milliseconds += days * 86_400_000;
  }
}

export interface RunningService {
  readonly service: Service;
  readonly url: string;
  readonly folder: string;
  readonly clock: MovableClock;
  readonly log: string[];
  account(name: string): Promise<TestAccount>;
}

/** A service with real sockets and files, closed after the test. */
export async function startService(options: Partial<ServiceOptions> = {}): Promise<RunningService> {
  const folder = options.dataFolder ?? (await temporaryFolder());
  const clock = new MovableClock();
  const log: string[] = [];
  const service = await createService({
    dataFolder: folder,
    port: 0,
    clock,
    log: (line) => log.push(line),
    ...options,
  });
  onTestFinished(() => service[Symbol.asyncDispose]());
  return {
    service,
    url: service.url,
    folder,
    clock,
    log,
    account: (name) => new TestAccount(service.url, service.domain, name).register(),
  };
}
