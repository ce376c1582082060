import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { installRoot } from '../../src/machine/template.ts';
import { parseServiceStatus, serviceConfiguration } from '../../src/service/service.ts';
import { hostFixture, standbyFixture, withVolume } from '../fixtures/configuration.ts';
import { PrimaryWorld } from './primary-world.ts';

const HARNESS = join(installRoot, 'test/fixtures/primary/in-namespaces.sh');
const PROGRAM = join(installRoot, 'templates/primary/service');
const TIME_LIMIT_ms = 60_000;

interface Context {
  world: PrimaryWorld;
  mountPoint: string;
}
const service = suite<Context>('service program in namespaces');
// Only root may make namespaces without further ado.
const asRoot = process.getuid?.() === 0 ? service : service.skip;
const PROGRAMS = ['unshare', 'nsenter', 'ip', 'ping', 'mount'];

service.before.each((context) => {
  context.world = new PrimaryWorld();
  context.mountPoint = join(context.world.root, 'srv/alpha');
  mkdirSync(context.mountPoint, { recursive: true });
  const change = { mountPoint: context.mountPoint, device: join(context.world.root, 'md') };
  const text = serviceConfiguration(withVolume(hostFixture, change), standbyFixture, 'standby');
  context.world.put('etc/spare/services/alpha.conf', text);
});
service.after.each(({ world }) => world.end());

/** What the commands print, run in a standby of its own. */
function inNamespaces(world: PrimaryWorld, commands: string): string {
  return execFileSync('unshare', ['-nm', 'sh', HARNESS, PROGRAM, commands], {
    env: { ...process.env, SPARE_TEST_ROOT: world.root },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIME_LIMIT_ms,
  });
}

service('what the others need is here', () => {
  for (const name of PROGRAMS) execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name]);
});

asRoot('the address comes up, again without harm, is reached from the standby itself, and goes', ({ world }) => {
  const up = inNamespaces(
    world,
    `service address-up alpha; service address-up alpha; service status alpha
     ping -q -c 1 -W 2 10.77.0.101 >/dev/null && echo reached=yes
     ip route get 10.77.0.101 | grep -o 'dev spare-shim src 10.77.0.10'`,
  );
  assert.is(parseServiceStatus(up).address, true);
  assert.match(up, 'reached=yes');
  assert.match(up, 'dev spare-shim src 10.77.0.10');
  const down = inNamespaces(
    world,
    `service address-up alpha; service address-down alpha; service address-down alpha; service status alpha`,
  );
  assert.is(parseServiceStatus(down).address, false);
});

asRoot('what is mounted inside is mounted, is left alone, and is unmounted', ({ world, mountPoint }) => {
  const inside = `service exec alpha mount -t tmpfs volume ${mountPoint}`;
  const mounted = inNamespaces(
    world,
    `${inside}; service mount alpha; service status alpha; service exec alpha hostname`,
  );
  assert.is(parseServiceStatus(mounted).mounted, true);
  assert.match(mounted, /^alpha$/m);
  const unmounted = inNamespaces(
    world,
    `${inside}; service unmount alpha; service unmount alpha; service status alpha`,
  );
  assert.is(parseServiceStatus(unmounted).mounted, false);
});

asRoot('nothing is mounted while the array is not running', ({ world }) => {
  const said = inNamespaces(world, 'service mount alpha 2>&1 || echo "ended with $?"');
  assert.match(said, 'does not run');
  assert.match(said, 'ended with 1');
});

service.run();
