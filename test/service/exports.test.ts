import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exportAgain, parseExports } from '../../src/service/exports.ts';
import type { SpareError } from '../../src/std/errors.ts';
import { volumeFixture } from '../fixtures/configuration.ts';
import { RecordingMachine } from '../operations/recording-machine.ts';

/** nfs-utils 2.6.2. */
const OPTIONS = 'sync,wdelay,hide,no_subtree_check,fsid=1001,sec=sys,rw,secure,root_squash,no_all_squash';
const SHOWN = `/srv/alpha  10.77.0.0/24(${OPTIONS})\n`;

const exports = suite('exports');

function primary(stdout: string): RecordingMachine {
  return new RecordingMachine('alpha', () => ({ exitCode: 0, stdout, stderr: '' }));
}

async function failure(stdout: string, nfs = volumeFixture.nfs): Promise<string> {
  try {
    await exportAgain(primary(stdout), 'alpha', { ...volumeFixture, nfs });
  } catch (error) {
    return (error as SpareError).code;
  }
  return 'none';
}

exports('exportfs -s is read line by line', () => {
  assert.equal(parseExports(`${SHOWN}/srv/b  @trusted(ro)\nnonsense\n`), [
    { path: '/srv/alpha', client: '10.77.0.0/24', options: OPTIONS.split(',') },
    { path: '/srv/b', client: '@trusted', options: ['ro'] },
  ]);
});

exports('what is exported afterwards is looked at: the client, the options, nobody else', async () => {
  const { nfs } = volumeFixture;
  assert.is(await failure(SHOWN), 'none');
  assert.is(await failure(`${SHOWN}/srv/b  *(rw)\n`), 'none');
  assert.is(await failure(`${SHOWN}/srv/alpha  10.0.0.0/8(${OPTIONS})\n`), 'WRONG_EXPORT');
  assert.is(await failure('/srv/b  *(rw)\n'), 'WRONG_EXPORT');
  assert.is(await failure(SHOWN, { ...nfs, clients: '10.0.0.0/8' }), 'WRONG_EXPORT');
  assert.is(await failure(SHOWN, { ...nfs, exportOptions: 'rw,sync,no_root_squash' }), 'WRONG_EXPORT');
});

exports('a host name may be shown by its canonical one, and a server that does not run exports nothing', async () => {
  const nfs = { ...volumeFixture.nfs, clients: 'client1' };
  assert.is(await failure(`/srv/alpha  client1.lab(${OPTIONS})\n`, nfs), 'none');
  assert.is(await failure(''), 'none');
});

exports.run();
