/**
 * The fuzzer, at the portal that all hosts share: whatever comes first on a connection. By hand, longer, or again with the seed that was printed:
 *
 *     FUZZ_SECONDS=600 FUZZ_SEED=42 node test/target/fuzz-portal.test.ts
 *
 * The daemon's side of it runs in this process: what it does not catch ends the test.
 */
import { readdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { monotonic_ms, systemClock } from '../../src/std/clock.ts';
import { nextTurns, until } from '../fixtures/eventually.ts';
import { fuzzedLogin, fuzzedPdu, pieces } from '../fixtures/iscsi/fuzzed-bytes.ts';
import { Random } from '../fixtures/iscsi/random.ts';
import { seedOf } from '../fixtures/seed.ts';
import {
  answeredStatus,
  Client,
  type Context,
  daemonSuite,
  loggedIn,
  processOf,
} from '../fixtures/target/daemon-world.ts';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 3);
const SEED = seedOf('FUZZ_SEED');
/** Fewer than may wait for their login: they are to be read, not to be turned away. */
const AT_ONCE = 16;
const HOSTS = ['alpha', 'beta'];

const test = daemonSuite('fuzzer at the shared portal');

/** One connection without manners, from its begin to its end. */
async function connect({ portal }: Context, random: Random): Promise<void> {
  const client = new Client(portal);
  for (let count = 1 + random.below(4); count > 0 && !client.closed; count -= 1) {
    for (const piece of pieces(random, message(random))) {
      client.socket.write(piece);
      if (random.oneIn(8)) await nextTurns();
    }
  }
  const way = random.below(4);
  if (way === 0) client.socket.end();
  // Whoever waits sees more of what the other side does with it.
  if (way < 3) await Promise.race([client.untilClosed(), systemClock.sleep(random.below(30))]);
  client.socket.destroy();
}

function message(random: Random): Buffer {
  const kind = random.below(4);
  if (kind === 0) return random.bytes(1 + random.below(200));
  if (kind === 1) return fuzzedPdu(random, 1);
  const host = random.pick([...HOSTS, 'omega']);
  return fuzzedLogin(random, {
    initiatorName: `iqn.2026-11.test:initiator-${host}`,
    targetName: `iqn.2026-11.test:${host}`,
  });
}

test('no first bytes of a connection end a process or affect other connections', async (context) => {
  console.log(`\nFUZZ_SEED=${SEED}`);
  const witness = await loggedIn(context, 'beta');
  const pids = await Promise.all(HOSTS.map((host) => processOf(context, host)));
  const descriptors = readdirSync('/proc/self/fd').length;
  const end_ms = monotonic_ms() + SECONDS * 1_000;
  let connections = 0;
  const isOver = () => monotonic_ms() > end_ms && connections > SECONDS * 10;
  const fuzz = async (_: unknown, index: number): Promise<void> => {
    for (const random = new Random(SEED + index); !isOver(); connections += 1) await connect(context, random);
  };
  const underWay = Promise.all(Array.from({ length: AT_ONCE }, fuzz));
  for (let cmdSn = 1; !isOver(); cmdSn += 1) {
    const status = await witness.write(cmdSn % 256, cmdSn);
    // The first command meets the unit attention of power on.
    if (cmdSn > 2) assert.is(status, 0, 'a write of the witness failed');
    await systemClock.sleep(10);
  }
  await underWay;
  console.log(`${connections} connections`);

  for (const [index, host] of HOSTS.entries()) {
    assert.is(await processOf(context, host), pids[index], `the process of ${host} has ended`);
    await loggedIn(context, host);
    assert.is((await answeredStatus(context, host)).notServed, null);
  }
  const told = context.events.filter((event) => /"process-ended"|"reason":"Internal error/.test(JSON.stringify(event)));
  assert.equal(told, []);
  // The two that have just logged in exist; a connection disappears when the other process has closed it.
  await until(() => readdirSync('/proc/self/fd').length <= descriptors + 2, 'descriptors are left open');
});

test.run();
