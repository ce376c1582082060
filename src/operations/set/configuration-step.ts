import { isDeepStrictEqual } from 'node:util';
import { readHostConfiguration } from '../../config/configuration.ts';
import { writeHostConfiguration } from '../../config/write-configuration.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { contextWith, type SetContext } from './set-context.ts';
import type { SettingChanges } from './setting-changes.ts';

/** One file, written atomically: the watch and every command go by it from then on. */
export function configurationStep(context: SetContext): Step {
  const { host, standbyMachine, changes, undoing } = context;
  const write = (wanted: SettingChanges) => writeHostConfiguration(contextWith(context, wanted).host);
  return stepOn(standbyMachine)({
    name: 'configuration',
    title: 'Write the configuration',
    commandLines: [`(write the settings of ${host.name} to config.json)`],
    check: async () => isDeepStrictEqual(readHostConfiguration(host.name), contextWith(context, changes).host),
    async run(report) {
      const kept = write(changes);
      if (kept) report({ detail: `The configuration file of the older version was kept as ${kept}` });
    },
    async undo() {
      write(undoing);
    },
  });
}
