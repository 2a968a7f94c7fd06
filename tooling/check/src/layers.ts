/**
 * The layer rule, checked from the code's own imports against tooling/layers.json: a package
 * imports from lower layers only and beside it only types; it leaves its folder through the names
 * of other packages, which its manifest declares.
 */
import { posix } from 'node:path';
import { importsOf, type Manifest, type Member, type SourceFile } from './sources.ts';

export interface LayerTable {
  readonly layers: Readonly<Record<string, number>>;
  readonly never: Readonly<Record<string, readonly string[]>>;
  readonly typesOnly: Readonly<Record<string, readonly string[]>>;
}

export interface MemberSources extends Member {
  readonly files: readonly SourceFile[];
}

/** What one member imports of another, as its sources say today. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly typesOnly: boolean;
}

export interface LayerReport {
  readonly violations: readonly string[];
  readonly arrows: readonly Arrow[];
  readonly moduleCount: number;
}

type Area = 'src' | 'test' | 'bench';

function areaOf(path: string): Area {
  const [, , folder] = path.split('/');
  return folder === 'test' || folder === 'bench' ? folder : 'src';
}

/** The member a relative specifier leads to; undefined for a file outside all members. */
function memberOfPath(path: string): string | undefined {
  const match = /^(packages|apps|tooling)\/[^/]+/.exec(path);
  return match?.[0];
}

/** `@scope/name` of `@scope/name/sub`, `name` of `name/sub`. */
export function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function declares(manifest: Manifest, name: string, area: Area): boolean {
  const lists = [manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies];
  if (area !== 'src' || manifest.private === true) lists.push(manifest.devDependencies);
  return lists.some((list) => list !== undefined && Object.hasOwn(list, name));
}

/** Why `from` may not import `to` in this way, or undefined where it may. */
function forbidden(
  table: LayerTable,
  from: string,
  to: string,
  typesOnly: boolean,
  area: Area,
): string | undefined {
  const own = table.layers[from];
  const theirs = table.layers[to];
  if (own === undefined) return `${from} has no layer in tooling/layers.json`;
  if (theirs === undefined) return `${to} has no layer in tooling/layers.json`;
  if (area !== 'src') {
    // Tests and benchmarks may stand on what is beside them and on the tools, never on more.
    if (theirs > own && !to.startsWith('tooling/'))
      return `layer ${own} tests reach up to ${theirs}`;
    return undefined;
  }
  if (table.never[from]?.includes(to) === true) return `${from} must never know ${to}`;
  if (theirs > own) return `layer ${own} reaches up to layer ${theirs}`;
  if (theirs === own && !typesOnly) return `layer ${own} reaches sideways for more than types`;
  if (!typesOnly && table.typesOnly[from]?.includes(to) === true) {
    return `${from} may take only types from ${to}`;
  }
  return undefined;
}

/** Checks every module of every member. The caller fails when no module was seen. */
export function checkLayers(table: LayerTable, workspace: readonly MemberSources[]): LayerReport {
  const violations: string[] = [];
  const arrows = new Map<string, Arrow>();
  const dirs = new Map(workspace.map((member) => [member.manifest.name, member.dir]));
  let moduleCount = 0;

  for (const { dir, manifest, files } of workspace) {
    if (table.layers[dir] === undefined) {
      violations.push(`${dir} has no layer in tooling/layers.json`);
    }
    for (const file of files) {
      moduleCount += 1;
      const area = areaOf(file.path);
      for (const { specifier, typeOnly, line } of importsOf(file)) {
        const at = `${file.path}:${line} imports '${specifier}'`;
        const relative = specifier.startsWith('.');
        const target = relative
          ? memberOfPath(posix.join(posix.dirname(file.path), specifier))
          : dirs.get(packageName(specifier));
        if (target === dir) {
          if (!relative && area === 'src') violations.push(`${at}: itself by its own name`);
          continue;
        }
        if (relative && target !== 'tooling/bench' && !(target === undefined && area !== 'src')) {
          violations.push(`${at}: leaves its member by a path`);
          continue;
        }
        if (target === undefined) {
          if (!relative && specifier.startsWith('@mxd/')) violations.push(`${at}: no such member`);
          continue;
        }
        if (!relative && !declares(manifest, packageName(specifier), area)) {
          violations.push(`${at}: not declared in ${dir}/package.json`);
        }
        const reason = forbidden(table, dir, target, typeOnly, area);
        if (reason !== undefined) violations.push(`${at}: ${reason}`);
        if (area !== 'src') continue;
        const key = `${dir} ${target}`;
        const before = arrows.get(key);
        arrows.set(key, {
          from: dir,
          to: target,
          typesOnly: typeOnly && (before === undefined || before.typesOnly),
        });
      }
    }
  }
  return { violations, arrows: [...arrows.values()], moduleCount };
}
