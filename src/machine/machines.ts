import type { StandbyConfiguration } from '../config/schema.ts';
import { LocalMachine } from './local-machine.ts';
import type { Machine, StandbyMachine } from './machine.ts';
import { SshMachine, type SshTarget } from './ssh-machine.ts';

/** How commands reach their machines. An object, so that tests of complete commands can replace it. */
export const machines = {
  standby(): StandbyMachine {
    return new LocalMachine('standby');
  },

  /** A primary; `standby` says with which key, and where its host key is pinned. */
  primary(name: string, target: SshTarget, standby: Pick<StandbyConfiguration, 'sshKey' | 'knownHosts'>): Machine {
    return new SshMachine(name, target, standby);
  },
};
