/**
 * Rules over the syntax tree of one module. A line may be exempted where the rule is wrong, by a
 * comment on it or on the line above that gives the reason: `// tidy-allow <rule>: <reason>`.
 */
import { basename } from 'node:path/posix';
import { Visitor } from 'oxc-parser';
import { lineAt, type Parsed, parseModule, type SourceFile } from '../sources.ts';
import { type Finding, inArea, type TidyTable } from './finding.ts';

type Where = 'packages' | 'pure' | 'browser' | 'state' | 'library';

interface Ban {
  readonly names: readonly string[];
  readonly where: Where;
  readonly instead: string;
}

/** Dotted names of globals that may not be read, and what to use. */
const bans: readonly Ban[] = [
  {
    names: ['Math.random'],
    where: 'packages',
    instead: 'randomness that is passed in, or crypto.getRandomValues where it must be secret',
  },
  { names: ['console'], where: 'library', instead: 'the logger that is passed in' },
  { names: ['process.exit'], where: 'library', instead: 'a rejected promise; apps end processes' },
  {
    names: ['Date.now', 'performance.now', 'process.hrtime', 'Temporal.Now'],
    where: 'pure',
    instead: 'a time that comes in with the event',
  },
  {
    names: ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch'],
    where: 'pure',
    instead: 'an effect that the host carries out',
  },
  {
    names: ['crypto.getRandomValues', 'crypto.randomUUID', 'globalThis.crypto', 'process'],
    where: 'pure',
    instead: 'a value that comes in',
  },
  {
    names: [
      'Math.sqrt',
      'Math.pow',
      'Math.log',
      'Math.log2',
      'Math.log10',
      'Math.exp',
      'parseFloat',
    ],
    where: 'pure',
    instead: 'integer arithmetic',
  },
  { names: ['Intl'], where: 'pure', instead: 'code that no locale changes' },
  { names: ['Buffer'], where: 'browser', instead: 'Uint8Array and the functions of @mxd/codec' },
  { names: ['process', '__dirname'], where: 'browser', instead: 'a value that is passed in' },
];

/** Domain tags come from the one table of @mxd/crypto: two of the same text would share meanings. */
const domainTag = /^(?:RSC1|MXD5)[A-Z0-9]{4}$/;
const textToBytes = /(?:^|\.)(?:asciiBytes|encode|from)$/;

/** Why a metric of this type may not have this name, or undefined. */
function metricProblem(type: string, name: string): string | undefined {
  if (!/^mxd_[a-z][a-z0-9_]*[a-z0-9]$/.test(name)) return 'is not mxd_ and lower case words';
  const isTotal = name.endsWith('_total');
  if (type === 'counter' && !isTotal) return 'is a counter and does not end in _total';
  if (type === 'histogram' && !/_(seconds|bytes)$/.test(name)) {
    return 'is a histogram and does not end in _seconds or _bytes';
  }
  if (type === 'gauge' && isTotal) return 'is a gauge and ends in _total';
  const unit = /_(ms|millis|milliseconds|minutes|hours|kb|mb|count)(_total)?$/.exec(name)?.[1];
  return unit === undefined ? undefined : `has the unit ${unit}: use _seconds, _bytes or a noun`;
}

interface FileKind {
  readonly packages: boolean;
  readonly library: boolean;
  readonly pure: boolean;
  readonly browser: boolean;
  readonly state: boolean;
}

function kindOf(path: string, table: TidyTable): FileKind {
  const isSource = /^(packages|apps)\/[^/]+\/src\//.test(path);
  const state = isSource && /(^|[.-])state\.ts$/.test(basename(path));
  return {
    packages: isSource,
    library: isSource && path.startsWith('packages/'),
    pure: state || inArea(table.pure, path),
    browser: inArea(table.browser, path),
    state,
  };
}

/** Names the rules may be waved through by, with the lines they are waved through on. */
function allowances(file: SourceFile, parsed: Parsed): ReadonlySet<string> {
  const allowed = new Set<string>();
  for (const comment of parsed.comments) {
    const rule = /^\s*tidy-allow ([a-z-]+): \S/.exec(comment.value)?.[1];
    if (rule === undefined) continue;
    const line = lineAt(file.text, comment.start);
    allowed.add(`${rule} ${line}`).add(`${rule} ${line + 1}`);
  }
  return allowed;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** `a.b.c` of a chain of plain members, or undefined for anything computed. */
function dotted(node: Node): string | undefined {
  if (node.type === 'Identifier') return (node as Node & { name: string }).name;
  if (node.type !== 'MemberExpression') return undefined;
  const member = node as Node & { object: Node; property: Node; computed: boolean };
  const object = dotted(member.object);
  if (object === undefined || member.computed) return undefined;
  return `${object}.${(member.property as Node & { name: string }).name}`;
}

/** Finds what the code of one module may not do. */
export function checkCode(file: SourceFile, table: TidyTable): readonly Finding[] {
  const kind = kindOf(file.path, table);
  const isTest = /\/(test|bench)\//.test(file.path);
  if (!kind.packages && !isTest) return [];
  const parsed = parseModule(file);
  const allowed = allowances(file, parsed);
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const report = (rule: string, start: number, text: string, warning?: true): void => {
    const line = lineAt(file.text, start);
    const key = `${rule} ${line}`;
    if (allowed.has(key) || seen.has(key)) return;
    seen.add(key);
    findings.push({ path: file.path, line, rule, text, ...(warning ? { warning } : {}) });
  };

  const shadowed = new Set<string>();
  const checkName = (name: string, start: number): void => {
    for (const ban of bans) {
      if (!kind[ban.where]) continue;
      const hit = ban.names.find((banned) => name === banned || name.startsWith(`${banned}.`));
      const [head = ''] = name.split('.');
      if (hit !== undefined && !shadowed.has(head)) {
        report('banned-call', start, `${hit} is banned here: use ${ban.instead}`);
      }
    }
  };

  const bareError = (node: Node | undefined): void => {
    if (!kind.library || node?.type !== 'NewExpression') return;
    if (dotted((node as Node & { callee: Node }).callee) !== 'Error') return;
    report('bare-error', node.start, "a bare Error: throw the package's coded error");
  };

  const functionLines = (node: Node): void => {
    const lines = lineAt(file.text, node.end) - lineAt(file.text, node.start) + 1;
    if (!isTest && lines > table.limits.functionLines) {
      report('function-length', node.start, `a function of ${lines} lines`, true);
    }
  };
  const noAsync = (node: Node & { async?: boolean }): void => {
    if (kind.state && node.async === true) report('state', node.start, 'async in a state file');
    functionLines(node);
  };

  // Locals that only share a global's name (a parameter `process`) are not the global.
  new Visitor({
    VariableDeclarator: (node) =>
      void (node.id.type === 'Identifier' && shadowed.add(node.id.name)),
    ImportSpecifier: (node) => void shadowed.add(node.local.name),
    ImportDefaultSpecifier: (node) => void shadowed.add(node.local.name),
    ImportNamespaceSpecifier: (node) => void shadowed.add(node.local.name),
    FunctionDeclaration: (node) => void (node.id !== null && shadowed.add(node.id.name)),
  }).visit(parsed.program);

  new Visitor({
    MemberExpression(node) {
      const name = dotted(node);
      if (name !== undefined) checkName(name.replace(/^globalThis\.(?!crypto)/, ''), node.start);
    },
    CallExpression(node) {
      const name = dotted(node.callee);
      if (name !== undefined && !name.includes('.')) checkName(name, node.start);
      const [first] = node.arguments;
      if (/(^|\.)reject$/.test(name ?? '')) bareError(first);
      const isMetric = /^(counter|gauge|histogram)$/.test(name ?? '') && first?.type === 'Literal';
      if (kind.packages && isMetric && typeof first.value === 'string') {
        const problem = first.value.startsWith('mxd') && metricProblem(name ?? '', first.value);
        if (problem) report('metric-name', node.start, `${first.value} ${problem}`);
      }
      const isBytes = kind.packages && first?.type === 'Literal' && textToBytes.test(name ?? '');
      if (isBytes && typeof first.value === 'string' && domainTag.test(first.value)) {
        report('domain-tag', node.start, `${first.value}: use tagBytes of @mxd/crypto/hash`);
      }
      const focus = name?.match(/^(describe|it|test)\.only$/);
      if (isTest && focus) report('focused-test', node.start, `${name} leaves the others out`);
    },
    ThrowStatement(node) {
      bareError(node.argument);
    },
    NewExpression(node) {
      const name = dotted(node.callee);
      if (kind.pure && name === 'Date' && node.arguments.length === 0) {
        report('banned-call', node.start, 'new Date() reads the clock: use a time that comes in');
      }
    },
    ImportDeclaration(node) {
      const isNode = node.source.value.startsWith('node:') && node.importKind !== 'type';
      if (isNode && (kind.pure || kind.browser)) {
        const where = kind.state ? 'a state file' : kind.pure ? 'a pure core' : 'browser code';
        report('node-import', node.start, `${node.source.value} in ${where}`);
      }
    },
    AwaitExpression(node) {
      if (kind.state) report('state', node.start, 'await in a state file');
    },
    FunctionDeclaration: noAsync,
    FunctionExpression: noAsync,
    ArrowFunctionExpression: noAsync,
  }).visit(parsed.program);
  return findings;
}
