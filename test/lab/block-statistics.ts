import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Lab } from './lab.ts';
import type { PrimaryName } from './settings.ts';

const TIMEOUT_MS = 5_000;

interface QmpMessage {
  return?: unknown;
  error?: { desc: string };
}

/**
 * Bytes that a primary has written to its data disk since it was powered on, by QEMU's count: what was really copied, whatever
 * the machine says about itself. (QEMU's monitor protocol: a greeting, `qmp_capabilities`, then commands; events in between.)
 */
export async function dataDiskWritten_bytes(lab: Lab, host: PrimaryName): Promise<number> {
  const socket = connect(join(lab.settings.runDirectory, `${host}.qmp`));
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`Cannot ask QEMU about ${host}: no answer`)));
  try {
    const answers: unknown[] = [];
    for (const command of ['qmp_capabilities', 'query-blockstats'])
      socket.write(`${JSON.stringify({ execute: command })}\n`);
    for await (const line of createInterface({ input: socket })) {
      const message = JSON.parse(line) as QmpMessage;
      if (message.error !== undefined) throw new Error(`Cannot ask QEMU about ${host}: ${message.error.desc}`);
      if ('return' in message) answers.push(message.return);
      if (answers.length === 2) break;
    }
    const devices = answers[1] as { device: string; stats: { wr_bytes: number } }[] | undefined;
    const data = devices?.find(({ device }) => device === 'data');
    if (data === undefined) throw new Error(`Cannot find the data disk of ${host} in QEMU's statistics`);
    return data.stats.wr_bytes;
  } finally {
    socket.destroy();
  }
}
