import * as kit from '@solana/kit';
import { Deployment, failureOf, formatUnits, getHealthReportDecoder, instructions, returnedBytes } from '@ballast/client';

const [rpcUrl, quoteMint, owner] = process.argv.slice(2);
const rpc = kit.createSolanaRpc(rpcUrl!);
const house = await Deployment.of(kit.address(quoteMint!));
const account = await house.marginAccount(kit.address(owner!), 0);

const message = kit.pipe(
  kit.createTransactionMessage({ version: 0 }),
  (m) => kit.setTransactionMessageFeePayer(kit.address(owner!), m),
  (m) => kit.setTransactionMessageLifetimeUsingBlockhash({ blockhash: kit.blockhash(quoteMint!), lastValidBlockHeight: 0n }, m),
  (m) => kit.appendTransactionMessageInstruction(instructions.health(house, account), m),
);
const wire = kit.getBase64EncodedWireTransaction(kit.compileTransaction(message));
const { value } = await rpc
  .simulateTransaction(wire, { encoding: 'base64', sigVerify: false, replaceRecentBlockhash: true })
  .send();

const failure = failureOf(value.err, value.logs);
if (failure) throw new Error(failure.sentence);
const report = getHealthReportDecoder().decode(returnedBytes(value.returnData)!);
console.log(`worth ${formatUnits(report.equity, 6)}, maintenance margin ${formatUnits(report.maintenance, 6)}`);
