import { SpareError } from '../../std/errors.ts';
import { controlTarget } from './control-client.ts';
import type { HostTargetStatus } from './control-protocol.ts';

/** The target's status of a host. @throws SpareError `unreachable` if the daemon is not running, `precondition` if it does not serve the host. */
export async function hostTargetStatus(host: string): Promise<HostTargetStatus> {
  const { hosts } = await controlTarget({ method: 'status' });
  const status = hosts.find((candidate) => candidate.host === host);
  if (status) return status;
  throw new SpareError('precondition', 'NOT_SERVED', `The target does not serve ${host}`, {
    hint: 'Restart it so that it reads its configuration. Run: systemctl restart spare-serve',
  });
}

/** Serves the LUN of a configured host. */
export async function addTarget(host: string): Promise<void> {
  await controlTarget({ method: 'add', host });
}

export async function closeTarget(host: string): Promise<void> {
  await controlTarget({ method: 'close', host });
}

/** Returns when no write of the host can reach the leg. */
export async function fenceTarget(host: string): Promise<void> {
  await controlTarget({ method: 'fence', host });
}

export async function unfenceTarget(host: string): Promise<void> {
  await controlTarget({ method: 'unfence', host });
}

/** Serves the LUN although its leg may have lost writes: those ranges must be marked for resync first. */
export async function acceptTarget(host: string): Promise<void> {
  await controlTarget({ method: 'accept', host });
}
