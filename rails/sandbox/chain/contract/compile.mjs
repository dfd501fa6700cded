/**
 * Compiles the sandbox's token. `node compile.mjs` writes `usdc.json` anew, `node compile.mjs --print` only shows it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import solc from 'solc';

const HERE = dirname(fileURLToPath(import.meta.url));
const SOURCE = 'SandboxUsdc.sol';

const output = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: 'Solidity',
      sources: { [SOURCE]: { content: readFileSync(join(HERE, SOURCE), 'utf8') } },
      settings: {
        optimizer: { enabled: true, runs: 200 },
        evmVersion: 'cancun',
        // Without the metadata the code depends on the source's meaning alone.
        metadata: { bytecodeHash: 'none', appendCBOR: false },
        outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
      },
    }),
  ),
);
const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));
const { abi, evm } = output.contracts[SOURCE].SandboxUsdc;
const artifact = { compiler: solc.version(), abi, bytecode: `0x${evm.bytecode.object}` };
const text = `${JSON.stringify(artifact)}\n`;
if (process.argv.includes('--print')) process.stdout.write(text);
else writeFileSync(join(HERE, 'usdc.json'), text);
