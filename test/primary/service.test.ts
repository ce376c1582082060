import type { ChildProcess } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseServiceStatus, serviceConfiguration } from '../../src/service/service.ts';
import { hostFixture, standbyFixture, volumeFixture } from '../fixtures/configuration.ts';
import { PrimaryWorld } from './primary-world.ts';

interface Context {
  world: PrimaryWorld;
}
const service = suite<Context>('service program');
service.before.each((context) => {
  context.world = new PrimaryWorld();
});
service.after.each(({ world }) => world.end());

async function outcome(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  if (!child.stdout || !child.stderr) throw new Error('The program has no output');
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

service('without a host it says what it can do', async ({ world }) => {
  const { code, stdout, stderr } = await outcome(world.start('service', 'mount'));
  assert.is(code, 2);
  assert.is(stdout, '');
  for (const verb of ['prepare', 'mount', 'unmount', 'nfs-start', 'nfs-stop', 'address-up', 'address-down', 'status']) {
    assert.match(stderr, new RegExp(`service ${verb} HOST`));
  }
});

service('serves one volume, and says so of a host with several', async ({ world }) => {
  const home = { ...volumeFixture, name: 'home', lun: 2 };
  const text = serviceConfiguration({ ...hostFixture, volumes: [volumeFixture, home] }, standbyFixture, 'primary');
  world.put('etc/spare/services/alpha.conf', text);
  const { code, stdout, stderr } = await outcome(world.start('service', 'status', 'alpha'));
  assert.equal([code, stdout], [1, '']);
  assert.match(stderr, /^service: alpha has several volumes \(data home\)/);
});

service('refuses a host that it has no configuration of, and a verb that it does not know', async ({ world }) => {
  const unknown = await outcome(world.start('service', 'status', 'gamma'));
  assert.is(unknown.code, 1);
  assert.match(unknown.stderr, /^service: cannot read .*\/etc\/spare\/services\/gamma\.conf/);
  const verb = await outcome(world.start('service', 'reboot', 'alpha'));
  assert.is(verb.code, 1);
  assert.match(verb.stderr, /^service: unknown verb 'reboot'/);
});

service('a host that was never prepared has nothing up, and looking changes nothing', async ({ world }) => {
  const { code, stdout } = await outcome(world.start('service', 'status', 'alpha'));
  assert.is(code, 0);
  assert.equal(parseServiceStatus(stdout), {
    prepared: false,
    assembled: false,
    mounted: false,
    nfsThreads: 0,
    address: false,
  });
  assert.equal(world.log, []);
});

service('down of a host that has nothing up is done already', async ({ world }) => {
  const { code, stderr } = await outcome(world.start('service', 'down', 'alpha'));
  assert.is(code, 0, stderr);
  assert.not.ok(world.log.some((line) => line.startsWith('mdadm')));
});

service.run();
