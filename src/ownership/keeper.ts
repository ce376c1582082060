import type { OwnershipCause, OwnershipRecord, VolumeId } from './record.ts';

/**
 * Where ownership records are kept. Whoever decides anything about a volume asks it. `test/ownership/keeper-contract.ts` says how
 * every implementation behaves.
 */
export interface OwnershipKeeper {
  /**
   * The record of a volume; `undefined` if it has none.
   * @throws SpareError `precondition` if it is damaged or of a newer version, `unreachable` if the keeper does not answer.
   */
  read(volume: VolumeId): Promise<OwnershipRecord | undefined>;
  /**
   * Changes the record if it still has the epoch that the caller has seen. Durable when it resolves.
   * @param epoch `undefined`: the volume has no record yet.
   * @returns The new record.
   * @throws SpareError `refused`: OWNERSHIP_CHANGED if the epoch is another one, OWNERSHIP_RULE if no rule allows the change; then
   *   nothing has changed. Otherwise like `read`.
   */
  change(volume: VolumeId, epoch: number | undefined, cause: OwnershipCause): Promise<OwnershipRecord>;
}
