import type { Lab } from './lab.ts';
import { MACHINE_NAMES, type MachineName } from './settings.ts';

/** Of each service that runs on the machine: its address, its connections, and whom its NFS server knows. */
const SERVICES =
  'for s in /run/spare/services/*; do echo "$s"; nsenter --net="/run/netns/spare-$(basename "$s")" --mount="$s/mnt" sh -c ' +
  '"ip -brief address; ss -tn; cat /proc/fs/nfsd/v4_end_grace /proc/fs/nfsd/clients/*/info"; done 2>&1';
/** What the client is connected to, and what its programs that hang are waiting for. */
const CONNECTIONS =
  'ip neighbour; ss -tnoi "dport = :2049"; cat /proc/net/rpc/nfs; tail -n 2 /var/log/lab/*; ' +
  'for p in $(ps -eo pid,stat | sed -n "s/ D.*//p"); do cat /proc/$p/comm /proc/$p/stack; done';

/** What is worth reading on each machine after something has gone wrong. */
const COMMANDS: Readonly<Record<MachineName, string>> = {
  standby: `journalctl --no-pager -o short-precise -n 60 -u "spare-*" -u "lab-*"; tail -n 30 /var/lib/spare/journal/*.jsonl; journalctl --no-pager -o short-precise -n 40 -k; ${SERVICES}`,
  alpha: 'cat /proc/mdstat; journalctl --no-pager -o short-precise -n 60 -k -u iscsid -u spare-guard',
  beta: 'cat /proc/mdstat; journalctl --no-pager -o short-precise -n 30 -k -u iscsid -u spare-guard',
  client: `journalctl --no-pager -o short-precise -n 30 -k; ${CONNECTIONS}`,
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
