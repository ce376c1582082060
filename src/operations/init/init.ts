import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { controlSocketPath, paths } from '../../config/paths.ts';
import type { StandbyConfiguration } from '../../config/schema.ts';
import { writeStandbyConfiguration } from '../../config/write-configuration.ts';
import type { Machine } from '../../machine/machine.ts';
import { STANDBY_MODULES } from '../../machine/requirements.ts';
import { installRoot, renderTemplate } from '../../machine/template.ts';
import type { Clock } from '../../std/clock.ts';
import { retryUntil } from '../../std/retry.ts';
import type { Operation } from '../../steps/runner.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { requestStatus } from '../../target/client/control-client.ts';

const TARGET_UNIT = 'spare-serve.service';
const WATCH_UNIT = 'spare-watch.service';
const UNITS = [TARGET_UNIT, WATCH_UNIT] as const;

/** A fraction of a second on real hardware; a busy or emulated machine takes longer. */
const START_TIMEOUT_ms = 180_000;

export interface InitParts {
  clock: Clock;
  /** Rejects unless the watch has looked at its hosts since that time of the boot clock. The watch's own room is above this one. */
  assertWatchLooked(since_ms: number): Promise<void>;
}

/** Steps that make this machine the standby. All can be run again: existing keys and hosts are kept. */
export function planInit(standby: StandbyConfiguration, machine: Machine, parts: InitParts): Operation {
  const steps = [...fileSteps(standby, machine), ...daemonSteps(standby, machine, parts)];
  return { name: 'init', host: standby.name, steps, again: "run 'spare init' again with the same options" };
}

/** Directories, key, configuration and modules. */
function fileSteps(standby: StandbyConfiguration, machine: Machine): Step[] {
  const { configuration, state, runtime } = paths();
  const directories = [configuration, join(configuration, 'ssh'), state, runtime, standby.poolDirectory];
  const keygen = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', `spare@${standby.name}`, '-f', standby.sshKey];
  const step = stepOn(machine);
  return [
    step({
      name: 'directories',
      title: 'Create the directories for configuration, state and pool',
      commandLines: [`mkdir -p -m 0700 ${directories.join(' ')}`],
      check: async () => directories.every((path) => existsSync(path)),
      async run() {
        for (const path of directories) mkdirSync(path, { recursive: true, mode: 0o700 });
      },
    }),
    step({
      name: 'ssh-key',
      title: 'Create the SSH key for the primaries',
      commandLines: [keygen.map((word) => word || "''").join(' ')],
      check: async () => existsSync(standby.sshKey),
      async run() {
        await machine.exec(keygen);
      },
    }),
    step({
      name: 'configuration',
      title: 'Write the configuration',
      commandLines: [`(write ${join(configuration, 'config.json')})`],
      async run(report) {
        const kept = writeStandbyConfiguration(standby);
        if (kept) report({ detail: `The configuration file of the older version was kept as ${kept}` });
      },
    }),
    step({
      name: 'modules',
      title: 'Load the kernel modules for a failover, now and at every boot',
      commandLines: ['(write /etc/modules-load.d/spare.conf)', `modprobe -a ${STANDBY_MODULES.join(' ')}`],
      async run() {
        await machine.writeFile('/etc/modules-load.d/spare.conf', `${STANDBY_MODULES.join('\n')}\n`, 0o644);
        await machine.exec(['modprobe', '-a', ...STANDBY_MODULES]);
      },
    }),
  ];
}

/** The target and the watch, as systemd units. */
function daemonSteps(standby: StandbyConfiguration, machine: Machine, parts: InitParts): Step[] {
  const { configuration, state, runtime } = paths();
  const { clock } = parts;
  const values = { root: installRoot, pool: standby.poolDirectory, configuration, state, runtime };
  const step = stepOn(machine);
  return [
    step({
      name: 'units',
      title: 'Install the systemd units of the target and the watch',
      commandLines: [
        ...UNITS.map((unit) => `(write /etc/systemd/system/${unit})`),
        `systemctl enable ${UNITS.join(' ')}`,
      ],
      async run() {
        for (const unit of UNITS) {
          await machine.writeFile(`/etc/systemd/system/${unit}`, renderTemplate(`systemd/${unit}`, values), 0o644);
        }
        await machine.exec(['systemctl', 'enable', ...UNITS]);
      },
    }),
    step({
      name: 'start-target',
      title: 'Start the target, and check that it accepts connections',
      commandLines: [`systemctl restart ${TARGET_UNIT}`, `(ask the daemon through ${controlSocketPath()})`],
      async run(report) {
        await machine.exec(['systemctl', 'restart', TARGET_UNIT]);
        report({ detail: "waiting for the target's control socket" });
        await retryUntil(() => requestStatus({ clock }), { timeout_ms: START_TIMEOUT_ms, pause_ms: 500, clock });
      },
    }),
    step({
      name: 'start-watch',
      title: 'Start the watch, and wait for its first look at the hosts',
      commandLines: [`systemctl restart ${WATCH_UNIT}`],
      async run(report) {
        await machine.exec(['systemctl', 'restart', WATCH_UNIT]);
        // An earlier watch has ended by now.
        const since_ms = clock.bootTime_ms();
        report({ detail: "waiting for the watch's first look at the hosts" });
        await retryUntil(() => parts.assertWatchLooked(since_ms), {
          timeout_ms: START_TIMEOUT_ms,
          pause_ms: 100,
          clock,
        });
      },
    }),
  ];
}
