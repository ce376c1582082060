/** What is decided about the standby leg: whether it may be brought into service. Kept with the decision. */
export interface LegCurrency {
  /**
   * `current`: the leg holds every write that was acknowledged. `unproven`: it may lack the newest ones.
   * `unusable`: it is not a consistent copy, and no option overrides that.
   */
  currency: 'current' | 'unproven' | 'unusable';
  /** The reasons, one sentence each. */
  reasons: string[];
  /** How long the primary may have written without the standby, if known. */
  mayMiss_ms?: number;
  /** How much of the leg may be stale. */
  mayMiss_bytes?: number;
}
