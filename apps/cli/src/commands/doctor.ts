import { ClientError } from '@mxd/client';

import { connect } from '../chain.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { openFolder, pidOfFolder, type NodeFolder } from '../node-folder.ts';
import { Shown } from '../output.ts';
import { wrapIndented } from '../wrap.ts';
import { checks, type Finding, type Subject } from './health-checks.ts';

async function subjectOf(context: Context): Promise<Subject> {
  const folder: NodeFolder | undefined =
    context.parsed.word(0) === '' ? undefined : await openFolder(context);
  const pid = folder === undefined ? undefined : await pidOfFolder(folder);
  // Without --endpoint, the node of the folder is asked and nobody else's.
  const isTold = context.parsed.texts('endpoint').length > 0;
  // A day of full blocks and a backup fit into one GiB.
  const roomGib = context.parsed.whole('room', 0, 1_000_000) ?? 1;
  if (folder !== undefined && pid === undefined && !isTold) {
    return { folder, pid, status: undefined, roomGib };
  }
  const own = `http://127.0.0.1:${folder?.config.api.port ?? 0}`;
  const endpoint = folder !== undefined && !isTold ? [own] : context.settings.endpoint;
  const connection = connect({ ...context, settings: { ...context.settings, endpoint } });
  try {
    return { folder, pid, status: (await connection.request('status', {})).value, roomGib };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    context.out.note(`no node answers: ${error.message}`);
    return { folder, pid, status: undefined, roomGib };
  }
}

const marks = { ok: 'green', fault: 'red', skipped: 'dim' } as const;

/** Runs every check; a check that fails to run is a fault of its own. */
export async function doctor(context: Context): Promise<unknown> {
  const subject = await subjectOf(context);
  const findings: Finding[] = [];
  for (const check of checks) findings.push(await check(subject));
  const { width } = context.out;
  const left = width > 0 && width < 70 ? 8 : 21;
  const lines = findings.flatMap(({ check, state, detail, mend }) => {
    const line = wrapIndented(`${state.padEnd(8)}${check.padEnd(12)} ${detail}`, width, left);
    return [
      line.replace(state, context.out.paint(marks[state], state)),
      ...(mend === undefined
        ? []
        : [wrapIndented(`${' '.repeat(left)}mend: ${mend}`, width, left + 6)]),
    ];
  });
  const faults = findings.filter(({ state }) => state === 'fault').length;
  lines.push(faults === 0 ? 'nothing is wrong' : faults === 1 ? '1 fault' : `${faults} faults`);
  return new Shown(findings, lines.join('\n'), faults === 0 ? exitCodes.ok : exitCodes.failure);
}
