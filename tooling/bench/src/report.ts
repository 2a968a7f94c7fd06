import type { BenchmarkResult } from './measure.ts';

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });

/** A number for people: `1,234,567`, `12.35`, `0.004321`. */
export function readable(value: number): string {
  return (Math.abs(value) >= 1000 ? grouped : precise).format(value);
}

/** The lines that are printed for one benchmark without `--json`. */
export function describe(result: BenchmarkResult): string {
  const percent = `±${(result.spread * 50).toFixed(1)} %`;
  const target = result.target;
  const wanted =
    target === undefined
      ? ''
      : `  [target ${[
          target.atLeast === undefined ? '' : `>= ${readable(target.atLeast)}`,
          target.atMost === undefined ? '' : `<= ${readable(target.atMost)}`,
        ]
          .filter((text) => text !== '')
          .join(' and ')}: ${result.targetMet === true ? 'met' : 'NOT MET'}]`;
  const median = `${readable(result.median)} ${result.unit}`;
  const head = `${result.id.padEnd(48)} ${median.padStart(20)}  p90 ${readable(result.p90)}  ${percent}  n=${result.samples}${wanted}`;
  const figures = result.figures.map(({ name, value, unit }) => {
    const text = typeof value === 'number' ? readable(value) : value;
    return `  ${name.padEnd(46)} ${`${text} ${unit}`.trimEnd().padStart(20)}`;
  });
  return [head, ...figures].join('\n');
}
