/** What one cut left of what was acknowledged. */
export interface Cut {
  /** How much of each kind was. */
  readonly acknowledged: Readonly<Record<string, number>>;
  /** One sentence for each thing that is lost or wrong. */
  readonly losses: readonly string[];
}
