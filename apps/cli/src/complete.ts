import { optionsOf } from './arguments.ts';
import { canonical, commandsOf, resolve } from './resolve.ts';
import { commands } from './tree/index.ts';
import { globalOptions } from './spec.ts';

/** What may stand in place of the last word; the shell filters by what is typed already. */
function candidates(words: readonly string[]): readonly string[] {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const plain = before.filter((word) => !word.startsWith('-'));
  if (plain.length === 0) {
    if (current.startsWith('-')) return ['--help', '--version'];
    return [...new Set(commands.map(({ path }) => path[0] ?? ''))];
  }
  const found = resolve(plain);
  const noun = canonical(plain[0] ?? '');
  const verbs = commandsOf(noun).flatMap(({ path }) => path.slice(1));
  if (found.kind === 'none') return [];
  if (found.kind === 'group') return current.startsWith('-') ? ['--help'] : verbs;
  const { command, used } = found;
  const options = { ...optionsOf(command), ...globalOptions };
  const last = before.at(-1) ?? '';
  const entered = Object.entries(options).find(([name, { short }]) => {
    return last === `--${name}` || (short !== undefined && last === `-${short}`);
  });
  if (entered !== undefined && entered[1].value !== undefined) return entered[1].choices ?? [];
  if (current.startsWith('-')) return Object.keys(options).map((name) => `--${name}`);
  const argument = command.arguments?.[plain.length - used];
  const own = argument?.choices ?? [];
  return used === 1 && plain.length === 1 ? [...verbs, ...own] : own;
}

/** Completions of a command line whose last word is being typed (empty for a new one). */
export function complete(words: readonly string[]): readonly string[] {
  const current = words.at(-1) ?? '';
  return candidates(words).filter((word) => word.startsWith(current));
}

/** Shells with completion. */
export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

const scripts: Readonly<Record<Shell, string>> = {
  bash: `# mxd completion for bash: eval "$(mxd completion bash)"
_mxd() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  mapfile -t COMPREPLY < <(mxd __complete -- "\${words[@]}" 2>/dev/null)
}
complete -o default -F _mxd mxd
`,
  zsh: `#compdef mxd
# mxd completion for zsh: eval "$(mxd completion zsh)"
_mxd() {
  local -a found
  found=("\${(@f)$(mxd __complete -- "\${(@)words[2,$CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -a found; else _files; fi
}
compdef _mxd mxd
`,
  fish: `# mxd completion for fish: mxd completion fish | source
function __mxd_complete
  set -l words (commandline -opc) (commandline -ct)
  mxd __complete -- $words[2..-1] 2>/dev/null
end
complete -c mxd -a '(__mxd_complete)'
`,
  powershell: `# mxd completion for PowerShell: mxd completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName mxd -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += '' }
  mxd __complete -- @words 2>$null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`,
};

/** The script that a shell reads. */
export const completionScript = (shell: Shell): string => scripts[shell];
