import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { requestStatus } from '../../src/target/client/control-client.ts';
import { ControlServer } from '../../src/target/control-server.ts';

import { daemonSuite, socketOf } from '../fixtures/target/daemon-world.ts';

const test = daemonSuite('ControlServer');

test('the control socket is for its owner only, and there is one daemon', async (context) => {
  assert.is(statSync(socketOf(context)).mode & 0o777, 0o600);
  try {
    await new ControlServer(socketOf(context), () => Promise.reject(new Error('no'))).listen();
    assert.unreachable('two daemons on one socket');
  } catch (error) {
    assert.is((error as { code: string }).code, 'ALREADY_SERVING');
  }
});

test('nonsense on the control socket is answered, and ends nothing', async (context) => {
  const socket = connect(socketOf(context));
  const answer = new Promise<string>((resolve) => socket.on('data', (chunk) => resolve(String(chunk))));
  socket.write('nonsense\n');
  assert.match(await answer, 'BAD_REQUEST');
  socket.destroy();
  assert.is((await requestStatus({ socketPath: socketOf(context) })).pid, process.pid);
});

test('a daemon that does not run is unreachable, with a hint', async (context) => {
  try {
    await requestStatus({ socketPath: `${socketOf(context)}.none` });
    assert.unreachable('reached nobody');
  } catch (error) {
    assert.is((error as { kind: string }).kind, 'unreachable');
    assert.match((error as { hint: string }).hint, 'systemctl start spare-serve');
  }
});

test('the wait for an answer ends with its signal', async () => {
  const silent = createServer().listen(join(tmpdir(), `spare-silent-${process.pid}.sock`));
  const abort = new AbortController();
  try {
    await once(silent, 'listening');
    const asked = requestStatus({ socketPath: String(silent.address()), signal: abort.signal });
    await once(silent, 'connection');
    abort.abort();
    const message = await asked.then(
      () => 'answered',
      (error) => error.message,
    );
    // Not 'did not answer within …': nobody waited for that.
    assert.match(message, 'ABORT_ERR');
  } finally {
    silent.close();
  }
});

test.run();
