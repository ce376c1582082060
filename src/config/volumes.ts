import { SpareError } from '../std/errors.ts';
import type { HostConfiguration, VolumeConfiguration } from './schema.ts';

/** What the volume of a host is called that was enrolled without a name for it. */
export const DEFAULT_VOLUME_NAME = 'data';
/** The LUN of a host's first volume. */
export const FIRST_LUN = 1;

/** The volume that a report is about. Before volumes had names, reports did not say, and hosts had one. */
export function reportedVolume(
  host: HostConfiguration,
  report: { volume?: string } | undefined,
): VolumeConfiguration | undefined {
  const wanted = report?.volume ?? DEFAULT_VOLUME_NAME;
  return host.volumes.find(({ name }) => name === wanted);
}

/**
 * The volume of a host, for operations that work with one so far: enroll, failover, failback, restore, set, and marking lost
 * writes for resync. What is recorded, served, watched and shown is so for each volume. This is the only place that chooses.
 * @throws SpareError `precondition` where the host has another number of volumes.
 */
export function onlyVolume(host: HostConfiguration): VolumeConfiguration {
  const [volume, ...others] = host.volumes;
  if (volume && others.length === 0) return volume;
  const names = host.volumes.map(({ name }) => name).join(', ');
  throw new SpareError(
    'precondition',
    'NOT_ONE_VOLUME',
    `Cannot work on ${host.name}: it has ${host.volumes.length} volumes${names && ` (${names})`}`,
    {
      hint: 'This version of spare supports one volume per host. A newer version may have written the configuration',
    },
  );
}
