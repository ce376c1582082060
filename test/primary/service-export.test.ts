import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StandbyWorld } from './standby-world.ts';

interface Context {
  world: StandbyWorld;
  /** Mounts the volume and starts its server. */
  start: string;
}
const exporting = suite<Context>('exports of the service program');
// Only root may make namespaces without further ado.
const asRoot = process.getuid?.() === 0 ? exporting : exporting.skip;

exporting.before.each((context) => {
  const world = new StandbyWorld();
  context.world = world;
  context.start = 'volume alpha; service nfs-start alpha';
});
exporting.after.each(({ world }) => world.end());

/** Changes a line of the host's service file. */
function configure(name: string, value: string): string {
  return `sed -i 's#^\\( *\\)${name}=[^;]*#\\1${name}=${value}#' "$SPARE_TEST_ROOT/etc/spare/services/alpha.conf"`;
}

asRoot('the new client is exported to before the old one is withdrawn, and other volumes stay', ({ world, start }) => {
  const said = world.run(`${start}; echo '/srv/other  10.77.0.0/24(rw)' >>"$SPARE_TEST_ROOT/exports"
    ${configure('SPARE_CLIENTS', '10.0.0.0/8')}; service export alpha`);
  assert.match(
    said.replaceAll(world.root, ''),
    /^\/srv\/other {2}10\.77\.0\.0\/24\(rw\)\n\/srv\/alpha {2}10\.0\.0\.0\/8\(\S+\)\n$/,
  );
  const done = world.log.filter((line) => line.startsWith('exportfs')).slice(-4);
  assert.match(done[0] ?? '', /^exportfs -v -o \S*fsid=1001 10\.0\.0\.0\/8:\/srv\/alpha$/);
  assert.equal(done.slice(1), ['exportfs -s', 'exportfs -u 10.77.0.0/24:/srv/alpha', 'exportfs -s']);
  assert.is(world.count('rpc.nfsd'), 1, 'the server goes on');
});

asRoot('a host name is not withdrawn for its canonical name', ({ world, start }) => {
  const said = world.run(
    `${start}; ${configure('SPARE_CLIENTS', 'client1')}; service export alpha; service export alpha`,
  );
  const [first, second, ...more] = said.replaceAll(world.root, '').trim().split('\n');
  assert.match(first ?? '', /^\/srv\/alpha {2}client1\.lab\(/);
  assert.is(second, first);
  assert.equal(more, []);
  assert.is(world.count('exportfs -u 10.77.0.0/24:'), 1);
  assert.is(world.count('exportfs -u client1'), 0);
});

asRoot('a server that does not run exports nothing', ({ world }) => {
  assert.is(world.run('service export alpha'), '');
  assert.is(world.count('exportfs'), 0);
});

asRoot(
  'a shorter lease waits for the next start, whose clients have the time of the longer one',
  ({ world, start }) => {
    const file = (name: string) => `cat "$SPARE_TEST_ROOT/proc/fs/nfsd/nfsv4${name}time"`;
    const said = world.run(`${configure('SPARE_LEASE', '60')}; ${start}
    service exec alpha rm ${world.mountPoint}/.spare/lease # As if an older program had started it.
    ${configure('SPARE_LEASE', '20')}; service export alpha >/dev/null; ${file('lease')}
    service nfs-stop alpha; service nfs-start alpha; ${file('lease')}; ${file('grace')}
    service nfs-stop alpha; service nfs-start alpha; ${file('grace')}`);
    assert.equal(said.trim().split('\n'), ['60', '20', '60', '20']);
  },
);

exporting.run();
