import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readConfiguration } from '../../config/configuration.ts';
import { paths } from '../../config/paths.ts';
import type { StandbyConfiguration } from '../../config/schema.ts';
import { onlyVolume } from '../../config/volumes.ts';
import { type HostKey, scanHostKey, withKnownHost } from '../../machine/host-key.ts';
import type { Machine } from '../../machine/machine.ts';
import { machines } from '../../machine/machines.ts';
import { checkRequirements, PRIMARY_MODULES, PRIMARY_PROGRAMS } from '../../machine/requirements.ts';
import { standbyKeeper } from '../../ownership/standby-keeper.ts';
import type { Clock } from '../../std/clock.ts';
import { writeFileDurably } from '../../std/durable-file.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import { confirmHostKey, type HostKeyTrust } from './confirm-host-key.ts';
import {
  checkAddressIsFree,
  checkDeviceNotTaken,
  checkFacts,
  checkNotTaken,
  checkPool,
  interruptedEnrolment,
  newHostConfiguration,
} from './enroll-checks.ts';
import { checkEnrollOptions, type EnrollOptions } from './enroll-options.ts';
import { primaryFacts } from './facts.ts';

/** A future primary, with the inputs of its enrolment. */
export interface Enrollment {
  context: VolumeContext;
  hostKey: HostKey;
}

/**
 * Checks both machines and refuses what cannot work: first everything that needs no access to the primary, then its host key.
 * Changes nothing except a temporary file with the host key, because the machine must be checked before its key is pinned.
 */
export async function prepareEnrollment(
  options: EnrollOptions,
  trust: HostKeyTrust,
  clock: Clock,
): Promise<Enrollment> {
  checkEnrollOptions(options);
  const { standby } = readConfiguration();
  const existing = interruptedEnrolment(options);
  checkNotTaken(options);

  const hostKey = await scanHostKey(options.ssh.address, options.ssh.port);
  await confirmHostKey(options.host, hostKey, trust);
  const standbyMachine = machines.standby();
  // It waits two seconds for an answer: the primary is asked meanwhile.
  const addressIsFree = existing ? undefined : checkAddressIsFree(standbyMachine, options, standby);
  addressIsFree?.catch(() => {});
  const primaryMachine = primaryWith(hostKey, options, standby);
  await checkRequirements(primaryMachine, {
    programs: PRIMARY_PROGRAMS,
    modules: PRIMARY_MODULES,
    where: `on ${options.host}`,
  });
  const facts = await primaryFacts(primaryMachine, options);
  checkDeviceNotTaken(options, facts);
  checkFacts(options, facts, existing);
  checkPool(options, facts, standby);
  await addressIsFree;
  const host = existing ?? newHostConfiguration(options, facts, standby, clock);
  return {
    context: {
      host,
      volume: onlyVolume(host),
      standby,
      standbyMachine,
      primaryMachine,
      ownership: standbyKeeper(undefined, clock),
      clock,
    },
    hostKey,
  };
}

function primaryWith(hostKey: HostKey, { host, ssh }: EnrollOptions, { sshKey }: StandbyConfiguration): Machine {
  const folder = join(paths().runtime, 'enroll');
  const knownHosts = join(folder, `${host}.known_hosts`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileDurably(knownHosts, withKnownHost('', host, hostKey), 0o600);
  return machines.primary(host, ssh, { sshKey, knownHosts });
}
