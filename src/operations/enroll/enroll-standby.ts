import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readConfiguration } from '../../config/configuration.ts';
import { failureNotePaths, hostFolder, ownershipPath, paths } from '../../config/paths.ts';
import { removeHostConfiguration, writeHostConfiguration } from '../../config/write-configuration.ts';
import { enter, forgetState } from '../../hosts/host-state.ts';
import { forgetEvidence } from '../../hosts/volume-evidence.ts';
import { type HostKey, withKnownHost } from '../../machine/host-key.ts';
import { quoteForShell as words } from '../../machine/quote.ts';
import { forgetOwnership } from '../../ownership/file-keeper.ts';
import { syncDirectory, writeFileDurably } from '../../std/durable-file.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { addTarget, closeTarget } from '../../target/client/target-control.ts';
import { resyncLostWrites } from '../resync-lost-writes.ts';
import { fileCommandLines, ignoreLegsAtBoot, mdadmConfCommandLines, standbyFiles } from './host-files.ts';

/** The standby: host key, leg, configuration, LUN. */
export function standbySteps(context: VolumeContext, hostKey: HostKey): Step[] {
  return [...standbyFileSteps(context, hostKey), ...recordSteps(context)];
}

function standbyFileSteps(context: VolumeContext, hostKey: HostKey): Step[] {
  const { host, volume, standby, standbyMachine: machine } = context;
  const { path, size_bytes } = volume.standbyLeg;
  const folder = hostFolder(standby.poolDirectory, host.name);
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
      title: `Create the standby leg: ${size_bytes} bytes, sparse`,
      commandLines: [words(['mkdir', '--mode=0700', folder]), words(['truncate', '--size', String(size_bytes), path])],
      check: async () => sizeOf(path) === size_bytes,
      async run() {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        syncDirectory(standby.poolDirectory);
        closeSync(openSync(path, 'a', 0o600));
        truncateSync(path, size_bytes);
        // Left over from an earlier host of this name.
        for (const note of failureNotePaths(paths().runtime, host.name, volume.name)) rmSync(note, { force: true });
        syncDirectory(dirname(path));
      },
      async undo() {
        rmSync(folder, { recursive: true, force: true });
      },
    }),
    step({
      name: 'standby-files',
      title: 'Install the service files on the standby',
      commandLines: [...fileCommandLines(standbyFiles(context)), ...mdadmConfCommandLines(volume.mirrorUuid)],
      async run() {
        await machine.writeFiles(standbyFiles(context));
        await ignoreLegsAtBoot(machine, volume.mirrorUuid);
      },
    }),
  ];
}

/** From here on the host exists: it is configured, has a state, and its LUN is served. */
function recordSteps(context: VolumeContext): Step[] {
  const { host, volume, standbyMachine: machine } = context;
  const step = stepOn(machine);
  return [
    step({
      name: 'configuration',
      title: 'Write the configuration, with new CHAP secrets',
      commandLines: ['(write the host to config.json)', '(state: enrolled)'],
      check: async () => isDeepStrictEqual(readConfiguration().hosts[host.name], host),
      async run(report) {
        // Leftovers of an earlier host of this name say nothing about this one.
        forgetState(host.name);
        forgetEvidence(host.name, volume.name);
        forgetOwnership(ownershipPath(volume.standbyLeg.folder));
        enter(host.name, 'enrolled', context.clock);
        const kept = writeHostConfiguration(host);
        if (kept) report({ detail: `The configuration file of the older version was kept as ${kept}` });
      },
      async undo() {
        removeHostConfiguration(host.name);
        enter(host.name, 'enrolment-rolled-back', context.clock);
      },
    }),
    step({
      name: 'serve-lun',
      title: `Serve the LUN as ${host.target.iqn}, LUN ${volume.lun}`,
      commandLines: [`(control socket: add ${host.name})`],
      async run() {
        await addTarget(host.name);
        await resyncLostWrites(context);
      },
      undo: () => closeTarget(host.name),
    }),
  ];
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
