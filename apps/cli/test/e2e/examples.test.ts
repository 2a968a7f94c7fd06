// Every example that help shows runs here as it is printed, against a network of the program's own.
import { copyFile, readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { CommandSpec } from '../../src/spec.ts';
import { commands } from '../../src/tree/index.ts';
import { Sandbox } from './sandbox.ts';

const isDevnet = ({ path }: CommandSpec): boolean => path[0] === 'devnet';
const linesOf = (specs: readonly CommandSpec[]): readonly string[] =>
  specs.flatMap(({ examples }) => examples);
const [up = '', ...others] = linesOf(commands.filter(isDevnet));
const rest = linesOf(commands.filter((spec) => !isDevnet(spec)));

interface Network {
  readonly nodes: readonly {
    readonly directory: string;
    readonly apiPort: number;
    readonly p2pPort: number;
    readonly peerId: string;
  }[];
  readonly mnemonic: string;
  readonly accounts: readonly { readonly address: string }[];
}

let box: Sandbox;
const ok = async (line: string): Promise<string> => {
  const { code, stdout, stderr } = await box.shell(line);
  expect({ line, code, told: code === 0 ? '' : stdout + stderr }).toEqual({
    line,
    code: 0,
    told: '',
  });
  return stdout.trim();
};

beforeAll(async () => {
  box = await Sandbox.open();
  await ok(up);
  const network = JSON.parse(await readFile(box.path('net/network.json'), 'utf8')) as Network;
  const [first] = network.nodes;
  box.env['MXD_ENDPOINT'] = network.nodes.map((n) => `http://127.0.0.1:${n.apiPort}`).join(',');
  box.env['PEER'] = `/ip4/127.0.0.1/tcp/${first?.p2pPort ?? 0}/p2p/${first?.peerId ?? ''}`;
  await writeFile(box.path('alice.words'), network.mnemonic, { mode: 0o600 });
  await copyFile(`${first?.directory ?? ''}/validator/account.seed`, box.path('account.seed'));
  await copyFile(box.path('net/genesis.mxd'), box.path('genesis.mxd'));
  await writeFile(box.path('node.yaml'), 'role: full\napi:\n  port: 0\n');
  await writeFile(
    box.path('allocations.txt'),
    `# who gets what\n${network.accounts[0]?.address ?? ''} 1000\n`,
  );
  await writeFile(box.path('value.txt'), 'a value\n');
  await writeFile(box.path('config.pass'), 'passphrase of the file\n', { mode: 0o600 });
  await ok('mxd wallet import alice --suite ed25519 --words-file alice.words');
  await ok('mxd wallet new bob --words-file bob.words');
  const [bob] = await box.json<{ address: string }[]>(['address', 'list', 'bob']);
  box.env['ADDRESS'] = bob?.address ?? '';
  const sent = await box.json<{ txid: string }>([
    'send',
    bob?.address ?? '',
    '5',
    '--wallet',
    'alice',
    '--yes',
  ]);
  box.env['TXID'] = sent.txid;
  box.env['REQUEST'] = `mxd:${bob?.address ?? ''}?amount=4.2`;
  await ok('mxd config encrypt --value-file value.txt --passphrase-file config.pass > sealed.txt');
  await ok('mxd wallet new old --suite ed25519 --words-file old.words');
  const [old] = await box.json<{ address: string }[]>(['address', 'list', 'old']);
  for (const to of [old?.address ?? '', bob?.address ?? '']) {
    await box.json(['send', to, '2', '--wallet', 'alice', '--yes']);
  }
  await ok('mxd tx build $ADDRESS 3 --wallet alice --out payment.json');
});

afterAll(async () => {
  await box.shell('mxd node stop mynode; mxd devnet down --dir net');
  await box[Symbol.asyncDispose]();
});

describe('examples of help', () => {
  // The variables stand for what a reader has at hand; quoted, since requests hold signs for shells.
  const asTyped = (line: string): string => line.replaceAll(/\$([A-Z]+)/g, '"$$$1"');
  test.each(rest)('%s', async (line) => {
    await ok(asTyped(line));
  });

  test('a receipt of another chain proves nothing here', async () => {
    const receipt = JSON.parse(await readFile(box.path('receipt.json'), 'utf8')) as {
      summary: { height: number };
    };
    receipt.summary.height += 1;
    await writeFile(box.path('forged.json'), JSON.stringify(receipt));
    const words = ['receipt', 'verify', 'forged.json', '--checkpoint', 'checkpoint.json'];
    expect((await box.mxd(words)).code).toBe(4);
  });

  test('half-signed files, too little money, unknown ids, time that is up', async () => {
    await ok('mxd tx build "$ADDRESS" 1 --wallet alice --out open.json');
    const half = await box.mxd(['tx', 'send', 'open.json', '--yes']);
    expect(half.code).toBe(4);
    expect(half.stderr).toContain('WALLET_INCOMPLETE');
    const much = ['send', box.env['ADDRESS'] ?? '', '99999999', '--wallet', 'alice', '--yes'];
    expect((await box.mxd(much)).code).toBe(4);
    expect((await box.mxd(['tx', '00'.repeat(64)])).code).toBe(5);
    expect((await box.mxd(['wait', '--height', '9999999', '--timeout', '0.5'])).code).toBe(6);
    expect((await box.mxd(['send', box.env['ADDRESS'] ?? '', '1', '--wallet', 'alice'])).code).toBe(
      2,
    );
  });

  test('sending a file again gives its state and pays once', async () => {
    await ok('mxd tx build "$ADDRESS" 2 --wallet alice --out twice.json');
    await ok('mxd tx sign twice.json --wallet alice --yes');
    const first = await box.json<{ txid: string }>(['tx', 'send', 'twice.json', '--yes']);
    const second = await box.json<{ txid: string }>(['tx', 'send', 'twice.json', '--yes']);
    expect(second.txid).toBe(first.txid);
  });

  test.each(others)('%s', async (line) => {
    await ok(line);
  });
});
