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
      const focus = name?.match(/^(describe|it|test)\.only$/);
      if (isTest && focus) report('focused-test', node.start, `${name} leaves the others out`);
    },
    NewExpression(node) {
      const name = dotted(node.callee);
      if (kind.library && name === 'Error') {
        report(
          'bare-error',
          node.start,
          "new Error(...) is not used in packages: throw the package's coded error",
        );
      }
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
