import type { VolumeContext } from '../../steps/operation-context.ts';
import { ownershipOf } from '../ownership.ts';

export interface FailbackOptions {
  /** Compares both legs at the end, which reads the whole volume. */
  verify: boolean;
}

/** The measurements of a failback, filled in while it runs. */
export interface FailbackMeasurements {
  /** From taking the address down on the standby until the standby has read the volume through it again. */
  outage_s?: number;
  /** Bytes written to the primary's own disk during the resync, including writes of clients. */
  copied_bytes?: number;
  size_bytes: number;
  copy?: 'incremental' | 'full';
  /** `undefined` if no comparison was requested. */
  legs_equal?: boolean;
}

/** What the steps of a failback work with. */
export interface FailbackContext extends VolumeContext {
  options: FailbackOptions;
  measurements: FailbackMeasurements;
}

export function failbackContext(context: VolumeContext, options: FailbackOptions): FailbackContext {
  return { ...context, options, measurements: { size_bytes: context.volume.standbyLeg.size_bytes } };
}

/**
 * Whether the volume has left the standby, by its ownership record: nothing of it may be started here again, so the standby's steps
 * have nothing left to do.
 */
export async function isOnItsWayHome(context: FailbackContext): Promise<boolean> {
  return (await ownershipOf(context)).owner !== 'standby';
}
