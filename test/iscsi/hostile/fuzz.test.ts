/**
 * A seeded fuzzer of PDUs, login text, CDBs and Data-Out. By hand, longer, or again with the seed that was printed:
 *
 *     FUZZ_SECONDS=600 FUZZ_SEED=42 node test/iscsi/hostile/fuzz.test.ts
 *
 * Nothing may crash (a failed assertion is reported as an internal error), hang, grow, or reach a witness.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { monotonic_ms, systemClock } from '../../../src/std/clock.ts';
import { nextTurns } from '../../fixtures/eventually.ts';
import { Fuzzer } from '../../fixtures/iscsi/fuzzer.ts';
import { Random } from '../../fixtures/iscsi/random.ts';
import { Witness } from '../../fixtures/iscsi/witness.ts';
import { seedOf } from '../../fixtures/seed.ts';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 5);
const SEED = seedOf('FUZZ_SEED');
/** What the heap and the buffers may differ by between the first part of the run and its end. */
const GROWTH_BYTES = 16 << 20;
/** Less than this given back by a collection is noise. */
const SETTLED_BYTES = 64 << 10;
/** No connection, whatever it sends, may take more of the processor, a thousand times what the longest one does; however long it waits for it. */
const TURN_US = 20_000_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Collects until no more memory is freed: finalizers and buffer sweeping run after a collection, in other turns and threads. */
async function held_bytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0, unchanged = 0; attempt < 40 && unchanged < 3; attempt += 1) {
    collectGarbage();
    await systemClock.sleep(20);
    const { heapUsed, external } = process.memoryUsage();
    unchanged = heapUsed + external < least - SETTLED_BYTES ? 0 : unchanged + 1;
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

const test = suite('fuzzer');

test('nothing that is sent crashes, hangs, grows, or reaches somebody else', async () => {
  console.log(`\nFUZZ_SEED=${SEED}`);
  const fuzzer = new Fuzzer(new Random(SEED));
  const witness = new Witness(fuzzer.sharedBudget);
  const begun = monotonic_ms();
  let before_bytes: number | undefined;
  for (let elapsed_ms = 0; elapsed_ms < SECONDS * 1_000; elapsed_ms = monotonic_ms() - begun) {
    const { user: before_us } = process.cpuUsage();
    fuzzer.connect();
    assert.ok(process.cpuUsage().user - before_us < TURN_US, 'a connection kept the process busy');
    witness.verify();
    await nextTurns();
    if (before_bytes === undefined && elapsed_ms > SECONDS * 300) before_bytes = await held_bytes();
  }
  // Requests outstanding at the end of the last connections finish.
  for (let turn = 0; turn < 1_000 && fuzzer.target.sessions.size > 0; turn += 1) await nextTurns();
  const growth_bytes = (await held_bytes()) - (before_bytes ?? 0);

  const { connections, pdus, responses } = fuzzer.counts;
  console.log(`${connections} connections, ${pdus} PDUs, ${responses} answers, ${growth_bytes} bytes of growth`);
  assert.equal(
    [...fuzzer.drops].filter((reason) => reason.startsWith('Internal error')),
    [],
  );
  assert.is(fuzzer.target.sessions.size, 0, 'a session is left over');
  assert.is(fuzzer.sharedBudget.used_bytes, 0, 'bytes of the budget were not given back');
  assert.is(fuzzer.inquire()?.header[3], 0, 'an honest initiator is not served any more');
  assert.ok(growth_bytes < GROWTH_BYTES, `${growth_bytes} bytes of growth`);
  assert.ok(responses > connections, 'the fuzzer did not reach the sessions');
});

test.run();
