/** Looks at a host along one path, by itself, until it is stopped. It keeps what it has heard; when that is a miss is not its business. */
export interface Prober {
  /** Milliseconds since the epoch of the last sign of life; `null` before the first. */
  readonly lastHeardAt: number | null;
  /** False where the look itself is not possible at the moment: silence then says nothing about the host. */
  readonly usable: boolean;
  /** What the last look gave, for people. */
  readonly detail: string;
  /** Never throws; ends, with every process it has started, when `signal` does. */
  run(signal: AbortSignal): Promise<void>;
}
