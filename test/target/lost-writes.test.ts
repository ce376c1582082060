import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { failureNotePaths } from '../../src/config/paths.ts';
import { mountIdOf } from '../../src/store/mount-id.ts';
import { readRegionFile, writeRegionFile } from '../../src/store/region-file.ts';
import type { RegionRecord } from '../../src/store/region-record.ts';
import { controlTarget } from '../../src/target/client/control-client.ts';
import { eventually } from '../fixtures/eventually.ts';
import { FailingDevice, OtherOpener } from '../fixtures/store/failing-device.ts';
import { LoopMount, MAY_MOUNT } from '../fixtures/store/loop-mount.ts';
import {
  answeredStatus,
  Client,
  type Context,
  configure,
  daemonSuite,
  hostStatus,
  loggedIn,
  loginOnceServed,
  makeLeg,
  openFiles,
  processOf,
  SIZE_BYTES,
  socketOf,
  start,
  stop,
  written,
} from '../fixtures/target/daemon-world.ts';

const test = daemonSuite('a leg that may have lost writes');
const asRoot = MAY_MOUNT ? test : test.skip;

/** As after a power loss: the record is of another boot. */

function losePower(context: Context): void {
  leaveUnflushed(context, { bootId: '11111111-2222-3333-4444-555555555555' });
}

/** As if the process had been killed after what was written until now. */
function leaveUnflushed({ root }: Context, change: Partial<RegionRecord> = {}): void {
  const path = join(root, 'pool', 'alpha', 'regions');
  const record = readRegionFile(path);
  if (typeof record === 'string') throw new Error(`The record is ${record}`);
  const marks = Uint8Array.from(record.marks).fill(1, 0, 1);
  writeRegionFile(path, { ...record, marks, ...change });
}

function childrenOfThis(): number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
  return children.trim().split(' ').map(Number);
}

const EVERYTHING = [{ offset_bytes: 0, length_bytes: SIZE_BYTES }];

test('writes are cached, and the record says where; in order it ends clean', async (context) => {
  const record = () => readRegionFile(join(context.root, 'pool', 'alpha', 'regions')) as RegionRecord;
  const client = await loggedIn(context);
  let cmdSn = 0;
  // A mark stays for a while after a write. Where the look came too late for that, it is written again.
  await eventually(async () => {
    cmdSn += 1;
    assert.is(await client.write(0x5a, cmdSn), 0);
    assert.equal([...record().marks], [1]);
  });
  await stop(context);
  assert.equal([...record().marks], [0]);
  await start(context, configure(context.root, 'alpha', 'beta'));
});

test('a leg that may have lost writes is not served, across restarts, until that is accepted; the others are', async (context) => {
  await stop(context);
  losePower(context);
  for (let restarts = 0; restarts < 2; restarts++) {
    await start(context, configure(context.root, 'alpha', 'beta'));
    assert.equal((await hostStatus(context, { method: 'status' })).lost, EVERYTHING);
    assert.is(await new Client(context.portal).login('alpha'), 0x0301);
    await eventually(() =>
      assert.match(JSON.stringify(context.events), /"unclean",.*"host":"alpha",.*"ranges":1,"lost_bytes":1048576/),
    );
    await loggedIn(context, 'beta');
    await stop(context);
  }
  await start(context, configure(context.root, 'alpha', 'beta'));
  await controlTarget({ method: 'add', host: 'alpha' }, { socketPath: socketOf(context) });
  assert.is(await new Client(context.portal).login('alpha'), 0x0301);
  for (let times = 0; times < 2; times++) {
    assert.equal((await hostStatus(context, { method: 'accept', host: 'alpha', volume: 'data' })).lost, []);
  }
  await loggedIn(context);
});

/** Logs in, writes where there is something to be written, and is gone before the target would have to wait for it. */
async function visit(context: Context, host = 'alpha', byte?: number): Promise<void> {
  const client = await loggedIn(context, host);
  if (byte !== undefined) await written(client, byte);
  client.socket.destroy();
}

asRoot('a pool that was mounted again in the same boot, with unflushed writes', async (context) => {
  await stop(context);
  rmSync(join(context.root, 'pool', 'alpha'), { recursive: true });
  const mount = new LoopMount(join(context.root, 'pool', 'alpha'));
  try {
    makeLeg(context.root, 'alpha');
    const serve = () => start(context, configure(context.root, 'alpha', 'beta'));
    const lost = async () => (await hostStatus(context, { method: 'status' })).lost;
    await serve();
    await visit(context);
    await stop(context);
    mount.unmount();
    mount.mount();
    await serve();
    assert.equal(await lost(), [], 'it was flushed');
    await visit(context);
    await stop(context);
    leaveUnflushed(context);
    await serve();
    assert.equal(await lost(), [], 'only the process ended');
    await visit(context);
    await stop(context);
    leaveUnflushed(context);
    mount.unmount();
    mount.mount();
    await serve();
    assert.equal(await lost(), EVERYTHING);
    assert.is(await new Client(context.portal).login('alpha'), 0x0301);
    await visit(context, 'beta');
    await stop(context);
    await serve();
    assert.equal(await lost(), EVERYTHING, 'across restarts');
    await hostStatus(context, { method: 'accept', host: 'alpha', volume: 'data' });
    assert.equal(await lost(), []);
    await visit(context);
    await stop(context);
  } finally {
    mount.unmount();
  }
  await start(context, configure(context.root, 'alpha', 'beta'));
});

for (const told of ['by the mounting', 'by the note'] as const) {
  asRoot(
    `the pool's disk drops out, and is mounted again when the target has ended: detected ${told}`,
    async (context) => {
      await stop(context);
      process.env.SPARE_RUNTIME_DIR = join(context.root, 'run');
      mkdirSync(process.env.SPARE_RUNTIME_DIR);
      const folder = join(context.root, 'pool', 'alpha');
      const [leg, note] = [join(folder, 'leg.img'), failureNotePaths(join(context.root, 'run'), 'alpha', 'data')[0]];
      rmSync(folder, { recursive: true });
      const mount = new LoopMount(folder);
      const serve = () => start(context, configure(context.root, 'alpha', 'beta'));
      const lost = async () => (await hostStatus(context, { method: 'status' })).lost;
      try {
        makeLeg(context.root, 'alpha');
        await serve();
        await visit(context, 'alpha', 0x5a);
        assert.not.ok(existsSync(note));
        mount.dropOut();
        await stop(context);
        mount.unmount();
        mount.mount();
        assert.is.not(readFileSync(leg)[0], 0x5a, 'the write is there');
        assert.ok(existsSync(note));
        if (told === 'by the mounting') rmSync(note);
        // As on a file system that does not tell one mounting from another.
        else leaveUnflushed(context, { mountId: mountIdOf(leg) as string });
        for (let restarts = 0; restarts < 2; restarts++) {
          await serve();
          assert.is(await new Client(context.portal).login('alpha'), 0x0301);
          assert.equal(await lost(), EVERYTHING);
          assert.not.ok(existsSync(note), 'the record says so, too');
          await visit(context, 'beta');
          await stop(context);
        }
        await serve();
        assert.equal((await hostStatus(context, { method: 'accept', host: 'alpha', volume: 'data' })).lost, []);
        await visit(context, 'alpha', 0x5b);
        await stop(context);
        assert.is(readFileSync(leg)[0], 0x5b);
      } finally {
        mount.unmount();
      }
      await serve();
    },
  );
}

test('while a note exists and no process has reported, everything marked is reported as lost', async (context) => {
  await stop(context);
  process.env.SPARE_RUNTIME_DIR = join(context.root, 'run');
  const [note] = failureNotePaths(join(context.root, 'run'), 'alpha', 'data');
  mkdirSync(dirname(note), { recursive: true });
  leaveUnflushed(context);
  writeFileSync(note, '');
  const { execPath } = process;
  process.execPath = join(context.root, 'no-such-program');
  try {
    await start(context, configure(context.root, 'alpha', 'beta'));
    const status = await hostStatus(context, { method: 'status' });
    assert.equal([status.pid, status.lost], [null, EVERYTHING]);
    assert.equal((await hostStatus(context, { method: 'status' }, 'beta')).lost, []);
  } finally {
    process.execPath = execPath;
  }
});

test('if the mount cannot be identified, everything marked is reported as lost, except for a leg that its process has open', async (context) => {
  const client = await loggedIn(context);
  await written(client, 0x5a);
  const leg = join(context.root, 'pool', 'alpha', 'leg.img');
  const lost = async () => (await hostStatus(context, { method: 'status' })).lost;
  await answeredStatus(context);
  // A link to itself: to look at it ends in ELOOP.
  renameSync(leg, `${leg}.away`);
  symlinkSync(leg, leg);
  assert.equal(await lost(), []);
  client.socket.destroy();
  await stop(context);
  leaveUnflushed(context);
  await start(context, configure(context.root, 'alpha', 'beta'));
  assert.equal(await lost(), EVERYTHING);
  assert.equal((await hostStatus(context, { method: 'status' }, 'beta')).lost, []);
  renameSync(`${leg}.away`, leg);
  await loginOnceServed(context, 'alpha');
  assert.equal(await lost(), []);
});

/** With a leg that takes every write and can bring none to the disk. */
async function onFailingDevice(context: Context, use: (device: string) => Promise<void>): Promise<void> {
  await stop(context);
  process.env.SPARE_RUNTIME_DIR = join(context.root, 'run');
  mkdirSync(process.env.SPARE_RUNTIME_DIR);
  const leg = join(context.root, 'pool', 'alpha', 'leg.img');
  const device = new FailingDevice(join(context.root, 'disk'), SIZE_BYTES);
  try {
    renameSync(leg, `${leg}.whole`);
    symlinkSync(device.path, leg);
    await start(context, configure(context.root, 'alpha', 'beta'));
    await use(device.path);
  } finally {
    await stop(context);
    device.remove();
    renameSync(`${leg}.whole`, leg);
    await start(context, configure(context.root, 'alpha', 'beta'));
  }
}

for (const then of ['it is started again', 'it is fenced'] as const) {
  asRoot(`a process is killed after the kernel reported a disk failure to it alone; ${then}`, (context) =>
    onFailingDevice(context, async (device) => {
      const client = await loggedIn(context);
      await written(client, 0x5a);
      const pid = await processOf(context);
      assert.ok(openFiles(pid).includes(device), 'the process has another leg');
      // In the place of the process: within its own flush it can't be killed at a moment that is known.
      const dying = new OtherOpener(device);
      assert.is(dying.flush(), 'EIO');
      dying.close();
      client.socket.destroy();
      process.kill(pid, 'SIGKILL');
      const lost = async () => (await hostStatus(context, { method: 'status' })).lost;
      if (then === 'it is fenced') {
        assert.equal((await hostStatus(context, { method: 'fence', host: 'alpha' })).lost, EVERYTHING);
        await stop(context);
        await start(context, configure(context.root, 'alpha', 'beta'));
        assert.equal(await lost(), EVERYTHING, 'across restarts');
        return;
      }
      await eventually(async () => assert.equal(await lost(), EVERYTHING));
      assert.is(await loginOnceServed(context, 'alpha'), 0x0301);
      await eventually(() =>
        assert.match(JSON.stringify(context.events), /"leg-failed",.*"host":"alpha",.*"cause":"EIO/),
      );
      await loggedIn(context, 'beta');
    }),
  );
}

test('a process that ends with its own exit code, and had no leg open, has failed none', async (context) => {
  await stop(context);
  process.env.SPARE_RUNTIME_DIR = join(context.root, 'run');
  mkdirSync(process.env.SPARE_RUNTIME_DIR);
  const { execPath } = process;
  const program = join(context.root, 'fails');
  writeFileSync(program, "#!/bin/sh\ntrap 'exit 7' TERM\nwhile :; do sleep 0.05; done\n", { mode: 0o755 });
  process.execPath = program;
  try {
    await start(context, configure(context.root, 'alpha'));
    const pid = await processOf(context);
    const closed = stop(context);
    // It has no answer for a request to end. The one that serves no host is the other.
    for (const child of childrenOfThis()) process.kill(child, 'SIGTERM');
    await closed;
    assert.not.ok(existsSync(`/proc/${pid}`));
  } finally {
    process.execPath = execPath;
  }
  assert.not.ok(existsSync(failureNotePaths(join(context.root, 'run'), 'alpha', 'data')[0]));
  await start(context, configure(context.root, 'alpha', 'beta'));
});

test('a fence changes nothing of what was lost, and accepting it opens no fenced LUN', async (context) => {
  await stop(context);
  losePower(context);
  await start(context, configure(context.root, 'alpha', 'beta'));
  assert.equal((await hostStatus(context, { method: 'fence', host: 'alpha' })).lost, EVERYTHING);
  await stop(context);
  await start(context, configure(context.root, 'alpha', 'beta'));
  const restarted = await hostStatus(context, { method: 'status' });
  assert.equal([restarted.fenced, restarted.lost], [true, EVERYTHING]);
  const unfenced = await hostStatus(context, { method: 'unfence', host: 'alpha' });
  assert.equal([unfenced.fenced, unfenced.lost], [false, EVERYTHING]);
  assert.is(await new Client(context.portal).login('alpha'), 0x0301);

  await controlTarget({ method: 'fence', host: 'alpha' }, { socketPath: socketOf(context) });
  const accepted = await hostStatus(context, { method: 'accept', host: 'alpha', volume: 'data' });
  assert.equal([accepted.fenced, accepted.lost], [true, []]);
  assert.is(await new Client(context.portal).login('alpha'), 0x0204);
});

test.run();
