import { type RunResult } from './run.ts';
import { type Trace } from './trace.ts';

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const colours: readonly (readonly [pattern: RegExp, colour: string])[] = [
  [/^VIOLATION|^halt/, '#c62828'],
  [/^cert F|^commit/, '#2e7d32'],
  [/^cert N|^NOTARIZE/, '#1565c0'],
  [/^cert Z|^NULLIFY/, '#ef6c00'],
  [/^FINALIZE/, '#00838f'],
  [/^build/, '#6a1b9a'],
  [/^start|^epoch/, '#37474f'],
];

function colourOf(text: string): string {
  return colours.find(([pattern]) => pattern.test(text))?.[1] ?? '#9e9e9e';
}

const rowPx = 26;
const leftPx = 60;

/** A page without anything outside of it: a row per node, a mark per vote, certificate, commit, fault. */
export function renderHtml(trace: Trace, result: RunResult): string {
  const nodes = Math.max(0, ...trace.entries.map(({ node }) => node)) + 1;
  const end = Math.max(1, ...trace.entries.map(({ atMs }) => atMs));
  const width = Math.min(60_000, Math.max(1_200, Math.round(end / 4)));
  const x = (atMs: number): string => (leftPx + (atMs / end) * width).toFixed(1);
  const marks = trace.entries.map(({ atMs, node, epoch, view, text }) => {
    const title = `${atMs.toFixed(3)} ms  ${node < 0 ? 'world' : `n${node}`}  ${epoch}.${view}  ${text}`;
    if (node < 0) {
      return `<line x1="${x(atMs)}" x2="${x(atMs)}" y1="0" y2="${(nodes + 1) * rowPx}" stroke="#e57373" stroke-dasharray="3"><title>${escape(title)}</title></line>`;
    }
    const y = (node + 1) * rowPx;
    const isCertificate = text.startsWith('cert') || text.startsWith('commit');
    const shape = isCertificate
      ? `<rect x="${x(atMs - 0)}" y="${y - 7}" width="5" height="14"`
      : `<circle cx="${x(atMs)}" cy="${y}" r="3"`;
    const close = isCertificate ? 'rect' : 'circle';
    return `${shape} fill="${colourOf(text)}"><title>${escape(title)}</title></${close}>`;
  });
  const rows = Array.from(
    { length: nodes },
    (_, i) =>
      `<text x="4" y="${(i + 1) * rowPx + 4}">n${i}</text><line x1="${leftPx}" x2="${leftPx + width}" y1="${(i + 1) * rowPx}" y2="${(i + 1) * rowPx}" stroke="#eee"/>`,
  );
  const legend = colours
    .map(([pattern, colour]) => `<span style="color:${colour}">${escape(pattern.source)}</span>`)
    .join(' &middot; ');
  const lines = trace.lines().map(escape).join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>simulator seed ${result.seed}</title>
<style>body{font:14px system-ui,sans-serif;margin:16px}svg{font:11px monospace}
.scroll{overflow-x:auto;border:1px solid #ddd}pre{max-height:50vh;overflow:auto;background:#fafafa;padding:8px}
@media(prefers-color-scheme:dark){body{background:#121212;color:#eee}pre{background:#1e1e1e}text{fill:#eee}}</style>
</head><body>
<h1>Seed ${result.seed} (${escape(result.name)})</h1>
<p>n = ${result.n}, final height ${result.finalHeight}, ${result.violations} violations,
${result.stalls} stalls, digest ${result.digest}</p>
<p>${result.problems.map((p) => escape(`${p.invariant} at ${p.atMs} ms, ${p.node}: ${p.detail}`)).join('<br>')}</p>
<p>${legend}; bars are certificates and commits, dots are votes; hover for details.</p>
<div class="scroll"><svg role="img" aria-label="timeline" width="${leftPx + width + 20}" height="${(nodes + 1) * rowPx}">
${rows.join('\n')}
${marks.join('\n')}
</svg></div>
<h2>Timeline</h2><pre>${lines}</pre>
</body></html>
`;
}
