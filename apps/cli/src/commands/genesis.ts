import { existsSync } from 'node:fs';
import { open, readFile, rename, writeFile } from 'node:fs/promises';

import { compareBytes, formatAmount, fromHex, toHex } from '@mxd/codec';
import { decodeAddress } from '@mxd/crypto/address';
import { GenesisGuard } from '@mxd/consensus/sign-guard';
import { installNative } from '@mxd/crypto/native';
import { verifySignature } from '@mxd/crypto/suites';
import { openConsensusKey, type ConsensusKey } from '@mxd/node';
import { verifyGenesis } from '@mxd/protocol/checks';
import {
  genesisCodec,
  genesisDocumentCodec,
  genesisDocumentHash,
  genesisMemberCodec,
  genesisPossessionMessage,
  genesisSigningMessage,
  validatorIdOf,
  type Genesis,
  type GenesisDocument,
  type GenesisMember,
} from '@mxd/protocol/genesis';
import { defaultParameters, type ChainParameters } from '@mxd/protocol/parameters';
import { parametersToJson, parseParametersText } from '@mxd/protocol/parameters-json';
import type { TransactionOutput } from '@mxd/protocol/transaction';

import { usage } from '../arguments.ts';
import { agree, isDryRun, type Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';
import { chosenPlace, readBook } from '../wallet-book.ts';
import { readText, writeText } from './files.ts';
import { amountOf } from './payment.ts';
import { keyPassphrase } from './validator.ts';

const misfit = (message: string): CliError => new CliError('CLI_CEREMONY', message);

async function openKey(context: Context): Promise<ConsensusKey> {
  const file = context.parsed.text('key');
  if (file === undefined) throw usage('--key FILE names the keystore of the consensus key');
  using passphrase = await keyPassphrase(context, false);
  return await openConsensusKey(file, passphrase);
}

function required(context: Context, name: string): string {
  const value = context.parsed.text(name);
  if (value === undefined) throw usage(`--${name} is missing`);
  return value;
}

function networkIdOf(context: Context): number {
  const id = context.parsed.whole('network-id', 1, 0xffff_ffff);
  if (id === undefined) throw usage('--network-id is missing');
  return id;
}

export async function announce(context: Context): Promise<unknown> {
  const networkId = networkIdOf(context);
  const stake = amountOf(required(context, 'stake'));
  const out = required(context, 'out');
  const place = chosenPlace(context);
  const [account] = (await readBook(place)).accounts;
  if (account === undefined) throw new CliError('CLI_WALLET_KIND', `${place.name} has no account`);
  using key = await openKey(context);
  const id = validatorIdOf(account.suite, account.publicKey);
  const member: GenesisMember = {
    id,
    accountSuite: account.suite,
    accountKey: account.publicKey,
    consensusKey: key.publicKey,
    stake,
    possessionSignature: new GenesisGuard(key).signPossession(networkId, id),
  };
  const file = {
    format: 'mxd-genesis-member',
    version: 1,
    networkId,
    validatorId: toHex(id),
    stake: formatAmount(stake),
    member: toHex(genesisMemberCodec.encode(member)),
  };
  await writeText(out, `${JSON.stringify(file, null, 2)}\n`);
  return { file: out, validatorId: file.validatorId, stake: file.stake };
}

async function readJson(path: string, format: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readText(path);
  let file: Readonly<Record<string, unknown>>;
  try {
    file = JSON.parse(text) as typeof file;
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} is no JSON`, {}, { cause });
  }
  if (file['format'] === format && file['version'] === 1) return file;
  throw new CliError('CLI_FILE', `${path} is no ${format} of version 1`);
}

async function readMember(path: string, networkId: number): Promise<GenesisMember> {
  const file = await readJson(path, 'mxd-genesis-member');
  const decoded = genesisMemberCodec.tryDecode(fromHex(String(file['member'])));
  if (!decoded.ok) throw misfit(`${path}: ${decoded.error.message}`);
  const { id, consensusKey, possessionSignature, accountSuite, accountKey } = decoded.value;
  const message = genesisPossessionMessage(networkId, id, consensusKey);
  if (compareBytes(id, validatorIdOf(accountSuite, accountKey)) !== 0) {
    throw misfit(`${path}: the id is not the account's`);
  }
  if (verifySignature(1, consensusKey, message, possessionSignature)) return decoded.value;
  throw misfit(`${path}: the member does not prove its key for network ${networkId}`);
}

/** Lines of `address amount`; # starts a comment. */
async function readAllocations(
  path: string | undefined,
  network: 'main' | 'test',
): Promise<readonly TransactionOutput[]> {
  if (path === undefined) return [];
  const lines = (await readText(path)).split('\n').map((line) => line.replace(/#.*/, '').trim());
  return lines.flatMap((line, index): readonly TransactionOutput[] => {
    if (line === '') return [];
    const [address = '', amount = '', more] = line.split(/\s+/);
    if (more !== undefined) throw usage(`${path}:${index + 1}: more than an address and an amount`);
    const decoded = decodeAddress(address);
    if (decoded.network !== network) {
      throw usage(`${path}:${index + 1}: the address is of a ${decoded.network} network`);
    }
    return [{ owner: decoded.address, amount: amountOf(amount) }];
  });
}

/** The defaults, what a JSON file sets of them, and the option for the length of epochs. */
async function parametersOf(context: Context): Promise<ChainParameters> {
  const path = context.parsed.text('parameters');
  const epochLength = context.parsed.whole('epoch-length', 16, 65_536);
  const parameters =
    path === undefined ? defaultParameters : parseParametersText(await readText(path));
  return epochLength === undefined ? parameters : { ...parameters, epochLength };
}

export async function document(context: Context): Promise<unknown> {
  installNative();
  const { parsed } = context;
  const networkId = networkIdOf(context);
  const out = required(context, 'out');
  const time = required(context, 'time');
  const genesisTimeMs = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(time) ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(genesisTimeMs)) throw usage(`--time: "${time}" is no time`);
  const members = await Promise.all(parsed.words.map((path) => readMember(path, networkId)));
  const network = parsed.flag('main') ? 'main' : 'test';
  const made: GenesisDocument = {
    networkId,
    testNetwork: network === 'test' ? 1 : 0,
    attempt: parsed.whole('attempt', 0, 0xffff_ffff) ?? 0,
    genesisTimeMs,
    parameters: await parametersOf(context),
    allocations: await readAllocations(parsed.text('allocations'), network),
    members: members.toSorted((a, b) => compareBytes(a.id, b.id)),
    listed: [],
  };
  const bytes = genesisDocumentCodec.encode(made);
  const sound = genesisDocumentCodec.tryDecode(bytes);
  if (!sound.ok) throw misfit(sound.error.message);
  await writeFile(out, bytes);
  return { file: out, ...describe(made) };
}

function describe(made: GenesisDocument): Readonly<Record<string, unknown>> {
  const sum = (amounts: readonly bigint[]): string =>
    formatAmount(amounts.reduce((total, amount) => total + amount, 0n));
  return {
    hash: toHex(genesisDocumentHash(made)),
    networkId: made.networkId,
    network: made.testNetwork === 1 ? 'test' : 'main',
    attempt: made.attempt,
    time: new Date(made.genesisTimeMs).toISOString(),
    epochLength: made.parameters.epochLength,
    parameters: parametersToJson(made.parameters),
    allocations: made.allocations.length,
    allocated: sum(made.allocations.map(({ amount }) => amount)),
    members: made.members.map(({ id, stake, consensusKey }) => ({
      id: toHex(id),
      stake: formatAmount(stake),
      consensusKey: toHex(consensusKey),
    })),
  };
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} cannot be read`, {}, { cause });
  }
}

async function readDocument(path: string): Promise<GenesisDocument> {
  const decoded = genesisDocumentCodec.tryDecode(await readBytes(path));
  if (decoded.ok) return decoded.value;
  throw new CliError('CLI_GENESIS', `${path} is no genesis document: ${decoded.error.message}`);
}

const verify = (key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  verifySignature(1, key, message, signature);

export async function show(context: Context): Promise<unknown> {
  installNative();
  const path = context.parsed.word(0);
  const signed = genesisCodec.tryDecode(await readBytes(path));
  if (!signed.ok) return { signed: 'no', ...describe(await readDocument(path)) };
  const verdict = verifyGenesis(signed.value, verify);
  if (!verdict.ok) throw new CliError('CLI_GENESIS', `${path}: ${verdict.reason}`);
  return { signed: 'by all members', ...describe(signed.value.document) };
}

/** What this key signed before: one document for each attempt, also across runs of the program. */
async function guardAttempt(keyFile: string, made: GenesisDocument): Promise<void> {
  const path = `${keyFile}.genesis-signed.json`;
  const hash = toHex(genesisDocumentHash(made));
  if (existsSync(path)) {
    const before = JSON.parse(await readFile(path, 'utf8')) as {
      readonly attempt: number;
      readonly hash: string;
    };
    if (before.hash !== hash && made.attempt <= before.attempt) {
      throw misfit(`this key signed another document of attempt ${before.attempt}`);
    }
  }
  // Durable before the signature exists: a crash in between must not allow a second document.
  await using file = await open(`${path}.new`, 'w', 0o600);
  await file.writeFile(JSON.stringify({ attempt: made.attempt, hash }));
  await file.sync();
  await rename(`${path}.new`, path);
}

export async function sign(context: Context): Promise<unknown> {
  const made = await readDocument(context.parsed.word(0));
  const view = describe(made);
  if (isDryRun(context)) return { dryRun: true, ...view };
  const out = required(context, 'out');
  using key = await openKey(context);
  const own = made.members.find(
    ({ consensusKey }) => compareBytes(consensusKey, key.publicKey) === 0,
  );
  if (own === undefined) throw misfit('the key is of no member of this document');
  await agree(context, `Sign the genesis ${toHex(genesisDocumentHash(made)).slice(0, 16)}...?`);
  await guardAttempt(required(context, 'key'), made);
  const answer = new GenesisGuard(key).signDocument(made);
  if (!answer.ok) throw misfit(`the sign guard refuses: ${answer.code}`);
  const file = {
    format: 'mxd-genesis-signature',
    version: 1,
    hash: view['hash'],
    validatorId: toHex(own.id),
    signature: toHex(answer.signature),
  };
  await writeText(out, `${JSON.stringify(file, null, 2)}\n`);
  return { file: out, validatorId: file.validatorId, hash: file.hash };
}

export async function assemble(context: Context): Promise<unknown> {
  installNative();
  const [path = '', ...files] = context.parsed.words;
  const made = await readDocument(path);
  const out = required(context, 'out');
  const hash = toHex(genesisDocumentHash(made));
  const message = genesisSigningMessage(made);
  const found = new Map<string, Uint8Array>();
  for (const file of files) {
    const json = await readJson(file, 'mxd-genesis-signature');
    if (json['hash'] !== hash) throw misfit(`${file} signs another document`);
    const member = made.members.find(({ id }) => toHex(id) === json['validatorId']);
    const signature = fromHex(String(json['signature']));
    if (member === undefined || !verify(member.consensusKey, message, signature)) {
      throw misfit(`${file} is not by a member of this document`);
    }
    found.set(toHex(member.id), signature);
  }
  const signatures = made.members.map(({ id }) => {
    const signature = found.get(toHex(id));
    if (signature === undefined) throw misfit(`the signature of ${toHex(id)} is missing`);
    return signature;
  });
  const genesis: Genesis = { document: made, signatures };
  const verdict = verifyGenesis(genesis, verify);
  if (!verdict.ok) throw misfit(verdict.reason);
  await writeFile(out, genesisCodec.encode(genesis));
  return new Shown({ file: out, hash, members: signatures.length }, `${out}: hash ${hash}`);
}
