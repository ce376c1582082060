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
    ['-c', `${text}\nuse_volume data\nprintf '%s|%s|%s' "$SPARE_CLIENTS" "$SPARE_PORTAL" "$SPARE_ROLE"`],
    { encoding: 'utf8' },
  );
  assert.is(shown, "a b'$(date)|10.77.0.10:3260|primary");
});

service('a shell reads of each volume what is its own', () => {
  const home = { ...volumeFixture, name: 'home', lun: 2, mountPoint: '/home', localLeg: '/dev/sdc' };
  const host = { ...hostFixture, volumes: [volumeFixture, home] };
  const text = serviceConfiguration(host, standbyFixture, 'primary');
  const script =
    'for volume in $SPARE_VOLUMES other; do use_volume $volume || echo none; echo "$SPARE_VOLUME $SPARE_LUN $SPARE_MOUNT $SPARE_LOCAL_LEG"; done';
  const shown = execFileSync('sh', ['-c', `${text}\n${script}`], { encoding: 'utf8' });
  const first = `data 1 /srv/alpha ${volumeFixture.localLeg}`;
  assert.is(shown, `${first}\nhome 2 /home /dev/sdc\nnone\nhome 2 /home /dev/sdc\n`);
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
