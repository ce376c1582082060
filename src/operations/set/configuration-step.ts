import { isDeepStrictEqual } from 'node:util';
import { readHostConfiguration } from '../../config/configuration.ts';
import { writeHostConfiguration } from '../../config/write-configuration.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { addTarget } from '../../target/client/target-control.ts';
import { contextWith, type SetContext } from './set-context.ts';
import type { SettingChanges } from './setting-changes.ts';

/**
 * One file, written atomically: the watch and every command go by it from then on.
 * @param tellsTarget The target has a copy of the replacement timeout, as the lease of a pair: it must have the new one before the
 *   next step begins.
 */
export function configurationStep(context: SetContext, { tellsTarget }: { tellsTarget: boolean }): Step {
  const { host, standbyMachine, changes, undoing } = context;
  const write = async (wanted: SettingChanges) => {
    const kept = writeHostConfiguration(contextWith(context, wanted).host);
    if (tellsTarget) await addTarget(host.name);
    return kept;
  };
  return stepOn(standbyMachine)({
    name: 'configuration',
    title: 'Write the configuration',
    commandLines: [
      `(write the settings of ${host.name} to config.json)`,
      ...(tellsTarget ? [`(control socket: add ${host.name})`] : []),
    ],
    check: async () =>
      !tellsTarget && isDeepStrictEqual(readHostConfiguration(host.name), contextWith(context, changes).host),
    async run(report) {
      const kept = await write(changes);
      if (kept) report({ detail: `The configuration file of the older version was kept as ${kept}` });
    },
    async undo() {
      await write(undoing);
    },
  });
}
