interface Waiting<Change, Outcome> {
  readonly change: Change;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

/** Gathers the changes of one event-loop turn into one durable commit, because a commit costs a flush of the disk however many changes are in it.
 *  A change is answered only after its commit; when a commit fails, every change in it is refused. */
export class GroupCommit<Change, Outcome> {
  readonly #commit: (changes: readonly Change[]) => Promise<readonly Outcome[]>;
  #waiting: Waiting<Change, Outcome>[] = [];
  #running: Promise<void> | undefined;

  /** `commit` returns one outcome per change, in their order. */
  constructor(commit: (changes: readonly Change[]) => Promise<readonly Outcome[]>) {
    this.#commit = commit;
  }

  add(change: Change): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when everything added so far is answered. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What arrives in this turn comes before the check phase of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      const group = this.#waiting;
      this.#waiting = [];
      await this.#answer(group);
    }
    this.#running = undefined;
  }

  async #answer(group: readonly Waiting<Change, Outcome>[]): Promise<void> {
    try {
      const outcomes = await this.#commit(group.map(({ change }) => change));
      for (const [i, outcome] of outcomes.entries()) group[i]?.resolve(outcome);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
