import type { Machine } from '../../machine/machine.ts';
import { programArgv } from '../../machine/program.ts';
import { quoteForShell as words } from '../../machine/quote.ts';
import { initiatorFiles, login, loginArgv, logout } from '../../mirror/initiator.ts';
import { assembleArgv, createArgv, growBitmapArgv } from '../../mirror/md/commands.ts';
import { mirrorStatus } from '../../mirror/md/status.ts';
import { readSuperblock } from '../../mirror/md/superblock.ts';
import { runningMirror } from '../../mirror/resync.ts';
import { stopMirror } from '../../mirror/standby-leg.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { fileCommandLines, ignoreLegsAtBoot, mdadmConfCommandLines, primaryFiles } from './host-files.ts';

/** Creating a file system of many TiB takes minutes. */
const MKFS_TIMEOUT_ms = 1_800_000;

/** The primary: its programs and initiator, the array with the local leg only, the file system. */
export function mirrorSteps(context: VolumeContext): Step[] {
  return [...initiatorSteps(context), arrayStep(context), ...fileSystemSteps(context)];
}

function initiatorSteps(context: VolumeContext): Step[] {
  const { host, volume, standby, primaryMachine: machine } = context;
  const { mirrorUuid } = volume;
  const records = initiatorFiles(host, standby);
  const step = stepOn(machine);
  return [
    step({
      name: 'primary-files',
      title: 'Install the service, guard and report programs',
      commandLines: [...fileCommandLines(primaryFiles(context)), ...mdadmConfCommandLines(mirrorUuid)],
      async run() {
        await machine.writeFiles(primaryFiles(context));
        await ignoreLegsAtBoot(machine, mirrorUuid);
      },
    }),
    step({
      name: 'initiator',
      title: `Configure the initiator: secrets and timeouts (replacement_timeout ${host.replacementTimeout_s} s)`,
      commandLines: [`(write ${records.nodePath}, mode 0600)`, `(write ${records.discoveryPath}, mode 0600)`],
      async run() {
        await machine.writeFiles([
          { path: records.nodePath, content: records.node, mode: 0o600 },
          { path: records.discoveryPath, content: records.discovery, mode: 0o600 },
        ]);
      },
    }),
    step({
      name: 'login',
      title: 'Log in to the LUN',
      commandLines: [words(loginArgv(host, standby))],
      run: (report) => login(machine, host, standby, report),
      undo: () => logout(machine, host, standby),
    }),
  ];
}

function arrayStep({ host, volume, primaryMachine: machine }: VolumeContext): Step {
  const { device, localLeg, mirrorUuid } = volume;
  const create = createArgv({ device, name: host.name, uuid: mirrorUuid, localLeg });
  return stepOn(machine)({
    name: 'mirror-set',
    title: `Create the array on ${localLeg}, without the second leg`,
    commandLines: [words(create)],
    check: async () => (await mirrorStatus(machine, device)) !== undefined,
    async run() {
      const made = await readSuperblock(machine, localLeg).catch(() => undefined);
      const resumed = made?.mirrorUuid === mirrorUuid;
      await machine.exec(resumed ? assembleArgv(device, mirrorUuid, localLeg, { readonly: false }) : create);
    },
    async undo() {
      await stopMirror(machine, device);
      const made = await readSuperblock(machine, localLeg).catch(() => undefined);
      // mdadm refuses where something uses the device.
      await machine.exec(['mdadm', '--zero-superblock', localLeg]);
      // What was written there would be taken for somebody's data when the enrolment is tried again.
      if (made?.mirrorUuid !== mirrorUuid) return;
      await machine.exec(programArgv('make-blank', localLeg, String(volume.standbyLeg.size_bytes)));
    },
  });
}

function fileSystemSteps({ host, volume, primaryMachine: machine }: VolumeContext): Step[] {
  const { device, identity } = volume;
  // By default mkfs chooses 1 KiB blocks for a small volume: each write would then change only part of a disk block.
  const mkfs = ['mkfs.ext4', '-q', '-b', '4096', '-U', identity, '-L', host.name.slice(0, 16), device];
  const step = stepOn(machine);
  return [
    step({
      name: 'file-system',
      title: 'Create the file system',
      commandLines: [words(mkfs)],
      // The UUID is written last: an interrupted mkfs does not count as a file system.
      check: async () => (await fileSystemUuid(machine, device)) === identity,
      async run() {
        await machine.exec(mkfs, { timeout_ms: MKFS_TIMEOUT_ms });
      },
    }),
    step({
      name: 'bitmap',
      title: 'Add the write-intent bitmap, after the first write',
      commandLines: [words(growBitmapArgv(device))],
      check: async () => {
        const { kernelName } = await runningMirror(machine, device);
        const { stdout } = await machine.exec(['cat', `/sys/block/${kernelName}/md/bitmap/location`]);
        return stdout.trim() !== 'none';
      },
      async run() {
        const { kernelName } = await runningMirror(machine, device);
        // Once the array is clean, its event count is final: with a bitmap newer than a write, the kernel would refuse the second leg.
        await machine.exec(programArgv('wait-until-clean', kernelName));
        await machine.exec(growBitmapArgv(device));
      },
    }),
  ];
}

async function fileSystemUuid(machine: Machine, device: string): Promise<string> {
  const { stdout } = await machine.exec(['blkid', '--probe', '--match-tag', 'UUID', '--output', 'value', device], {
    acceptExitCodes: [2, 8],
  });
  return stdout.trim();
}
