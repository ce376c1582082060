/** A range as UNMAP, GET LBA STATUS and thin provisioning need it. */
export interface Extent {
  offset_bytes: number;
  length_bytes: number;
  /** False if the range is a hole that reads as zeroes. */
  allocated: boolean;
}

/** Called exactly once. A failed store call has an `errno`-like code: `EIO`, `ENOSPC`, … */
export type StoreCallback = (error: NodeJS.ErrnoException | null) => void;

/**
 * A flat, persistent range of bytes. It knows nothing of SCSI.
 * Every call may complete before it returns (no promise on the hot path) or later; callers must handle both.
 * Offsets and lengths need no alignment here: the caller (the logical unit) checks alignment and range.
 */
export interface Store {
  readonly size_bytes: number;
  readonly readOnly: boolean;
  /** Whether `unmap` releases space. */
  readonly thin: boolean;
  /** Fills `target` from `offset_bytes`. A short read is an error (`EIO`). */
  read(target: Buffer, offset_bytes: number, done: StoreCallback): void;
  /** Writes all buffers one after the other from `offset_bytes`. Complete when readable by later calls, not yet durable. */
  write(sources: readonly Buffer[], offset_bytes: number, done: StoreCallback): void;
  /** Complete when every `write` or `unmap` that completed before the call survives a power loss. Concurrent calls are coalesced. */
  flush(done: StoreCallback): void;
  /** Makes the range read as zeroes, and releases its space if the store is thin (`fallocate` hole punching). */
  unmap(offset_bytes: number, length_bytes: number, done: StoreCallback): void;
  /** The extent that starts at `offset_bytes`, cut at the end of the store. */
  extentAt(offset_bytes: number, done: (error: NodeJS.ErrnoException | null, extent: Extent) => void): void;
  /** Flushes, then closes. Calls after it fail with `EBADF`. */
  close(done: StoreCallback): void;
}
