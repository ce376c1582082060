import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isExportClient } from '../../src/config/export-client.ts';

const test = suite('export client');

test('takes what exports(5) takes', () => {
  for (const text of [
    '10.0.0.0/24',
    '10.0.0.7',
    '10.0.0.0/255.255.255.0',
    'fe80::/64',
    '*',
    '*.lan',
    'web[0-9].lan',
    '@hosts',
  ])
    assert.is(isExportClient(text), true, text);
});

test('refuses what exportfs would only refuse when the service starts', () => {
  for (const text of [
    '10.0.0.0/99',
    '10.0.0.256',
    '10.0.0',
    '10.0.0.0/24/8',
    '10.0.0.0/255.255.255.256',
    'fe80::/129',
    'a b',
    'a,b',
    '',
    '@',
  ])
    assert.is(isExportClient(text), false, text);
});

test.run();
