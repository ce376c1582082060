/**
 * The fuzzer, at the portal that all hosts share: whatever comes first on a connection. By hand, longer, or again with the seed that was printed:
 *
 *     FUZZ_SECONDS=600 FUZZ_SEED=42 node test/target/fuzz-portal.test.ts
 *
 * The daemon's side of it runs in this process: what it does not catch ends the test.
 */
import { readdirSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { fuzzedLogin, fuzzedPdu, pieces } from '../fixtures/iscsi/fuzzed-bytes.ts';
import { Random } from '../fixtures/iscsi/random.ts';
import { Client, type Context, daemonSuite, hostStatus, loggedIn, processOf } from '../fixtures/target/daemon-world.ts';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 3);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
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
      if (random.oneIn(8)) await nextTurn();
    }
  }
  const way = random.below(4);
  if (way === 0) client.socket.end();
  // Whoever waits sees more of what the other side does with it.
  if (way < 3) await Promise.race([client.untilClosed(), pause(random.below(30))]);
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
  const until = performance.now() + SECONDS * 1_000;
  let connections = 0;
  const fuzz = async (_: unknown, index: number): Promise<void> => {
    for (const random = new Random(SEED + index); performance.now() < until; connections += 1)
      await connect(context, random);
  };
  const underWay = Promise.all(Array.from({ length: AT_ONCE }, fuzz));
  for (let cmdSn = 1; performance.now() < until; cmdSn += 1) {
    const status = await witness.write(cmdSn % 256, cmdSn);
    // The first command meets the unit attention of power on.
    if (cmdSn > 2) assert.is(status, 0, 'a write of the witness failed');
    await pause(10);
  }
  await underWay;
  console.log(`${connections} connections`);

  for (const [index, host] of HOSTS.entries()) {
    assert.is(await processOf(context, host), pids[index], `the process of ${host} has ended`);
    await loggedIn(context, host);
    assert.is((await hostStatus(context, { method: 'status' }, host)).notServed, null);
  }
  const told = context.events.filter((event) => /"process-ended"|"reason":"Internal error/.test(JSON.stringify(event)));
  assert.equal(told, []);
  assert.ok(connections > SECONDS * 10, `only ${connections} connections`);
  // The two that have just logged in exist; a connection disappears when the other process has closed it.
  for (let wait = 0; wait < 100 && readdirSync('/proc/self/fd').length > descriptors + 2; wait += 1) await pause(50);
  assert.ok(readdirSync('/proc/self/fd').length <= descriptors + 2, 'descriptors are left open');
});

test.run();
