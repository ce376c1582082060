import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readConfiguration } from '../../config/configuration.ts';
import { paths } from '../../config/paths.ts';
import { type HostKey, withKnownHost } from '../../machine/host-key.ts';
import { LocalMachine } from '../../machine/local-machine.ts';
import { SshMachine } from '../../machine/ssh-machine.ts';
import { writeFileDurably } from '../../std/durable-file.ts';
import type { OperationContext } from '../../steps/operation-context.ts';
import {
  checkAddressIsFree,
  checkFacts,
  checkPrograms,
  checkStandbySide,
  interruptedEnrolment,
  newHostConfiguration,
} from './enroll-checks.ts';
import type { EnrollOptions } from './enroll-options.ts';
import { primaryFacts } from './facts.ts';

/**
 * Looks at both machines and refuses what cannot work. Changes nothing but a scratch file with the host key,
 * since the machine must be looked at before its key is pinned.
 */
export async function prepareEnrollment(options: EnrollOptions, hostKey: HostKey): Promise<OperationContext> {
  const { standby } = readConfiguration();
  const existing = interruptedEnrolment(options);
  const knownHosts = join(paths().runtime, 'enroll', `${options.host}.known_hosts`);
  mkdirSync(join(paths().runtime, 'enroll'), { recursive: true, mode: 0o700 });
  writeFileDurably(knownHosts, withKnownHost('', options.host, hostKey), 0o600);

  const primaryMachine = new SshMachine(options.host, options.ssh, { sshKey: standby.sshKey, knownHosts });
  await checkPrograms(primaryMachine);
  const facts = await primaryFacts(primaryMachine, options);
  checkFacts(options, facts, existing);
  checkStandbySide(options, facts, standby);
  const standbyMachine = new LocalMachine('standby');
  if (!existing) await checkAddressIsFree(standbyMachine, options, standby);
  return {
    host: existing ?? newHostConfiguration(options, facts, standby),
    standby,
    standbyMachine,
    primaryMachine,
  };
}
