import { hexOf, InternalError } from "@bulla/wire";
import type { FrameLink, Pushed } from "./frame-link.ts";
import { badAnswer, refusal } from "./service-refusal.ts";
import { type FollowEnd, type QueueBudget, type RecordBatch, StreamFollower, sizeOf } from "./stream-follower.ts";

/** What one slow handler, and all together, may leave in memory. Beyond that the service is asked to pause, and later to go on. */
const maxQueuedBytes = 8 * 1024 * 1024;
const maxQueuedBytesOfAll = 64 * 1024 * 1024;

interface Subscription {
  readonly sid: Uint8Array;
  readonly follower: StreamFollower;
  /** The link on which the service pushes to it. */
  on: FrameLink | undefined;
}

/** The followed streams of one connection, across its links. */
export class StreamFollows {
  readonly #subscriptions = new Map<string, Subscription>();
  /** Streams whose unfollowing the service has not confirmed: what it still pushes there is ignored. */
  readonly #stopping = new Set<string>();
  readonly #budget: QueueBudget = { usedBytes: 0 };
  readonly #isAttached: (stream: string) => boolean;
  #link: FrameLink | undefined;

  constructor(isAttached: (stream: string) => boolean) {
    this.#isAttached = isAttached;
  }

  /** Whether anything more needs to come. */
  get isWanted(): boolean {
    return [...this.#subscriptions.values()].some(({ follower }) => !follower.isComplete);
  }

  add(sid: Uint8Array, from: number, onRecords: (batch: RecordBatch) => Promise<void> | void): StreamFollower {
    const stream = hexOf(sid);
    if (this.#subscriptions.has(stream)) throw new InternalError("stream is followed already");
    const onEnded = (end: FollowEnd): void => {
      const ended = this.#subscriptions.get(stream);
      this.#subscriptions.delete(stream);
      if (ended !== undefined && end.kind !== "closed") this.#stop(stream, ended);
      this.resume();
    };
    const follower = new StreamFollower({
      from,
      onRecords,
      budget: this.#budget,
      onDrained: () => this.resume(),
      onEnded,
    });
    this.#subscriptions.set(stream, { sid, follower, on: undefined });
    this.resume();
    return follower;
  }

  end(stream: string, end: FollowEnd): void {
    this.#subscriptions.get(stream)?.follower.end(end);
  }

  endAll(end: FollowEnd): void {
    for (const stream of this.#subscriptions.keys()) this.end(stream, end);
  }

  /** Go on with another link, or with none. */
  useLink(link: FrameLink | undefined): void {
    this.#link = link;
    this.#stopping.clear();
    for (const subscription of this.#subscriptions.values()) subscription.on = undefined;
  }

  /** Ask for whatever can be asked for now. */
  resume(): void {
    const link = this.#link;
    if (link === undefined || link.isOver) return;
    for (const [stream, subscription] of this.#subscriptions) {
      const { follower, sid } = subscription;
      if (
        subscription.on !== undefined ||
        follower.isComplete ||
        !this.#isAttached(stream) ||
        this.#stopping.has(stream)
      )
        continue;
      if (follower.queuedBytes > 0 || this.#budget.usedBytes >= maxQueuedBytesOfAll) continue;
      subscription.on = link;
      link.request({ kind: "follow", sid, from: follower.next }, (result) => {
        if (result.kind === "failed") {
          subscription.on = undefined;
          follower.end({ kind: "failed", error: refusal(result.code, result.message) });
        } else if (result.kind !== "done") throw badAnswer("service answered a follow with something else");
      });
    }
  }

  /** @throws BullaError transport/bad-answer when nobody asked for these records, or they do not go on where the last ended */
  take(pushed: Pushed): void {
    const stream = hexOf(pushed.sid);
    if (this.#stopping.has(stream)) return;
    const subscription = this.#subscriptions.get(stream);
    if (subscription?.on === undefined) throw badAnswer("service sent records of a stream that is not followed");
    const { follower } = subscription;
    const bytes = sizeOf(pushed);
    const tooMuch = follower.queuedBytes > 0 && follower.queuedBytes + bytes > maxQueuedBytes;
    const tooMuchOfAll = this.#budget.usedBytes > 0 && this.#budget.usedBytes + bytes > maxQueuedBytesOfAll;
    // Not taken, so the follower asks for these very records again once it is idle.
    if (tooMuch || tooMuchOfAll) this.#stop(stream, subscription);
    else follower.accept(pushed);
  }

  #stop(stream: string, subscription: Subscription): void {
    const link = subscription.on;
    subscription.on = undefined;
    if (link === undefined || link.isOver) return;
    this.#stopping.add(stream);
    link.request({ kind: "unfollow", sid: subscription.sid }, (result) => {
      if (result.kind !== "done" && result.kind !== "failed")
        throw badAnswer("service answered an unfollow with something else");
      this.#stopping.delete(stream);
      this.resume();
    });
  }
}
