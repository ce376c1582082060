import { assembleArgv } from '../host/md/commands.ts';
import { mirrorStatus } from '../host/md/status.ts';
import { quoteForShell } from '../host/quote.ts';
import { type ServiceVerb, service, serviceArgv, serviceStatus } from '../host/service.ts';
import { assembleOnStandby } from './leg.ts';
import { observeService, serviceAddress } from './observe-service.ts';
import type { OperationContext } from './operation-context.ts';
import type { Operation } from './runner.ts';
import type { Step } from './step.ts';
import { fenceTarget } from './target-control.ts';

const OBSERVE_TIMEOUT_ms = 20_000;
const FSCK_TIMEOUT_ms = 3_600_000;
/** e2fsck(8): 1 errors were corrected, 2 and the system should be restarted (meant for a root file system). */
const FSCK_CORRECTED = [1, 2];

/**
 * Brings the service of a host that is taken over up again, after the standby has been restarted, say.
 * Nothing is decided anew and nothing is ever taken back: the standby leg is the newer one since the takeover.
 */
export function planRestore(context: OperationContext): Operation {
  const { host, standbyMachine: machine } = context;
  const { device, mirrorUuid } = host.volume;
  const step = (partial: Omit<Step, 'machine'>): Step => ({ machine, ...partial });
  const serviceStep = (name: string, verb: ServiceVerb, title: string): Step =>
    step({
      name,
      title,
      commandLines: [quoteForShell(serviceArgv(verb, host.name))],
      run: () => service(machine, verb, host.name),
    });
  const steps: Step[] = [
    step({
      name: 'fence-lun',
      title: `Refuse mirror writes of ${host.name}`,
      commandLines: [`(control socket: fence ${host.name})`],
      run: () => fenceTarget(host.name),
    }),
    step({
      name: 'assemble',
      title: 'Start the mirror set from the standby leg alone, read-only',
      commandLines: [quoteForShell(assembleArgv(device, mirrorUuid, 'LOOP', { readonly: true }))],
      run: () => assembleOnStandby(context),
    }),
    step({
      name: 'read-write',
      title: 'Make the mirror set writable',
      commandLines: [quoteForShell(['mdadm', '--readwrite', device])],
      check: async () => !(await mirrorStatus(machine, device))?.arrayState.startsWith('read'),
      async run() {
        await machine.exec(['mdadm', '--readwrite', device]);
      },
    }),
    step({
      name: 'check-file-system',
      title: 'Replay the journal and check the file system',
      commandLines: [quoteForShell(['e2fsck', '-p', device])],
      check: async () => (await serviceStatus(machine, host.name)).mounted,
      async run() {
        await machine.exec(['e2fsck', '-p', device], { acceptExitCodes: FSCK_CORRECTED, timeout_ms: FSCK_TIMEOUT_ms });
      },
    }),
    serviceStep('mount', 'mount', `Mount it at ${host.volume.mountPoint}, in namespaces of its own`),
    serviceStep('nfs', 'nfs-start', `Start the NFS server of ${host.name}`),
    serviceStep('address', 'address-up', `Take the address ${host.service.address} and announce it`),
    step({
      name: 'observe',
      title: 'See from outside that the volume is served',
      commandLines: [`(read ${host.volume.mountPoint}/.spare/identity through NFS at ${serviceAddress(host)})`],
      run: () => observeService(host, OBSERVE_TIMEOUT_ms),
    }),
  ];
  return { name: 'restore', host: host.name, steps };
}
