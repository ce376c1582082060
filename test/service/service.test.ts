import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isPassive, parseServiceStatus, serviceConfiguration } from '../../src/service/service.ts';
import { hostFixture, standbyFixture, volumeFixture, withVolume } from '../fixtures/configuration.ts';

const service = suite('service');

service('a shell reads from the configuration what was put in', () => {
  const host = withVolume(hostFixture, { nfs: { ...volumeFixture.nfs, clients: "a b'$(date)" } });
  const text = serviceConfiguration(host, standbyFixture, 'primary');
  const shown = execFileSync(
    'sh',
    ['-c', `${text}\nprintf '%s|%s|%s' "$SPARE_CLIENTS" "$SPARE_PORTAL" "$SPARE_ROLE"`],
    { encoding: 'utf8' },
  );
  assert.is(shown, "a b'$(date)|10.77.0.10:3260|primary");
});

service('the configuration holds no secret', () => {
  for (const role of ['primary', 'standby'] as const) {
    assert.not.ok(serviceConfiguration(hostFixture, standbyFixture, role).includes('secret'));
  }
});

service('the standby gets what is its own', () => {
  const text = serviceConfiguration(hostFixture, standbyFixture, 'standby');
  assert.ok(text.includes('SPARE_SHIM_SOURCE=10.77.0.10\n'));
  assert.not.ok(text.includes('SPARE_LOCAL_LEG'));
});

service('passive is: nothing at all is up', () => {
  const down = parseServiceStatus('prepared=yes\nassembled=no\nmounted=no\nnfsThreads=0\naddress=no\n');
  assert.is(isPassive(down), true);
  for (const line of ['assembled=yes', 'mounted=yes', 'nfsThreads=8', 'address=yes']) {
    assert.is(isPassive(parseServiceStatus(`prepared=yes\n${line}\n`)), false, line);
  }
});

service.run();
