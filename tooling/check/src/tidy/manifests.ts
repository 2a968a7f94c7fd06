/** Rules for the manifests of members: one form for all, so that what is published is alike. */
import { basename } from 'node:path/posix';
import type { Member } from '../sources.ts';
import type { Finding } from './finding.ts';

interface MemberState extends Member {
  readonly paths: readonly string[];
  readonly readme: string | undefined;
}

/** Headings or words that each README of a package must have (style: habits). */
const readmeNeeds: readonly (readonly [string, RegExp])[] = [
  ['how to install it', /npm install @mxd\/|npm i @mxd\//],
  ['an example that runs', /```(ts|js|sh|console|bash)/],
  ['guarantees', /guarantee|promise/i],
  ['limits', /limit|bound/i],
  ['its stability level', /stability/i],
  ['its trust tier', /trust/i],
];

function ofPublished(member: MemberState): readonly string[] {
  const { dir, manifest } = member;
  const problems: string[] = [];
  const expect = (good: boolean, text: string): void => {
    if (!good) problems.push(text);
  };
  expect((manifest.description ?? '').length > 10, 'description is missing');
  expect(manifest.license === 'MIT', "license is not 'MIT'");
  expect(manifest.type === 'module', "type is not 'module'");
  expect(manifest.repository?.directory === dir, `repository.directory is not '${dir}'`);
  expect(manifest.engines?.['node'] !== undefined, 'engines.node is missing');
  expect(manifest.files?.includes('dist') === true, "files does not name 'dist'");
  for (const [key, target] of Object.entries(manifest.exports ?? {})) {
    if (key === './package.json') continue;
    if (typeof target === 'string') {
      problems.push(`exports['${key}'] has no conditions`);
      continue;
    }
    expect(
      Object.keys(target).join() === '@mxd/source,types,default',
      `exports['${key}'] is not { @mxd/source, types, default } in this order`,
    );
    const source = target['@mxd/source'] ?? '';
    expect(member.paths.includes(`${dir}${source.slice(1)}`), `exports['${key}']: no ${source}`);
    const built = source.replace('./src/', './dist/').replace(/\.tsx?$/, '.js');
    expect(target['default'] === built, `exports['${key}'].default is not ${built}`);
    const types = built.replace(/\.js$/, '.d.ts');
    expect(target['types'] === types, `exports['${key}'].types is not ${types}`);
  }
  const snapshot = `${dir}/test/unit/exports.test.ts`;
  if (dir.startsWith('packages/')) {
    expect(member.paths.includes(snapshot), `${snapshot} (the names it exports) is missing`);
  }
  if (member.readme === undefined) problems.push('README.md is missing');
  else {
    for (const [what, pattern] of readmeNeeds) {
      expect(pattern.test(member.readme), `README.md does not tell ${what}`);
    }
  }
  return problems;
}

/** Findings in the manifest and README of one member. */
export function checkManifest(member: MemberState): readonly Finding[] {
  const { dir, manifest } = member;
  const problems: string[] = [];
  const scope = /^@mxd\/[a-z-]+$/;
  if (!scope.test(manifest.name)) problems.push(`the name '${manifest.name}' is not @mxd/...`);
  if (dir.startsWith('packages/') && manifest.name !== `@mxd/${basename(dir)}`) {
    problems.push(`the name is not @mxd/${basename(dir)}`);
  }
  const lists = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies];
  for (const [name, version] of lists.flatMap((list) => Object.entries(list ?? {}))) {
    const wanted = name.startsWith('@mxd/') ? 'workspace:^' : 'catalog:';
    if (version !== wanted) problems.push(`${name}: '${version}' instead of '${wanted}'`);
  }
  if (manifest.private !== true) problems.push(...ofPublished(member));
  const path = `${dir}/package.json`;
  return problems.map((text) => ({ path, line: 1, rule: 'manifest', text }));
}
