import type { Owner } from '@mxd/protocol/transaction';
import type { Coin, SigningAccount } from '@mxd/wallet';
import { masterKeyOfWords } from '@mxd/wallet/mnemonic';

import { coinsOf, heightOf, holdingsOf } from './coins.ts';
import { LoadError } from './errors.ts';
import { Observers } from './observer.ts';
import type { LoadOptions } from './options.ts';
import { Preparation } from './prepare.ts';
import { loopDelayOf, usageOf, type Usage } from './processes.ts';
import { provePayments } from './prove.ts';
import { reportOf, type Report } from './report.ts';
import { Sender } from './sender.ts';
import { SignPool } from './sign-pool.ts';
import { signatureCostOf } from './signature-cost.ts';
import type { KeyPlace, Signed } from './signing.ts';
import { Spammer } from './spam.ts';
import { openTarget, type Target, type TargetNode } from './target.ts';
import { paymentOf, Tracker, type Payment } from './tracker.ts';

/** Accounts that are paid. */
const receiverCount = 16;
/** What a closed loop may need at most; it ends early when all is sent. */
const closedRate = { 1: 4_000, 2: 400, 3: 400 } as const;
/** Coins of suites that are not the payer's, and of spam. */
const smallCoin = 100_000_000n;
const spamCoins = 4_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Everything that is signed before the clock starts. */
interface Ready {
  readonly payments: readonly Payment[];
  readonly spam: readonly Signed[];
  /** Accounts whose sum must not change. */
  readonly owners: readonly Owner[];
  /** Processor time of one check of a payment's signature. */
  readonly signatureMs: number;
}

function wanted({ profile, suite }: LoadOptions): number {
  const { loop, seconds } = profile;
  return (loop.kind === 'open' ? loop.rate : closedRate[suite]) * seconds;
}

async function spendable(
  target: Target,
  prepared: Preparation,
  options: LoadOptions,
): Promise<{ readonly key: KeyPlace; readonly coins: readonly Coin[] }> {
  const { suite } = options;
  const key: KeyPlace = { ...prepared.payer, suite };
  const count = wanted(options);
  if (suite !== 1) {
    const coins = await prepared.fund(key, Math.min(count, 20_000), smallCoin);
    return { key, coins };
  }
  using payer = prepared.account(key);
  const coins = await coinsOf(target, payer.owner, count + 1_000);
  if (coins.length === 0) throw new LoadError('the paying account has no coins');
  return { key, coins: coins.slice(0, count) };
}

/** Spam: from coins that rested and from coins that were just made, one of each in turn. */
async function spamOf(
  target: Target,
  prepared: Preparation,
  pool: SignPool,
  receivers: readonly Owner[],
): Promise<readonly Signed[]> {
  const plan = { rounds: 1, outputs: 1, amount: 0n, tip: 0n } as const;
  const of = async (index: number): Promise<readonly Signed[]> => {
    const key: KeyPlace = { suite: 1, account: target.account, change: 2, index };
    const coins = await prepared.fund(key, spamCoins, smallCoin / 100n);
    return pool.sign(key, coins, receivers, plan, coins.length);
  };
  const aged = await of(0);
  await prepared.rest(await heightOf(target.nodes[0] as TargetNode));
  const fresh = await of(1);
  return aged.flatMap((signed, i) => [signed, fresh[i] as Signed]);
}

async function prepare(
  target: Target,
  options: LoadOptions,
  say: (text: string) => void,
): Promise<Ready> {
  using master = await masterKeyOfWords(target.words);
  const prepared = new Preparation(target, master, say);
  const receivers = Array.from({ length: receiverCount }, (_, index) => {
    using account = prepared.account({ suite: 1, account: target.account, change: 1, index });
    return account.owner;
  });
  await using pool = new SignPool(target.chain, target.words, options.workers);
  const spam =
    options.profile.spam === undefined ? [] : await spamOf(target, prepared, pool, receivers);
  const { key, coins } = await spendable(target, prepared, options);
  await prepared.rest(coins.reduce((top, coin) => Math.max(top, coin.createdHeight), 0));
  const unspent = await stillThere(target, prepared, key, coins);
  const count = wanted(options);
  const rounds = options.outputs === 1 ? 1 : Math.ceil(count / unspent.length);
  say(`signing ${Math.min(count, rounds * unspent.length)} payments of ${unspent.length} coins`);
  const smallest = unspent.reduce(
    (least, { amount }) => (amount < least ? amount : least),
    1n << 62n,
  );
  const amount = smallest / BigInt(2 * rounds);
  const plan = { rounds, outputs: options.outputs, amount, tip: 0n };
  const signed = await pool.sign(key, unspent, receivers, plan, count);
  const payers = ([1, 2, 3] as const).map((suite) =>
    prepared.account({ ...prepared.payer, suite }),
  );
  const spammers = [0, 1].map((index) => prepared.account({ ...prepared.payer, change: 2, index }));
  const owners = [...receivers, ...[...payers, ...spammers].map((account) => account.owner)];
  const signatureMs = signatureCostOf(options.suite, payers[options.suite - 1] as SigningAccount);
  for (const account of [...payers, ...spammers]) account[Symbol.dispose]();
  return { payments: signed.map(paymentOf), spam, owners, signatureMs };
}

/** Coins that the preparation itself has not spent. */
async function stillThere(
  target: Target,
  prepared: Preparation,
  key: KeyPlace,
  coins: readonly Coin[],
): Promise<readonly Coin[]> {
  using account = prepared.account(key);
  const now = await coinsOf(target, account.owner, 1_000_000);
  const nameOf = ({ outpoint }: Coin): string =>
    `${Buffer.from(outpoint.txid).toString('latin1')}${outpoint.index}`;
  const names = new Set(now.map(nameOf));
  return coins.filter((coin) => names.has(nameOf(coin)));
}

/** Waits for what is on its way; asks for what the streams did not tell. */
async function drain(tracker: Tracker, seconds: number): Promise<void> {
  const end = performance.now() + 1_000 * seconds;
  while (tracker.outstanding > 0 && performance.now() < end) await sleep(20);
}

/** Waits until all nodes have the same final head at one look, so that sums can be compared. */
async function settle(nodes: readonly TargetNode[], height: number): Promise<void> {
  const end = performance.now() + 20_000;
  while (performance.now() < end) {
    const heights = await Promise.all(nodes.map(heightOf));
    if (heights.every((one) => one >= height)) return;
    await sleep(50);
  }
}

const apiBytesOf = (nodes: readonly TargetNode[]): number =>
  nodes.reduce((sum, { http }) => sum + http.bytesSent + http.bytesReceived, 0);

/** Node `i` is observed at another one: at the second if it is the first, else at the first. */
const observerOfMany = (node: number): number => (node === 0 ? 1 : 0);
const observerOfOne = (): number => 0;

/** Runs a profile against a network. @throws LoadError. */
export async function runLoad(options: LoadOptions, say: (text: string) => void): Promise<Report> {
  using target = await openTarget(options);
  const { nodes } = target;
  const { profile } = options;
  const { payments, spam, owners, signatureMs } = await prepare(target, options, say);
  const isMany = nodes.length > 1;
  const observerOf = isMany ? observerOfMany : observerOfOne;
  const tracker = new Tracker(observerOf, () => sender.wake());
  const sender = new Sender({ nodes, payments, tracker, batch: options.batch });
  const observers = new Observers();
  await observers.open(nodes, isMany ? [0, 1] : [0], tracker);
  const first = nodes[0] as TargetNode;
  const holdings = await holdingsOf(target, first, owners);
  await loopDelayOf(nodes);
  const before = { usage: await usageOf(nodes), holdings, cpu: process.cpuUsage() };
  const apiBytes = apiBytesOf(nodes);
  const ending = new AbortController();
  const spammer = spam.length > 0 ? new Spammer(nodes, spam) : undefined;
  say(`sending for ${profile.seconds} s`);
  const startMs = performance.now();
  const flood = spammer?.run(profile.spam?.rate ?? 1, ending.signal);
  let midway: Usage | undefined;
  const half = setTimeout(() => {
    usageOf(nodes).then(
      (usage) => {
        midway = usage;
      },
      () => {},
    );
  }, 500 * profile.seconds);
  await sender.run(profile.loop, profile.seconds, ending.signal);
  clearTimeout(half);
  ending.abort();
  await flood;
  await drain(tracker, options.drainSeconds);
  const loopDelay = await loopDelayOf(nodes);
  const usage = await usageOf(nodes);
  const cpu = process.cpuUsage();
  const bytes = apiBytesOf(nodes) - apiBytes;
  await observers.close();
  const top = tracker.sent.reduce((height, payment) => Math.max(height, payment.height), 0);
  await settle(nodes, top);
  const finals = tracker.sent.filter(({ finalMs }) => finalMs > 0);
  const sample = finals.filter((_, i) => i % options.proveEvery === 0);
  say(`proving ${sample.length} payments`);
  const proven = await provePayments(target, sample, observerOf);
  const after = {
    usage,
    cpu,
    loopDelay,
    holdings: await Promise.all(nodes.map((node) => holdingsOf(target, node, owners))),
  };
  return reportOf({
    options,
    nodes: nodes.length,
    tracker,
    startMs,
    signatureMs,
    before,
    midway,
    after,
    apiBytes: bytes,
    proven,
    streamGaps: observers.gaps,
    spam: spammer?.counts,
  });
}
