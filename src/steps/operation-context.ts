import { readConfiguration, readHostConfiguration } from '../config/configuration.ts';
import type { HostConfiguration, StandbyConfiguration } from '../config/schema.ts';
import { LocalMachine } from '../machine/local-machine.ts';
import type { Machine, StandbyMachine } from '../machine/machine.ts';
import { SshMachine } from '../machine/ssh-machine.ts';

/** What the operations on an enrolled host work with. */
export interface OperationContext {
  host: HostConfiguration;
  standby: StandbyConfiguration;
  standbyMachine: StandbyMachine;
  primaryMachine: Machine;
}

/** @throws SpareError where this is no standby, or the host is not enrolled. */
export function operationContext(hostName: string): OperationContext {
  const host = readHostConfiguration(hostName);
  const { standby } = readConfiguration();
  return { host, standby, standbyMachine: new LocalMachine('standby'), primaryMachine: SshMachine.of(host, standby) };
}
