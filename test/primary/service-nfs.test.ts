import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NAMESPACE_PROGRAMS, StandbyWorld } from './standby-world.ts';

const SERVER = 'rpc.nfsd --no-nfs-version 3 --no-udp 8';
const NFSDCLD = 'systemd-run --quiet --collect --unit spare-nfsdcld-alpha';
const MOUNTD = 'systemd-run --quiet --collect --unit spare-mountd-alpha';

interface Context {
  world: StandbyWorld;
  /** Mounts the volume. */
  mount: string;
}
const nfs = suite<Context>('NFS server of the service program');
// Only root may make namespaces without further ado.
const asRoot = process.getuid?.() === 0 ? nfs : nfs.skip;

nfs.before.each((context) => {
  context.world = new StandbyWorld();
  context.mount = 'volume alpha';
});
nfs.after.each(({ world }) => world.end());

nfs('what the others need is here', () => {
  for (const name of NAMESPACE_PROGRAMS) execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name]);
});

asRoot('it starts after its daemons, with its lease, its export and the records of the volume', ({ world, mount }) => {
  const said = world.run(`${mount}; service nfs-start alpha
    service exec alpha touch "$SPARE_TEST_ROOT/var/lib/nfs/nfsdcld/client"
    service exec alpha ls ${world.mountPoint}/.spare/nfsdcld; service status alpha`);
  assert.match(said, /^client$/m, 'the records are on the volume');
  assert.match(said, /^nfsThreads=8$/m);
  const begun = (text: string) => world.log.findIndex((line) => line.startsWith(text));
  assert.ok(begun(NFSDCLD) >= 0 && begun(NFSDCLD) < begun('exportfs'), world.log.join('\n'));
  assert.match(world.log[begun('exportfs')] ?? '', /^exportfs -v -o \S*fsid=\S+ \S+:\/srv\/alpha$/);
  assert.ok(begun('exportfs') < begun(SERVER));
  assert.is(world.count(SERVER), 1);
  assert.match(world.read('proc/fs/nfsd/nfsv4leasetime') ?? '', /^\d+\n$/);
  assert.is(world.read('proc/fs/nfsd/nfsv4gracetime'), world.read('proc/fs/nfsd/nfsv4leasetime'));
});

asRoot('a server that runs is left alone, and a daemon of it that has ended is started again', ({ world, mount }) => {
  world.run(`${mount}; service nfs-start alpha; service nfs-start alpha
    rm -r "$SPARE_TEST_ROOT/sys/fs/cgroup/system.slice/spare-mountd-alpha.service"; service nfs-start alpha`);
  assert.is(world.count(SERVER), 1);
  assert.is(world.count(NFSDCLD), 1);
  assert.is(world.count(MOUNTD), 1, 'the first was started when the host was prepared');
});

asRoot('where nfsdcld answers late, the server is started again until it has the records', ({ world, mount }) => {
  world.put('nfsd-records', '3\n');
  world.run(`${mount}; service nfs-start alpha`);
  const starts = world.log.filter((line) => line.startsWith('rpc.nfsd'));
  assert.equal(starts, [SERVER, 'rpc.nfsd 0', SERVER, 'rpc.nfsd 0', SERVER]);
});

asRoot('where nfsdcld never answers, it serves all the same, and says so', ({ world, mount }) => {
  world.put('nfsd-records', '99\n');
  const said = world.run(`${mount}; service nfs-start alpha 2>&1; service status alpha`);
  assert.match(said, 'nfsdcld does not answer');
  assert.match(said, /^nfsThreads=8$/m);
  assert.is(world.count(SERVER), 5);
});

asRoot('a kernel that gives it no threads fails it', ({ world, mount }) => {
  world.put('nfsd-records', '');
  const said = world.run(`${mount}; service nfs-start alpha 2>&1 || echo "ended with $?"`);
  assert.match(said, 'has no threads');
  assert.match(said, 'ended with 1');
});

asRoot('without the volume nothing is started', ({ world }) => {
  const said = world.run('service nfs-start alpha 2>&1 || echo "ended with $?"');
  assert.match(said, /nfs-start: \S+\/srv\/alpha is not mounted\. Nothing is exported\nended with 1/);
  assert.equal(world.log, []);
});

asRoot('stopped, it lets go of the volume, and can be stopped again', ({ world, mount }) => {
  const said = world.run(`service exec alpha touch "$root/var/lib/nfs/nfsdcld/machine"
    ${mount}; service nfs-start alpha; service nfs-stop alpha; service unmount alpha
    service nfs-stop alpha; service exec alpha ls "$SPARE_TEST_ROOT/var/lib/nfs/nfsdcld"; service status alpha`);
  assert.match(said, /^machine$/m, 'the records of the volume are gone from there');
  assert.match(said, /^nfsThreads=0$/m);
  assert.match(said, /^mounted=no$/m);
  const stopped = world.log.slice(world.log.indexOf(SERVER) + 1);
  const first = ['rpc.nfsd 0', 'exportfs -ua', 'exportfs -f', 'systemctl stop spare-nfsdcld-alpha'];
  assert.equal(stopped.slice(0, first.length), first);
  assert.is(world.count('systemctl stop'), 1);
});

nfs.run();
