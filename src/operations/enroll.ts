import { closeSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readConfiguration, removeHostConfiguration, writeHostConfiguration } from '../config/configuration.ts';
import { enterState } from '../config/host-records.ts';
import { type HostKey, withKnownHost } from '../host/host-key.ts';
import { initiatorFiles, login, loginArgv, logout, standbyLegPath } from '../host/initiator.ts';
import type { Machine } from '../host/machine.ts';
import { addArgv, assembleArgv, createArgv, growBitmapArgv, mdadmConfLines } from '../host/md/commands.ts';
import { mirrorStatus } from '../host/md/status.ts';
import { readSuperblock } from '../host/md/superblock.ts';
import { quoteForShell as words } from '../host/quote.ts';
import { service, serviceArgv } from '../host/service.ts';
import { syncDirectory, writeFileDurably } from '../std/durable-file.ts';
import { runningMirror, waitForCopy } from './copy.ts';
import { ignoreLegsAtBoot, installFiles, primaryFiles, standbyFiles } from './host-files.ts';
import { stopMirror } from './leg.ts';
import { addStandbyLeg, legOf } from './legs-on-primary.ts';
import { observeService } from './observe-service.ts';
import type { OperationContext } from './operation-context.ts';
import type { Operation } from './runner.ts';
import type { Step } from './step.ts';
import { addTarget, closeTarget } from './target-control.ts';

export interface EnrollPlanOptions {
  hostKey: HostKey;
  /** Waits for the first copy. */
  wait: boolean;
}

const OBSERVE_TIMEOUT_ms = 60_000;
/** A file system of many TiB takes minutes to make. */
const MKFS_TIMEOUT_ms = 1_800_000;

/** The steps that make a machine a protected primary. Everything was checked before; nothing is changed by planning. */
export function planEnroll(context: OperationContext, options: EnrollPlanOptions): Operation {
  const { host } = context;
  const steps = [
    ...standbySteps(context, options),
    ...mirrorSteps(context),
    ...serviceSteps(context),
    ...copySteps(context, options),
  ];
  return { name: 'enroll', host: host.name, steps };
}

/** The standby: host key, leg, configuration, LUN. */
function standbySteps(context: OperationContext, { hostKey }: EnrollPlanOptions): Step[] {
  const { host, standby, standbyMachine: machine } = context;
  const { path, size_bytes } = host.target;
  const step = stepOn(machine);
  return [
    step({
      name: 'pin-host-key',
      title: `Pin the SSH host key ${hostKey.fingerprint}`,
      commandLines: [`(add ${host.name} to ${standby.knownHosts})`],
      async run() {
        writeFileDurably(standby.knownHosts, withKnownHost(readOrEmpty(standby.knownHosts), host.name, hostKey), 0o600);
      },
    }),
    step({
      name: 'leg',
      title: `Make the standby leg: ${size_bytes} bytes, sparse`,
      commandLines: [words(['truncate', '--size', String(size_bytes), path])],
      check: async () => sizeOf(path) === size_bytes,
      async run() {
        closeSync(openSync(path, 'a', 0o600));
        truncateSync(path, size_bytes);
        syncDirectory(dirname(path));
      },
      async undo() {
        rmSync(path, { force: true });
      },
    }),
    step({
      name: 'standby-files',
      title: 'Install what a takeover needs on the standby',
      commandLines: [
        ...standbyFiles(context).map((file) => `(write ${file.path})`),
        ...mdadmConfCommandLines(host.volume.mirrorUuid),
      ],
      async run() {
        await installFiles(machine, standbyFiles(context));
        await ignoreLegsAtBoot(machine, host.volume.mirrorUuid);
      },
    }),
    step({
      name: 'configuration',
      title: 'Write the configuration, with new CHAP secrets',
      commandLines: ['(write the host to config.json)', '(state: enrolled)'],
      check: async () => isDeepStrictEqual(readConfiguration().hosts[host.name], host),
      async run() {
        enterState(host.name, 'enrolled');
        writeHostConfiguration(host);
      },
      async undo() {
        removeHostConfiguration(host.name);
      },
    }),
    step({
      name: 'serve-lun',
      title: `Serve it as ${host.target.iqn}, LUN 1`,
      commandLines: [`(control socket: add ${host.name})`],
      run: () => addTarget(host.name),
      undo: () => closeTarget(host.name),
    }),
  ];
}

/** The primary: initiator, mirror set with its own disk only, file system. */
function mirrorSteps(context: OperationContext): Step[] {
  const { host, standby, primaryMachine: machine } = context;
  const { device, localLeg, mirrorUuid, identity } = host.volume;
  const records = initiatorFiles(host, standby);
  const create = createArgv({ device, name: host.name, uuid: mirrorUuid, localLeg });
  // By itself mkfs chooses 1 KiB for a small volume: each write would then change a part of a block of the disks.
  const mkfs = ['mkfs.ext4', '-q', '-b', '4096', '-U', identity, '-L', host.name.slice(0, 16), device];
  const step = stepOn(machine);
  return [
    step({
      name: 'primary-files',
      title: 'Install the service, guard and report programs',
      commandLines: [
        ...primaryFiles(context).map((file) => `(write ${file.path})`),
        ...mdadmConfCommandLines(mirrorUuid),
        'systemctl daemon-reload',
      ],
      async run() {
        await installFiles(machine, primaryFiles(context));
        await ignoreLegsAtBoot(machine, mirrorUuid);
        await machine.exec(['systemctl', 'daemon-reload']);
      },
    }),
    step({
      name: 'initiator',
      title: `Give the initiator its secrets and time-outs (replacement time-out ${host.replacementTimeout_s} s)`,
      commandLines: [`(write ${records.nodePath}, mode 0600)`, `(write ${records.discoveryPath}, mode 0600)`],
      async run() {
        await machine.writeFile(records.nodePath, records.node, 0o600);
        await machine.writeFile(records.discoveryPath, records.discovery, 0o600);
      },
    }),
    step({
      name: 'login',
      title: 'Log in to the LUN',
      commandLines: [words(loginArgv(host, standby))],
      run: () => login(machine, host, standby),
      undo: () => logout(machine, host, standby),
    }),
    step({
      name: 'mirror-set',
      title: `Make the mirror set on ${localLeg}, without its second leg`,
      commandLines: [words(create)],
      check: async () => (await mirrorStatus(machine, device)) !== undefined,
      async run() {
        const made = await readSuperblock(machine, localLeg).catch(() => undefined);
        const resumed = made?.mirrorUuid === mirrorUuid;
        await machine.exec(resumed ? assembleArgv(device, mirrorUuid, localLeg, { readonly: false }) : create);
      },
      async undo() {
        await stopMirror(machine, device);
        await machine.exec(['mdadm', '--zero-superblock', localLeg]);
      },
    }),
    step({
      name: 'file-system',
      title: 'Make the file system',
      commandLines: [words(mkfs)],
      // Its UUID is set last of all: an interrupted mkfs is not taken for a file system.
      check: async () => (await fileSystemUuid(machine, device)) === identity,
      async run() {
        await machine.exec(mkfs, { timeout_ms: MKFS_TIMEOUT_ms });
      },
    }),
    step({
      name: 'bitmap',
      title: 'Add the write-intent bitmap, now that something has been written',
      commandLines: [words(growBitmapArgv(device))],
      check: async () => {
        const { kernelName } = await runningMirror(machine, device);
        const { stdout } = await machine.exec(['cat', `/sys/block/${kernelName}/md/bitmap/location`]);
        return stdout.trim() !== 'none';
      },
      async run() {
        const { kernelName } = await runningMirror(machine, device);
        // With the set clean, its count of events is final: a bitmap that is younger than a write would refuse the second leg.
        const script =
          'sync; i=0; until grep -qx clean "/sys/block/$1/md/array_state" || [ $i -ge 100 ]; do i=$((i + 1)); sleep 0.1; done';
        await machine.exec(['sh', '-c', script, 'wait-until-clean', kernelName]);
        await machine.exec(growBitmapArgv(device));
      },
    }),
  ];
}

/** The primary's service, before the first copy: a copy of many hours need not be waited for. */
function serviceSteps(context: OperationContext): Step[] {
  const { host, primaryMachine, standbyMachine } = context;
  const { mountPoint, identity } = host.volume;
  const step = stepOn(primaryMachine);
  const marker = `${mountPoint}/.spare`;
  return [
    step({
      name: 'mount',
      title: `Mount it at ${mountPoint} and mark it`,
      commandLines: [
        words(serviceArgv('mount', host.name)),
        `(write ${marker}/identity)`,
        `mkdir -m 0700 ${marker}/nfsdcld`,
      ],
      async run() {
        await service(primaryMachine, 'mount', host.name);
        await primaryMachine.exec(['mkdir', '-p', '-m', '0755', marker]);
        await primaryMachine.exec(['mkdir', '-p', '-m', '0700', `${marker}/nfsdcld`]);
        await primaryMachine.writeFile(`${marker}/identity`, `${identity}\n`, 0o444);
      },
      undo: () => service(primaryMachine, 'unmount', host.name),
    }),
    step({
      name: 'nfs',
      title: `Export it to ${host.service.clients}`,
      commandLines: [words(serviceArgv('nfs-start', host.name))],
      run: () => service(primaryMachine, 'nfs-start', host.name),
      undo: () => service(primaryMachine, 'nfs-stop', host.name),
    }),
    step({
      name: 'address',
      title: `Take the service address ${host.service.address}`,
      commandLines: [words(serviceArgv('address-up', host.name))],
      run: () => service(primaryMachine, 'address-up', host.name),
      undo: () => service(primaryMachine, 'address-down', host.name),
    }),
    stepOn(standbyMachine)({
      name: 'observe',
      title: 'See from the standby that the volume is served',
      commandLines: [`(read ${marker}/identity through NFS at ${host.service.address})`],
      run: () => observeService(host, OBSERVE_TIMEOUT_ms),
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

/** The second leg and its first copy. */
function copySteps(context: OperationContext, { wait }: EnrollPlanOptions): Step[] {
  const { host, standby, primaryMachine, standbyMachine } = context;
  const { device } = host.volume;
  const copied: Step[] = [
    stepOn(primaryMachine)({
      name: 'copy',
      title: 'Copy the volume to the standby',
      commandLines: [`(watch md/sync_completed of ${device})`],
      run: (report) => waitForCopy(primaryMachine, device, host.target.size_bytes, report),
    }),
    stepOn(standbyMachine)({
      name: 'protected',
      title: `Record that ${host.name} is protected`,
      commandLines: ['(state: protected)'],
      async run() {
        enterState(host.name, 'protected');
      },
    }),
  ];
  return [
    stepOn(primaryMachine)({
      name: 'standby-leg',
      title: 'Add the LUN as the second leg, and see that the kernel takes it',
      commandLines: [words(addArgv(device, standbyLegPath(host, standby), { writeMostly: true }))],
      check: async () => {
        const leg = await legOf(context, 'standby');
        return leg !== undefined && !leg.state.includes('faulty');
      },
      run: () => addStandbyLeg(context),
      pointOfNoReturn: true,
    }),
    stepOn(standbyMachine)({
      name: 'syncing',
      title: `Record that ${host.name} is being copied`,
      commandLines: ['(state: syncing)'],
      async run() {
        enterState(host.name, 'syncing');
      },
    }),
    ...(wait ? copied : []),
  ];
}

function stepOn(machine: Machine): (partial: Omit<Step, 'machine'>) => Step {
  return (partial) => ({ machine, ...partial });
}

function mdadmConfCommandLines(mirrorUuid: string): string[] {
  return [
    ...mdadmConfLines(mirrorUuid).map((line) => `(mdadm.conf: ${line})`),
    'update-initramfs -u (where it is installed)',
  ];
}

async function fileSystemUuid(machine: Machine, device: string): Promise<string> {
  const { stdout } = await machine.exec(['blkid', '--probe', '--match-tag', 'UUID', '--output', 'value', device], {
    acceptExitCodes: [2, 8],
  });
  return stdout.trim();
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
