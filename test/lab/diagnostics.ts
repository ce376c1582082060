import type { Lab } from './lab.ts';
import { MACHINE_NAMES, type MachineName } from './settings.ts';

/** What is worth reading on each machine after something has gone wrong. */
const COMMANDS: Readonly<Record<MachineName, string>> = {
  standby:
    'journalctl --no-pager -o short-precise -n 60 -u spare-serve -u spare-watch -u "lab-*"; tail -n 30 /var/lib/spare/journal/*.jsonl',
  alpha: 'cat /proc/mdstat; journalctl --no-pager -o short-precise -n 60 -k -u iscsid -u spare-guard',
  beta: 'cat /proc/mdstat; journalctl --no-pager -o short-precise -n 30 -k -u iscsid -u spare-guard',
  client: 'journalctl --no-pager -o short-precise -n 30 -k',
};

const LIMIT_MS = 30_000;

/** Tells what the machines that run have logged last. Fails never: it is called when something else has. */
export async function tellDiagnostics(lab: Lab, tell: (line: string) => void): Promise<void> {
  for (const name of MACHINE_NAMES) {
    const machine = lab.machine(name);
    if (machine.pid === undefined) continue;
    try {
      const { stdout } = await machine.shell.run(COMMANDS[name], { acceptFailure: true, timeout_ms: LIMIT_MS });
      for (const line of stdout.trimEnd().split('\n')) tell(`${name}| ${line}`);
    } catch (error) {
      tell(`${name}| ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
