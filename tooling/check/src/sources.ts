/** Reads the workspace: its members, their manifests and sources, and what each module imports. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, parseSync, Visitor } from 'oxc-parser';

export const root: string = fileURLToPath(new URL('../../..', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly files?: readonly string[];
  readonly engines?: Readonly<Record<string, string>>;
  readonly repository?: { readonly directory?: string };
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A member of the workspace: a package, an app or a tool. */
export interface Member {
  /** `packages/codec` */
  readonly dir: string;
  readonly manifest: Manifest;
}

/** A file's path from the root, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Paths of files under the root that match, sorted, with forward slashes. */
export function find(pattern: string | readonly string[]): readonly string[] {
  return globSync(pattern, {
    cwd: root,
    exclude: (name) => /(^|[\\/])(node_modules|dist|coverage)$/.test(name),
  })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n');
}

export function has(path: string): boolean {
  return existsSync(join(root, path));
}

export function readJson<T>(path: string): T {
  return JSON.parse(read(path)) as T;
}

/** Members that hold sources: a manifest alone is a room that nobody has moved into yet. */
export function members(): readonly Member[] {
  return find('{packages,apps,tooling}/*/package.json')
    .map((path) => path.slice(0, -'/package.json'.length))
    .filter((dir) => dir !== 'tooling/bootstrap' && find(`${dir}/src/**/*.{ts,tsx}`).length > 0)
    .map((dir) => ({ dir, manifest: readJson<Manifest>(`${dir}/package.json`) }));
}

export function sourcesOf(dir: string, folders = '{src,test,bench}'): readonly SourceFile[] {
  return find(`${dir}/${folders}/**/*.{ts,tsx}`).map((path) => ({ path, text: read(path) }));
}

export interface Parsed {
  readonly program: Program;
  readonly comments: readonly { readonly value: string; readonly start: number }[];
}

/** Parses one module; throws a SyntaxError that names file and reason. */
export function parseModule(file: SourceFile): Parsed {
  const parsed = parseSync(file.path, file.text);
  const first = parsed.errors[0];
  if (first !== undefined) throw new SyntaxError(`${file.path}: ${first.message}`);
  return { program: parsed.program, comments: parsed.comments };
}

/** One-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line += 1;
  return line;
}

export interface ModuleImport {
  readonly specifier: string;
  /** True where nothing of the import is left after type stripping. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Every module that a file names: imports, re-exports, `import()`, `import('x').T`, `new URL`. */
export function importsOf(file: SourceFile): readonly ModuleImport[] {
  const found: ModuleImport[] = [];
  const add = (specifier: unknown, typeOnly: boolean, start: number): void => {
    if (typeof specifier !== 'string') return;
    found.push({ specifier, typeOnly, line: lineAt(file.text, start) });
  };
  const visitor = new Visitor({
    ImportDeclaration(node) {
      const stripped =
        node.specifiers.length > 0 &&
        node.specifiers.every((s) => s.type === 'ImportSpecifier' && s.importKind === 'type');
      add(node.source.value, node.importKind === 'type' || stripped, node.start);
    },
    ExportNamedDeclaration(node) {
      const stripped =
        node.specifiers.length > 0 && node.specifiers.every((s) => s.exportKind === 'type');
      add(node.source?.value, node.exportKind === 'type' || stripped, node.start);
    },
    ExportAllDeclaration(node) {
      add(node.source.value, node.exportKind === 'type', node.start);
    },
    ImportExpression(node) {
      if (node.source.type === 'Literal') add(node.source.value, false, node.start);
    },
    TSImportType(node) {
      add(node.source.value, true, node.start);
    },
    NewExpression(node) {
      const [path, base] = node.arguments;
      const isUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL';
      if (isUrl && base !== undefined && path?.type === 'Literal') {
        const { value } = path;
        if (typeof value === 'string' && /^\..*\.[jt]s$/.test(value)) add(value, false, node.start);
      }
    },
  });
  visitor.visit(parseModule(file).program);
  return found;
}
