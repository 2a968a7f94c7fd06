/** The values of `limits`, apart from their texts, which no bundle shall carry. */
export const policyKeys = 16;
export const publicKeyCache = 512;
export const mnemonicText = 1024;
export const keyPointCache = 64;
export const poolQueue = 65_536;
export const poolWaiting = 1024;
export const poolWorkers = 64;
export const poolBatchBytes = 67_108_864;
export const keystoreFile = 65_536;
export const keystoreMemory = 1_048_576;
export const keystorePasses = 16;
