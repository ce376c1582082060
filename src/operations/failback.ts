import { enterState, readHostRecord } from '../config/host-records.ts';
import { login, loginArgv, logout, standbyLegPath } from '../host/initiator.ts';
import type { Machine } from '../host/machine.ts';
import { assembleArgv, reAddArgv } from '../host/md/commands.ts';
import { mirrorStatus } from '../host/md/status.ts';
import { quoteForShell as words } from '../host/quote.ts';
import { isPassive, PASSIVE_PATH, type ServiceVerb, service, serviceArgv, serviceStatus } from '../host/service.ts';
import { SpareError } from '../std/errors.ts';
import { compareLegs, waitForCopy } from './copy.ts';
import { assembleOnStandby, assertLegIsFree, detachLeg, stopMirror, stopMirrorOnStandby } from './leg.ts';
import { legOf, returnLocalLeg } from './legs-on-primary.ts';
import { observeService } from './observe-service.ts';
import type { OperationContext } from './operation-context.ts';
import type { Operation } from './runner.ts';
import type { Step } from './step.ts';
import { forgetTakeoverDecision } from './takeover-decision.ts';
import { fenceTarget, hostTargetStatus, unfenceTarget } from './target-control.ts';

export interface FailbackOptions {
  /** Compares both legs block by block at the end: it reads the whole volume. */
  verify: boolean;
}

/** What a failback measures; filled while it runs. */
export interface FailbackMeasurements {
  /** From taking the address down on the standby until the standby has read the volume through it again. */
  outage_s?: number;
  /** Written to the primary's own disk while its leg was brought up to date, what clients wrote meanwhile included. */
  copied_bytes?: number;
  size_bytes: number;
  copy?: 'incremental' | 'full';
  /** `undefined` where it was not asked for. */
  legs_equal?: boolean;
}

const OBSERVE_TIMEOUT_ms = 30_000;
/** Whoever reads it on the primary must see that it is not the guard's own record (`replaced …`). */
const HELD_PASSIVE = 'held passive by the standby, which goes on with: spare failback\n';

/** Looks at what is known, refuses what cannot be right, and makes the steps. Changes nothing. */
export async function planFailback(
  context: OperationContext,
  options: FailbackOptions,
): Promise<{ operation: Operation; measurements: FailbackMeasurements }> {
  const { host, standby, standbyMachine, primaryMachine } = context;
  const record = readHostRecord(host.name);
  if (record?.state !== 'taken-over' && record?.state !== 'failing-back') {
    throw new SpareError(
      'precondition',
      'NOT_TAKEN_OVER',
      `Cannot fail back ${host.name} as it is ${record?.state ?? 'unknown'}, not taken over`,
      {
        hint: `See where it is served: spare status ${host.name}`,
      },
    );
  }
  await assertPrimaryAnswers(context);

  const { device, mirrorUuid, localLeg } = host.volume;
  const lun = standbyLegPath(host, standby);
  const measurements: FailbackMeasurements = { size_bytes: host.target.size_bytes };
  let wentDownAt_ms: number | undefined;
  let writtenBefore_bytes: number | undefined;

  // Once the LUN is served again nothing of the host is left on the standby, and nothing may be brought back there:
  // an interrupted failback that had got this far leaves the standby's steps alone, and so does its undo.
  const lunServed = async () => !(await hostTargetStatus(host.name)).fenced;
  const on =
    (machine: Machine) =>
    (partial: Omit<Step, 'machine'>): Step => ({ machine, ...partial });
  const onStandby = on(standbyMachine);
  const onPrimary = on(primaryMachine);
  const serviceStep = (machine: Machine, verb: ServiceVerb, undoVerb: ServiceVerb, title: string): Step => ({
    name: `${machine === standbyMachine ? 'standby' : 'primary'}-${verb}`,
    machine,
    title,
    commandLines: [words(serviceArgv(verb, host.name))],
    ...(machine === standbyMachine && { check: lunServed }),
    run: () => service(machine, verb, host.name),
    undo: () => service(machine, undoVerb, host.name),
  });
  const localLegIsBack = async () => {
    const leg = (await mirrorStatus(primaryMachine, device)) && (await legOf(context, 'local'));
    return leg !== undefined && !leg.state.includes('faulty');
  };

  const steps: Step[] = [
    onStandby({
      name: 'begin',
      title: `Record that ${host.name} is going home`,
      commandLines: ['(state: failing-back)'],
      async run() {
        enterState(host.name, 'failing-back');
      },
      async undo() {
        if (!(await lunServed())) enterState(host.name, 'taken-over');
      },
    }),
    onPrimary({
      name: 'passive',
      title: `Make sure that ${host.name} serves nothing`,
      commandLines: [
        `(write ${PASSIVE_PATH})`,
        words(serviceArgv('down', host.name)),
        `iscsiadm --logout, see that nothing is left`,
      ],
      check: lunServed,
      run: () => makePassive(context),
    }),
    onPrimary({
      name: 'prepare',
      title: 'Make the namespaces and load the modules, so that the service moves quickly',
      commandLines: [words(serviceArgv('prepare', host.name))],
      run: () => service(primaryMachine, 'prepare', host.name),
    }),
    onStandby({
      name: 'standby-address-down',
      title: `Give the address ${host.service.address} up`,
      commandLines: [words(serviceArgv('address-down', host.name))],
      check: lunServed,
      async run() {
        wentDownAt_ms = performance.now();
        await service(standbyMachine, 'address-down', host.name);
      },
      undo: () => service(standbyMachine, 'address-up', host.name),
    }),
    serviceStep(standbyMachine, 'nfs-stop', 'nfs-start', `Stop the NFS server of ${host.name}`),
    serviceStep(standbyMachine, 'unmount', 'mount', `Unmount ${host.volume.mountPoint}`),
    onStandby({
      name: 'stop-mirror',
      title: 'Stop the mirror set',
      commandLines: [words(['mdadm', '--stop', device])],
      check: lunServed,
      run: () => stopMirrorOnStandby(context),
      async undo() {
        await assembleOnStandby(context);
        await standbyMachine.exec(['mdadm', '--readwrite', device]);
      },
    }),
    onStandby({
      name: 'detach',
      title: 'Let go of the standby leg',
      commandLines: [`losetup --detach (of ${host.target.path})`],
      check: lunServed,
      run: () => detachLeg(context),
    }),
    onStandby({
      name: 'unfence-lun',
      title: `Serve the LUN to ${host.name} again, after seeing that nothing here holds it`,
      commandLines: [`losetup --associated ${host.target.path}`, `(control socket: unfence ${host.name})`],
      check: lunServed,
      async run() {
        await assertLegIsFree(context);
        await unfenceTarget(host.name);
      },
      undo: () => fenceTarget(host.name),
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
      title: 'Start the mirror set from the LUN alone: given both, the kernel may choose the stale one',
      commandLines: [words(assembleArgv(device, mirrorUuid, lun, { readonly: false }))],
      check: async () => (await mirrorStatus(primaryMachine, device)) !== undefined,
      async run() {
        await primaryMachine.exec(assembleArgv(device, mirrorUuid, lun, { readonly: false }));
      },
      undo: () => stopMirror(primaryMachine, device),
    }),
    serviceStep(primaryMachine, 'mount', 'unmount', `Mount it at ${host.volume.mountPoint}`),
    serviceStep(
      primaryMachine,
      'nfs-start',
      'nfs-stop',
      `Start the NFS server of ${host.name} with its clients' records`,
    ),
    onPrimary({
      name: 'primary-address-up',
      title: `Take the address ${host.service.address} and announce it`,
      commandLines: [words(serviceArgv('address-up', host.name))],
      run: () => service(primaryMachine, 'address-up', host.name),
      pointOfNoReturn: true,
    }),
    onStandby({
      name: 'observe',
      title: 'See from outside that the volume is served',
      commandLines: [`(read ${host.volume.mountPoint}/.spare/identity through NFS at ${host.service.address})`],
      async run() {
        await observeService(host, OBSERVE_TIMEOUT_ms);
        if (wentDownAt_ms !== undefined) measurements.outage_s = (performance.now() - wentDownAt_ms) / 1000;
      },
    }),
    onPrimary({
      name: 'return-local-leg',
      title: `Mark what ${host.name} had written alone, and take its own disk back into the mirror set`,
      commandLines: [
        `(dirty ranges of ${localLeg} to md/bitmap_set_bits)`,
        words(reAddArgv(device, localLeg)),
        '(mark the LUN write-mostly)',
      ],
      check: localLegIsBack,
      async run(report) {
        writtenBefore_bytes = await diskWrittenBytes(primaryMachine, localLeg);
        measurements.copy = await returnLocalLeg(context);
        report({
          detail:
            measurements.copy === 'full'
              ? 'its bitmap can not be used: everything is copied'
              : 'only what differs is copied',
        });
      },
    }),
    onPrimary({
      name: 'active',
      title: `Let the guard of ${host.name} take over from here`,
      commandLines: [`rm -f ${PASSIVE_PATH}`],
      async run() {
        await primaryMachine.exec(['sh', '-c', 'rm -f "$1" && sync "$(dirname "$1")"', 'active', PASSIVE_PATH]);
      },
    }),
    onStandby({
      name: 'home',
      title: `Record that ${host.name} serves again, and is being brought up to date`,
      commandLines: ['(state: syncing)'],
      async run() {
        enterState(host.name, 'syncing');
        forgetTakeoverDecision(host.name);
      },
    }),
    onPrimary({
      name: 'copy',
      title: 'Copy back what differs',
      commandLines: [`(watch md/sync_completed of ${device})`],
      async run(report) {
        await waitForCopy(primaryMachine, device, host.target.size_bytes, report);
        if (writtenBefore_bytes !== undefined) {
          measurements.copied_bytes = (await diskWrittenBytes(primaryMachine, localLeg)) - writtenBefore_bytes;
        }
      },
    }),
    ...(options.verify ? [onPrimary(verifyStep(context, measurements))] : []),
    onStandby({
      name: 'end',
      title: `Record that ${host.name} is protected again`,
      commandLines: ['(state: protected)'],
      async run() {
        enterState(host.name, 'protected');
      },
    }),
  ];
  return { operation: { name: 'failback', host: host.name, steps }, measurements };
}

function verifyStep(context: OperationContext, measurements: FailbackMeasurements): Omit<Step, 'machine'> {
  const { host, primaryMachine } = context;
  return {
    name: 'verify',
    title: 'Compare both legs block by block',
    commandLines: ['echo check >/sys/block/mdX/md/sync_action'],
    async run(report) {
      const different_sectors = await compareLegs(primaryMachine, host.volume.device, host.target.size_bytes, report);
      measurements.legs_equal = different_sectors === 0;
      if (different_sectors === 0) return;
      throw new SpareError(
        'stepFailed',
        'LEGS_DIFFER',
        `The legs of ${host.name} differ in ${different_sectors} sectors`,
        {
          hint: `The standby leg is the one that was in service: on ${host.name}, fail, remove and --add ${host.volume.localLeg}, then run the failback again`,
        },
      );
    },
  };
}

async function assertPrimaryAnswers({ primaryMachine, host }: OperationContext): Promise<void> {
  const { stdout } = await primaryMachine.exec(['cat', `/etc/spare/services/${host.name}.conf`]).catch((cause) => {
    if (cause instanceof SpareError && cause.kind === 'unreachable') throw cause;
    throw new SpareError(
      'precondition',
      'NOT_PREPARED',
      `Cannot fail back to ${host.name} as that machine is not set up for it`,
      {
        hint: 'Was its system disk replaced? Its files from spare are missing: /etc/spare/services, /usr/local/lib/spare',
        cause,
      },
    );
  });
  if (stdout.includes(host.volume.mirrorUuid)) return;
  throw new SpareError(
    'precondition',
    'OTHER_MIRROR',
    `Cannot fail back to ${host.name} as that machine is set up for another mirror set`,
    {
      hint: `Compare /etc/spare/services/${host.name}.conf on both machines`,
    },
  );
}

/** Nothing assembled, mounted, served or logged in there, whatever it was doing, and it stays so over a restart (invariant 6). */
async function makePassive({ host, standby, primaryMachine }: OperationContext): Promise<void> {
  await primaryMachine.writeFile(PASSIVE_PATH, HELD_PASSIVE, 0o644);
  await service(primaryMachine, 'down', host.name);
  await logout(primaryMachine, host, standby);
  const status = await serviceStatus(primaryMachine, host.name);
  if (isPassive(status)) return;
  throw new SpareError(
    'refused',
    'PRIMARY_NOT_PASSIVE',
    `Cannot fail back as ${host.name} still holds its service: ${JSON.stringify(status)}`,
    {
      hint: `On ${host.name}: /usr/local/lib/spare/service down ${host.name}`,
    },
  );
}

/** How much has been written to a disk since its machine started (Documentation/block/stat.rst, field 7, sectors). */
async function diskWrittenBytes(machine: Machine, path: string): Promise<number> {
  const script = 'cat "/sys/class/block/$(basename "$(readlink -f "$1")")/stat"';
  const { stdout } = await machine.exec(['sh', '-c', script, 'disk-written', path]);
  return Number(stdout.trim().split(/\s+/)[6] ?? 0) * 512;
}
