import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const { exports: entries } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { exports: Record<string, { '@mxd/source': string } | string> };

test('every entry shows these names', async () => {
  const shown: Record<string, readonly string[]> = {};
  for (const [name, target] of Object.entries(entries)) {
    if (typeof target === 'string') continue;
    const url = new URL(`../../${target['@mxd/source']}`, import.meta.url);
    shown[name] = Object.keys((await import(url.href)) as object).toSorted();
  }
  expect(shown).toMatchInlineSnapshot(`
    {
      ".": [
        "MasterKey",
        "WalletError",
        "accountFromSeed",
        "buildPayment",
        "buildTransaction",
        "chainOfGenesis",
        "isSpendable",
        "ownerKey",
        "privacyNotes",
        "sameOwner",
        "selectCoins",
        "signTransaction",
        "signingMessage",
        "spendableCoins",
        "watchOnly",
      ],
      "./discovery": [
        "discoverAccount",
        "discoverWallet",
      ],
      "./errors": [
        "WalletError",
        "walletErrors",
      ],
      "./keystore": [
        "openWallet",
        "readKeyMaterial",
        "saveKeystore",
      ],
      "./labels": [
        "LabelStore",
      ],
      "./limits": [
        "limits",
      ],
      "./mnemonic": [
        "generateMnemonic",
        "masterKeyOfMnemonic",
        "masterKeyOfWords",
      ],
      "./move": [
        "planConsolidation",
        "planHybridMove",
        "planSweep",
        "signPlan",
      ],
      "./payment-request": [
        "checkExpiry",
        "formatPaymentUri",
        "parsePaymentUri",
      ],
      "./policy": [
        "formatKeyFile",
        "formatPolicyFile",
        "makePolicy",
        "parseKeyFile",
        "parsePolicyFile",
      ],
      "./qr": [
        "qrCode",
        "qrSvg",
        "qrText",
      ],
      "./signing-file": [
        "addSignatures",
        "finishSigning",
        "formatSigningFile",
        "isComplete",
        "mergeSignatures",
        "parseSigningFile",
        "policyBook",
        "signInputs",
        "signingStatus",
        "startSigning",
        "summarize",
      ],
      "./stake": [
        "buildBond",
        "buildUnbond",
        "joinRecord",
        "leaveRecord",
        "rotateRecord",
      ],
    }
  `);
});
