import type { ControlRequest, TargetStatus } from '../../../src/target/client/control-protocol.ts';
import { answered } from '../world/process.ts';
import { theWorld } from './edge-world.ts';

/** Stands for `src/target/client/control-client.ts`: the target's daemon of the simulated standby. */
export function controlTarget(request: ControlRequest, options: { timeout_ms?: number } = {}): Promise<TargetStatus> {
  return answered(() => theWorld().control(request, options.timeout_ms ?? 30_000));
}

export function requestStatus(options?: { timeout_ms?: number }): Promise<TargetStatus> {
  return controlTarget({ method: 'status' }, options);
}
