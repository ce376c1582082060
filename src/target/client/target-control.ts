import { SpareError } from '../../std/errors.ts';
import { controlTarget } from './control-client.ts';
import type { HostTargetStatus, VolumeTargetStatus } from './control-protocol.ts';

/** The target's status of a host. @throws SpareError `unreachable` if the daemon is not running, `precondition` if it does not serve the host. */
export async function hostTargetStatus(host: string): Promise<HostTargetStatus> {
  const { hosts } = await controlTarget({ method: 'status' });
  const status = hosts.find((candidate) => candidate.host === host);
  if (status) return status;
  throw notServed(host);
}

function notServed(what: string): SpareError {
  return new SpareError('precondition', 'NOT_SERVED', `The target does not serve ${what}`, {
    hint: 'Restart it so that it reads its configuration. Run: systemctl restart spare-serve',
  });
}

/** The status of one volume, with that of its host. @throws SpareError like `hostTargetStatus` */
export async function volumeTargetStatus(host: string, volume: string): Promise<HostTargetStatus & VolumeTargetStatus> {
  const status = await hostTargetStatus(host);
  const found = status.volumes.find((candidate) => candidate.volume === volume);
  if (found) return { ...status, ...found };
  throw notServed(`the volume ${volume} of ${host}`);
}

/** Serves the LUNs of a configured host. */
export async function addTarget(host: string): Promise<void> {
  await controlTarget({ method: 'add', host });
}

export async function closeTarget(host: string): Promise<void> {
  await controlTarget({ method: 'close', host });
}

/** Returns when no write of the host can reach its legs. */
export async function fenceTarget(host: string): Promise<void> {
  await controlTarget({ method: 'fence', host });
}

export async function unfenceTarget(host: string): Promise<void> {
  await controlTarget({ method: 'unfence', host });
}

/** Serves the LUN of a volume although its leg may have lost writes: those ranges must be marked for resync first. */
export async function acceptTarget(host: string, volume: string): Promise<void> {
  await controlTarget({ method: 'accept', host, volume });
}
