import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StandbyWorld } from './standby-world.ts';

/** Mounts the volume and starts its server. */
const SERVED = 'volume alpha; service nfs-start alpha';
const START = 'service nfs-start alpha 2>&1 || echo "ended with $?"';
const ADDRESS_UP = 'service address-up alpha 2>&1 || echo "ended with $?"; service status alpha';
/** What `address-up` asks before anything else. */
const ASSERTION = `set -a; . "$root/etc/spare/services/alpha.conf"; use_volume data; SPARE_STATE=$root/run/spare/services/alpha
  nsenter --net="$root/run/netns/spare-alpha" --mount="$SPARE_STATE/mnt" --uts="$SPARE_STATE/uts" -- \
    "\${PROGRAM%/*}/inside/assert-served" 2>&1 || echo "ended with $?"`;
/** A daemon that runs in the namespaces of the machine. */
const elsewhere = (daemon: string) =>
  `sleep 600 & echo $! >"$root/sys/fs/cgroup/system.slice/spare-${daemon}-alpha.service/cgroup.procs"`;

interface Context {
  world: StandbyWorld;
}
const volume = suite<Context>('nothing but the volume is served');
// Only root may make namespaces without further ado.
const asRoot = process.getuid?.() === 0 ? volume : volume.skip;

volume.before.each((context) => {
  context.world = new StandbyWorld();
});
volume.after.each(({ world }) => world.end());

const wrongMounts: [what: string, change: string, said: RegExp][] = [
  ['another device', 'echo 9:99 >"$root/sys/block/md-alpha/dev"', /is not the volume: device \S+ is mounted there/],
  ['a device whose array is gone', 'rm -r "$root/sys/block/md-alpha"', /and the array \S+ is not running/],
  ['another volume', 'echo other >"$root/srv/alpha/.spare/identity"', /its identity is 'other', expected/],
  ['a volume without identity', 'rm "$root/srv/alpha/.spare/identity"', /its identity is '', expected/],
  [
    'a directory of the volume',
    'service exec alpha mount --bind "$root/srv/alpha/.spare" "$root/srv/alpha"',
    /is not the volume: device \S+, the directory \/\.spare is mounted there/,
  ],
];
for (const [what, change, expected] of wrongMounts) {
  // The change is made where the volume is mounted.
  const wrong = change.includes('/srv/alpha/.spare/identity') ? `service exec alpha sh -c '${change}'` : change;
  asRoot(`${what} is not exported`, ({ world }) => {
    const said = world.run(`volume alpha; ${wrong}; ${START}`);
    assert.match(said, expected);
    assert.match(said, /Nothing is exported\nended with 1/);
    assert.equal(world.log, []);
  });

  asRoot(`${what} does not get the address, and its server is stopped by the next start`, ({ world }) => {
    const said = world.run(`${SERVED}; ${wrong}; ${ADDRESS_UP}; ${START}; cat "$root/proc/fs/nfsd/threads"`);
    assert.match(said, expected);
    assert.match(said, /The service address stays down\nended with 1/);
    assert.match(said, /^address=no$/m);
    assert.match(said, /ended with 1\n0\n$/);
  });
}

asRoot('a service file of an older version has no identity: the device has to do', ({ world }) => {
  const said = world.run(`sed -i '/SPARE_IDENTITY/d' "$root/etc/spare/services/alpha.conf"; volume alpha
    service exec alpha rm "$root/srv/alpha/.spare/identity"; export SPARE_IDENTITY=of-another; ${START}; ${ADDRESS_UP}`);
  assert.match(said, /^address=yes$/m);
});

const wrongServers: [what: string, change: string, said: RegExp][] = [
  ['mountd runs elsewhere', elsewhere('mountd'), /mountd does not run in the namespaces of alpha/],
  ['nfsdcld runs elsewhere', elsewhere('nfsdcld'), /nfsdcld does not run in the namespaces of alpha/],
  ['nfsdcld has ended', 'kill "$(process_of nfsdcld-alpha)"', /nfsdcld does not run in the namespaces of alpha/],
  ['the server has no threads', 'echo 0 >"$root/proc/fs/nfsd/threads"', /the NFS server is not running/],
  ['it listens elsewhere', ': >"$root/proc/self/net/tcp"', /belongs to another network namespace/],
];
for (const [what, change, expected] of wrongServers) {
  asRoot(`the address stays down where ${what}`, ({ world }) => {
    // `address-up` replaces a mountd that runs elsewhere, before it asks.
    const said = world.run(`${SERVED}; ${change}; ${what.startsWith('mountd') ? ASSERTION : ADDRESS_UP}`);
    assert.match(said, expected);
    assert.match(said, /The service address stays down[^\n]*\nended with 1/);
  });
}

asRoot(
  'the daemons of other namespaces are replaced before anything is exported, and the server with them',
  ({ world }) => {
    for (const daemon of ['mountd', 'nfsdcld']) {
      world.put('log', '');
      const said = world.run(`${SERVED}; : >"$root/log"; ${elsewhere(daemon)}; old=$!; ${START}; ${ADDRESS_UP}
      kill -0 "$old" 2>/dev/null && echo lives || :`);
      assert.match(said, /^address=yes$/m);
      assert.not.match(said, 'lives');
      const stopped = world.log.indexOf(`systemctl stop spare-${daemon}-alpha`);
      const started = world.log.findIndex(
        (line) => line.startsWith(`systemd-run`) && line.includes(`spare-${daemon}-alpha`),
      );
      assert.ok(stopped >= 0 && stopped < started, world.log.join('\n'));
    }
  },
);

asRoot('exports are not changed while something else is mounted', ({ world }) => {
  const said = world.run(`${SERVED}; : >"$root/log"; echo 9:99 >"$root/sys/block/md-alpha/dev"
    service export alpha 2>&1 || echo "ended with $?"`);
  assert.match(said, /is not the volume.*Its exports stay as they are\nended with 1/);
  assert.is(world.count('exportfs'), 0);
});

volume.run();
