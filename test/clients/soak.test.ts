/**
 * Sessions that log in and out under verified I/O: memory has to stay flat, and no descriptor may be left. By hand, longer:
 *
 *     SOAK_SECONDS=600 node test/clients/soak.test.ts
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ServedFile } from '../fixtures/clients/served-file.ts';
import { field } from '../fixtures/iscsi/bytes.ts';
import { Random } from '../fixtures/iscsi/random.ts';
import { SocketInitiator } from '../fixtures/iscsi/socket-initiator.ts';

const SECONDS = Number(process.env.SOAK_SECONDS ?? 15);
const SEED = Number(process.env.SOAK_SEED ?? 1);
const WORKERS = 8;
/** 64 KiB each time, so that data is cut into bursts and read through the thread pool now and then. */
const BLOCK_COUNT = 128;
const LENGTH_BYTES = BLOCK_COUNT * 512;
/**
 * What the resident memory may differ by between the first fifth of the run and its end. V8 lets memory outside of its heap grow by 64 MiB before it
 * collects it, so a run that begins just after a collection may end just before one; the rest is its heap. A leak goes on: in ten minutes some 140,000 sessions
 * would have to leave less than 1 KiB each not to be found.
 */
const GROWTH_BYTES = 96 << 20;

const test = suite('soak');

interface Usage {
  resident_bytes: number;
  descriptors: number;
}

function usageOf(pid: number): Usage {
  const [, resident = ''] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return { resident_bytes: Number(resident) * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** One session after the other, each ended in one of three ways. */
async function work(
  served: ServedFile,
  worker: number,
  deadline: number,
  counts: { sessions: number; rounds: number },
): Promise<void> {
  const random = new Random(SEED + worker);
  while (performance.now() < deadline) {
    const initiator = new SocketInitiator(served.address);
    const name = `iqn.2026-11.net.spare.test:soak-${worker}`;
    assert.ok(await initiator.login(served.iqn, name, `40000001${field(worker, 2)}`), 'a login was refused');
    counts.sessions += 1;
    for (let round = 1 + random.below(8); round > 0; round -= 1) {
      const lba = field(worker * 10_000 + random.below(9_000), 4);
      const data = random.bytes(LENGTH_BYTES);
      const address = `00 ${lba} 00 ${field(BLOCK_COUNT, 2)} 00`;
      const written = await initiator.command('a0', `2a ${address}`, LENGTH_BYTES, data);
      assert.is(written?.header[3], 0);
      const read = await initiator.command('c0', `28 ${address}`, LENGTH_BYTES);
      assert.ok(Buffer.concat((read?.data ?? []) as Buffer[]).equals(data), 'something else was read than written');
      counts.rounds += 1;
      await pause(2);
    }
    // A logout, a broken connection, or neither: the next login replaces the session.
    const way = random.below(3);
    if (way === 0) assert.is((await initiator.logout())?.header[0], 0x26);
    if (way < 2) initiator.socket.destroy();
    else setTimeout(() => initiator.socket.destroy(), 200);
  }
}

test('logging in and out under verified I/O', async () => {
  const served = await ServedFile.start();
  try {
    const fresh = usageOf(served.pid);
    const begun = performance.now();
    const counts = { sessions: 0, rounds: 0 };
    const until = begun + SECONDS * 1_000;
    const workers = Array.from({ length: WORKERS }, (_, worker) => work(served, worker, until, counts));
    // Whoever fails first ends the test.
    await Promise.race([pause(SECONDS * 200), ...workers]);
    const early = usageOf(served.pid);
    await Promise.all(workers);
    await pause(1_000);
    const late = usageOf(served.pid);
    const megabytes = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MiB`;
    console.log(
      `\n${SECONDS} s, ${counts.sessions} sessions, ${counts.rounds} rounds of ${LENGTH_BYTES} bytes;`,
      `resident ${megabytes(early.resident_bytes)} after a fifth of it, ${megabytes(late.resident_bytes)} at the end;`,
      `descriptors ${fresh.descriptors} before, ${late.descriptors} after`,
    );
    assert.ok(counts.sessions > SECONDS, `only ${counts.sessions} sessions`);
    assert.ok(late.descriptors <= fresh.descriptors + 1, 'descriptors are left open');
    const growth_bytes = late.resident_bytes - early.resident_bytes;
    assert.ok(growth_bytes < GROWTH_BYTES, `${growth_bytes} bytes of growth`);
  } catch (error) {
    // Its last events say why a session has ended.
    console.log(served.log.slice(-4_000));
    throw error;
  } finally {
    await served.remove();
  }
});

test.run();
