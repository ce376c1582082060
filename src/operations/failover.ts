import { enterState, readEvidence, readHostRecord } from '../config/host-records.ts';
import { fenceCommandLine, fenceOff } from '../host/fence.ts';
import { assembleArgv } from '../host/md/commands.ts';
import { mirrorStatus } from '../host/md/status.ts';
import { readSuperblock } from '../host/md/superblock.ts';
import { quoteForShell } from '../host/quote.ts';
import { type ServiceVerb, service, serviceArgv } from '../host/service.ts';
import { SpareError } from '../std/errors.ts';
import { decideEvidence, type Evidence } from './evidence.ts';
import { assembleOnStandby, attachLeg, detachLeg, stopMirror } from './leg.ts';
import { observeService, serviceAddress } from './observe-service.ts';
import { type OperationContext, operationContext } from './operation-context.ts';
import { type Operation, type OperationReport, type RunOptions, runOperation } from './runner.ts';
import type { Step } from './step.ts';
import { forgetTakeoverDecision, readTakeoverDecision, recordTakeoverDecision } from './takeover-decision.ts';
import { fenceTarget, hostTargetStatus, unfenceTarget } from './target-control.ts';

export interface FailoverOptions {
  /** Goes on without evidence that the leg is current. */
  allowDataLoss: boolean;
  /** The administrator vouches that the machine is off: for hosts without a fence command. */
  confirmedOff: boolean;
}

/** After the address is up; the NFS server answers at once, also in its grace period. */
const OBSERVE_TIMEOUT_ms = 20_000;
/** e2fsck(8): 1 errors were corrected, 2 and the system should be restarted (meant for a root file system). */
const FSCK_CORRECTED = [1, 2];
/** A journal is replayed in seconds; a full check of a large file system takes long. */
const FSCK_TIMEOUT_ms = 3_600_000;
/** Mirror traffic as new as this says that the primary is alive. */
const ALIVE_ms = 3_000;

/**
 * Takes over a host: what `spare failover` and the watch call.
 * @throws SpareError `refused` where the evidence does not allow it, `precondition`, or as `runOperation` does.
 */
export async function failover(
  hostName: string,
  options: FailoverOptions,
  run: RunOptions = {},
): Promise<OperationReport> {
  return runOperation(await planFailover(operationContext(hostName), options), run);
}

/** Looks at what is known, refuses what cannot be right, and makes the steps. Changes nothing. */
export async function planFailover(context: OperationContext, options: FailoverOptions): Promise<Operation> {
  const { host, standbyMachine: machine } = context;
  const record = readHostRecord(host.name);
  if (record?.state === 'taken-over') {
    throw new SpareError(
      'precondition',
      'ALREADY_TAKEN_OVER',
      `Cannot take over ${host.name} as the standby serves it since ${record.since}`,
      {
        hint: `When its machine is repaired: spare failback ${host.name}`,
      },
    );
  }
  // A decision was made before: the leg may have been written to since, and taking back would hand the old state to the primary.
  const resumed = readTakeoverDecision(host.name) !== undefined;
  if (!resumed) await refuseWithoutPrerequisites(context, options);
  const stateBefore = record?.state === 'failing-over' || !record ? 'suspect' : record.state;
  let offAt_ms: number | undefined;

  const { device, mirrorUuid } = host.volume;
  const words = quoteForShell;
  const step = (partial: Omit<Step, 'machine'>): Step => ({ machine, ...partial });
  const serviceStep = (name: string, verb: ServiceVerb, title: string): Step =>
    step({
      name,
      title,
      commandLines: [words(serviceArgv(verb, host.name))],
      run: () => service(machine, verb, host.name),
    });
  const writable = async () => {
    const status = await mirrorStatus(machine, device);
    return status !== undefined && !status.arrayState.startsWith('read') && status.arrayState !== 'inactive';
  };

  const steps: Step[] = [
    step({
      name: 'begin',
      title: `Record that ${host.name} is being taken over`,
      commandLines: ['(state: failing-over)'],
      async run() {
        enterState(host.name, 'failing-over');
      },
      async undo() {
        enterState(host.name, stateBefore);
      },
    }),
    host.fenceCommand && !options.confirmedOff
      ? step({
          name: 'fence-machine',
          title: `Turn the machine of ${host.name} off`,
          commandLines: [fenceCommandLine(host.fenceCommand, host.name, 'off')],
          async run() {
            offAt_ms = await fenceOff(host.fenceCommand as string, host.name);
          },
        })
      : step({
          name: 'address-unused',
          title: `See that nobody answers at ${serviceAddress(host)}: the machine of ${host.name} is said to be off`,
          commandLines: [words(addressUnusedArgv(context))],
          async run() {
            await machine.exec(addressUnusedArgv(context)).catch((cause) => {
              throw new SpareError(
                'refused',
                'ADDRESS_ANSWERS',
                `Cannot take over ${host.name} as a machine still answers at ${serviceAddress(host)}`,
                {
                  hint: `Turn ${host.name} off, then try again`,
                  cause,
                },
              );
            });
            offAt_ms = Date.now();
          },
        }),
    step({
      name: 'fence-lun',
      title: `Refuse mirror writes of ${host.name} from now on`,
      commandLines: [`(control socket: fence ${host.name})`],
      run: () => fenceTarget(host.name),
      undo: () => unfenceTarget(host.name),
    }),
    step({
      name: 'evidence',
      title: 'Decide whether the standby leg holds every acknowledged write',
      commandLines: [`(read the superblock of ${host.target.path}, the last report and the target's record)`],
      check: async () => readTakeoverDecision(host.name) !== undefined,
      async run(report) {
        const leg = await readSuperblock(machine, host.target.path);
        const evidence = decideEvidence({ ...(await evidenceFacts(context, offAt_ms)), leg });
        refuseUnproven(host.name, evidence, options);
        report({ detail: evidence.reasons.join('; ') });
        recordTakeoverDecision(host.name, {
          decidedAt: new Date().toISOString(),
          evidence,
          dataLossAllowed: options.allowDataLoss,
        });
      },
      async undo() {
        forgetTakeoverDecision(host.name);
      },
    }),
    step({
      name: 'attach',
      title: `Attach the standby leg of ${host.name}`,
      commandLines: [`losetup --find --show ${words([host.target.path])}`],
      async run() {
        await attachLeg(context);
      },
      undo: () => detachLeg(context),
    }),
    step({
      name: 'assemble',
      title: 'Start the mirror set from the standby leg alone, read-only',
      commandLines: [words(assembleArgv(device, mirrorUuid, 'LOOP', { readonly: true }))],
      run: () => assembleOnStandby(context),
      undo: () => stopMirror(machine, device),
    }),
    step({
      name: 'read-write',
      title: 'Make the mirror set writable: its bitmap records what is written from now on',
      commandLines: [words(['mdadm', '--readwrite', device])],
      check: writable,
      async run() {
        await machine.exec(['mdadm', '--readwrite', device]);
      },
      pointOfNoReturn: true,
    }),
    step({
      name: 'check-file-system',
      title: 'Replay the journal and check the file system',
      commandLines: [words(['e2fsck', '-p', device])],
      // e2fsck refuses a mounted file system; only an interrupted takeover can have got that far.
      ...(resumed && { check: () => isMounted(context) }),
      async run() {
        await machine.exec(['e2fsck', '-p', device], { acceptExitCodes: FSCK_CORRECTED, timeout_ms: FSCK_TIMEOUT_ms });
      },
    }),
    serviceStep('mount', 'mount', `Mount it at ${host.volume.mountPoint}, in namespaces of its own`),
    serviceStep('nfs', 'nfs-start', `Start the NFS server of ${host.name} with its clients' records`),
    serviceStep('address', 'address-up', `Take the address ${host.service.address} and announce it`),
    step({
      name: 'observe',
      title: 'See from outside that the volume is served',
      commandLines: [`(read ${host.volume.mountPoint}/.spare/identity through NFS at ${serviceAddress(host)})`],
      run: () => observeService(host, OBSERVE_TIMEOUT_ms),
    }),
    step({
      name: 'end',
      title: `Record that the standby serves ${host.name}`,
      commandLines: ['(state: taken-over)'],
      async run() {
        enterState(host.name, 'taken-over');
      },
    }),
  ];
  return { name: 'failover', host: host.name, steps, onlyForward: resumed };
}

/** Before anything is changed: could the evidence be good enough if the machine were off by now? */
async function refuseWithoutPrerequisites(context: OperationContext, options: FailoverOptions): Promise<void> {
  const { host } = context;
  if (!host.fenceCommand && !options.confirmedOff) {
    throw new SpareError(
      'refused',
      'NOT_PROVEN_OFF',
      `Cannot take over ${host.name} as nothing proves that its machine is off: it has no fence command`,
      {
        hint: `Turn it off, then run 'spare failover ${host.name} --confirmed-off'`,
      },
    );
  }
  const facts = await evidenceFacts(context, Date.now());
  if (options.confirmedOff && facts.lastPduAt_ms !== null && Date.now() - facts.lastPduAt_ms < ALIVE_ms) {
    throw new SpareError(
      'refused',
      'HOST_ALIVE',
      `Cannot take over ${host.name} as its mirror traffic still arrives: its machine is not off`,
      {
        hint: 'Turn it off first: two machines would serve the same volume',
      },
    );
  }
  refuseUnproven(host.name, decideEvidence(facts), options);
}

async function evidenceFacts({ host }: OperationContext, offAt_ms: number | undefined) {
  const target = await hostTargetStatus(host.name);
  const record = readEvidence(host.name);
  const offTimes_ms = [offAt_ms, record.provenOff && Date.parse(record.provenOff.at)].filter(
    (time) => time !== undefined,
  );
  return {
    record,
    lastPduAt_ms: target.lastPduAt,
    offAt_ms: offTimes_ms.length > 0 ? Math.min(...offTimes_ms) : undefined,
    replacementTimeout_ms: host.replacementTimeout_s * 1000,
    mirrorUuid: host.volume.mirrorUuid,
  };
}

function refuseUnproven(host: string, evidence: Evidence, options: FailoverOptions): void {
  const reasons = evidence.reasons.join('. ');
  if (evidence.verdict === 'unusable') {
    throw new SpareError('refused', 'LEG_UNUSABLE', `Cannot take over ${host} from this leg. ${reasons}`, {
      hint: `Its data is on the disk of ${host} itself: repair that machine`,
    });
  }
  if (evidence.verdict === 'unproven' && !options.allowDataLoss) {
    const lost =
      evidence.mayMiss_ms === undefined
        ? 'an unknown amount'
        : `up to ${(evidence.mayMiss_ms / 1000).toFixed(0)} s of writes`;
    throw new SpareError(
      'refused',
      'LEG_NOT_PROVEN',
      `Cannot take over ${host} as its leg is not proven current: ${lost} may be missing. ${reasons}`,
      {
        hint: `If losing that is better than waiting for ${host}: spare failover ${host} --allow-data-loss`,
      },
    );
  }
}

/** arping(8), `-D`: duplicate address detection; ends with 0 when nobody answers. */
function addressUnusedArgv({ host, standby }: OperationContext): string[] {
  return ['arping', '-D', '-q', '-c', '2', '-w', '2', '-I', standby.networkInterface, serviceAddress(host)];
}

async function isMounted({ host, standbyMachine }: OperationContext): Promise<boolean> {
  const { stdout } = await standbyMachine.exec(serviceArgv('status', host.name));
  return stdout.includes('mounted=yes');
}
