import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exportOptionsProblem } from '../../src/config/export-options.ts';

const test = suite('export options');

test('what an export of spare may have is taken', () => {
  for (const options of [
    'rw',
    'rw,sync,no_subtree_check',
    'rw,sync,no_subtree_check,no_root_squash',
    'rw,all_squash,anonuid=1000,anongid=-2',
    'rw,sec=krb5p:krb5i,xprtsec=mtls',
  ]) {
    assert.is(exportOptionsProblem(options), undefined, options);
  }
});

const REFUSED: [string, RegExp][] = [
  ['rw,async', /acknowledges writes before they are on any disk/],
  ['ro', /reading and writing/],
  ['rw,fsid=0', /sets fsid= itself/],
  ['rw,refer=/srv@10.0.0.1', /another server/],
  ['rw,no_root_sqash', /unknown option 'no_root_sqash'. Known options: rw, sync, .*no_root_squash/],
  ['rw,,sync', /unknown option ''/],
  ['', /unknown option ''/],
  ['rw;reboot', /unknown option/],
  ['constructor', /unknown option/],
  ['sync=1', /invalid value in 'sync=1'/],
  ['anonuid=root', /invalid value in 'anonuid=root'/],
  ['anonuid', /invalid value in 'anonuid'/],
  ['sec=none', /invalid value/],
];

for (const [options, problem] of REFUSED) {
  test(`'${options}' is refused, with the reason`, () => {
    assert.match(exportOptionsProblem(options) ?? 'none', problem);
  });
}

test.run();
