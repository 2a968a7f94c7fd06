import { send as submit, waitForFinal } from '@mxd/client';
import { buildPayment, signTransaction, spendableCoins } from '@mxd/wallet';

import { openChain, openLight, saveLight } from '../chain.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { Shown } from '../output.ts';
import { openNamed } from '../wallet-store.ts';
import { gatherCoins } from './payment.ts';

const quantile = (sorted: readonly number[], share: number): number =>
  Math.round(sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? 0);

/** Pays coins to their owner one by one, each proven final before the next: latency, not load. */
export async function bench(context: Context): Promise<unknown> {
  const count = context.parsed.whole('count', 1, 1_000) ?? 10;
  const open = await openChain(context);
  const { chain, connection } = open;
  using wallet = await openNamed(context);
  const [account] = wallet.book.accounts;
  if (account === undefined) throw new CliError('CLI_WALLET_KIND', 'the wallet has no address');
  const [signer] = wallet.signers([account]);
  if (signer === undefined) throw new CliError('CLI_WALLET_KIND', 'the account cannot sign');
  using own = signer;
  const { value: status } = await connection.request('status', {});
  const all = await gatherCoins(connection, [account.owner], chain.network);
  const coins = spendableCoins(all, status.height).slice(0, count);
  if (coins.length < count) {
    throw new CliError('CLI_WALLET_KIND', `${count} coins are needed, ${coins.length} are there`);
  }
  const light = await openLight(context, open);
  const timesMs: number[] = [];
  const payments = coins.map((coin) =>
    signTransaction(
      buildPayment(chain, {
        coins: [coin],
        payments: [{ to: account.owner, amount: coin.amount }],
        change: account.owner,
      }),
      [own],
    ),
  );
  for (const [done, signed] of payments.entries()) {
    context.out.progress('paying', done, count);
    const startedMs = performance.now();
    await submit(connection, signed);
    await waitForFinal(light, signed.txid, {
      timeoutMs: context.settings.timeout * 1_000,
      pollMs: 10,
      resend: signed,
    });
    timesMs.push(performance.now() - startedMs);
  }
  await saveLight(context, light);
  const sorted = timesMs.toSorted((a, b) => a - b);
  const [p50, p95, max] = [quantile(sorted, 0.5), quantile(sorted, 0.95), quantile(sorted, 1)];
  return new Shown(
    { payments: count, p50Ms: p50, p95Ms: p95, maxMs: max },
    `${count} payments proven final: median ${p50} ms, p95 ${p95} ms, slowest ${max} ms`,
  );
}
