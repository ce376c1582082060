import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { initiatorFiles, loginArgv, standbyLegPath } from '../../src/mirror/initiator.ts';
import { hostFixture, standbyFixture, volumeFixture } from '../fixtures/configuration.ts';

const initiator = suite('initiator');

initiator('keeps the record where open-iscsi looks for it', () => {
  const files = initiatorFiles(hostFixture, standbyFixture);
  assert.is(files.nodePath, '/etc/iscsi/nodes/iqn.2026-11.net.spare:lab:alpha/10.77.0.10,3260,1/default');
  assert.is(files.discoveryPath, '/etc/iscsi/send_targets/10.77.0.10,3260/st_config');
  assert.ok(files.node.includes('node.session.timeo.replacement_timeout = 12\n'));
  assert.ok(files.node.includes('node.startup = manual\n'));
  assert.ok(files.node.includes('node.session.auth.password = chap-secret-of-alpha\n'));
  assert.ok(files.discovery.includes('discovery.sendtargets.auth.password_in = mutual-secret-of-alpha\n'));
});

initiator('shows no secret on a command line', () => {
  const lines = [
    ...loginArgv(hostFixture, standbyFixture),
    standbyLegPath(hostFixture, volumeFixture, standbyFixture),
  ].join(' ');
  assert.not.ok(lines.includes('secret'));
});

initiator.run();
