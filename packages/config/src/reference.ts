import { environmentName, flagName, settings } from './settings.ts';

const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' ? '(empty)' : `\`${text}\``;
};

/** The configuration reference as Markdown, from the table of settings. */
export function configReference(): string {
  const lines = [
    '| key | default | environment | flag | reload | meaning |',
    '|---|---|---|---|---|---|',
    ...settings.map(
      (s) =>
        `| \`${s.path}\` | ${shown(s.fallback)} | \`${environmentName(s.path)}\` | ` +
        `\`${flagName(s.path)}\` | ${s.reloadable ? 'yes' : 'no'} | ${s.help} |`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
