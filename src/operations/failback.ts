import type { HostRecord, HostStateName } from '../hosts/host-record.ts';
import { readHostRecord } from '../hosts/host-records.ts';
import { enter } from '../hosts/host-state.ts';
import { noteLunServed, readTakeoverDecision } from '../hosts/takeover-decision.ts';
import type { Machine } from '../machine/machine.ts';
import { quoteForShell as words } from '../machine/quote.ts';
import { standbyLegInSync } from '../mirror/condition.ts';
import { login, loginArgv, logout, standbyLegPath } from '../mirror/initiator.ts';
import { refuseLossOfOnlyLeg } from '../mirror/lost-writes.ts';
import { assembleArgv } from '../mirror/md/commands.ts';
import { mirrorStatus } from '../mirror/md/status.ts';
import {
  assembleOnStandby,
  assertLegIsFree,
  detachLeg,
  stopMirror,
  stopMirrorOnStandby,
} from '../mirror/standby-leg.ts';
import { observeService } from '../service/observe-service.ts';
import { PASSIVE_PATH, type ServiceVerb, service, serviceArgv } from '../service/service.ts';
import { SpareError } from '../std/errors.ts';
import type { VolumeContext } from '../steps/operation-context.ts';
import type { Operation } from '../steps/runner.ts';
import { stateStep } from '../steps/state-step.ts';
import { type Step, stepOn } from '../steps/step.ts';
import { acceptTarget, fenceTarget, hostTargetStatus, unfenceTarget } from '../target/client/target-control.ts';
import {
  completionSteps,
  copyBackSteps,
  type FailbackMeasurements,
  type FailbackOptions,
  refillSteps,
} from './copy-back.ts';
import { assertPrimaryAnswers, makePassive } from './passive-primary.ts';

const OBSERVE_TIMEOUT_ms = 30_000;
/** The primary serves, and its own disk is in the array or must be re-added. */
const HOME: readonly HostStateName[] = ['syncing', 'protected', 'degraded'];

/** Gathers the facts, refuses invalid requests, and makes the steps. Changes nothing. */
export async function planFailback(
  context: VolumeContext,
  options: FailbackOptions,
): Promise<{ operation: Operation; measurements: FailbackMeasurements }> {
  const { host, volume, standby, standbyMachine, primaryMachine } = context;
  const record = readHostRecord(host.name);
  const left = leftToDo(context, record, options);
  if (left) {
    await assertPrimaryAnswers(context);
    return left;
  }
  if (record?.state !== 'taken-over' && record?.state !== 'failing-back') {
    throw new SpareError(
      'precondition',
      'NOT_TAKEN_OVER',
      `Cannot fail back ${host.name}: it is ${record?.state ?? 'unknown'}, not taken over`,
      {
        hint: `To see its state, run: spare status ${host.name}`,
      },
    );
  }
  if (record.state === 'failing-back') await refuseLossSinceServed(host.name);
  await assertPrimaryAnswers(context);

  const { device, mirrorUuid } = volume;
  const lun = standbyLegPath(host, volume, standby);
  const measurements: FailbackMeasurements = { size_bytes: volume.standbyLeg.size_bytes };
  let wentDownAt_ms: number | undefined;

  // Once the LUN is served again, nothing of the host is left on the standby, and nothing may be started there again:
  // an interrupted failback that got this far skips the standby's steps, and so does its rollback.
  const lunServed = async () => !(await hostTargetStatus(host.name)).fenced;
  const onStandby = stepOn(standbyMachine);
  const onPrimary = stepOn(primaryMachine);
  const serviceStep = (machine: Machine, verb: ServiceVerb, undoVerb: ServiceVerb, title: string): Step => ({
    name: `${machine === standbyMachine ? 'standby' : 'primary'}-${verb}`,
    machine,
    title,
    commandLines: [words(serviceArgv(verb, host.name))],
    ...(machine === standbyMachine && { check: lunServed }),
    run: () => service(machine, verb, host.name),
    undo: () => service(machine, undoVerb, host.name),
  });
  const steps: Step[] = [
    stateStep(context, {
      name: 'begin',
      title: `Record that the failback of ${host.name} has started`,
      event: 'failback-started',
      to: 'failing-back',
      async undo() {
        if (!(await lunServed())) enter(host.name, 'failback-rolled-back', context.clock);
      },
    }),
    onPrimary({
      name: 'passive',
      title: `Make sure that the primary of ${host.name} serves nothing`,
      commandLines: [
        `(write ${PASSIVE_PATH})`,
        words(serviceArgv('down', host.name)),
        '(iscsiadm --logout, then check that nothing is left)',
      ],
      check: lunServed,
      run: () => makePassive(context),
    }),
    onPrimary({
      name: 'prepare',
      title: 'Create the namespaces and load the modules, so that the service moves quickly',
      commandLines: [words(serviceArgv('prepare', host.name))],
      run: () => service(primaryMachine, 'prepare', host.name),
    }),
    onStandby({
      name: 'standby-address-down',
      title: `Take down the service address ${host.service.address}`,
      commandLines: [words(serviceArgv('address-down', host.name))],
      check: lunServed,
      async run() {
        wentDownAt_ms = context.clock.bootTime_ms();
        await service(standbyMachine, 'address-down', host.name);
      },
      undo: () => service(standbyMachine, 'address-up', host.name),
    }),
    serviceStep(standbyMachine, 'nfs-stop', 'nfs-start', `Stop the NFS server of ${host.name}`),
    serviceStep(standbyMachine, 'unmount', 'mount', `Unmount ${volume.mountPoint}`),
    onStandby({
      name: 'stop-mirror',
      title: 'Stop the array',
      commandLines: [words(['mdadm', '--stop', device])],
      check: lunServed,
      run: () => stopMirrorOnStandby(context),
      async undo() {
        await assembleOnStandby(context);
        noteLunServed(host.name, false);
        await standbyMachine.exec(['mdadm', '--readwrite', device]);
      },
    }),
    onStandby({
      name: 'detach',
      title: 'Detach the standby leg',
      commandLines: [`losetup --detach (of ${volume.standbyLeg.path})`],
      check: lunServed,
      run: () => detachLeg(context),
    }),
    onStandby({
      name: 'unfence-lun',
      title: `Serve the LUN to ${host.name} again, after checking that nothing here uses it`,
      commandLines: [
        `losetup --associated ${volume.standbyLeg.path}`,
        `(control socket: accept ${host.name}, unfence ${host.name})`,
      ],
      async check() {
        const { fenced, lost } = await hostTargetStatus(host.name);
        return !fenced && lost.length === 0;
      },
      async run() {
        await refuseLossSinceServed(host.name);
        await assertLegIsFree(context);
        // The decision covers the writes lost before the failover: the standby has served without them since.
        await acceptTarget(host.name);
        noteLunServed(host.name, true);
        await unfenceTarget(host.name);
      },
      async undo() {
        await fenceTarget(host.name);
        // The primary may have written to the leg by now. If such writes were lost, the leg must not go into service.
        await refuseLossSinceServed(host.name);
      },
    }),
    onPrimary({
      name: 'login',
      title: `Log ${host.name} in to its LUN`,
      commandLines: [words(loginArgv(host, standby))],
      run: () => login(primaryMachine, host, standby),
      undo: () => logout(primaryMachine, host, standby),
    }),
    onPrimary({
      name: 'assemble',
      title: 'Assemble the array from the LUN alone: given both legs, the kernel may choose the stale one',
      commandLines: [words(assembleArgv(device, mirrorUuid, lun, { readonly: false }))],
      check: async () => (await mirrorStatus(primaryMachine, device)) !== undefined,
      async run() {
        await primaryMachine.exec(assembleArgv(device, mirrorUuid, lun, { readonly: false }));
      },
      undo: () => stopMirror(primaryMachine, device),
    }),
    serviceStep(primaryMachine, 'mount', 'unmount', `Mount the volume at ${volume.mountPoint}`),
    serviceStep(
      primaryMachine,
      'nfs-start',
      'nfs-stop',
      `Start the NFS server of ${host.name} with its client records`,
    ),
    onPrimary({
      name: 'primary-address-up',
      title: `Bring up the service address ${host.service.address} and announce it`,
      commandLines: [words(serviceArgv('address-up', host.name))],
      run: () => service(primaryMachine, 'address-up', host.name),
      pointOfNoReturn: true,
    }),
    onStandby({
      name: 'observe',
      title: 'Verify from outside that the volume is served',
      commandLines: [`(read ${volume.mountPoint}/.spare/identity through NFS at ${host.service.address})`],
      async run() {
        await observeService(host, volume, OBSERVE_TIMEOUT_ms);
        if (wentDownAt_ms !== undefined) measurements.outage_s = (context.clock.bootTime_ms() - wentDownAt_ms) / 1000;
      },
    }),
    ...copyBackSteps(context, options, measurements),
  ];
  return { operation: { name: 'failback', host: host.name, startsIn: [record.state], steps }, measurements };
}

/** A host that is on its primary already, with a resync that was not waited for, or a mirror mismatch. */
function leftToDo(
  context: VolumeContext,
  record: HostRecord | undefined,
  options: FailbackOptions,
): { operation: Operation; measurements: FailbackMeasurements } | undefined {
  const { host, volume } = context;
  const measurements: FailbackMeasurements = { size_bytes: volume.standbyLeg.size_bytes };
  const complete = completionSteps(context, options, measurements);
  const operation = { name: 'failback', host: host.name, startsIn: HOME };
  const isHome = record !== undefined && HOME.includes(record.state);
  if (record?.legsDiffer && isHome) {
    return { operation: { ...operation, steps: [...refillSteps(context, options), ...complete] }, measurements };
  }
  // During an enrolment, the standby leg would be the one that is being resynced.
  const isCopiedBack =
    record?.state === 'syncing' && record.lastReport !== undefined && standbyLegInSync(record.lastReport);
  return isCopiedBack || (record?.comparisonDue && isHome)
    ? { operation: { ...operation, steps: complete }, measurements }
    : undefined;
}

/** @throws SpareError `refused` if the leg has lost writes that it received since the LUN was served to the primary again */
async function refuseLossSinceServed(host: string): Promise<void> {
  const target = await hostTargetStatus(host);
  const isServedSince = readTakeoverDecision(host)?.lunServedSince === true || !target.fenced;
  if (isServedSince) refuseLossOfOnlyLeg(host, target.lost);
}
