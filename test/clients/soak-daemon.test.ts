/**
 * The soak, of the daemon with its processes: sessions of several hosts through the one portal, each with CHAP. By hand, longer:
 *
 *     SOAK_SECONDS=600 node test/clients/soak-daemon.test.ts
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ServedDaemon } from '../fixtures/clients/served-daemon.ts';
import { soak, type Visitor } from '../fixtures/clients/soak.ts';
import { eventually } from '../fixtures/eventually.ts';
import { field } from '../fixtures/iscsi/bytes.ts';
import { SocketInitiator } from '../fixtures/iscsi/socket-initiator.ts';

const HOSTS = ['alpha', 'beta', 'gamma'];
const VISITORS_OF_A_HOST = 2;
/** RFC 7143 §11.13.5. */
const AUTHENTICATION_FAILED = 0x0201;

const test = suite('soak of the daemon');

function logIn(daemon: ServedDaemon, host: string, place: number, secret = `secret of ${host}`) {
  const initiator = new SocketInitiator(daemon.portal);
  const names = {
    initiatorName: `iqn.2026-11.test:initiator-${host}`,
    targetName: `iqn.2026-11.test:${host}`,
    user: host,
  };
  return initiator
    .loginWithChap({ ...names, isid: `40000001${field(place, 2)}`, secret })
    .then((status) => ({ initiator, status }));
}

function visitorOf(daemon: ServedDaemon, host: string, place: number): Visitor {
  return {
    place,
    async logIn() {
      const { initiator, status } = await logIn(daemon, host, place);
      assert.is(status, 0, `${host} was refused`);
      return initiator;
    },
  };
}

/** Who has no right to anything: without a host's secret, or without a host. */
function strangerTo(daemon: ServedDaemon, host: string): Visitor {
  return {
    place: 0,
    async logIn() {
      const { initiator, status } = await logIn(daemon, host, 0, 'the wrong secret');
      assert.is(status, AUTHENTICATION_FAILED);
      initiator.socket.destroy();
      return undefined;
    },
  };
}

/** Each process has had one session, which is when it opens what it opens once. */
async function warmUp(daemon: ServedDaemon): Promise<void> {
  for (const host of HOSTS) {
    await eventually(async () => {
      const { initiator, status } = await logIn(daemon, host, 0);
      if (status === 0) await initiator.logout();
      initiator.socket.destroy();
      assert.is(status, 0, `${host} is not served`);
    });
  }
}

test('logging in and out of several hosts under verified I/O', async () => {
  const daemon = await ServedDaemon.start(...HOSTS);
  try {
    await warmUp(daemon);
    const { pids } = daemon;
    assert.equal(Object.keys(pids).sort(), ['-', ...HOSTS, 'daemon'].sort());
    const places = Array.from({ length: VISITORS_OF_A_HOST }, (_, place) => place);
    const visitors = HOSTS.flatMap((host) => places.map((place) => visitorOf(daemon, host, place)));
    await soak({ pids, visitors: [...visitors, strangerTo(daemon, 'alpha'), strangerTo(daemon, 'omega')] });
    assert.equal(daemon.pids, pids, 'a process has ended');
  } catch (error) {
    console.log(daemon.log.slice(-4_000));
    throw error;
  } finally {
    assert.is(await daemon.remove(), 0);
  }
});

test.run();
