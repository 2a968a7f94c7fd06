import { run } from './run.ts';

// A reader that goes away (`mxd block list | head -1`) ends the work; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

// Without a top-level await, so that the launcher can load this as a CommonJS module: that starts faster.
void run(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  // Open keep-alive connections would hold the process for seconds: what is printed goes out first.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
});
