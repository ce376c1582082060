import { readConfiguration, readHostConfiguration } from '../config/configuration.ts';
import type { HostConfiguration, StandbyConfiguration, VolumeConfiguration } from '../config/schema.ts';
import { onlyVolume } from '../config/volumes.ts';
import type { Machine, StandbyMachine } from '../machine/machine.ts';
import { machines } from '../machine/machines.ts';
import type { OwnershipKeeper } from '../ownership/keeper.ts';
import type { VolumeId } from '../ownership/record.ts';
import { standbyKeeper } from '../ownership/standby-keeper.ts';
import type { Clock } from '../std/clock.ts';

/** The inputs of every operation on an enrolled host. */
export interface OperationContext {
  host: HostConfiguration;
  standby: StandbyConfiguration;
  standbyMachine: StandbyMachine;
  primaryMachine: Machine;
  /** Who owns which volume. */
  ownership: OwnershipKeeper;
  clock: Clock;
}

/** The inputs of an operation on one volume of the host. */
export interface VolumeContext extends OperationContext {
  volume: VolumeConfiguration;
}

/** @throws SpareError if this machine is not a standby, the host is not enrolled, or it has more than one volume. */
export function volumeContext(hostName: string, clock: Clock): VolumeContext {
  const host = readHostConfiguration(hostName);
  const { standby } = readConfiguration();
  return {
    host,
    volume: onlyVolume(host),
    standby,
    standbyMachine: machines.standby(),
    primaryMachine: machines.primary(host.name, host.ssh, standby),
    ownership: standbyKeeper(undefined, clock),
    clock,
  };
}

/** What the ownership record of a volume is kept under. */
export function volumeId({ host, volume }: VolumeContext): VolumeId {
  return { host: host.name, volume: volume.name };
}
