/** The values of `limits`, apart from their texts, which no bundle shall carry. */
export const endpoints: number = 32;
export const attempts: number = 10;
export const timeoutMs: number = 600_000;
export const backoffMs: number = 5_000;
export const responseBytes: number = 33_554_432;
export const streamEventBytes: number = 1_048_576;
export const streamIdleMs: number = 45_000;
export const epochProofs: number = 65_536;
export const validatorSets: number = 16;
export const descendants: number = 4_096;
export const parallelProofs: number = 8;
export const receiptChars: number = 134_217_728;
