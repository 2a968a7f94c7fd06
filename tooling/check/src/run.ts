// `npm test`: runs the steps one after the other, tells each one's result and time, and ends with
// `N passed, N failed`. `npm test -- lint types` runs only these, `-- --list` names them all.
import { parseArgs } from 'node:util';
import { shortened } from './failures.ts';
import { type Outcome, type Step, steps } from './steps.ts';

const usage = `npm test [-- step ...] [--list]

  step     run only the steps named (in their usual order)
  --list   name the steps

Examples: npm test      npm test -- lint types`;

async function outcomeOf(step: Step): Promise<Outcome> {
  const reason = step.absent?.();
  if (reason !== undefined) {
    return { passed: 0, failed: 0, skipped: 1, output: '', note: `skipped: ${reason}` };
  }
  try {
    return await step.run();
  } catch (error) {
    const output = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { passed: 0, failed: 1, skipped: 0, output };
  }
}

function mark(outcome: Outcome): string {
  if (outcome.failed > 0) return 'FAILED';
  return outcome.passed > 0 ? 'ok' : '-';
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help || values.list) {
    if (values.help) console.log(`${usage}\n`);
    for (const { name, about } of steps) console.log(`${name.padEnd(20)} ${about}`);
    return 0;
  }
  const unknown = positionals.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`no step is called ${unknown.join(', ')}; see npm test -- --list`);
    return 2;
  }
  const chosen = steps.filter((s) => positionals.length === 0 || positionals.includes(s.name));
  const failures: string[] = [];
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const started = performance.now();
  for (const step of chosen) {
    const begun = performance.now();
    console.log(`\n> ${step.name}: ${step.about}`);
    const outcome = await outcomeOf(step);
    totals.passed += outcome.passed;
    totals.failed += outcome.failed;
    totals.skipped += outcome.skipped;
    if (outcome.failed > 0 && outcome.output !== '') console.log(outcome.output.trimEnd());
    if (outcome.failed > 0) {
      const named = outcome.failures ?? [];
      for (const text of named.length > 0 ? named : [outcome.output]) {
        failures.push(shortened(`${step.name}: ${text}`));
      }
    }
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.log(`  ${mark(outcome)}  ${seconds} s  ${outcome.note ?? ''}`.trimEnd());
  }
  if (failures.length > 0) console.log(`\nwhat failed\n\n${failures.join('\n\n')}`);
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  console.log(`\n${chosen.length} steps in ${minutes} minutes`);
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  return totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

process.exitCode = await main();
