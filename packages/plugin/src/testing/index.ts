/** A host for the tests of plugins: no node, no threads, no disk. */
export { sampleBlock, sampleTransaction } from './samples.ts';
export { TestHost, type TestHostOptions, type TestServices } from './test-host.ts';
