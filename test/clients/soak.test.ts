/**
 * Sessions that log in and out under verified I/O: memory has to stay flat, and no descriptor may be left. By hand, longer:
 *
 *     SOAK_SECONDS=600 node test/clients/soak.test.ts
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ServedFile } from '../fixtures/clients/served-file.ts';
import { soak, type Visitor } from '../fixtures/clients/soak.ts';
import { field } from '../fixtures/iscsi/bytes.ts';
import { SocketInitiator } from '../fixtures/iscsi/socket-initiator.ts';

const VISITORS = 8;

const test = suite('soak');

function visitorOf(served: ServedFile, place: number): Visitor {
  return {
    place,
    async logIn() {
      const initiator = new SocketInitiator(served.address);
      const name = `iqn.2026-11.net.spare.test:soak-${place}`;
      assert.ok(await initiator.login(served.iqn, name, `40000001${field(place, 2)}`), 'a login was refused');
      return initiator;
    },
  };
}

test('logging in and out under verified I/O', async () => {
  const served = await ServedFile.start();
  try {
    const visitors = Array.from({ length: VISITORS }, (_, place) => visitorOf(served, place));
    await soak({ pids: { target: served.pid }, visitors });
  } catch (error) {
    // Its last events say why a session has ended.
    console.log(served.log.slice(-4_000));
    throw error;
  } finally {
    await served.remove();
  }
});

test.run();
