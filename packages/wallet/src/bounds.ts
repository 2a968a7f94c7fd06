/** The values of `limits`, apart from their texts, which no bundle shall carry. */
export const exactSearchSteps: number = 50_000;
export const signingFileChars: number = 4_194_304;
export const policyFileChars: number = 262_144;
export const uriChars: number = 2_048;
export const labelChars: number = 255;
export const labels: number = 100_000;
export const labelFileChars: number = 67_108_864;
export const discoveryGap: number = 1_000;
export const discoveryAddresses: number = 100_000;
export const moveTransactions: number = 1_000;
