import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDefaultGateway } from '../../src/machine/route.ts';

const route = suite('parseDefaultGateway');
// As `ip -4 -j route show default` of iproute2 6.1 prints it.
const rows: [what: string, stdout: string, wanted: string | undefined][] = [
  ['a gateway', '[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]}]\n', '192.0.2.1'],
  [
    'a link without a gateway first',
    '[{"dst":"default","dev":"ppp0"},{"dst":"default","gateway":"192.0.2.1"}]',
    '192.0.2.1',
  ],
  ['no default route', '[ ]\n', undefined],
  ['no default route, older iproute2', '', undefined],
];
for (const [what, stdout, wanted] of rows) {
  route(`${what}: ${wanted}`, () => assert.is(parseDefaultGateway(stdout), wanted));
}
route.run();
