import { readConfiguration } from '../config/configuration.ts';
import { ownershipPath } from '../config/paths.ts';
import type { HostConfiguration } from '../config/schema.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { FileKeeper } from './file-keeper.ts';
import type { OwnershipKeeper } from './keeper.ts';

/**
 * The keeper of the volumes in this standby's configuration.
 * @param hosts Asked with each call: hosts come and go.
 */
export function standbyKeeper(
  hosts: () => Readonly<Record<string, HostConfiguration>> = () => readConfiguration().hosts,
  clock: Clock = systemClock,
): OwnershipKeeper {
  return new FileKeeper(({ host, volume }) => {
    const configured = hosts()[host]?.volumes.find(({ name }) => name === volume);
    if (!configured)
      throw new Error(`Cannot find the ownership record of volume '${volume}': ${host} has no such volume`);
    return ownershipPath(configured.standbyLeg.folder);
  }, clock);
}
