import { shownCommand } from '../../machine/program.ts';
import { NO_SESSION, recordTimeoutArgv, sessionTimeoutArgv } from '../../mirror/initiator.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { contextWith, type SetContext } from './set-context.ts';
import type { SettingChanges } from './setting-changes.ts';

/**
 * The initiator's record, for later logins, and then the session that is up: the report program gives it the lease, or what is on
 * record if that is longer.
 */
export function timeoutStep(context: SetContext): Step {
  const { primaryMachine: machine, changes, undoing } = context;
  const argvs = (wanted: SettingChanges) => {
    const { host, standby } = contextWith(context, wanted);
    return [
      recordTimeoutArgv(host, standby, host.replacementTimeout_s),
      sessionTimeoutArgv(host, host.replacementTimeout_s),
    ];
  };
  const apply = async (wanted: SettingChanges) => {
    for (const argv of argvs(wanted)) await machine.exec(argv, { acceptExitCodes: [NO_SESSION] });
  };
  const { host } = contextWith(context, changes);
  return stepOn(machine)({
    name: 'replacement-timeout',
    title: `Set the initiator's replacement timeout to ${host.replacementTimeout_s} s`,
    commandLines: argvs(changes).map(shownCommand),
    run: () => apply(changes),
    undo: () => apply(undoing),
  });
}
