import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isIsolated, type NetworkSample } from '../../src/watch/isolation.ts';
import type { Samples } from '../../src/watch/probe-paths.ts';

const silent: Samples = { iscsi: 'missed', icmp: 'missed', ssh: 'missed', service: 'missed' };
const heard: Samples = { ...silent, icmp: 'answered' };

const isolation = suite('isIsolated');
const table: [what: string, network: NetworkSample, hosts: Samples[], wanted: boolean][] = [
  ['no carrier', { carrier: false, gateway: 'unknown' }, [heard], true],
  ['nothing answers, not even the gateway', { carrier: true, gateway: 'missed' }, [silent, silent], true],
  ['the gateway does not answer, one host does', { carrier: true, gateway: 'missed' }, [silent, heard], false],
  ['all hosts lost power, the gateway answers', { carrier: true, gateway: 'answered' }, [silent, silent], false],
  ['there is no gateway', { carrier: true, gateway: 'unknown' }, [silent], false],
  ['the carrier is unknown', { carrier: undefined, gateway: 'answered' }, [silent], false],
];
for (const [what, network, hosts, wanted] of table) {
  isolation(`${what}: ${wanted}`, () => assert.is(isIsolated(network, hosts), wanted));
}
isolation.run();
