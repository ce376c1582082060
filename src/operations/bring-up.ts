import { quoteForShell } from '../machine/quote.ts';
import { assembleArgv } from '../mirror/md/commands.ts';
import { assembleOnStandby } from '../mirror/standby-leg.ts';
import { observeService, serviceAddress } from '../service/observe-service.ts';
import { type ServiceVerb, service, serviceArgv, serviceStatus } from '../service/service.ts';
import type { VolumeContext } from '../steps/operation-context.ts';
import { type Step, stepOn } from '../steps/step.ts';
import { recordWritable } from './ownership.ts';

/** After the address is up; the NFS server answers at once, also in its grace period. */
const OBSERVE_TIMEOUT_ms = 20_000;
/** e2fsck(8): 1 errors were corrected, 2 and the system should be restarted (meant for a root file system). */
const FSCK_CORRECTED = [1, 2];
/** A journal is replayed in seconds; a full check of a large file system takes long. */
const FSCK_TIMEOUT_ms = 3_600_000;

export interface BringUpOptions {
  /** An earlier run may have mounted the volume: it is then not checked, because e2fsck refuses a mounted file system. */
  mayBeMounted: boolean;
}

/**
 * The steps that start the service of a host on the standby, from the standby leg alone: the second half of a failover, and all
 * that is needed after a restart of a standby that had taken over.
 */
export function bringUpSteps(context: VolumeContext, { mayBeMounted }: BringUpOptions): Step[] {
  const { host, volume, standbyMachine: machine, clock } = context;
  const { device, mirrorUuid, mountPoint } = volume;
  const step = stepOn(machine);
  const serviceStep = (name: string, verb: ServiceVerb, title: string): Step =>
    step({
      name,
      title,
      commandLines: [quoteForShell(serviceArgv(verb, host.name))],
      run: () => service(machine, verb, host.name),
    });
  return [
    step({
      name: 'assemble',
      title: 'Assemble the array from the standby leg alone, read-only',
      commandLines: [
        quoteForShell(assembleArgv(device, mirrorUuid, 'LOOP', { readonly: true })),
        `(link ${device} as soon as the array runs, before udev does)`,
      ],
      run: () => assembleOnStandby(context),
    }),
    step({
      name: 'writable',
      title: 'Record that the standby is about to write: the local leg is stale from here on',
      commandLines: ['(ownership record: written)'],
      run: () => recordWritable(context),
    }),
    step({
      name: 'read-write',
      title: 'Make the array writable; its bitmap records all further writes',
      commandLines: [quoteForShell(['mdadm', '--readwrite', device])],
      check: () => isWritable(context),
      async run() {
        await machine.exec(['mdadm', '--readwrite', device]);
      },
    }),
    step({
      name: 'check-file-system',
      title: 'Replay the journal and check the file system',
      commandLines: [quoteForShell(['e2fsck', '-p', device])],
      ...(mayBeMounted && { check: async () => (await serviceStatus(machine, host.name)).mounted }),
      async run() {
        await machine.exec(['e2fsck', '-p', device], { acceptExitCodes: FSCK_CORRECTED, timeout_ms: FSCK_TIMEOUT_ms });
      },
    }),
    serviceStep('mount', 'mount', `Mount the volume at ${mountPoint}, in separate namespaces`),
    serviceStep('nfs', 'nfs-start', `Start the NFS server of ${host.name} with its client records`),
    serviceStep('address', 'address-up', `Bring up the service address ${host.service.address} and announce it`),
    step({
      name: 'observe',
      title: 'Verify from outside that the volume is served',
      commandLines: [`(read ${mountPoint}/.spare/identity through NFS at ${serviceAddress(host)})`],
      async run(report) {
        report({ detail: `waiting for the service at ${host.service.address} to answer` });
        await observeService(host, volume, { timeout_ms: OBSERVE_TIMEOUT_ms, clock });
      },
    }),
  ];
}

async function isWritable({ volume, standbyMachine }: VolumeContext): Promise<boolean> {
  const state = await standbyMachine.arrayState(volume.device);
  return state !== undefined && !state.startsWith('read') && state !== 'inactive';
}
