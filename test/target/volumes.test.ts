import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readRegionFile, writeRegionFile } from '../../src/store/region-file.ts';
import type { RegionRecord } from '../../src/store/region-record.ts';
import { controlTarget } from '../../src/target/client/control-client.ts';
import type { VolumeTargetStatus } from '../../src/target/client/control-protocol.ts';
import { FailureNote } from '../../src/target/failure-note.ts';
import { eventually } from '../fixtures/eventually.ts';
import {
  answeredStatus,
  Client,
  type Context,
  configure,
  configureTwoVolumes,
  daemonSuite,
  hostStatus,
  loggedIn,
  openFiles,
  processOf,
  socketOf,
  start,
  stop,
} from '../fixtures/target/daemon-world.ts';

const test = daemonSuite('a host with two volumes');

const folderOf = ({ root }: Context, volume: string) => join(root, 'pool', 'alpha', volume);
const legOf = (context: Context, volume: string) => join(folderOf(context, volume), 'leg.img');
const recordOf = (context: Context, volume: string) =>
  readRegionFile(join(folderOf(context, volume), 'regions')) as RegionRecord;

/** With a runtime directory of its own, since it keeps notes. */
async function serve(context: Context): Promise<void> {
  process.env.SPARE_RUNTIME_DIR = join(context.root, 'run');
  mkdirSync(process.env.SPARE_RUNTIME_DIR);
  await start(context, configureTwoVolumes(context.root, 'alpha'));
}

/** The volumes of the host, once its process has answered. */
async function volumesOf(context: Context): Promise<VolumeTargetStatus[]> {
  return (await answeredStatus(context)).volumes;
}

/** Writes through a session of its own: every volume begins with a unit attention. @returns the status of the last try */
async function write(context: Context, byte: number, lun: number): Promise<number> {
  const client = await loggedIn(context);
  await client.write(byte, 1, lun);
  const status = await client.write(byte, 2, lun);
  client.socket.destroy();
  return status;
}

/** As after a power loss: a region is marked, in another boot. */
function losePower(context: Context, volume: string): void {
  const marks = Uint8Array.from(recordOf(context, volume).marks).fill(1, 0, 1);
  const bootId = '11111111-2222-3333-4444-555555555555';
  writeRegionFile(join(folderOf(context, volume), 'regions'), { ...recordOf(context, volume), marks, bootId });
}

const CHECK_CONDITION = 2;

test('serves each as a LUN of its own, with its own file, records and counters', async (context) => {
  await stop(context);
  await serve(context);
  assert.is(await write(context, 0x5a, 2), 0);
  assert.equal([readFileSync(legOf(context, 'data'))[0], readFileSync(legOf(context, 'archive'))[0]], [0, 0x5a]);
  assert.equal([[...recordOf(context, 'data').marks], [...recordOf(context, 'archive').marks]], [[0], [1]]);
  assert.equal(
    (await volumesOf(context)).map(({ volume, lun, counters }) => [volume, lun, counters.writtenBytes]),
    [
      ['data', 1, 0],
      ['archive', 2, 512],
    ],
  );
});

test('one with lost writes is not served until it is accepted, and the other is', async (context) => {
  await stop(context);
  await serve(context);
  await stop(context);
  losePower(context, 'archive');
  await start(context, configureTwoVolumes(context.root, 'alpha'));
  const lost = async () => (await volumesOf(context)).map((volume) => volume.lost.length);
  assert.equal(await lost(), [0, 1]);
  assert.equal([await write(context, 1, 1), await write(context, 1, 2)], [0, CHECK_CONDITION]);
  await eventually(() =>
    assert.match(JSON.stringify(context.events), /"unclean",.*"host":"alpha",.*"volume":"archive","ranges":1/),
  );
  const accept = (volume: string) => hostStatus(context, { method: 'accept', host: 'alpha', volume });
  await accept('data');
  assert.equal(await lost(), [0, 1], 'the other was accepted');
  assert.is(recordOf(context, 'archive').marks[0], 1, 'the record of the other is gone');
  await accept('archive');
  assert.equal(await lost(), [0, 0]);
  assert.is(await write(context, 1, 2), 0);
});

test('one that is missing is told, and served when it is there; the other is served all along', async (context) => {
  await stop(context);
  await serve(context);
  await stop(context);
  const leg = legOf(context, 'archive');
  renameSync(leg, `${leg}.away`);
  const configuration = JSON.parse(readFileSync(join(context.root, 'config.json'), 'utf8'));
  await start(context, configuration);
  assert.is(await write(context, 1, 1), 0);
  const [data, archive] = await volumesOf(context);
  assert.is(data?.notServed, null);
  assert.match(archive?.notServed?.reason ?? '', /^Cannot open .*archive\/leg\.img: ENOENT$/);
  const client = await loggedIn(context);
  renameSync(`${leg}.away`, leg);
  await eventually(async () => assert.is((await volumesOf(context))[1]?.notServed, null));
  assert.is(await client.write(1, 1, 2), CHECK_CONDITION, 'the unit attention of a new unit');
  assert.is(await client.write(1, 2, 2), 0, 'a session that was open before finds it');
});

test('a note is about one of them', async (context) => {
  await stop(context);
  await serve(context);
  await stop(context);
  const report = () => {};
  losePower(context, 'archive');
  // In the boot of now, so that the note alone tells.
  const regions = join(folderOf(context, 'archive'), 'regions');
  writeRegionFile(regions, { ...recordOf(context, 'archive'), bootId: recordOf(context, 'data').bootId });
  new FailureNote(join(context.root, 'run'), 'alpha', 'archive', report).write();
  await start(context, configureTwoVolumes(context.root, 'alpha'));
  await eventually(async () =>
    assert.equal(
      (await volumesOf(context)).map((volume) => volume.lost.length),
      [0, 1],
    ),
  );
  assert.is(await write(context, 1, 1), 0);
});

test('a fence is about both', async (context) => {
  await stop(context);
  await serve(context);
  const pid = await processOf(context);
  const isOpen = (volume: string) => openFiles(pid).includes(legOf(context, volume));
  await eventually(() => assert.equal([isOpen('data'), isOpen('archive')], [true, true]));
  await controlTarget({ method: 'fence', host: 'alpha' }, { socketPath: socketOf(context) });
  assert.equal([isOpen('data'), isOpen('archive')], [false, false]);
  assert.is(await new Client(context.portal).login('alpha'), 0x0204);
  assert.ok(existsSync(join(context.root, 'pool', 'alpha', 'fenced')));
  await controlTarget({ method: 'unfence', host: 'alpha' }, { socketPath: socketOf(context) });
  assert.equal([await write(context, 1, 1), await write(context, 1, 2)], [0, 0]);
});

test('one that can not be opened keeps the host fenced, with neither open', async (context) => {
  await stop(context);
  await serve(context);
  // Otherwise the first record could be that of a fenced host.
  await eventually(async () => assert.is((await volumesOf(context))[1]?.ownership?.owner, 'primary'));
  await controlTarget({ method: 'fence', host: 'alpha' }, { socketPath: socketOf(context) });
  renameSync(legOf(context, 'archive'), `${legOf(context, 'archive')}.away`);
  try {
    await controlTarget({ method: 'unfence', host: 'alpha' }, { socketPath: socketOf(context) });
    assert.unreachable('unfenced');
  } catch (error) {
    assert.is((error as { code: string }).code, 'STORE_OPEN_FAILED');
  }
  const { fenced, pid } = await answeredStatus(context);
  assert.equal([fenced, openFiles(pid).includes(legOf(context, 'data'))], [true, false]);
  assert.is(await new Client(context.portal).login('alpha'), 0x0204);
});

test('one in the folder of the host, as an older version put it, is served from there', async (context) => {
  await stop(context);
  await start(context, configure(context.root, 'alpha'));
  assert.is(await write(context, 0x5a, 1), 0);
  assert.is(readFileSync(join(context.root, 'pool', 'alpha', 'leg.img'))[0], 0x5a);
  assert.ok(existsSync(join(context.root, 'pool', 'alpha', 'regions')));
  assert.is((await volumesOf(context))[0]?.counters.writtenBytes, 512);
});

test.run();
