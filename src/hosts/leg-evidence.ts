/** What was judged of the standby leg: whether it may be brought into service. Kept with the decision to take over. */
export interface Evidence {
  /**
   * `current`: the leg holds every write that was acknowledged. `unproven`: it may lack the newest ones.
   * `unusable`: it is no consistent state of the volume, whatever is allowed.
   */
  verdict: 'current' | 'unproven' | 'unusable';
  /** What is known, one sentence each. */
  reasons: string[];
  /** How long the primary may have gone on alone, where that is known. */
  mayMiss_ms?: number;
  /** How much of the leg may lack what was written last. */
  mayMiss_bytes?: number;
}
