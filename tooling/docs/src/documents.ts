/** The generated documents: each a function from the workspace to a text. */
import { type Arrow, checkLayers, type LayerTable } from '@mxd/check/layers';
import { find, has, type Member, members, read, readJson, sourcesOf } from '@mxd/check/sources';
import { errorCodes, limitsOf, load, metricsOf } from './exported.ts';
import { code, replaceBlock, table } from './markdown.ts';
import { capabilities } from './matrix/capabilities.ts';
import { lessons } from './matrix/lessons.ts';
import type { Row, Status } from './matrix/row.ts';

export interface Generated {
  readonly path: string;
  readonly text: string;
}

const note = (source: string): string =>
  `<!-- Written by npm run docs from ${source}: change it there. -->`;

function packages(): readonly Member[] {
  return members().filter(({ dir }) => dir.startsWith('packages/') || dir.startsWith('apps/'));
}

/** docs/errors.md; throws where a code is used by two packages, since codes are never reused. */
async function errors(): Promise<Generated> {
  const owners = new Map<string, string>();
  const parts: string[] = [];
  for (const member of packages()) {
    const module = await load(member, './errors');
    const codes = module === undefined ? [] : errorCodes(module);
    if (codes.length === 0) continue;
    for (const item of codes) {
      const owner = owners.get(item.code);
      if (owner !== undefined) {
        throw new RangeError(`${item.code} is a code of ${owner} and of ${member.manifest.name}`);
      }
      owners.set(item.code, member.manifest.name);
    }
    const rows = codes.map((item) => [code(item.code), item.text]);
    parts.push(`## ${code(member.manifest.name)}\n\n${table(['code', 'meaning'], rows)}`);
  }
  const text = [
    '# Error codes',
    note("the packages' `errors` entries"),
    'Every error that a package throws, and every refusal that it returns, carries one of these codes in `code`. Codes are stable: one is never given another meaning.',
    ...parts,
  ];
  return { path: 'docs/errors.md', text: text.join('\n\n') };
}

async function limits(): Promise<Generated> {
  const parts: string[] = [];
  for (const member of packages()) {
    const module = await load(member, './limits');
    const rows = limitsOf(module?.['limits']).map((limit) => [
      code(limit.name),
      limit.value,
      limit.unit,
      limit.why,
    ]);
    if (rows.length === 0) continue;
    const head = ['limit', 'value', 'unit', 'why'];
    parts.push(`## ${code(member.manifest.name)}\n\n${table(head, rows)}`);
  }
  const text = [
    '# Limits',
    note("the packages' `limits` entries"),
    'Each queue, cache, message, list and retry is bounded. These are the bounds, by package.',
    ...parts,
  ];
  return { path: 'docs/limits.md', text: text.join('\n\n') };
}

/** docs/metrics.md, where the package that defines the metrics is there. */
async function metrics(): Promise<readonly Generated[]> {
  const member = members().find(({ dir }) => dir === 'packages/metrics');
  const module = member === undefined ? undefined : await load(member, '.');
  const rows = metricsOf(module?.['catalogue']).map((metric) => [
    code(metric.name),
    metric.type,
    metric.labels,
    metric.help,
  ]);
  if (rows.length === 0) return [];
  const text = [
    '# Metrics',
    note('the catalogue of `@mxd/metrics`'),
    'What a node shows to Prometheus. Names are stable; labels have the closed lists of values given here.',
    table(['metric', 'type', 'labels', 'meaning'], rows),
  ];
  return [{ path: 'docs/metrics.md', text: text.join('\n\n') }];
}

/** docs/cli.md, from the command line's own table. */
async function commandLine(): Promise<readonly Generated[]> {
  const member = members().find(({ dir }) => dir === 'apps/cli');
  const module = member === undefined ? undefined : await load(member, './reference');
  const reference = module?.['cliReference'];
  if (typeof reference !== 'function') return [];
  const [title = '', ...rest] = (reference as () => string)().split('\n\n');
  const text = [title, note('the table of commands in apps/cli/src/tree'), ...rest].join('\n\n');
  return [{ path: 'docs/cli.md', text }];
}

function arrowTable(layers: LayerTable): string {
  const workspace = members().map((member) => ({ ...member, files: sourcesOf(member.dir) }));
  const { arrows } = checkLayers(layers, workspace);
  const short = (dir: string): string => code(dir.replace(/^packages\//, ''));
  const names = (dir: string, typesOnly: boolean): string =>
    arrows
      .filter((arrow: Arrow) => arrow.from === dir && arrow.typesOnly === typesOnly)
      .map((arrow) => short(arrow.to))
      .sort()
      .join(', ');
  const rows = workspace
    .toSorted(
      (a, b) =>
        (layers.layers[a.dir] ?? 0) - (layers.layers[b.dir] ?? 0) || (a.dir < b.dir ? -1 : 1),
    )
    .map(({ dir, manifest }) => [
      String(layers.layers[dir] ?? '?'),
      short(dir),
      names(dir, false),
      names(dir, true),
      Object.keys(manifest.dependencies ?? {})
        .filter((name) => !name.startsWith('@mxd/'))
        .map(code)
        .join(', '),
    ]);
  return table(['layer', 'member', 'imports', 'only types of', 'from outside'], rows);
}

function architecture(): Generated {
  const path = 'docs/architecture.md';
  const content = arrowTable(readJson<LayerTable>('tooling/layers.json'));
  return { path, text: replaceBlock(read(path), 'arrows', content) };
}

function cell(names: readonly string[]): string {
  return names
    .map((name) => {
      const [path = '', title] = name.split(' > ');
      const link = `[${path.replace(/^packages\//, '')}](../${path})`;
      return title === undefined ? link : `${link}: ${title}`;
    })
    .join('; ');
}

function statusOf(row: Pick<Row, 'status' | 'missing'>): string {
  return row.status === 'partial' ? `partial: ${row.missing}` : row.status;
}

function matrix(): Generated {
  const rows = capabilities.flatMap((section) => section.rows);
  const count = (list: readonly { status: Status }[], status: Status): number =>
    list.filter((row) => row.status === status).length;
  const summary = (['done', 'partial', 'planned'] as const).map((status) => [
    status,
    String(count(rows, status)),
    String(count(lessons, status)),
  ]);
  const head = ['capability', 'status', 'code', 'test'];
  const sections = capabilities.map(
    (section) =>
      `## ${section.title}\n\n${table(
        head,
        section.rows.map((row) => [row.what, statusOf(row), cell(row.code), cell(row.tests)]),
      )}`,
  );
  const text = [
    '# Implementation matrix',
    note('tooling/docs/src/matrix'),
    'Every capability that is promised, with the code that fulfils it and a test that shows it. A row is `done` when a test that goes through the capability passes; a check compares files and titles with the repository.',
    table(['status', 'capabilities', 'bug classes'], summary),
    ...sections,
    '## Bug classes and their tests',
    'Mistakes that cost payment chains forks, inflation or stalls. Each becomes a named test.',
    table(
      ['id', 'what went wrong', 'scenario', 'status', 'test'],
      lessons.map((item) => [item.id, item.bug, item.scenario, statusOf(item), cell(item.tests)]),
    ),
  ];
  return { path: 'docs/implementation-matrix.md', text: text.join('\n\n') };
}

/** The index of decisions; throws where two have one number. */
function decisions(): Generated {
  const numbers = new Set<string>();
  const rows = find('docs/decisions/[0-9]*.md').map((path) => {
    const file = path.slice('docs/decisions/'.length);
    const number = file.slice(0, 4);
    if (numbers.has(number)) throw new RangeError(`two decisions have the number ${number}`);
    numbers.add(number);
    const [heading = ''] = read(path).split('\n');
    return [number, `[${heading.replace(/^# (\d{4}[.:]?\s*)?/, '')}](${file})`];
  });
  const path = 'docs/decisions/README.md';
  const content = table(['number', 'decision'], rows);
  return { path, text: replaceBlock(read(path), 'decisions', content) };
}

/** `tsc -b` at the root builds every member that has sources. */
function buildReferences(): Generated {
  const references = find('{packages,apps,tooling}/*/tsconfig.json')
    .map((path) => path.slice(0, -'/tsconfig.json'.length))
    .filter((dir) => find(`${dir}/src/**/*.{ts,tsx}`).length > 0 && has(`${dir}/package.json`))
    .map((path) => ({ path }));
  return { path: 'tsconfig.json', text: JSON.stringify({ files: [], references }) };
}

/** Everything that is generated, unformatted. */
export async function generateAll(): Promise<readonly Generated[]> {
  return [
    await errors(),
    await limits(),
    ...(await metrics()),
    ...(await commandLine()),
    architecture(),
    matrix(),
    decisions(),
    buildReferences(),
  ];
}
