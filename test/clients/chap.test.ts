import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { client, ServedFile } from '../fixtures/clients/served-file.ts';

const SECRET = 'a secret of sixteen';

const test = suite<{ directory: string; served: ServedFile }>('CHAP');

test.before(async (context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'spare-chap-'));
  const secretFile = join(context.directory, 'secret');
  writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });
  context.served = await ServedFile.start('--chap-user', 'alpha', '--chap-secret-file', secretFile);
});
test.after(async ({ directory, served }) => {
  await served.remove();
  rmSync(directory, { recursive: true });
});

function withCredentials(url: string, user: string, secret: string): string {
  return url.replace('iscsi://', `iscsi://${user}%${encodeURIComponent(secret)}@`);
}

test('the right secret opens', async ({ served }) => {
  // libiscsi's URLs know no escapes, so QEMU's options it is.
  const options = [
    'driver=iscsi,transport=tcp',
    `portal=${served.address},target=${served.iqn},lun=1`,
    `user=alpha,password=${SECRET}`,
  ].join(',');
  const { output, exitCode } = await client([
    'qemu-io',
    '--image-opts',
    options,
    '-c',
    'write -P 3 0 4k',
    '-c',
    'read -P 3 0 4k',
  ]);
  assert.is(exitCode, 0, output);
});

test('a wrong secret, a wrong user, and none, do not', async ({ served }) => {
  const urls = [
    withCredentials(served.url, 'alpha', 'wrongsecretwrong'),
    withCredentials(served.url, 'beta', 'asecretofsixteen'),
    served.url,
  ];
  for (const url of urls) {
    const { output, exitCode } = await client(['iscsi-inq', url]);
    assert.is.not(exitCode, 0, url);
    assert.not.match(output, 'Peripheral');
  }
});

test('discovery needs the secret as well', async ({ served }) => {
  const { output } = await client(['iscsi-ls', `iscsi://${served.address}`]);
  assert.not.match(output, served.iqn);
});

test.run();
