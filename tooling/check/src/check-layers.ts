// Step of `npm test`: the layer rule over the whole workspace.
import { checkLayers, type LayerTable } from './layers.ts';
import { members, readJson, sourcesOf } from './sources.ts';

const workspace = members().map((member) => ({ ...member, files: sourcesOf(member.dir) }));
const report = checkLayers(readJson<LayerTable>('tooling/layers.json'), workspace);
const empty = workspace.filter((member) => member.files.length === 0);
for (const violation of report.violations) console.error(violation);
for (const member of empty) console.error(`${member.dir}: no module was seen`);
if (workspace.length === 0) console.error('no member of the workspace was seen');
console.log(
  `${report.moduleCount} modules of ${workspace.length} members, ${report.arrows.length} arrows, ` +
    `${report.violations.length} violations`,
);
const good = report.moduleCount > 0 && empty.length === 0 && report.violations.length === 0;
process.exitCode = good ? 0 : 1;
