import { readConfiguration } from '../../config/configuration.ts';
import type { HostKey } from '../../machine/host-key.ts';
import { quoteForShell as words } from '../../machine/quote.ts';
import { standbyLegPath } from '../../mirror/initiator.ts';
import { addArgv } from '../../mirror/md/commands.ts';
import { addStandbyLeg, copyToStandby, legOf } from '../../mirror/primary-legs.ts';
import { observeService } from '../../service/observe-service.ts';
import { service, serviceArgv } from '../../service/service.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import type { Operation } from '../../steps/runner.ts';
import { stateStep } from '../../steps/state-step.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { mirrorSteps } from './enroll-mirror.ts';
import { standbySteps } from './enroll-standby.ts';
import { type RootAccess, rootAccessStep, type WantedAccess } from './root-access.ts';

export interface EnrollPlanOptions {
  hostKey: HostKey;
  /** Waits for the initial resync. */
  wait: boolean;
  /** Who is to write in the root directory of the volume. */
  access: WantedAccess;
}

/** A plan, and what its steps find out. */
export interface PlannedEnrolment {
  operation: Operation;
  /** Empty until the step has run. */
  access: RootAccess;
}

const OBSERVE_TIMEOUT_ms = 60_000;

/** The steps that make a machine a protected primary. Everything was checked before; planning changes nothing. */
export function planEnroll(context: VolumeContext, options: EnrollPlanOptions): PlannedEnrolment {
  const { host } = context;
  const access: RootAccess = { owner: '', mode: '' };
  const steps = [
    ...standbySteps(context, options.hostKey),
    ...mirrorSteps(context),
    ...serviceSteps(context, rootAccessStep(context, options.access, access)),
    ...copySteps(context, options),
  ];
  const operation = {
    name: 'enroll',
    host: host.name,
    again: `run the same 'spare enroll ${host.name}' command again`,
    steps,
  };
  // A resumed enrolment: the watch knows the host already, and may have seen the initial resync start.
  const isBegun = host.name in readConfiguration().hosts;
  return { operation: isBegun ? { ...operation, startsIn: ['enrolled'] } : operation, access };
}

/** The primary's service, before the initial resync, which may take many hours. */
function serviceSteps(context: VolumeContext, access: Step): Step[] {
  const { host, volume, primaryMachine, standbyMachine, clock } = context;
  const { mountPoint, identity } = volume;
  const step = stepOn(primaryMachine);
  const marker = `${mountPoint}/.spare`;
  return [
    step({
      name: 'mount',
      title: `Mount the volume at ${mountPoint} and write its identity`,
      commandLines: [
        words(serviceArgv('mount', host.name)),
        `(write ${marker}/identity)`,
        `mkdir -m 0700 ${marker}/nfsdcld`,
      ],
      async run() {
        await service(primaryMachine, 'mount', host.name);
        await primaryMachine.writeFiles([{ path: `${marker}/identity`, content: `${identity}\n`, mode: 0o444 }]);
        await primaryMachine.exec(['mkdir', '-p', '-m', '0700', `${marker}/nfsdcld`]);
      },
      undo: () => service(primaryMachine, 'unmount', host.name),
    }),
    access,
    step({
      name: 'nfs',
      title: `Export the volume to ${volume.nfs.clients}`,
      commandLines: [words(serviceArgv('nfs-start', host.name))],
      run: () => service(primaryMachine, 'nfs-start', host.name),
      undo: () => service(primaryMachine, 'nfs-stop', host.name),
    }),
    step({
      name: 'address',
      title: `Bring up the service address ${host.service.address}`,
      commandLines: [words(serviceArgv('address-up', host.name))],
      run: () => service(primaryMachine, 'address-up', host.name),
      undo: () => service(primaryMachine, 'address-down', host.name),
    }),
    stepOn(standbyMachine)({
      name: 'observe',
      title: 'Verify from the standby that the volume is served',
      commandLines: [`(read ${marker}/identity through NFS at ${host.service.address})`],
      async run(report) {
        report({ detail: `waiting for the service at ${host.service.address} to answer` });
        await observeService(host, volume, { timeout_ms: OBSERVE_TIMEOUT_ms, clock });
      },
    }),
    step({
      name: 'guard',
      title: 'Start the guard, now and at every boot',
      commandLines: ['systemctl enable --now spare-guard.service'],
      async run() {
        await primaryMachine.exec(['systemctl', 'enable', '--now', 'spare-guard.service']);
      },
      async undo() {
        await primaryMachine.exec(['systemctl', 'disable', '--now', 'spare-guard.service']);
      },
    }),
  ];
}

/** The second leg and its initial resync. */
function copySteps(context: VolumeContext, { wait }: EnrollPlanOptions): Step[] {
  const { host, volume, standby, primaryMachine } = context;
  const { device } = volume;
  const copied: Step[] = [
    stepOn(primaryMachine)({
      name: 'copy',
      title: 'Wait for the initial resync',
      commandLines: [`(watch md/sync_completed of ${device})`],
      run: (report) => copyToStandby(context, report),
    }),
    stateStep(context, {
      name: 'protected',
      title: `Record that ${host.name} is protected`,
      event: 'legs-in-sync',
      to: 'protected',
    }),
  ];
  return [
    stepOn(primaryMachine)({
      name: 'standby-leg',
      title: 'Add the LUN as the second leg, and check that the kernel accepts it',
      commandLines: [words(addArgv(device, standbyLegPath(host, volume, standby), { writeMostly: true }))],
      check: async () => {
        const leg = await legOf(context, 'standby');
        return leg !== undefined && !leg.state.includes('faulty');
      },
      run: () => addStandbyLeg(context),
      pointOfNoReturn: true,
    }),
    stateStep(context, {
      name: 'syncing',
      title: `Record that ${host.name} is being resynced`,
      event: 'copy-started',
      to: 'syncing',
    }),
    ...(wait ? copied : []),
  ];
}
