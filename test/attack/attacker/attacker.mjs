/** A process that carries out one attack: gets its order from the campaign, answers with what it sent and got. */
import { attackOf } from '../campaign/catalogue.mjs';
import { requireLoopback } from '../wire/loopback.mjs';
import { AttackContext } from './context.mjs';

process.once('message', async ({ attack: name, ...order }) => {
  for (const { host } of [order.target.http, order.target.grpc]) requireLoopback(host);
  const attack = await attackOf(name);
  const context = new AttackContext(order);
  let fault;
  try {
    await attack.run(context);
  } catch (error) {
    fault = error.stack ?? String(error);
  }
  context.closeAll();
  process.send({ sent: context.sent, got: context.got, fault }, () => process.exit(0));
});
// The campaign was ended.
process.once('disconnect', () => process.exit(1));
