import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseServiceStatus } from '../../src/service/service.ts';
import { NAMESPACE_PROGRAMS, StandbyWorld } from './standby-world.ts';

const SERVED = 'volume alpha; service nfs-start alpha';

interface Context {
  world: StandbyWorld;
}
const service = suite<Context>('service program in namespaces');
// Only root may make namespaces without further ado.
const asRoot = process.getuid?.() === 0 ? service : service.skip;

service.before.each((context) => {
  context.world = new StandbyWorld();
});
service.after.each(({ world }) => world.end());

service('what the others need is here', () => {
  for (const name of NAMESPACE_PROGRAMS) execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name]);
});

asRoot('the address comes up, again without harm, is reached from the standby itself, and goes', ({ world }) => {
  const up = world.run(
    `${SERVED}; service address-up alpha; service address-up alpha; service status alpha
     ping -q -c 1 -W 2 10.77.0.101 >/dev/null && echo reached=yes
     ip route get 10.77.0.101 | grep -o 'dev spare-shim src 10.77.0.10'`,
  );
  assert.is(parseServiceStatus(up).address, true);
  assert.match(up, 'reached=yes');
  assert.match(up, 'dev spare-shim src 10.77.0.10');
  const down = world.run(
    `${SERVED}; service address-up alpha; service address-down alpha; service address-down alpha; service status alpha`,
  );
  assert.is(parseServiceStatus(down).address, false);
});

asRoot('what is mounted inside is mounted, is left alone, and is unmounted', ({ world }) => {
  const mounted = world.run(`volume alpha; service mount alpha; service status alpha; service exec alpha hostname`);
  assert.is(parseServiceStatus(mounted).mounted, true);
  assert.match(mounted, /^alpha$/m);
  const unmounted = world.run(`volume alpha; service unmount alpha; service unmount alpha; service status alpha`);
  assert.is(parseServiceStatus(unmounted).mounted, false);
});

asRoot('the volume is not mounted on top of something else', ({ world }) => {
  const said = world.run(`service exec alpha mount -t tmpfs other ${world.mountPoint}
    service mount alpha 2>&1 || echo "ended with $?"`);
  assert.match(
    said,
    /srv\/alpha is not the volume: device \S+ is mounted there.*Run: \S+\/service unmount alpha\nended with 1/,
  );
});

asRoot('nothing is mounted while the array is not running', ({ world }) => {
  const said = world.run('service mount alpha 2>&1 || echo "ended with $?"');
  assert.match(said, 'is not running');
  assert.match(said, 'ended with 1');
});

service.run();
