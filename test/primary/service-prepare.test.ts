import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StandbyWorld } from './standby-world.ts';

const MOUNTD = 'systemd-run --quiet --collect --unit spare-mountd-alpha';
const SHIM = 'ip link add link eth0 name spare-shim';
/** What the namespaces of alpha leave behind, where they leave anything. */
const LEFT =
  'grep -c "services/alpha/\\|netns/spare-alpha" /proc/self/mountinfo || :; ls "$root/run/netns"; ls "$root/sys/fs/cgroup/system.slice" 2>/dev/null || :';
/** New mount and UTS namespaces in place of those of alpha, whose daemon goes on in the old ones. */
const REPLACED = `for name in mnt uts; do umount "$root/run/spare/services/alpha/$name"; done
  state=$root/run/spare/services/alpha
  unshare --mount="$state/mnt" --uts="$state/uts" --propagation slave -- hostname alpha`;

interface Context {
  world: StandbyWorld;
}
const prepare = suite<Context>('preparing the standby');
// Only root may make namespaces without further ado.
const asRoot = process.getuid?.() === 0 ? prepare : prepare.skip;

prepare.before.each((context) => {
  context.world = new StandbyWorld();
});
prepare.after.each(({ world }) => world.end());

asRoot('two hosts at once get what they share once, and each what is its own', ({ world }) => {
  const said = world.runFirst(`service prepare alpha & first=$!; service prepare beta & wait $first; wait $!
    service ready alpha; service ready beta; service exec alpha hostname; service exec beta hostname
    grep -c " $root/run/spare/services " /proc/self/mountinfo`);
  assert.equal(said.trim().split('\n'), ['alpha', 'beta', '1']);
  assert.is(world.count(SHIM), 1);
});

asRoot('the same host twice at once is prepared once', ({ world }) => {
  const said = world.runFirst(
    'service prepare alpha & first=$!; service prepare alpha & wait $first; wait $!; service ready alpha',
  );
  assert.is(said, '');
  assert.is(world.count(MOUNTD), 1);
});

asRoot('what is there is left alone', ({ world }) => {
  world.run('before=$(process_of mountd-alpha); service prepare alpha; [ "$before" = "$(process_of mountd-alpha)" ]');
  assert.is(world.count(MOUNTD), 0);
  assert.is(world.count('ip link'), 0);
});

asRoot('where a step fails, nothing is left half made, and the next time it succeeds', ({ world }) => {
  const said = world.runFirst(`mv "$root/var/lib/nfs" "$root/away"
    service prepare alpha 2>/dev/null || echo failed; ${LEFT}; ls "$root/run/spare/services/alpha"
    mv "$root/away" "$root/var/lib/nfs"; service prepare alpha; service ready alpha`);
  assert.equal(said.trim().split('\n'), ['failed', '0', 'mnt', 'nfs', 'uts']);
});

asRoot('without its kernel modules it fails, and says which', ({ world }) => {
  world.put('no-modules', '');
  const said = world.runFirst('service prepare alpha 2>&1 || echo "ended with $?"');
  assert.match(said, /cannot load the kernel modules nfsd, macvlan, raid1 and loop\nended with 1/);
});

asRoot('a daemon of replaced namespaces is ended, with what was served from them', ({ world }) => {
  const said = world.run(`volume alpha; service nfs-start alpha; service address-up alpha
    old=$(process_of mountd-alpha); ${REPLACED}; service ready alpha
    service prepare alpha; service ready alpha; cat "$root/proc/fs/nfsd/threads"
    ip -n spare-alpha -4 -o address show dev spare0; kill -0 "$old" 2>/dev/null && echo lives || :`);
  assert.equal(said.trim().split('\n'), ['the namespaces of alpha are not prepared', '0']);
});

asRoot('what is stopped in replaced namespaces is torn down there', ({ world }) => {
  const said = world.run(`volume alpha; service nfs-start alpha; ${REPLACED}
    service nfs-stop alpha; cat "$root/proc/fs/nfsd/threads"; ${LEFT}`);
  assert.equal(said.trim().split('\n'), ['0', '0']);
});

asRoot('a network namespace that only a daemon knows is ended, too', ({ world }) => {
  const said = world.run(`volume alpha; service nfs-start alpha; service address-up alpha
    ip netns delete spare-alpha; service prepare alpha; service ready alpha
    cat "$root/proc/fs/nfsd/threads"; ip -n spare-alpha -4 -o address show dev spare0`);
  assert.is(said, '0\n');
});

asRoot('a server that has lost its daemons and its namespaces is ended', ({ world }) => {
  const said = world.run(`volume alpha; service nfs-start alpha; service address-up alpha
    for daemon in mountd nfsdcld; do kill "$(process_of $daemon-alpha)"; rm -r "$root/sys/fs/cgroup/system.slice/spare-$daemon-alpha.service"; done
    ${REPLACED}; service nfs-stop alpha 2>/dev/null || :; service prepare alpha; service ready alpha
    cat "$root/proc/fs/nfsd/threads"; ip -n spare-alpha -4 -o address show dev spare0`);
  assert.is(said, '0\n');
  assert.is(world.count('rpc.nfsd 0'), 0, "that would be the machine's own server");
});

asRoot('mountd is started again where it has ended, or runs elsewhere', ({ world }) => {
  const said =
    world.run(`kill "$(process_of mountd-alpha)"; service ready alpha; service prepare alpha; service ready alpha
    sleep 600 & echo $! >"$root/sys/fs/cgroup/system.slice/spare-mountd-alpha.service/cgroup.procs"
    service ready alpha; service prepare alpha; service ready alpha`);
  const missing = 'mountd does not run in the namespaces of alpha';
  assert.equal(said.trim().split('\n'), [missing, missing]);
});

asRoot('a shim on another interface is made again, and one that is down comes up', ({ world }) => {
  const shown = '"$root/sys/class/net/spare-shim"';
  const said = world.run(`echo 99 >${shown}/iflink; service ready alpha; service prepare alpha; service ready alpha
    echo 0x1002 >${shown}/flags; service ready alpha; service prepare alpha; service ready alpha`);
  const missing = 'the interface spare-shim is not there, not up, or not on eth0';
  assert.equal(said.trim().split('\n'), [missing, missing]);
  assert.is(world.count(SHIM), 1);
});

asRoot('an interface that is down or gone, a module and a mount that are not there are missing', ({ world }) => {
  const said = world.run(`ip -n spare-alpha link set spare0 down; : >"$root/proc/mdstat"
    service exec alpha umount "$root/proc/fs/nfsd"; service ready alpha
    ip -n spare-alpha link delete spare0; service ready alpha; service prepare alpha; service ready alpha`);
  const down = 'the interface spare0 of alpha is not there, or not up';
  const always = ['the kernel module raid1 is not loaded', '/proc/fs/nfsd is not mounted in the namespaces of alpha'];
  const withInterface = [always[0], down, always[1]];
  assert.equal(said.trim().split('\n'), [...withInterface, ...withInterface, ...always]);
});

prepare.run();
