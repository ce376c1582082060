import type { HostConfiguration, VolumeConfiguration } from '../config/schema.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { retryUntil } from '../std/retry.ts';
import { readNfsFile } from './nfs/nfs-file.ts';

const ATTEMPT_TIMEOUT_ms = 3_000;
const PAUSE_ms = 200;

/** The service address without its prefix length. */
export function serviceAddress(host: HostConfiguration): string {
  return host.service.address.replace(/\/.*$/, '');
}

/**
 * Verifies from outside that the right volume is served: reads its identity through the service address (invariant 7).
 * @throws SpareError with what was found instead.
 */
export async function observeService(
  host: HostConfiguration,
  volume: VolumeConfiguration,
  { timeout_ms, clock }: { timeout_ms: number; clock: Clock },
): Promise<void> {
  const path = `${volume.mountPoint}/.spare/identity`;
  await retryUntil(
    async () => {
      const seen = (await readNfsFile({ address: serviceAddress(host), path, timeout_ms: ATTEMPT_TIMEOUT_ms }))
        .toString('utf8')
        .trim();
      if (seen === volume.identity) return;
      throw new SpareError(
        'stepFailed',
        'WRONG_IDENTITY',
        `Another volume is served at ${serviceAddress(host)}: expected the identity '${volume.identity}', found '${seen.slice(0, 80)}'`,
        {
          hint: 'Another machine may have this address, or another file system is mounted there',
        },
      );
    },
    { timeout_ms, pause_ms: PAUSE_ms, clock },
  );
}
