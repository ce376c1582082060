import type { VirtualMachine } from './virtual-machine.ts';

const TABLE = 'inet lab';

/** Loses every packet between two machines in silence, in `at`'s own packet filter; both go on seeing all the others. */
export async function drop(at: VirtualMachine, peer: VirtualMachine): Promise<void> {
  const rules = [
    `add table ${TABLE}`,
    `add chain ${TABLE} input { type filter hook input priority 0; }`,
    `add chain ${TABLE} output { type filter hook output priority 0; }`,
    `add rule ${TABLE} input ip saddr ${peer.address} drop`,
    `add rule ${TABLE} output ip daddr ${peer.address} drop`,
  ];
  await at.shell.run('nft -f -', { input: `${rules.join('\n')}\n` });
}

/** Takes `drop` back, where there was one. */
export async function undrop(at: VirtualMachine): Promise<void> {
  if (at.pid !== undefined) await at.shell.run(`nft delete table ${TABLE}`, { acceptFailure: true });
}
